"""The judge on the command line, against a server on loopback: judging, validating, the gate, and forgetting."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import Ran, failed, home_fixture, log_fixture, made, run, words_fixture
from model_server import ModelServer, serving

from assistant.commands.judges import NO_JUDGE
from assistant.evaluation.human_levels import read_rated_names, read_rated_queries
from assistant.judge_gate import gate_for
from assistant.kept_judgements import JudgeTask, Validation
from chains.relevance import STEP

__all__ = ["home_fixture", "log_fixture", "words_fixture"]

SHARED = Path(__file__).parents[3] / "shared" / "data"
MODEL = "openai:judge"
HEAD = "user_id,journey_id,rater,score,at"


def by_name(levels: dict[str, int]) -> Any:
    """A judge that gives each journey the level of its name, and cites the first event."""

    def answering(request: dict[str, Any]) -> str:
        asked = request["messages"][1]["content"]  # Also where the reply went back.
        data = json.loads(asked.split("<data>")[1].split("</data>")[0])
        if "journeys" in data:
            rated: list[dict[str, Any]] = [
                {
                    "journey": each["journey"],
                    "events": [1],
                    "explanation": f"On several days {each['name']}.",
                    "score": levels[each["name"]],
                }
                for each in data["journeys"]
            ]
        else:
            things = data.get("names") or data["results"]
            rated = [
                {"number": each["number"], "reason": "", "score": levels[each.get("name") or each["title"]]}
                for each in things
            ]
        return json.dumps({"ratings": rated})

    return answering


@pytest.fixture(name="server")
def server_fixture(home: Path) -> Iterator[ModelServer]:
    """A server that the home's settings name as judge, and that gives each stored journey a 4."""
    with made(home) as assistant:
        levels = {journey.name: 4 for journey in assistant.all_journeys()}
    assert len(levels) == 3
    with serving(ModelServer(by_name(levels))) as server:
        settings = f'[models.judge]\nmodel = "{MODEL}"\nbase_url = "{server.url}"\ninput_price = 1\noutput_price = 2\n'
        (home / "journeys.toml").write_text(settings)
        yield server


def ids(home: Path) -> dict[str, list[tuple[str, str]]]:
    """By user, id and name of each journey."""
    with made(home) as assistant:
        found: dict[str, list[tuple[str, str]]] = {"ann": [], "bob": []}
        for journey in assistant.all_journeys():
            found[journey.user_id].append((journey.journey_id, journey.name))
    return found


def label(home: Path, path: Path, levels: list[list[int]]) -> Path:
    """Labels of the three journeys, one a rater for each level given."""
    places = [(user_id, own[0]) for user_id, journeys in sorted(ids(home).items()) for own in journeys]
    rows = [
        f"{user_id},{journey_id},r{rater},{level},2026-07-01"
        for (user_id, journey_id), of_one in zip(places, levels, strict=True)
        for rater, level in enumerate(of_one)
    ]
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return path


def told(ran: Ran) -> Any:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)


def test_without_a_model_one_line_says_how_to_set_one(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = label(home, home / "labels.csv", [[1], [2], [3]])
    for arguments in (("judge",), ("evaluate", "judge", labels)):
        assert failed(run(capsys, "--home", home, *arguments)) == NO_JUDGE
    assert NO_JUDGE.startswith("no model is set to judge with: set models.judge.model ")


def test_journeys_are_judged_shown_and_kept(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(run(capsys, "--home", home, "judge", "--json", "--audit", home / "audit.jsonl"))
    assert (found["users"], found["judged"], found["mean_score"], found["consistency"]) == (2, 3, 4, 1)
    assert (found["usage"]["calls"], len(server.requests)) == (6, 6)
    usage = found["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (server.input_tokens, server.output_tokens)
    assert usage["cost"] == pytest.approx((server.input_tokens + 2 * server.output_tokens) / 1e6)
    assert len((home / "audit.jsonl").read_text().splitlines()) == 6
    first = found["judgements"][0]
    assert (first["user_id"], first["rank"], first["scores"], first["validated"]) == ("ann", 1, [4, 4, 4], False)
    assert first["explanation"] == f"On several days {first['name']}."
    with made(home) as assistant:
        kept = assistant.library.judgements("ann")
        assert [each.judgement.journey_id for each in kept] == [journey_id for journey_id, _ in ids(home)["ann"]]
        assert {each.judgement.run_id for each in kept} == {"run-000001"}
        assert {(each.judgement.score, each.judgement.prompt_version) for each in kept} == {(4, STEP.prompt_version)}

    shown = run(capsys, "--home", home, "judge", "--user", "bob", "--samples", "1")
    assert shown.code == 0
    assert "1 journey by level: 5: 0, 4: 1, 3: 0, 2: 0, 1: 0; mean 4.00\n0 calls, 0 tokens in" in shown.out
    assert "take these scores with care: the judge openai:judge at" in shown.out
    with made(home) as assistant:
        (again,) = assistant.library.judgements("bob")
        assert again.judgement.scores == (4,)


def test_what_a_judge_said_is_forgotten_with_the_user(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    told(run(capsys, "--home", home, "judge", "--json"))
    with made(home) as assistant:
        others = assistant.library.judgements("bob")
        his = assistant.library.judgements("ann")
        erased = assistant.forget("ann")
        assert (erased.library.judgements, erased.remaining, erased.replies) == (2, 0, 3)
        assert assistant.library.judgements("ann") == []
        assert assistant.library.judgements("bob") == others
        assert assistant.library.put_judgements([his[0].judgement]) == 0, "nothing comes back after forgetting"
    left = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert all(each.judgement.explanation.encode() not in left for each in his)
    assert others[0].judgement.explanation.encode() in left


def test_a_budget_ends_cleanly_and_what_was_judged_is_kept(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(capsys, "--home", home, "judge", "--json", "--max-tokens", "10")
    assert ran.code == 1
    assert "the budget of 10 tokens ends before the next call" in ran.err
    assert json.loads(ran.out)["judged"] == 0
    assert server.requests == []


def test_the_gate_refuses_then_opens_then_closes(
    home: Path,
    server: ModelServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journeys = [name for _, own in sorted(ids(home).items()) for _, name in own]
    server.answering = by_name(dict(zip(journeys, (1, 3, 5), strict=True)))
    refused = failed(run(capsys, "--home", home, "judge", "--require-validated"))
    assert refused == (
        f"the judge {MODEL} at {server.url} with prompt {STEP.prompt_version} was not validated on journeys: "
        f"run journeys evaluate judge LABELS, with labels of journeys ({HEAD.replace(',', ', ')})"
    )
    assert server.requests == []

    labels = label(home, tmp_path / "labels.csv", [[1, 2], [3, 4], [5, 5]])
    few = run(capsys, "--home", home, "evaluate", "judge", labels)
    assert "the judge does not pass, since 3 labels are fewer than 30; lower ends" in few.out
    monkeypatch.setattr("assistant.evaluation.judge_agreement.LEAST_COMPARED", 3)
    monkeypatch.setattr("assistant.judgements_shown.LEAST_COMPARED", 3)
    found = told(run(capsys, "--home", home, "evaluate", "judge", labels, "--json"))
    assert (found["passes"], found["compared"], found["judge"]["exact"]["value"]) == (True, 3, 1)
    # Each rater: 1-1 1-2 3-3 3-4 5-5 5-5; among raters 1-2 3-4 5-5.
    assert found["each_rater"]["exact"]["value"] == pytest.approx(4 / 6)
    assert found["humans"]["exact"]["value"] == pytest.approx(1 / 3)
    reported = told(run(capsys, "--home", home, "judge", "--require-validated", "--json"))
    assert [each["score"] for each in reported["judgements"]] == [1, 3, 5]
    assert (reported["unvalidated"], {each["validated"] for each in reported["judgements"]}) == (0, {True})

    against = label(home, tmp_path / "against.csv", [[5], [3], [1]])
    shown = run(capsys, "--home", home, "evaluate", "judge", against)
    assert shown.code == 0
    assert "the judge does not pass; lower ends of the intervals: quadratic weighted kappa -1.00" in shown.out
    refused = failed(run(capsys, "--home", home, "judge", "--require-validated"))
    assert "did not pass on" in refused


def test_scores_of_a_model_that_stood_in_are_not_reported(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    dead = "http://127.0.0.1:9/v1"
    (home / "journeys.toml").write_text(
        f'[models.judge]\nmodel = "openai:dead"\nbase_url = "{dead}"\nattempts = 1\n'
        f'[models.fallback]\nmodel = "{MODEL}"\nbase_url = "{server.url}"\n'
    )
    with made(home) as assistant:
        now = assistant.library.runs()[0].started
        label_of_dead = f"openai:dead at {dead}"
        passed = Validation(JudgeTask.JOURNEYS, label_of_dead, STEP.prompt_version, True, now, {})
        assistant.library.put_validation(passed)
    found = told(run(capsys, "--home", home, "judge", "--require-validated", "--json", "--samples", "1"))
    assert (found["judged"], found["unvalidated"], found["judgements"]) == (0, 3, [])
    shown = run(capsys, "--home", home, "judge", "--require-validated", "--samples", "1")
    assert "not reported: 3 scores of a model that stood in and was not validated" in shown.out


def test_faults_in_turn_cost_samples_and_never_the_account(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults = ("", "429", "", "malformed", "", "", "schema", "", "", "refusal", "")
    found = told(run(capsys, "--home", home, "judge", "--json", "--samples", "5"))
    usage = found["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (server.input_tokens, server.output_tokens)
    assert len(server.requests) > 10
    assert [each["score"] for each in found["judgements"]] == [4, 4, 4]
    missing = [each for each in found["judgements"] if len(each["scores"]) < 5]
    assert missing
    assert all(each["because"] for each in missing)
    assert any("the model declined" in each["because"] for each in missing)


def test_a_validation_of_another_task_prompt_or_model_opens_nothing(home: Path) -> None:
    with made(home) as assistant:
        now = assistant.library.runs()[0].started
        right = Validation(JudgeTask.JOURNEYS, "m", "p-1", True, now, {"file": "x"})
        for task, model, prompt in ((JudgeTask.RESULTS, "m", "p-1"), (JudgeTask.JOURNEYS, "n", "p-1")):
            assistant.library.put_validation(Validation(task, model, prompt, True, now, {}))
        assert "was not validated" in gate_for("m", "p-1", assistant.library.validations()).because
        assistant.library.put_validation(right)
        assert assistant.library.validations()[0] == right
        assert gate_for("m", "p-1", assistant.library.validations()).is_open
        assert not gate_for("m", "p-2", assistant.library.validations()).is_open


def test_labels_of_journeys_that_are_gone_are_counted(
    home: Path, server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(f"{HEAD}\nann,gone,r,4,2026-07-01\nnobody,gone,r,4,2026-07-01\n")
    ran = run(capsys, "--home", home, "evaluate", "judge", labels)
    assert ran.code == 1
    assert "left out: 2 labelled journeys that the last run has no longer" in ran.out
    assert "nothing was compared, so nothing is validated" in ran.out
    with made(home) as assistant:
        assert assistant.library.validations() == []


def test_rated_names_and_results_can_be_judged(
    home: Path, server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("topic_id,keywords,name,human\n1,a|b,x,0\n1,a|b,y,3\n2,c|d,v,1.5\n2,c|d,w,3\n")
    server.answering = by_name({"x": 2, "y": 5, "v": 3, "w": 3, "t": 1, "u": 4})
    found = told(run(capsys, "--home", home, "evaluate", "judge", names, "--json", "--samples", "1"))
    # Judge 2 5 3 3 against 1 5 3 5: squared differences add up to 5. By chance, over
    # all 16 pairs: (4 * (47 + 60) - 2 * 13 * 14) / 4 = (428 - 364) / 4 = 16, so kappa = 1 - 5 / 16.
    assert found["judge"]["kappa"]["value"] == pytest.approx(1 - 5 / 16)
    assert (found["task"], found["compared"], found["judge"]["within_one"]["value"]) == ("names", 4, 0.75)
    assert (found["passes"], found["consistency"], found["humans"]) == (False, None, None)
    results = tmp_path / "results.csv"
    head = "year,topic,topic_description,query_seen,doc_id,title,snippet,relevance"
    results.write_text(f"{head}\n2012,1,need,q,d1,t,s,0\n2012,2,need,q,d2,u,s,3\n2012,2,need,q,d3,u,s,2\n")
    found = told(run(capsys, "--home", home, "evaluate", "judge", results, "--json"))
    assert (found["task"], found["compared"], found["judge"]["exact"]["value"]) == ("results", 3, pytest.approx(2 / 3))
    limited = told(run(capsys, "--home", home, "evaluate", "judge", results, "--json", "--limit", "1"))
    assert limited["compared"] in {1, 2}


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the development data beside the project")
def test_the_shared_ratings_become_levels() -> None:
    queries = read_rated_queries(SHARED / "relevance_ratings.csv")
    levels = [level for query in queries for level in query.levels]
    assert [levels.count(level) for level in (1, 2, 3, 4, 5)] == [1181, 299, 75, 7, 95]
    names = read_rated_names(SHARED / "name_ratings.csv")
    assert sum(len(each.names) for each in names) == 2014
    assert {level for each in names for level in each.levels} == {1, 2, 3, 4, 5}
