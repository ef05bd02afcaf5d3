"""What the model writes, held back until it is sure not to repeat its instructions."""

import re
from dataclasses import dataclass, field

# So many words of the instructions in a row are no chance.
_ROW = 8
_WORD = re.compile(r"\w+")


@dataclass
class LeakGuard:
    """Takes a text piece by piece and gives back what may be shown of it.

    secret: the system prompt. The last words are held back, so that nothing of a row that gives it away was shown
    before. Repeating it in other words, or in another language, is not found.
    """

    secret: str
    leaked: bool = False
    _held: str = ""
    _rows: frozenset[tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self._rows = frozenset(_rows_of(_words(self.secret)))

    def take(self, piece: str) -> str:
        """What may be shown now. Once it has leaked, nothing."""
        self._held += piece
        words = _words(self._held)
        if self.leaked or not self._rows.isdisjoint(_rows_of(words)):
            self.leaked = True
            return ""
        # The last word may still grow, and with it the last row.
        upto = words[-_ROW][0] if len(words) >= _ROW else 0
        shown, self._held = self._held[:upto], self._held[upto:]
        return shown

    def rest(self) -> str:
        """What was held back, when the text has ended."""
        rest, self._held = ("" if self.leaked else self._held), ""
        return rest


def leaks(text: str, secret: str) -> bool:
    """Whether a whole text gives the secret away."""
    guard = LeakGuard(secret)
    guard.take(text)
    return guard.leaked


def _words(text: str) -> list[tuple[int, str]]:
    return [(found.start(), found[0].casefold()) for found in _WORD.finditer(text)]


def _rows_of(words: list[tuple[int, str]]) -> list[tuple[str, ...]]:
    return [tuple(word for _, word in words[start : start + _ROW]) for start in range(len(words) - _ROW + 1)]
