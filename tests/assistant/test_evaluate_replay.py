"""`journeys evaluate replay`, from the command line on."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, failed, run, words_fixture, write_log
from homes import Row as LogRow

from assistant.replay_shown import MEANING

__all__ = ["words_fixture"]

pytestmark = pytest.mark.usefixtures("words")

WEDDING = [f"wedding cake {word}" for word in ("stand", "topper", "knife", "table", "recipe", "flowers")]
NAMES = [f"user{number}" for number in range(6)]


def write(path: Path, *, labels: bool = True) -> Path:
    """Six users save wedding things for six days, and after thirty days half of them a thing that another one has.

    Each has a search besides, in nobody's journey.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user_id", "timestamp", "kind", "text", *(("label",) if labels else ())))
        for number, name in enumerate(NAMES):
            own = [text for place, text in enumerate(WEDDING) if place != number]
            rows = [(day, "save", text, f"{name}-wedding") for day, text in enumerate(own)]
            rows.append((5, "search", "socks", ""))
            if number < 3:
                rows.append((40, "save", WEDDING[number], f"{name}-wedding"))
            else:
                rows.append((40, "search", "umbrella", ""))
            rows.append((80, "search", "the end", ""))
            for day, kind, text, label in rows:
                moment = (START + timedelta(days=day)).isoformat()
                writer.writerow((name, moment, kind, text, *((label,) if labels else ())))
    return path


CUT = ("--as-of", "2026-04-01")


def test_targets_and_items_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv")
    ran = run(capsys, "--home", tmp_path / "home", "evaluate", "replay", log, *CUT, "--horizon", "28d", "--json")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(ran.out)
    assert (told["horizon_days"], told["granularity"], told["meaning"]) == (28, "normal", MEANING)
    targets, items = told["targets"], told["items"]
    assert (targets["users"], targets["moments"]) == (6, 6)
    # Half of the users went on with the wedding, the only journey that anybody has.
    assert targets["systems"]["top journey"]["hit"]["value"] == 0.5
    assert targets["systems"]["top journey"]["days"]["value"] == 0.5
    assert targets["systems"]["best in hindsight"]["hit"]["value"] == 0.5
    # The one thing that is unseen is always recommended, and half of the users then save it.
    assert items["systems"]["journey-aware"]["hit_rate"]["value"] == 0.5
    assert items["systems"]["journey-aware"]["precision"]["value"] == pytest.approx(0.05)
    assert items["systems"]["most popular"]["hit_rate"]["value"] == 0.5
    assert [date["as_of"] for date in items["dates"]] == ["2026-04-01"]
    lifts = {(lift["system"], lift["over"], lift["measure"]): lift["rate"]["value"] for lift in items["lifts"]}
    assert lifts["journey-aware", "best interest", "precision"] == 0
    again = run(capsys, "--home", tmp_path / "home", "evaluate", "replay", log, *CUT, *CUT, "--json")
    assert again.out == ran.out, "the same again, a date that was named twice counts once"


def test_the_tables_say_what_they_mean(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv")
    ran = run(capsys, "--home", tmp_path / "home", "evaluate", "replay", log, *CUT)
    assert ran.code == 0
    assert "log.csv, targets: 6 users who came back within 28 days, 6 times" in ran.out
    assert "log.csv, items: 6 users" in ran.out
    for word in ("top journey", "best interest", "Recognised", "Precision@10", "2026-04-01"):
        assert word in ran.out
    assert "\nranking trained on: " in ran.out, "no user's own model goes unsaid"
    assert ran.out.endswith(f"{MEANING}\n")


def test_no_model_saw_the_users_with_folds(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write_labelled(tmp_path / "log.csv")
    arguments = ("evaluate", "replay", log, "--as-of", "2026-03-20", "--horizon", "5", "--folds", "2", "--no-sample")
    ran = run(capsys, "--home", tmp_path / "home", *arguments, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["models"]["affinity"] == "models of 2 folds, none of which saw the users whose journeys it found"
    assert told["targets"]["moments"] == 4
    assert "items" not in told, "no search is an item"


def write_labelled(path: Path) -> Path:
    """Four users with two topics each, labelled, who search again after the cut."""
    names = list(TOPICS)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user_id", "timestamp", "kind", "text", "label"))
        for number in range(4):
            for topic in (names[number], names[(number + 1) % 4]):
                for place, text in enumerate((*TOPICS[topic], TOPICS[topic][0])):
                    day = 20 if place == 6 else place
                    moment = (START + timedelta(days=day, hours=number)).isoformat()
                    writer.writerow((f"u{number}", moment, "search", text, f"u{number}-{topic}"))
            writer.writerow((f"u{number}", (START + timedelta(days=30)).isoformat(), "search", "the end", ""))
    return path


def test_without_labels_only_items_are_replayed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", labels=False)
    ran = run(capsys, "--home", tmp_path / "home", "evaluate", "replay", log, *CUT, "--json")
    assert set(json.loads(ran.out)) >= {"items"}
    assert "targets" not in json.loads(ran.out)


def test_without_labels_folds_are_of_returns_and_ranking(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", labels=False)
    ran = run(
        capsys, "--home", tmp_path / "home", "evaluate", "replay", log, *CUT, "--folds", "2", "--no-sample", "--json"
    )
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["models"]["ranking"] == told["models"]["stage"] != told["models"]["affinity"]
    assert told["models"]["ranking"] == "models of 2 folds, none of which saw the users whose journeys it found"


def test_what_can_not_be_replayed_is_said_in_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write(tmp_path / "log.csv", labels=False)

    def told(*arguments: str | Path) -> str:
        return failed(run(capsys, "--home", tmp_path / "home", "evaluate", "replay", *arguments))

    assert told(log, "--horizon", "soon") == '--horizon "soon" is no number of days: write it like 28d'
    assert told(log, "--horizon", "0d").startswith('--horizon "0d" is no number of days')
    assert told(log, "--folds", "1").startswith("--folds takes 2 or more")
    assert "has ended: cut it on" in told(log, "--as-of", "2026-05-19")
    assert "nobody comes back after any of the dates" in told(log, "--as-of", "2026-03-20", "--horizon", "1d", "--json")
    searches = write_log(tmp_path / "s.csv", [LogRow("ann", "a", 0), LogRow("ann", "b", 60), LogRow("ann", "c", 90)])
    assert "neither labels nor an item that two users met" in told(searches)
