"""JourneyAssistant: the face that notebooks, the page and the command line share."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.agent.conversations import Conversations
from assistant.batch import RunSummary, run_inference
from assistant.engine_choice import EngineChoice, open_engine
from assistant.errors import LibraryError
from assistant.expanding import Expanded, expand
from assistant.explaining import Explained, Explainer
from assistant.forgetting import Erased, erase
from assistant.home import Home
from assistant.incremental import users_to_infer
from assistant.inferring import Inferring, role_of
from assistant.labelling import Labelling
from assistant.notifications import Notifications
from assistant.reading import Reading
from assistant.reclustering import recluster
from assistant.recommending import entries_of, recommend_to
from assistant.runs import DatedChange, RunMode, RunParameters
from chains.catalogue import CatalogueOptions, Entry
from chains.clustering import Granularity
from chains.journeys import ALGORITHM, InferenceMode, Journey
from chains.recommendation import Recommended, RecommendOptions
from chains.roles import Role
from vectorstore.errors import InputError
from vectorstore.ingest import Ingested, Progress, ingest

if TYPE_CHECKING:
    from chains.structured import Structured
    from vectorstore.retriever import ActivityRetriever

OnProgress = Callable[[int, int], None]


def _silently(done: int, total: int) -> None: ...


class JourneyAssistant(Labelling, Notifications, Home):
    """Everything that can be done with a home folder. Use as a context manager, or call `close`."""

    @cached_property
    def reading(self) -> Reading:
        """What the page shows: one user, one journey, all users at once."""
        return Reading(self)

    # --- the main job

    def ingest(
        self,
        logs: Sequence[Path],
        *,
        now: datetime | None = None,
        on_rows: Callable[[Progress], None] | None = None,
        on_users: OnProgress = _silently,
        index: bool = True,
        allow_forgotten: Collection[str] = (),
    ) -> Ingested:
        """Reads logs into the activity log, and puts the keywords of the users that they touch into the store.

        now: rows dated more than a day later are rejected. index: False leaves the store as it is. Rows of users who
        were forgotten are passed over and counted; allow_forgotten: those who may be read again from now on.
        """
        if allow_forgotten:
            self.forgotten.remove(allow_forgotten)
        read = ingest(
            logs,
            self.log,
            rejected_to=self.settings.home / "rejected.jsonl",
            columns=self.settings.columns,
            zone=self.settings.zone,
            now=now,
            max_rejected=self.settings.max_rejected,
            skip=self.forgotten.matcher(),
            on_progress=on_rows,
        )
        if index:
            self.update_index(on_users)
        return read

    def update_index(self, on_users: OnProgress = _silently) -> int:
        """Brings the keyword store in step with the activity log; returns how many users were touched."""
        return self._index.update(self.settings.store, self.store, self.log, self.embeddings, on_users)

    def infer(
        self,
        *,
        mode: RunMode = RunMode.FULL,
        as_of: datetime | None = None,
        users: Collection[str] | None = None,
        granularity: Granularity | None = None,
        inference_mode: InferenceMode | None = None,
        structured: "Structured | None" = None,
        on_progress: OnProgress = _silently,
        engine: EngineChoice = EngineChoice(),  # noqa: B008 - it is frozen
    ) -> RunSummary:
        """Infers and stores journeys. as_of: by default the last activity of these users.

        users: only these, from all of their activity; an id that the log doesn't know is passed over. inference_mode,
        structured: by default those of the settings. Raises InputError where there is no activity at all, SettingsError
        where the mode needs a model and none is set, and BudgetSpent: then the same run goes on when it is asked for
        again.
        """
        latest = self.log.latest(users)
        if latest is None:
            whose = "" if users is None else " of these users"
            raise InputError(f"there is no activity{whose} to infer from: journeys ingest LOG reads one")
        clock = as_of or latest
        options = self.options(granularity)
        by = inference_mode or self.settings.inference.mode
        asked = structured or self.exit_to(role_of(by))
        incremental = mode is RunMode.INCREMENTAL
        every = set[str]() if incremental else set(self.log.users())
        wanted = every if users is None else self.log.known(users)
        whole = users is None or (not incremental and wanted == every)
        # Made anew for some users only, they would have another crowd than the rest.
        models = self.models_for(
            options.granularity,
            clock,
            anew=lambda: whole and not incremental,
        )
        inferring = Inferring(by, self.settings, options, models, self.embeddings, asked, self.guard_for(asked))
        parameters = RunParameters(
            as_of=clock,
            mode=mode,
            algorithm=ALGORITHM,
            embedding=self.embeddings.model,
            granularity=options.granularity,
            log_position=self.log.position,
            settings=self.settings.deciding()
            | {
                "affinity": self.models.affinity.fingerprint,
                "naming": self.models.naming.fingerprint,
                "stage": self.models.stage.fingerprint,
                "ranker": self.models.ranker.fingerprint,
            }
            | ({"crowd": models.crowd.fingerprint} if models.crowd else {})
            | inferring.deciding,
        )
        silent = set[str]()
        if incremental:
            taken = users_to_infer(self.log, self.library, parameters, None if users is None else wanted)
            wanted, silent = taken.all, taken.silent
        work = inferring.work(clock)
        elsewhere = None
        if inferring.divides:
            elsewhere = open_engine(engine, inferring.without_model(clock), self.embeddings, len(wanted))
        return run_inference(
            self.log,
            self.library,
            self.embeddings,
            parameters,
            work,
            wanted,
            on_progress,
            self.forgotten,
            at_once=inferring.at_once,
            calls_of=inferring.take_calls,
            usage=lambda: inferring.usage,
            corrections=self.corrections(clock, options),
            engine=elsewhere,
            finish=inferring.finish if elsewhere else None,
            whole=whole,
            silent=silent,
        )

    def expand(
        self,
        *,
        on_progress: OnProgress = _silently,
        on_written: OnProgress = _silently,
        structured: "Structured | None" = None,
    ) -> Expanded:
        """Makes the catalogue of all users' journeys, what its entries lead to, and their items, and stores them.

        With a model for the role `expander`, it writes related journeys too. structured: by default that of the
        settings. Raises LibraryError where there are no journeys.
        """
        chosen = self.settings.catalogue
        return expand(
            self.log,
            self.library,
            self.embeddings,
            self.expansions,
            CatalogueOptions(chosen.min_users, chosen.max_entries, chosen.similarity),
            self.models.checker,
            self.forgotten,
            on_progress,
            structured := structured or self.exit_to(Role.EXPANDER),
            on_written,
            self.guard_for(structured),
        )

    def catalogue(self, limit: int = 50) -> tuple[list[Entry], int]:
        """The entries with most users, and how many there are in all. Raises LibraryError where there is none yet."""
        return entries_of(self.expansions, limit)

    # --- what is known of a user

    def journeys(self, user_id: str) -> list[Journey]:
        """The journeys of the last inference, best first. Raises LibraryError for a user who has had none."""
        found = self.library.journeys(user_id)
        if not found and self.library.state(user_id) is None:
            raise LibraryError(
                f"no inference of a user {user_id!r}: journeys infer, or see the ids with journeys users"
            )
        return found

    def journey(self, user_id: str, which: str) -> Journey:
        """One journey by its id, the beginning of its id, its rank, or its name. Raises LibraryError."""
        journeys = self.journeys(user_id)
        for same in (
            lambda journey: which == str(journey.rank),
            lambda journey: journey.name.casefold() == which.casefold(),
            lambda journey: journey.journey_id.startswith(which),
        ):
            matching = [journey for journey in journeys if same(journey)]
            if len(matching) == 1:
                return matching[0]
        known = ", ".join(f"{journey.rank} {journey.name}" for journey in journeys) or "none"
        raise LibraryError(f"user {user_id!r} has no one journey {which!r}; there are: {known}")

    def explain(self, user_id: str, which: str) -> str:
        """Why a journey is claimed and why it ranks where it ranks, with dated receipts; see `explained`."""
        return self.explained(user_id, which).text

    def explained(self, user_id: str, which: str, *, written: bool | None = None) -> Explained:
        """The same, with what it rests on and whether a model wrote it.

        written: whether a model is asked; by default where one is set for the role `explainer`.
        """
        structured = None if written is False else self.exit_to(Role.EXPLAINER)
        return self.explainer(structured).journey(self.journey(user_id, which))

    def explainer(self, structured: "Structured | None") -> Explainer:
        """What explains journeys and recommendations; with None by the template alone."""
        guard = self.guard_for(structured)
        return Explainer(structured, self.retriever, self.embeddings, self.models.checker, guard)

    def recommend(self, user_id: str, options: RecommendOptions | None = None, *, from_log: bool = True) -> Recommended:
        """Related journeys and items for a user, each with its reason. Raises LibraryError without a catalogue.

        from_log: whether the user's activity is read, so that no item is recommended that he met outside his journeys;
        without it, the answer takes some milliseconds, however long the log is.
        """
        activities = self.log.of(user_id) if from_log else None
        return recommend_to(self.journeys(user_id), activities, self.embeddings, self.expansions, options)

    def changes(self, user_id: str) -> list[DatedChange]:
        """What happened to the user's journeys, the newest run first."""
        self.journeys(user_id)
        return sorted(self.library.changes(user_id), key=lambda each: each.run_id, reverse=True)

    def recluster(self, user_id: str, granularity: Granularity, as_of: datetime) -> list[Journey]:
        """What the journeys would be with another granularity and all labels, from the keyword store; none is stored.

        Raises StoreError where the store was filled by another version.
        """
        return recluster(self.store, user_id, as_of, self.options(granularity), self.inferred)

    def retriever(self, user_id: str, limit: int = 10) -> "ActivityRetriever":
        """A LangChain retriever over the user's activity."""
        # LangChain takes longer to import than reading journeys takes.
        from vectorstore.retriever import ActivityRetriever  # noqa: PLC0415

        return ActivityRetriever(store=self.store, embeddings=self.embeddings, user_id=user_id, k=limit)

    def all_journeys(self, users: Collection[str] | None = None) -> Iterator[Journey]:
        """The stored journeys of these users, or of all, in order of user and rank."""
        yield from self.library.all_journeys(users)

    def forget(self, user_id: str) -> Erased:
        """Removes a user from the activity log, the stores, the vectors of his texts and the library, and remembers it.

        Not a byte of him stays in what this program has written; of Chroma and of servers, see their `scrub`. Ingested
        files are left alone, but his rows in them are passed over from now on, until `ingest` is told to allow them.
        Raises StoreError before anything is removed where a store cannot be opened.
        """
        # LangChain, whose store interface the kept replies have, takes longer to import than reading journeys takes.
        from assistant.models import reply_cache  # noqa: PLC0415

        filled_before = [name for name in self._index.stores() if name not in {self.settings.store, "memory"}]
        with ExitStack() as others:
            return erase(
                user_id,
                forgotten=self.forgotten,
                log=self.log,
                stores=[
                    self.store,
                    *(others.enter_context(self._store(name)) for name in filled_before if ":" not in name),
                ],
                embeddings=self.embeddings,
                library=self.library,
                expansions=self.expansions,
                crowd=self.kept_crowd,
                replies=reply_cache(self.settings),
                conversations=Conversations(self.settings.home),
                unreached=[name for name in filled_before if ":" in name],
            )
