"""Files of each format, whole and broken, as activities and rejected rows."""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vectorstore.activity import Activity, ActivityKind
from vectorstore.columns import ColumnMap
from vectorstore.errors import InputError
from vectorstore.lines import MAX_LINE_BYTES, Consumed, read_lines
from vectorstore.readers import log_files, read_activities
from vectorstore.rows import Rejected

MOMENT = datetime(2026, 1, 4, 3, 46, tzinfo=UTC)
TIME = "2026-01-04T03:46:00Z"
HEADER = "user_id,timestamp,kind,text\n"


def read(path: Path, content: str | bytes, **options: Any) -> list[Activity | Rejected]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_activities(path, **options))


def read_csv(folder: Path, content: str | bytes, **options: Any) -> list[Activity | Rejected]:
    return read(folder / "log.csv", content, **options)


def read_json(folder: Path, rows: Iterable[object], **options: Any) -> list[Activity | Rejected]:
    lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
    return read(folder / "log.jsonl", "\n".join(lines), **options)


def short(rows: Iterable[Activity | Rejected]) -> list[str | tuple[int, str]]:
    """The text of an activity; line and reason of a rejected row."""
    return [(row.line, str(row.reason)) if isinstance(row, Rejected) else row.text for row in rows]


def row(**changes: object) -> dict[str, object]:
    return {"user_id": "u1", "timestamp": TIME, "kind": "search", "text": "oak table"} | changes


# --- CSV


def test_csv_with_every_column(tmp_path: Path) -> None:
    content = (
        "text,label,annotations,board,item_id,kind,timestamp,user_id\n"
        f'"a ""small"" table, oak",x,wood| oak ||wood,My kitchen,https://x.example/a@b,CloseUp,{TIME}, u1 \n'
    )
    assert read_csv(tmp_path, content) == [
        Activity(
            "u1",
            MOMENT,
            ActivityKind.CLOSEUP,
            'a "small" table, oak',
            "https://x.example/a@b",
            "My kitchen",
            ("wood", "oak"),
        )
    ]


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}u1,{TIME},search,oak table\n",
        f"{HEADER}u1,{TIME},search,oak table",
        f"\ufeff{HEADER}u1,{TIME},search,oak table\n",
        f"{HEADER}u1,{TIME},search,oak table\n".replace("\n", "\r\n"),
        f"{HEADER}u1,{TIME},search,oak table\n".replace("\n", "\r"),
        f"{HEADER}u1,{TIME},search,oak table\n".replace(",", ";"),
        f"{HEADER}u1,{TIME},search,oak table\n".replace(",", "\t"),
        f"{HEADER}u1,{TIME},search,oak table\n\n,,,\n",
        f"{HEADER}u1,{TIME},search,oak table,,\n",
        f"User_ID, Timestamp ,KIND,Text\nu1,{TIME},search,oak table\n",
        f"{HEADER}u1,{TIME},search,oak\x00 table\x07\n",
    ],
)
def test_csv_dialects(tmp_path: Path, content: str) -> None:
    assert read_csv(tmp_path, content) == [Activity("u1", MOMENT, ActivityKind.SEARCH, "oak table")]


def test_lines_are_those_on_which_a_row_begins(tmp_path: Path) -> None:
    content = f'{HEADER}u1,{TIME},search,"oak\ntable"\n\nu1,{TIME},fly,x\nu1,{TIME},search,lamp\n'
    assert short(read_csv(tmp_path, content)) == ["oak table", (5, "unknown kind"), "lamp"]


def test_a_broken_row_costs_itself_only(tmp_path: Path) -> None:
    content = (
        HEADER.encode()
        + f"u1,{TIME},search,first\n".encode()
        + f'u1,{TIME},search,"never closed\n'.encode()
        + f'u1,{TIME},search,"second, quoted"\n'.encode()
        + f"u1,{TIME},search,".encode() + b"caf\xe9\n"
        + f"u1,{TIME},search,one,too many\n".encode()
        + f"u1,{TIME},search,third\n".encode()
        + f'u1,{TIME},search,"open to the end\n'.encode()
        + f"u1,{TIME},search,last\n".encode()
    )  # fmt: skip
    assert short(read_csv(tmp_path, content)) == [
        "first",
        (3, "broken quotes"),
        "second, quoted",
        (5, "broken UTF-8"),
        (6, "more fields than the header"),
        "third",
        (8, "broken quotes"),
        "last",
    ]


def test_a_line_without_end_is_dropped_whole(tmp_path: Path) -> None:
    content = f"{HEADER}u1,{TIME},search,{'x' * (3 * MAX_LINE_BYTES)}\nu1,{TIME},search,lamp\n"
    assert short(read_csv(tmp_path, content)) == [(2, "line too long"), "lamp"]
    content = f'{HEADER}u1,{TIME},search,"{"x" * (MAX_LINE_BYTES + 1)}"\r\nu1,{TIME},search,lamp\r\n'
    assert short(read_csv(tmp_path, content)) == [(2, "line too long"), "lamp"]
    content = f"{HEADER}u1,{TIME},search,{'x' * 200_000}\nu1,{TIME},search,lamp\n"
    assert short(read_csv(tmp_path, content)) == [(2, "line too long"), "lamp"]


def test_an_open_quote_does_not_swallow_a_thousand_lines(tmp_path: Path) -> None:
    content = f'{HEADER}u1,{TIME},search,"open\n' + f"u1,{TIME},search,lamp\n" * 3_000
    assert short(read_csv(tmp_path, content)) == [(2, "broken quotes"), *["lamp"] * 3_000]


@pytest.mark.parametrize("size", [1, 2, 7, 262_141, 262_143, 262_144, 262_145])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_that_meet_the_edge_of_a_chunk(tmp_path: Path, size: int, end: str) -> None:
    path = tmp_path / "x"
    content = ("a" * size + end + "b" + end + "c").encode()
    path.write_bytes(content)
    consumed = Consumed()
    assert list(read_lines(path, consumed)) == [("a" * size + end).encode(), ("b" + end).encode(), b"c"]
    assert consumed.size == len(content)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", HEADER, HEADER.rstrip()])
def test_nothing_in_nothing_out(tmp_path: Path, content: str) -> None:
    assert read_csv(tmp_path, content) == []


def test_a_missing_column_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_csv(tmp_path, "user,when,kind,q\x1b[31muery\n1,2,3,4\n")
    assert str(raised.value) == (
        f"{tmp_path / 'log.csv'}: no column for user_id, timestamp, text; found: user, when, kind, q?[31muery. "
        'Map it in journeys.toml: [columns] user_id = "name in the file"'
    )


def test_a_column_map_renames(tmp_path: Path) -> None:
    columns = ColumnMap(user_id="customer", timestamp="when", text="query", item_id="sku")
    content = f"customer,when,kind,query,sku\nu1,{TIME},repin,oak table,77.0\n"
    assert read_csv(tmp_path, content, columns=columns) == [
        Activity("u1", MOMENT, ActivityKind.SAVE, "oak table", "77")
    ]
    with pytest.raises(InputError, match="no column for item_id"):
        read_csv(tmp_path, "customer,when,kind,query\n", columns=columns)


def test_a_column_that_stands_there_twice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the column text stands there twice"):
        read_csv(tmp_path, "user_id,timestamp,kind,text,text\n")


def test_utf16_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="UTF-16; save it as UTF-8"):
        read_csv(tmp_path, HEADER.encode("utf-16"))


# --- gzip


def test_gzip_is_read_whatever_the_name(tmp_path: Path) -> None:
    packed = gzip.compress(f"{HEADER}u1,{TIME},search,lamp\n".encode())
    assert short(read(tmp_path / "log.csv.gz", packed)) == ["lamp"]
    assert short(read(tmp_path / "log.csv", packed)) == ["lamp"]
    assert short(read(tmp_path / "log.jsonl.gz", gzip.compress(json.dumps(row()).encode()))) == ["oak table"]


def test_a_gzip_stream_that_breaks_off_gives_what_it_can(tmp_path: Path) -> None:
    lines = "".join(f"u{number},{TIME},search,lamp {number * 7919 % 1000}\n" for number in range(50_000))
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress((HEADER + lines).encode())[:-2_000])
    rows = read_activities(path)
    assert short([next(rows)]) == ["lamp 0"]
    with pytest.raises(InputError, match="the gzip stream breaks off"):
        list(rows)


# --- JSON lines


def test_json_rows_and_what_is_none(tmp_path: Path) -> None:
    rows: list[object] = [
        row(annotations=["a", " b ", "", None, "a", 7], board=" My  kitchen ", item_id=12, label="x"),
        "",
        '{"user_id": "u1", ',
        [1, 2],
        row(text="caf\ud800"),
        "[" * 100_000,
        '{"user_id": 1' + "0" * 5_000 + "}",
        row(user_id=17850.0, timestamp=1767498360, kind=" SEARCH ", text=2401),
        row(annotations="a|b", item_id="null", board=None),
    ]
    read_rows = read_json(tmp_path, rows)
    assert short(read_rows) == [
        "oak table",
        (3, "broken JSON"),
        (4, "not a JSON object"),
        (5, "broken UTF-8"),
        (6, "broken JSON"),
        (7, "broken JSON"),
        "2401",
        "oak table",
    ]
    assert read_rows[0] == Activity(
        "u1", MOMENT, ActivityKind.SEARCH, "oak table", "12", "My  kitchen", ("a", "b", "7")
    )
    assert read_rows[6] == Activity("17850", MOMENT, ActivityKind.SEARCH, "2401")
    assert read_rows[7] == Activity("u1", MOMENT, ActivityKind.SEARCH, "oak table", None, None, ("a", "b"))


def test_json_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    content = json.dumps(row()).encode().replace(b"oak", b"o\xffk") + b"\n" + json.dumps(row()).encode()
    assert short(read(tmp_path / "log.ndjson", content)) == [(1, "broken UTF-8"), "oak table"]


def test_json_rows_may_leave_columns_out_but_not_all_of_them(tmp_path: Path) -> None:
    late = [*[row()] * 150, row(board="Kitchen")]
    last = read_json(tmp_path, late)[-1]
    assert isinstance(last, Activity)
    assert last.board == "Kitchen"
    without = row()
    del without["text"]
    assert short(read_json(tmp_path, [row(), without])) == ["oak table", (2, "empty text")]
    with pytest.raises(InputError, match="no column for text; found: user_id, timestamp, kind"):
        read_json(tmp_path, [without] * 3)
    assert short(read_json(tmp_path, ["no json"])) == [(1, "broken JSON")]


# --- values, told on JSON rows


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user_id": None}, "missing user"),
        ({"user_id": " "}, "missing user"),
        ({"user_id": "NaN"}, "missing user"),
        ({"user_id": "\u200b\x00"}, "missing user"),
        ({"user_id": True}, "user_id: not a text"),
        ({"user_id": [1]}, "user_id: not a text"),
        ({"user_id": "x" * 10_001}, "user_id over 10,000 characters"),
        ({"timestamp": None}, "missing time"),
        ({"timestamp": " "}, "missing time"),
        ({"timestamp": "soon"}, "unreadable time"),
        ({"timestamp": 0}, "time before 1990"),
        ({"timestamp": "1989-12-31T23:59:59Z"}, "time before 1990"),
        ({"timestamp": "2026-06-30T12:00:01Z"}, "time in the far future"),
        ({"kind": None}, "unknown kind"),
        ({"kind": "like"}, "unknown kind"),
        ({"kind": 1}, "unknown kind"),
        ({"text": None}, "empty text"),
        ({"text": " \n\t\u2028"}, "empty text"),
        ({"text": "\x00\ufeff"}, "empty text"),
        ({"text": {"a": 1}}, "text: not a text"),
        ({"text": "x" * 10_001}, "text over 10,000 characters"),
        # Three characters in NFC for one, as each is excluded from composition.
        ({"text": "\ufb2c" * 4_000}, "text over 10,000 characters"),
        ({"text": "a@b.co " * 1_428}, "text over 10,000 characters"),
        ({"board": {"a": 1}}, "board: not a text"),
        ({"board": "x" * 10_001}, "board over 10,000 characters"),
        ({"item_id": ["x"]}, "item_id: not a text"),
        ({"annotations": {"a": "b"}}, "annotations: not a list"),
        ({"annotations": [["a"]]}, "annotations: not a text"),
        ({"annotations": [str(each) for each in range(3_000)]}, "annotations over 10,000 characters"),
    ],
)
def test_why_a_row_is_set_aside(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    now = datetime(2026, 6, 29, 12, tzinfo=UTC)
    rows = read_json(tmp_path, [row(), row(**changes)], now=now)
    assert rows[1:] == [Rejected(str(tmp_path / "log.jsonl"), 2, reason)]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  oak   table ", "oak   table"),
        ("oak\r\ntable\tlamp", "oak table lamp"),
        ("cafe\u0301", "café"),
        ("ok\u202etxet\u2066", "oktxet"),
        ("👩\u200d🍳 क्\u200dष", "👩\u200d🍳 क्\u200dष"),
        ("x" * 10_000, "x" * 10_000),
        ("write to ada@example.org", "write to [email]"),
        ("null", "null"),
    ],
)
def test_texts_are_cleaned_and_masked(tmp_path: Path, written: str, kept: str) -> None:
    rows = read_json(tmp_path, [row(text=written, board=written, annotations=[written])])
    assert rows == [Activity("u1", MOMENT, ActivityKind.SEARCH, kept, None, kept, (kept,))]


def test_identifiers_stay_as_they_are(tmp_path: Path) -> None:
    rows = read_json(tmp_path, [row(user_id="ada@example.org", item_id="https://x.example/+1 212 555 0134")])
    assert rows == [
        Activity("ada@example.org", MOMENT, ActivityKind.SEARCH, "oak table", "https://x.example/+1 212 555 0134")
    ]


def test_without_now_any_later_date_is_taken(tmp_path: Path) -> None:
    assert short(read_json(tmp_path, [row(timestamp="2926-01-01")])) == ["oak table"]


# --- which files


def test_files_of_a_folder_come_in_order_of_name(tmp_path: Path) -> None:
    for name in (
        "b/2.csv",
        "a.JSONL.gz",
        "c.parquet",
        "b/1.tsv",
        "notes.txt",
        ".hidden.csv",
        "_tmp/x.csv",
        "d.csv.zip",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in log_files([tmp_path, tmp_path / "c.parquet"])]
    assert found == ["a.JSONL.gz", "b/1.tsv", "b/2.csv", "c.parquet"]


def test_paths_that_are_no_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        log_files([tmp_path / "gone.csv"])
    with pytest.raises(InputError, match=r"no \.csv, \.jsonl or \.parquet file in this folder"):
        log_files([tmp_path])
    (tmp_path / "log.xlsx").touch()
    with pytest.raises(InputError, match=r"a log ends in \.csv, \.tsv"):
        log_files([tmp_path / "log.xlsx"])
