"""What is known of a run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from homes import MadeAssistant, made, made_rows, write_log
from made_journeys import make_journey

from assistant.judge_gate import Gate
from assistant.run_quality import cost_of_good, current_journeys, judged_run
from chains.journeys import Journey, NamedBy, Policy, Stage, Verdict
from chains.judgement import Judgement
from chains.metering import Usage
from vectorstore.errors import InputError


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with made(tmp_path / "home") as assistant:
        rows = [row for user in ("ann", "bob") for row in made_rows(user, "wedding", "garden")]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer(as_of=datetime(2026, 5, 1, tzinfo=UTC))
        yield assistant


def journey(name: str, rank: int, **changed: object) -> Journey:
    return make_journey(name=name, rank=rank, journey_id=str(rank)).model_copy(update=changed)


def sensitive(category: str) -> Verdict:
    return Verdict(policy=Policy.IN_APP, category=category, because="it says so")


def test_journeys_are_counted_by_hand() -> None:
    found = current_journeys(
        [
            journey("One", 1, confidence=1.0),
            journey("Two", 2, confidence=0.35, stage=Stage.ENDED, safety=sensitive("health")),
            journey("Three", 3, confidence=0.39, named_by=NamedBy.PERSON, fallback="no model answered"),
        ],
        users=2,
    )
    assert found.confidence == (0, 0, 0, 2, 0, 0, 0, 0, 0, 1)
    assert found.standing == {"ongoing": 2, "ended": 1}
    assert found.named_by == {"keyword": 2, "person": 1}
    assert found.fallbacks == {"no model answered": 1}
    assert found.safety == {"allow": 2, "health": 1}
    assert found.mean_a_user == 1.5


def test_sensitive_categories_of_few_are_told_together() -> None:
    named = ("health", "health", "religion", "finances")
    some = [journey(str(rank), rank, safety=sensitive(category)) for rank, category in enumerate(named, 1)]
    assert current_journeys(some, 4, least=2).safety == {"health": 2, "other": 2}


def test_a_run_that_was_overtaken_says_what_is_no_longer_known(assistant: MadeAssistant) -> None:
    first = assistant.library.runs()[0].run_id
    whole = assistant.reading.qualities.of(first)
    assert whole.is_whole
    assert whole.changes == {"born": whole.run.journeys}
    assistant.infer(as_of=datetime(2026, 5, 2, tzinfo=UTC), users=["ann"])
    partly = assistant.reading.qualities.of(first)
    assert partly.current is not None
    assert (partly.is_whole, partly.current.users, partly.run.users) == (False, 1, 2)
    assistant.infer(as_of=datetime(2026, 5, 3, tzinfo=UTC))
    gone = assistant.reading.qualities.of(first)
    assert gone.current is None
    assert gone.run.journeys == whole.run.journeys


def test_a_run_that_is_not_there_is_said(assistant: MadeAssistant) -> None:
    with pytest.raises(InputError, match="there is no run 'run-9'"):
        assistant.reading.qualities.of("run-9")


def test_others_than_the_sample_users_are_not_measured(assistant: MadeAssistant) -> None:
    assert assistant.reading.qualities.sample() is None


def judgement(name: str, *scores: int, model: str = "openai:judge") -> Judgement:
    return Judgement("ann", name, "run-000001", 1, name, scores, model=model, prompt_version="relevance/1")


def test_judged_levels_are_the_middle_of_the_samples() -> None:
    some = [judgement("a", 4, 5, 4), judgement("b", 1, 1, 2), judgement("c"), judgement("a", 5, model="other")]
    first, other = judged_run(some, lambda model, prompt: Gate("" if model == "other" else "not validated"))
    assert (first.levels, first.judged, first.good, first.mean) == ((1, 0, 0, 1, 0), 2, 1, 2.5)
    assert first.gate.because == "not validated"
    assert other.gate.is_open


def test_the_cost_of_a_good_journey_needs_a_validated_judge(assistant: MadeAssistant) -> None:
    run = assistant.library.runs()[0]
    judgements = [judgement("a", 4), judgement("b", 2)]
    usage = {("name", "openai:m"): Usage(3, 100, 10, cost=0.8)}
    found = assistant.reading.qualities.of(run.run_id)
    for because, cost in (("not validated", None), ("", 0.8 / (run.journeys / 2))):
        judged = judged_run(judgements, lambda model, prompt, why=because: Gate(why))  # type: ignore[misc]
        whole = type(found)(found.run, found.changes, usage, judged, found.current)
        assert cost_of_good(whole) == cost
