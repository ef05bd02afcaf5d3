"""What is measured of each arm: a sum over users divided by another."""

from dataclasses import dataclass

#: What a row of results counts of one user; the first two columns of a file are user_id and arm.
COUNTS = ("sent", "opened", "clicked", "unsubscribed", "complained", "answered", "survey_positive", "visited")
USERS = "users"


@dataclass(frozen=True, slots=True)
class Metric:
    """top, bottom: two of COUNTS, or "users" for one of each user. guard: more of it is harm. about: in words."""

    name: str
    top: str
    bottom: str
    about: str
    guard: bool = False


#: Guards first. A visit counts by user, so that those who are sent nothing can be compared too.
METRICS = (
    Metric("unsubscribe", "unsubscribed", "sent", "unsubscribed of sent", guard=True),
    Metric("complaint", "complained", "sent", "complained of sent", guard=True),
    Metric("click", "clicked", "sent", "clicked of sent"),
    Metric("open", "opened", "sent", "opened of sent"),
    Metric("clicks per user", "clicked", USERS, "clicked by all users of the arm"),
    Metric("survey", "survey_positive", "answered", "positive of answered"),
    Metric("visit", "visited", USERS, "visited by all users of the arm"),
)
GUARDS = tuple(metric for metric in METRICS if metric.guard)
