"""Runs a replay: cuts a log at some moments, infers what could be known then, and counts what came of it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assistant.evaluation.interests import Interests, TextVectors, find_interests, text_vectors, users_of_texts
from assistant.evaluation.labelled import LabelledUser, infer_labelled
from assistant.evaluation.replay import (
    BEST_INTEREST,
    FREQUENT_INTEREST,
    JOURNEY,
    TARGET,
    TARGET_MEASURES,
    TARGET_OR_INTEREST,
    Targets,
    settings_tried,
)
from assistant.evaluation.replay_figures import ReplayFigures, figures_of
from assistant.evaluation.replay_items import (
    BEST_INTEREST_ITEMS,
    CATALOGUE_ITEMS,
    FREQUENT_ITEMS,
    ITEM_MEASURES,
    JOURNEY_ITEMS,
    POPULAR_ITEMS,
    RANKED_INTEREST_ITEMS,
    USERS_ITEMS,
    ItemCut,
    Items,
)
from assistant.evaluation.time_split import split
from assistant.evaluation.unseen import Fold
from chains.inference import InferenceOptions
from chains.items import item_of
from vectorstore.activity import Activity
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

#: How many interests all users share: what is tried.
INTERESTS = (20, 50, 100, 200, 400, 1000)

_COMPARED_TARGETS = (
    *(
        (system, over, measure)
        for system in (TARGET, JOURNEY)
        for over in (BEST_INTEREST, FREQUENT_INTEREST)
        for measure in TARGET_MEASURES
    ),
    (TARGET_OR_INTEREST, BEST_INTEREST, "hit"),
)
_COMPARED_ITEMS = tuple(
    (system, over, measure)
    for system in (JOURNEY_ITEMS, CATALOGUE_ITEMS)
    for over in (BEST_INTEREST_ITEMS, FREQUENT_ITEMS, POPULAR_ITEMS, RANKED_INTEREST_ITEMS, USERS_ITEMS)
    for measure in ITEM_MEASURES
)


@dataclass(frozen=True, slots=True)
class _Cut:
    """All users with activity up to it, what each did until then, and who came back."""

    as_of: datetime
    horizon: timedelta
    users: dict[str, LabelledUser]
    past: dict[str, list[Activity]]
    future: dict[str, list[Activity]]
    interests: dict[int, Interests]


def replay_targets(
    users: Sequence[LabelledUser],
    folds: Iterable[Fold],
    cuts: Sequence[datetime],
    horizon: timedelta,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    on_user: Callable[[], None] = lambda: None,
) -> ReplayFigures:
    """users: with labels, all of the log. folds: models, each with the users to be scored by it; every user once.

    on_user: called once for each user and cut. Raises InputError where nobody comes back.
    """
    texts = text_vectors(users, embeddings)
    made = [_cut(users, as_of, horizon, texts) for as_of in cuts]
    found = Targets(settings_tried(INTERESTS))
    for models, inside in folds:
        for cut in made:
            back = {user.user_id: user for user in inside if user.user_id in cut.future}
            # By joint inference, as where there are no labels: what a journey goes on with by its own terms.
            bare = [replace(user, labels={}) for user in back.values()]
            for user in split(bare, cut.as_of, horizon, embeddings, options, models):
                found.add(replace(user, user=back[user.user.user_id]), cut.as_of, cut.interests)
            for _ in inside:
                on_user()
    if not found.users:
        raise InputError("nobody comes back after any of the dates: choose others with --as-of")
    return figures_of(found.systems(), found.users, found.dates, TARGET_MEASURES, _COMPARED_TARGETS)


def replay_items(
    users: Sequence[LabelledUser],
    folds: Iterable[Fold],
    cuts: Sequence[datetime],
    horizon: timedelta,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    on_user: Callable[[], None] = lambda: None,
) -> ReplayFigures:
    """users: all of the log. folds: models, each with the users whose journeys it finds; every user once.

    on_user: called once for each user and cut. Raises InputError where nobody comes back.
    """
    texts, dealt = text_vectors(users, embeddings), list(folds)
    found = Items()
    for as_of in cuts:
        cut = _cut(users, as_of, horizon, texts)
        journeys = {}
        for models, inside in dealt:
            known = [user for user in inside if user.user_id in cut.users]
            inferred = infer_labelled(known, embeddings, options, models, as_of)
            for user in inside:
                if user.user_id in cut.users:
                    _, journeys[user.user_id] = next(inferred)
                on_user()
        found.add(ItemCut(as_of, cut.past, cut.future, journeys, cut.interests), embeddings)
    if not found.users:
        raise InputError("nobody comes back after any of the dates: choose others with --as-of")
    return figures_of(found.outcomes(), found.users, found.dates, ITEM_MEASURES, _COMPARED_ITEMS)


def shares_items(users: Sequence[LabelledUser]) -> bool:
    """Whether any item was met by two users, so that others' items can be recommended at all."""
    seen: set[str] = set()
    for user in users:
        own = {item for event in user.activities if (item := item_of(event))}
        if seen & own:
            return True
        seen |= own
    return False


def _cut(users: Sequence[LabelledUser], as_of: datetime, horizon: timedelta, texts: TextVectors) -> _Cut:
    known, past, future = {}, {}, {}
    for user in users:
        # An event that stands in the log twice counts once.
        distinct = {event.activity_id: event for event in user.activities if event.timestamp <= as_of + horizon}
        events = [event for _, event in sorted(distinct.items(), key=lambda each: (each[1].timestamp, each[0]))]
        before = [event for event in events if event.timestamp <= as_of]
        if not before:
            continue
        known[user.user_id], past[user.user_id] = user, before
        if len(before) < len(events):
            future[user.user_id] = events[len(before) :]
    seen = users_of_texts(past.values())
    interests = {count: find_interests(texts, seen, count) for count in INTERESTS} if seen else {}
    return _Cut(as_of, horizon, known, past, future, interests)
