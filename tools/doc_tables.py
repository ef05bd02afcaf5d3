"""Tables of the documents that follow from the program itself."""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Sequence
from importlib import resources
from types import ModuleType
from typing import Any, get_args, get_type_hints

import typer
from scale_plan import plan_table

from assistant.cli import app
from assistant.settings import Settings
from chains import crowd_features, pair_features, second_look, stage
from chains.clustering import CUT, POWER
from chains.ranking import default_ranker
from chains.ranking_terms import RANK_FEATURES, TERMS
from chains.runnables import FACTORIES
from chains.safety import SensitivityChecker
from chains.stage_model import default_stage

#: What each setting means; a section that is explained as a whole ends in a dot.
MEANINGS = {
    "home": "The folder in which everything lies.",
    "embedding.model": '"minilm", or "provider:model" for any provider of LangChain.',
    "embedding.base_url": "The provider's server, where it is not its own.",
    "embedding.api_key": "Its key; without it, whatever the provider's library finds.",
    "embedding.threads": "Of minilm; not set means one a core.",
    "store": '"qdrant", "qdrant:URL", "chroma", "chroma:URL" or "memory".',
    "store_api_key": "Of a Qdrant server.",
    "library_url": "SQLite in the home folder, or postgresql://USER:PASSWORD@HOST/NAME.",
    "columns.": "What the seven columns are called in your log.",
    "default_zone": 'Of times that name none, such as "Europe/Berlin".',
    "max_rejected": "The share of unreadable rows over which a run fails.",
    "max_failed": "The share of users set aside over which a run fails, after all others are written.",
    "inference.mode": "cluster without a model; merge: a model merges sure clusters; llm: one call for the whole.",
    "inference.granularity": "coarse, normal or fine: how much belongs to one journey.",
    "inference.min_events": "Fewer events make no journey.",
    "inference.diversification_penalty": "The factor for each similar journey that ranks before.",
    "inference.diversification_threshold": "The cosine over which two journeys are similar.",
    "inference.affinity_model": "A file of `journeys train affinity`; by default the model that comes along.",
    "catalogue.min_users": "No entry, name, keyword or item of the catalogue comes from fewer users.",
    "catalogue.max_entries": "The entries with most users are kept, so many at most.",
    "catalogue.similarity": "The cosine from which journeys are merged.",
    "models.default.model": 'A language model for every role, such as "openai:gpt-5-mini"; also `base_url`, `api_key`, '
    "`timeout` and more; `models.fallback` stands in, `models.namer` and the like are for one role.",
    "style.language": "Of names that a model writes; empty for that of each journey.",
    "style.tone": "Of these names, in a few words.",
    "style.avoid": "Words that no such name has.",
    "style.examples": "Names that the house likes.",
    "guard.kind": "moderation (an endpoint) or model (Llama Guard): asked before what a model wrote is shown.",
    "guard.model": "Of the guard; the endpoint's own by default.",
    "guard.base_url": "Its server, where it is not OpenAI's.",
    "guard.api_key": "Its key.",
    "guard.timeout": "Seconds for one request to it.",
    "agent.model_calls": "How often the agent asks its model for one question, at most.",
    "agent.tool_calls": "How often it looks something up for one question, at most.",
    "agent.max_tokens": "Of input and output together, for one question.",
    "agent.max_cost": "For one question, in the currency of the models' prices; not set is no limit.",
    "agent.timeout": "Seconds for one question; no call to a model or tool begins after them.",
    "agent.tool_timeout": "Seconds for one look-up.",
    "agent.rows": "Journeys, events or users that one look-up tells the model, at most.",
    "agent.context_tokens": "From so many tokens on, older results of look-ups are no longer sent to the model.",
    "experiment.salt": "Another deals all users anew: give each experiment its own.",
    "experiment.shares.interest": "The share of users who are told by their interest alone.",
    "experiment.shares.journey": "The share of users who are told by their journey.",
    "experiment.shares.holdout": "The share of users who are told nothing; the three are 1 in sum.",
    "expansion_store": '"sqlite" in the home folder, or redis://USER:PASSWORD@HOST:PORT/NUMBER.',
    "inference.naming_model": "A file of `journeys train naming`; by default the model that comes along.",
    "inference.stage_model": "A file of `journeys train stage`; by default the model that comes along.",
    "inference.ranker_model": "A file of `journeys train ranker`; by default the model that comes along.",
    "notify.a_day": "Messages to a user at most on a UTC day, over all channels.",
    "notify.a_week": "The same in seven days.",
    "notify.quiet_from": "On each user's own clock, from when nothing is sent.",
    "notify.quiet_until": "And until when; equal to the other, there are no quiet hours.",
    "notify.least_slot": "Minutes; a shorter stretch outside of quiet hours is none.",
    "notify.cool_down_days": "Before the same journey is told again.",
    "notify.repeat_days": "How long what was told counts against what is like it.",
    "notify.repeat_penalty": "By which factor, for each that is like it.",
    "notify.score_floor": "Journeys of a lower score are not told: of these about one in five goes on within 28 days.",
    "notify.expansion_floor": "The same of related journeys.",
    "notify.confidence_floor": "Journeys of a lower confidence are not told.",
    "notify.interest_floor": "Interests with less of the recent activity are not told in the arm that compares.",
    "notify.least_age": "Younger users are sent nothing.",
    "notify.salt": "Part of every candidate's key; another makes all keys anew.",
    "notify.segments": "Columns of the users file that candidates carry along.",
    **{
        f"notify.columns.{name}": f"What the column is called in the users file: {about}."
        for name, about in {
            "user_id": "the id as in the log",
            "email_consent": "yes, true or 1 where e-mail was agreed to",
            "push_consent": "the same for push messages",
            "timezone": "such as Europe/Berlin; without it `default_zone`",
            "language": "of the copy: en, de, es, fr; any other is English",
            "channel": "the only one wanted, empty for any",
            "minor": "yes, true or 1",
            "age": "in years",
        }.items()
    },
    "safety.": "A policy by category, where it is to be another than in the table of categories.",
}


def _markdown(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines)


def meaning_of(setting: str) -> str:
    """Raises KeyError for a setting that nobody has explained yet."""
    section = setting.partition(".")[0] + "."
    return MEANINGS[section] if section in MEANINGS else MEANINGS[setting]


def settings_table() -> str:
    """Every setting with its environment variable, default and meaning."""
    rows: dict[str, tuple[str, str, str, str]] = {}
    for setting in Settings().describe():
        name, value = setting.name, setting.value
        if (section := name.partition(".")[0] + ".") in MEANINGS:
            name, value = f"{section}*", "our names"
        rows.setdefault(name, (f"`{name}`", f"`{_variable(name)}`", value, meaning_of(setting.name)))
    rows["safety.*"] = ("`safety.*`", f"`{_variable('safety.*')}`", "see below", MEANINGS["safety."])
    return _markdown(("Setting", "Environment", "Default", "Meaning"), rows.values())


def _variable(setting: str) -> str:
    return "JOURNEYS_" + setting.upper().replace(".", "__")


def policies_table() -> str:
    """Every sensitive category with its default policy, and why."""
    lists = json.loads((resources.files("chains") / "sensitive.json").read_text(encoding="utf-8"))
    policies = SensitivityChecker().policies
    return _markdown(
        ("Category", "Policy", "Why"), ((name, str(policies[name]), about["why"]) for name, about in lists.items())
    )


def commands_table() -> str:
    """Every command with what it does."""
    group = typer.main.get_command(app)
    commands: dict[str, str] = {}
    for name, command in getattr(group, "commands", {}).items():
        below = getattr(command, "commands", None)
        for word, each in below.items() if below else [("", command)]:
            first = (each.help or "").strip().partition("\n")[0]
            commands[f"journeys {name} {word}".strip()] = first
    return _markdown(("Command", "Does"), ((f"`{name}`", text) for name, text in commands.items()))


def features_table() -> str:
    """Every pair feature with the comment beside it."""
    about = dict(re.findall(r'^ {4}"(\w+)",(?:  # (.*))?$', inspect.getsource(pair_features), re.M))
    return _markdown(("Feature", "Is"), ((f"`{name}`", about[name]) for name in pair_features.FEATURES))


def second_features_table() -> str:
    """Every feature of the second look with the comment beside it."""
    about = dict(re.findall(r'^ {4}"(\w+)",(?:  # (.*))?$', inspect.getsource(second_look), re.M))
    return _markdown(("Feature", "Is"), ((f"`{name}`", about[name]) for name in second_look.SECOND_FEATURES))


def crowd_features_table() -> str:
    """Every feature of the crowd with the comment beside it."""
    about = dict(re.findall(r'^ {4}"(\w+)",(?:  # (.*))?$', inspect.getsource(crowd_features), re.M))
    return _markdown(("Feature", "Is"), ((f"`{name}`", about[name]) for name in crowd_features.CROWD_FEATURES))


def cuts_table() -> str:
    """Every granularity with its cut."""
    rows = ((f"`{g}`", f"{cut:.2f}", f"{POWER[g]:g}") for g, cut in CUT.items())
    return _markdown(("Granularity", "Least mean probability", "Power of the mean"), rows)


def ranking_table() -> str:
    """Every term of the score with what it looks at, and what a standard deviation of each of its features adds to the
    log odds, in the mean of the kinds of logs that were learned from."""
    weights = dict(zip(RANK_FEATURES, default_ranker().weights[:, 1:].mean(axis=0).tolist(), strict=True))
    return _markdown(
        ("Term", "Looks at", "Weighs"),
        [
            (term.name, term.measures, ", ".join(f"`{name}` {weights[name]:+.2f}" for name in term.features))
            for term in TERMS
        ],
    )


def stage_table() -> str:
    """The figures by which kind and stage are told: those of the program, and those that were learned."""
    model = default_stage()
    learned = [
        (
            "ongoing",
            f"{model.ongoing:.2f}",
            "least part of the odds of a return kept since the last event, with which a situational journey goes on",
        ),
        ("steady", f"{model.steady:.2f}", "the same, with which an evergreen journey still is one"),
    ]
    return _markdown(("Constant", "Value", "Is"), [*_constants(stage), *learned])


def _constants(module: ModuleType) -> list[tuple[str, str, str]]:
    """The numbers that a module names, each with the comment beside it."""
    found = re.findall(r"^_?([A-Z][A-Z_]+) = ([\d._]+)(?:  # (.*))?$", inspect.getsource(module), re.M)
    return [(name.lower().replace("_", " "), value, about) for name, value, about in found]


def runnables_table() -> str:
    """Every factory of a Runnable with what it does, takes and gives."""
    rows = []
    for factory in FACTORIES:
        takes, gives = get_args(get_type_hints(factory)["return"])
        does = (inspect.getdoc(factory) or "").partition("\n")[0]
        rows.append((f"`{factory.__name__}`", does, f"`{_type(takes)}`", f"`{_type(gives)}`"))
    return _markdown(("Factory", "Does", "Takes", "Gives"), rows)


def runnable_types_table() -> str:
    """Every type of our own that a Runnable takes, with its fields and what they are."""
    takes = {get_args(get_type_hints(factory)["return"])[0]: None for factory in FACTORIES}
    rows = []
    for each in takes:
        about = " ".join((inspect.getdoc(each) or "").split())
        rows.append((f"`{each.__name__}`", ", ".join(f"`{name}`" for name in get_type_hints(each)), about))
    return _markdown(("Type", "Fields", "Of these"), [row for row in rows if row[0] not in {"`Journey`", "`Entry`"}])


def _type(hint: Any) -> str:
    """As a person writes it: without the modules."""
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else re.sub(r"\b\w+\.", "", str(hint))


TABLES: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "policies": policies_table,
    "commands": commands_table,
    "features": features_table,
    "second features": second_features_table,
    "crowd features": crowd_features_table,
    "cuts": cuts_table,
    "ranking": ranking_table,
    "stage": stage_table,
    "scale": plan_table,
    "runnables": runnables_table,
    "runnable types": runnable_types_table,
}
