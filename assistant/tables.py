"""The tables of the library, the same in SQLite and PostgreSQL.

A change here needs a step in `migrations.py` too: a new library is made from this page, an old one by the steps.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class UtcTime(TypeDecorator[datetime]):
    """Aware times in, aware times in UTC out. SQLite keeps no zone, so there the column holds UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _id() -> String:
    """Ordered by code point, as Python and SQLite order text; PostgreSQL would follow the database's language."""
    return String().with_variant(String(collation="C"), "postgresql")


METADATA = MetaData()

schema_version = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))

runs = Table(
    "runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run_id", _id(), nullable=False, unique=True),
    Column("state", String, nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("finished", UtcTime),
    Column("as_of", UtcTime, nullable=False),
    Column("mode", String, nullable=False),
    Column("algorithm", String, nullable=False),
    Column("embedding", String, nullable=False),
    Column("granularity", String, nullable=False),
    Column("log_position", BigInteger, nullable=False),
    Column("settings", Text, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("users", Integer, nullable=False),
    Column("journeys", Integer, nullable=False),
    # Whether it looked at all users of the log, so that there is none without an inference.
    Column("whole", Boolean),
)

# `body` holds the whole journey; the columns before it are there to be asked for.
journeys = Table(
    "journeys",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("journey_id", _id(), nullable=False),
    Column("name", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("policy", String, nullable=False),
    Column("category", String),
    Column("run_id", _id(), nullable=False),
    Column("body", Text, nullable=False),
)

user_state = Table(
    "user_state",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("run_id", _id(), nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("algorithm", String, nullable=False),
    Column("embedding", String, nullable=False),
    Column("granularity", String, nullable=False),
    Column("log_position", BigInteger, nullable=False),
    Column("journeys", Integer, nullable=False),
    Column("next_change", UtcTime),
    Index("user_state_by_run", "run_id", "user_id"),
    Index("user_state_by_next_change", "next_change"),
)

# Users whom a run set aside, until they are inferred again.
failed_users = Table(
    "failed_users",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("run_id", _id(), nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("reason", Text, nullable=False),
)

# What models answered to make a user's current journeys.
calls = Table(
    "calls",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("run_id", _id(), nullable=False),
    Column("step", String, nullable=False),
    Column("model", String, nullable=False),
    Column("prompt_version", String, nullable=False),
    Column("body", Text, nullable=False),
)

# What models used in a run, by step and model.
run_usage = Table(
    "run_usage",
    METADATA,
    Column("run_id", _id(), primary_key=True),
    Column("step", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost", Float, nullable=False),
    Column("estimated", Integer, nullable=False),
)

changes = Table(
    "changes",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("run_id", _id(), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("journey_id", _id(), nullable=False),
    Column("kind", String, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

# What judges said of journeys, also of those that later runs replaced. `body` holds the whole judgement.
judgements = Table(
    "judgements",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("run_id", _id(), primary_key=True),
    Column("journey_id", _id(), primary_key=True),
    Column("model", _id(), primary_key=True),
    Column("prompt_version", _id(), primary_key=True),
    Column("rank", Integer, nullable=False),
    Column("score", Integer, nullable=False),
    Column("scores", String, nullable=False),
    Column("agreement", Float),
    Column("spread", Integer, nullable=False),
    Column("explanation", Text, nullable=False),
    Column("judged_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

# How judges agreed with people. No user's text and no user's id stands here.
validations = Table(
    "validations",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("task", String, nullable=False),
    Column("model", _id(), nullable=False),
    Column("prompt_version", _id(), nullable=False),
    Column("passes", Boolean, nullable=False),
    Column("validated_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

# What people said of journeys. The last four hold JSON: two lists, and the journeys as they were then.
labels = Table(
    "labels",
    METADATA,
    Column("label_id", _id(), primary_key=True),
    Column("user_id", _id(), nullable=False, index=True),
    Column("journey_id", _id(), nullable=False),
    Column("kind", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("withdrawn_at", UtcTime),
    Column("name", String, nullable=False),
    Column("other", _id(), nullable=False),
    Column("score", Integer),
    Column("note", Text, nullable=False),
    Column("keywords", Text, nullable=False),
    Column("apart", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("other_was", Text, nullable=False),
)

# What came of candidates. user_id: of the candidate; NULL where that is not known, which are those kept aside.
feedback = Table(
    "feedback",
    METADATA,
    Column("event_id", _id(), primary_key=True),
    Column("candidate_key", _id(), nullable=False),
    Column("user_id", _id()),
    Column("kind", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("answer", Integer, nullable=False),
    Index("feedback_by_candidate", "candidate_key"),
    Index("feedback_by_user", "user_id"),
)

# Notification runs, one a channel and day. number: in the order in which they were first begun.
notify_runs = Table(
    "notify_runs",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("channel", String, nullable=False),
    Column("day", String, nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("state", String, nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("finished", UtcTime),
    Column("candidates", Integer, nullable=False),
    Column("unsent", Integer, nullable=False),
    Index("notify_runs_by_day", "day", "channel", unique=True),
)

# Messages that may be sent. The key makes a second one for the same user, channel and day impossible. withdrawn: a
# later pass over the same day would not send it any more. `body` holds the whole row of the output.
candidates = Table(
    "candidates",
    METADATA,
    Column("key", _id(), primary_key=True),
    Column("user_id", _id(), nullable=False),
    Column("channel", String, nullable=False),
    Column("day", String, nullable=False),
    Column("number", Integer, nullable=False),
    Column("arm", String, nullable=False),
    Column("target_id", String, nullable=False),
    Column("journey_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("template", String, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("candidates_by_user", "user_id", "day"),
    Index("candidates_by_day", "day", "channel", "user_id"),
)

# Why everybody else is told nothing.
unsent = Table(
    "unsent",
    METADATA,
    Column("user_id", _id(), primary_key=True),
    Column("day", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("arm", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("unsent_by_day", "day", "channel", "reason"),
)

# What other systems sent, or said that they sent of our candidates.
sends = Table(
    "sends",
    METADATA,
    Column("send_id", _id(), primary_key=True),
    Column("user_id", _id(), nullable=False),
    Column("channel", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("candidate_key", String, nullable=False),
    Column("target_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Index("sends_by_user", "user_id", "at"),
)

#: The tables of notifications that hold users.
TOLD = (candidates, unsent, sends)
