"""Names as a careful model would write them for three sample users pass the checks, and bad ones don't.

They were written by hand from the users' texts; an English, a German and a Japanese user.
"""

from functools import cache
from itertools import pairwise

import pytest
from journeys_to_name import first_text, journey_of

from assistant.sample import sample_users
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.model_safety import fit_text
from chains.name_evidence import evidence_of
from chains.naming import LONGEST_NAME
from chains.safety import SensitivityChecker
from chains.word_support import Support

CHECKER = SensitivityChecker()


@cache
def _support(user_id: str, key: str) -> Support:
    user = next(user for user in sample_users() if user.user_id == user_id)
    events = [event for event, of in user.activities if of == key]
    journey: Journey = journey_of(events, first_text(events))
    return evidence_of(journey, extract_keywords(events), CHECKER).support(journey)


@pytest.mark.parametrize(
    ("user", "journey", "name"),
    [
        ("s01", "barn", "Planning a rustic barn wedding"),
        ("s01", "barn", "Planning a farm wedding reception"),
        ("s01", "barn", "DIY bouquets and centerpieces"),
        ("s01", "maine", "Planning a fall trip to Acadia"),
        ("s01", "maine", "Bar Harbor and Acadia itinerary"),
        ("s01", "sew", "Learning to sew"),
        ("s01", "sew", "Sewing dresses from a pattern"),
        ("s01", "dinner", "Easy beef and bean dinners"),
        ("s01", "dinner", "Crockpot and casserole recipes"),
        ("s22", "parzelle", "Beete im Kleingarten anlegen"),
        ("s22", "parzelle", "Gemüse im Kleingarten anbauen"),
        ("s22", "kueche", "Altbauküche renovieren"),
        ("s22", "kueche", "Kleine Küche im Altbau einrichten"),
        ("s22", "naehen", "Nähen für Anfänger"),
        ("s22", "naehen", "Kleid und Tasche nähen"),
        ("s22", "ostsee", "Urlaub mit Hund am Darß"),
        ("s22", "laube", "Gartenlaube herrichten"),
        ("s23", "camp", "家族でテント泊を始める"),
        ("s23", "camp", "焚き火とテントの道具選び"),
        ("s23", "bento", "学童のお弁当づくり"),
        ("s23", "shelf", "賃貸の壁に棚をつくる"),
        ("s23", "hokkaido", "北海道の家族旅行"),
        ("s23", "hokkaido", "北海道ドライブの計画"),
        ("s23", "birthday", "6歳の誕生日会の準備"),
    ],
)
def test_a_plausible_name_passes(user: str, journey: str, name: str) -> None:
    assert fit_text(name, support=_support(user, journey), checker=CHECKER, longest=LONGEST_NAME) == ""


UNSUPPORTED = "it has words that the keywords do not support"
PERSON = "it speaks of a person and not of the interest"


@pytest.mark.parametrize(
    ("user", "journey", "name", "because"),
    [
        ("s01", "barn", "Planning a beach wedding", UNSUPPORTED),
        ("s01", "barn", "Getting married in a barn", PERSON),
        ("s01", "barn", "Your barn wedding", PERSON),
        ("s01", "barn", "Luxury wedding on a farm", UNSUPPORTED),
        ("s01", "maine", "Honeymoon for a lonely couple", UNSUPPORTED),
        ("s01", "sew", "Learning to knit", "it rests on a single keyword that occurs once"),
        ("s01", "dinner", "Low-carb dieting dinners", "it speaks of a sensitive topic"),
        ("s01", "dinner", "Best Discount Kitchen Deals", UNSUPPORTED),
        ("s22", "parzelle", "Dein Kleingarten", PERSON),
        ("s22", "kueche", "Badezimmer im Altbau renovieren", UNSUPPORTED),
        ("s22", "ostsee", "Urlaub in Italien", UNSUPPORTED),
        ("s23", "hokkaido", "沖縄の家族旅行", UNSUPPORTED),
        ("s23", "hokkaido", "あなたの北海道旅行", PERSON),
        ("s23", "bento", "ダイエット弁当づくり", UNSUPPORTED),
    ],
)
def test_a_bad_name_does_not(user: str, journey: str, name: str, because: str) -> None:
    assert fit_text(name, support=_support(user, journey), checker=CHECKER, longest=LONGEST_NAME) == because


def test_hardly_a_name_of_a_journey_passes_for_another_users() -> None:
    """Each known name of some users, tried on the journeys of the next user."""
    users = [user for user in sample_users() if user.journeys][:10]
    passed = [
        (journey.name, other.user_id, known.key)
        for user, other in pairwise(users)
        for journey in user.journeys
        for known in other.journeys
        if not fit_text(journey.name, support=_support(other.user_id, known.key), checker=CHECKER)
    ]
    # A pram has to get up the stairs and stand in the hallway.
    assert passed == [("Restoring the hallway and stairs", "s03", "nursery")]
