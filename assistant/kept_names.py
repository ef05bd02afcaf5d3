"""Names that stay from run to run: a new one must be clearly better, and no two journeys of a user share one."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from chains.journeys import Journey, NamedBy, Policy
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


def settle_names(successors: Sequence[Successor]) -> list[Journey]:
    """The current journeys, each with the name it bears from now on, in the order given.

    Whoever keeps a name has it before whoever asks for one; among those that ask, the earlier comes first.
    """
    keeping = _who_keeps(successors)
    taken: set[str] = set()
    named: dict[int, Journey] = {}
    for i in sorted(range(len(successors)), key=lambda i: (i not in keeping, i)):
        for name, named_by in _wishes(successors[i], keeps=i in keeping):
            if _form(name) not in taken:
                taken.add(_form(name))
                named[i] = successors[i].current.model_copy(update={"name": name, "named_by": named_by})
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


def _wishes(each: Successor, *, keeps: bool) -> Iterator[tuple[str, NamedBy]]:
    """Names for a journey, the best first; without end, since the last ones are numbered."""
    current = each.current
    if keeps and each.previous:
        yield each.previous.name, each.previous.named_by
    yield current.name, current.named_by
    if each.previous and _old_name_fits(each):
        yield each.previous.name, each.previous.named_by
    for keyword in sorted(current.keywords, key=lambda keyword: (-keyword.weight, keyword.text)):
        if fit_to_show(name := presentable(keyword.text)):
            yield name, NamedBy.KEYWORD
    for number in count(2):
        suffix = f" ({number})"
        yield current.name[: LONGEST_NAME - len(suffix)].rstrip() + suffix, current.named_by


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
