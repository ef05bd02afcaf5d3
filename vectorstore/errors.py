"""Errors that a user can mend. Each message is one line that says what is wrong and what to do next."""


class JourneyError(Exception):
    """Anything that the command line prints as one line, without a traceback."""


class InputError(JourneyError):
    """A file or a value that cannot be read as what it should be."""


class MissingExtra(JourneyError):
    """An optional library is not installed. The message names the command that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional library: pip install 'journey-assistant[{extra}]'")


class StoreError(JourneyError):
    """A store that cannot be opened or used as asked."""


class EmbeddingError(JourneyError):
    """An embedding model that cannot be found or does not answer."""
