"""`journeys labels`: said, listed, taken back, and exported for training and judging."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from homes import Row, failed, home_fixture, log_fixture, made, run, words_fixture, write_log
from model_server import ModelServer, serving
from test_judge import by_name

from assistant.evaluation.human_levels import JourneyLabel, read_labels, task_of
from assistant.exported_labels import SCHEMA
from assistant.kept_judgements import JudgeTask
from chains.labels import LabelKind
from chains.rhythm import FEATURES

__all__ = ["home_fixture", "log_fixture", "words_fixture"]

Capsys = pytest.CaptureFixture[str]


def add(capsys: Capsys, home: Path, *said: str) -> dict[str, Any]:
    ran = run(capsys, "--home", home, "labels", "add", *said, "--by", "eve", "--json")
    assert (ran.code, ran.err) == (0, "")
    label: dict[str, Any] = json.loads(ran.out)
    return label


def listed(capsys: Capsys, home: Path, *which: str) -> list[tuple[str, str]]:
    found = json.loads(run(capsys, "--home", home, "labels", "list", *which, "--json").out)
    return [(each["kind"], each["state"]) for each in found]


def test_said_listed_and_taken_back(home: Path, capsys: Capsys) -> None:
    assert "Nobody has said anything" in run(capsys, "--home", home, "labels", "list").out
    ran = run(capsys, "--home", home, "labels", "add", "ann", "1", "rename", "--by", "eve", "--name", "[b]A new home")
    assert ran.code == 0
    assert "is called “[b]A new home”; see: journeys changes ann" in ran.out
    names = [each["name"] for each in json.loads(run(capsys, "--home", home, "show", "ann", "--json").out)]
    assert "[b]A new home" in names
    changes = json.loads(run(capsys, "--home", home, "changes", "ann", "--json").out)
    assert changes[-1]["kind"] == "renamed"

    table = run(capsys, "--home", home, "labels", "list").out
    assert "“[b]A" in table
    add(capsys, home, "bob", "1", "split", "--keyword", "raised beds", "--keyword", "rose pruning")
    assert listed(capsys, home) == [("rename", "holds"), ("split", "holds")]
    assert listed(capsys, home, "bob") == [("split", "holds")]
    assert listed(capsys, home, "--kind", "rename") == [("rename", "holds")]
    label_id = json.loads(run(capsys, "--home", home, "labels", "list", "ann", "--json").out)[0]["label_id"]
    assert run(capsys, "--home", home, "labels", "withdraw", label_id).out == f"taken back: {label_id}\n"
    assert listed(capsys, home, "ann") == [("rename", "withdrawn")]
    assert "[b]A new home" not in run(capsys, "--home", home, "show", "ann", "--json").out


def test_what_is_wrong_is_one_line(home: Path, capsys: Capsys, tmp_path: Path) -> None:
    def said(*arguments: str | Path) -> str:
        return failed(run(capsys, "--home", home, "labels", *arguments))

    assert said("add", "ann", "1", "verdict", "--by", "eve", "--score", "9") == (
        "a verdict is a score of 1 to 5, not 9"
    )
    assert said("add", "ann", "1", "merge", "--by", "eve") == "merge needs another journey, which goes into this one"
    assert "no inference of a user 'zoe'" in said("add", "zoe", "1", "over", "--by", "eve")
    assert said("withdraw", "x") == "there is no label 'x': see them with journeys labels list"
    assert said("export", tmp_path / "labels.txt").endswith(
        "labels are written as .jsonl, .parquet, or verdicts as .csv"
    )
    assert "only verdicts are written as CSV" in said("export", tmp_path / "labels.csv", "--kind", "over")
    assert "no such folder" in said("export", tmp_path / "none" / "labels.csv")


def test_exported_verdicts_go_straight_to_the_judge(home: Path, capsys: Capsys, tmp_path: Path) -> None:
    for user, which, score in (("ann", "1", "5"), ("ann", "2", "2"), ("bob", "1", "3")):
        add(capsys, home, user, which, "verdict", "--score", score)
    add(capsys, home, "ann", "1", "verdict", "--score", "4")
    add(capsys, home, "ann", "1", "over")
    path = tmp_path / "labels.csv"
    ran = run(capsys, "--home", home, "labels", "export", path)
    assert (ran.code, ran.out) == (0, f"written: 4 labels to {path}\n")
    with made(home) as assistant:
        by_user = {user: [each.journey_id for each in assistant.journeys(user)] for user in ("ann", "bob")}
        said = {label.journey_id: label.score for label in assistant.labels() if label.score}
        names = [journey.name for journey in assistant.all_journeys()]
    assert task_of(path) is JudgeTask.JOURNEYS
    expected = [JourneyLabel(user, each, "eve", said[each]) for user, own in by_user.items() for each in sorted(own)]
    assert read_labels(path) == sorted(expected, key=lambda each: (each.user_id, each.journey_id))
    assert sorted(label.level for label in read_labels(path)) == [2, 3, 4]

    with serving(ModelServer(by_name(dict.fromkeys(names, 4)))) as server:
        settings = f'[models.judge]\nmodel = "openai:judge"\nbase_url = "{server.url}"\n'
        (home / "journeys.toml").write_text(settings)
        ran = run(capsys, "--home", home, "evaluate", "judge", path, "--samples", "1", "--json")
    figures = json.loads(ran.out)
    assert (figures["rated"], figures["compared"], figures["missing"]) == (3, 3, 0)


def test_every_kind_leaves_with_the_features_of_its_journey(home: Path, capsys: Capsys, tmp_path: Path) -> None:
    add(capsys, home, "ann", "1", "merge", "--other", "2", "--note", "one flat")
    add(capsys, home, "bob", "1", "not_a_journey")
    gone = add(capsys, home, "ann", "1", "over")
    run(capsys, "--home", home, "labels", "withdraw", gone["label_id"])
    jsonl, parquet = tmp_path / "labels.jsonl", tmp_path / "labels.parquet"
    done = json.loads(run(capsys, "--home", home, "labels", "export", jsonl, "--json").out)
    assert done == {"written": 2, "withheld": 0, "file": str(jsonl)}
    merge, none = (json.loads(line) for line in jsonl.read_text(encoding="utf-8").splitlines())
    assert list(merge) == SCHEMA.names
    assert (merge["kind"], merge["state"], merge["note"], merge["score"]) == ("merge", "holds", "one flat", None)
    with made(home) as assistant:
        [journey] = assistant.journeys("ann")
        assert (merge["journey_id"], merge["name"], merge["rank"]) == (journey.journey_id, journey.name, 1)
        assert merge["journey_score"] == journey.score
        assert sorted(merge["texts"] + merge["other_texts"]) == sorted(journey.texts)
    assert (none["kind"], none["name"], none["rank"], none["keywords"]) == ("not_a_journey", None, None, None)
    # Features are those of the journey when it was labelled: so many events and texts, as a log of 1 + count.
    assert [merge["feature_texts"], none["feature_texts"]] == [none["feature_events"], none["feature_events"]]
    assert all(isinstance(none[f"feature_{name}"], float) for name in FEATURES)

    run(capsys, "--home", home, "labels", "export", parquet)
    rows = pq.read_table(parquet)
    assert rows.schema.equals(SCHEMA)
    assert [row["label_id"] for row in rows.to_pylist()] == [merge["label_id"], none["label_id"]]
    assert run(capsys, "--home", home, "labels", "export", parquet, "--kind", "merge").code == 0
    assert pq.read_table(parquet).num_rows == 1
    assert list(tmp_path.glob(".*unfinished")) == []


def test_nothing_that_is_blocked_leaves(home: Path, capsys: Capsys, tmp_path: Path) -> None:
    texts = ("knee arthritis", "knee arthritis diet", "knee arthritis surgery", "knee arthritis brace")
    log = write_log(tmp_path / "more.csv", [Row("kim", text, day) for day, text in enumerate(texts)])
    with made(home) as assistant:
        assistant.ingest([log])
        assistant.infer()
        assistant.add_label("kim", "1", LabelKind.VERDICT, by="eve", score=4)
        assistant.add_label("bob", "1", LabelKind.VERDICT, by="eve", score=3)
    path = tmp_path / "labels.csv"
    assert "written: 2 labels" in run(capsys, "--home", home, "labels", "export", path).out
    assert "arthritis" in path.read_text(encoding="utf-8")
    (home / "journeys.toml").write_text('[safety]\nhealth = "block"\n')
    ran = run(capsys, "--home", home, "labels", "export", path)
    assert ran.out == f"written: 1 label to {path}\nwithheld: 1 label of what is blocked\n"
    content = path.read_text(encoding="utf-8")
    assert "arthritis" not in content
    assert [row["user_id"] for row in csv.DictReader(content.splitlines())] == ["bob"]
