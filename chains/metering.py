"""What calls to models use and cost, and where that has to end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from vectorstore.errors import JourneyError

_PER = 1_000_000


class BudgetSpent(JourneyError):
    """No call may be made any more. What was done before is kept, and the same command goes on from there."""


@dataclass(frozen=True, slots=True)
class Price:
    """In one currency, by a million tokens. None where nobody said."""

    input: float | None = None
    output: float | None = None

    def of(self, input_tokens: int, output_tokens: int) -> float | None:
        if self.input is None or self.output is None:
            return None
        return (input_tokens * self.input + output_tokens * self.output) / _PER


@dataclass(frozen=True, slots=True)
class Usage:
    """calls: requests that were answered. cost: of those with a price. estimated: calls whose server told no tokens."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    estimated: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost + other.cost,
            self.estimated + other.estimated,
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls - other.calls,
            self.input_tokens - other.input_tokens,
            self.output_tokens - other.output_tokens,
            self.cost - other.cost,
            self.estimated - other.estimated,
        )

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True)
class Budget:
    """max_cost: in the currency of the prices. max_tokens: of input and output together. None is without end."""

    max_cost: float | None = None
    max_tokens: int | None = None


@dataclass
class Meter:
    """Counts for one run, over threads. A call reserves the most it may use before it is made, so that calls side by
    side don't overspend together."""

    budget: Budget = Budget()
    _used: dict[tuple[str, str], Usage] = field(default_factory=dict)
    _reserved_tokens: int = 0
    _reserved_cost: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    @property
    def total(self) -> Usage:
        with self._lock:
            return sum(self._used.values(), Usage())

    def by_step(self) -> Mapping[tuple[str, str], Usage]:
        """By step and model, in order of both."""
        with self._lock:
            return dict(sorted(self._used.items()))

    @contextmanager
    def reserved(self, input_tokens: int, output_tokens: int, price: Price) -> Iterator[None]:
        """Holds the most that a call may use while it is made. Raises BudgetSpent where that is no longer there."""
        tokens, cost = input_tokens + output_tokens, price.of(input_tokens, output_tokens)
        with self._lock:
            used = sum(self._used.values(), Usage())
            limit = self.budget.max_tokens
            if limit is not None and used.tokens + self._reserved_tokens + tokens > limit:
                raise BudgetSpent(
                    f"the budget of {limit:,} tokens ends before the next call ({used.tokens:,} used): "
                    "what was done is kept; run the same again with a larger --max-tokens"
                )
            most = self.budget.max_cost
            if most is not None:
                if cost is None:
                    raise BudgetSpent("--max-cost needs prices: set input_price and output_price of each model")
                if used.cost + self._reserved_cost + cost > most:
                    raise BudgetSpent(
                        f"the budget of {most:g} ends before the next call ({used.cost:.4f} spent): "
                        "what was done is kept; run the same again with a larger --max-cost"
                    )
            self._reserved_tokens += tokens
            self._reserved_cost += cost or 0.0
        try:
            yield
        finally:
            with self._lock:
                self._reserved_tokens -= tokens
                self._reserved_cost -= cost or 0.0

    def add(self, step: str, model: str, usage: Usage) -> None:
        with self._lock:
            self._used[step, model] = self._used.get((step, model), Usage()) + usage
