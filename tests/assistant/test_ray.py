"""Ray, in a network of its own since it listens on all interfaces: the same journeys, though actor and driver die."""

import importlib.util
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from homes import minilm_home, model_file_fixture, shared_fixture, two_of_each, without_run, write_log

from assistant.assistant import JourneyAssistant
from assistant.engine_choice import EngineChoice, EngineKind
from assistant.errors import EngineError
from assistant.ray_engine import RayEngine
from assistant.settings import Settings
from vectorstore.errors import MissingExtra

__all__ = ["model_file_fixture", "shared_fixture"]

USERS = 900
COMMAND = [sys.executable, "-c", "from assistant.cli import main; main()", "--home"]
ALONE = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def can_be_alone() -> bool:
    asked = [*ALONE, "true"]
    return (
        shutil.which("unshare") is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0
    )


def written(home: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{home / 'library.sqlite'}?mode=ro", uri=True, timeout=5)) as asked:
            return int(asked.execute("SELECT count(*) FROM user_state").fetchone()[0])
    except sqlite3.Error:
        return 0


def below(parent: int) -> dict[int, str]:
    """The processes that descend from one, with how they call themselves."""
    parents, names = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                told = (folder / "stat").read_text().rpartition(")")[2].split()
                names[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            parents[int(folder.name)] = int(told[1])
    found = {parent}
    while more := {process for process, of in parents.items() if of in found} - found:
        found |= more
    return {process: names[process] for process in found if process in names}


def is_running(process: int) -> bool:
    """Whether it is there and more than a zombie that nobody has asked after."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(moment: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 240
    while not moment():
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed: pip install '.[ray]'"
)


@NEEDS_RAY
def test_a_cluster_that_runs_already_gives_the_same_journeys(tmp_path: Path, model_file: Path) -> None:
    if not can_be_alone():
        pytest.skip("no network of one's own to be had here (unshare -rn), and Ray listens on all interfaces")
    home, ray = tmp_path / "home", Path(sys.executable).parent / "ray"
    with JourneyAssistant(Settings(home=minilm_home(home, model_file))) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", two_of_each(60))], index=False)
        shutil.copytree(home, tmp_path / "other")
        assistant.infer(engine=EngineChoice(workers=1))
        wanted = list(assistant.all_journeys())

    infer = f"{' '.join(map(shlex.quote, [*COMMAND, str(tmp_path / 'other')]))} infer --engine ray --ray-address"
    script = f"""
        {ray} get-auth-token --generate >&2
        {ray} start --head --node-ip-address 127.0.0.1 --port 6399 --num-cpus 1 --include-dashboard=false >&2
        {infer} 127.0.0.1:6399; ended=$?
        {ray} stop --force >&2
        exit $ended
    """
    told = {"HOME": str(tmp_path), "RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [*ALONE, "sh", "-c", script], env=os.environ | told, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    with JourneyAssistant(Settings(home=tmp_path / "other")) as assistant:
        assert list(assistant.all_journeys()) == wanted


def test_no_cluster_at_an_address_is_told_in_one_line() -> None:
    class Nowhere:
        def init(self, *_: object, **__: object) -> None:
            raise ConnectionError("Failed to connect")

        def shutdown(self) -> None: ...

    engine = object.__new__(RayEngine)
    engine._ray, engine._address, engine._workers = Nowhere(), "10.0.0.1:6379", []
    with pytest.raises(EngineError, match=r"no Ray cluster at 10.0.0.1:6379: .* RAY_AUTH_MODE=token .* --engine local"):
        list(engine.infer([]))


@NEEDS_RAY
def test_an_actor_and_then_the_driver_are_killed_and_nothing_is_lost(tmp_path: Path, model_file: Path) -> None:
    if not can_be_alone():
        pytest.skip("no network of one's own to be had here (unshare -rn), and Ray listens on all interfaces")
    log = write_log(tmp_path / "log.csv", two_of_each(USERS))
    with JourneyAssistant(Settings(home=minilm_home(tmp_path / "whole", model_file))) as whole:
        whole.ingest([log], index=False)
        shutil.copytree(tmp_path / "whole", tmp_path / "home")
        whole.infer(engine=EngineChoice(workers=1))
        wanted = list(whole.all_journeys())

    home = tmp_path / "home"
    command = [*ALONE, *COMMAND, str(home), "infer", "--engine", "ray", "--workers", "1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        until(lambda: written(home) >= 64, child)
        processes = below(child.pid)
        actor = next(process for process, name in processes.items() if name.startswith("ray::UserWorker"))
        os.kill(actor, signal.SIGKILL)
        at_death = written(home)
        # Some were on their way already; more than those come from another actor.
        until(lambda: any(name.startswith("ray::UserWorker") for name in below(child.pid).values()), child)
        until(lambda: written(home) >= min(at_death + 400, USERS - 60), child)
        processes = below(child.pid)
        assert sum(name.startswith("ray::UserWorker") for name in processes.values()) == 1, "the one that took over"
        child.kill()
    deadline = time.monotonic() + 60
    # What does our work must be gone. Two agents of Ray's own, which do none, end by themselves a minute or two later.
    ours = ("ray::UserWorker", "ray::Vectors")
    while left := [process for process, name in processes.items() if name.startswith(ours) and is_running(process)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)

    assert written(home) < USERS
    with JourneyAssistant(Settings(home=home)) as assistant:
        summary = assistant.infer(engine=EngineChoice(workers=1))
        assert (summary.run.run_id, summary.resumed > 64) == ("run-000001", True)
        assert summary.users + summary.resumed == USERS
        assert list(assistant.all_journeys()) == wanted
        assert summary.failed == {}
        assert [without_run(journey) for journey in wanted]


def test_without_ray_one_line_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with JourneyAssistant(Settings(home=tmp_path)) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", two_of_each(1))], index=False)
        with pytest.raises(MissingExtra, match=r"pip install 'journey-assistant\[ray\]'"):
            assistant.infer(engine=EngineChoice(EngineKind.RAY))
