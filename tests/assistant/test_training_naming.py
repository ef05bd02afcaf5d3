"""Training the naming model: what it learns from, that it learns, that folds are kept apart, and the commands."""

import csv
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import START, TOPICS, failed, run, word_embeddings, words_fixture

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.rated_names import RatedTopic, as_candidates, is_ratings, read_ratings
from assistant.evaluation.written_names import (
    NamedJourney,
    named_journeys,
    names_from_labels,
    read_written_names,
    sample_names,
    shared_words,
)
from assistant.training.naming import Lesson, lessons_of_journeys, lessons_of_topics, train_naming
from assistant.training.naming_teachers import Teachers, topic_folds, user_folds
from chains.inference import InferenceModels, InferenceOptions
from chains.naming_features import NAME_FEATURES
from chains.naming_model import NamingModel
from vectorstore.activity import Activity, ActivityKind
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

__all__ = ["words_fixture"]

CENTRE = NAME_FEATURES.index("centre")


@pytest.fixture(name="embeddings")
def embeddings_fixture(tmp_path: Path) -> CachedEmbeddings:
    return word_embeddings(tmp_path)


def user(user_id: str, *topics: str) -> LabelledUser:
    """Two searches a day, of each topic in turn; labels as in the sample log."""
    events = [
        Activity(user_id, START + timedelta(days=place // 2, hours=3 * week, minutes=place), ActivityKind.SEARCH, text)
        for week, topic in enumerate(topics)
        for place, text in enumerate(TOPICS[topic])
    ]
    labels = {text: f"{user_id}-{topic}" for topic in topics for text in TOPICS[topic]}
    return LabelledUser(user_id, events, labels)


ANN = user("ann", "wedding", "garden")
NAMES = {("ann", "ann-wedding"): "Wedding cake", ("ann", "ann-garden"): "Garden path by the lake"}
TOPIC = RatedTopic("7", ("oak", "desk"), ("chair", "oak desk"), np.array([0.5, 2.5]))


def rated(count: int) -> list[RatedTopic]:
    topics = list(TOPICS.values())
    return [
        RatedTopic(str(n), topics[n % 4], (f"{topics[n % 4][0]}", "strange thing"), np.array([3.0, 0.0]))
        for n in range(count)
    ]


# --- what is learned from


def test_a_known_journey_has_its_texts_and_each_candidates_likeness(embeddings: CachedEmbeddings) -> None:
    garden, wedding = named_journeys([ANN], NAMES, embeddings)
    assert (garden.written, wedding.written) == ("Garden path by the lake", "Wedding cake")
    likeness = dict(zip((each.keyword.text for each in wedding.candidates), wedding.likeness, strict=True))
    assert likeness.keys() == set(TOPICS["wedding"])
    assert likeness["wedding cake"] > 0.5 + likeness["lace veil"]
    assert max(likeness, key=lambda text: likeness[text]) == "wedding cake"
    assert (wedding.subject.centres.shape, wedding.subject.number) == ((2, 48), 1)
    assert list(named_journeys([ANN], {}, embeddings)) == []


def test_a_found_journey_has_the_name_of_most_of_its_texts(embeddings: CachedEmbeddings) -> None:
    found = list(named_journeys([ANN], NAMES, embeddings, (InferenceOptions(), InferenceModels())))
    assert found
    for journey in found:
        labels = [ANN.labels[each.keyword.key] for each in journey.candidates]
        assert NAMES["ann", max(set(labels), key=labels.count)] == journey.written


def test_shared_words_are_their_f1() -> None:
    assert shared_words("wedding cakes", "The wedding cake") == 1
    assert shared_words("wedding cake", "wedding venue by a lake") == pytest.approx(2 / 5)
    assert shared_words("", "") == 0


def test_the_sample_users_and_labels_have_written_names() -> None:
    assert sample_names()["s02", "s02-kitchen"] == "Victorian terrace kitchen renovation"
    assert names_from_labels([ANN]) == {("ann", "ann-wedding"): "wedding", ("ann", "ann-garden"): "garden"}


def test_a_topics_keywords_stand_for_its_texts(embeddings: CachedEmbeddings) -> None:
    candidates, subject = as_candidates(TOPIC, TOPIC.names, embeddings)
    assert [each.keyword.text for each in candidates] == ["chair", "oak desk"]
    assert {(each.events, each.everywhere) for each in candidates} == {(1, 1)}
    assert list(subject.words) == [frozenset({"oak"}), frozenset({"desk"})]
    assert float(candidates[1].vector @ subject.centres[0]) == pytest.approx(1, abs=1e-3)


def test_lessons_come_from_ratings_with_strange_names_worth_nothing(embeddings: CachedEmbeddings) -> None:
    other = RatedTopic("8", ("rose", "bed"), ("roses", "garden"), np.array([1.0, 2.0]))
    first, _ = lessons_of_topics([TOPIC, other], embeddings)
    assert first.log_odds[:2].tolist() == [2.5, 12.5]
    assert set(first.log_odds[2:].tolist()) == {0.0}
    assert len(first.features) == len(first.log_odds)
    again, _ = lessons_of_topics([TOPIC, other], embeddings)
    assert (again.features == first.features).all()


def test_of_a_journey_sentences_and_bare_words_are_worth_less_than_their_likeness(
    embeddings: CachedEmbeddings,
) -> None:
    (journey,) = named_journeys([ANN], {("ann", "ann-wedding"): "Wedding cake"}, embeddings)
    (lesson,) = lessons_of_journeys([journey])
    # All have two words or three, so nothing is taken off.
    assert lesson.log_odds == pytest.approx(journey.likeness / 0.1)
    bare = [_changed(journey, text) for text in ("veil", "how is a cake for a wedding made")]
    for text, each, off in zip(("bare", "sentence"), lessons_of_journeys(bare), (0.1, 4 * 0.06 + 0.08), strict=True):
        assert each.log_odds[0] == pytest.approx((journey.likeness[0] - off) / 0.1), text


def _changed(journey: NamedJourney, text: str) -> NamedJourney:
    first, *others = journey.candidates
    keyword = type(first.keyword)("ann", text, first.keyword.source, first.keyword.events)
    changed = type(first)(keyword, first.vector, first.words, first.events, first.everywhere)
    return NamedJourney(journey.user_id, journey.written, (changed, *others), journey.subject, journey.likeness)


def test_no_log_counts_for_more_than_a_hundred_journeys(embeddings: CachedEmbeddings) -> None:
    (journey,) = named_journeys([ANN], {("ann", "ann-wedding"): "Wedding cake"}, embeddings)
    assert {lesson.weight for lesson in lessons_of_journeys([journey] * 10)} == {1.0}
    assert {lesson.weight for lesson in lessons_of_journeys([journey] * 400)} == {0.25}
    assert lessons_of_journeys([]) == []


# --- learning


def lesson(central: Sequence[float], odds: Sequence[float]) -> Lesson:
    features = np.zeros((len(central), len(NAME_FEATURES)), dtype=np.float32)
    features[:, CENTRE] = central
    return Lesson(features, np.array(odds, dtype=float))


def test_it_learns_what_good_names_have_in_common() -> None:
    model = train_naming([lesson([0.1, 0.9], [0, 5]), lesson([0.8, 0.3, 0.2], [5, 0, 0])], "made")
    weights = dict(zip(NAME_FEATURES, model.weights.tolist(), strict=True))
    assert weights.pop("centre") > 1
    assert weights.pop("searched") == 0.4
    assert [weights.pop(name) for name in ("one_word", "frequency", "share")] == [-0.25, 0.2, 0.05], "what is added"
    assert set(weights.values()) == {0.0}
    assert model.trained_on == "made"


def test_what_is_known_beforehand_is_never_turned_round() -> None:
    model = train_naming([lesson([0.1, 0.9], [5, 0])], "made")
    assert model.weights[CENTRE] == 0


def test_the_order_of_lessons_is_nothing_and_the_same_gives_the_same(embeddings: CachedEmbeddings) -> None:
    lessons = [*lessons_of_topics(rated(6), embeddings), *lessons_of_journeys(named_journeys([ANN], NAMES, embeddings))]
    model = train_naming(lessons, "made")
    assert train_naming(lessons, "made").fingerprint == model.fingerprint
    assert train_naming(lessons[::-1], "made").weights == pytest.approx(model.weights, abs=1e-3)


def test_nothing_teaches_nothing() -> None:
    with pytest.raises(InputError, match="nothing to learn names from"):
        train_naming([], "")


def test_no_fold_sees_what_it_is_scored_on(embeddings: CachedEmbeddings) -> None:
    topics = rated(5)
    folds = list(topic_folds(topics, {}, embeddings, 2))
    assert sorted(topic.topic_id for _, inside in folds for topic in inside) == ["0", "1", "2", "3", "4"]
    assert [model.trained_on for model, _ in folds] == [
        f"{5 - len(inside)} topics with rated names" for _, inside in folds
    ]

    users = [user(name, "wedding", "garden") for name in ("ann", "bob", "cat")]
    names = {key: "Wedding cake" for each in users for key in names_from_labels([each])}
    journeys = list(named_journeys(users, names, embeddings))
    by_user = list(user_folds("made", Teachers(topics, {"made": journeys}), embeddings, 3))
    assert sorted(name for _, inside in by_user for name in inside) == ["ann", "bob", "cat"]
    for model, _ in by_user:
        assert model.trained_on == "5 topics with rated names, 4 named journeys of 2 users (made)"


# --- files and commands


def write_ratings(path: Path, topics: Sequence[RatedTopic]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("topic_id", "keywords", "name", "human", "raters"))
        for topic in topics:
            for name, human in zip(topic.names, topic.human, strict=True):
                writer.writerow((topic.topic_id, "|".join(topic.keywords), name, human, 9))
    return path


def write_labelled(path: Path, users: Sequence[LabelledUser]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("user_id", "timestamp", "kind", "text", "label"))
        for each in users:
            for event in each.activities:
                writer.writerow(
                    (each.user_id, event.timestamp.isoformat(), "search", event.text, each.labels[event.text])
                )
    return path


def test_ratings_come_back_from_their_file(tmp_path: Path) -> None:
    single = RatedTopic("8", ("a",), ("b",), np.array([1.0]))
    (read,) = read_ratings(write_ratings(tmp_path / "rated.csv", [TOPIC, single]))
    assert (read.topic_id, read.keywords, read.names) == ("7", ("oak", "desk"), ("chair", "oak desk"))
    assert read.human.tolist() == [0.5, 2.5]


def test_files_that_are_not_what_they_should_be_are_refused(tmp_path: Path) -> None:
    log = write_labelled(tmp_path / "log.csv", [ANN])
    assert not is_ratings(log)
    with pytest.raises(InputError, match="no rated names"):
        read_ratings(log)
    with pytest.raises(InputError, match="no column gold_name"):
        read_written_names(log)
    with pytest.raises(InputError, match="cannot be read"):
        is_ratings(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_written_names(tmp_path / "none.csv")
    (tmp_path / "bad.csv").write_text("topic_id,keywords,name,human\n1,a|b,c,good\n")
    with pytest.raises(InputError, match="row 2"):
        read_ratings(tmp_path / "bad.csv")
    (tmp_path / "one.csv").write_text("topic_id,keywords,name,human\n1,a|b,c,1\n")
    with pytest.raises(InputError, match="no topic has two"):
        read_ratings(tmp_path / "one.csv")


def test_naming_on_the_command_line(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ratings = write_ratings(tmp_path / "rated.csv", rated(4))
    log = write_labelled(tmp_path / "made.csv", [user(name, "wedding", "garden") for name in ("ann", "bob")])
    known = tmp_path / "known.csv"
    known.write_text("user_id,label,gold_name\nann,ann-wedding,Wedding cake\nbob,bob-garden,Garden path\n")
    ran = run(
        capsys, "train", "naming", ratings, "--no-sample", "--journeys", log, "--known", known, "--output", "n.json"
    )
    assert ran.code == 0
    assert ran.out.startswith("written: n.json, trained on 4 topics with rated names, ")
    assert NamingModel.load(tmp_path / "n.json").trained_on.endswith("named journeys of 2 users (made)")

    figures = json.loads(run(capsys, "evaluate", "naming", ratings, "--json").out)["rated names"]
    assert (figures["choices"], figures["best"], figures["mean"]) == (4, 3, 1.5)
    assert set(figures["ways"]) == {"model", "hand weights", "most central", "shortest"}
    told = run(capsys, "evaluate", "naming", ratings, "--folds", "2", "--no-sample", "--named", log)
    assert told.code == 0
    assert "models of 2 folds, none of which saw what it is scored on" in told.out
    assert "scored as it is" not in told.out
    ours = run(capsys, "evaluate", "naming", log, "--known", known, "--ratings", ratings, "--folds", "2", "--no-sample")
    assert ours.code == 0
    assert "made.csv, as known" in ours.out
    assert "made.csv, as found" in ours.out
    assert "scored as it is" in run(capsys, "evaluate", "naming", log).out

    nameless = tmp_path / "other.csv"
    nameless.write_text("user_id,label,gold_name\nzoe,x,Y\n")
    lost = run(capsys, "train", "naming", ratings, "--journeys", log, "--known", nameless, "--output", "n.json")
    assert "no label has a written name" in failed(lost)
    assert "--folds takes 2 or more" in failed(run(capsys, "evaluate", "naming", "--folds", "1"))


def test_another_naming_model_is_another_run(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_labelled(tmp_path / "made.csv", [ANN])
    assert run(capsys, "--home", "h", "infer", log, "--output", "one.jsonl").code == 0
    model = train_naming([lesson([0.1, 0.9], [0, 5])], "made").to_json()
    (tmp_path / "n.json").write_text(json.dumps(model))
    (tmp_path / "journeys.toml").write_text('[inference]\nnaming_model = "n.json"\n')
    assert "full" in failed(run(capsys, "--home", "h", "infer", "--incremental", "--output", "two.jsonl"))
    (tmp_path / "journeys.toml").write_text('[inference]\nnaming_model = "made.csv"\n')
    assert "no naming model" in failed(run(capsys, "--home", "h", "infer", "--full", "--output", "two.jsonl"))
