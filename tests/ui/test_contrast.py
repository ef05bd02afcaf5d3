"""Colours of the stylesheet keep WCAG AA in both themes, and are told apart by more than colour."""

import re
from importlib import resources
from itertools import combinations

import pytest

STYLE = (resources.files("ui") / "style.css").read_text(encoding="utf-8")


def tokens(selector: str) -> dict[str, str]:
    block = STYLE[STYLE.index(selector) :].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))


LIGHT = tokens(":root {")
DARK = {**LIGHT, **tokens(".dark, body.dark {")}
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "card", "sunk")),
    ("on-accent", "accent"),
    *((f"{tone}-ink", f"{tone}-bg") for tone in ("blue", "green", "grey", "amber", "bad")),
    ("ring", "card"),
    *(("card", f"c{number}") for number in range(8)),
]
MARKS = [(f"c{number}", ground) for number in range(8) for ground in ("card", "sunk")] + [
    (mark, "card") for mark in ("up", "down", "total", "soft", "ring")
]


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_formula_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids=lambda name: str(name))
def test_text_can_be_read(theme: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS, ids=lambda name: str(name))
def test_marks_can_be_seen(theme: dict[str, str], mark: str, ground: str) -> None:
    assert contrast(theme[mark], theme[ground]) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_no_two_journeys_have_one_colour(theme: dict[str, str]) -> None:
    for one, other in combinations(range(8), 2):
        assert theme[f"c{one}"] != theme[f"c{other}"]


def test_nothing_is_fetched_from_elsewhere() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "http" not in STYLE
