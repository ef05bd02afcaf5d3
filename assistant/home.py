"""What lies in a home folder, and the models that the settings name: opened when first needed."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Self

from assistant.crowds import KeptCrowd, MadeOf, gather_crowd
from assistant.expansions import Expansions
from assistant.forgotten import ForgottenUsers
from assistant.keyword_index import KeywordIndex
from assistant.library import Library
from assistant.model_settings import model_for
from assistant.settings import Settings
from chains.affinity import AffinityModel
from chains.clustering import Granularity
from chains.crowd import CROWD_USERS, Crowd, drawn
from chains.inference import InferenceModels, InferenceOptions
from chains.naming_model import NamingModel
from chains.ranking import RankerModel
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.stage_model import StageModel
from vectorstore.activity_log import ActivityLog
from vectorstore.closing import Closing
from vectorstore.embeddings import CachedEmbeddings, open_embeddings
from vectorstore.open_store import open_store
from vectorstore.store import KeywordStore

if TYPE_CHECKING:
    from chains.model_safety import Guard
    from chains.structured import Structured


class Home(Closing):
    """What is opened stays open. Use as a context manager, or call `close`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._open = ExitStack()
        self.log = ActivityLog(settings.home / "activity")
        self.forgotten = ForgottenUsers(settings.home / "forgotten.json")
        self.kept_crowd = KeptCrowd(settings.home / "crowd.npz")
        #: For those who use one assistant from several threads.
        self.in_turn = RLock()

    @classmethod
    def from_settings(cls, settings: Settings | None = None) -> Self:
        """settings: by default from journeys.toml and the environment."""
        return cls(settings or Settings.load())

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
        """Without a crowd: that is of one log, and changes from full run to full run."""
        return InferenceModels(
            affinity=AffinityModel.load(self.settings.inference.affinity_model),
            naming=NamingModel.load(self.settings.inference.naming_model),
            checker=SensitivityChecker(self.settings.safety),
            stage=StageModel.load(self.settings.inference.stage_model),
            ranker=RankerModel.load(self.settings.inference.ranker_model),
        )

    def models_for(
        self, granularity: Granularity, as_of: datetime, *, anew: Callable[[], bool] = lambda: False
    ) -> InferenceModels:
        """The models, and for fine journeys the crowd: that of the last full run with them, or where there is none
        one made of the log up to as_of. anew: whether it is made of the log in any case, asked for fine ones alone."""
        if granularity is not Granularity.FINE or self.models.affinity.fine_in_crowd is None:
            return self.models
        kept = None if anew() else self.kept_crowd.read(self.embeddings.model)
        if kept is None:
            kept = self.kept_crowd.made(
                MadeOf(self.embeddings.model, self.log.position, as_of), lambda: self._gathered_crowd(as_of)
            )
        return replace(self.models, crowd=kept)

    def _gathered_crowd(self, as_of: datetime) -> Crowd:
        is_forgotten = self.forgotten.matcher()
        some = drawn((user_id for user_id in self.log.users() if not is_forgotten(user_id)), CROWD_USERS)
        return gather_crowd(self.log.stream(users=some, until=as_of), self.embeddings)

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

    def exit_to(self, role: Role) -> "Structured | None":
        """The exit to the models of the settings, None where this role has none."""
        if not model_for(role, self.settings.models).model:
            return None
        # LangChain takes longer to import than most commands take.
        from assistant.models import open_structured  # noqa: PLC0415

        return open_structured(self.settings)

    def guard_for(self, structured: "Structured | None") -> "Guard | None":
        """What is asked before text of these models is shown, None where none is set."""
        if structured is None or self.settings.guard.kind is None:
            return None
        # LangChain takes longer to import than most commands take.
        from assistant.models import open_guard  # noqa: PLC0415

        return open_guard(self.settings, structured.meter)

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
