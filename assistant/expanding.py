"""Making the catalogue and its expansions, offline, from the stored journeys and the activity log."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from assistant.errors import LibraryError
from assistant.expansions import About, Expansions
from assistant.forgotten import ForgottenUsers
from assistant.library import Library
from assistant.written_report import WrittenReport
from chains.catalogue import (
    CatalogueOptions,
    Outline,
    build_catalogue,
    centres_of,
    may_enter,
    outline_of,
)
from chains.expansion import RelationOptions, count_pairs, relations_of
from chains.items import ItemOptions, items_of
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.texts import Floats
from vectorstore.activity import Activity, normalize
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings

if TYPE_CHECKING:
    from chains.model_safety import Guard
    from chains.structured import Structured
    from chains.written_relations import Joined

_JOURNEYS_AT_ONCE = 512
_USERS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Expanded:
    """What was made. relations: by kind. sensitive: journeys that never enter. matched: journeys with an entry.

    written: what a model proposed and what became of it, None where none is set.
    """

    about: About
    entries: int
    matched: int
    sensitive: int
    relations: dict[str, int]
    items: int
    location: str
    written: WrittenReport | None = None


def expand(
    log: ActivityLog,
    library: Library,
    embeddings: CachedEmbeddings,
    expansions: Expansions,
    options: CatalogueOptions,
    checker: SensitivityChecker,
    forgotten: ForgottenUsers,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    structured: "Structured | None" = None,
    on_written: Callable[[int, int], None] = lambda done, total: None,
    guard: "Guard | None" = None,
) -> Expanded:
    """Builds everything and puts it in the place of the former build. on_progress: users done, of all.

    structured: with a model for the role `expander`, related journeys are written too. on_written: entries done, of
    all. guard: has the last word on what is written, where there is one. Where the budget ends before the last entry,
    the build has what was written until then, and the report says so.
    Raises LibraryError where there are no journeys, or a user was forgotten meanwhile.
    """
    forgotten_before = len(forgotten)
    read = _read(library, embeddings)
    if not read.outlines:
        raise LibraryError("there are no journeys to make a catalogue of: journeys infer LOG finds some")
    centres = np.concatenate(read.centres)
    with expansions.reading() as former:
        previous = former.centres if former and former.about.embedding == embeddings.model else None
    catalogue = build_catalogue(read.outlines, centres, embeddings.embed, options, checker, previous)
    places = catalogue.match(centres)
    pairs = count_pairs(catalogue, places, read.outlines)
    relations = relations_of(catalogue, pairs, RelationOptions(options.least_users))
    place_of = {
        (outline.user_id, outline.journey_id): place
        for outline, place in zip(read.outlines, places.tolist(), strict=True)
        if place >= 0
    }
    as_of = max(state.as_of for state in library.states())
    uses = _uses(log, library, place_of, on_progress)
    items = items_of(catalogue, uses, as_of, embeddings.embed, ItemOptions(options.least_users), checker)
    users = len({outline.user_id for outline in read.outlines})
    about = About(embeddings.model, as_of, options.least_users, users, len(read.outlines), catalogue.dropped)
    belongs = {
        outline.journey_id: catalogue.entries[place].entry_id if place >= 0 else ""
        for outline, place in zip(read.outlines, places.tolist(), strict=True)
    }
    joined: Joined | None = None
    report: WrittenReport | None = None
    if structured is not None and structured.has(Role.EXPANDER):
        # LangChain takes longer to import than making the catalogue of a few users takes.
        from assistant.writing_expansions import write_related  # noqa: PLC0415

        joined, report = write_related(
            catalogue, relations, pairs, structured, embeddings, checker, options.least_users, on_written, guard
        )
        relations = joined.relations
    with expansions.writing(about, catalogue, relations, items, belongs, joined):
        if len(forgotten) != forgotten_before:
            raise LibraryError("a user was forgotten while the catalogue was made: run: journeys expand")
    return Expanded(
        about=about,
        entries=len(catalogue.entries),
        matched=len(place_of),
        sensitive=read.sensitive,
        relations=dict(Counter(str(relation.kind) for some in relations.values() for relation in some)),
        items=sum(len(some) for some in items.values()),
        location=expansions.location,
        written=report,
    )


@dataclass(slots=True)
class _Read:
    outlines: list[Outline] = field(default_factory=list)
    centres: list[Floats] = field(default_factory=list)
    sensitive: int = 0


def _read(library: Library, embeddings: CachedEmbeddings) -> _Read:
    """What the catalogue needs of all journeys, read in batches."""
    read, journeys = _Read(), library.all_journeys()
    while batch := list(islice(journeys, _JOURNEYS_AT_ONCE)):
        entering = [journey for journey in batch if may_enter(journey)]
        read.sensitive += len(batch) - len(entering)
        if entering:
            read.outlines += [outline_of(journey) for journey in entering]
            read.centres.append(centres_of(entering, embeddings.embed))
    return read


def _uses(
    log: ActivityLog,
    library: Library,
    place_of: Mapping[tuple[str, str], int],
    on_progress: Callable[[int, int], None],
) -> Iterator[tuple[Sequence[Activity], Mapping[str, int]]]:
    """For each user the activities, and to which entry each text belongs."""
    wanted = {user_id for user_id, _ in place_of}
    done = 0
    on_progress(0, len(wanted))
    stream = iter(log.stream(users=wanted))
    while batch := list(islice(stream, _USERS_AT_ONCE)):
        journeys = library.journeys_of([user_id for user_id, _ in batch])
        for user_id, activities in batch:
            own = {
                normalize(text): place_of[user_id, journey.journey_id]
                for journey in journeys[user_id]
                if (user_id, journey.journey_id) in place_of
                for text in journey.texts
            }
            yield activities, own
        done += len(batch)
        on_progress(done, len(wanted))
