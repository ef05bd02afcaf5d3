"""Arrows run one way, and reading journeys loads no library that only computing them needs."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from homes import made, made_rows, write_log

ROOT = Path(__file__).parents[2]
LAYERS = ("ui", "assistant", "chains", "vectorstore")

#: What takes long to import, or asks for more than a reader has.
HEAVY = {
    "chromadb",
    "gradio",
    "hypothesis",
    "langchain",
    "langchain_openai",
    "langsmith",
    "onnx",
    "onnxruntime",
    "openai",
    "plotly",
    "qdrant_client",
    "qdrant_edge",
    "ray",
    "scipy",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
}


def test_arrows_run_one_way() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = options["contracts"]
    assert (contract["type"], tuple(contract["layers"])) == ("layers", LAYERS)
    assert set(options["root_packages"]) == set(LAYERS)
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", code, "--no-cache", "--config", "pyproject.toml"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "Contracts: 1 kept, 0 broken." in told.stdout


def test_no_module_reaches_upwards_by_text_either() -> None:
    """The same without import-linter: what each file imports, functions included."""
    for number, layer in enumerate(LAYERS):
        above = set(LAYERS[:number])
        for path in sorted((ROOT / layer).rglob("*.py")):
            assert not above & imported(path), path


def imported(path: Path) -> set[str]:
    """The top packages that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_only_settings_read_the_environment() -> None:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            reads = "os.environ[" in text or "os.environ.get" in text or "getenv" in text
            assert not reads, path
            assert "load_dotenv" not in text, path


def test_nothing_is_pickled() -> None:
    for layer in LAYERS:
        for path in sorted((ROOT / layer).rglob("*.py")):
            assert not {"pickle", "joblib", "dill", "shelve"} & imported(path), path


def loaded_by(*arguments: str) -> set[str]:
    """The top packages that a fresh interpreter has loaded in the end."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [line for line in told.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "module", ["assistant.cli", "assistant.assistant", "assistant.settings", "vectorstore.open_store"]
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    loaded = loaded_by("-c", f"import {module}")
    assert "vectorstore" in loaded
    assert loaded & HEAVY == set()


@pytest.fixture(scope="module", name="home")
def home_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a user has journeys."""
    folder = tmp_path_factory.mktemp("read")
    with made(folder / "home") as assistant:
        assistant.ingest([write_log(folder / "log.csv", made_rows("ann", "wedding", "garden"))])
        assistant.infer()
        assert assistant.journeys("ann")
    return folder / "home"


@pytest.mark.parametrize(
    "command",
    [("show", "ann"), ("explain", "ann", "1"), ("users",), ("changes", "ann"), ("show", "ann", "--json")],
    ids=" ".join,
)
def test_reading_loads_nothing_heavy(home: Path, command: tuple[str, ...]) -> None:
    start = "from assistant.cli import main; main()"
    loaded = loaded_by("-c", start, "--home", str(home), *command)
    assert {"sqlalchemy", "typer", "rich"} <= loaded, "it did its work"
    assert loaded & HEAVY == set()


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by("-c", "from assistant.cli import main; main()", "--help") & HEAVY == set()
