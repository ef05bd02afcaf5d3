"""What a notification says: templates in words of the interest, never of the person, in the limits of the channel."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources
from itertools import islice

from pydantic import BaseModel, ConfigDict

from chains.copy_phrases import Phrase, Shape, begin, is_modifier, item_text, listed, phrase_of
from chains.journeys import Kind
from chains.model_safety import fit_text
from chains.naming_candidates import words_in
from chains.notification import Channel, Copy, Option, Reason, TargetKind
from chains.safety import SensitivityChecker
from chains.topic_naming import Grounds, Said, Topic, beside, topics_of

DEFAULT_LANGUAGE = "en"
#: Items at least, named by a template at most, and shown in the message at most.
_LEAST_ITEMS, _MOST_NAMED, _MOST_SHOWN = 2, 3, 6
#: So many topics are tried for items.
_TOPICS = 8
#: What a template's title has beside the topic, at least.
_TITLE_WORDS = 12
#: Where shouting was made speech, and an "I" with it.
_FIRST_PERSON = re.compile(r"\bi(?:[ '’](?:am|m|have|ve|was|love|want|need|can|will|ll|do|don|hate)\b)", re.IGNORECASE)
_LATIN = re.compile("[A-Za-zÀ-ɏ]")
_SLOT = re.compile(r"\{\w+\}")
_ALSO = 3
#: Fewer subjects beside the topic make no list.
_LEAST_ALSO = 2
#: An item that shares so many of its words with one before says the same in another colour.
_SAME = 0.75


@dataclass(frozen=True, slots=True)
class Limits:
    """Most characters of each part; 0 for one that the channel does not have."""

    title: int
    preheader: int
    body: int


LIMITS = {Channel.EMAIL: Limits(60, 110, 600), Channel.PUSH: Limits(50, 0, 120)}


@dataclass(frozen=True, slots=True)
class Matter:
    """What a message is made of, every part fit to be said. items: titles as they were given, the best first, of which
    a template names a few. also: subjects beside the topic. source: the topic of the journey that leads there, None
    of a journey itself."""

    topic: Phrase
    items: tuple[str, ...]
    also: tuple[str, ...]
    source: Phrase | None = None


class Template(BaseModel):
    """about, kinds, shapes: for which targets, kinds of journeys and topics."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    about: tuple[TargetKind, ...]
    kinds: tuple[Kind, ...] = (Kind.SITUATIONAL, Kind.EVERGREEN)
    shapes: tuple[Shape, ...] = tuple(Shape)
    title: str
    preheader: str = ""
    body: str

    def suits(self, option: Option, matter: Matter) -> bool:
        named = matter.source is not None or "{source}" not in self.title + self.preheader + self.body
        fits = matter.topic.shape in self.shapes and option.journey_kind in self.kinds
        return named and fits and option.kind in self.about


@dataclass(frozen=True, slots=True)
class Wish:
    """What copy is wanted: about what, on which channel, in which language. items: titles, the best first. seed: by
    which a template is picked. not_again: templates that it should not be. grounds, source: what the names of the topic
    and of the journey that leads there rest on; by default the option's own texts."""

    option: Option
    channel: Channel
    language: str = DEFAULT_LANGUAGE
    items: tuple[str, ...] = ()
    seed: str = ""
    not_again: tuple[str, ...] = ()
    grounds: Grounds | None = None
    source: Grounds | None = None


def write_copy(wish: Wish, checker: SensitivityChecker) -> Copy | Reason:
    """The first template, in an order that hangs on the seed, whose text is fit to be sent, or why there is none.

    One of `not_again` is taken only where there is no other.
    """
    matter = matter_of(wish, checker)
    return matter if isinstance(matter, Reason) else fill_copy(wish, matter, checker)


def matter_of(wish: Wish, checker: SensitivityChecker) -> Matter | Reason:
    """What may be said, or that no name is fit to be sent, or that there is nothing to show beside it.

    Of the few best topics that one is taken which items belong to, else the best where it has subjects beside it.
    """
    grounds = wish.grounds or _grounds_of(wish.option)
    longest = LIMITS[wish.channel].title - _TITLE_WORDS
    topics = _topics(grounds, longest, checker)
    if not topics:
        return Reason.NO_NAME
    source = None
    if wish.option.kind is TargetKind.EXPANSION:
        own = wish.source or Grounds((Said(phrase_of(wish.option.source).text),), (wish.option.source,), least=1)
        source = next((topic.phrase for topic in _topics(own, longest, checker)), None)
    for topic in topics:
        if items := tuple(_items(wish.items, topic, checker)):
            return Matter(topic.phrase, items, tuple(_also(grounds, topic, checker)), source)
    if also := tuple(_also(grounds, topics[0], checker)):
        return Matter(topics[0].phrase, (), also, source)
    return Reason.NOTHING_TO_SHOW


def fill_copy(wish: Wish, matter: Matter, checker: SensitivityChecker) -> Copy | Reason:
    """The copy that a template makes of it."""
    language, items = language_of(wish.language), [item_text(title) for title in matter.items[:_MOST_NAMED]]
    for template in _ordered(wish, language, matter):
        for count in range(max(len(items), 1), 0, -1):
            copy = _filled(template, language, matter, items[:count])
            if copy is not None and not why_unfit_copy(copy, wish.channel, checker):
                return copy
    return Reason.NO_COPY


def why_unfit_copy(copy: Copy, channel: Channel, checker: SensitivityChecker) -> str:
    """Why a message may not be sent, in words that quote nothing of it; "" where it may: what is too long for the
    channel, speaks of a person, of a sensitive topic, or has markup, links, personal data."""
    limits = LIMITS[channel]
    for text, longest in ((copy.title, limits.title), (copy.preheader, limits.preheader), (copy.body, limits.body)):
        if not text and not longest:
            continue
        if why := fit_text(text, support=None, checker=checker, longest=longest):
            return why
        if any(sign in text for sign in "<>\n\r"):
            return "it has markup"
    return ""


def language_of(wanted: str) -> str:
    """The language of the templates that serve a user's best: "de" for "de-AT", English where there are none."""
    primary = wanted.strip().replace("_", "-").split("-")[0].lower()
    return primary if primary in _templates() else DEFAULT_LANGUAGE


def _grounds_of(option: Option) -> Grounds:
    texts = dict.fromkeys((phrase_of(option.name).text, *option.keywords, *option.written))
    return Grounds(tuple(map(Said, texts)), (option.name,), least=1)


def _topics(grounds: Grounds, longest: int, checker: SensitivityChecker) -> list[Topic]:
    """The best few that may be said."""
    fit = (
        each
        for each in topics_of(grounds)
        # In templates of another script it would read as a slip.
        if len(each.phrase.text) <= longest and _LATIN.search(each.phrase.text) and is_fit(each.phrase.text, checker)
    )
    return list(islice(fit, _TOPICS))


def _items(titles: Sequence[str], topic: Topic, checker: SensitivityChecker) -> list[str]:
    """The first few that belong to the topic, may be said, and say more than the topic or one before; [] where they are
    too few. What belongs to it has all of its words that say what it is."""
    said = [topic.words]
    found: list[str] = []
    needed = frozenset(word for word in topic.words if not is_modifier(word)) or topic.words
    for title in titles:
        words = frozenset(words_in(title))
        told = frozenset(word for word in words if not is_modifier(word))
        if not needed <= words or any(told <= before or _alike(told, before) for before in said):
            continue
        if is_fit(item_text(title), checker):
            said.append(told)
            found.append(title)
            if len(found) == _MOST_SHOWN:
                break
    return found if len(found) >= _LEAST_ITEMS else []


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= _SAME * len(one | other)


def _also(grounds: Grounds, topic: Topic, checker: SensitivityChecker) -> list[str]:
    """Subjects beside the topic; [] where they are too few."""
    fit = (each.text for each in beside(grounds, topic) if is_fit(each.text, checker))
    found = list(islice(fit, _ALSO))
    return found if len(found) >= _LEAST_ALSO else []


def is_fit(text: str, checker: SensitivityChecker) -> bool:
    """Whether a part of a message may be said; stricter than of a journey's name: nothing that might be sensitive."""
    if fit_text(text, support=None, checker=checker) or _FIRST_PERSON.search(text):
        return False
    return checker.text(text) is None


def _ordered(wish: Wish, language: str, matter: Matter) -> list[Template]:
    """With items those that name them, then those that do not; each group in the order of the seed, the last used
    after the others."""
    groups = _templates()[language]
    chosen: list[Template] = []
    for name, there in ((wish.channel.value, matter.items), (f"{wish.channel.value}_bare", matter.also)):
        own = [each for each in groups[name] if there and each.suits(wish.option, matter)]
        chosen += sorted(own, key=lambda each: (_hash(f"{wish.seed}:{each.id}"), each.id))
    return sorted(chosen, key=lambda each: f"{language}.{each.id}" in wish.not_again)


def _filled(template: Template, language: str, matter: Matter, items: Sequence[str]) -> Copy | None:
    """None where a part is too long."""
    joined = _joined()[language]
    all_items, also = (listed(each, joined) if each else "" for each in (items, matter.also))
    slots = {
        "Topic": matter.topic.start,
        "topic": matter.topic.text,
        "source": matter.source.text if matter.source else "",
        "items": all_items,
        "first": items[0] if items else "",
        "First": begin(items[0]) if items else "",
        "also": also,
        "Also": begin(also),
        "one": matter.also[0] if matter.also else "",
        "One": begin(matter.also[0]) if matter.also else "",
        "other": matter.also[1] if matter.also else "",
    }
    parts = [each.format_map(slots) for each in (template.title, template.body, template.preheader)]
    # A topic that begins with a capital of its own may stand where a sentence begins with the slot.
    title, body, preheader = (begin(_tidy(part)) if part else "" for part in parts)
    return Copy(f"{language}.{template.id}", title, body, preheader)


def _tidy(text: str) -> str:
    """Without two stops in a row, as after an item that ends with one."""
    return text.replace("….", "…").replace("?.", "?").replace("!.", "!").replace("..", ".")


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def template_words(language: str) -> str:
    """All that the templates of a language say beside their slots."""
    groups = _templates()[language_of(language)]
    texts = (text for group in groups.values() for each in group for text in (each.title, each.preheader, each.body))
    return " ".join(dict.fromkeys(word for text in texts for word in _SLOT.sub(" ", text).split()))


def template_ids() -> dict[str, Collection[str]]:
    """By language, the ids as they stand in a copy."""
    return {
        language: [f"{language}.{each.id}" for group in groups.values() for each in group]
        for language, groups in _templates().items()
    }


def _read() -> dict[str, dict[str, object]]:
    read: dict[str, dict[str, object]] = json.loads(
        (resources.files("chains") / "copy_templates.json").read_text(encoding="utf-8")
    )
    return read


@cache
def _templates() -> Mapping[str, Mapping[str, tuple[Template, ...]]]:
    return {
        language: {
            name: tuple(Template.model_validate(each) for each in group)
            for name, group in groups.items()
            if isinstance(group, list)
        }
        for language, groups in _read().items()
    }


@cache
def _joined() -> Mapping[str, str]:
    return {language: str(groups["and"]) for language, groups in _read().items()}
