"""Each rule by a case made for it."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest
from made_notifications import NOW, made_journey, made_recipient

from chains.journeys import Policy, Stage
from chains.notification import MEANS, Channel, Reason, Recipient, Sent, candidate_key
from chains.notification_rules import (
    NotifyPolicy,
    find_slot,
    refuse_journey,
    refuse_often,
    refuse_target,
    refuse_user,
)
from chains.quiet_hours import Slot

POLICY = NotifyPolicy()
DAY = NOW.date()


def sent(days_ago: int, channel: str = "email", target_id: str = "", topic: str = "") -> Sent:
    return Sent(DAY - timedelta(days=days_ago), channel, target_id, topic)


def test_every_reason_has_its_meaning() -> None:
    assert set(MEANS) == set(Reason)


@pytest.mark.parametrize(
    ("recipient", "reason"),
    [
        (None, Reason.NOT_LISTED),
        (made_recipient(email=False), Reason.NO_CONSENT),
        (Recipient("ann", {}), Reason.NO_CONSENT),
        (made_recipient(channel="push"), Reason.OTHER_CHANNEL),
        (made_recipient(channel="sms"), Reason.OTHER_CHANNEL),
        (made_recipient(minor=True), Reason.MINOR),
        (made_recipient(push=False, channel="email"), None),
    ],
)
def test_whether_a_user_may_be_told_anything(recipient: Recipient | None, reason: Reason | None) -> None:
    assert refuse_user(recipient, Channel.EMAIL) is reason


def test_no_more_than_so_many_a_day_over_all_channels() -> None:
    assert refuse_often([sent(0, "push")], DAY, POLICY) is Reason.DAY_CAP
    assert refuse_often([sent(0, "push")], DAY, replace(POLICY, a_day=2)) is None
    assert refuse_often([sent(1)], DAY, POLICY) is None


def test_no_more_than_so_many_in_seven_days() -> None:
    three = [sent(1), sent(3, "push"), sent(6, "email")]
    assert refuse_often(three, DAY, POLICY) is Reason.WEEK_CAP
    assert refuse_often(three[:2], DAY, POLICY) is None
    assert refuse_often([*three[:2], sent(7)], DAY, POLICY) is None, "seven days ago is another week"
    assert refuse_often([sent(-1), sent(-2), sent(-3)], DAY, POLICY) is None, "what comes later does not count"


def test_when_somebody_may_be_told_something() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    six, seven = NOW + timedelta(hours=6), NOW + timedelta(hours=19)
    assert find_slot("", berlin, NOW, POLICY) == find_slot("Europe/Berlin", UTC, NOW, POLICY) == Slot(six, seven)
    assert find_slot("Europe/Atlantis", UTC, NOW, POLICY) is Reason.UNKNOWN_ZONE
    assert find_slot("../../etc/passwd", UTC, NOW, POLICY) is Reason.UNKNOWN_ZONE
    assert find_slot("", UTC, NOW + timedelta(hours=22), POLICY) is Reason.QUIET_HOURS


def test_whether_a_journey_may_be_told() -> None:
    lost = made_journey(texts=("called off the wedding", "refund of the venue"))
    cases = {
        made_journey(): None,
        made_journey(policy=Policy.IN_APP): Reason.SENSITIVE,
        made_journey(policy=Policy.BLOCK): Reason.SENSITIVE,
        lost: Reason.CALLED_OFF,
        lost.model_copy(update={"stage": Stage.ENDED}): Reason.CALLED_OFF,
        made_journey(stage=Stage.ENDED): Reason.ENDED,
        made_journey("never"): Reason.NEVER_NOTIFY,
        made_journey(confidence=0.39): Reason.LOW_CONFIDENCE,
    }
    for journey, reason in cases.items():
        assert refuse_journey(journey, {"never"}, POLICY) is reason


def test_a_low_score_is_not_told() -> None:
    assert refuse_target("t", "Garden paths", 0.29, 0.3, [], DAY, POLICY) == (Reason.LOW_SCORE, 0.29)
    assert refuse_target("t", "Garden paths", 0.3, 0.3, [], DAY, POLICY) == (None, 0.3)


def test_the_same_is_not_told_again_before_it_has_cooled_down() -> None:
    assert refuse_target("t", "a path", 0.9, 0.3, [sent(13, "push", "t")], DAY, POLICY) == (Reason.COOL_DOWN, 0.9)
    assert refuse_target("t", "a path", 0.9, 0.3, [sent(14, "push", "t")], DAY, POLICY) == (None, 0.9)


def test_what_is_like_what_was_told_counts_less() -> None:
    told = [sent(2, topic="Garden path")]
    assert refuse_target("t", "Garden paths", 0.8, 0.3, told, DAY, POLICY) == (None, 0.4)
    assert refuse_target("t", "Garden paths", 0.5, 0.3, told, DAY, POLICY) == (Reason.REPEATS, 0.25)
    assert refuse_target("t", "Garden paths", 0.8, 0.3, told * 2, DAY, POLICY) == (Reason.REPEATS, 0.2)
    assert refuse_target("t", "Rain barrels", 0.5, 0.3, told, DAY, POLICY) == (None, 0.5)
    assert refuse_target("t", "Garden paths", 0.5, 0.3, [sent(14, topic="Garden path")], DAY, POLICY) == (None, 0.5)


def test_a_key_is_of_user_channel_day_and_salt() -> None:
    keys = {
        candidate_key(user, channel, day, salt)
        for user in ("ann", "an")
        for channel in Channel
        for day in (date(2026, 6, 10), date(2026, 6, 11))
        for salt in ("notify", "other")
    }
    assert len(keys) == 16
    assert candidate_key("ann", Channel.EMAIL, date(2026, 6, 10), "notify") == "2812b5e7394079a98cd57a71ae7cfabf"
