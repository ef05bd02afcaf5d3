"""How a run finds the journeys of one user: by code alone, or with the models that the settings name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import JsonValue

from assistant.batch import Finishing
from assistant.errors import SettingsError
from assistant.settings import Settings
from assistant.user_work import NextChange, UserWork, never
from chains.ageing import journeys_at
from chains.call_records import CallRecord, Recorder
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import InferenceMode, Journey
from chains.metering import Usage
from chains.roles import Role
from chains.silence import next_change
from chains.texts import Floats
from vectorstore.activity import Keyword
from vectorstore.embeddings import CachedEmbeddings

if TYPE_CHECKING:
    from chains.model_safety import Guard
    from chains.structured import Structured


def role_of(mode: InferenceMode) -> Role:
    """Whom a run in this mode asks: who names what the code found, or who finds it."""
    return Role.NAMER if mode is InferenceMode.CLUSTER else Role.INFERRER


class KeptCalls:
    """What models said about each user, until it is asked for once. Any number of threads may add to it."""

    def __init__(self) -> None:
        self._calls: dict[str, list[CallRecord]] = {}
        self._lock = Lock()

    def __call__(self, call: CallRecord) -> None:
        if call.about.user_id is not None:
            with self._lock:
                self._calls.setdefault(call.about.user_id, []).append(call)

    def take(self, user_id: str) -> Sequence[CallRecord]:
        with self._lock:
            return self._calls.pop(user_id, ())


class Inferring:
    """One way to infer, made once for a run.

    at_once: users side by side. deciding: what decides the result besides the settings of inference, models by their
    label and prompt. usage: what the models used until now, by step and model.
    """

    def __init__(
        self,
        mode: InferenceMode,
        settings: Settings,
        options: InferenceOptions,
        models: InferenceModels,
        embeddings: CachedEmbeddings,
        structured: "Structured | None",
        guard: "Guard | None",
    ) -> None:
        """structured: None where the role of this mode has no model. guard: asked of what it wrote. Raises
        SettingsError where the mode needs a model."""
        if mode is not InferenceMode.CLUSTER and not (structured and structured.has(Role.INFERRER)):
            raise SettingsError(
                f'--mode {mode} asks a model and none is set: set models.default.model, such as "openai:gpt-5-mini"; '
                "journeys doctor tests it"
            )
        self._mode, self._settings, self._options, self._models = mode, settings, options, models
        self._embeddings, self._guard = embeddings, guard
        self._calls = KeptCalls()
        self._structured = None
        if structured and structured.has(role_of(mode)):
            self._structured = replace(structured, record=_both(structured.record, self._calls))

    @property
    def at_once(self) -> int:
        return self._structured.models[self._role][0].limits.concurrency if self._structured else 1

    @property
    def deciding(self) -> dict[str, JsonValue]:
        if self._structured is None:
            return {}
        # LangChain takes longer to import than a run without a model may wait.
        from chains.merge_call import STEP as MERGE  # noqa: PLC0415
        from chains.single_call import STEP as CALL  # noqa: PLC0415
        from chains.written_names import STEP as NAMES  # noqa: PLC0415

        prompts = {
            InferenceMode.CLUSTER: NAMES.prompt_version,
            InferenceMode.MERGE: MERGE.prompt_version,
            InferenceMode.LLM: CALL.prompt_version,
        }
        asked: dict[str, JsonValue] = {
            "model": [model.label for model in self._structured.models[self._role]],
            "prompt": prompts[self._mode],
        }
        if self._mode is InferenceMode.CLUSTER:
            asked["style"] = self._settings.style.model_dump(mode="json")
        if self._settings.guard.kind:
            asked["guard"] = [str(self._settings.guard.kind), self._settings.guard.model]
        return {"mode": str(self._mode), str(self._role): asked}

    @property
    def usage(self) -> Mapping[tuple[str, str], Usage]:
        return self._structured.meter.by_step() if self._structured else {}

    def take_calls(self, user_id: str) -> Sequence[CallRecord]:
        """What models said about a user since this was asked last."""
        return self._calls.take(user_id)

    @property
    def divides(self) -> bool:
        """Whether a model is asked after everything else if at all, so that the rest may be done in other processes."""
        return self._structured is None or self._mode is InferenceMode.CLUSTER

    def work(self, as_of: datetime) -> UserWork:
        """All that is done for a user as of this moment. It raises BudgetSpent."""
        if self._structured is None:
            return self.without_model(as_of)
        # What a model says of a stage stays until there is something new to tell it.
        ahead = never if self._mode is InferenceMode.LLM else self._next_change(as_of)
        return UserWork(partial(self._by_model, as_of=as_of, structured=self._structured), ahead)

    def without_model(self, as_of: datetime) -> UserWork:
        """What is done before a model is asked; it may be sent to another process."""
        infer = partial(infer_journeys, as_of=as_of, options=self._options, models=self._models)
        move = None
        if self._structured is None:
            move = partial(journeys_at, as_of=as_of, options=self._options, models=self._models)
        return UserWork(infer, self._next_change(as_of), move)

    def _next_change(self, as_of: datetime) -> NextChange:
        return partial(next_change, as_of=as_of, options=self._options, models=self._models)

    @property
    def finish(self) -> Finishing | None:
        """What a model does after that, None where there is none. It raises BudgetSpent."""
        return partial(self._named, structured=self._structured) if self._structured else None

    def _by_model(
        self, keywords: Sequence[Keyword], vectors: Floats, *, as_of: datetime, structured: "Structured"
    ) -> list[Journey]:
        # LangChain takes longer to import than a run without a model may wait.
        from chains.guarding import by_keywords, guarded  # noqa: PLC0415
        from chains.modes import infer_in_mode  # noqa: PLC0415

        found = infer_in_mode(self._mode, keywords, vectors, as_of, self._options, self._models, structured)
        if self._mode is InferenceMode.CLUSTER:
            return self._named(keywords, found, structured=structured)
        return guarded(found, [by_keywords(each) for each in found], self._guard) if self._guard else found

    def _named(
        self, keywords: Sequence[Keyword], found: Sequence[Journey], *, structured: "Structured"
    ) -> list[Journey]:
        # LangChain takes longer to import than a run without a model may wait.
        from chains.written_names import write_names  # noqa: PLC0415

        return write_names(
            list(found),
            keywords,
            structured=structured,
            checker=self._models.checker,
            style=self._settings.style.house_style(),
            embeddings=self._embeddings,
            guard=self._guard,
        )

    @property
    def _role(self) -> Role:
        return role_of(self._mode)


def _both(first: Recorder, second: Recorder) -> Recorder:
    def record(call: CallRecord) -> None:
        first(call)
        second(call)

    return record
