"""The only exit to a model: a step and its data go out, a reply that was read and checked comes back, or the reason why
there is none. Whoever asks has an answer of his own for that case, so that nothing ever hangs on a model."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, stop_after_delay

from chains.call_records import About, CallRecord, Recorder
from chains.chat_models import ChatModel
from chains.faults import Fault, FaultKind, first_line, may_pass
from chains.metering import Meter, Usage
from chains.replies import ReplyError, parse, text_of
from chains.reply_cache import ReplyCache
from chains.roles import Role
from chains.shaping import Shaping
from chains.steps import Fields, Reply, Step

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
# Of English in the common tokenizers there are about 4; a budget is kept by the smallest that is usual.
_LEAST_CHARACTERS_A_TOKEN = 2.5


def _unrecorded(record: CallRecord) -> None:
    """Nobody keeps records."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Reply]):
    """value: the reply, None where every model failed. model: which gave it, "" for none. complaint: what the step's
    own check still finds wrong with it, after it was told once. because: why the models before this one failed, or all
    did; "" where the first was good."""

    value: Reply | None
    model: str = ""
    prompt_version: str = ""
    complaint: str = ""
    because: str = ""
    usage: Usage = field(default_factory=Usage)
    cached: bool = False


def _content(reply: object) -> str:
    """No complaint."""
    return ""


@dataclass
class Structured:
    """models: by role, the first and those that stand in for it. A role without any is answered by "no model".

    meter, cache and record go round the calls; a step knows of none of them. wait: how pauses are spent.
    """

    models: Mapping[Role, Sequence[ChatModel]]
    meter: Meter = field(default_factory=Meter)
    cache: ReplyCache | None = None
    record: Recorder = _unrecorded
    wait: Callable[[float], None] = time.sleep

    def has(self, role: Role) -> bool:
        return bool(self.models.get(role))

    def ask(
        self,
        step: Step[Reply],
        fields: Fields,
        *,
        about: About | None = None,
        check: Callable[[Reply], str] = _content,
        sample: int = 0,
    ) -> Answer[Reply]:
        """check: what is wrong with a reply of the right shape, told to the model once; "" for nothing. It is told to
        a model, so it must quote nothing of a user. sample: which of several answers to the same question.

        Raises BudgetSpent before a call that the budget has no room for; every other failure is in the answer.
        """
        reasons = []
        for model in self.models.get(step.role, ()):
            if model.down_because:
                reasons.append(f"{model.label}: {model.down_because}")
                continue
            try:
                answer = self._ask_one(model, step, fields, about or About(), check, sample)
            except Fault as fault:
                if fault.kind is FaultKind.DENIED:
                    model.down_because = fault.reason
                reasons.append(f"{model.label}: {fault.reason}")
                continue
            return replace(answer, because="; ".join(reasons))
        return Answer(None, because="; ".join(reasons) or "no model is set", prompt_version=step.prompt_version)

    def _ask_one(
        self,
        model: ChatModel,
        step: Step[Reply],
        fields: Fields,
        about: About,
        check: Callable[[Reply], str],
        sample: int,
    ) -> Answer[Reply]:
        messages = step.render(fields)
        key = ReplyCache.key(model.label, step.prompt_version, messages, user_id=about.user_id, sample=sample)
        talk = _Talk(self, model, step, about)
        if self.cache and (kept := self.cache.get(key)) is not None:
            value = parse(kept, step.reply)
            # What is checked for may have changed since.
            if not (complaint := check(value)):
                talk.note(messages, kept, kept, "", Usage(), 0.0, cached=True)
                return Answer(value, model.label, step.prompt_version, cached=True)
        value, complaint = talk.hold(messages, check)
        if self.cache and not complaint:
            self.cache.put(key, value.model_dump_json())
        return Answer(value, model.label, step.prompt_version, complaint, usage=talk.usage)


class _Talk(Generic[Reply]):
    """One question to one model: asked, and where the reply can't be used, told why and asked once more."""

    def __init__(self, exit_: Structured, model: ChatModel, step: Step[Reply], about: About) -> None:
        self._exit, self._model, self._step, self._about = exit_, model, step, about
        self.usage = Usage()

    def hold(self, messages: Sequence[BaseMessage], check: Callable[[Reply], str]) -> tuple[Reply, str]:
        """The reply and what is still wrong with it. Raises Fault."""
        said: Sequence[BaseMessage] = messages
        best: Reply | None = None
        problem = ""
        for _ in range(2):
            started = time.perf_counter()
            message, usage = self._call(said)
            seconds = time.perf_counter() - started
            text, parsed, value = "", "", None
            try:
                text = text_of(message)
                value = parse(text, self._step.reply)
                parsed = value.model_dump_json()
                problem = check(value)
            except ReplyError as error:
                problem = str(error)
            self.note(said, text or str(message.text), parsed, problem, usage, seconds)
            if value is not None:
                best = value
                if not problem:
                    return value, ""
            said = [*messages, AIMessage(text or "(nothing)"), HumanMessage(_repair(problem))]
        if best is None:
            raise Fault(FaultKind.UNUSABLE, f"the reply could not be used: {problem}")
        return best, problem

    def _call(self, messages: Sequence[BaseMessage]) -> tuple[AIMessage, Usage]:
        limits = self._model.limits
        asking = Retrying(
            retry=retry_if_exception(may_pass),
            stop=stop_after_attempt(limits.attempts) | stop_after_delay(limits.patience),
            wait=_pause,
            sleep=self._exit.wait,
            reraise=True,
        )
        started = time.perf_counter()
        try:
            return asking(self._call_once, messages)
        except Fault as fault:
            self.note(messages, "", "", fault.reason, Usage(), time.perf_counter() - started)
            raise

    def _call_once(self, messages: Sequence[BaseMessage]) -> tuple[AIMessage, Usage]:
        model = self._model
        while True:
            shaping = model.shaped_by
            said = [*messages[:-1], _with_schema(messages[-1], self._step)] if shaping is Shaping.TEXT else messages
            characters = sum(len(each.text) for each in said) + len(str(self._step.schema))
            most = int(characters / _LEAST_CHARACTERS_A_TOKEN) + 1
            try:
                with self._exit.meter.reserved(most, model.max_reply_tokens, model.price), model.turnstile:
                    message = self._invoke(said, shaping)
                    usage = model.usage_of(message, characters)
                    self._exit.meter.add(self._step.name, model.label, usage)
            except Fault as fault:
                if fault.kind is FaultKind.UNSUPPORTED and model.give_up(shaping):
                    continue
                raise
            self.usage += usage
            if refusal := _refusal(message):
                raise Fault(FaultKind.REFUSED, refusal)
            return message, usage

    def _invoke(self, messages: Sequence[BaseMessage], shaping: Shaping) -> AIMessage:
        try:
            runnable = self._model.shaped(self._step, shaping)
        except Exception as error:
            # A key that isn't set, or a package that is too old: asking again won't mend it.
            raise Fault(FaultKind.DENIED, f"it cannot be opened: {first_line(error)}") from error
        return self._model.answer(lambda: runnable.invoke(list(messages)))

    def note(
        self,
        messages: Sequence[BaseMessage],
        reply: str,
        parsed: str,
        problem: str,
        usage: Usage,
        seconds: float,
        *,
        cached: bool = False,
    ) -> None:
        """Tells the recorder what happened."""
        said = tuple((each.type, str(each.text)) for each in messages)
        self._exit.record(
            CallRecord(
                self._step.name,
                self._step.prompt_version,
                self._model.label,
                self._about,
                said,
                reply,
                parsed,
                problem,
                usage,
                seconds,
                cached,
            )
        )


def _pause(state: RetryCallState) -> float:
    """Longer after each failure, and never the same for two; as long as the server asks, where it does."""
    fault = state.outcome.exception() if state.outcome else None
    longest = min(_FIRST_PAUSE * 2**state.attempt_number, _LONGEST_PAUSE)
    own = random.uniform(longest / 2, longest)
    asked = fault.wait if isinstance(fault, Fault) else None
    return own if asked is None else asked + own / 10


def _repair(problem: str) -> str:
    return (
        f"That reply cannot be used: {problem}. Answer the same request again, complete and in the shape described, "
        "as one JSON object and nothing else."
    )


def _with_schema(message: BaseMessage, step: Step[Reply]) -> HumanMessage:
    return HumanMessage(f"{message.text}\n\nAnswer with one JSON object that follows this JSON schema:\n{step.schema}")


def _refusal(message: AIMessage) -> str:
    if message.additional_kwargs.get("refusal"):
        return "the model declined"
    if message.response_metadata.get("finish_reason") == "content_filter":
        return "the server's content filter stopped it"
    return ""
