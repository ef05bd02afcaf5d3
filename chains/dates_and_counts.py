"""Whether the dates and counts that a claim tells are those of the evidence that it cites. English."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from chains.evidence import Evidence
from vectorstore.activity import ActivityKind

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_MONTH = (
    "(January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_DAYS = rf"((?:{_DAY}(?:,? (?:and|to|until|or|through) | ?[,–-] ?))*)"
_FORMS = (
    re.compile(rf"\b{_DAYS}{_DAY} (?:of )?{_MONTH}(?:,? (\d{{4}}))?\b"),
    re.compile(rf"\b{_MONTH} {_DAY}\b(?!\s?[a-z])(?:,? (\d{{4}}))?"),
    re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"),
    re.compile(rf"\b{_MONTH}(?: (\d{{4}}))?(?!\w)"),
    re.compile(r"\b((?:19|20)\d{2})\b"),
)
_VAGUE = re.compile(
    r"\b(?:recent|recently|lately|yesterday|today|tonight|tomorrow|nowadays|currently|ago|soon|upcoming|always|never|often"
    r"|regular|regularly|frequent|frequently|usually|constantly|daily|weekly|monthly|yearly|annual(?:ly)?"
    r"|(?:last|next|this|past|every|each) (?:few )?(?:days?|weeks?|months?|years?|night|morning|evening|weekend)"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekends?|spring|summer|autumn|winter)\b",
    re.IGNORECASE,
)
_NUMBERS = {"no": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
            "ten": 10, "eleven": 11, "twelve": 12}  # fmt: skip
_COUNT = re.compile(rf"(?<![\w.,])(\d+(?:[.,]\d+)?|{'|'.join(_NUMBERS)}|once|twice|thrice)\b(?![.,]?\d)", re.IGNORECASE)
_TIMES = {"once": 1, "twice": 2, "thrice": 3}
_MANY = re.compile(r"\b(several|multiple|various|many|numerous|dozens?|repeated(?:ly)?|again)\b", re.IGNORECASE)
_LEAST = {"many": 5, "numerous": 5, "dozen": 12, "dozens": 24, "repeated": 2, "repeatedly": 2, "again": 2}
_FEW = 3
_LOOKED_AT = 3
_WORD = re.compile(r"[a-z]+")


def why_wrong_dates(text: str, evidence: Sequence[Evidence], about: Sequence[str] = ()) -> str:
    """What is wrong with the times that a text tells; "" where each date, month and year is one of the evidence, and
    no time is told that can't be checked.

    A month, a year, a season or a weekday may also be a word of the evidence, or of what is explained.
    """
    words = _texts(evidence, about)
    days = {day for each in evidence for day in each.days}
    for told in _dates(text)[0]:
        if not any(told.is_of(day) for day in days) and not _stands_in(told, words):
            return "it tells a date that the evidence that it cites does not have"
    if any(found[0].casefold() not in words for found in _VAGUE.finditer(text)):
        return "it tells a time that cannot be checked"
    return ""


def why_wrong_counts(text: str, evidence: Sequence[Evidence], about: Sequence[str] = ()) -> str:
    """What is wrong with the numbers of a text; "" where each counts what it says it does, or stands in the evidence or
    in what is explained."""
    words = _texts(evidence, about)
    rest = _dates(text)[1]
    for number, spelled, after in _numbers(rest):
        if _stands_before(number, spelled, after[:1], words) or _counts(number, after, evidence):
            continue
        if any(_noun(word) for word in after) or not _stands_before(number, spelled, [], words):
            return "it tells a number that cannot be counted in the evidence that it cites"
    total = sum(len(each.times) for each in evidence)
    for found in _MANY.finditer(rest):
        if total < _LEAST.get(found[1].casefold(), _FEW) and found[1].casefold() not in words:
            return "it tells of more than the evidence that it cites has"
    return ""


@dataclass(frozen=True, slots=True)
class _Told:
    """A date, or what of one is told."""

    day: int | None
    month: int | None
    year: int | None
    text: str

    def is_of(self, day: date) -> bool:
        pairs = ((self.day, day.day), (self.month, day.month), (self.year, day.year))
        return all(told is None or told == own for told, own in pairs)


def _dates(text: str) -> tuple[list[_Told], str]:
    """The dates that are told, and the text without them."""
    found = []
    for form in _FORMS:
        for match in form.finditer(text):
            found += _read(form, match)
        text = form.sub(" ; ", text)
    return found, text


def _read(form: re.Pattern[str], match: re.Match[str]) -> list[_Told]:
    told = match[0]
    if form is _FORMS[0]:
        before, _, day, month, year = match.groups()
        days = [*re.findall(r"\d+", before or ""), day]
        return [_Told(int(each), _month(month), int(year) if year else None, told) for each in days]
    if form is _FORMS[1]:
        return [_Told(int(match[2]), _month(match[1]), int(match[3]) if match[3] else None, told)]
    if form is _FORMS[2]:
        return [_Told(int(match[3]), int(match[2]), int(match[1]), told)]
    if form is _FORMS[3]:
        return [_Told(None, _month(match[1]), int(match[2]) if match[2] else None, told)]
    return [_Told(None, None, int(match[1]), told)]


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name.casefold().strip(".")[:3]))


def _stands_in(told: _Told, words: str) -> bool:
    return told.day is None and re.search(rf"(?<!\w){re.escape(told.text.casefold())}(?!\w)", words) is not None


def _texts(evidence: Sequence[Evidence], about: Sequence[str]) -> str:
    return "\n".join([*(each.text for each in evidence), *about]).casefold()


def _numbers(text: str) -> Iterator[tuple[float, str, list[str]]]:
    """Each number with how it is written, and the words after it."""
    for match in _COUNT.finditer(text):
        spelled = match[1].casefold()
        after = _WORD.findall(text[match.end() :].casefold())[:_LOOKED_AT]
        if spelled in _TIMES:
            yield _TIMES[spelled], spelled, ["times"]
        elif spelled in ("one", "no"):
            # "One of them" and "no more" count nothing.
            if any(_noun(word) for word in after[:1]):
                yield _NUMBERS[spelled], spelled, after
        else:
            value = _NUMBERS.get(spelled)
            yield float(spelled.replace(",", ".")) if value is None else value, spelled, after


def _stands_before(number: float, spelled: str, after: Sequence[str], words: str) -> bool:
    """Whether the words have the number, in digits or spelled, and then the word after it, where one is given."""
    written = "|".join(re.escape(each) for each in {spelled, f"{number:g}"})
    then = rf"\W{{1,3}}{re.escape(after[0])}" if after else ""
    return re.search(rf"(?<!\w)(?:{written}){then}(?!\w)", words) is not None


def _counts(number: float, after: Sequence[str], evidence: Sequence[Evidence]) -> bool:
    noun = next((found for word in after if (found := _noun(word))), "")
    if not noun:
        return False
    days = sorted({day for each in evidence for day in each.days})
    span = (days[-1] - days[0]).days + 1
    if noun == "day":
        return number in (len(days), span)
    if noun == "week":
        return number in (span // 7, round(span / 7), -(-span // 7))
    if noun == "month":
        return number in (round(span / 30.4), len({(day.year, day.month) for day in days}))
    if noun == "time":
        return number == _events(evidence) or any(len(each.times) == number for each in evidence)
    of_kind = [each for each in evidence if each.kind in _KINDS[noun]]
    return number in (len(of_kind), _events(of_kind))


def _events(evidence: Sequence[Evidence]) -> int:
    return sum(len(each.times) for each in evidence)


_ITEMS = (ActivityKind.SAVE, ActivityKind.CLOSEUP, ActivityKind.CLICKTHROUGH)
_KINDS: dict[str, tuple[ActivityKind, ...]] = {
    "search": (ActivityKind.SEARCH,),
    "save": (ActivityKind.SAVE,),
    "open": (ActivityKind.CLOSEUP, ActivityKind.CLICKTHROUGH),
    "click": (ActivityKind.CLICKTHROUGH,),
    "board": (ActivityKind.BOARD,),
    "item": _ITEMS,
    "event": tuple(ActivityKind),
}
_NOUNS = {
    "search": "search", "searches": "search", "searched": "search", "queries": "search", "query": "search",
    "save": "save", "saves": "save", "saved": "save", "opened": "open", "opens": "open", "clicked": "click",
    "clicks": "click", "click": "click", "board": "board", "boards": "board", "collection": "board",
    "collections": "board", "item": "item", "items": "item", "pin": "item", "pins": "item", "event": "event",
    "events": "event", "activities": "event", "activity": "event", "actions": "event", "action": "event",
    "pieces": "event", "day": "day", "days": "day", "week": "week", "weeks": "week", "month": "month",
    "months": "month", "time": "time", "times": "time",
}  # fmt: skip


def _noun(word: str) -> str:
    return _NOUNS.get(word, "")
