"""How a house wants the names of journeys to sound."""

import re
from dataclasses import dataclass

from pydantic import JsonValue

from chains.naming import LONGEST_NAME
from vectorstore.activity import normalize
from vectorstore.errors import InputError

_MOST = 20
_LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """language: such as "English" or "de"; "" for that of each journey's keywords. tone: in a few words. avoid: words
    that no name and no description has, in any case. examples: names that the house likes.

    A name has to rest on the user's own words, so that in another language than the user's only names pass whose words
    are the same or near by vectors that know both languages. Raises InputError where something is too long.
    """

    language: str = ""
    tone: str = "plain, concrete and friendly"
    avoid: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.avoid) > 5 * _MOST or len(self.examples) > _MOST:
            raise InputError(f"a house style has at most {5 * _MOST} words to avoid and {_MOST} examples")
        if any(len(text) > _LONGEST_WORDS for text in (self.language, self.tone, *self.avoid)):
            raise InputError(f"a word of a house style has more than {_LONGEST_WORDS} characters: say it shorter")
        if any(len(name) > LONGEST_NAME for name in self.examples):
            raise InputError(f"an example of a house style has more than {LONGEST_NAME} characters: it is no name")

    @property
    def told(self) -> JsonValue:
        """What a model is told of it."""
        return {
            "language": self.language or "that of each journey's keywords",
            "tone": self.tone,
            "avoid": list(self.avoid),
            "examples": list(self.examples),
        }

    def avoids(self, text: str) -> bool:
        """Whether the text has one of the words to avoid, as a whole word."""
        said = normalize(text)
        words = (re.escape(normalize(word)) for word in self.avoid if word.strip())
        return any(re.search(rf"(?<!\w){word}(?!\w)", said) for word in words)
