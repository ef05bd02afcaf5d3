"""The documents: what they run can be run, what they link is there, and they name no place of one machine."""

import importlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer

from assistant.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```.*?^```$", re.S | re.M)


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("refresh_docs")


def parsed(words: Sequence[str]) -> str:
    """The command that the words call, parsed but not run. Fails where there is none, or an option is unknown."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest[0] in {"--home", "--config"}:
        rest = rest[2:]
    called: list[str] = []
    while hasattr(command, "commands"):
        called.append(rest.pop(0))
        command = command.commands[called[-1]]
    command.make_context(called[-1], rest)
    return " ".join(called)


def test_commands_of_all_blocks_exist(tool: Any) -> None:
    called = set()
    for path in tool.documents():
        for block in tool.blocks(path.read_text(encoding="utf-8")):
            if block.what == "table":
                assert block.text in tool.TABLES
            elif block.text == "python":
                compile(block.code, str(path), "exec")
            else:
                called.add(parsed(block.words[1:]))
    assert {"demo", "show", "explain", "infer", "forget"} <= called


def test_a_wrong_option_is_found() -> None:
    with pytest.raises(Exception, match="--nope"):
        parsed(["--home", "x", "show", "--nope", "s01"])


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf x",
        "journeys ingest /etc/passwd",
        "journeys ingest ../outside.csv",
        "journeys show s01; ls",
        "journeys show $(ls)",
        "journeys show s01 | sort",
        "python program.py",
    ],
)
def test_a_block_runs_nothing_but_journeys_with_plain_arguments(tool: Any, command: str) -> None:
    (block,) = tool.blocks(f"<!-- run: {command} -->\n<!-- end -->\n")
    with pytest.raises(tool.BlockError):
        _ = block.words


def test_a_body_is_written_between_its_marks(tool: Any) -> None:
    text = "a\n<!-- run 2: journeys show s01 -->\nold\n<!-- end -->\nb\n<!-- table: cuts -->\n<!-- end -->\n"
    fresh = tool.refreshed(text, lambda block: "| t |" if block.what == "table" else "\none  \n\n\ntwo\nthree\n  \n")
    assert fresh == (
        "a\n<!-- run 2: journeys show s01 -->\n```text\n$ journeys show s01\none\n\n…\n```\n<!-- end -->\nb\n"
        "<!-- table: cuts -->\n| t |\n<!-- end -->\n"
    )


def test_the_code_of_a_python_block_stays(tool: Any) -> None:
    text = "<!-- run: python -->\n```python\nprint(1)\n```\nold\n<!-- end -->\n"
    fresh = tool.refreshed(text, lambda block: "1\n")
    assert fresh == "<!-- run: python -->\n```python\nprint(1)\n```\n```text\n1\n```\n<!-- end -->\n"


@pytest.mark.parametrize("text", ["<!-- run: journeys users -->\n", "<!-- end -->\n", "<!-- table: a -->\n<!-- end\n"])
def test_marks_come_in_pairs(tool: Any, text: str) -> None:
    with pytest.raises(tool.BlockError):
        list(tool.blocks(text))


def test_refreshing_again_changes_nothing(tool: Any) -> None:
    for path in tool.documents():
        once = tool.refreshed(path.read_text(encoding="utf-8"), lambda block: f"of {block.text}\n")
        assert tool.refreshed(once, lambda block: f"of {block.text}\n") == once


def test_tables_are_made_of_the_program(tool: Any) -> None:
    # That no setting, category or feature is left unexplained is a KeyError there.
    tables = {name: make().splitlines() for name, make in tool.TABLES.items()}
    assert any("`JOURNEYS_EMBEDDING__MODEL`" in row for row in tables["settings"])
    assert any(row.startswith("| health | in_app |") for row in tables["policies"])
    assert any("`journeys evaluate clustering`" in row for row in tables["commands"])
    assert [row.split("`")[1] for row in tables["cuts"][2:]] == ["coarse", "normal", "fine"]
    for rows in tables.values():
        assert len(rows) > 3
        assert len({row.replace(r"\|", "").count("|") for row in rows}) == 1


def test_the_page_of_runnables_says_what_the_code_says(tool: Any) -> None:
    page = ROOT / "docs" / "runnables.md"
    text = page.read_text(encoding="utf-8")
    assert [block.text for block in tool.blocks(text)] == ["runnables", "runnable types"]
    assert tool.refreshed(text, lambda block: tool.run_block(block, ROOT)) == text
    assert "| `inference_chain` |" in text
    assert "| `UserEvents` | `list[Journey]` |" in text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _FENCE.sub("", path.read_text(encoding="utf-8"))):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        page = (path.parent / name).resolve() if name else path
        assert page.exists(), target
        if anchor:
            assert anchor in {_anchor(title) for title in _titles(page)}, target


def _titles(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.M)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", [*PAGES, ROOT / "Makefile", ROOT / "constraints.txt"], ids=lambda path: path.name)
def test_nothing_names_a_place_of_one_machine(path: Path) -> None:
    assert not re.search(r"(?<![\w.~])/(?:home|root|tmp|work|Users|mnt|var)/", path.read_text(encoding="utf-8"))


def test_constraints_are_versions_without_addresses() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line


def test_the_readme_shows_the_example_settings_as_they_are() -> None:
    example = (ROOT / "docs" / "examples" / "shop.toml").read_text(encoding="utf-8")
    assert f"```toml\n{example}```\n" in (ROOT / "README.md").read_text(encoding="utf-8")
