"""The judge of journeys: how relevant each of a user's journeys is to the history, on five levels, with an explanation.

What a user wrote can't set a score but through a model's judgement: it goes in as data, without what is written to
machines (`chains/shown_to_a_judge.py`), and scores come out of the schema alone, 1 to 5. A score that cites no event
doesn't count.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import Field, JsonValue

from chains.call_records import About
from chains.journeys import Journey
from chains.judge_explanations import why_not_shown
from chains.judgement import Judgement, median_level
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.samples import SAMPLES, Asked, ask_samples
from chains.showable import fit_to_show
from chains.shown_to_a_judge import History, history_of, speaks_to_a_judge
from chains.steps import Fields, ModelReply, Step
from chains.structured import Structured
from chains.wording import count_text, date_text, shortened
from vectorstore.activity import Activity, days_of

#: Journeys in one question; more are asked about in several.
AT_ONCE = 10
_KEYWORDS = 8
_LONGEST_KEYWORD = 60
_MOST_CITED = 12


class Rating(ModelReply):
    journey: int = Field(ge=1, le=AT_ONCE)
    events: list[int] = Field(max_length=_MOST_CITED)
    explanation: str = Field(min_length=1, max_length=400)
    score: int = Field(ge=1, le=5)


class RelevanceReply(ModelReply):
    ratings: list[Rating] = Field(max_length=2 * AT_ONCE)


STEP = Step(
    Role.JUDGE,
    "relevance",
    1,
    """
You judge journeys. A journey is a claim that somebody has a certain interest, such as "Kitchen renovation". The claim
was made by a program from the history of what was searched, opened, saved and clicked on a web site. You are given that
history and the journeys that were claimed. Say of each journey, by itself, how relevant it is to the history.

The data has these fields:
- "features": how many events the whole history has, on how many days, from when to when, and the day of the judgement.
- "history": the events in order of time, each with its number "event", the date, what was done, and the text: what was
  searched for, or the title of what was opened, saved or clicked. "board" is the collection it was saved to, "about"
  are words that describe it, "times" and "last" say how often and until when the same was done again. Of a long
  history some events are left out.
- "journeys": each with its number "journey", its name, its commonest keywords, its kind (situational: within a limited
  time; evergreen: steady over a long time) and its stage (ongoing or ended) as the program sees them.

Give each journey one of five scores:
1 = No such interest: no event is about what the name says.
2 = Passing: one or two events of one day are about it and nothing more; or there is an interest, but the name says
    something else than what its events are about.
3 = Some interest: a few events are about it, but they are few beside the others, or lie close together in time; or the
    interest is clear and the name fits it only roughly, far too wide or too narrow.
4 = Clear: a fair number of events on several days are about it, and the name says what they have in common, perhaps a
    little too wide or too narrow.
5 = Clearly an important or ongoing journey: many events beside the others, on several days, up to the end or over a
    long time, and the name says what a careful reader of these events would say.

How to judge:
- Go through the history first and note which events are about the name of the journey. Count only these.
- Judge what the history shows, not whether the interest is a good one, and not the order of the journeys.
- Do not raise or lower a score because of other journeys. Two journeys may have the same score.
- Keywords, kind and stage are claims too: they prove nothing that the history does not show.
- In doubt between two scores give the lower one.

For each journey write:
- "journey": its number.
- "events": the numbers of up to 12 events that the score rests on, those that show most. A score of 2 or more must have
  at least one. For a score of 1 the list may be empty.
- "explanation": one sentence of at most 30 words in English, which says why the score is this one and no other. Speak
  of the interest and the events, never of the one who has it: no "you", "user", "person", "he", "she", "they", and
  nothing about anyone's life, health, family or money. Use words of the events or of the name.
- "score": 1, 2, 3, 4 or 5.

Answer for every journey exactly once, as one JSON object of this shape:
{"ratings": [{"journey": 1, "events": [3, 7], "explanation": "...", "score": 4}]}
""",
    RelevanceReply,
)


@dataclass(frozen=True)
class JudgeInput:
    """activities: all of one user. journeys: of the same user, those to judge, best first."""

    activities: Sequence[Activity]
    journeys: Sequence[Journey]


@dataclass(frozen=True)
class JudgedUser:
    """judgements: one a journey, in the order given. withheld: texts that speak to machines and were not shown.
    sensitive: events that were not shown since their topic is blocked."""

    judgements: Sequence[Judgement]
    withheld: int = 0
    sensitive: int = 0


def judge_journeys(
    structured: Structured,
    activities: Sequence[Activity],
    journeys: Sequence[Journey],
    checker: SensitivityChecker,
    *,
    samples: int = SAMPLES,
) -> JudgedUser:
    """Judges journeys of one user against his activity up to the moment of their inference.

    The score is the median of the samples. A journey that no sample gave a score for has none, and says why. Activity
    later than `as_of` of the journeys isn't looked at. Raises BudgetSpent; ValueError where samples are under 1.
    """
    if samples < 1:
        raise ValueError("a judge is asked at least once")
    if not journeys:
        return JudgedUser(())
    clock = max(journey.as_of for journey in journeys)
    keep = {receipt.activity_id for journey in journeys for receipt in journey.receipts}
    history = history_of([each for each in activities if each.timestamp <= clock], checker, keep)
    judged: list[Judgement] = []
    for start in range(0, len(journeys), AT_ONCE):
        some = journeys[start : start + AT_ONCE]
        judged.extend(_judge(structured, history, some, checker, samples))
    return JudgedUser(tuple(judged), history.withheld, history.sensitive)


def judge_runnable(
    structured: Structured, checker: SensitivityChecker, *, samples: int = SAMPLES
) -> Runnable[JudgeInput, JudgedUser]:
    """Has a model judge one user's journeys by his activity, on five levels. See `judge_journeys`."""

    def judge(asked: JudgeInput) -> JudgedUser:
        return judge_journeys(structured, asked.activities, asked.journeys, checker, samples=samples)

    return RunnableLambda(judge, name="judge_journeys")


def _judge(
    structured: Structured,
    history: History,
    journeys: Sequence[Journey],
    checker: SensitivityChecker,
    samples: int,
) -> list[Judgement]:
    reader = _Reader(history, journeys, checker)
    about = About(journeys[0].user_id, tuple(journey.journey_id for journey in journeys))
    found = ask_samples(
        structured, STEP, len(journeys), reader.fields, reader.complaint, samples=samples, about=about
    )  # fmt: skip
    ratings = [reader.read(each) for each in found.asked]
    judged = []
    for place, journey in enumerate(journeys):
        own = [each[place] for each in ratings if place in each]
        missing = found.because
        if not missing and len(own) < samples:
            missing = f"{count_text(samples - len(own), 'sample')} gave no score that rests on an event"
        explanation, by, cites = reader.explain(journey, own) if own else ("", "", ())
        judged.append(
            Judgement(
                user_id=journey.user_id,
                journey_id=journey.journey_id,
                run_id=journey.run_id,
                rank=journey.rank,
                name=journey.name,
                scores=tuple(rating.score for rating in own),
                explanation=explanation,
                explained_by=by,
                cites=cites,
                model=found.model if own else "",
                prompt_version=STEP.prompt_version,
                because=missing,
            )
        )
    return judged


@dataclass(frozen=True)
class _Reader:
    """Writes the question about some journeys, and reads its answers."""

    history: History
    journeys: Sequence[Journey]
    checker: SensitivityChecker

    def fields(self, order: Sequence[int]) -> Fields:
        clock = max(journey.as_of for journey in self.journeys)
        return {
            "features": self.history.features() | {"judged_on": clock.date().isoformat()},
            "history": self.history.fields(),
            "journeys": [_journey_field(number, self.journeys[place]) for number, place in enumerate(order, 1)],
        }

    def complaint(self, reply: RelevanceReply, order: Sequence[int]) -> str:
        """What is wrong with a reply; it quotes nothing of a user."""
        wrong: list[str] = []
        counts = Counter(rating.journey for rating in reply.ratings)
        for number, place in enumerate(order, 1):
            if counts[number] != 1:
                wrong.append(f"journey {number} must be rated exactly once, not {counts[number]} times")
                continue
            rating = next(each for each in reply.ratings if each.journey == number)
            unknown = [each for each in rating.events if not self.history.cited(each)]
            if unknown:
                wrong.append(f"journey {number} cites event {unknown[0]}, which the history does not have")
            elif rating.score > 1 and not rating.events:
                wrong.append(f"journey {number} has a score over 1 and cites no event")
            elif reason := self._why_not_shown(self.journeys[place], rating):
                wrong.append(f"the explanation of journey {number} cannot be used: {reason}")
        if any(number > len(order) for number in counts):
            wrong.append(f"there are only journeys 1 to {len(order)}")
        return "; ".join(wrong[:5])

    def read(self, asked: Asked[RelevanceReply]) -> dict[int, Rating]:
        """By place of the journey, the ratings that count: given once, and resting on an event if over 1."""
        reply = asked.answer.value
        counts = Counter(rating.journey for rating in reply.ratings) if reply else Counter()
        return {
            asked.order[rating.journey - 1]: rating
            for rating in (reply.ratings if reply else ())
            if rating.journey <= len(asked.order) and counts[rating.journey] == 1
            if rating.score == 1 or self._cited(rating)
        }

    def explain(self, journey: Journey, ratings: Sequence[Rating]) -> tuple[str, str, tuple[str, ...]]:
        """The explanation, by whom, and the ids of the activity that it rests on."""
        score = median_level([rating.score for rating in ratings])
        same = [rating for rating in ratings if rating.score == score]
        for rating in same:
            if not self._why_not_shown(journey, rating):
                return rating.explanation, "llm", self._cites(rating)
        return self._template(same[0]), "template", self._cites(same[0])

    def _why_not_shown(self, journey: Journey, rating: Rating) -> str:
        own = [journey.name, *(keyword.text for keyword in journey.keywords)]
        texts = [*own, *(text for event in self.history.events for text in _texts(event))]
        cited = [text for event in self._cited(rating) for text in _texts(event)]
        return why_not_shown(
            rating.explanation,
            name=journey.name,
            texts=texts,
            supporting=[*own, *cited],
            policy=journey.safety.policy,
            checker=self.checker,
        )

    def _cited(self, rating: Rating) -> list[Activity]:
        return [event for number in dict.fromkeys(rating.events) for event in self.history.cited(number)]

    def _cites(self, rating: Rating) -> tuple[str, ...]:
        """One event a line: the first."""
        lines = (self.history.cited(number) for number in dict.fromkeys(rating.events))
        return tuple(line[0].activity_id for line in lines if line)

    def _template(self, rating: Rating) -> str:
        events = sorted(self._cited(rating), key=lambda event: event.timestamp)
        if not events:
            return "No event in the history is about it."
        days = count_text(len(days_of(events)), "day")
        first, last = date_text(events[0].timestamp), date_text(events[-1].timestamp)
        when = f"on {first}" if first == last else f"on {days} from {first} to {last}"
        return f"Rests on {count_text(len(events), 'event')} {when}."


def _texts(event: Activity) -> tuple[str, ...]:
    return (event.text, *([event.board] if event.board else []), *event.annotations)


def _journey_field(number: int, journey: Journey) -> dict[str, JsonValue]:
    keywords: list[Any] = [
        shortened(keyword.text, _LONGEST_KEYWORD)
        for keyword in journey.keywords
        if fit_to_show(keyword.text) and not speaks_to_a_judge(keyword.text)
    ]
    name = "(name withheld)" if speaks_to_a_judge(journey.name) else journey.name
    return {
        "journey": number,
        "name": name,
        "keywords": keywords[:_KEYWORDS],
        "kind": journey.kind.value,
        "stage": journey.stage.value,
    }
