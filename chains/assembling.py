"""What was found out about a journey, put together as later steps read it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from chains.explanation import describe, receipts
from chains.found import Found
from chains.journeys import Journey, JourneyKeyword, Verdict
from chains.naming import Named
from chains.naming_candidates import Candidate
from chains.ranking import Score
from chains.stage import Staged
from chains.texts import Texts
from vectorstore.activity import days_of

_KEYWORDS_KEPT = 30


@dataclass(frozen=True, slots=True)
class Ranked:
    """place: of the journey among those found. factor: by which its score shrinks, in (0, 1]."""

    place: int
    score: Score
    factor: float

    @property
    def value(self) -> float:
        """By which journeys are ranked."""
        return self.score.base * self.factor


def assemble(
    texts: Texts,
    found: Found,
    ranked: Ranked,
    named: Named,
    staged: Staged,
    verdict: Verdict,
    *,
    rank: int,
    as_of: datetime,
) -> Journey:
    """The journey as it is stored. rank: from 1."""
    rows, events = found.places.tolist(), found.events
    days = len(days_of(events))
    weighed = _weigh(named.candidates, found, texts)
    central = {
        event.text: near for row, near in zip(rows, found.near.tolist(), strict=True) for event in texts.events[row]
    }
    user_id = texts.keywords[rows[0]].user_id
    return Journey(
        user_id=user_id,
        journey_id=provisional_id(user_id, texts.keys[rows[0]]),
        rank=rank,
        name=named.name,
        description=describe(events, days, weighed),
        keywords=weighed,
        texts=tuple(texts.keywords[row].text for row in sorted(rows, key=texts.keys.__getitem__)),
        kind=staged.kind,
        stage=staged.stage,
        stage_reason=staged.reason,
        return_probability=staged.return_probability,
        confidence=found.confidence,
        score=ranked.value,
        base_score=ranked.score.base,
        diversification=ranked.factor,
        terms=ranked.score.terms,
        first_seen=events[0].timestamp,
        last_seen=events[-1].timestamp,
        events=len(events),
        active_days=days,
        safety=verdict,
        receipts=receipts(events, central),
        as_of=as_of,
    )


def provisional_id(user_id: str, first_text: str) -> str:
    """12 hexadecimal digits that follow from the user and the text with which a journey began."""
    return hashlib.blake2b(f"{user_id}\x1f{first_text}".encode(), digest_size=6).hexdigest()


def _weigh(candidates: Sequence[Candidate], found: Found, texts: Texts) -> tuple[JourneyKeyword, ...]:
    """The journey's keywords by their events in it and their nearness to its middle, the heaviest 1."""
    if not candidates:
        titles = [texts.keywords[row].text for row in found.places[:_KEYWORDS_KEPT]]
        return tuple(JourneyKeyword(text=title, weight=1.0, events=1) for title in titles)
    near = np.vecdot(np.array([each.vector for each in candidates]), found.centre).tolist()
    raw = [each.events * max(cosine, 0.05) for each, cosine in zip(candidates, near, strict=True)]
    most = max(raw)
    # Rounded, so that equals stay equal: stores return vectors that differ in the last bit.
    weighed = sorted(zip(raw, candidates, strict=True), key=lambda pair: (-round(pair[0], 4), pair[1].keyword.key))
    return tuple(
        JourneyKeyword(text=each.keyword.text, weight=min(value / most, 1.0), events=each.events)
        for value, each in weighed[:_KEYWORDS_KEPT]
    )
