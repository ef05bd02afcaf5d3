"""Errors of this layer that a user can mend: one line that says what is wrong and what to do next."""

from vectorstore.errors import JourneyError


class LibraryError(JourneyError):
    """The library of journeys cannot be opened, read or written as asked."""


class SettingsError(JourneyError):
    """A setting that is unknown or has a value that it cannot have. The message names it and where it stands."""


class EngineError(JourneyError):
    """The processes that infer users cannot be started or reached."""


class FailedUsers(JourneyError):
    """More users were set aside in a run than is still well. All others are written."""
