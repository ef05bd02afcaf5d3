"""`journeys judge`."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.judges import Samples, judge_of
from assistant.commands.model_options import Audit, MaxCost, MaxTokens
from assistant.commands.opened import opened
from assistant.errors import LibraryError
from assistant.judge_gate import gate_for
from assistant.judgements_shown import judgements_table, levels_text
from assistant.progress import Bars
from assistant.usage_shown import usage_text
from chains.judgement import Judgement
from chains.metering import BudgetSpent, Usage
from chains.roles import Role
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from assistant.judging import JudgedOne

_USERS = 20


def judge(
    context: typer.Context,
    users: Annotated[
        int | None, typer.Option(min=1, help=f"So many users with journeys, drawn by --seed; by default {_USERS}.")
    ] = None,
    user: Annotated[str | None, typer.Option(metavar="ID", help="Only this user.")] = None,
    top: Annotated[int, typer.Option(min=1, help="The first so many journeys of each.")] = 5,
    samples: Samples = 3,
    require_validated: Annotated[
        bool, typer.Option("--require-validated", help="Refuse unless this judge agreed with people.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the draw of users.")] = 0,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """A model scores the stored journeys 1 to 5 against each user's history, and says why.

    5 is a clear, important or ongoing journey with a name that fits, 1 is none. The judgements are kept.
    """
    if user is not None and users is not None:
        raise InputError("--user judges one user and --users draws some: give one of them")
    with (
        opened(context) as assistant,
        judge_of(assistant, max_cost, max_tokens, audit) as structured,
        Bars(quiet=as_json) as bars,
    ):
        # LangChain takes longer to import than most commands take.
        from assistant import judging  # noqa: PLC0415

        validations = assistant.library.validations()
        first = structured.models[Role.JUDGE][0].label
        gate = gate_for(first, judging.PROMPT_VERSION, validations)
        if require_validated and not gate.is_open:
            raise InputError(gate.because)
        chosen = _chosen(assistant, user, users, seed)
        told = bars.users("Judging")
        found: list[JudgedOne] = []
        spent = ""
        try:
            for one in judging.judge_stored(assistant, structured, chosen, top=top, samples=samples):
                found.append(one)
                told(len(found), len(chosen))
        except BudgetSpent as error:
            spent = str(error)
        judgements = [each for one in found for each in one.judged.judgements]
        passed = {
            label for label in _models(judgements) if gate_for(label, judging.PROMPT_VERSION, validations).is_open
        }
        held_back = [each for each in judgements if each.score is not None and each.model not in passed]
        if require_validated:
            judgements = [each for each in judgements if each.score is None or each.model in passed]
        used = structured.meter.total
    if as_json:
        print(json.dumps(_told(found, judgements, passed, len(held_back), used), ensure_ascii=False, indent=2))
    else:
        Console().print(judgements_table(judgements))
        print(levels_text(judgements))
        _print_notes(found, len(held_back), require_validated, gate.because, used)
    if spent:
        raise BudgetSpent(spent)
    if judgements and all(each.score is None for each in judgements):
        raise LibraryError(f"the judge gave no score: {judgements[0].because}: journeys doctor tests the model")


def _chosen(assistant: JourneyAssistant, user: str | None, count: int | None, seed: int) -> list[str]:
    if user is not None:
        assistant.journeys(user)  # Raises where there is no such user.
        return [user]
    known = [state.user_id for state in assistant.library.states() if state.journeys]
    return sorted(random.Random(seed).sample(known, min(count or _USERS, len(known))))


def _models(judgements: Sequence[Judgement]) -> list[str]:
    return sorted({each.model for each in judgements if each.model})


def _told(
    found: Sequence["JudgedOne"], judgements: Sequence[Judgement], passed: set[str], unvalidated: int, used: Usage
) -> dict[str, object]:
    scores = [each.score for each in judgements if each.score is not None]
    agreed = [each.agreement for each in judgements if each.agreement is not None]
    return {
        "users": len(found),
        "judged": len(scores),
        "mean_score": sum(scores) / len(scores) if scores else None,
        "consistency": sum(agreed) / len(agreed) if agreed else None,
        "unvalidated": unvalidated,
        "withheld_texts": sum(one.judged.withheld for one in found),
        "sensitive_events": sum(one.judged.sensitive for one in found),
        "usage": asdict(used),
        "judgements": [
            {
                **asdict(each),
                "score": each.score,
                "agreement": each.agreement,
                "spread": each.spread,
                "validated": each.model in passed,
            }
            for each in judgements
        ],
    }


def _print_notes(found: Sequence["JudgedOne"], unvalidated: int, required: bool, because: str, used: Usage) -> None:
    print(usage_text(used))
    if withheld := sum(one.judged.withheld for one in found):
        print(f"withheld from the judge: {withheld:,} texts that speak to a machine")
    if sensitive := sum(one.judged.sensitive for one in found):
        print(f"withheld from the judge: {sensitive:,} events on topics that are blocked")
    if unvalidated and required:
        print(f"not reported: {unvalidated:,} scores of a model that stood in and was not validated")
    elif because:
        print(f"take these scores with care: {because}")
