"""The notebooks: clean as they are kept, and run from top to bottom on the sample users, without the network."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from homes import model_file_fixture, sample_home_fixture, shared_fixture
from model_server import ModelServer, serving
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from oracle_models import by_label, commonest, merged_by
from scripted_model import DATA

from assistant.demo import labelled_sample
from assistant.evaluation.labelled import LabelledUser
from chains.keywords import extract_keywords
from chains.wording import shortened
from vectorstore.activity import normalize

__all__ = ["model_file_fixture", "sample_home_fixture", "shared_fixture"]

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_MACHINE = re.compile(r"/(?:home|work|tmp|Users|root)/|[A-Z]:\\\\")

#: Python runs this before anything else in a kernel: nothing but this machine can be reached.
SITE = """
import socket

_connect, _ask = socket.socket.connect, socket.getaddrinfo


def _is_here(host):
    return host in ("127.0.0.1", "::1", "localhost", None)


def connect(self, address):
    if self.family != socket.AF_UNIX and not _is_here(address[0]):
        raise OSError("blocked: " + str(address[0]))
    return _connect(self, address)


def getaddrinfo(host, *others, **named):
    if not _is_here(host):
        raise OSError("blocked: " + str(host))
    return _ask(host, *others, **named)


socket.socket.connect, socket.getaddrinfo = connect, getaddrinfo
"""


@pytest.fixture(name="folder")
def folder_fixture(tmp_path: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a notebook runs: with the vectors of the sample users, without settings of this machine."""
    shutil.copytree(sample_home / "embeddings", tmp_path / ".journeys" / "notebooks" / "embeddings")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    for name in [name for name in os.environ if name.startswith(("JOURNEYS_", "LANGSMITH_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}:{ROOT}")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    return tmp_path


def executed(path: Path, folder: Path) -> str:
    """What the notebook shows, as text. Fails with the first cell that does."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return _run(notebook, folder)


def _run(notebook: Any, folder: Path) -> str:
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    told = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(told))


def named(name: str) -> Path:
    return next(path for path in NOTEBOOKS if path.stem == name)


def test_there_are_three() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "compare_names_modes_granularity",
        "explore_one_user",
        "labels_to_ranker",
    ]
    page = (ROOT / "docs" / "runnables.md").read_text(encoding="utf-8")
    assert all(f"(../notebooks/{path.name})" in page for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_kept_without_outputs_and_without_places_of_one_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    kept = json.loads(text)
    nbformat.validate(kept)
    assert kept["nbformat"] == 4
    assert set(kept["metadata"]) == {"kernelspec", "language_info"}
    assert not _MACHINE.search(text)
    assert kept["cells"][0]["cell_type"] == "markdown"
    assert "".join(kept["cells"][0]["source"]).startswith("# ")
    assert len({cell["id"] for cell in kept["cells"]}) == len(kept["cells"])
    for cell in kept["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)


def test_a_kernel_reaches_nothing_but_this_machine(folder: Path) -> None:
    asks = "import urllib.request; urllib.request.urlopen('http://192.0.2.1/')"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(asks)])  # type: ignore[no-untyped-call]
    with pytest.raises(CellExecutionError, match=r"blocked: 192\.0\.2\.1"):
        _run(notebook, folder)


def test_exploring_one_user(folder: Path) -> None:
    told = executed(named("explore_one_user"), folder)
    assert "10,136 new, 0 known, 6 rejected:\n  1 empty text\n" in told
    assert "Because of:" in told
    assert "explained by: template" in told
    assert re.search(r"coarse: \d+ journeys · normal: \d+ journeys · fine: \d+ journeys", told)
    rows = (folder / ".journeys" / "notebooks" / "journeys.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(row)["user_id"] for row in rows} == {"s01", "s02", "s03", "s06"}


def test_comparing_without_a_model(folder: Path) -> None:
    told = executed(named("compare_names_modes_granularity"), folder)
    assert "No model is set, so this is the clustered mode alone." in told
    assert not re.search("^ ?(?:merge|llm) ", told, re.M)
    figures = {row[0]: float(row[1]) for row in re.findall(r"^ ?(coarse|normal|fine) +(0\.\d+)", told, re.M)}
    assert set(figures) == {"coarse", "normal", "fine"}
    best = max(figures, key=lambda granularity: figures[granularity])
    assert f'granularity = "{best}"' in told
    assert "by a model" not in told


def test_comparing_with_a_model_that_knows(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(ModelServer(_knowing())) as server:
        monkeypatch.setenv("JOURNEYS_MODELS__DEFAULT__MODEL", "openai:local")
        monkeypatch.setenv("JOURNEYS_MODELS__DEFAULT__BASE_URL", server.url)
        told = executed(named("compare_names_modes_granularity"), folder)
    assert "No model is set" not in told
    figures = {row[0]: float(row[1]) for row in re.findall(r"^ ?(cluster|merge|llm) +([01]\.\d+)", told, re.M)}
    assert figures["cluster"] < figures["merge"] < figures["llm"] == 1.0
    assert len(re.findall("0 of 8", told)) == 3, "nobody fell back"
    assert "by a model, else by keyword" in told
    assert "Planning" in told
    assert 8 * 3 <= len(server.requests) <= 8 * 4, "one call a user and step; some names are asked for again"


def test_from_labels_to_a_ranker_that_is_better(folder: Path) -> None:
    told = executed(named("labels_to_ranker"), folder)
    counts = re.search(r"(\d+) verdicts: \{1: (\d+), 2: (\d+), 5: (\d+)\}", told)
    assert counts
    assert int(counts[1]) == sum(int(each) for each in counts.groups()[1:]) > 400
    assert "The new ranker is better than the one in use" in told
    assert re.search(r"another journey stands first for [1-9]\d* of 45 users", told)
    ranker = json.loads((folder / ".journeys" / "notebooks" / "ranker.json").read_text(encoding="utf-8"))
    assert ranker["trained_on"] == f"{counts[1]} verdicts"


def _knowing() -> Any:
    """Answers all three steps of the notebook: knows whose texts are which, and names by the keyword name."""
    known = {user.user_id: _labels(user) for user in labelled_sample()}

    def whose(texts: Sequence[str]) -> dict[str, str]:
        """The labels of the user who has most of the texts."""
        return max(known.values(), key=lambda own: sum(normalize(text) in own for text in texts))

    def answer(request: dict[str, Any]) -> str:
        found = next(match for each in request["messages"] if (match := DATA.search(str(each["content"]))))
        data = json.loads(found[1])
        if "texts" in data:
            return json.dumps(by_label(whose([line["text"] for line in data["texts"]]))(data))
        if "clusters" in data:
            shown = [line[2].split("; ") for line in data["clusters"]]
            own = whose([text for line in shown for text in line])
            label_of = {str(line[0]): _mostly(own, texts) for line, texts in zip(data["clusters"], shown, strict=True)}
            return json.dumps(merged_by(lambda line: label_of[str(line[0])])(data))
        return json.dumps(
            {"names": [_named(each["journey"], each["keyword_name"].lower()) for each in data["journeys"]]}
        )

    return answer


def _labels(user: LabelledUser) -> dict[str, str]:
    """By normalized keyword the label that most of its events bear, and of the user's texts their own."""
    labels = {}
    for keyword in extract_keywords(user.activities):
        votes = [label for event in keyword.events if (label := user.labels.get(normalize(event.text)))]
        if votes:
            labels[normalize(shortened(keyword.text, 120))] = str(commonest(votes))
    return labels | {normalize(shortened(text, 120)): label for text, label in user.labels.items()}


def _mostly(labels: Mapping[str, str], texts: Sequence[str]) -> str | None:
    votes = [label for text in texts if (label := labels.get(normalize(text)))]
    return commonest(votes) if votes else None


def _named(number: int, name: str) -> dict[str, object]:
    written = {"name": f"Planning {name}", "description": f"Planning {name}."}
    return {"journey": number, **written, "intent": "plan", "context": ""}
