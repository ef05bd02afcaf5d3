"""Removing a user from everything that is stored, and looking again whether anything is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.agent.conversations import Conversations
from assistant.crowds import KeptCrowd
from assistant.expansions import Expansions
from assistant.forgotten import ForgottenUsers
from assistant.library import Library
from assistant.runs import Forgotten
from chains.catalogue import centres_of, may_enter
from chains.keywords import extract_keywords
from chains.word_support import embedded_words
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.store import KeywordStore

if TYPE_CHECKING:
    from chains.reply_cache import ReplyCache


@dataclass(frozen=True, slots=True)
class Erased:
    """What was removed of a user. remaining: how much of him is still found anywhere; 0 is the proof.

    unreached: stores that were filled once and that the settings no longer name, on servers; they were not looked at.
    expansions: entries, keywords, relations and items of the catalogue that too few users were left for.
    replies: of models, about him, that were kept so as not to ask again. conversations: with the agent that told of
    him, which go as a whole. crowd: vectors of his texts among those that other users' are compared with.
    """

    activities: int
    keywords: int
    vectors: int
    library: Forgotten
    remaining: int
    unreached: tuple[str, ...] = ()
    expansions: int = 0
    replies: int = 0
    conversations: int = 0
    crowd: int = 0


def erase(
    user_id: str,
    *,
    forgotten: ForgottenUsers,
    log: ActivityLog,
    stores: Sequence[KeywordStore],
    embeddings: CachedEmbeddings,
    library: Library,
    expansions: Expansions,
    crowd: KeptCrowd,
    replies: "ReplyCache",
    conversations: Conversations,
    unreached: Sequence[str] = (),
) -> Erased:
    """Puts the user on the list of those who are not read again, then removes him everywhere, from the disk too.

    The activity log comes last, since it tells which texts are his: killed anywhere, the same again removes the rest.
    """
    forgotten.add(user_id)
    from_crowd = crowd.forget(user_id)
    expansion_values = _take_away(user_id, library, embeddings, expansions)
    # Also names that a model wrote: the store is asked for what lies near to them, as texts.
    names = {journey.name for journey in library.journeys(user_id)}
    names |= {name for label in library.labels(user_id) for name in label.names}
    texts = sorted({keyword.key for keyword in extract_keywords(log.of(user_id))} | names)
    # Words that names by a model were compared with, one by one.
    texts = sorted({*texts, *embedded_words(texts)})
    keywords = sum(store.forget(user_id) for store in stores)
    for store in stores:
        store.scrub()
    vectors = embeddings.forget(texts) if texts else 0
    kept_replies = replies.forget(user_id)
    told = conversations.forget(user_id)
    from_library = library.forget(user_id)
    activities = log.forget(user_id)
    remaining = (
        len(log.of(user_id))
        + sum(len(store.keywords(user_id)[0]) for store in stores)
        + len(library.journeys(user_id))
        + len(library.changes(user_id))
        + (library.state(user_id) is not None)
        + len(library.calls(user_id))
        + len(library.judgements(user_id))
        + library.ledger.count_of(user_id)
        + len(library.labels(user_id))
        + (user_id in library.failures())
        + replies.forget(user_id)
        + len(conversations.about(user_id))
        + crowd.count(user_id)
    )
    return Erased(
        activities,
        keywords,
        vectors,
        from_library,
        remaining,
        tuple(unreached),
        expansion_values,
        kept_replies,
        told,
        from_crowd,
    )


def _take_away(user_id: str, library: Library, embeddings: CachedEmbeddings, expansions: Expansions) -> int:
    """Takes the user's part from the entries that his journeys are near to, while it is known which journeys he has."""
    his = library.journeys(user_id)
    journeys = [journey for journey in his if may_enter(journey)]
    with expansions.reading() as built:
        if built is None:
            return 0
        ids = set(built.centres.ids)
        if built.about.embedding == embeddings.model:
            centres = centres_of(journeys, embeddings.embed) if journeys else ()
            ids = {own for centre in centres for own in built.centres.near(centre, built.centres.similarity)}
    return expansions.take_away(ids, [journey.journey_id for journey in his])
