"""Whether a model can be used at all: the smallest step there is."""

from chains.chat_models import ChatModel
from chains.roles import Role
from chains.steps import ModelReply, Step
from chains.structured import Structured

_INSTRUCTIONS = """
This is a test of a connection. Answer with this JSON object and nothing else: {"ready": true}
"""


_SLOW = "it answers too slowly: raise timeout in its section, or take a smaller model"


class _Ready(ModelReply):
    ready: bool


READY = Step(Role.NAMER, "ready", 1, _INSTRUCTIONS, _Ready)


def problem_of(model: ChatModel) -> str:
    """One real call: what is wrong and what to do, in one line; "" where the model answers as it should."""
    answer = Structured({Role.NAMER: [model]}, wait=lambda seconds: None).ask(READY, {})
    return "" if answer.value is not None else _advice(answer.because.removeprefix(f"{model.label}: "))


def _advice(reason: str) -> str:
    told = reason.lower()
    for sign, advice in (
        ("credential", "no key is set: give it as api_key in its section of the settings, or as OPENAI_API_KEY"),
        ("api_key", "no key is set: give it as api_key in its section of the settings, or as OPENAI_API_KEY"),
        ("status 401", "the server refuses the key: check api_key in its section of the settings"),
        ("status 403", "the key may not use this model: check its rights, or name another model"),
        ("status 404", "the server knows no such model or path: check model and base_url (which often ends in /v1)"),
        ("insufficient_quota", "the account has no money left: see the provider's billing page"),
        # Whichever of the two clocks was first: the client's own, or that of the whole call.
        ("timed out", _SLOW),
        ("no answer within", _SLOW),
        ("connect", "nothing answers at its address: start the server, or check base_url and the network"),
        ("the reply could not be used", "it answers, but not in the shape asked for: take a model that follows JSON"),
    ):
        if sign in told:
            return f"{advice} ({reason})"
    return reason
