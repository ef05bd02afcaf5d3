"""What the page reads: one user with all that belongs to the journeys, another granularity, all users at once.

Nothing here opens the keyword store, so that logs can be ingested while the page is open. Any thread may ask.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Thread
from typing import TYPE_CHECKING

from threadpoolctl import threadpool_limits

from assistant.errors import LibraryError
from assistant.finding import Found, find_users, users_of_entry
from assistant.notify_desk import NotifyDesk
from assistant.overview import Overview, overview_of
from assistant.review_desk import ReviewDesk
from assistant.run_quality import RunQualities
from assistant.runs import DatedChange, Run, UserState
from assistant.segments import Segments, read_segments
from assistant.snapshot import BeingRead, Snapshot
from assistant.snapshots import Snapshots
from chains.clustering import CUT, POWER, Granularity
from chains.inference import cluster_texts
from chains.journeys import Journey
from chains.keyword_map import keyword_map
from chains.keywords import extract_keywords
from chains.merge_outline import MergeOutline, merge_outline
from chains.recommendation import Recommended, RecommendOptions
from vectorstore.activity import Activity, normalize
from vectorstore.errors import JourneyError

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.assistant import JourneyAssistant

_MAPPED = 8
_TREE = 600


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """users, journeys: of the library. as_of: of the last inference, None before the first. runs: newest first."""

    users: int
    journeys: int
    as_of: datetime | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class UserView:
    """One user. events: by journey id, in order of time. others: activity that belongs to no journey that is shown.

    changes: of the run that made the journeys; first: whether the user had no run before it.
    """

    state: UserState
    journeys: tuple[Journey, ...]
    events: dict[str, tuple[Activity, ...]]
    others: tuple[Activity, ...]
    changes: tuple[DatedChange, ...]
    first: bool

    @property
    def user_id(self) -> str:
        return self.state.user_id


@dataclass(frozen=True, slots=True)
class MappedKeyword:
    """Where a keyword lies, in [0, 1] both. weight: of the journey's."""

    journey_id: str
    text: str
    weight: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What another granularity would make of a user. before: as stored. after: as they would be. tree: of the texts,
    None where there are too many to draw; texts: of its leaves' members. took: how many texts were clustered."""

    before: tuple[Journey, ...]
    after: tuple[Journey, ...]
    tree: MergeOutline | None
    texts: tuple[str, ...]
    took: int


@dataclass
class Reading:
    """assistant: whose home is read. users_file: the table that segments come from, None for none."""

    assistant: "JourneyAssistant"
    users_file: "Path | None" = None
    _snapshots: Snapshots = field(init=False)
    # Of one snapshot: by segment, of which there are as many as the file of users makes.
    _overviews: tuple[Snapshot | None, dict[tuple[str, str], Overview]] = field(init=False)

    def __post_init__(self) -> None:
        self._snapshots = Snapshots(self.assistant)
        self._overviews = (None, {})

    def open_all(self) -> None:
        """Opens what is opened when first needed, which only one thread may do; and checks the file of users."""
        assistant = self.assistant
        # Each of these is made when it is first asked for.
        for made in (
            assistant.library,
            assistant.embeddings,
            assistant.models,
            assistant.expansions,
            self.segments,
            self.review,
            self.qualities,
            self.notifications,
        ):
            assert made is not None
        self._snapshots.current()
        Thread(target=self._read_ahead, daemon=True, name="reading ahead").start()

    def _read_ahead(self) -> None:
        """What the first visitor of a tab, or the first who searches, would wait for."""
        try:
            self.assistant.embeddings.warm()
            self.review.read_ahead()
            self.notifications.read_ahead()
            self.qualities.read_ahead()
        except (JourneyError, OSError):
            # Whoever asks for it is told.
            return

    @cached_property
    def segments(self) -> Segments:
        return Segments() if self.users_file is None else read_segments(self.users_file)

    @cached_property
    def review(self) -> ReviewDesk:
        return ReviewDesk(self.assistant)

    @cached_property
    def qualities(self) -> RunQualities:
        return RunQualities(self.assistant)

    @cached_property
    def notifications(self) -> NotifyDesk:
        return NotifyDesk(self.assistant, self.users_file)

    def home(self) -> HomeFigures:
        counts, runs = self.assistant.library.count(), self.assistant.library.runs()
        finished = [run for run in runs if run.finished is not None]
        as_of = finished[0].parameters.as_of if finished else None
        return HomeFigures(counts.users, counts.journeys, as_of, tuple(runs))

    def run(self, run_id: str) -> Run | None:
        return next((run for run in self.assistant.library.runs() if run.run_id == run_id), None)

    def overview(self, column: str = "", value: str = "") -> Overview | BeingRead:
        """Of all users, or of a segment. Raises LibraryError for a segment that is not there."""
        among = self._among(column, value)
        found = self._snapshots.current()
        if isinstance(found, BeingRead):
            return found
        held = self._overviews
        if held[0] is not found:
            held = self._overviews = (found, {})
        if (column, value) not in held[1]:
            held[1][column, value] = overview_of(found, among)
        return held[1][column, value]

    def find(self, words: str) -> Found | BeingRead:
        """Users by id, or by what they are up to. Those who were forgotten since the snapshot are left out."""
        found = self._snapshots.current()
        if isinstance(found, BeingRead):
            return found
        return self._still_there(find_users(found, words, self.assistant.embeddings.embed))

    def users_of(self, entry_id: str, column: str = "", value: str = "") -> Found | BeingRead:
        """Users with a journey of a catalogue entry, of all or in a segment."""
        among = self._among(column, value)
        found = self._snapshots.current()
        return found if isinstance(found, BeingRead) else self._still_there(users_of_entry(found, entry_id, among))

    def entry_name(self, entry_id: str) -> str:
        """What a catalogue entry is called, "" for one that is not there."""
        with self.assistant.expansions.reading() as built:
            found = built.expansions([entry_id]) if built else {}
        return found[entry_id].entry.name if found else ""

    def some_users(self, limit: int) -> list[UserState]:
        """Those with most journeys first."""
        states = sorted(self.assistant.library.states(), key=lambda state: (-state.journeys, state.user_id))
        return states[:limit]

    def user(self, user_id: str) -> UserView:
        """Raises LibraryError for a user without an inference."""
        journeys = self.assistant.journeys(user_id)
        state = self.assistant.library.state(user_id)
        if state is None:
            raise LibraryError(f"no inference of a user {user_id!r}: find one by id, or by what they are up to")
        changes = self.assistant.changes(user_id)
        of_text = {normalize(text): journey.journey_id for journey in journeys for text in journey.texts}
        events: dict[str, list[Activity]] = {journey.journey_id: [] for journey in journeys}
        others: list[Activity] = []
        for event in self.assistant.log.of(user_id):
            if event.timestamp <= state.as_of:
                events.get(of_text.get(normalize(event.text), ""), others).append(event)
        own = tuple(change for change in changes if change.run_id == state.run_id)
        return UserView(
            state=state,
            journeys=tuple(journeys),
            events={journey_id: tuple(some) for journey_id, some in events.items()},
            others=tuple(others),
            changes=own,
            first=len(own) == len(changes),
        )

    def keyword_map(self, view: UserView) -> list[MappedKeyword]:
        """The heaviest keywords of each journey on a plane, near in meaning near on it."""
        told = [
            (journey, keyword)
            for journey in view.journeys
            for keyword in journey.keywords[:_MAPPED]
            if any(character.isalnum() for character in keyword.text)
        ]
        places = keyword_map(self.assistant.embeddings.embed([keyword.text for _, keyword in told]))
        return [
            MappedKeyword(journey.journey_id, keyword.text, keyword.weight, x, y)
            for (journey, keyword), (x, y) in zip(told, places.tolist(), strict=True)
        ]

    def recommended(self, user_id: str, limit: int = 6) -> tuple[Recommended, str]:
        """What is recommended to a user, and why there is nothing, "" where there is."""
        try:
            found = self.assistant.recommend(user_id, RecommendOptions(journeys=4 * limit, items=4 * limit))
        except LibraryError as error:
            return Recommended(), str(error)
        return found, ""

    def regrouped(self, view: UserView, granularity: Granularity) -> Regrouped:
        """What the journeys would be with another granularity, and the tree that is cut. Nothing is stored."""
        assistant = self.assistant
        activities = [event for event in assistant.log.of(view.user_id) if event.timestamp <= view.state.as_of]
        keywords = extract_keywords(activities)
        vectors = assistant.embeddings.embed([keyword.text for keyword in keywords])
        options, models = assistant.options(granularity), assistant.models_for(granularity, view.state.as_of)
        # As in a run: with more threads sums are made in another order, and differ in the last bit.
        with threadpool_limits(limits=1, user_api="blas"):
            clustered = cluster_texts(keywords, vectors, options, models)
            # With what people said of the journeys; the tree is that of the texts alone.
            after = assistant.inferred(keywords, vectors, view.state.as_of, options)
            shown = {normalize(text) for journey in (*view.journeys, *after) for text in journey.texts}
            among = [place for place, key in enumerate(clustered.texts.keys) if key in shown]
            tree = None
            if len(among) <= _TREE:
                tree = merge_outline(clustered.together, CUT[granularity], POWER[granularity], among=among)
        texts = tuple(keyword.text for keyword in clustered.texts.keywords)
        return Regrouped(view.journeys, tuple(after), tree, texts, len(clustered.texts))

    def _among(self, column: str, value: str) -> frozenset[str] | None:
        if not column:
            return None
        segment = self.segments.one(column, value)
        if segment is None:
            raise LibraryError(
                f"no segment {column} {value!r} in the file of users: choose one of those that are named"
            )
        return segment.users

    def _still_there(self, found: Found) -> Found:
        there = {state.user_id for state in self.assistant.library.states({each.user_id for each in found.users})}
        users = tuple(each for each in found.users if each.user_id in there)
        return Found(users, found.total - (len(found.users) - len(users)))
