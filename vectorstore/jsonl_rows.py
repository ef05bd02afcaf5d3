"""Rows of a file with one JSON object a line."""

import json
from collections.abc import Iterator
from itertools import chain, islice

from vectorstore.columns import Columns
from vectorstore.lines import TOO_LONG
from vectorstore.rows import Reason, Row

_LOOK_AHEAD = 100


def read_jsonl(lines: Iterator[bytes], columns: Columns, source: str) -> Iterator[tuple[int, Row | str]]:
    """Each row with its line, or the reason why it is none; blank lines are no rows.

    Objects may leave out what they have nothing for, so a column counts as missing only when none of the first 100
    rows has it: then InputError is raised.
    """
    parsed = ((number, _parsed(line)) for number, line in enumerate(lines, start=1) if not line or not line.isspace())
    first = list(islice(parsed, _LOOK_AHEAD))
    objects = [row for _, row in first if isinstance(row, dict)]
    if objects:
        names = columns.locate(list(dict.fromkeys(chain.from_iterable(objects))), source, sparse=True)
    else:
        # Nothing to take the names from: every row so far is broken, and is told so.
        names = list(columns.wanted)
    for number, row in chain(first, parsed):
        yield number, row if isinstance(row, str) else tuple([row.get(name or "") for name in names])


def _parsed(line: bytes) -> dict[str, object] | str:
    if line == TOO_LONG:
        return Reason.LONG_LINE
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return Reason.BROKEN_UTF8
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Reason.BROKEN_JSON
    return value if isinstance(value, dict) else Reason.NOT_AN_OBJECT
