"""Names that stay from run to run: a new one must be clearly better, and no two journeys of a user share one."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

from chains.journeys import InferenceMode, Journey, NamedBy, Policy
from chains.naming import LONGEST_NAME, presentable
from chains.showable import fit_to_show
from vectorstore.activity import normalize

#: The keyword of a new name must weigh this many times that of the old name.
CLEARLY_BETTER = 1.5


@dataclass(frozen=True, slots=True)
class Successor:
    """A current journey with the one it continues, if any. mostly_kept: most of the previous one's texts are in it."""

    current: Journey
    previous: Journey | None = None
    mostly_kept: bool = True


@dataclass(frozen=True, slots=True)
class _Name:
    """A name with who gave it. model, prompt_version: of the model that wrote it, "" for none."""

    text: str
    named_by: NamedBy = NamedBy.KEYWORD
    model: str = ""
    prompt_version: str = ""

    @classmethod
    def of(cls, journey: Journey) -> "_Name":
        if journey.named_by is NamedBy.KEYWORD:
            return cls(journey.name)
        return cls(journey.name, journey.named_by, journey.model, journey.prompt_version)


def settle_names(successors: Sequence[Successor]) -> list[Journey]:
    """The current journeys, each with the name it bears from now on, in the order given.

    Whoever keeps a name has it before whoever asks for one; among those that ask, the earlier comes first.
    """
    keeping = _who_keeps(successors)
    taken: set[str] = set()
    named: dict[int, Journey] = {}
    for i in sorted(range(len(successors)), key=lambda i: (i not in keeping, i)):
        for name in _wishes(successors[i], keeps=i in keeping):
            if _form(name.text) not in taken:
                taken.add(_form(name.text))
                named[i] = _called(successors[i].current, name)
                break
    return [named[i] for i in range(len(successors))]


def _who_keeps(successors: Sequence[Successor]) -> set[int]:
    keeping = {i for i, each in enumerate(successors) if each.previous and not _clearly_better(each, each.previous)}
    while True:
        held = {_form(previous.name) for i in keeping if (previous := successors[i].previous)}
        # A better name that another journey keeps is not to be had; then the old one is good enough.
        refused = {
            i
            for i, each in enumerate(successors)
            if i not in keeping and _form(each.current.name) in held and _old_name_fits(each)
        }
        if not refused:
            return keeping
        keeping |= refused


def _clearly_better(each: Successor, previous: Journey) -> bool:
    current = each.current
    if _form(current.name) == _form(previous.name):
        return False
    if _was_sensitive(previous, current):
        return True
    if previous.named_by is NamedBy.LLM:
        return not each.mostly_kept
    if current.named_by is NamedBy.LLM:
        return True
    old, new = _weight_of(previous.name, current), _weight_of(current.name, current)
    if old is None:
        return new is not None or not each.mostly_kept
    return new is not None and new > old and new >= CLEARLY_BETTER * old


def _old_name_fits(each: Successor) -> bool:
    if each.previous is None or _was_sensitive(each.previous, each.current):
        return False
    if each.previous.named_by is NamedBy.LLM:
        return each.mostly_kept
    return _weight_of(each.previous.name, each.current) is not None


def _was_sensitive(previous: Journey, current: Journey) -> bool:
    """Only before: then the old name may be what was sensitive, and the verdict of today has not seen it."""
    return previous.safety.policy is not Policy.ALLOW and current.safety.policy is Policy.ALLOW


def _wishes(each: Successor, *, keeps: bool) -> Iterator[_Name]:
    """Names for a journey, the best first; without end, since the last ones are numbered."""
    current = each.current
    if keeps and each.previous:
        yield _Name.of(each.previous)
    yield _Name.of(current)
    if current.keyword_name:
        yield _Name(current.keyword_name)
    if each.previous and _old_name_fits(each):
        yield _Name.of(each.previous)
    for keyword in sorted(current.keywords, key=lambda keyword: (-keyword.weight, keyword.text)):
        if fit_to_show(name := presentable(keyword.text)):
            yield _Name(name)
    for number in count(2):
        suffix = f" ({number})"
        yield replace(_Name.of(current), text=current.name[: LONGEST_NAME - len(suffix)].rstrip() + suffix)


def _called(journey: Journey, name: _Name) -> Journey:
    """The journey under this name. What says which model made the journey stays, where one did."""
    changed: dict[str, str] = {"name": name.text, "named_by": name.named_by}
    if name.named_by is NamedBy.KEYWORD:
        changed["keyword_name"] = ""
    elif journey.named_by is NamedBy.KEYWORD:
        changed["keyword_name"] = journey.name
    if journey.mode is InferenceMode.CLUSTER:
        changed |= {"model": name.model, "prompt_version": name.prompt_version}
    return journey.model_copy(update=changed)


def _weight_of(name: str, journey: Journey) -> float | None:
    """The weight of the keyword that the name stands for, None where the journey has no such keyword."""
    form, cut = _form(name), name.endswith("…")
    weights = [
        keyword.weight
        for keyword in journey.keywords
        if (other := _form(keyword.text)) == form or (cut and other.startswith(form))
    ]
    return max(weights, default=None)


def _form(name: str) -> str:
    """What makes two names the same name: their letters, digits and marks, whatever case, spaces and punctuation."""
    composed = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in composed if unicodedata.category(letter)[0] in "LNM") or normalize(name)
