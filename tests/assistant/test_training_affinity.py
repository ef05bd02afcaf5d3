"""Training the affinity model: which pairs it learns from, that it learns, and that folds are kept apart."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import START, TOPICS, run, word_embeddings, words_fixture

from assistant.evaluation.labelled import LabelledUser
from assistant.training import affinity as training
from assistant.training.affinity import Pairs, crowds_of, held_out, labelled_pairs, labelled_texts, train_affinity
from assistant.training.networks import fit_network
from chains.affinity import AffinityModel, Networks, affinity
from chains.clustering import Granularity
from chains.crowd import Crowd
from chains.crowd_features import CROWD_FEATURES
from chains.pair_features import FEATURES, pair_features
from chains.texts import Floats
from vectorstore.activity import Activity, ActivityKind
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

__all__ = ["words_fixture"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few networks, and batches of the size of what there is to learn from."""
    monkeypatch.setattr(training, "_NETWORKS", 2)
    monkeypatch.setattr(training, "_INNER_FOLDS", 2)
    monkeypatch.setattr(training, "_BATCH", 16)
    monkeypatch.setattr(training, "_FINE_BATCH", 16)


@pytest.fixture(name="embeddings")
def embeddings_fixture(tmp_path: Path) -> CachedEmbeddings:
    return word_embeddings(tmp_path)


def user(user_id: str, topics: Sequence[str], *, fine: bool = False, unlabelled: Sequence[str] = ()) -> LabelledUser:
    """One search an hour, a topic a week."""
    texts = [(week, topic, text) for week, topic in enumerate(topics) for text in TOPICS[topic]]
    events = [
        Activity(user_id, START + timedelta(weeks=week, hours=place), ActivityKind.SEARCH, text)
        for place, (week, _, text) in enumerate(texts)
    ]
    labels = {text: topic for _, topic, text in texts if text not in unlabelled}
    return LabelledUser(user_id, events, labels, fine)


def test_the_pairs_are_those_of_labelled_texts(embeddings: CachedEmbeddings) -> None:
    ann = user("ann", ["wedding", "garden"], unlabelled=[*TOPICS["wedding"][2:], *TOPICS["garden"][1:]])
    texts = labelled_texts(ann, embeddings)
    assert [journey for journey in texts.journeys if journey] == ["wedding", "wedding", "garden"]
    pairs = labelled_pairs(texts)
    # (veil, venue), (venue, beds), (veil, beds), in the order of the texts: one is of one journey.
    assert pairs.features.shape == (3, len(FEATURES))
    assert sorted(pairs.same.tolist()) == [False, False, True]
    assert pairs.weights == pytest.approx([1 / np.sqrt(3)] * 3)
    whole = np.concatenate([block for _, block in pair_features(texts.texts)])
    row, column = np.triu_indices(3, 1)
    np.testing.assert_array_equal(pairs.features, whole[pairs.known[row], pairs.known[column]])
    labels = [texts.journeys[place] for place in pairs.known]
    assert pairs.same.tolist() == [labels[i] == labels[j] for i, j in zip(row, column, strict=True)]


@pytest.mark.parametrize("labelled", [0, 1])
def test_with_fewer_than_two_labels_there_is_no_pair(embeddings: CachedEmbeddings, labelled: int) -> None:
    ann = user("ann", ["wedding"], unlabelled=TOPICS["wedding"][labelled:])
    pairs = labelled_pairs(labelled_texts(ann, embeddings))
    assert pairs.features.shape == (0, len(FEATURES))
    assert (len(pairs.same), len(pairs.weights)) == (0, 0)
    for nothing in ([], [pairs]):
        with pytest.raises(InputError, match="no user has two labelled texts: there is nothing to learn from"):
            train_affinity(nothing, "nothing")


def test_of_a_heavy_user_some_texts_are_drawn(embeddings: CachedEmbeddings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "_LARGEST_USER", 5)
    texts = labelled_texts(user("ann", list(TOPICS)), embeddings)
    pairs = labelled_pairs(texts)
    assert len(pairs.known) == 5
    assert len(pairs.same) == 10
    assert labelled_pairs(texts).known.tolist() == pairs.known.tolist()
    assert any(labelled_pairs(texts, seed).known.tolist() != pairs.known.tolist() for seed in range(1, 5))


TOPIC_PAIRS = [["wedding", "kitchen"], ["garden", "sewing"], ["kitchen", "garden"], ["sewing", "wedding"]]


@pytest.fixture(name="learned")
def learned_fixture(embeddings: CachedEmbeddings) -> list[Pairs]:
    return [
        labelled_pairs(labelled_texts(user(f"u{number}", topics, fine=number == 0), embeddings))
        for number, topics in enumerate(TOPIC_PAIRS * 2)
    ]


def test_it_learns_which_texts_belong_together(learned: list[Pairs], embeddings: CachedEmbeddings) -> None:
    model = train_affinity(learned, "eight made users")
    assert model.trained_on == "eight made users"
    texts = labelled_texts(user("new", ["kitchen", "sewing"]), embeddings)
    together = affinity(texts.texts, model)
    assert together.shape == (12, 12)
    assert 0 <= together.min() <= together.max() <= 1
    np.testing.assert_array_equal(together, together.T)
    same = np.equal.outer(np.array(texts.journeys), np.array(texts.journeys))
    off = ~np.eye(12, dtype=bool)
    assert together[same & off].mean() > together[~same].mean() + 0.3


def test_a_network_learns_what_no_single_feature_tells() -> None:
    draw = np.random.default_rng(3)
    x = draw.uniform(-1, 1, (2_000, 2)).astype(np.float32)
    y = (x[:, 0] > 0) != (x[:, 1] > 0)
    layers = fit_network(x, y, np.ones(len(x)), (16, 8), 20, 32, seed=1)
    model = Networks(np.zeros(2, np.float32), np.ones(2, np.float32), (layers,))
    clear = np.abs(x).min(axis=1) > 0.1
    assert ((model.probability(x) > 0.5) == y)[clear].mean() > 0.97
    # Rows without weight teach nothing.
    weights = np.where(x[:, 0] > 0, 2.0, 0.0)
    half = fit_network(x, np.where(x[:, 0] > 0, y, ~y), weights, (16, 8), 20, 32, seed=1)
    again = fit_network(x, np.where(x[:, 0] > 0, y, y), weights, (16, 8), 20, 32, seed=1)
    for (one, _), (other, _) in zip(half, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_same_pairs_and_seed_give_the_same_model(learned: list[Pairs]) -> None:
    models = [train_affinity(iter(learned), "x", seed).to_json() for seed in (0, 0, 1)]
    assert models[0] == models[1]
    assert models[0] != models[2]


def test_a_model_lasts_through_its_file(learned: list[Pairs], tmp_path: Path) -> None:
    model = train_affinity(learned, "x")
    (tmp_path / "model.json").write_text(json.dumps(model.to_json()))
    again = AffinityModel.load(tmp_path / "model.json")
    assert again.to_json() == model.to_json()
    np.testing.assert_allclose(
        again.first.probability(learned[0].features), model.first.probability(learned[0].features), atol=1e-3
    )


def test_only_errands_teach_the_fine_networks(learned: list[Pairs]) -> None:
    assert train_affinity(learned, "x").fine is not None
    assert train_affinity(learned[1:4], "x").fine is None


def test_one_user_alone_can_teach(learned: list[Pairs]) -> None:
    assert train_affinity(learned[:1], "one").trained_on == "one"


def test_no_fold_sees_the_users_that_it_is_scored_on(
    embeddings: CachedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = [user(f"scored {number}", topics) for number, topics in enumerate([*TOPIC_PAIRS, ["wedding"]])]
    others = [user("other", ["garden", "wedding"])]
    seen: list[set[str]] = []

    def watched(users: Iterable[Pairs], trained_on: str, seed: int = 0) -> str:
        seen.append({pairs.user.texts.keywords[0].user_id for pairs in users})
        return trained_on

    monkeypatch.setattr(training, "train_affinity", watched)
    told: list[None] = []
    folds = list(held_out(scored, others, embeddings, 3, on_user=lambda: told.append(None)))
    assert len(folds) == 3
    assert len(told) == 6
    for (model, inside), learned_from in zip(folds, seen, strict=True):
        inside_ids = {each.user_id for each in inside}
        assert inside_ids
        assert learned_from == {each.user_id for each in (*scored, *others)} - inside_ids
        assert str(model).endswith("of 3")
    assert sorted(each.user_id for _, inside in folds for each in inside) == [each.user_id for each in scored]
    assert len(list(held_out(scored, others, embeddings, 9))) == 5, "no fold without users"


def write_labelled(path: Path, users: Sequence[LabelledUser]) -> Path:
    rows = ["user_id,timestamp,kind,text,label"]
    for each in users:
        for event in each.activities:
            label = each.labels.get(event.text, "")
            rows.append(f"{each.user_id},{event.timestamp.isoformat()},search,{event.text},{label}")
    path.write_text("\n".join(rows) + "\n")
    return path


def test_on_the_command_line(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users = [user(f"u{number}", topics) for number, topics in enumerate(TOPIC_PAIRS)]
    log = write_labelled(tmp_path / "made.csv", users)
    ran = run(capsys, "train", "affinity", log, "--no-sample", "--output", "model.json")
    assert (ran.code, ran.out) == (0, "written: model.json, trained on 4 users: made\n")
    assert AffinityModel.load(tmp_path / "model.json").trained_on == "4 users: made"

    figures = json.loads(run(capsys, "evaluate", "clustering", log, "--json").out)
    assert (figures["file"], figures["granularity"], figures["users"], figures["units"]) == (str(log), "normal", 4, 48)
    assert 0 < figures["weighted_f1"] <= 1
    assert figures["all_units"]["measures"]["b_cubed_f1"]["weighted"]["value"] == figures["weighted_f1"]
    assert sum(part["users"] for part in figures["by_size"].values()) == figures["users"]
    folded = run(capsys, "evaluate", "clustering", log, "--folds", "2", "--no-sample", "--granularity", "fine")
    assert folded.code == 0
    assert "B-cubed" in folded.out
    assert "model trained on: models of 2 folds, none of which saw the users it is scored on" in folded.out
    refused = run(capsys, "evaluate", "clustering", log, "--folds", "1")
    assert refused.code == 1
    assert refused.err == "journeys: --folds takes 2 or more: one fold would leave nothing to learn from\n"

    (tmp_path / "known.csv").write_text("user_id,label,kind,stage\nu0,wedding,situational,ended\n")
    agreement = json.loads(run(capsys, "evaluate", "stage", log, "known.csv", "--as-of", "2027-01-01", "--json").out)
    assert agreement["known"] == 1
    assert run(capsys, "evaluate", "stage", log, "known.csv").code == 0


def many(log: str, count: int, *, fine: bool = True) -> list[LabelledUser]:
    return [replace(user(f"{log} {number}", TOPIC_PAIRS[number % 4], fine=fine), log=log) for number in range(count)]


def test_each_log_of_errands_has_a_crowd_of_its_own(embeddings: CachedEmbeddings) -> None:
    crowds = crowds_of([*many("one", 8), *many("two", 3), *many("three", 9, fine=False)], embeddings)
    assert {log: len(crowd) for log, crowd in crowds.items()} == {"one": 8 * 12, "two": 3 * 12}
    assert (crowds["one"].count("one 0"), crowds["one"].count("two 0")) == (12, 0)
    ann = many("one", 1)[0]
    known = labelled_pairs(labelled_texts(ann, embeddings, crowds["one"]))
    unknown = labelled_pairs(labelled_texts(ann, embeddings))
    assert known.in_crowd is not None
    assert known.in_crowd.shape == (66, len(FEATURES) + len(CROWD_FEATURES))
    np.testing.assert_array_equal(known.in_crowd[:, : len(FEATURES)], unknown.features)
    np.testing.assert_array_equal(known.features, unknown.features)
    assert unknown.in_crowd is None
    coarser = labelled_pairs(labelled_texts(replace(ann, fine=False), embeddings, crowds["one"]))
    assert coarser.in_crowd is None, "journeys are learned without"
    # Labels are not looked at.
    bare = crowds_of([replace(each, labels={}) for each in many("one", 8)], embeddings)
    assert bare["one"].fingerprint == crowds["one"].fingerprint


def test_in_folds_the_crowd_is_of_all_users_of_the_log(
    embeddings: CachedEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Pairs] = []

    def watched(users: Iterable[Pairs], trained_on: str, seed: int = 0) -> str:
        seen.extend(users)
        return trained_on

    monkeypatch.setattr(training, "train_affinity", watched)
    list(held_out(many("one", 9), [*many("two", 2), *many("three", 9, fine=False)], embeddings, 3))
    crowd = crowds_of(many("one", 9), embeddings)["one"]
    for pairs in seen:
        texts, who = pairs.user.texts, pairs.user.texts.keywords[0].user_id
        if who.startswith("one"):
            np.testing.assert_array_equal(texts.familiar, crowd.familiarity(texts.context, who))
        else:
            assert texts.familiar is None, "24 texts are no crowd, and of other logs none is gathered"


def test_errands_are_learned_with_a_crowd_and_without_and_the_rest_never_sees_it(embeddings: CachedEmbeddings) -> None:
    users = many("one", 9)
    crowd = crowds_of(users, embeddings)["one"]
    within, without = (
        train_affinity([labelled_pairs(labelled_texts(each, embeddings, own)) for each in users], "x")
        for own in (crowd, None)
    )
    assert without.fine_in_crowd is None
    assert replace(within, fine_in_crowd=None).fingerprint == without.fingerprint
    for own in (crowd, None):
        texts = labelled_texts(user("new", ["kitchen", "sewing"]), embeddings, own)
        together = affinity(texts.texts, within, Granularity.FINE)
        same = np.equal.outer(np.array(texts.journeys), np.array(texts.journeys))
        assert together[same & ~np.eye(12, dtype=bool)].mean() > together[~same].mean() + 0.2


def test_networks_of_their_own_learn_from_texts_mixed_with_their_sites(embeddings: CachedEmbeddings) -> None:
    users = many("one", 9)
    crowd = crowds_of(users, embeddings)["one"]
    site = "http://" + "".join(users[0].activities[-1].text.split()) + ".com"
    opened = [replace(users[0].activities[0], item_id=site), *users[0].activities[1:]]
    led = [replace(users[0], activities=opened), *users[1:]]
    own = [labelled_pairs(labelled_texts(each, embeddings, crowd)) for each in led]
    before = labelled_pairs(labelled_texts(users[0], embeddings, crowd))
    np.testing.assert_array_equal(own[0].features, before.features)
    assert own[0].by_site is not None
    assert own[0].by_site_in_crowd is not None
    assert not np.array_equal(own[0].by_site, own[0].features), "the first text is mixed with the last"
    np.testing.assert_array_equal(own[0].by_site_in_crowd[:, : len(FEATURES)], own[0].by_site)
    assert all(each.by_site is None for each in (before, *own[1:])), "they have no web address"
    model = train_affinity(own, "x")
    plain = train_affinity([before, *own[1:]], "x")
    assert plain.fine_by_site is None
    assert plain.fine_by_site_in_crowd is None
    assert model.fine_by_site is not None
    assert model.fine_by_site_in_crowd is not None
    assert replace(model, fine_by_site=None, fine_by_site_in_crowd=None).fingerprint == plain.fingerprint


def test_a_log_of_errands_on_the_command_line(
    words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write_labelled(tmp_path / "errands.csv", many("one", 9))
    ran = run(capsys, "train", "affinity", log, "--fine", log, "--no-sample", "--output", "model.json")
    assert (ran.code, ran.out) == (0, "written: model.json, trained on 18 users: errands, errands\n")
    within = AffinityModel.load(tmp_path / "model.json").fine_in_crowd
    assert within is not None
    assert within.mean.shape == (len(FEATURES) + len(CROWD_FEATURES),)

    asked: list[str] = []

    def watched(self: Crowd, texts: Floats, user_id: str) -> None:
        asked.append(user_id)

    monkeypatch.setattr(Crowd, "familiarity", watched)
    for options in ([], ["--folds", "3", "--no-sample"]):
        for granularity, times in (("normal", 0), ("fine", 1)):
            asked.clear()
            assert run(capsys, "evaluate", "clustering", log, "--granularity", granularity, *options).code == 0
            # With folds each user is learned from, too.
            assert len(asked) == 9 * times * (2 if options else 1)
