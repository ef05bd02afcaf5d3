"""Segments from a table of users."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from assistant.segments import read_segments
from vectorstore.errors import InputError


def test_every_column_but_the_id_makes_segments(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text("user_id,country,plan\n007,NL,free\n8,DE,\n9,NL,paid\n")
    found = read_segments(path)
    assert [(each.column, each.value, sorted(each.users)) for each in found.all] == [
        ("country", "DE", ["8"]),
        ("country", "NL", ["007", "9"]),
        ("plan", "free", ["007"]),
        ("plan", "paid", ["9"]),
    ]
    assert found.one("country", "NL") is found.all[1]
    assert found.one("country", "FR") is None


def test_parquet_is_read_too_and_columns_that_group_nobody_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "users.parquet"
    users = [str(number) for number in range(50)]
    parquet.write_table(pa.table({"user_id": users, "mail": users, "same": ["x"] * 50, "half": ["a", "b"] * 25}), path)
    assert [(each.column, each.value, len(each.users)) for each in read_segments(path).all] == [
        ("half", "a", 25),
        ("half", "b", 25),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("none.csv", None, "no such file"),
        ("users.csv", "id,country\n1,NL\n", "has no column user_id"),
        ("users.parquet", "no parquet", "cannot be read as a table of users"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, text: str | None, told: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=told):
        read_segments(tmp_path / name)
