"""Names that a model wrote are checked by code."""

import pytest

from chains.names_of_groups import why_not_name
from chains.naming_candidates import words_in

TEXTS = "barn wedding venues; Rustic Barn Wedding on a Budget; huerto en macetas de azotea; gardens; 日本料理"
WORDS = set(words_in(TEXTS))
OF_USER = WORDS | {"tuscany", "kayak"}


@pytest.mark.parametrize(
    "name",
    [
        "Planning a rustic barn wedding",
        "Barn weddings",
        "Gardening",
        "Huerto de azotea en macetas",
        "日本料理",
        "Wedding ideas",
        "A Tuscan barn wedding",
    ],
)
def test_a_name_in_the_users_own_words_is_taken(name: str) -> None:
    assert why_not_name(name, WORDS, OF_USER) == ""


@pytest.mark.parametrize(
    ("name", "because"),
    [
        ("Planning your wedding", "it speaks of a person"),
        ("You are getting married: barn wedding", "it speaks of a person"),
        ("The user's wedding", "it speaks of a person"),
        ("Barn wedding for her", "it speaks of a person"),
        ("Kayak ideas", "none of its words is in the journey's texts"),
        ("Planning ideas", "none of its words is in the journey's texts"),
        ("Diabetic wedding", "it has words that are not in the texts"),
        ("Baron wedding", "it has words that are not in the texts"),
        ("Barn wedding at 12 Main Street", "it has personal data"),
        ("Barn wedding <b>", "it has markup"),
        ("Barn wedding " * 5, "it has more than 60 characters"),
        ("", "it has no letter"),
    ],
)
def test_a_name_that_fails_is_told_why(name: str, because: str) -> None:
    assert why_not_name(name, WORDS, OF_USER) == because
