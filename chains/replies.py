"""From what a model wrote to a reply that holds: found, read, checked against its shape."""

import json
import re

from langchain_core.messages import AIMessage
from pydantic import ValidationError

from chains.steps import Reply

_THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)
_PROBLEMS_TOLD = 3


class ReplyError(Exception):
    """A reply that can't be used. The message tells a model what to mend, and quotes nothing of the reply."""


def text_of(message: AIMessage) -> str:
    """What was answered, as text: the arguments of the first function called, or else what was written.

    Raises ReplyError where there is nothing, or where it was cut off.
    """
    cut_off = message.response_metadata.get("finish_reason") == "length"
    if message.tool_calls:
        text = json.dumps(message.tool_calls[0]["args"], ensure_ascii=False)
    elif message.invalid_tool_calls:
        text = message.invalid_tool_calls[0]["args"] or ""
    else:
        text = str(message.text)
    if cut_off:
        raise ReplyError("it was cut off because it was too long; answer in fewer words")
    if not text.strip():
        raise ReplyError("it was empty")
    return text


def parse(text: str, reply: type[Reply]) -> Reply:
    """The one JSON object in the text, alone or among thoughts and words. Raises ReplyError."""
    text = _THOUGHTS.sub("", text).strip()
    for candidate in (text, *_FENCED.findall(text), text[text.find("{") : text.rfind("}") + 1]):
        try:
            json.loads(candidate)
        except ValueError:
            continue
        try:
            return reply.model_validate_json(candidate)
        except ValidationError as error:
            raise ReplyError(_told(error)) from None
    raise ReplyError("it was not one complete JSON object")


def _told(error: ValidationError) -> str:
    # The input is left out: what a model made of a user's text is not told back as an instruction.
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{_place(each['loc'])}: {each['msg']}" for each in problems[:_PROBLEMS_TOLD]]
    more = len(problems) - len(told)
    return "; ".join(told) + (f"; and {more} more of this kind" if more else "")


def _place(path: tuple[int | str, ...]) -> str:
    # A name that isn't in the schema was made up by the model, perhaps out of a user's text.
    return (
        ".".join(str(part) for part in path if isinstance(part, int) or re.fullmatch(r"[a-z_]{1,30}", part)) or "reply"
    )
