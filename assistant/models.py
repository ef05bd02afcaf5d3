"""The language models that the settings name, behind the one exit."""

from collections.abc import Sequence
from dataclasses import fields

from assistant.model_settings import ModelSettings, model_for
from assistant.naming_settings import GuardKind
from assistant.settings import Settings
from chains.call_records import CallRecord, Recorder
from chains.chat_models import ChatModel, Limits, open_chat_model
from chains.guards import MODERATION, OPENAI, ModelGuard, ModerationGuard
from chains.metering import Budget, Meter, Price
from chains.model_safety import Guard
from chains.reply_cache import ReplyCache
from chains.roles import Role
from chains.shaping import Shaping
from chains.structured import Structured
from vectorstore.key_values_sqlite import SqliteKeyValues

REPLIES_FILE = "replies.sqlite"


def open_structured(
    settings: Settings, *, budget: Budget | None = None, record: Sequence[Recorder] = (), cache: bool = True
) -> Structured:
    """The exit to the models of the settings; with none set, every step gives its answer without one.

    record: each is told of every reply. cache: whether good replies are kept in the home folder. Nothing is connected
    to before the first call. Raises ModelError where a provider's package is missing.
    """
    models = {role: models_of_role(role, settings) for role in Role}

    def recorder(call: CallRecord) -> None:
        for each in record:
            each(call)

    kept = reply_cache(settings) if cache and any(models.values()) else None
    return Structured(models, Meter(budget or Budget()), kept, recorder)


def open_guard(settings: Settings, meter: Meter) -> Guard | None:
    """What is asked before text of a model is shown, None where none is set. meter: counts what a guard model uses.

    Raises ModelError where a provider's package is missing.
    """
    chosen = settings.guard
    if chosen.kind is GuardKind.MODERATION:
        return ModerationGuard(
            api_key=chosen.api_key,
            base_url=chosen.base_url or OPENAI,
            model=chosen.model or MODERATION,
            timeout=chosen.timeout,
        )
    if chosen.kind is GuardKind.MODEL:
        limits = Limits(timeout=chosen.timeout)
        model = open_chat_model(chosen.model, base_url=chosen.base_url, api_key=chosen.api_key, limits=limits)
        return ModelGuard(model, meter=meter)
    return None


def reply_cache(settings: Settings) -> ReplyCache:
    """The kept replies of this home."""
    return ReplyCache(
        SqliteKeyValues(settings.home / REPLIES_FILE, mend="it is made again by the next call to a model")
    )


def models_of_role(role: Role, settings: Settings) -> list[ChatModel]:
    """What is set for a role, and what stands in for it; [] for none. Raises ModelError."""
    first = model_for(role, settings.models)
    if not first.model:
        return []
    chosen = [first]
    if settings.models.fallback.model:
        chosen.append(settings.models.fallback.over(settings.models.default))
    return [_opened(each) for each in chosen]


def _opened(chosen: ModelSettings) -> ChatModel:
    limits = Limits(**chosen.model_dump(include={each.name for each in fields(Limits)}, exclude_none=True))
    return open_chat_model(
        chosen.model or "",
        base_url=chosen.base_url,
        api_key=chosen.api_key,
        temperature=chosen.temperature,
        max_reply_tokens=chosen.max_reply_tokens or 2_000,
        limits=limits,
        price=Price(chosen.input_price, chosen.output_price),
        shaping=chosen.shaping or Shaping.AUTO,
    )
