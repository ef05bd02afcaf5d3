"""Which journeys a person should look at next, and how far judges and people agree so far. Nothing is read here."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.evaluation.judge_agreement import JudgeAgreement, JudgedItem, agreement_of
from assistant.kept_judgements import DatedJudgement, JudgeTask
from chains.judgement import Judgement
from chains.labels import Label, LabelKind
from chains.wording import count_text

#: By user and journey.
Which = tuple[str, str]

#: Below it a journey is looked at because nothing is sure that its texts belong together.
UNSURE = 0.5
# Of two journeys of one user the second tells less: what people say of one user is alike.
_NEXT_OF_USER = 0.9


class Because(StrEnum):
    """Why a label of this journey helps, the most helpful first."""

    JUDGE_SPLIT = "judge_split"
    SENSITIVE = "sensitive"
    UNSURE = "unsure"
    SECOND_OPINION = "second_opinion"
    JUDGED = "judged"
    UNSEEN = "unseen"


_PLACE = {because: place for place, because in enumerate(Because)}


@dataclass(frozen=True, slots=True)
class Reviewable:
    """What is known of a journey before anybody looks at it. category: why it is sensitive, "" where it is not."""

    user_id: str
    journey_id: str
    rank: int
    confidence: float
    category: str = ""

    @property
    def which(self) -> Which:
        return self.user_id, self.journey_id


@dataclass(frozen=True, slots=True)
class Reason:
    because: Because
    text: str
    help: float


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """help: 0 to 1, by the strongest reason, less for each journey of the same user before it. reasons: at least one,
    the strongest first."""

    about: Reviewable
    help: float
    reasons: tuple[Reason, ...]


def review_queue(
    journeys: Iterable[Reviewable],
    judgements: Iterable[DatedJudgement],
    labels: Iterable[Label],
    *,
    by: str,
    skipped: Collection[Which] = (),
) -> list[ReviewItem]:
    """The journeys that this person has given no verdict on, those first where one helps most.

    labels: of all people; only verdicts that hold count. skipped: come last, in the same order. The order of what is
    given makes no difference.
    """
    judged = latest_judgements(judgements)
    rated: dict[Which, set[str]] = {}
    for label in held_verdicts(labels):
        rated.setdefault((label.user_id, label.journey_id), set()).add(label.by)
    mine = Counter(user_id for (user_id, _), raters in rated.items() if by in raters)
    waiting = []
    for each in journeys:
        raters = rated.get(each.which, set())
        if by not in raters:
            reasons = _reasons(each, judged.get(each.which), len(raters))
            waiting.append(ReviewItem(each, reasons[0].help, reasons))
    waiting.sort(key=_order)
    spread = []
    for item in waiting:
        before = mine[item.about.user_id]
        mine[item.about.user_id] += 1
        spread.append(ReviewItem(item.about, item.help * _NEXT_OF_USER**before, item.reasons))
    return sorted(spread, key=lambda item: (item.about.which in skipped, *_order(item)))


def review_agreement(judgements: Iterable[DatedJudgement], labels: Iterable[Label]) -> JudgeAgreement:
    """The judge against people, and people among themselves, over all journeys with a verdict that holds."""
    judged = latest_judgements(judgements)
    levels: dict[Which, dict[str, int]] = {}
    for label in held_verdicts(labels):
        levels.setdefault((label.user_id, label.journey_id), {})[label.by] = label.score or 0
    items = []
    for which, by_rater in sorted(levels.items()):
        judgement = judged.get(which)
        items.append(
            JudgedItem(
                group=which[0],
                humans=tuple(by_rater[rater] for rater in sorted(by_rater)),
                scores=judgement.scores if judgement else (),
                model=judgement.model if judgement else "",
            )
        )
    prompt = max((judgement.prompt_version for judgement in judged.values()), default="")
    samples = max((len(judgement.scores) for judgement in judged.values()), default=0)
    return agreement_of(items, JudgeTask.JOURNEYS, prompt, samples)


def held_verdicts(labels: Iterable[Label]) -> list[Label]:
    """Of each person on each journey the newest that was not taken back, in order of user, journey and person."""
    newest: dict[tuple[str, str, str], Label] = {}
    for label in labels:
        if label.kind is not LabelKind.VERDICT or label.score is None or label.withdrawn_at is not None:
            continue
        key = (label.user_id, label.journey_id, label.by)
        if key not in newest or newest[key].order < label.order:
            newest[key] = label
    return [newest[key] for key in sorted(newest)]


def latest_judgements(judgements: Iterable[DatedJudgement]) -> Mapping[Which, Judgement]:
    """By journey the newest that has a score."""
    newest: dict[Which, DatedJudgement] = {}
    for each in judgements:
        which = (each.judgement.user_id, each.judgement.journey_id)
        if each.judgement.scores and (which not in newest or _when(newest[which]) < _when(each)):
            newest[which] = each
    return {which: each.judgement for which, each in newest.items()}


def _when(each: DatedJudgement) -> tuple[object, ...]:
    judgement = each.judgement
    return each.judged_at, judgement.run_id, judgement.model, judgement.prompt_version


def _order(item: ReviewItem) -> tuple[float, int, str, str]:
    return -item.help, item.about.rank, *item.about.which


def _reasons(about: Reviewable, judgement: Judgement | None, raters: int) -> tuple[Reason, ...]:
    """The scores of a judge are not told, so that they sway nobody."""
    found = []
    if judgement is not None and judgement.spread:
        told = f"The judge's answers differ by {count_text(judgement.spread, 'level')}: a person decides."
        found.append(Reason(Because.JUDGE_SPLIT, told, 0.6 + 0.1 * judgement.spread))
    if about.category:
        told = f"Sensitive ({about.category}), shown in the app only: a person should look at it."
        found.append(Reason(Because.SENSITIVE, told, 0.65))
    if about.confidence < UNSURE:
        told = f"It is unsure that these texts belong together: {about.confidence:.0%}."
        found.append(Reason(Because.UNSURE, told, 0.4 + 0.5 * (UNSURE - about.confidence)))
    if raters:
        told = f"Rated by {'one other' if raters == 1 else f'{raters} others'}: yours shows how far people agree."
        found.append(Reason(Because.SECOND_OPINION, told, 0.45))
    if judgement is not None and not judgement.spread:
        told = "A judge scored it: your verdict shows how far the judge is right."
        found.append(Reason(Because.JUDGED, told, 0.35))
    if not found:
        found.append(Reason(Because.UNSEEN, "Nobody has looked at it yet.", 0.3 * (1 - about.confidence)))
    return tuple(sorted(found, key=lambda reason: (-reason.help, _PLACE[reason.because])))


def helped(items: Sequence[ReviewItem]) -> dict[Because, int]:
    """How many wait for each strongest reason, in the order of Because."""
    counted = Counter(item.reasons[0].because for item in items)
    return {because: counted[because] for because in Because if counted[because]}
