"""A PostgreSQL server of one's own, on a socket in a folder of its own, gone when the tests are over."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

WHY_NOT = "no PostgreSQL server here to test with: apt-get install postgresql"


def _programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return folders[-1] if folders and (folders[-1] / "initdb").exists() else None


@contextmanager
def postgres_server() -> Iterator[str | None]:
    """Yields the folder of the server's socket, or None where there is no server to start."""
    programs = _programs()
    if programs is None:
        yield None
        return
    # Not pytest's temporary folder: the path of a socket may have 107 characters at most, and the server, which
    # never runs as root, would not be let in there.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_server = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_server = ["runuser", "-u", "postgres", "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_server, str(programs / program), "-D", str(folder / "data"), *arguments]
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    try:
        # English order, as most servers have it, so that order by code point must be the library's own doing.
        language = ("-E", "UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
        run("initdb", "-U", "journeys", "-A", "trust", "-N", *language)
        options = f"-c listen_addresses='' -k {folder} -F"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run("pg_ctl", "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
