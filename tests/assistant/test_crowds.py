"""The crowd of a home: drawn from the log, kept from one full run to the next, and forgetful."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import START, Row, made, made_rows, two_of_each, word_embeddings, write_log

from assistant.crowds import KeptCrowd, MadeOf, gather_crowd
from assistant.errors import LibraryError
from assistant.runs import RunMode
from chains import crowd as module
from chains.clustering import Granularity
from chains.crowd import Crowd
from chains.keywords import extract_keywords
from chains.texts import texts_of
from vectorstore.activity import Activity, ActivityKind
from vectorstore.errors import StoreError

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def events(user_id: str, *texts: str, labels: tuple[str, ...] = ()) -> tuple[str, list[Activity]]:
    return user_id, [
        Activity(user_id, START + timedelta(hours=hour), ActivityKind.SAVE, text, annotations=labels)
        for hour, text in enumerate(texts)
    ]


USERS = [
    events("ann", "oak desk", "pine desk", "oak shelf", labels=("wood", "home")),
    events("bob", "red vase", "oak desk"),
    events("cat", "linen dress"),
]


def test_it_holds_the_context_of_every_text_while_there_is_room(tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    crowd = gather_crowd(USERS, embeddings)
    assert [crowd.count(name) for name in ("ann", "bob", "cat", "dan")] == [3, 2, 1, 0]
    rows = []
    for _, activities in USERS:
        keywords = extract_keywords(activities)
        rows.append(texts_of(keywords, embeddings.embed([keyword.key for keyword in keywords])).context)
    expected = np.concatenate(rows)
    # The same vectors, in an order of its own.
    assert np.sort(crowd.vectors @ np.ones(48)) == pytest.approx(np.sort(expected @ np.ones(48)), abs=1e-4)


def test_a_sample_is_the_same_in_whatever_order_users_come(tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    few = gather_crowd(USERS, embeddings, size=4)
    again = gather_crowd([(name, own[::-1]) for name, own in USERS[::-1]], embeddings, size=4)
    assert len(few) == 4
    assert again.fingerprint == few.fingerprint
    np.testing.assert_array_equal(again.vectors, few.vectors)
    np.testing.assert_array_equal(again.owners, few.owners)
    assert len(gather_crowd([], embeddings)) == 0


def test_nothing_after_the_clock_is_in_it(tmp_path: Path) -> None:
    crowd = gather_crowd(USERS, word_embeddings(tmp_path), as_of=START)
    assert [crowd.count(name) for name in ("ann", "bob", "cat")] == [1, 1, 1]


def crowd_of_three() -> Crowd:
    return Crowd.of(["ann", "ann", "bob"], np.eye(3, dtype=np.float32))


MADE_OF = MadeOf("words", 7, NOW)


def never() -> Crowd:
    raise AssertionError("it was made of the same")


def test_a_kept_crowd_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = KeptCrowd(tmp_path / "home" / "crowd.npz")
    assert kept.read("words") is None
    assert (kept.count("ann"), kept.forget("ann")) == (0, 0)
    kept.made(MADE_OF, crowd_of_three)
    found = kept.read("words")
    assert found is not None
    np.testing.assert_array_equal(found.vectors, np.eye(3))
    assert (found.fingerprint, found.count("ann")) == (crowd_of_three().fingerprint, 2)
    assert kept.read("openai:x") is None
    assert kept.made(MADE_OF, never).fingerprint == found.fingerprint
    for other in (MadeOf("words", 8, NOW), MadeOf("words", 8, NOW + timedelta(days=1)), MadeOf("other", 8, NOW)):
        kept.made(other, lambda: Crowd.of(["cat"], np.ones((1, 1), np.float32)))
        assert kept.count("cat") == 1
        assert kept.made(other, never).count("ann") == 0


def test_forgetting_takes_his_vectors_off_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "crowd.npz"
    kept = KeptCrowd(path)
    vectors = np.random.default_rng(1).normal(size=(3, 48)).astype(np.float32)
    before = kept.made(MADE_OF, lambda: Crowd.of(["ann", "ann", "bob"], vectors))
    assert vectors[0].tobytes() in path.read_bytes()
    assert kept.forget("ann") == 2
    content = path.read_bytes()
    assert vectors[0].tobytes() not in content
    assert vectors[1].tobytes() not in content
    assert vectors[2].tobytes() in content
    assert int(before.owners[0]).to_bytes(8, "little") not in content
    after = kept.made(MADE_OF, never)
    assert (after.fingerprint, kept.count("ann"), kept.count("bob")) == (before.fingerprint, 0, 1)
    assert kept.forget("ann") == 0


def test_no_pickle_is_loaded_and_what_is_damaged_is_told(tmp_path: Path) -> None:
    path = tmp_path / "crowd.npz"
    kept = KeptCrowd(path)
    kept.made(MADE_OF, crowd_of_three)
    whole = path.read_bytes()
    with np.load(path, allow_pickle=False) as arrays:
        about = json.loads(str(arrays["about"]))
    broken: list[dict[str, object]] = [
        {"about": np.array({"a": 1}, dtype=object), "vectors": np.eye(3), "owners": np.zeros(3, np.uint64)},
        {"about": np.array(json.dumps(about | {"format": 2})), "vectors": np.eye(3), "owners": np.zeros(3, np.uint64)},
        {"about": np.array(json.dumps(about)), "vectors": np.eye(3), "owners": np.zeros(2, np.uint64)},
        {"about": np.array(json.dumps(about)), "vectors": np.eye(3)},
        {"about": np.array("[]"), "vectors": np.eye(3), "owners": np.zeros(3, np.uint64)},
    ]
    for content in (b"", b"PK", whole[:-50], *broken):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, **content)  # type: ignore[arg-type]
        with pytest.raises(StoreError, match=r"crowd\.npz is damaged: delete it, and infer with --full"):
            kept.read("words")


FINE = Granularity.FINE
LOG = two_of_each(12)
LATER = [*made_rows("new", "kitchen", day=20), Row("user-0003", "quilted coat", 21)]


def test_a_full_run_makes_it_and_an_incremental_one_keeps_it(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        run = assistant.infer(granularity=FINE).run
        first = assistant.kept_crowd.read("words")
        assert first is not None
        assert len(first) == 12 * 13
        assert run.parameters.settings["crowd"] == first.fingerprint
        assistant.ingest([write_log(tmp_path / "later.csv", LATER)])
        incremental = assistant.infer(mode=RunMode.INCREMENTAL, granularity=FINE)
        assert incremental.users == 2
        assert incremental.run.parameters.settings["crowd"] == first.fingerprint
        # A full run of some users keeps it as well, or the others would have been inferred with another one.
        some = assistant.infer(users=["new"], granularity=FINE).run
        assert some.parameters.settings["crowd"] == first.fingerprint
        again = assistant.infer(granularity=FINE).run
        second = assistant.kept_crowd.read("words")
        assert second is not None
        assert again.parameters.settings["crowd"] == second.fingerprint != first.fingerprint
        assert second.count("new") == 6
        assert assistant.infer(mode=RunMode.INCREMENTAL, granularity=FINE).users == 0


def test_a_full_run_of_some_users_makes_it_of_all_where_there_is_none(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        assistant.infer(users=["user-0001"], granularity=FINE, as_of=assistant.log.latest())
        crowd = assistant.kept_crowd.read("words")
        assert crowd is not None
        assert len(crowd) == 12 * 13


def test_of_many_users_some_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.home.CROWD_USERS", 5)
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        assistant.infer(granularity=FINE)
        crowd = assistant.kept_crowd.read("words")
        assert crowd is not None
        counts = [crowd.count(user_id) for user_id in assistant.log.users()]
    assert sorted(counts) == [0] * 7 + [13] * 5


def test_it_decides_the_journeys_that_a_run_and_the_store_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    confidences = []
    for least in (module._LEAST, 10_000):
        monkeypatch.setattr(module, "_LEAST", least)
        with made(tmp_path / str(least)) as assistant:
            assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
            clock = assistant.infer(granularity=FINE).run.parameters.as_of
            stored = assistant.journeys("user-0002")
            confidences.append([journey.confidence for journey in stored])
            again = assistant.recluster("user-0002", FINE, clock)
            assert [(each.texts, each.confidence) for each in again] == [
                (each.texts, each.confidence) for each in stored
            ]
    assert confidences[0] != confidences[1]


def test_a_lost_crowd_asks_for_a_full_run(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        assistant.infer(granularity=FINE)
        assistant.ingest([write_log(tmp_path / "later.csv", LATER)])
        (tmp_path / "home" / "crowd.npz").unlink()
        with pytest.raises(LibraryError, match="another setting of crowd than this run has: infer with --full"):
            assistant.infer(mode=RunMode.INCREMENTAL, granularity=FINE)
        assert assistant.infer(granularity=FINE).users == 13


def test_forgetting_a_user_makes_nobody_else_be_inferred_again(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        assistant.infer(granularity=FINE)
        erased = assistant.forget("user-0004")
        assert (erased.crowd, erased.remaining) == (13, 0)
        assert assistant.kept_crowd.count("user-0004") == 0
        assert assistant.infer(mode=RunMode.INCREMENTAL, granularity=FINE).users == 0
        # The log stands where it stood, so a full run has no reason to draw anew, and he does not come back.
        assert assistant.infer(granularity=FINE).users == 11
        assistant.ingest([write_log(tmp_path / "later.csv", LATER)])
        assistant.infer(granularity=FINE)
        crowd = assistant.kept_crowd.read("words")
        assert crowd is not None
        assert (crowd.count("user-0004"), len(crowd)) == (0, 11 * 13 + 7)


def test_whoever_is_being_forgotten_is_not_drawn(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        assistant.forgotten.add("user-0004")
        assistant.infer(granularity=FINE)
        assert assistant.kept_crowd.count("user-0004") == 0
        assert assistant.kept_crowd.count("user-0005") == 13


def test_only_fine_journeys_are_looked_at_in_a_crowd(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        for granularity in (Granularity.NORMAL, Granularity.COARSE):
            assert "crowd" not in assistant.infer(granularity=granularity).run.parameters.settings
        assert not (tmp_path / "home" / "crowd.npz").exists()


def test_turning_the_dial_shows_what_a_run_would_store(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        clock = assistant.infer().run.parameters.as_of
        turned = assistant.recluster("user-0002", FINE, clock)
        assistant.infer(granularity=FINE)
        stored = assistant.journeys("user-0002")
    assert [(each.texts, each.confidence) for each in turned] == [(each.texts, each.confidence) for each in stored]


def test_a_model_that_knows_no_crowd_gathers_none(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", LOG)])
        known = assistant.models
        assistant.models = replace(known, affinity=replace(known.affinity, fine_in_crowd=None))
        assert "crowd" not in assistant.infer(granularity=FINE).run.parameters.settings
        assert not (tmp_path / "home" / "crowd.npz").exists()


def test_a_user_alone_has_no_crowd_and_the_journeys_of_the_networks_without(tmp_path: Path) -> None:
    found = []
    for name in ("with", "without"):
        with made(tmp_path / name) as assistant:
            assistant.ingest([write_log(tmp_path / "log.csv", made_rows("ann", "wedding", "kitchen"))])
            if name == "without":
                known = assistant.models
                assistant.models = replace(known, affinity=replace(known.affinity, fine_in_crowd=None))
            assistant.infer(granularity=FINE)
            found.append([(each.texts, each.confidence) for each in assistant.journeys("ann")])
    assert found[0]
    assert found[0] == found[1]
