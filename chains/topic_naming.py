"""What a message calls its topic: a phrase that enough of the texts behind it bear, and that reads as a name of
something. A journey's own name stands on a page beside all of its activity; in a message it stands alone."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from chains.copy_phrases import Phrase, Shape, is_modifier, phrase_of, plural_of, says_something
from chains.keywords import function_words
from chains.naming_candidates import UNSPACED, words_in
from chains.recommendation import Expansion
from chains.word_forms import stem_of
from vectorstore.activity import Activity, normalize

#: Words of a phrase at most, and what a phrase of so many is worth against a single word of the same support.
_WORTH = {1: 1.0, 2: 2.0, 3: 2.3, 4: 2.4}
_LONGEST_RUN = 3
#: The catalogue's and the journey's name stand where their worth is at least this part of the best's; a single word
#: needs more, since by itself it may mean anything.
_NAMED, _NAMED_BY_ONE = 0.3, 0.6
#: A phrase that so many of its texts go on with the same word is a piece of a longer one.
_PIECE = 0.8
_LEAST_SHARE = 0.08
_LONE_WORD = 3
_VARIANTS = 4
_FEW = 5
_ENDLESS, _LEAST_ENDS = 0.5, 0.2
#: Least cosines of what else a topic is about: of "photography basics" and "exposure" minilm has 0.41, "evening" 0.18.
_CLOSE, _CLOSE_TOGETHER = 0.33, 0.2
_ALSO_WORDS = 3
_SIGNS = re.compile(r"[^\w\s'’\-–.&]|_|\b\d+\b")
_EDGES = " .,;:-–—|/\\+&*#?!¿¡\"'“”„()[]"
_ENGLISH = ("of", "with", "the", "and", "for", "set", "red", "white", "blue", "pink", "small", "large")
_Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """A distinct text, and the annotations that describe its item."""

    text: str
    described: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grounds:
    """What a topic's name has to rest on.

    said: the texts behind it. names: what it is called, the best first. shared: what the catalogue calls it, before the
    names. given: names that a person or a model gave, which stand if they read well. least: in how many texts a name
    has to stand. close: how near each of some phrases is to a phrase in meaning, as cosines; None where nobody knows.
    """

    said: tuple[Said, ...]
    names: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    least: int = 2
    close: Callable[[str, Sequence[str]], Sequence[float]] | None = None

    @cached_property
    def bags(self) -> list[frozenset[str]]:
        """Of each text all words, with those of its annotations."""
        return [frozenset(words_in(" ".join((each.text, *each.described)))) for each in self.said]

    @cached_property
    def described(self) -> Counter[str]:
        """In how many texts each annotation stands."""
        return Counter(text for each in self.said for text in dict.fromkeys(map(normalize, each.described)))

    @cached_property
    def annotated(self) -> int:
        """How many texts have annotations."""
        return sum(bool(each.described) for each in self.said)

    @cached_property
    def runs(self) -> Counter[_Words]:
        """In how many texts each run of one to four words stands, those of annotations counted with their text's."""
        return Counter(run for each in self.said for run in _runs_of(each))

    @cached_property
    def _ended(self) -> Counter[_Words]:
        """How many texts end with each run, but for how the thing looks and numbers."""
        return Counter(run for each in self.said for run in _ends_of(each))

    @cached_property
    def _varied(self) -> Counter[_Words]:
        """For each run, how many words follow it in one text only, as names of variants do."""
        return Counter(run[:-1] for run, count in self.runs.items() if count == 1 and len(run) > 1)

    def ends(self, run: _Words) -> float:
        """Which part of the texts with it ends with it, or goes on with what tells variants of it apart, as "emily" and
        "rosie" behind "felt doll"; 0 where it stands in none."""
        if not self.runs[run]:
            return 0.0
        varied = self._varied[run] if self._varied[run] >= _VARIANTS else 0
        return min((self._ended[run] + varied) / self.runs[run], 1.0)

    @cached_property
    def longer(self) -> Mapping[_Words, list[_Words]]:
        """For each run those with one word more, before or behind it."""
        found: dict[_Words, list[_Words]] = {}
        for run in self.runs:
            for piece in {run[1:], run[:-1]}:
                found.setdefault(piece, []).append(run)
        return found

    @cached_property
    def is_english(self) -> bool:
        """Whether a shop's titles are, as far as the words between tell."""
        return any((word,) in self.runs for word in _ENGLISH)

    @property
    def written(self) -> tuple[str, ...]:
        return tuple(text for each in self.said for text in (each.text, *each.described))

    def support(self, words: Iterable[str]) -> int:
        """The texts that have all of the words, in any order."""
        wanted = frozenset(words)
        return sum(wanted <= bag for bag in self.bags) if wanted else 0

    def core(self) -> frozenset[str]:
        """The words of several texts, without those that tell how a thing looks: what belongs here shares one."""
        counts = Counter(word for bag in self.bags for word in bag)
        least = max(2, len(self.bags) // 5)
        return frozenset(word for word, count in counts.items() if count >= least and not is_modifier(word))


@dataclass(frozen=True, slots=True)
class Topic:
    """words: those of `words_in`. worth: by how many texts bear it, more for several words, and for what texts end
    with: a phrase that never ends one goes on, as "paper" of "paper plates"."""

    phrase: Phrase
    words: frozenset[str]
    worth: float = 0.0


def topics_of(grounds: Grounds) -> Iterator[Topic]:
    """The phrases that may name it, the best first: those that were given; the names where their support comes near the
    best's; the others by support, longer before shorter ones."""
    for name in grounds.given:
        phrase = phrase_of(name, grounds.written)
        if says_something(phrase.text) and phrase.shape is not Shape.CLAUSE:
            yield Topic(phrase, frozenset(words_in(name)))
    found: dict[frozenset[str], Topic] = {}
    for text in dict.fromkeys(_candidates(grounds)):
        topic = _topic(text, grounds)
        # Of two orders of the same words that which more texts end with.
        if topic is not None and (topic.words not in found or topic.worth > found[topic.words].worth):
            found[topic.words] = topic
    if not found:
        return
    best = max(topic.worth for topic in found.values())
    names = [found.get(frozenset(words_in(name))) for name in (*grounds.shared, *grounds.names)]
    first = [topic for topic in names if topic is not None and topic.worth >= _floor(topic) * best]
    # Of equals that which most users' platform calls so, then by letters.
    rest = sorted(found.values(), key=lambda topic: (-topic.worth, topic.phrase.text))
    yield from dict.fromkeys((*first, *rest))


def beside(grounds: Grounds, topic: Topic) -> Iterator[Phrase]:
    """What else it is about: annotations, which are the platform's words, that share no word with the topic or with one
    before; the nearest in meaning first. Left out is what is far from the topic, rather more so where it describes
    none of the topic's own texts; and where nobody knows what is near, what describes another single text."""
    own = [bag for bag in grounds.bags if topic.words <= bag]
    reading = {text: phrase for text in grounds.described if _reads(phrase := phrase_of(text, grounds.written))}
    texts = [text for text, phrase in reading.items() if len(phrase.text.split()) <= _ALSO_WORDS]
    cosines: Sequence[float] = [0.0] * len(texts)
    if grounds.close and texts:
        # Rounded, so that the last bit decides nothing.
        cosines = [round(cosine, 3) for cosine in grounds.close(normalize(topic.phrase.text), texts)]
    found: list[tuple[tuple[float, int, str], frozenset[str]]] = []
    for text, cosine in zip(texts, cosines, strict=True):
        words = frozenset(words_in(text))
        together = any(words <= bag for bag in own)
        # Two words, or what is done, say what they mean; "cold" or "night" may be anything.
        clear = reading[text].shape is Shape.NOUN or " " in reading[text].text
        least = (_CLOSE_TOGETHER if together and clear else _CLOSE) if grounds.close else 0.0
        if cosine >= least and (together or grounds.close or grounds.described[text] > 1):
            found.append(((-cosine, -grounds.described[text], text), words))
    said = {stem_of(word) for word in topic.words}
    for (*_, text), words in sorted(found, key=lambda each: each[0]):
        stems = {stem_of(word) for word in words}
        if stems and not stems & said:
            said |= stems
            yield reading[text]


def _candidates(grounds: Grounds) -> Iterator[str]:
    """Names, annotations, and, where nothing is annotated, runs of two or three words of several texts, each once."""
    runs = (" ".join(run) for run, count in grounds.runs.items() if 1 < len(run) <= _LONGEST_RUN and count > 1)
    yield from map(normalize, (*grounds.shared, *grounds.names, *grounds.described))
    if not grounds.described:
        yield from runs


def _topic(text: str, grounds: Grounds) -> Topic | None:
    """None where it does not read as a name, or too few texts bear it."""
    phrase, words = phrase_of(text, grounds.written), frozenset(words_in(text))
    shared = normalize(text) in grounds.described
    named = any(words == frozenset(words_in(name)) for name in grounds.names)
    of_catalogue = any(text == normalize(name) for name in grounds.shared)
    # An annotation that nobody chose as a name counts where it is given, and among those that have any.
    support = grounds.described[normalize(text)] if shared and not named else grounds.support(words)
    among = grounds.annotated if shared else len(grounds.said)
    least = max(grounds.least, round(_LEAST_SHARE * among))
    if len(phrase.text.split()) == 1 and not UNSPACED.search(phrase.text):
        # By itself it may mean anything ("paddle", "charcoal"), unless it says what is done ("kayaking").
        if not shared or (phrase.shape is not Shape.NOUN and not named):
            return None
        if phrase.shape is not Shape.NOUN:
            least = max(least, _LONE_WORD)
        elif named:
            least = 1
    elif of_catalogue or (named and shared):
        # The platform's words, and chosen by what the whole of it is about.
        least = 1 if shared or len(grounds.said) < _FEW else grounds.least
    if not grounds.described and any(_is_plural(word) for word in phrase.text.split()[:-1]):
        # Shops put the thing first: "pencils tube".
        return None
    if support < least or not _reads(phrase) or not _stands(text, grounds) or _is_piece(text, grounds):
        return None
    ends = 1.0 if of_catalogue else grounds.ends(_tokens(text))
    if ends < _LEAST_ENDS:
        return None
    phrase = _plural(phrase, grounds)
    telling = sum(not is_modifier(word) for word in phrase.text.split())
    worth = support * _WORTH[min(telling, max(_WORTH))] * (_ENDLESS + ends)
    return Topic(phrase, words, worth)


def _reads(phrase: Phrase) -> bool:
    """Whether it reads as the name of something: few words, the last of them a thing and not how it looks, no number
    and no sign that a label has, no order or question."""
    words = phrase.text.split()
    return (
        0 < len(words) <= max(_WORTH)
        and phrase.shape in {Shape.NOUN, Shape.LABEL}
        and says_something(phrase.text)
        and not _SIGNS.search(phrase.text)
        and not is_modifier(words[-1])
        # Shops put how a thing looks behind it: "wallet vintage ticket".
        and not any(is_modifier(word) and not is_modifier(before) for before, word in pairwise(words))
        and words[-1].casefold() not in function_words()
        and words[0].casefold() not in function_words()
        and not _is_titled(words)
    )


def _is_plural(word: str) -> bool:
    return phrase_of(word).shape is Shape.NOUN and word.endswith("s") and word.islower()


def _is_titled(words: Sequence[str]) -> bool:
    """Capitals on every word are those of a title, or of a maker: "Hurley Rack"."""
    own = [word for word in words if phrase_of(word.lower()).text != word]
    return len(words) > 1 and len(own) == len(words)


def _stands(text: str, grounds: Grounds) -> bool:
    """Whether its words stand side by side in some text, as they do in no name that was put together."""
    return normalize(text) in grounds.described or bool(grounds.runs[_tokens(text)])


def _is_piece(text: str, grounds: Grounds) -> bool:
    """Whether most texts that have it go on, or begin, with one and the same word."""
    run = _tokens(text)
    count = grounds.runs[run]
    if count < 2 or normalize(text) in grounds.described:
        return False
    return any(
        grounds.runs[longer] >= _PIECE * count and not (longer[:-1] == run and is_modifier(longer[-1]))
        for longer in grounds.longer.get(run, ())
    )


def _plural(phrase: Phrase, grounds: Grounds) -> Phrase:
    """A product in the plural, since more than one is shown."""
    joined = not set(phrase.text.split()).isdisjoint({"&", "and"})
    if phrase.shape is not Shape.LABEL or grounds.described or joined or not grounds.is_english:
        return phrase
    plural = plural_of(phrase.text)
    return phrase_of(plural) if plural else phrase


def _floor(topic: Topic) -> float:
    return _NAMED if len(topic.phrase.text.split()) > 1 else _NAMED_BY_ONE


def _runs_of(said: Said) -> set[_Words]:
    return {
        words[start : start + length]
        for text in (said.text, *said.described)
        for words in [_tokens(text)]
        for length in range(1, _LONGEST_RUN + 2)
        for start in range(len(words) - length + 1)
    }


def _ends_of(said: Said) -> set[_Words]:
    found = set()
    for text in (said.text, *said.described):
        words = _tokens(text)
        while words:
            found |= {words[-length:] for length in range(1, min(len(words), _LONGEST_RUN + 1) + 1)}
            if not is_modifier(words[-1]):
                break
            words = words[:-1]
    return found


def _tokens(text: str) -> _Words:
    return tuple(filter(None, (word.strip(_EDGES) for word in normalize(text).replace(",", ", ").split())))


def said_by(texts: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[Said, ...]:
    """texts: with their annotations, as often as they were met. Each text once, with all that it is described by."""
    found: dict[str, dict[str, None]] = {}
    first: dict[str, str] = {}
    for text, described in texts:
        key = normalize(text)
        first.setdefault(key, text)
        found.setdefault(key, {}).update(dict.fromkeys(described))
    return tuple(Said(first[key], tuple(described)) for key, described in found.items())


def entry_grounds(expansion: Expansion, own: Sequence[Activity] = ()) -> Grounds:
    """Of a catalogue entry: the words that its users share, and the titles of its items. own: what a user did on it."""
    titles = [*(item.text for item in expansion.items), *(event.text for event in own)]
    keywords = [keyword.text for keyword in expansion.entry.keywords]
    # Keywords are in part pieces of titles ("aid tin" of "first aid tin"), which would pass for whole names.
    padded = {text: f" {' '.join(_tokens(text))} " for text in dict.fromkeys((*titles, *keywords))}
    kept = [each for each in keywords if sum(padded[each] in text for text in padded.values()) < 2]
    said = said_by([(text, ()) for text in (*kept, *titles)])
    return Grounds(said, shared=(expansion.entry.name,), least=1 if len(said) < _FEW else 2)
