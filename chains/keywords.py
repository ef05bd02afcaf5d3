"""From a user's activity to his keywords. No language is assumed; function words are known for some."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib import resources

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource, normalize

_LONGEST_PHRASE = 4
_PHRASES_A_TITLE = 3
_SURENESS = {source: place for place, source in enumerate(KeywordSource)}

_BREAK = re.compile(r"[^\w\s'’&+-]+|\s[-–—]\s|_+")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_CONTENT_RUN = re.compile(
    r"[\u3400-\u9fff々]+|[\u30a0-\u30ff]{2,}|[\u0e00-\u0e7f]+|[^\W\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+"
)


def extract_keywords(activities: Iterable[Activity]) -> list[Keyword]:
    """All keywords of one user, in order of first event; each holds every event that it stands in.

    activities: of one user, in any order. A text that comes from several sources counts as the surest of them.
    """
    events = sorted(activities, key=lambda event: (event.timestamp, event.activity_id))
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

    Titles break at punctuation and at function words; scripts without spaces break where the script changes. The
    whole title comes back where nothing better is found.
    """
    phrases: dict[str, str] = {}
    for part in _BREAK.split(title):
        for words in _runs(part):
            phrase = " ".join(words)
            if any(character.isalpha() for character in phrase):
                phrases.setdefault(normalize(phrase), phrase)
    ranked = sorted(phrases.values(), key=lambda phrase: -_worth(phrase))
    return ranked[:_PHRASES_A_TITLE] or [title]


def _runs(part: str) -> Iterator[Sequence[str]]:
    if _NO_SPACES.search(part):
        yield from ([run] for run in _CONTENT_RUN.findall(part))
        return
    run: list[str] = []
    for word in [*part.split(), ""]:
        if word and word.casefold() not in function_words():
            run.append(word)
            continue
        if len(run) > _LONGEST_PHRASE:
            middle = len(run) // 2
            yield run[:middle][-_LONGEST_PHRASE:]
            yield run[middle:][-_LONGEST_PHRASE:]
        elif run:
            yield run
        run = []


def _worth(phrase: str) -> float:
    """Two or three words say most; a number says little."""
    words = phrase.split()
    letters = sum(character.isalpha() for character in phrase)
    return min(len(words), 3) + min(letters, 20) / 20 - sum(word[0].isdigit() for word in words)


@cache
def function_words() -> frozenset[str]:
    """Words that carry no topic, in the languages listed in `function_words.txt`; in any other nothing is dropped."""
    return frozenset((resources.files("chains") / "function_words.txt").read_text(encoding="utf-8").split())
