"""Commands of packages that stand above this one: named in an entry point group, so that nothing here imports them."""

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any

GROUP = "journeys.commands"


def plugged_commands() -> dict[str, Callable[..., Any]]:
    """By name, in order of name."""
    found = {each.name: each for each in entry_points(group=GROUP)}
    return {name: found[name].load() for name in sorted(found)}
