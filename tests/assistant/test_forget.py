"""Forgetting a user: nothing of him is left on disk, nobody else loses anything, and old logs don't bring him back."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from homes import START, MadeAssistant, Row, made, made_rows, run, words_fixture, write_log

from assistant.batch import run_inference
from assistant.forgotten import ForgottenUsers
from assistant.runs import RunMode, RunParameters
from assistant.settings import Settings
from chains.clustering import Granularity
from chains.inference import infer_journeys
from chains.journeys import ALGORITHM
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.errors import StoreError

__all__ = ["words_fixture"]

WHO = "quux-4711"
SECRETS = ("xyzzy", "plugh", "frobozz")
OTHERS = [*made_rows("ann", "wedding", "kitchen"), *made_rows("bob", "garden")]
HIS = [
    *(Row(WHO, f"xyzzy {text}", day) for day, text in enumerate(("lantern", "lamp", "brass lantern", "lamp oil"))),
    Row(WHO, "plugh hall rug", 2, "save", board="frobozz rooms", annotations="xyzzy rug|hall"),
    Row(WHO, "frobozz rooms", 3, "board", board="frobozz rooms"),
    Row(WHO, "wedding cake", 4),
]
MORE = [Row(WHO, "xyzzy lantern glass", 6), Row(WHO, "plugh stairs", 6.2), Row("ann", "wedding shoes", 6)]


@pytest.fixture(name="logs")
def logs_fixture(tmp_path: Path) -> list[Path]:
    first = [*OTHERS, *HIS, Row(WHO, "xyzzy at an unknown time", kind="stare")]
    return [write_log(tmp_path / "first.csv", first), write_log(tmp_path / "more.csv", MORE)]


def lived(assistant: MadeAssistant, logs: list[Path]) -> None:
    """Two runs, so that everything there is was written and written over."""
    for log in logs:
        assistant.ingest([log])
        assistant.infer()


def traces(home: Path) -> list[str]:
    """Where any of his words, or his id, stands: in the bytes of any file, or in what Parquet has compressed."""
    found = []
    for path in sorted(path for path in home.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += b"".join(_uncompressed(path))
        found += [f"{path.relative_to(home)}: {word}" for word in (*SECRETS, WHO) if word.encode() in content]
    return found


def _uncompressed(path: Path) -> Iterator[bytes]:
    """All that a Parquet file tells: rows, dictionaries with values that no row has any more, statistics."""
    texts = ["user_id", "text", "board", "annotations.list.element"]
    table = pq.read_table(path, read_dictionary=texts, use_threads=False)
    yield str(table.to_pydict()).encode()
    for column in table.columns:
        for chunk in column.chunks:
            yield str(getattr(chunk, "dictionary", chunk)).encode()
    yield str(pq.read_metadata(path).to_dict()).encode()


@pytest.mark.parametrize("store", ["qdrant", "memory"])
def test_no_byte_of_a_forgotten_user_is_left_in_the_home(tmp_path: Path, logs: list[Path], store: str) -> None:
    home = tmp_path / "home"
    with MadeAssistant(Settings(home=home, store=store, max_rejected=0.5)) as assistant:
        lived(assistant, logs)
        others = {user_id: assistant.journeys(user_id) for user_id in ("ann", "bob")}
        stored = {user_id: assistant.store.keywords(user_id)[0] for user_id in ("ann", "bob")}
        where = {trace.partition(":")[0].partition("/")[0] for trace in traces(home)}
        assert where >= {"activity", *(["store"] if store == "qdrant" else [])}
        assert any(name.startswith("library.sqlite") for name in where)
        cached = len(EmbeddingCache(home / "embeddings" / "words.sqlite", "words"))

        erased = assistant.forget(WHO)
        assert (erased.activities, erased.remaining, erased.unreached) == (9, 0, ())
        # Nine texts and two annotations; "frobozz rooms" is a board twice and counts once, "wedding cake" is ann's too.
        assert (erased.keywords, erased.vectors) == (11, 11)
        assert erased.library.states == 1
        assert len(EmbeddingCache(home / "embeddings" / "words.sqlite", "words")) == cached - 11

        assert {user_id: assistant.journeys(user_id) for user_id in others} == others
        assert {user_id: assistant.store.keywords(user_id)[0] for user_id in others} == stored
        assert traces(home) == []
    assert traces(home) == [], "closing writes nothing back"
    with MadeAssistant(Settings(home=home, store=store)) as assistant:
        assert assistant.infer().users == 2
        assert list(assistant.library.users()) == ["ann", "bob"]
    assert traces(home) == []


def test_chroma_on_disk_keeps_nothing_but_in_its_index_files(tmp_path: Path, logs: list[Path]) -> None:
    home = tmp_path / "home"
    with MadeAssistant(Settings(home=home, store="chroma", max_rejected=0.5)) as assistant:
        lived(assistant, logs)
        assert any("chroma.sqlite3" in trace for trace in traces(home))
        assert assistant.forget(WHO).remaining == 0
        assert assistant.store.count() == len(assistant.store.keywords("ann")[0]) + 6
    # What may stand in the index files, vectorstore/chroma_scrub.py tells.
    assert [trace for trace in traces(home) if ".bin: " not in trace] == []


def test_every_store_on_disk_that_was_ever_filled_is_cleaned(tmp_path: Path, logs: list[Path]) -> None:
    home = tmp_path / "home"
    for store in ("chroma", "qdrant"):
        with MadeAssistant(Settings(home=home, store=store, max_rejected=0.5)) as assistant:
            lived(assistant, logs)
    with made(home) as assistant:
        assistant._index._write("qdrant:http://192.0.2.1:6333", 3)
        erased = assistant.forget(WHO)
        assert erased.keywords == 22
        assert erased.unreached == ("qdrant:http://192.0.2.1:6333",)
    with made(home, "chroma") as assistant:
        assert list(assistant.store.users()) == ["ann", "bob"]
    assert [trace for trace in traces(home) if ".bin: " not in trace] == []


def test_vectors_of_other_models_go_too(tmp_path: Path, logs: list[Path]) -> None:
    with made(tmp_path / "home") as assistant:
        lived(assistant, logs[1:])
        other = EmbeddingCache(tmp_path / "home" / "embeddings" / "other.sqlite", "other:model")
        other.add(["plugh stairs", "wedding shoes"], assistant.embeddings.embed(["a", "b"]))
        assert assistant.forget(WHO).vectors == 3
        assert len(other) == 1


def test_old_logs_do_not_bring_him_back_and_a_word_does(tmp_path: Path, logs: list[Path]) -> None:
    with MadeAssistant(Settings(home=tmp_path / "home", max_rejected=0.5)) as assistant:
        lived(assistant, logs)
        assistant.forget(WHO)
        read = assistant.ingest(logs)
        assert (read.read, read.new, read.known, read.rejected, read.skipped) == (29, 0, 19, 1, 9)
        assert WHO not in read.users
        assert assistant.log.of(WHO) == []
        assert traces(tmp_path / "home") == []

        assistant.ingest(logs, allow_forgotten=["somebody else"])
        assert assistant.log.of(WHO) == []
        read = assistant.ingest(logs, allow_forgotten=[WHO])
        assert (read.new, read.skipped) == (9, 0)
        assert len(assistant.log.of(WHO)) == 9
        assert len(assistant.store.keywords(WHO)[0]) == 11
        # From then on he is a user like any other.
        assert assistant.ingest(logs).skipped == 0
        assert assistant.infer().users == 3


def test_a_user_may_be_forgotten_before_he_is_ever_read(tmp_path: Path, logs: list[Path]) -> None:
    with MadeAssistant(Settings(home=tmp_path / "home", max_rejected=0.5)) as assistant:
        erased = assistant.forget(WHO)
        assert (erased.activities, erased.keywords, erased.remaining) == (0, 0, 0)
        assert assistant.ingest(logs).skipped == 9


def test_killed_anywhere_forgetting_again_does_the_rest(
    tmp_path: Path, logs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with MadeAssistant(Settings(home=home, max_rejected=0.5)) as assistant:
        lived(assistant, logs)
    steps = [
        "vectorstore.qdrant.QdrantStore.forget",
        "vectorstore.qdrant.QdrantStore.scrub",
        "vectorstore.embeddings.CachedEmbeddings.forget",
        "assistant.library.Library.forget",
        "vectorstore.activity_log.ActivityLog.forget",
    ]
    for step in steps:
        with monkeypatch.context() as patch, made(home) as assistant:
            patch.setattr(step, _killed)
            with pytest.raises(_Killed):
                assistant.forget(WHO)
            # From the first moment on no log brings him back, and no run writes journeys of his.
            assert assistant.ingest(logs[1:]).skipped == 2
    with made(home) as assistant:
        assert assistant.infer().users == 3
        assert list(assistant.library.users()) == ["ann", "bob"]
        assert assistant.forget(WHO).remaining == 0
    assert traces(home) == []


class _Killed(BaseException):
    pass


def _killed(*_: object) -> None:
    raise _Killed


def test_a_run_that_has_the_user_in_hand_does_not_write_him(tmp_path: Path, logs: list[Path]) -> None:
    with MadeAssistant(Settings(home=tmp_path / "home", max_rejected=0.5)) as assistant:
        assistant.ingest(logs)
        parameters = RunParameters(
            as_of=START,
            mode=RunMode.FULL,
            algorithm=ALGORITHM,
            embedding="words",
            granularity=Granularity.NORMAL,
            log_position=assistant.log.position,
        )

        def forget_meanwhile(done: int, total: int) -> None:
            if done == 0:
                assistant.forgotten.add(WHO)

        summary = run_inference(
            assistant.log,
            assistant.library,
            assistant.embeddings,
            parameters,
            partial(infer_journeys, as_of=START, options=assistant.options(), models=assistant.models),
            on_progress=forget_meanwhile,
            forgotten=assistant.forgotten,
        )
        assert summary.users == 3
        assert list(assistant.library.users()) == ["ann", "bob"]


def test_the_list_names_nobody(tmp_path: Path) -> None:
    lists = [ForgottenUsers(tmp_path / name / "forgotten.json") for name in ("a", "b")]
    for each in lists:
        assert len(each) == 0
        assert not each.matcher()("anna")
        for user_id in ("anna", "anna", "josé", "bad \udcff id"):
            each.add(user_id)
        assert len(each) == 3
        assert [each.matcher()(user_id) for user_id in ("anna", "josé", "bad \udcff id", "Anna", "")] == [
            True,
            True,
            True,
            False,
            False,
        ]
    contents = [(tmp_path / name / "forgotten.json").read_text() for name in ("a", "b")]
    assert "anna" not in contents[0]
    hashes = [set(json.loads(content)["users"]) for content in contents]
    assert hashes[0].isdisjoint(hashes[1]), "each home has a salt of its own"

    assert lists[0].remove(["anna", "nobody"]) == 1
    assert lists[0].remove(["anna"]) == 0
    assert not lists[0].matcher()("anna")
    assert lists[0].matcher()("josé")
    assert lists[1].matcher()("anna")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2, "salt": "00", "users": []}', '{"format": 1}'])
def test_a_damaged_list_stops_everything_that_would_bring_users_back(tmp_path: Path, content: str) -> None:
    log = write_log(tmp_path / "log.csv", OTHERS)
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        (tmp_path / "home" / "forgotten.json").write_text(content)
        for use in (lambda: assistant.ingest([log]), lambda: assistant.infer(), lambda: assistant.forget("ann")):
            with pytest.raises(StoreError, match=r"forgotten\.json is damaged: bring it back from a backup"):
                use()
        assert len(assistant.log.of("ann")) == 12


def test_on_the_command_line(words: None, tmp_path: Path, logs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert run(capsys, "--home", home, "infer", *logs, "--max-rejected", "0.5").code == 0
    ran = run(capsys, "--home", home, "forget", WHO)
    assert ran.code == 0
    assert ran.out.startswith("removed: 9 activities, 11 keywords, 11 vectors, ")
    assert "; found again: 0\n" in ran.out
    again = run(capsys, "--home", home, "forget", WHO, "--json")
    assert json.loads(again.out) == {
        "activities": 0,
        "keywords": 0,
        "vectors": 0,
        "journeys": 0,
        "changes": 0,
        "calls": 0,
        "judgements": 0,
        "labels": 0,
        "feedback": 0,
        "replies": 0,
        "expansions": 0,
        "conversations": 0,
        "crowd": 0,
        "remaining": 0,
        "unreached": [],
    }
    shown = run(capsys, "--home", home, "show", WHO)
    assert shown.code == 1
    assert (
        shown.err == f"journeys: no inference of a user '{WHO}': journeys infer, or see the ids with journeys users\n"
    )

    skipped = run(capsys, "--home", home, "infer", *logs, "--max-rejected", "0.5")
    assert (
        "skipped: 9 rows of users who were forgotten; journeys ingest LOG --allow-forgotten ID reads them"
        in skipped.out
    )
    counts = json.loads(run(capsys, "--home", home, "ingest", logs[1], "--json").out)
    assert counts == {"read": 3, "new": 0, "known": 1, "rejected": 0, "skipped": 2, "users": 1}
    (tmp_path / "ids.txt").write_text(f"{WHO}\n\n")
    back = run(capsys, "--home", home, "ingest", logs[1], "--allow-forgotten", "@ids.txt", "--json")
    assert json.loads(back.out)["new"] == 2
