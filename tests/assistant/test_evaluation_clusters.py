"""How journeys are scored against labels, over users, and the agreement of stages, worked out by hand."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, word_embeddings
from made_journeys import make_journey
from rich.console import Console

from assistant.clusters_shown import headline, measures_table, sizes_table
from assistant.evaluation.clusters import MEASURES, score_clusters
from assistant.evaluation.labelled import LabelledUser, infer_labelled, read_labelled
from assistant.evaluation.stage_agreement import KnownStage, StageAgreement, read_known, stage_agreement
from chains.inference import InferenceModels, InferenceOptions
from chains.journeys import Journey, Kind, Stage
from vectorstore.activity import Activity, ActivityKind
from vectorstore.columns import ColumnMap
from vectorstore.errors import InputError

GOLD = {"a": "X", "b": "X", "c": "X", "d": "Y", "e": "Y"}


# --- over users


def labelled(user_id: str, labels: dict[str, str]) -> LabelledUser:
    return LabelledUser(user_id, [], labels)


def in_journeys(user_id: str, *groups: Sequence[str]) -> list[Journey]:
    return [make_journey(user_id, f"j{number}", texts=group, rank=number) for number, group in enumerate(groups, 1)]


def test_users_count_by_their_labelled_texts() -> None:
    ann = (
        labelled("ann", GOLD),
        in_journeys("ann", ["A", "b"], ["c", " D  "]),
    )  # as above, written otherwise
    bob = labelled("bob", {"x": "X", "y": "X"}), in_journeys("bob", ["x", "y", "unlabelled"])
    cat = labelled("cat", {"x": "X"}), in_journeys("cat", ["x"])  # one labelled text: nothing to score
    figures = score_clusters([ann, bob, cat])
    f1 = 2 * 0.8 * (8 / 15) / (0.8 + 8 / 15)
    assert (figures.users, figures.units) == (2, 7)
    assert figures.weighted_f1 == pytest.approx((5 * f1 + 2 * 1) / 7)
    assert figures.macro_f1 == pytest.approx((f1 + 1) / 2)
    assert figures.precision == pytest.approx((5 * 0.8 + 2) / 7)
    assert figures.recall == pytest.approx((5 * 8 / 15 + 2) / 7)
    assert f1 <= figures.low <= figures.weighted_f1 <= figures.high <= 1
    assert score_clusters([ann, bob, cat]) == figures, "drawn with a seed"
    with pytest.raises(InputError, match="no user has two labelled texts: there is nothing to score"):
        score_clusters([cat])


def test_every_measure_is_told_with_and_without_lone_texts_and_by_size() -> None:
    ann = labelled("ann", GOLD | {"f": "Z"}), in_journeys("ann", ["a", "b", "c", "f"], ["d", "e"])
    bob = labelled("bob", {f"{n}": f"{n}" for n in range(21)}), in_journeys("bob", ["0", "1"])
    figures = score_clusters([ann, bob])
    both, company = figures.all_units, figures.in_company
    assert tuple(both.measures) == tuple(company.measures) == MEASURES
    assert (both.users, both.units) == (2, 27)
    # B-cubed precision of ann: (3 * 3/4 + 1/4 + 2) / 6 = 0.75; of bob (2 * 1/2 + 19) / 21.
    assert both.measures["b_cubed_precision"].macro.value == pytest.approx((0.75 + 20 / 21) / 2)
    assert both.measures["b_cubed_precision"].weighted.value == pytest.approx((6 * 0.75 + 20) / 27)
    # Pairs of ann: 4 of 7 that are together belong together; bob's only one does not.
    assert both.measures["pair_precision"].macro.value == pytest.approx((4 / 7 + 0) / 2)
    assert figures.weighted_f1 == both.measures["b_cubed_f1"].weighted.value
    # Without f ann is flawless, and of bob nothing is left.
    assert (company.users, company.units) == (1, 5)
    assert all(means.weighted.value == means.macro.low == 1 for means in company.measures.values())
    assert {name: scored.users for name, scored in figures.by_size.items()} == {
        "up to 20": 1,
        "21 to 50": 1,
        "51 to 100": 0,
        "over 100": 0,
    }
    assert figures.by_size["over 100"].measures == {}
    assert figures.by_size["up to 20"].measures["b_cubed_precision"].weighted.value == pytest.approx(0.75)


def test_without_any_group_of_two_nothing_is_told_of_company() -> None:
    figures = score_clusters([(labelled("ann", {"a": "X", "b": "Y"}), in_journeys("ann", ["a"]))])
    assert figures.weighted_f1 == 1
    assert (figures.in_company.users, figures.in_company.measures) == (0, {})
    for table in (measures_table(figures), sizes_table(figures)):
        assert table.row_count in {1, 10}
    assert headline(figures, "log.csv").plain == (
        "log.csv: B-cubed F1 1.000 (95 %: 1.000 to 1.000), weighted by texts; 1 users, 2 texts"
    )


def test_the_tables_fit_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    found = [(labelled("ann", GOLD), in_journeys("ann", ["a", "b"], ["c", "d"]))]
    figures = score_clusters(found)
    console = Console(width=80, color_system=None)
    console.print(measures_table(figures))
    console.print(sizes_table(figures))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    row = next(line for line in lines if line.split()[:2] == ["B-cubed", "F1"])
    assert row.split() == ["B-cubed", "F1", "0.640", "0.640", "to", "0.640", "0.640", "0.640", "0.640"]
    assert sum("up to 20" in line for line in lines) == 1
    assert not any("over 100" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_interval_of_one_user_is_a_point() -> None:
    figures = score_clusters([(labelled("ann", GOLD), in_journeys("ann", ["a", "b"], ["c", "d"]))])
    assert figures.low == pytest.approx(figures.weighted_f1) == pytest.approx(figures.high)


# --- reading labels


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_each_text_bears_its_most_frequent_label(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.csv",
        "user_id,timestamp,kind,text,label\n"
        "bob,2026-01-01,search,Lace  Veil,wedding\n"
        "bob,2026-01-02,search,lace veil,sewing\n"
        "bob,2026-01-03,search,LACE VEIL,wedding\n"
        "bob,2026-01-04,search,tie,a\n"
        "bob,2026-01-05,search,tie,b\n"
        "bob,2026-01-06,search,no label,\n"
        "bob,2026-01-06,stare,unknown kind,x\n"
        "ann,2026-01-06,search,lace veil,a|b\n",
    )
    users = read_labelled(log, ColumnMap(), UTC)
    assert [user.user_id for user in users] == ["ann", "bob"]
    assert users[0].labels == {"lace veil": "a|b"}
    assert users[1].labels == {"lace veil": "wedding", "tie": "b"}
    assert len(users[1].activities) == 6, "activity without a label is activity"
    assert [user.fine for user in read_labelled(log, ColumnMap(), UTC, fine=True)] == [True, True]


def test_columns_are_mapped_and_annotations_stay(tmp_path: Path) -> None:
    log = write(
        tmp_path / "log.csv",
        "who,timestamp,kind,text,annotations,label\nann,2026-01-01,closeup,Ten Veils,lace|veil,wedding\n",
    )
    (ann,) = read_labelled(log, ColumnMap(user_id="who"), UTC)
    assert ann.labels == {"ten veils": "wedding"}
    assert ann.activities[0].annotations == ("lace", "veil")


def test_a_log_without_labels_is_told_from_one_that_can_not_be_read(tmp_path: Path) -> None:
    rows = "user_id,timestamp,kind,text{}\nann,2026-01-01,search,veil{}\n"
    for text in (rows.format("", ""), rows.format(",label", ",")):
        with pytest.raises(InputError, match='no row has a label: this needs a log with a column "label"'):
            read_labelled(write(tmp_path / "log.csv", text), ColumnMap(), UTC)
    with pytest.raises(InputError, match="no column for text"):
        read_labelled(write(tmp_path / "log.csv", "user_id,timestamp,kind\n"), ColumnMap(), UTC)


# --- inferring labelled users


def test_labelled_users_are_inferred_up_to_the_clock(tmp_path: Path) -> None:
    texts = [*TOPICS["wedding"], *TOPICS["garden"]]
    events = [Activity("ann", START + timedelta(days=day), ActivityKind.SEARCH, text) for day, text in enumerate(texts)]
    ann, bob = LabelledUser("ann", events, {}), LabelledUser("bob", events[-1:], {})
    told: list[None] = []
    given_users = [ann, bob]
    found = list(
        infer_labelled(
            given_users,
            word_embeddings(tmp_path),
            InferenceOptions(),
            InferenceModels(),
            START + timedelta(days=5),
            lambda: told.append(None),
        )
    )
    assert [user for user, _ in found] == given_users
    assert len(told) == 2
    assert {text for journey in found[0][1] for text in journey.texts} <= set(TOPICS["wedding"])
    assert found[1][1] == [], "nothing of his was before the clock"
    whole = list(infer_labelled(given_users, word_embeddings(tmp_path), InferenceOptions(), InferenceModels()))
    assert {journey.as_of for _, journeys in whole for journey in journeys} == {events[-1].timestamp}


# --- kind and stage


def test_known_stages_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "known.csv", "user_id,label,kind,stage\nann,w,situational,ended\nann,g,evergreen,ongoing\n")
    assert read_known(path) == {
        ("ann", "w"): KnownStage(Kind.SITUATIONAL, Stage.ENDED),
        ("ann", "g"): KnownStage(Kind.EVERGREEN, Stage.ONGOING),
    }
    with pytest.raises(InputError, match="no column stage: known journeys are a CSV of user_id, label, kind, stage"):
        read_known(write(tmp_path / "short.csv", "user_id,label,kind\n"))
    with pytest.raises(InputError, match=r"odd\.csv, line 2: 'finished' is not a valid Stage"):
        read_known(write(tmp_path / "odd.csv", "user_id,label,kind,stage\nann,w,situational,finished\n"))


def test_agreement_counts_journeys_that_were_found() -> None:
    labels = dict.fromkeys("abc", "w") | dict.fromkeys("de", "g") | dict.fromkeys("fg", "k") | {"h": "lost"}
    user = labelled("ann", labels)
    journeys = [
        make_journey("ann", "j1", texts=["a", "b", "c"], stage=Stage.ENDED),
        make_journey("ann", "j2", texts=["d", "e", "f"], rank=2, kind=Kind.EVERGREEN),
        make_journey("ann", "j3", texts=["x"], rank=3),
    ]
    known = {
        ("ann", "w"): KnownStage(Kind.SITUATIONAL, Stage.ENDED),  # both right
        ("ann", "g"): KnownStage(Kind.SITUATIONAL, Stage.ONGOING),  # the stage alone
        ("ann", "k"): KnownStage(Kind.EVERGREEN, Stage.ONGOING),  # in j2, which is more of another one's
        ("ann", "lost"): KnownStage(Kind.EVERGREEN, Stage.ONGOING),  # in no journey
        ("bob", "w"): KnownStage(Kind.EVERGREEN, Stage.ONGOING),  # of a user who was not inferred
    }
    assert stage_agreement([(user, journeys)], known) == StageAgreement(known=4, found=2, kind=1, stage=2, both=1)
    assert stage_agreement([(user, [])], known) == StageAgreement(known=4, found=0, kind=0, stage=0, both=0)
