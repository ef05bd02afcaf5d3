"""Log files as a stream of activities and rejected rows, in constant memory."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from vectorstore.activity import Activity
from vectorstore.columns import ColumnMap, Columns
from vectorstore.csv_rows import read_csv
from vectorstore.errors import InputError
from vectorstore.jsonl_rows import read_jsonl
from vectorstore.lines import Consumed, read_lines
from vectorstore.parquet_rows import read_parquet
from vectorstore.rows import Rejected, Row, RowReader

NumberedRow = tuple[int, Row | str]


def _csv(path: Path, columns: Columns, consumed: Consumed) -> Iterator[NumberedRow]:
    return read_csv(read_lines(path, consumed), columns, str(path))


def _jsonl(path: Path, columns: Columns, consumed: Consumed) -> Iterator[NumberedRow]:
    return read_jsonl(read_lines(path, consumed), columns, str(path))


_FORMATS: dict[str, Callable[[Path, Columns, Consumed], Iterator[NumberedRow]]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": read_parquet,
}


def log_files(paths: Iterable[Path]) -> list[Path]:
    """The files to read: files as given, and those of a log format in a folder, at any depth, in order of name.

    Names that begin with a dot or an underscore are passed over in folders. Raises InputError where there is nothing
    to read, or the name tells no format.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = sorted(each for each in path.rglob("*") if each.is_file() and _format(each) and _shown(each, path))
            if not below:
                raise InputError(f"{path}: no .csv, .jsonl or .parquet file in this folder")
            files += below
        elif not path.exists():
            raise InputError(f"{path}: no such file or folder")
        elif not _format(path):
            raise InputError(f"{path}: a log ends in .csv, .tsv, .jsonl, .ndjson (each also .gz) or .parquet")
        else:
            files.append(path)
    return list(dict.fromkeys(files))


def read_activities(
    path: Path,
    columns: ColumnMap | None = None,
    *,
    zone: tzinfo = UTC,
    now: datetime | None = None,
    consumed: Consumed | None = None,
) -> Iterator[Activity | Rejected]:
    """Each row of one file in order, as an activity or as rejected with its line.

    zone, now: see RowReader. consumed: is kept up to date with how much of the file was read. Raises InputError, on
    the way, where the file as a whole can't be read.
    """
    source = str(path)
    read = RowReader(zone=zone, now=now).read
    for line, row in read_rows(path, columns or ColumnMap(), consumed):
        activity = row if isinstance(row, str) else read(row)
        yield Rejected(source, line, activity) if isinstance(activity, str) else activity


def read_rows(path: Path, columns: Columns, consumed: Consumed | None = None) -> Iterator[NumberedRow]:
    """Each row of one file with its line: the values of the columns in their order, or the reason why it is none.

    path: one of `log_files`. Raises InputError, on the way, where the file as a whole can't be read.
    """
    return _FORMATS[_format(path)](path, columns, consumed or Consumed())


def _format(path: Path) -> str:
    """The ending that names the format, in lower case and without ".gz"; empty if it is none of ours."""
    suffix = Path(path.stem).suffix if path.suffix.lower() == ".gz" else path.suffix
    return suffix.lower() if suffix.lower() in _FORMATS else ""


def _shown(file: Path, folder: Path) -> bool:
    return not any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
