"""Removing a user from everything that is stored, and looking again whether anything is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.forgotten import ForgottenUsers
from assistant.library import Library
from assistant.runs import Forgotten
from chains.keywords import extract_keywords
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.store import KeywordStore


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed of a user. remaining: how much of him is still found anywhere; 0 is the proof.

    unreached: stores that were filled once and that the settings no longer name, on servers; they were not looked at.
    """

    activities: int
    keywords: int
    vectors: int
    library: Forgotten
    remaining: int
    unreached: tuple[str, ...] = ()


def erase(
    user_id: str,
    *,
    forgotten: ForgottenUsers,
    log: ActivityLog,
    stores: Sequence[KeywordStore],
    embeddings: CachedEmbeddings,
    library: Library,
    unreached: Sequence[str] = (),
) -> Erased:
    """Puts the user on the list of those who are not read again, then removes him everywhere, from the disk too.

    The activity log comes last, since it tells which texts are his: killed anywhere, the same again removes the rest.
    """
    forgotten.add(user_id)
    texts = sorted({keyword.key for keyword in extract_keywords(log.of(user_id))})
    keywords = sum(store.forget(user_id) for store in stores)
    for store in stores:
        store.scrub()
    vectors = embeddings.forget(texts) if texts else 0
    from_library = library.forget(user_id)
    activities = log.forget(user_id)
    remaining = (
        len(log.of(user_id))
        + sum(len(store.keywords(user_id)[0]) for store in stores)
        + len(library.journeys(user_id))
        + len(library.changes(user_id))
        + (library.state(user_id) is not None)
    )
    return Erased(activities, keywords, vectors, from_library, remaining, tuple(unreached))
