"""Users files: who is taken to have agreed to what."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assistant.notify_settings import UserColumns
from assistant.users_file import UsersFile
from chains.notification import Channel, Recipient
from vectorstore.errors import InputError

COLUMNS = UserColumns()


def recipients(path: Path, columns: UserColumns = COLUMNS, **others: object) -> dict[str, Recipient]:
    with UsersFile(path, columns, **others) as users:  # type: ignore[arg-type]
        return users.recipients(sorted(users.not_met()))


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_with_everything(tmp_path: Path) -> None:
    path = write(
        tmp_path / "users.csv",
        "user_id,email_consent,push_consent,timezone,language,channel,minor,age,plan\n"
        "ann,yes,0,Europe/Berlin,de,email,,34,gold\n"
        "bob,TRUE,true,,,any,no,17,\n"
        "cat,maybe,,Asia/Tokyo,,SMS,yes,,silver\n",
    )
    found = recipients(path, segments=["plan"])
    assert found["ann"] == Recipient(
        "ann",
        {Channel.EMAIL: True, Channel.PUSH: False},
        "Europe/Berlin",
        "de",
        channel="email",
        segments={"plan": "gold"},
    )
    assert found["bob"] == Recipient("bob", {Channel.EMAIL: True, Channel.PUSH: True}, minor=True)
    assert found["cat"] == Recipient(
        "cat",
        {Channel.EMAIL: False, Channel.PUSH: False},
        "Asia/Tokyo",
        minor=True,
        channel="sms",
        segments={"plan": "silver"},
    )


@pytest.mark.parametrize(
    ("age", "minor"), [("18", False), ("17.9", True), ("", False), ("unknown", True), ("nan", True), ("-1", True)]
)
def test_an_age_that_cannot_be_read_is_a_minors(tmp_path: Path, age: str, minor: bool) -> None:
    path = write(tmp_path / "users.csv", f"user_id,email_consent,age\nann,1,{age}\n")
    assert recipients(path)["ann"].minor is minor


def test_without_a_column_of_consent_nobody_agreed(tmp_path: Path) -> None:
    path = write(tmp_path / "users.csv", "user_id\nann\n")
    assert recipients(path)["ann"].consent == {Channel.EMAIL: False, Channel.PUSH: False}


def test_columns_may_be_called_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path / "users.jsonl", json.dumps({"id": "ann", "mail ok": True, "tz": "UTC"}) + "\n")
    columns = UserColumns(user_id="id", email_consent="mail ok", timezone="tz")
    found = recipients(path, columns)["ann"]
    assert (found.consent[Channel.EMAIL], found.zone) == (True, "UTC")


def test_parquet_with_booleans(tmp_path: Path) -> None:
    table = pa.table({"user_id": ["ann", "bob"], "push_consent": [True, None], "age": [40, 12]})
    pq.write_table(table, tmp_path / "users.parquet")
    found = recipients(tmp_path / "users.parquet")
    assert found["ann"].consent[Channel.PUSH]
    assert not found["ann"].minor
    assert not found["bob"].consent[Channel.PUSH]
    assert found["bob"].minor


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_rows_the_lesser_consent_counts(tmp_path: Path, turned: bool) -> None:
    rows = ["ann,yes,yes,Asia/Tokyo,40", "ann,no,yes,UTC,12"]
    lines = ["user_id,email_consent,push_consent,timezone,age", *(rows[::-1] if turned else rows)]
    found = recipients(write(tmp_path / "users.csv", "\n".join(lines) + "\n"))["ann"]
    assert found.consent == {Channel.EMAIL: False, Channel.PUSH: True}
    assert found.minor
    assert found.zone == "UTC"


def test_rows_without_a_user_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "users.csv", "user_id,email_consent\n,yes\nann,yes\n")
    with UsersFile(path, COLUMNS) as users:
        assert users.rejected == {"missing user": 1}
        assert list(users.not_met()) == ["ann"]
        users.meet(["ann"])
        users.meet(["ann", "bob"])
        assert list(users.not_met()) == []
        assert users.recipients(["ann", "bob"]).keys() == {"ann"}


def test_a_file_without_users_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column for user_id"):
        UsersFile(write(tmp_path / "users.csv", "name\nann\n"), COLUMNS)
    with pytest.raises(InputError, match="no such file"):
        UsersFile(tmp_path / "gone.csv", COLUMNS)
