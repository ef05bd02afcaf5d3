"""The part of JourneyAssistant that decides whom to tell about what."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assistant.copy_by_model import with_model
from assistant.errors import LibraryError
from assistant.expansions import Expansions
from assistant.forgotten import ForgottenUsers
from assistant.kept_candidates import NotSent
from assistant.library import Library
from assistant.notifying import NotifyPlan, NotifySummary, Sources, notify_users
from assistant.sent_file import Imported, import_sent
from assistant.settings import Settings
from assistant.users_file import UsersFile
from chains.experiment_arms import assign
from chains.inference import InferenceModels
from chains.journeys import Journey
from chains.notification import Channel
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings

if TYPE_CHECKING:
    from chains.structured import Structured


class _Notified(Protocol):
    """What of JourneyAssistant is needed here."""

    settings: Settings
    log: ActivityLog
    forgotten: ForgottenUsers

    @property
    def library(self) -> Library: ...
    @property
    def embeddings(self) -> CachedEmbeddings: ...
    @property
    def expansions(self) -> Expansions: ...
    @property
    def models(self) -> InferenceModels: ...
    def silenced_of(self, journeys: Mapping[str, Sequence[Journey]]) -> dict[str, set[str]]: ...
    def day_to_notify(self) -> datetime: ...


class Notifications:
    """Candidates go into the library's ledger; `library.ledger.rows` gives them as rows."""

    def notify(
        self: _Notified,
        channel: Channel,
        *,
        as_of: datetime | None = None,
        users_file: Path | None = None,
        structured: "Structured | None" = None,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> NotifySummary:
        """Decides for every user whether, and about what, he may be sent a message on the UTC day of as_of.

        as_of: by default `day_to_notify`. users_file: who agreed to what; without it, nobody did.
        structured: the models, where that of the role copywriter is to write; by default templates do.
        Raises LibraryError where nothing was inferred yet, InputError where the users file cannot be read.
        """
        own, experiment = self.settings.notify, self.settings.experiment
        with ExitStack() as opened:
            users = None
            if users_file is not None:
                users = opened.enter_context(UsersFile(users_file, own.columns, own.segments, own.least_age))
            sources = Sources(
                self.log, self.library, self.embeddings, self.expansions, self.models.checker, self.forgotten, users
            )
            plan = NotifyPlan(
                policy=own.policy,
                zone=self.settings.zone,
                salt=own.salt,
                arm_of=partial(assign, salt=experiment.salt, shares=experiment.shares.by_arm),
                never_of=self.silenced_of,
            )
            if structured is not None:
                plan = with_model(plan, structured, self.models.checker, self.settings)
            return notify_users(sources, channel, as_of or self.day_to_notify(), plan, on_progress)

    def day_to_notify(self: _Notified) -> datetime:
        """The midnight in UTC after the last activity, or after the moment of which journeys are known, if that is
        later. Raises LibraryError where nothing was inferred yet."""
        inferred, latest = self.library.ledger.inferred_as_of(), self.log.latest()
        if inferred is None:
            raise LibraryError("there are no journeys to notify about: journeys infer LOG finds them")
        return midnight_after(inferred if latest is None else max(inferred, latest))

    def read_sent(self: _Notified, path: Path) -> Imported:
        """Keeps what other systems sent, so that it counts. Raises InputError where the file cannot be read."""
        return import_sent(path, self.library.ledger, self.settings.zone, self.settings.max_rejected)

    def candidates(self: _Notified, user_id: str) -> list[dict[str, Any]]:
        """The messages for a user, the newest first, as rows of the output."""
        return self.library.ledger.of_user(user_id)

    def why_not_sent(self: _Notified, user_id: str, day: date) -> list[NotSent]:
        """By channel, why a user was told nothing on a day; [] where he was, or nobody was asked."""
        return self.library.ledger.why_not_sent(user_id, day)


def midnight_after(moment: datetime) -> datetime:
    """In UTC; of midnight itself it is that."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if day == moment else day + timedelta(days=1)
