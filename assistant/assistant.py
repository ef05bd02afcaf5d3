"""JourneyAssistant: the face that notebooks, the page and the command line share."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from threadpoolctl import threadpool_limits

from assistant.batch import RunSummary, run_inference, users_to_infer
from assistant.errors import LibraryError
from assistant.expanding import Expanded, expand
from assistant.expansions import Expansions
from assistant.explaining import Explained, Explainer
from assistant.forgetting import Erased, erase
from assistant.forgotten import ForgottenUsers
from assistant.keyword_index import KeywordIndex
from assistant.labelling import Labelling
from assistant.library import Library
from assistant.model_settings import model_for
from assistant.recommending import entries_of, recommend_to
from assistant.runs import DatedChange, RunMode, RunParameters
from assistant.settings import Settings
from chains.affinity import AffinityModel
from chains.catalogue import CatalogueOptions, Entry
from chains.clustering import Granularity
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import ALGORITHM, Journey
from chains.keywords import extract_keywords
from chains.naming_model import NamingModel
from chains.ranking import RankerModel
from chains.recommendation import Recommended, RecommendOptions
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.stage_model import StageModel
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings, open_embeddings
from vectorstore.errors import InputError, StoreError
from vectorstore.ingest import Ingested, Progress, ingest
from vectorstore.open_store import open_store
from vectorstore.store import KeywordStore

if TYPE_CHECKING:
    from chains.structured import Structured
    from vectorstore.retriever import ActivityRetriever

OnProgress = Callable[[int, int], None]


def _silently(done: int, total: int) -> None: ...


class JourneyAssistant(Labelling):
    """Everything that can be done with a home folder. What is opened is opened when first needed, and stays open.

    Use as a context manager, or call `close`.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open = ExitStack()
        self.log = ActivityLog(settings.home / "activity")
        self.forgotten = ForgottenUsers(settings.home / "forgotten.json")

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Self:
        """settings: by default from journeys.toml and the environment."""
        return cls(settings or Settings.load())

    # --- what it is made of

    @cached_property
    def library(self) -> Library:
        self.settings.home.mkdir(parents=True, exist_ok=True)
        return self._open.enter_context(Library(self.settings.library_location))

    @cached_property
    def embeddings(self) -> CachedEmbeddings:
        chosen = self.settings.embedding
        return open_embeddings(
            chosen.model,
            folder=self.settings.home / "embeddings",
            base_url=chosen.base_url,
            api_key=chosen.api_key,
            threads=chosen.threads,
        )

    @cached_property
    def store(self) -> KeywordStore:
        return self._open.enter_context(self._store(self.settings.store))

    @cached_property
    def expansions(self) -> Expansions:
        """Where the catalogue and its expansions lie."""
        # LangChain, whose store interface it has, takes longer to import than reading journeys takes.
        from vectorstore.key_values import open_key_values  # noqa: PLC0415

        spec = self.settings.expansion_store.get_secret_value()
        return Expansions(self._open.enter_context(open_key_values(spec, folder=self.settings.home)))

    @cached_property
    def models(self) -> InferenceModels:
        return InferenceModels(
            affinity=AffinityModel.load(self.settings.inference.affinity_model),
            naming=NamingModel.load(self.settings.inference.naming_model),
            checker=SensitivityChecker(self.settings.safety),
            stage=StageModel.load(self.settings.inference.stage_model),
            ranker=RankerModel.load(self.settings.inference.ranker_model),
        )

    def options(self, granularity: Granularity | None = None) -> InferenceOptions:
        """How journeys are inferred, as the settings say, or with another granularity."""
        chosen = self.settings.inference
        return InferenceOptions(
            granularity=granularity or chosen.granularity,
            least_events=chosen.min_events,
            penalty=chosen.diversification_penalty,
            threshold=chosen.diversification_threshold,
            embedding=self.embeddings.model,
        )

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
        on_progress: OnProgress = _silently,
    ) -> RunSummary:
        """Infers and stores journeys. as_of: by default the last activity of these users.

        users: only these, from all of their activity; an id that the log doesn't know is passed over. Raises InputError
        where there is no activity at all.
        """
        latest = self.log.latest(users)
        if latest is None:
            whose = "" if users is None else " of these users"
            raise InputError(f"there is no activity{whose} to infer from: journeys ingest LOG reads one")
        clock = as_of or latest
        options = self.options(granularity)
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
            },
        )
        wanted = None if users is None else set(users).intersection(self.log.users())
        if mode is RunMode.INCREMENTAL:
            touched = users_to_infer(self.log, self.library, parameters)
            wanted = touched if wanted is None else wanted & touched
        return run_inference(
            self.log,
            self.library,
            self.embeddings,
            parameters,
            partial(infer_journeys, as_of=clock, options=options, models=self.models),
            wanted,
            on_progress,
            self.forgotten,
            corrections=self.corrections(clock, options),
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
            structured or self.exit_to(Role.EXPANDER),
            on_written,
        )

    def exit_to(self, role: Role) -> "Structured | None":
        """The exit to the models of the settings, None where this role has none."""
        if not model_for(role, self.settings.models).model:
            return None
        # LangChain takes longer to import than most commands take.
        from assistant.models import open_structured  # noqa: PLC0415

        return open_structured(self.settings)

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
        return Explainer(structured, self.retriever, self.embeddings, self.models.checker)

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
        stored, vectors = self.store.keywords(user_id)
        rows = {keyword.key: row for row, keyword in enumerate(stored)}
        keywords = extract_keywords({each for keyword in stored for each in keyword.events if each.timestamp <= as_of})
        if not rows.keys() >= {keyword.key for keyword in keywords}:
            raise StoreError("the keyword store was filled by another version: journeys ingest LOG fills it anew")
        own = vectors[[rows[keyword.key] for keyword in keywords]]
        # As in a run: with more threads sums are made in another order, and differ in the last bit.
        with threadpool_limits(limits=1, user_api="blas"):
            return self.inferred(keywords, own, as_of, self.options(granularity))

    def retriever(self, user_id: str, limit: int = 10) -> "ActivityRetriever":
        """A LangChain retriever over the user's activity."""
        # LangChain takes longer to import than reading journeys takes.
        from vectorstore.retriever import ActivityRetriever  # noqa: PLC0415

        return ActivityRetriever(store=self.store, embeddings=self.embeddings, user_id=user_id, k=limit)

    def all_journeys(self, users: Collection[str] | None = None) -> Iterator[Journey]:
        """The stored journeys of these users, or of all, in order of user and rank."""
        if users is None:
            yield from self.library.all_journeys()
            return
        ordered = sorted(users)
        for start in range(0, len(ordered), 500):
            found = self.library.journeys_of(ordered[start : start + 500])
            for user_id in ordered[start : start + 500]:
                yield from found.get(user_id, [])

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
                replies=reply_cache(self.settings),
                unreached=[name for name in filled_before if ":" in name],
            )

    # --- housekeeping

    def has_begun(self) -> bool:
        """Whether anything was ever read or inferred here."""
        here = self.settings.home.is_dir()
        return (here and self.log.position > 0) or (
            (here or self.settings.library_url is not None) and next(self.library.users(), None) is not None
        )

    def _store(self, name: str) -> KeywordStore:
        key = self.settings.store_api_key
        return open_store(
            name,
            folder=self.settings.home / "store",
            model=self.embeddings.model,
            dimension=self.embeddings.dimension,
            qdrant_api_key=key.get_secret_value() if key else None,
        )

    @cached_property
    def _index(self) -> KeywordIndex:
        return KeywordIndex(self.settings.home / "index.json")

    def close(self) -> None:
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
