"""Related journeys as a model proposed them, and why one is dropped."""

from dataclasses import dataclass
from enum import StrEnum


class Dropped(StrEnum):
    """Why a proposal goes; in words, as a report tells it. Unfit: it may not be shown, see `written_text`. Not judged:
    the critic gave no verdict, and without one nothing is kept."""

    TRIVIAL = "trivial"
    DUPLICATE = "duplicate"
    UNSAFE = "unsafe"
    NO_JOURNEY = "not a journey"
    UNFIT = "not fit to show"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class Proposal:
    """name: at most 60 characters once it was checked. keywords: at most 6 then, in the order given."""

    name: str
    keywords: tuple[str, ...]
