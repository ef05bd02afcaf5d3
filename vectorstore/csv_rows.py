"""Rows of a CSV file. A broken row costs itself only: the reader goes on with the very next line."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from operator import itemgetter

from vectorstore.columns import Columns
from vectorstore.errors import InputError
from vectorstore.lines import TOO_LONG
from vectorstore.rows import Reason, Row

_DELIMITERS = (",", ";", "\t", "|")
_MAX_RECORD_LINES = 1_000
_UNDECODED = re.compile(r"[\udc80-\udcff]")


class _Feed:
    """Hands lines to csv.reader, remembers those of the row at hand, and takes them back when the row was broken.

    An open quote would otherwise swallow every line up to the next quote, however far down.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.line = 0
        self.taken: list[str] = []
        self.undecoded = False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            raw = next(self._lines)
            try:
                line = raw.decode()
            except UnicodeDecodeError:
                line = raw.decode(errors="surrogateescape")
                self.undecoded = True
        self.line += 1
        self.taken.append(line)
        if not line or len(self.taken) > _MAX_RECORD_LINES:
            raise csv.Error
        return line

    def give_back(self, keep: int) -> None:
        """Takes back all lines of the row at hand but the first `keep`."""
        back = self.taken[keep:]
        self._again.extendleft(reversed(back))
        self.line -= len(back)
        self.taken.clear()


def read_csv(lines: Iterator[bytes], columns: Columns, source: str) -> Iterator[tuple[int, Row | str]]:
    """Each row with the line on which it begins, or the reason why it is none; blank lines are no rows.

    The delimiter is the one of comma, semicolon, tab and bar with which the header holds most of our columns. Raises
    InputError where the header lacks a column.
    """
    feed = _Feed(lines)
    delimiter = _delimiter(feed, columns)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    try:
        header = next((record for record in reader if record), None)
    except csv.Error:
        raise InputError(f"{source}: the first line is no CSV header; name the columns there") from None
    if header is None:
        return
    located = columns.locate(header, source)
    width = len(header)
    # An optional column that isn't there is read from one empty field beyond the last.
    pick = itemgetter(*(width if name is None else header.index(name) for name in located))
    while True:
        feed.taken.clear()
        line = feed.line + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            unquoted = feed.taken[0] == TOO_LONG.decode() or (len(feed.taken) == 1 and '"' not in feed.taken[0])
            yield line, Reason.LONG_LINE if unquoted else Reason.BROKEN_QUOTES
            feed.give_back(keep=1)
            continue
        if not any(record):
            continue
        if feed.undecoded and _UNDECODED.search("".join(record)):
            yield line, Reason.BROKEN_UTF8
            continue
        if len(record) > width and any(record[width:]):
            yield line, Reason.EXTRA_FIELDS
            continue
        record[width:] = [""]
        if len(record) <= width:
            record += [""] * (width + 1 - len(record))
        yield line, pick(record)


def _delimiter(feed: _Feed, columns: Columns) -> str:
    """Looks at the first line that is not blank, and gives it back."""
    try:
        first = next((line for line in feed if line.strip()), "")
    except csv.Error:
        first = ""
    feed.give_back(keep=0)
    wanted = {name.strip().casefold() for name in columns.wanted}

    def found(delimiter: str) -> int:
        return len(wanted & {cell.strip(' "\r\n').casefold() for cell in first.split(delimiter)})

    return max(_DELIMITERS, key=found)
