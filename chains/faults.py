"""What can go wrong between us and a model, and what to do about each kind."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from json import JSONDecodeError

import httpx

_BUSY = frozenset({408, 409, 425, 429})
_DENIED = frozenset({401, 403, 404})
_SHAPE = re.compile(r"response_format|json_schema|tool_choice|tools?\b|function", re.IGNORECASE)
_NO_MONEY = re.compile(r"insufficient_quota|billing", re.IGNORECASE)
# What providers' libraries call errors of a connection; they share no base class.
_CONNECTION = {"APIConnectionError", "APITimeoutError", "EndpointConnectionError"}
_LONGEST_REASON = 160


class FaultKind(StrEnum):
    """Busy: ask again later. Broken: what came is no answer; ask again. Unsupported: the server can't keep to a shape
    in this way. Refused: the model won't. Denied: no use asking this model again in this run. Unusable: it answered,
    twice, what can't be used."""

    BUSY = "busy"
    BROKEN = "broken"
    UNSUPPORTED = "unsupported"
    REFUSED = "refused"
    DENIED = "denied"
    UNUSABLE = "unusable"


class Fault(Exception):
    """kind: what to do. reason: a few words for a report. wait: seconds that the server asks to wait, None if it
    doesn't say."""

    def __init__(self, kind: FaultKind, reason: str, wait: float | None = None) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind, self.reason, self.wait = kind, reason, wait


def may_pass(error: BaseException) -> bool:
    """Whether asking the same again may help."""
    return isinstance(error, Fault) and error.kind in (FaultKind.BUSY, FaultKind.BROKEN)


def fault_of(error: Exception, now: datetime | None = None) -> Fault:
    """What an error of any provider's library means. now: for a Retry-After that names a date."""
    status = getattr(error, "status_code", None)
    told = " ".join(str(error).split())
    if isinstance(status, int):
        kind = _kind_of(status, told)
        response = getattr(error, "response", None)
        wait = (
            _retry_after(getattr(response, "headers", {}), now or datetime.now(UTC)) if kind is FaultKind.BUSY else None
        )
        return Fault(kind, _reason(f"status {status}", told), wait)
    for each in _causes(error):
        if (
            isinstance(each, (httpx.TransportError, TimeoutError, ConnectionError))
            or type(each).__name__ in _CONNECTION
        ):
            return Fault(FaultKind.BUSY, _reason(type(each).__name__, told))
    if isinstance(error, (JSONDecodeError, IndexError, KeyError, TypeError, AttributeError)):
        return Fault(FaultKind.BROKEN, "the server's answer is not as the protocol has it")
    if type(error).__name__ in ("ContentFilterFinishReasonError", "OpenAIRefusalError"):
        return Fault(FaultKind.REFUSED, "the model declined")
    return Fault(FaultKind.BROKEN, _reason(type(error).__name__, told))


def _kind_of(status: int, told: str) -> FaultKind:
    if status == 429 and _NO_MONEY.search(told):
        return FaultKind.DENIED
    if status in _BUSY or status >= 500:
        return FaultKind.BUSY
    if status in (400, 422) and _SHAPE.search(told):
        return FaultKind.UNSUPPORTED
    if status in _DENIED:
        return FaultKind.DENIED
    return FaultKind.BROKEN if status < 400 else FaultKind.REFUSED


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    milliseconds, seconds = headers.get("retry-after-ms"), headers.get("retry-after")
    try:
        if milliseconds is not None:
            return max(float(milliseconds) / 1000, 0.0)
        if seconds is not None:
            return max(float(seconds), 0.0)
    except ValueError:
        try:
            return max((parsedate_to_datetime(seconds or "") - now).total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def first_line(error: Exception) -> str:
    """What an error says, as one short line."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:_LONGEST_REASON]


def _reason(what: str, told: str) -> str:
    return f"{what}: {told}"[:_LONGEST_REASON] if told else what
