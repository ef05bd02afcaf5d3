"""Settings of notifications: how often, when, about what, and what the columns of the users file are called."""

from datetime import time
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from assistant.settings_section import Section
from chains.journeys import Probability
from chains.notification import Channel
from chains.notification_rules import NotifyPolicy


class UserColumns(Section):
    """What the columns of the users file are called. Only user_id has to be there."""

    user_id: str = Field(default="user_id", min_length=1)
    email_consent: str = Field(default="email_consent", min_length=1)
    push_consent: str = Field(default="push_consent", min_length=1)
    timezone: str = Field(default="timezone", min_length=1)
    language: str = Field(default="language", min_length=1)
    channel: str = Field(default="channel", min_length=1)
    minor: str = Field(default="minor", min_length=1)
    age: str = Field(default="age", min_length=1)

    @property
    def consents(self) -> dict[Channel, str]:
        return {Channel.EMAIL: self.email_consent, Channel.PUSH: self.push_consent}


def _names(given: Any) -> Any:
    """Names with commas between, as the environment gives them."""
    return tuple(filter(None, map(str.strip, given.split(",")))) if isinstance(given, str) else given


class NotifySettings(Section):
    """a_day, a_week: messages at most, over all channels. quiet_from, quiet_until: on the user's clock. least_slot:
    minutes. cool_down_days, repeat_days, repeat_penalty, and the floors of score, expansion, confidence, interest: see
    `NotifyPolicy`. least_age: younger users are minors. salt: of the keys. segments: columns to carry along."""

    a_day: int = Field(default=1, ge=1)
    a_week: int = Field(default=3, ge=1)
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    least_slot: int = Field(default=30, ge=1, le=24 * 60)
    cool_down_days: int = Field(default=14, ge=0)
    repeat_days: int = Field(default=14, ge=0)
    repeat_penalty: float = Field(default=0.5, gt=0, le=1)
    score_floor: Probability = 0.4
    expansion_floor: Probability = 0.05
    confidence_floor: Probability = 0.4
    interest_floor: Probability = 0.05
    least_age: int = Field(default=18, ge=0)
    salt: str = Field(default="notify", min_length=1)
    segments: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()
    columns: UserColumns = UserColumns()

    @model_validator(mode="after")
    def _clocks_without_zone(self) -> Self:
        if self.quiet_from.tzinfo or self.quiet_until.tzinfo:
            raise ValueError("quiet hours are on each user's own clock: give them without a zone, such as 21:00")
        return self

    @property
    def policy(self) -> NotifyPolicy:
        return NotifyPolicy(
            a_day=self.a_day,
            a_week=self.a_week,
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            least_minutes=self.least_slot,
            cool_down_days=self.cool_down_days,
            repeat_days=self.repeat_days,
            repeat_penalty=self.repeat_penalty,
            score_floor=self.score_floor,
            expansion_floor=self.expansion_floor,
            confidence_floor=self.confidence_floor,
            interest_floor=self.interest_floor,
        )
