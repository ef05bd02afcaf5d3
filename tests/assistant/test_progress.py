"""A log line a minute where there is no terminal, with rate and time left."""

from datetime import UTC, datetime

import pytest

from assistant.progress import Bars, line_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def test_a_line_says_rate_and_time_left() -> None:
    assert line_of("Inferring", 1_200, 10_000, 40.0, NOW) == (
        "2026-03-02T09:00:00Z Inferring: 1,200 of 10,000 users, 40.0 a second, 0:03:40 left"
    )
    assert line_of("Inferring", 0, 10, 0.0, NOW).endswith("0.0 a second, no time to be told")


def test_without_a_terminal_there_is_a_line_a_minute_and_none_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 10.0, 61.0, 90.0, 125.0])
    with Bars(clock=lambda: next(times)) as bars:
        told = bars.users("Inferring")
        for done in (100, 200, 710, 1_350):
            told(done, 2_000)
    lines = [line.partition(" ")[2] for line in capsys.readouterr().err.splitlines() if "a second" in line]
    # Those who were done before it began are not counted.
    assert lines == [
        "Inferring: 200 of 2,000 users, 1.6 a second, 0:18:18 left",
        "Inferring: 1,350 of 2,000 users, 10.0 a second, 0:01:05 left",
    ]
    with Bars(quiet=True, clock=lambda: 1e9) as bars:
        bars.users("Inferring")(1, 2)
    assert capsys.readouterr().err == ""
