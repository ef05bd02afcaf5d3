"""The users of a run in pieces: done in any order, given back in the order of the log, so many at once at most."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from assistant.user_work import MissingTexts, UserFound
from vectorstore.parts import bytes_of, slices_of_users

_DEATHS = 2


@dataclass(eq=False)
class Piece:
    """Users of one table. place: among the pieces of it. deaths: of workers over this one alone."""

    number: int
    place: int
    table: Any
    deaths: int = 0

    @cached_property
    def content(self) -> bytes:
        """The table as bytes, for another process."""
        return bytes_of(self.table)


@dataclass(eq=False)
class _Whole:
    """A table as it came. answers: of its parts, by place; None for those that are still out."""

    table: Any
    answers: list[list[UserFound] | None] = field(default_factory=lambda: [None])


class Pieces:
    """most: how many tables are out or wait for those before them."""

    def __init__(self, tables: Iterable[Any], most: int) -> None:
        self._tables = iter(tables)
        self._most = most
        self._waiting: deque[Piece] = deque()
        self._out: dict[int, _Whole] = {}
        self._read = self._given = 0
        self._ended = False

    def next(self) -> Piece | None:
        """Something to do, None where there is nothing now."""
        if self._waiting:
            return self._waiting.popleft()
        if self._ended or len(self._out) >= self._most:
            return None
        table = next(self._tables, None)
        if table is None:
            self._ended = True
            return None
        self._out[self._read] = _Whole(table)
        self._read += 1
        return Piece(self._read - 1, 0, table)

    def put_back(self, piece: Piece) -> None:
        """To be done again, before all others."""
        self._waiting.appendleft(piece)

    def answer(self, piece: Piece, found: list[UserFound]) -> None:
        self._out[piece.number].answers[piece.place] = found

    def received(
        self,
        piece: Piece,
        sent: list[UserFound] | MissingTexts | BaseException,
        embed: Callable[[Sequence[str]], object],
    ) -> None:
        """What a worker sent for this piece: texts without vectors are embedded here, and the piece is done again.

        Raises what the worker raised.
        """
        if isinstance(sent, MissingTexts):
            embed(sent.texts)
            self.put_back(piece)
        elif isinstance(sent, BaseException):
            raise sent
        else:
            self.answer(piece, sent)

    def died(self, piece: Piece, why: str) -> None:
        """A worker died over this piece. Its users are then done one by one, and one who kills a worker twice alone
        is set aside with the reason."""
        users = list(slices_of_users(piece.table, 1))
        if len(users) > 1:
            self._out[piece.number].answers = [None] * len(users)
            alone = [Piece(piece.number, place, table) for place, table in enumerate(users)]
            self._waiting.extendleft(reversed(alone))
        elif piece.deaths + 1 < _DEATHS:
            piece.deaths += 1
            self.put_back(piece)
        else:
            self.answer(piece, [UserFound(piece.table["user_id"][0].as_py(), (), failure=why)])

    def take(self) -> Iterator[tuple[Any, list[UserFound]]]:
        """The tables that are done, in order."""
        while (whole := self._out.get(self._given)) and all(each is not None for each in whole.answers):
            del self._out[self._given]
            self._given += 1
            yield whole.table, [found for each in whole.answers if each is not None for found in each]

    def is_done(self) -> bool:
        return self._ended and not self._waiting and not self._out
