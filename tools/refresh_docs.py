"""Puts real output into README.md and docs/*.md: `python tools/refresh_docs.py`.

A block says what stands in it, and everything between its two marks is written anew:

    <!-- run: journeys show s01 -->             the command and what it prints
    <!-- run 12: journeys explain s01 1 -->     the same, of the output only the first 12 lines
    <!-- run: python -->                        a Python fence, which stays, and below it what it prints
    <!-- table: settings -->                    a table made from the program: see TABLES
    <!-- end -->

All commands run in one new folder, in the order of the files and of the blocks in them, without a shell, without the
settings of this machine, and with the files of docs/examples beside them. So running it twice changes nothing.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from doc_tables import TABLES

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "examples"
COLUMNS = 96
PYTHON = "python"

_BLOCK = re.compile(
    r"^<!-- (?P<what>run|table)(?: (?P<lines>\d+))?: (?P<text>[^\n]+?) -->\n(?P<body>.*?)^<!-- end -->$", re.S | re.M
)
_CODE = re.compile(r"^```python\n(.*?)^```\n", re.S | re.M)
#: Words that a command may hold: no path out of the folder, nothing that means something to a shell.
_WORD = re.compile(r"(?!/)(?!.*\.\./)[\w./@:=,-]+")


class BlockError(Exception):
    """A block that is not of the form above, or whose command failed."""


@dataclass(frozen=True, slots=True)
class Block:
    """what: run or table. text: the command, `python`, or the name of a table. lines: of output at most."""

    what: str
    text: str
    lines: int | None
    body: str

    @property
    def words(self) -> list[str]:
        """The command's words. Raises BlockError where it is none that may run."""
        words = shlex.split(self.text)
        if self.what != "run" or words[0] not in {"journeys", PYTHON} or not all(map(_WORD.fullmatch, words)):
            raise BlockError(f"{self.text}: a block runs `journeys` with plain arguments, or python")
        if words[0] == PYTHON and len(words) > 1:
            raise BlockError(f"{self.text}: the code of a python block stands in its fence")
        return words

    @property
    def code(self) -> str:
        """What a python block runs. Raises BlockError where there is no fence."""
        found = _CODE.search(self.body)
        if found is None:
            raise BlockError("a python block has no ```python fence")
        return found[1]


def documents() -> list[Path]:
    """README.md, then docs/*.md by name."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """The blocks of a document in order. Raises BlockError where marks don't pair."""
    found = list(_BLOCK.finditer(text))
    marks = re.findall(r"^<!-- (?:run|table)\b", text, re.M), re.findall(r"^<!-- end -->$", text, re.M)
    if {len(found)} != {len(marks[0]), len(marks[1])}:
        raise BlockError("a block has no end, or an end no block")
    yield from map(_block, found)


def _block(match: re.Match[str]) -> Block:
    return Block(match["what"], match["text"], int(match["lines"]) if match["lines"] else None, match["body"])


def refreshed(text: str, output_of: Callable[[Block], str]) -> str:
    """The document with every block's body made anew. output_of: what a command or table gives."""
    list(blocks(text))

    def replaced(match: re.Match[str]) -> str:
        block = _block(match)
        head = match[0].partition("\n")[0]
        return f"{head}\n{_body(block, output_of(block))}<!-- end -->"

    return _BLOCK.sub(replaced, text)


def _body(block: Block, output: str) -> str:
    if block.what == "table":
        return f"{output.strip()}\n"
    lines = _tidy(output)
    if block.lines is not None and len(lines) > block.lines:
        lines = [*lines[: block.lines], "…"]
    printed = "\n".join(lines)
    if block.text == PYTHON:
        return f"```python\n{block.code}```\n```text\n{printed}\n```\n"
    return f"```text\n$ {block.text}\n{printed}\n```\n"


def _tidy(output: str) -> list[str]:
    """Without white space at the ends of lines, never two empty lines in a row, and none at the end."""
    lines: list[str] = []
    for line in map(str.rstrip, output.strip("\n").splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return lines[:-1] if lines and not lines[-1] else lines


def run_block(block: Block, folder: Path) -> str:
    """What a block prints, run in `folder`. Raises BlockError where it fails."""
    if block.what == "table":
        if block.text not in TABLES:
            raise BlockError(f"no table is called {block.text}: there are {', '.join(TABLES)}")
        return TABLES[block.text]()
    words = block.words
    is_code = words[0] == PYTHON
    command = [sys.executable, "-"] if is_code else [str(Path(sys.executable).parent / "journeys"), *words[1:]]
    done = subprocess.run(
        command,
        cwd=folder,
        env=_environment(folder),
        input=block.code if is_code else "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise BlockError(f"{block.text}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    fixed = {"COLUMNS": str(COLUMNS), "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
    return {**kept, **fixed, "HOME": str(folder)}


def main() -> int:
    """Refreshes all documents; a failing block leaves every document as it was."""
    fresh: dict[Path, str] = {}
    with tempfile.TemporaryDirectory(prefix="journeys-docs-") as name:
        folder = Path(name)
        shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)

        def output_of(block: Block) -> str:
            sys.stdout.write(f"  {block.text}\n")
            sys.stdout.flush()
            return run_block(block, folder)

        for path in documents():
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
            try:
                fresh[path] = refreshed(path.read_text(encoding="utf-8"), output_of)
            except BlockError as error:
                sys.stderr.write(f"{path.relative_to(ROOT)}: {error}\n")
                return 1
    for path, text in fresh.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
