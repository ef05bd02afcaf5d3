"""From a user's activity to his keywords. No language is assumed; function words are known for some."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource, in_order, normalize

_LONGEST_PHRASE = 4
_PHRASES_A_TITLE = 3
_SURENESS = {source: place for place, source in enumerate(KeywordSource)}

#: Vowels and accents that are characters of their own, and the joiners between letters: \w has none of them.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
    "\u0e31-\u0e4e\u0e80-\u0eff\u102b-\u109d\u17b4-\u17d3\u200c\u200d"
)
#: But not the stops within "8.5" and "1/2", nor that of "St. Patrick's".
_OUTSIDE = r"(?<!\d[.,/](?=\d))(?<!\b[A-Z][a-z]\.(?=\s[A-Z]))"
_BREAK = re.compile(rf"(?:[^\w\s{_MARKS}'’&+-]{_OUTSIDE})+|\s[-–—]\s|_+")
_NO_SPACES = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0e7f]")
#: Where a Japanese word ends: a particle before anything but hiragana. を is never anything else.
_PARTICLE = re.compile("を|(?<=.)(?:から|まで|より|[のにがはでとへもな])(?![\u3040-\u309f])")
_FRAGMENT = re.compile(".?|[\u3040-\u309f]{2}")


def extract_keywords(activities: Iterable[Activity]) -> list[Keyword]:
    """All keywords of one user, in order of first event; each holds every event that it stands in.

    activities: of one user, in any order. A text that comes from several sources counts as the surest of them.
    """
    events = in_order(activities)
    texts: dict[str, str] = {}
    sources: dict[str, KeywordSource] = {}
    found: dict[str, list[Activity]] = {}
    for event in events:
        for text, source in _keywords_of(event):
            key = normalize(text)
            if key not in found:
                found[key], texts[key], sources[key] = [event], text, source
                continue
            if found[key][-1] is not event:
                found[key].append(event)
            if _SURENESS[source] < _SURENESS[sources[key]]:
                texts[key], sources[key] = text, source
    return [Keyword(events[0].user_id, texts[key], sources[key], tuple(found[key])) for key in found]


def _keywords_of(event: Activity) -> Iterator[tuple[str, KeywordSource]]:
    if event.kind is ActivityKind.SEARCH:
        yield event.text, KeywordSource.QUERY
    elif event.kind is ActivityKind.BOARD:
        yield event.text, KeywordSource.BOARD
    else:
        yield event.text, KeywordSource.TITLE
        if event.annotations:
            yield from ((annotation, KeywordSource.ANNOTATION) for annotation in event.annotations)
        else:
            yield from ((phrase, KeywordSource.PHRASE) for phrase in title_phrases(event.text))
    if event.board and event.kind is not ActivityKind.BOARD:
        yield event.board, KeywordSource.BOARD


def title_phrases(title: str) -> list[str]:
    """One to three phrases of one to four words out of a title, those with most to say first.

    Titles break at punctuation and at function words; where words stand without spaces, at Japanese particles. The
    whole title comes back where nothing better is found.
    """
    phrases: dict[str, str] = {}
    for part in _BREAK.split(title):
        for phrase in _phrases(part):
            if any(character.isalpha() for character in phrase):
                phrases.setdefault(normalize(phrase), phrase)
    ranked = sorted(phrases.values(), key=lambda phrase: -_worth(phrase))
    return ranked[:_PHRASES_A_TITLE] or [title]


def _phrases(part: str) -> Iterator[str]:
    run: list[str] = []
    for word in [*part.split(), ""]:
        unspaced = _NO_SPACES.search(word)
        if word and not unspaced and word.casefold().replace("’", "'").rstrip(".") not in function_words():
            run.append(word.strip("'’") if word[0] in "'’" else word)
            continue
        yield from (" ".join(words).strip("'’&-") for words in _cut(run))
        run = []
        if unspaced:
            yield from (piece for piece in _PARTICLE.split(word) if not _FRAGMENT.fullmatch(piece))


def _cut(run: list[str]) -> Iterator[list[str]]:
    """A run of words without loose signs at its ends, in halves where it is long for a phrase."""
    worded = [place for place, word in enumerate(run) if any(character.isalnum() for character in word)]
    if not worded:
        return
    run = run[worded[0] : worded[-1] + 1]
    if len(run) <= _LONGEST_PHRASE:
        yield run
        return
    middle = len(run) // 2
    yield run[:middle][-_LONGEST_PHRASE:]
    yield run[middle:][-_LONGEST_PHRASE:]


def _worth(phrase: str) -> float:
    """Two or three words say most; a number says little."""
    words = phrase.split()
    letters = sum(character.isalpha() for character in phrase)
    return min(len(words), 3) + min(letters, 20) / 20 - sum(word[0].isdigit() for word in words)


@cache
def function_words() -> frozenset[str]:
    """Words that carry no topic, in the languages listed in `function_words.txt`; in any other nothing is dropped."""
    return frozenset((resources.files("chains") / "function_words.txt").read_text(encoding="utf-8").split())
