"""Feedback on candidates: a set of events, whatever the order and however often; labels and results that follow."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from homes import failed, run, words_fixture
from hypothesis import given, settings
from hypothesis import strategies as st
from made_lists import made_list

from assistant.candidate_facts import CandidateFacts
from assistant.experiment.metrics import METRICS
from assistant.experiment.readout import Asked, read_out
from assistant.feedback_rows import FeedbackEvent, Outcome, read_events
from assistant.feeding_back import feed_back, results_of
from assistant.library import Library
from assistant.settings import Settings
from assistant.training.feedback import Feedback, read_feedback, with_feedback
from assistant.training.sent_feedback import label_rows
from chains.experiment_arms import Arm
from vectorstore.errors import InputError
from vectorstore.rows import Rejected

__all__ = ["words_fixture"]

DAY = datetime(2026, 4, 2, 8, 0, tzinfo=UTC)
LATER = DAY + timedelta(days=30)


class MadeCandidates:
    """Those that it was given, and no others."""

    def __init__(self, **facts: CandidateFacts) -> None:
        self.facts = facts

    def facts_of(self, keys: Collection[str]) -> Mapping[str, CandidateFacts]:
        return {key: self.facts[key] for key in keys if key in self.facts}


def facts(user_id: str, arm: Arm = Arm.JOURNEY, journey_id: str = "j0") -> CandidateFacts:
    return CandidateFacts(user_id, arm, journey_id, date(2026, 4, 1), "email", {"recency": 0.2, "start": 0.1})


KNOWN = MadeCandidates(k1=facts("ann"), k2=facts("ann", journey_id="j1"), k3=facts("bob", Arm.INTEREST, ""))


def event(key: str, kind: Outcome, hours: float = 0, answer: int = 0, event_id: str = "") -> FeedbackEvent:
    at = DAY + timedelta(hours=hours)
    return FeedbackEvent(at, key, kind, answer, event_id or f"{key} {kind} {hours} {answer}")


@pytest.fixture(name="library")
def library_fixture(tmp_path: Path) -> Iterator[Library]:
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        yield library


def kept(library: Library, candidates: MadeCandidates = KNOWN) -> dict[str, list[FeedbackEvent]]:
    return {outcome.key: list(outcome.events) for outcome in library.outcomes(candidates)}


EVENTS = st.lists(
    st.builds(
        event,
        key=st.sampled_from(["k1", "k2", "k3", "unknown"]),
        kind=st.sampled_from(Outcome),
        hours=st.integers(0, 5),
        answer=st.integers(1, 5),
        event_id=st.sampled_from(["", "", "e1", "e2"]),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(events=EVENTS, order=st.randoms(use_true_random=False), cut=st.integers(0, 12))
def test_any_order_and_twice_is_once(
    tmp_path_factory: pytest.TempPathFactory, events: list[FeedbackEvent], order: object, cut: int
) -> None:
    """The second library gets them shuffled, in two parts that overlap, and knows the candidates only at the end."""
    folder = tmp_path_factory.mktemp("feedback")
    shuffled = list(events)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    with Library(f"sqlite:///{folder / 'one'}") as one, Library(f"sqlite:///{folder / 'other'}") as other:
        assert one.put_feedback(events, KNOWN).new == len({each.event_id for each in events})
        other.put_feedback(shuffled[cut:], MadeCandidates())
        other.put_feedback(shuffled, MadeCandidates())
        assert kept(other) == {}
        assert other.resolve_feedback(KNOWN) == one.resolve_feedback(KNOWN)
        assert kept(one) == kept(other)
        assert one.put_feedback(events, KNOWN).new == 0
        assert kept(one) == kept(other)


def test_unknown_keys_stay_aside_until_they_are_known(library: Library) -> None:
    library.put_feedback([event("k1", Outcome.SENT), event("k9", Outcome.CLICKED)], KNOWN)
    assert library.resolve_feedback(KNOWN) == 1
    assert set(kept(library)) == {"k1"}
    later = MadeCandidates(**KNOWN.facts, k9=facts("cat"))
    assert library.resolve_feedback(later) == 0
    assert set(kept(library, later)) == {"k1", "k9"}


def test_forgetting_reaches_feedback(library: Library) -> None:
    library.put_feedback([event(key, Outcome.SENT) for key in ("k1", "k2", "k3")], KNOWN)
    assert library.forget("ann").feedback == 2
    assert set(kept(library)) == {"k3"}


def test_counts_of_a_candidate(library: Library) -> None:
    """A click alone is an open and was sent; of answers the last counts, and of two at one time the worse."""
    said = [event("k1", Outcome.CLICKED, 3), event("k1", Outcome.SURVEY, 5, 5), event("k1", Outcome.SURVEY, 5, 4)]
    library.put_feedback([*said, event("k1", Outcome.SURVEY, 1, 1), event("k3", Outcome.UNSUBSCRIBED)], KNOWN)
    counts = {outcome.key: outcome.counts() for outcome in library.outcomes(KNOWN)}
    nothing = dict.fromkeys(counts["k1"], 0.0)
    done = {"sent": 1.0, "opened": 1.0, "clicked": 1.0, "answered": 1.0, "survey_positive": 1.0}
    assert counts == {"k1": nothing | done, "k3": nothing | {"sent": 1.0, "unsubscribed": 1.0}}


ASKED = Asked(dict.fromkeys(Arm, 1 / 3), next(each for each in METRICS if each.name == "click"))


def test_results_by_user_and_arm(library: Library) -> None:
    library.put_feedback(
        [
            *(event(key, Outcome.SENT) for key in ("k1", "k2", "k3")),
            event("k2", Outcome.CLICKED, 30),
            event("k3", Outcome.COMPLAINED, 50),
        ],
        KNOWN,
    )
    found = results_of(library.outcomes(KNOWN))
    assert found.days == 3  # from 2 April 8:00 to 4 April 10:00
    assert found.with_assigned({}).assigned is None
    assert read_out(found.with_assigned(dict.fromkeys(Arm, 40)), ASKED).ratio.users == dict.fromkeys(Arm, 40)
    assert read_out(found.results, ASKED).ratio.users == {Arm.JOURNEY: 1, Arm.INTEREST: 1}
    told = {
        arm: {name: own.counts[name].tolist() for name in ("sent", "opened", "clicked", "complained")}
        for arm, own in found.results.arms.items()
    }
    assert told == {
        Arm.JOURNEY: {"sent": [2], "opened": [1], "clicked": [1], "complained": [0]},
        Arm.INTEREST: {"sent": [1], "opened": [0], "clicked": [0], "complained": [1]},
    }


def labels(library: Library, *events: FeedbackEvent, as_of: datetime = LATER) -> list[dict[str, Any]]:
    library.put_feedback(events, KNOWN)
    return list(label_rows(library.outcomes(KNOWN), as_of))


def test_labels_for_the_ranker(library: Library) -> None:
    rows = labels(
        library,
        event("k1", Outcome.SENT),
        event("k1", Outcome.CLICKED, 2),
        event("k2", Outcome.SENT, 1),
        event("k2", Outcome.OPENED, 2),
        event("k3", Outcome.CLICKED),
    )
    assert [(row["journey_id"], row["kind"], row["timestamp"]) for row in rows] == [
        ("j0", "click", "2026-04-02T10:00:00+00:00"),
        ("j1", "ignore", "2026-04-02T09:00:00+00:00"),
    ]
    assert rows[0]["terms"] == {"recency": 0.2, "start": 0.1}


def test_sent_yesterday_says_nothing_yet(library: Library) -> None:
    assert labels(library, event("k1", Outcome.SENT), as_of=DAY + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("more", "kind", "value"),
    [
        (event("k1", Outcome.UNSUBSCRIBED, 9), "dismiss", None),
        (event("k1", Outcome.COMPLAINED, 9), "dismiss", None),
        (event("k1", Outcome.SURVEY, 9, 5), "verdict", 5),
    ],
)
def test_what_is_said_goes_before_a_click(library: Library, more: FeedbackEvent, kind: str, value: int | None) -> None:
    rows = labels(library, event("k1", Outcome.CLICKED), more)
    assert [(row["kind"], row["value"]) for row in rows] == [(kind, value)]


def read_back(rows: Sequence[Mapping[str, object]], folder: Path) -> list[Feedback]:
    read = read_feedback(write(folder / "labels.jsonl", rows))
    assert read.rejected == []
    return read.rows


def test_the_ranker_reads_the_labels(library: Library, tmp_path: Path) -> None:
    told = read_back(labels(library, event("k1", Outcome.CLICKED), event("k2", Outcome.SENT)), tmp_path)
    assert [(each.user_id, each.journey_id, each.timestamp, each.wanted, each.weak) for each in told] == [
        ("ann", "j0", DAY, True, False),
        ("ann", "j1", DAY, False, True),
    ]


def test_to_ignore_takes_nothing_back_from_what_was_gone_on_with(library: Library, tmp_path: Path) -> None:
    """The list is as of 1 May: j0 was gone on with on no day, j1 on three, and both candidates were ignored later."""
    asked = made_list("ann", [0, 3], [1.0, 2.0], known=False)
    sent = [event(key, Outcome.SENT, 24 * 30) for key in ("k1", "k2")]
    told = read_back(labels(library, *sent, as_of=DAY + timedelta(days=60)), tmp_path)
    (labelled,), count = with_feedback([asked], told, timedelta(days=28))
    assert (labelled.days.tolist(), labelled.known.tolist(), count) == ([0, 3], [True, False], 1)


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
        path.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    return path


ROWS = [
    {"key": "k1", "kind": "sent", "timestamp": "2026-04-02T08:00:00Z"},
    {"key": "k1", "kind": "Click", "timestamp": "2026-04-02T09:00:00Z"},
    {"key": "k2", "kind": "survey", "timestamp": "2026-04-02T09:00:00Z", "value": "yes"},
    {"key": "k9", "kind": "open", "timestamp": "2026-04-02T09:00:00Z"},
]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_files_of_three_kinds_are_the_same_events(tmp_path: Path, ending: str) -> None:
    read = list(read_events(write(tmp_path / f"f.{ending}", ROWS)))
    assert [(own.key, own.kind, own.answer) for own in read if isinstance(own, FeedbackEvent)] == [
        ("k1", "sent", 0),
        ("k1", "clicked", 0),
        ("k2", "survey", 5),
        ("k9", "opened", 0),
    ]
    assert read == list(read_events(write(tmp_path / "again.jsonl", ROWS)))


def test_the_sender_s_event_id_is_never_taken_for_one_of_ours(tmp_path: Path) -> None:
    (own,) = read_events(write(tmp_path / "one.jsonl", ROWS[:1]))
    assert isinstance(own, FeedbackEvent)
    (named,) = read_events(write(tmp_path / "two.jsonl", [{**ROWS[0], "event_id": own.event_id}]))
    assert isinstance(named, FeedbackEvent)
    assert named.event_id == f"id:{own.event_id}" != own.event_id


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": ""}, "missing key"),
        ({"kind": "bounced"}, "unknown kind"),
        ({"timestamp": ""}, "missing time"),
        ({"timestamp": "soon"}, "unreadable time"),
        ({"timestamp": "1970-01-01"}, "time before 1990"),
        ({"timestamp": "2036-01-01"}, "time in the far future"),
        ({"kind": "survey", "value": "6"}, "survey without a value from 1 to 5, yes or no"),
        ({"kind": "survey", "value": "3.5"}, "survey without a value from 1 to 5, yes or no"),
        ({"key": "a\u202eb"}, "key or event_id: not a text"),
        ({"key": "k" * 501}, "key or event_id over 500 characters"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(tmp_path: Path, change: dict[str, str], reason: str) -> None:
    path = write(tmp_path / "f.jsonl", [{**ROWS[0], **change}])
    assert list(read_events(path, now=LATER)) == [Rejected(str(path), 1, reason)]


def test_too_many_bad_rows_fail_after_the_others_were_kept(library: Library, tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", [*ROWS, {"key": "k1", "kind": "bounced", "timestamp": "2026-04-02"}])
    with pytest.raises(InputError, match=r"^1 of 5 rows could not be read, .* The others were kept\."):
        feed_back([path], library, KNOWN, Settings(home=tmp_path / "home"))
    assert set(kept(library)) == {"k1", "k2"}
    told = [json.loads(line) for line in (tmp_path / "home" / "feedback_rejected.jsonl").read_text().splitlines()]
    assert told == [{"source": str(path), "line": 6, "reason": "unknown kind"}]
    fed = feed_back([path], library, KNOWN, Settings(home=tmp_path / "home", max_rejected=0.5))
    assert (fed.read, fed.new, fed.known, fed.rejected, fed.aside) == (5, 0, 4, 1, 1)


def test_the_commands(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    home, path = tmp_path / "home", write(tmp_path / "f.csv", ROWS)
    candidates = tmp_path / "candidates.jsonl"
    known: list[dict[str, object]] = [
        {"key": "k1", "user_id": "ann", "arm": "journey", "journey_id": "j0", "day": "2026-04-01", "channel": "email"},
        {"key": "k2", "user_id": "bob", "arm": "interest", "day": "2026-04-01", "terms": {"recency": 0.5}},
    ]
    write(candidates, known)
    given_ = ("--candidates", candidates)
    first = run(capsys, "--home", home, "feedback", path, *given_, "--labels", tmp_path / "labels.jsonl")
    assert first.out.splitlines() == [
        "4 rows read: 4 new, 0 known, 0 rejected; 1 kept aside, whose candidates are not known",
        f"written: {tmp_path / 'labels.jsonl'}, 1 label for the ranker",
    ]
    again = run(capsys, "--home", home, "feedback", path, *given_, "--json")
    assert json.loads(again.out) == {"read": 4, "new": 0, "known": 4, "rejected": 0, "aside": 1, "reasons": {}}
    read = run(capsys, "--home", home, "experiment", "--from-feedback", *given_, "--json")
    rates = json.loads(read.out)["rates"]
    assert rates["click"]["journey"]["value"] == 1
    assert rates["survey"] == {"interest": {**rates["survey"]["interest"], "value": 1, "events": 1, "base": 1}}
    candidates.write_text("no json\n", encoding="utf-8")
    assert failed(run(capsys, "--home", home, "feedback", path, *given_)) == (
        f"{candidates}: line 1 is no candidate: give the JSONL of journeys notify"
    )
