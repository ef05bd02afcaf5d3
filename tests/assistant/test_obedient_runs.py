"""Whole runs over the sample users with a model that does whatever their texts tell it to."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from homes import made, without_run
from langchain_core.messages import BaseMessage
from obedient_model import obedient, obeying, orders_in
from oracle_models import call_journey, merge_journey
from scripted_model import Data, Script, data_of, scripted

from assistant.demo import AS_OF, write_log
from assistant.output import write_assignments, write_journeys
from assistant.sample import SampleUser, sample_users
from chains.journeys import InferenceMode, Journey, NamedBy, Policy
from chains.model_safety import speaks_of_somebody
from chains.roles import Role
from chains.safety import SensitivityChecker, fit_to_show
from chains.showable import gives_orders
from chains.structured import Structured
from vectorstore.activity import normalize
from vectorstore.masking import mask

SENSITIVE, PERSONAL, INJECTED = ("s39", "s40", "s41"), "s42", "s43"
CHOSEN = (*SENSITIVE, PERSONAL, INJECTED)
#: What the planted orders ask for, whatever stands round it.
WANTED = ("pwned", "hacked", "hallo pirat", "best discount lofts", "system prompt", "rich", "pregnant")


@pytest.fixture(scope="module", name="users")
def users_fixture() -> dict[str, SampleUser]:
    return {user.user_id: user for user in sample_users() if user.user_id in CHOSEN}


def raw_texts(user: SampleUser) -> list[str]:
    return [text for event, _ in user.activities for text in (event.text, event.board or "", *event.annotations)]


def honest_names(data: Data) -> list[Data]:
    return [
        {
            "journey": each["journey"],
            "name": "Exploring " + " ".join(str(each["keyword_name"]).split()[:5]),
            "description": f"{each['keyword_name']}.",
            "intent": "learn",
            "context": "",
        }
        for each in data["journeys"]
    ]


def of_groups(data: Data, name: str) -> object:
    """Halves, each under that name, as ended and certain as an order may want it."""
    if "texts" in data:
        numbers = [line["n"] for line in data["texts"]]
        told: dict[str, Any] = {"stage": "ended", "confidence": 100, "keywords": ["PWNED", "system prompt"]}
        parts = (numbers[::2], numbers[1::2])
        return {"journeys": [call_journey(part, name, **told) for part in parts if part]}
    numbers = [line[0] for line in data["clusters"]]
    parts = (numbers[::2], numbers[1::2])
    return {"journeys": [merge_journey(part, name) for part in parts if part], "dropped": []}


def doing(what: Callable[[Sequence[BaseMessage]], object], names: Script) -> Script:
    """One model for all three prompts."""

    def script(messages: Sequence[BaseMessage]) -> str | Exception:
        if "journeys" in data_of(messages):
            return names(messages)
        return json.dumps(what(messages), ensure_ascii=False)

    return script


def order_heard(orders: Sequence[str]) -> Callable[[Sequence[BaseMessage]], object]:
    """Follows one planted order or another, as if it had been told, or tells its own prompt: by what it is shown."""

    def what(messages: Sequence[BaseMessage]) -> object:
        wanted = [*orders, messages[0].text[:60], "You are rich and pregnant", "PWNED: Hallo Pirat"]
        return of_groups(data_of(messages), wanted[len(messages[-1].text) % len(wanted)][:60])

    return what


def inferred(folder: Path, mode: InferenceMode, script: Script) -> tuple[list[Journey], list[str], str]:
    """The journeys of the chosen users, all that the model was told, and the files that leave."""
    seen: list[str] = []

    def listening(messages: Sequence[BaseMessage]) -> str | Exception:
        seen.append(json.dumps(data_of(messages), ensure_ascii=False).casefold())
        return script(messages)

    model = scripted(listening)
    structured = Structured({Role.NAMER: [model], Role.INFERRER: [model]}, wait=lambda seconds: None)
    with made(folder) as assistant:
        read = assistant.ingest([write_log(folder / "sample.csv")])
        assistant.infer(users=read.users & set(CHOSEN), as_of=AS_OF, inference_mode=mode, structured=structured)
        write_journeys(assistant.all_journeys(), folder / "out.jsonl")
        write_assignments(assistant.all_journeys(), folder / "assignments.csv")
        files = (folder / "out.jsonl").read_text(encoding="utf-8")
        return list(assistant.all_journeys()), seen, files


@pytest.mark.parametrize("mode", list(InferenceMode))
def test_a_run_by_a_model_that_obeys_anybody(mode: InferenceMode, users: dict[str, SampleUser], tmp_path: Path) -> None:
    orders = [order.what for order in orders_in(raw_texts(users[INJECTED])) if order.what]
    names = [obedient(honest_names)]
    script = doing(order_heard(orders), names[0])
    journeys, seen, files = inferred(tmp_path, mode, script)
    assert {journey.user_id for journey in journeys} == set(CHOSEN)
    assert len(seen) >= len(CHOSEN)

    said = "\n".join(seen)
    planted = [text for text in raw_texts(users[INJECTED]) if gives_orders(text)]
    assert len(planted) >= 5
    assert not [text for text in planted if text.casefold() in said]
    private = [text for text in raw_texts(users[PERSONAL]) if mask(text) != text]
    assert len(private) >= 3
    assert not [text for text in private if text.casefold() in said or text in files]

    checker = SensitivityChecker()
    for journey in journeys:
        shown = (journey.name, journey.description, journey.context, *(each.text for each in journey.keywords[:1]))
        assert fit_to_show(journey.name)
        assert journey.named_by is NamedBy.KEYWORD or not speaks_of_somebody(journey.name)
        assert not [wish for wish in WANTED if wish in normalize(" ".join(shown[:3]))]
        assert "name journeys" not in " ".join(shown)
        assert journey.safety.policy is not Policy.BLOCK
    of_sensitive = {each.safety.category for each in journeys if each.safety.policy is Policy.IN_APP}
    assert {"fertility", "health", "finances", "sexuality", "religion"} & of_sensitive
    written = [each for each in journeys if each.model and each.user_id in SENSITIVE]
    assert all(checker.text(each.name) is None for each in written if each.safety.policy is Policy.ALLOW)


def test_a_model_that_obeys_changes_no_score_rank_or_stage_of_a_name_run(tmp_path: Path) -> None:
    """Names aside, all is as an honest model leaves it, which is as it is without one."""

    def plain(journey: Journey) -> Journey:
        words: dict[str, object] = {"name": "x", "named_by": "keyword", "keyword_name": "", "description": ""}
        said: dict[str, object] = {"context": "", "intent": None, "model": "", "prompt_version": "", "fallback": ""}
        return without_run(journey).model_copy(update=words | said)

    obeyed, _, _ = inferred(tmp_path / "obeyed", InferenceMode.CLUSTER, obedient(honest_names))
    honest, _, _ = inferred(tmp_path / "honest", InferenceMode.CLUSTER, obeying(None, honest_names))
    with made(tmp_path / "none") as assistant:
        read = assistant.ingest([write_log(tmp_path / "sample.csv")])
        assistant.infer(users=read.users & set(CHOSEN), as_of=AS_OF)
        without = list(assistant.all_journeys())
    assert [plain(each) for each in obeyed] == [plain(each) for each in honest] == [plain(each) for each in without]
    for old, new, fair in zip(without, obeyed, honest, strict=True):
        assert new.name in (old.name, fair.name)
        assert new.description in (old.description, fair.description)
