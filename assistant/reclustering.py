"""What one user's journeys would be with other options, from the keyword store; nothing is stored."""

from collections.abc import Callable, Sequence
from datetime import datetime

from threadpoolctl import threadpool_limits

from chains.inference import InferenceOptions
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.texts import Floats
from vectorstore.activity import Keyword
from vectorstore.errors import StoreError
from vectorstore.store import KeywordStore

#: From one user's keywords and vectors, as of a moment and with options, to journeys.
Inferred = Callable[[Sequence[Keyword], Floats, datetime, InferenceOptions], list[Journey]]


def recluster(
    store: KeywordStore, user_id: str, as_of: datetime, options: InferenceOptions, inferred: Inferred
) -> list[Journey]:
    """Raises StoreError where the store was filled by another version."""
    stored, vectors = store.keywords(user_id)
    rows = {keyword.key: row for row, keyword in enumerate(stored)}
    keywords = extract_keywords({each for keyword in stored for each in keyword.events if each.timestamp <= as_of})
    if not rows.keys() >= {keyword.key for keyword in keywords}:
        raise StoreError("the keyword store was filled by another version: journeys ingest LOG fills it anew")
    own = vectors[[rows[keyword.key] for keyword in keywords]]
    # As in a run: with more threads sums are made in another order, and differ in the last bit.
    with threadpool_limits(limits=1, user_api="blas"):
        return inferred(keywords, own, as_of, options)
