"""What a model said of each of its groups, laid over the journeys that code made of the same groups."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np

from chains.found import judge
from chains.inference import Clustered
from chains.journeys import InferenceMode, Journey, Kind, NamedBy, Stage
from chains.names_of_groups import why_not_name
from chains.naming import presentable
from chains.naming_candidates import words_in
from chains.safety import SensitivityChecker, loss
from chains.tellable import Places
from chains.texts import Texts
from chains.word_support import Support
from vectorstore.activity import normalize


@dataclass(frozen=True, slots=True)
class Told:
    """What a model said of one group. stage, confidence: None where it wasn't asked."""

    name: str
    kind: Kind
    stage: Stage | None = None
    confidence: float | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which model said so, asked in which way."""

    mode: InferenceMode
    model: str
    prompt_version: str


def told_journeys(
    journeys: Sequence[Journey],
    clustered: Clustered,
    may: Places,
    told: Sequence[Told],
    origin: Origin,
    checker: SensitivityChecker,
) -> list[Journey]:
    """The journeys with the model's names, kinds, stages and confidences, in the same order.

    journeys: of `judged_journeys`, from clustered. may: places of the texts that the model may be told. told: by label.
    A name that fails its checks, or says what another does, gives way to the keyword name, and `fallback` says why.
    """
    place_of = {key: place for place, key in enumerate(clustered.texts.keys)}
    labels = clustered.labels.tolist()
    whose = [told[labels[place_of[normalize(journey.texts[0])]]] for journey in journeys]
    names = [presentable(each.name) for each in whose]
    of_user, told_places = _words(clustered.texts, may), frozenset(may.tolist())
    problems = [
        _why_not(name, journey, clustered.texts, place_of, told_places, of_user, checker)
        for name, journey in zip(names, journeys, strict=True)
    ]
    _give_way(names, problems, [journey.name for journey in journeys])
    return [
        _laid_over(journey, each, name, problem, origin)
        for journey, each, name, problem in zip(journeys, whose, names, problems, strict=True)
    ]


def _said(texts: Texts, place: int) -> tuple[str, ...]:
    """The text, and the annotations and boards that it came with."""
    return texts.keys[place], *texts.labels[place], *texts.boards[place]


def _words(texts: Texts, places: Places) -> set[str]:
    return {word for place in places.tolist() for each in _said(texts, place) for word in words_in(each)}


def _support(journey: Journey, texts: Texts, places: Places) -> Support:
    """A name may rely alone on what stands in several texts, and on the keyword name, as where names are written."""
    held = Counter(each for place in places.tolist() for each in set(_said(texts, place)))
    return Support(held, core=[*(each for each, count in held.items() if count > 1), journey.name])


def _why_not(
    name: str,
    journey: Journey,
    texts: Texts,
    place_of: Mapping[str, int],
    told: Set[int],
    of_user: Set[str],
    checker: SensitivityChecker,
) -> str:
    """told: places of the texts that the model may be told: what stands in another supports no name."""
    places = np.array([place_of[normalize(text)] for text in journey.texts], dtype=np.intp)
    own = np.array([place for place in places.tolist() if place in told], dtype=np.intp)
    if problem := why_not_name(name, _words(texts, own), of_user):
        return problem
    if not _support(journey, texts, own).rests(name):
        return "it rests on a single text that occurs once"
    verdict = judge(name, texts, places, checker)
    if (verdict.policy, verdict.category) != (journey.safety.policy, journey.safety.category):
        return "it speaks of a sensitive topic that the texts do not"
    return ""


def _give_way(names: list[str], problems: list[str], by_keyword: Sequence[str]) -> None:
    """No two names alike: the later of two gives way to its keyword name, which no other keyword name is like."""
    while True:
        final = [own if problem else name for name, problem, own in zip(names, problems, by_keyword, strict=True)]
        said = [frozenset(words_in(name)) or normalize(name) for name in final]
        alike = [
            place
            for place, problem in enumerate(problems)
            if not problem and (said[place] in said[:place] or said[place] in _kept(said, problems, place))
        ]
        if not alike:
            return
        problems[alike[-1]] = "another journey is called so"


def _kept(said: Sequence[object], problems: Sequence[str], place: int) -> list[object]:
    """What the keyword names of later journeys say."""
    return [each for other, each in enumerate(said) if other > place and problems[other]]


def _laid_over(journey: Journey, told: Told, name: str, problem: str, origin: Origin) -> Journey:
    kind, stage = _staged(journey, told)
    same = (kind, stage) == (journey.kind, journey.stage)
    changed: dict[str, object] = {
        "kind": kind,
        "stage": stage,
        "stage_reason": journey.stage_reason if same else f"as the model reads it; {journey.stage_reason}",
        "confidence": journey.confidence if told.confidence is None else told.confidence,
        "keywords": _told_first(journey, told.keywords),
        "mode": origin.mode,
        "model": origin.model,
        "prompt_version": origin.prompt_version,
    }
    if problem:
        changed["fallback"] = f"its name is a keyword, as the model's was not taken: {problem}"
    else:
        changed |= {"name": name, "named_by": NamedBy.LLM, "keyword_name": journey.name}
    return journey.model_copy(update=changed)


def _staged(journey: Journey, told: Told) -> tuple[Kind, Stage]:
    """What was called off has ended, and what is evergreen has not, whatever was said."""
    if loss(normalize(text) for text in journey.texts):
        return journey.kind, journey.stage
    if told.kind is Kind.EVERGREEN:
        return Kind.EVERGREEN, Stage.ONGOING
    return Kind.SITUATIONAL, told.stage or journey.stage


def _told_first(journey: Journey, wanted: Sequence[str]) -> tuple[object, ...]:
    """The journey's keywords, those that the model chose first; what it made up is passed over."""
    chosen = [normalize(each) for each in wanted]
    places = {key: place for place, key in reversed(list(enumerate(chosen)))}
    return tuple(sorted(journey.keywords, key=lambda each: places.get(normalize(each.text), len(chosen))))
