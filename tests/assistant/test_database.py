"""Opening a library: new, old, newer, broken, out of reach, and by several at once."""

import sqlite3
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection, inspect, text

from assistant.database import Database
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.migrations import STEPS, upgrade
from assistant.tables import METADATA
from vectorstore.errors import MissingExtra


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'library.sqlite'}")
    yield opened
    opened.close()


FIRST = {"runs", "journeys", "user_state", "changes"}


def _add_column(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE runs ADD COLUMN note VARCHAR"))


def _add_table(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE extra (note VARCHAR)"))


def _fail(connection: Connection) -> None:
    connection.execute(text("CREATE TABLE half (note VARCHAR)"))
    raise RuntimeError("step failed")


def _tables(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


def test_an_old_library_goes_through_the_steps_it_lacks_once(database: Database) -> None:
    assert upgrade(database, steps=()) == 1
    assert _tables(database) == set(METADATA.tables) > FIRST
    assert upgrade(database, steps=(_add_column,)) == 2
    assert upgrade(database, steps=(_add_column, _add_table)) == 3
    assert upgrade(database, steps=(_add_column, _add_table)) == 3
    assert "extra" in _tables(database)


def test_a_library_of_the_first_version_gets_the_tables_that_came_since(database: Database) -> None:
    upgrade(database, steps=())
    since = set(METADATA.tables) - {"schema_version", *FIRST}
    with database.writing() as connection:
        for name in sorted(since):
            connection.execute(text(f"DROP TABLE {name}"))
        connection.execute(text("DROP INDEX user_state_by_next_change"))
        connection.execute(text("ALTER TABLE user_state DROP COLUMN next_change"))
        connection.execute(text("ALTER TABLE runs DROP COLUMN whole"))
    assert upgrade(database) == len(STEPS) + 1
    assert _tables(database) == set(METADATA.tables)


def test_a_step_that_fails_changes_nothing(database: Database) -> None:
    upgrade(database, steps=())
    with pytest.raises(RuntimeError, match="step failed"):
        upgrade(database, steps=(_add_table, _fail))
    assert not {"extra", "half"} & _tables(database)
    assert upgrade(database, steps=(_add_table,)) == 2


def test_a_newer_library_is_refused(database: Database) -> None:
    upgrade(database, steps=())
    upgrade(database, steps=(_add_table,))
    with pytest.raises(LibraryError, match=r"newer version \(schema 2, this one knows 1\): pip install --upgrade"):
        upgrade(database, steps=())


def test_tables_of_another_program_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.sqlite"
    with closing(sqlite3.connect(path)) as theirs:
        theirs.execute("CREATE TABLE runs (distance INTEGER)")
    with pytest.raises(LibraryError, match="has a table 'runs' of another program: give the library a database"):
        Library(f"sqlite:///{path}")


def test_several_may_make_one_library_at_once(tmp_path: Path) -> None:
    for attempt in range(5):
        together = Barrier(4)

        def open_it(url: str, together: Barrier = together) -> int:
            together.wait()
            with Library(url) as library:
                return library.count().runs

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(open_it, [f"sqlite:///{tmp_path / f'{attempt}.sqlite'}"] * 4)) == [0] * 4


def test_the_folder_is_made(tmp_path: Path) -> None:
    with Library(f"sqlite:///{tmp_path / 'new' / 'home' / 'library.sqlite'}") as library:
        assert library.location == str(tmp_path / "new" / "home" / "library.sqlite")
    assert (tmp_path / "new" / "home" / "library.sqlite").exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("library.sqlite", "library_url is no database URL: give it as sqlite:///FILE or postgresql://HOST/NAME"),
        ("mysql://root:hush@host/db", "the library lies in .*, not in mysql://root:.*@host/db"),
        ("sqlite://", "the library lies in sqlite:///FILE or postgresql://HOST/NAME, not in sqlite://"),
        ("sqlite:///:memory:", "not in sqlite:///%3Amemory%3A"),
    ],
)
def test_other_urls_are_refused(url: str, message: str) -> None:
    with pytest.raises(LibraryError, match=message) as caught:
        Library(url)
    assert "hush" not in str(caught.value)


def test_a_file_that_is_no_library_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    path.write_bytes(b"user_id,timestamp\n" * 100)
    with pytest.raises(
        LibraryError, match="is no library or is damaged: move it away, then run: journeys infer --full"
    ):
        Library(f"sqlite:///{path}")


def test_a_path_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "library.sqlite").mkdir()
    with pytest.raises(LibraryError, match=r"cannot open .*library.sqlite: check that the folder is there"):
        Library(f"sqlite:///{tmp_path / 'library.sqlite'}")
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match=r"cannot make the folder .*file/home: Not a directory"):
        Library(f"sqlite:///{tmp_path / 'file' / 'home' / 'library.sqlite'}")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_an_unreachable_server_is_named_without_its_password(scheme: str, tmp_path: Path) -> None:
    with pytest.raises(
        LibraryError, match=r"^the library at postgresql://anna:\*\*\*@/db\?.* does not answer"
    ) as caught:
        Library(f"{scheme}://anna:hush@/db?host={tmp_path}")
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"PostgreSQL needs an optional library: pip install .*\[postgres\]"):
        Library("postgresql://localhost/db")
