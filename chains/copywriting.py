"""What a notification says: templates in words of the interest, never of the person, in the limits of the channel."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib import resources

from pydantic import BaseModel, ConfigDict

from chains.copy_phrases import Phrase, Shape, begin, item_text, listed, phrase_of, says_something
from chains.journeys import Kind
from chains.model_safety import fit_text
from chains.naming_candidates import words_in
from chains.notification import Channel, Copy, Option, TargetKind
from chains.safety import SensitivityChecker
from vectorstore.activity import normalize

DEFAULT_LANGUAGE = "en"
_MOST_ITEMS = 3
#: Where shouting was made speech, and an "I" with it.
_FIRST_PERSON = re.compile(r"\bi(?:[ '’](?:am|m|have|ve|was|love|want|need|can|will|ll|do|don|hate)\b)", re.IGNORECASE)
_ALSO = 2
_LONGEST_ALSO = 40


@dataclass(frozen=True, slots=True)
class Limits:
    """Most characters of each part; 0 for one that the channel does not have."""

    title: int
    preheader: int
    body: int


LIMITS = {Channel.EMAIL: Limits(60, 110, 600), Channel.PUSH: Limits(50, 0, 120)}


class Template(BaseModel):
    """about, kinds, shapes: for which targets, kinds of journeys and phrases. needs: "also" where it names keywords."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    about: tuple[TargetKind, ...]
    kinds: tuple[Kind, ...] = (Kind.SITUATIONAL, Kind.EVERGREEN)
    shapes: tuple[Shape, ...] = tuple(Shape)
    needs: str = ""
    title: str
    preheader: str = ""
    body: str

    def suits(self, option: Option, shape: Shape) -> bool:
        return option.kind in self.about and option.journey_kind in self.kinds and shape in self.shapes


@dataclass(frozen=True, slots=True)
class Wish:
    """What copy is wanted: about what, on which channel, in which language. items: titles, the best first. seed: by
    which a template is picked. not_again: templates that it should not be. leads: texts to be preferred to the name."""

    option: Option
    channel: Channel
    language: str = DEFAULT_LANGUAGE
    items: tuple[str, ...] = ()
    seed: str = ""
    not_again: tuple[str, ...] = ()
    leads: tuple[str, ...] = ()


def write_copy(wish: Wish, checker: SensitivityChecker) -> Copy | None:
    """The first template, in an order that hangs on the seed, whose text is fit to be sent; None where none is.

    One of `not_again` is taken only where there is no other. It leads with the first of leads, name and keywords that
    says what it is about and is fit.
    """
    language = language_of(wish.language)
    topic = _topic(wish, checker)
    if topic is None:
        return None
    items = _items(wish.items, topic, checker)
    also = _also(wish.option, topic, checker)
    for template in _ordered(wish, language, topic.shape, bool(items)):
        if template.needs == "also" and not also:
            continue
        for count in range(max(len(items), 1), 0, -1):
            copy = _filled(template, language, topic, wish, items[:count], also)
            if copy is not None and not why_unfit_copy(copy, wish.channel, checker):
                return copy
    return None


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


def _topic(wish: Wish, checker: SensitivityChecker) -> Phrase | None:
    option = wish.option
    longest = LIMITS[wish.channel].title
    for text in dict.fromkeys((*wish.leads, option.name, *option.keywords)):
        phrase = phrase_of(text, option.written)
        if len(phrase.text) <= longest and says_something(phrase.text) and is_fit(phrase.text, checker):
            return phrase
    return None


def _items(titles: Sequence[str], topic: Phrase, checker: SensitivityChecker) -> list[str]:
    """The first few that may be said and do not say just what the topic says, or one before."""
    said = {frozenset(words_in(topic.text))}
    found: list[str] = []
    for title in titles:
        text, words = item_text(title), frozenset(words_in(title))
        if words not in said and is_fit(text, checker):
            said.add(words)
            found.append(text)
    return found[:_MOST_ITEMS]


def _also(option: Option, topic: Phrase, checker: SensitivityChecker) -> list[str]:
    """Keywords beside the topic, none of which says the same words."""
    words = set(normalize(topic.text).split())
    found: list[str] = []
    for text in option.keywords:
        phrase = phrase_of(text, option.written)
        own = set(normalize(phrase.text).split())
        short = phrase.shape in {Shape.NOUN, Shape.LABEL} and len(phrase.text) <= _LONGEST_ALSO
        if short and not own & words and says_something(phrase.text) and is_fit(phrase.text, checker):
            found.append(phrase.text)
            words |= own
    return found[:_ALSO]


def is_fit(text: str, checker: SensitivityChecker) -> bool:
    """Whether a part of a message may be said; stricter than of a journey's name: nothing that might be sensitive."""
    if fit_text(text, support=None, checker=checker) or _FIRST_PERSON.search(text):
        return False
    return checker.text(text) is None


def _ordered(wish: Wish, language: str, shape: Shape, has_items: bool) -> list[Template]:
    """With items those that name them, then those that do not; each group in the order of the seed, the last used
    after the others."""
    groups = _templates()[language]
    names = [wish.channel.value, f"{wish.channel.value}_bare"][0 if has_items else 1 :]
    chosen: list[Template] = []
    for name in names:
        own = [each for each in groups[name] if each.suits(wish.option, shape)]
        chosen += sorted(own, key=lambda each: (not each.needs, _hash(f"{wish.seed}:{each.id}"), each.id))
    return sorted(chosen, key=lambda each: f"{language}.{each.id}" in wish.not_again)


def _filled(
    template: Template, language: str, topic: Phrase, wish: Wish, items: Sequence[str], also: Sequence[str]
) -> Copy | None:
    """None where a part is too long."""
    joined = _joined()[language]
    source = phrase_of(wish.option.source, wish.option.written)
    all_items = listed(items, joined) if items else ""
    slots = {
        "Topic": topic.start,
        "topic": topic.text,
        "source": source.text,
        "items": all_items,
        "Items": begin(all_items),
        "first": items[0] if items else "",
        "First": begin(items[0]) if items else "",
        "also": listed(also, joined) if also else "",
    }
    if "{source}" in template.title + template.preheader + template.body and not says_something(source.text):
        return None
    parts = [each.format_map(slots) for each in (template.title, template.body, template.preheader)]
    # A topic that begins with a capital of its own may stand where a sentence begins with the slot.
    title, body, preheader = (begin(_tidy(part)) if part else "" for part in parts)
    return Copy(f"{language}.{template.id}", title, body, preheader)


def _tidy(text: str) -> str:
    """Without two stops in a row, as after an item that ends with one."""
    return text.replace("….", "…").replace("?.", "?").replace("!.", "!").replace("..", ".")


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


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
