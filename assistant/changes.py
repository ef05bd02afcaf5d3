"""What happened to a journey between two inferences of one user."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ChangeKind(StrEnum):
    """
    born: there was none like it. grown: more events. ended, revived: its stage. renamed: another name than before.
    merged: others went into this one. split: others came out of this one. gone: its texts belong to no journey now.
    """

    BORN = "born"
    GROWN = "grown"
    ENDED = "ended"
    REVIVED = "revived"
    MERGED = "merged"
    SPLIT = "split"
    RENAMED = "renamed"
    GONE = "gone"


class Change(BaseModel):
    """One thing that happened to one journey.

    name: the journey's name now, or its last one where it is gone. detail: for a person, such as "3 more events, last
    on 12 June 2026". others, in order of id: for merged the ids that went into this journey and are no more; for split
    the ids its texts went to, new ones or, where this journey itself is no more, those that were there before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str
    journey_id: str
    name: str
    kind: ChangeKind
    detail: str
    others: tuple[str, ...] = ()
