"""Scripts and styles that come with this package."""

from importlib import resources


def packaged(name: str) -> str:
    """A file of this package as text."""
    return (resources.files("ui") / name).read_text(encoding="utf-8")
