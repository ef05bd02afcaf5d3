"""What labels make of one user's freshly inferred journeys: groups changed first, then all that follows from them.

Dates, stage, score, rank, name and safety of what a label changed are made by the same code as those of an inference.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from chains.found import judge
from chains.inference import Clustered, InferenceModels, InferenceOptions, cluster_texts, judged_journeys
from chains.journeys import InferenceMode, Journey, NamedBy, Policy, Verdict
from chains.label_groups import Group, constrained, undone
from chains.labels import Label, LabelKind, has_lapsed, labelled_journey, mostly, texts_in, why_no_name
from chains.naming import LONGEST_NAME, presentable
from chains.showable import fit_to_show
from chains.tellable import tellable
from chains.texts import Floats
from chains.wording import date_text
from vectorstore.activity import Keyword, normalize

_STRICTNESS = {Policy.ALLOW: 0, Policy.IN_APP: 1, Policy.BLOCK: 2}
_GROUPING = {LabelKind.MERGE, LabelKind.SPLIT, LabelKind.NOT_A_JOURNEY}
#: What a model may have written or decided of a journey; with the last ones only where it made the journey too.
_WRITTEN = ("name", "named_by", "description", "intent", "context", "model", "prompt_version", "fallback")
_MADE = ("mode", "kind", "stage", "stage_reason", "confidence", "keywords")


@dataclass(frozen=True)
class LabelledUser:
    """One user's texts and the labels that hold for him.

    keywords, vectors, as_of, options, models: as `infer_journeys` takes them. withdrawn: labels that are taken back
    just now, so that what they did to the journeys at hand is undone.
    """

    keywords: Sequence[Keyword]
    vectors: Floats
    as_of: datetime
    options: InferenceOptions
    models: InferenceModels
    labels: Sequence[Label]
    withdrawn: Sequence[Label] = ()

    @cached_property
    def clustered(self) -> Clustered:
        return cluster_texts(self.keywords, self.vectors, self.options, self.models)

    @cached_property
    def place_of(self) -> Mapping[str, int]:
        return {key: place for place, key in enumerate(self.clustered.texts.keys)}

    def needs_regrouping(self) -> bool:
        """Whether any label changes more than a name or a flag."""
        return any(label.kind in _GROUPING for label in self.labels)

    def groups(self, journeys: Sequence[Journey]) -> list[Group]:
        """The groups of texts that the labels make of those of these journeys, all of it such as may be shown."""
        known = frozenset(self.place_of)
        groups: set[Group] = {group for journey in journeys if (group := texts_in(journey) & known)}
        held = frozenset[str]().union(*groups)
        told = tellable(self.clustered, self.models.checker).told.tolist()
        free = frozenset(self.clustered.texts.keys[place] for place in told) - held
        for label in sorted(self.withdrawn, key=lambda label: label.order, reverse=True):
            groups = undone(groups, label, free, self.near)
            free -= frozenset[str]().union(*groups)
        made = constrained(groups, self.labels, free, self.near)
        return [group for group in made if self._floor(group).policy is not Policy.BLOCK]

    def applied(self, found: Sequence[Journey]) -> list[Journey]:
        """Journeys just inferred, with all that the labels say of them, where no stored ones are to be gone on with."""
        journeys = self.journeys(self.groups(found), found, {}) if self.needs_regrouping() else list(found)
        if over := self.over(journeys):
            journeys = self.journeys([texts_in(journey) for journey in journeys], found, over)
        return self.named(journeys)

    def near(self, text: str, others: Collection[str]) -> float:
        """The mean affinity of a text to others."""
        together = self.clustered.together[self.place_of[text]]
        places = [place for other in sorted(others) if (place := self.place_of.get(other)) is not None]
        return float(together[places].mean()) if places else 0.0

    def journeys(self, groups: Sequence[Group], found: Sequence[Journey], over: Mapping[Group, Label]) -> list[Journey]:
        """The groups as journeys, best first, as inferred; over: those that a person has called over.

        found: the journeys that the groups come from. Of one whose texts are the same, what a model wrote stays.
        """
        labels = np.full(len(self.place_of), -1, dtype=np.intp)
        for number, group in enumerate(groups):
            labels[[self.place_of[text] for text in sorted(group)]] = number
        ended = frozenset(number for number, group in enumerate(groups) if group in over)
        clustered = replace(self.clustered, labels=labels, over=ended)
        judged = judged_journeys(clustered, self.keywords, self.vectors, self.as_of, self.options, self.models)
        written = {texts_in(journey): journey for journey in found}
        made = []
        for journey in judged:
            texts = texts_in(journey)
            label = over.get(texts)
            journey = self._guarded(journey)
            if (same := written.get(texts)) is not None:
                journey = self._as_written(journey, same)
            made.append(_ended(journey, label) if label else journey)
        return made

    def over(self, journeys: Sequence[Journey]) -> dict[Group, Label]:
        """The texts of journeys that a person has called over, unless something was done for them well after that."""
        found: dict[Group, Label] = {}
        for label in sorted(self._held(LabelKind.OVER), key=lambda label: label.order):
            journey = labelled_journey(label, journeys)
            if journey is not None and not has_lapsed(label, journey):
                found[texts_in(journey)] = label
        return found

    def named(self, journeys: Sequence[Journey]) -> list[Journey]:
        """The journeys, in their order, with the names that people gave; who else is called so takes another name."""
        given = given_names(self._held(LabelKind.RENAME), journeys, self.models)
        taken = {normalize(name) for name in given.values()}
        named = []
        for journey in journeys:
            if (name := given.get(journey.journey_id)) is not None:
                by = {"model": "", "prompt_version": ""} if journey.mode is InferenceMode.CLUSTER else {}
                changed = {"name": name, "named_by": NamedBy.PERSON, "fallback": "", **by}
                journey = journey.model_copy(update=changed)
            elif normalize(journey.name) in taken:
                others = {normalize(other.name) for other in journeys if other is not journey} | taken
                journey = journey.model_copy(update={"name": _another(journey, others), "named_by": NamedBy.KEYWORD})
            taken.add(normalize(journey.name))
            named.append(journey)
        return named

    def _held(self, kind: LabelKind) -> list[Label]:
        return [label for label in self.labels if label.kind is kind and label.withdrawn_at is None]

    def _floor(self, group: Group) -> Verdict:
        """What is said of the texts that a label has put together, or parted, each for themselves: whatever a label
        does, a journey is judged at least as strictly as what it was made of."""
        verdicts: list[Verdict] = []
        for label in self._held(LabelKind.MERGE):
            if group & label.texts and group & label.other_texts:
                verdicts += [self._judged(group & label.texts), self._judged(group & label.other_texts)]
        for label in self._held(LabelKind.SPLIT):
            if mostly(group, label.texts):
                whole = self._judged(label.texts)
                # What is blocked as a whole is in no group, so here the inference itself has found the part alone.
                shown = Policy.IN_APP if whole.policy is Policy.BLOCK else whole.policy
                verdicts.append(whole.model_copy(update={"policy": shown}))
        return max(verdicts, key=lambda verdict: _STRICTNESS[verdict.policy], default=Verdict())

    def _judged(self, texts: Group) -> Verdict:
        places = np.array(sorted(self.place_of[text] for text in texts if text in self.place_of), dtype=np.intp)
        return judge("", self.clustered.texts, places, self.models.checker) if len(places) else Verdict()

    def _guarded(self, journey: Journey) -> Journey:
        floor = self._floor(texts_in(journey))
        if _STRICTNESS[floor.policy] > _STRICTNESS[journey.safety.policy]:
            return journey.model_copy(update={"safety": floor})
        return journey

    def _as_written(self, journey: Journey, same: Journey) -> Journey:
        """The journey with what a model wrote of the same texts."""
        fields = [] if same.named_by is NamedBy.PERSON else list(_WRITTEN)
        if same.mode is not InferenceMode.CLUSTER:
            fields += _MADE
            called_over = [*self._held(LabelKind.OVER), *self.withdrawn]
            if any(label.kind is LabelKind.OVER and mostly(texts_in(same), label.texts) for label in called_over):
                fields = [field for field in fields if field not in {"kind", "stage", "stage_reason"}]
        elif same.named_by is not NamedBy.LLM and not same.fallback:
            return journey
        return journey.model_copy(update={field: getattr(same, field) for field in fields})


def given_names(labels: Iterable[Label], journeys: Sequence[Journey], models: InferenceModels) -> dict[str, str]:
    """The id of each journey that a person has named -> the name, where it may still be shown.

    Of several names for one journey the newest counts; of several journeys with one name, the first that got it.
    """
    newest: dict[str, Label] = {}
    for label in sorted(labels, key=lambda label: label.order):
        journey = labelled_journey(label, journeys)
        if journey is None or why_no_name(label.name, models.checker):
            continue
        before = newest.get(journey.journey_id)
        # What was said of this very journey counts before what was said of one that it goes on from.
        if before is None or before.journey_id != journey.journey_id or label.journey_id == journey.journey_id:
            newest[journey.journey_id] = label
    names: dict[str, str] = {}
    for journey_id, label in sorted(newest.items(), key=lambda item: item[1].order):
        if normalize(label.name) not in {normalize(name) for name in names.values()}:
            names[journey_id] = label.name
    return names


def _ended(journey: Journey, label: Label) -> Journey:
    return journey.model_copy(update={"stage_reason": f"called over by a person on {date_text(label.at)}"})


def _another(journey: Journey, taken: Collection[str]) -> str:
    """A name that is not taken: of its keywords the heaviest that may be shown, or else its own with a number."""
    for keyword in sorted(journey.keywords, key=lambda keyword: (-keyword.weight, keyword.text)):
        name = presentable(keyword.text)
        if normalize(name) not in taken and fit_to_show(name):
            return name
    number = 2
    while normalize(name := _numbered(journey.name, number)) in taken:
        number += 1
    return name


def _numbered(name: str, number: int) -> str:
    suffix = f" ({number})"
    return name[: LONGEST_NAME - len(suffix)].rstrip() + suffix
