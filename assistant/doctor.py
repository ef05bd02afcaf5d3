"""What works on this machine, what is off, and how to turn it on."""

from dataclasses import replace
from importlib.util import find_spec
from typing import NamedTuple

from assistant.expansions import Expansions
from assistant.library import Library
from assistant.model_settings import model_for
from assistant.settings import Settings
from chains.roles import Role
from chains.wording import count_text, date_text
from vectorstore.embeddings import open_embeddings
from vectorstore.errors import JourneyError
from vectorstore.open_store import open_store


class Check(NamedTuple):
    """One part. state: "on", "off" or "broken". advice: what to do, empty where nothing needs doing."""

    part: str
    state: str
    advice: str


def examine(settings: Settings) -> list[Check]:
    """Tries each part for real, and so makes what a first run would make: an empty store, an empty library."""
    settings.home.mkdir(parents=True, exist_ok=True)
    chosen = settings.embedding
    checks = []
    dimension = 0
    try:
        embeddings = open_embeddings(
            chosen.model,
            folder=settings.home / "embeddings",
            base_url=chosen.base_url,
            api_key=chosen.api_key,
            threads=chosen.threads,
        )
        dimension = embeddings.embed(["ready"]).shape[1]
        checks.append(Check(f"embeddings: {chosen.model}, {dimension} dimensions", "on", ""))
    except JourneyError as error:
        checks.append(Check(f"embeddings: {chosen.model}", "broken", str(error)))
    if dimension:
        try:
            with open_store(
                settings.store,
                folder=settings.home / "store",
                model=chosen.model,
                dimension=dimension,
                qdrant_api_key=settings.store_api_key.get_secret_value() if settings.store_api_key else None,
            ) as store:
                checks.append(Check(f"store: {settings.store}, {count_text(store.count(), 'keyword')}", "on", ""))
        except JourneyError as error:
            checks.append(Check(f"store: {settings.store}", "broken", str(error)))
    try:
        with Library(settings.library_location) as library:
            counts = library.count()
            held = f"{count_text(counts.users, 'user')}, {count_text(counts.journeys, 'journey')}"
            checks.append(Check(f"library: {held}", "on", ""))
    except JourneyError as error:
        checks.append(Check("library", "broken", str(error)))
    checks.append(_expansions(settings))
    checks += _models(settings)
    for extra, module, what in (
        ("chroma", "chromadb", "the Chroma store"),
        ("postgres", "psycopg", "a PostgreSQL library"),
        ("redis", "redis", "an expansion store in Redis"),
    ):
        there = find_spec(module) is not None
        advice = "" if there else f"pip install 'journey-assistant[{extra}]'"
        checks.append(Check(what, "on" if there else "off", advice))
    return checks


def _models(settings: Settings) -> list[Check]:
    """One real call to each model that is set."""
    if not any(model_for(role, settings.models).model for role in Role):
        advice = "names come from keywords and explanations from templates; to have one: models.default.model"
        return [Check("language model", "off", advice)]
    # Takes longer to import than the rest of the examination.
    from assistant.models import open_structured  # noqa: PLC0415
    from chains.readiness import problem_of  # noqa: PLC0415

    try:
        structured = open_structured(settings, cache=False)
    except JourneyError as error:
        return [Check("language model", "broken", str(error))]
    roles: dict[str, list[str]] = {}
    models = {}
    for role, chosen in structured.models.items():
        for model in chosen:
            models[model.label] = model
            roles.setdefault(model.label, []).append(role.value)
    checks = []
    for label, model in models.items():
        used = "every role" if len(roles[label]) == len(Role) else ", ".join(roles[label])
        problem = problem_of(replace(model, limits=replace(model.limits, attempts=1)))
        checks.append(Check(f"language model: {label}, for {used}", "broken" if problem else "on", problem))
    return checks


def _expansions(settings: Settings) -> Check:
    """Whether the catalogue's store answers, and what it holds."""
    # LangChain, whose store interface it has, takes longer to import than the rest of the examination.
    from vectorstore.key_values import open_key_values  # noqa: PLC0415

    try:
        with (
            open_key_values(settings.expansion_store.get_secret_value(), folder=settings.home) as store,
            Expansions(store).reading() as built,
        ):
            if built is None:
                return Check("expansions: none yet", "on", "journeys expand makes them")
            entries = f"{len(built.centres)} {'entry' if len(built.centres) == 1 else 'entries'}"
            if built.about.embedding != settings.embedding.model:
                advice = f"made with {built.about.embedding}, not {settings.embedding.model}: run journeys expand"
                return Check(f"expansions: {entries}", "broken", advice)
            return Check(f"expansions: {entries}, as of {date_text(built.about.as_of)}", "on", "")
    except JourneyError as error:
        return Check("expansions", "broken", str(error))
