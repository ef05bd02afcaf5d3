"""What the naming model learns from: rated names, and logs in which people named the journeys."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.rated_names import RatedTopic
from assistant.evaluation.written_names import NamedJourney, WrittenNames, named_journeys
from assistant.training.naming import fold_of, lessons_of_journeys, lessons_of_topics, train_naming
from chains.inference import InferenceModels, InferenceOptions
from chains.naming_model import NamingModel
from vectorstore.embeddings import CachedEmbeddings


@dataclass(frozen=True)
class NamedLog:
    """The users of one log, and the names that were written for their journeys."""

    name: str
    users: Sequence[LabelledUser]
    written: WrittenNames


@dataclass(frozen=True)
class Teachers:
    """Any of them may be empty, but not all. logs: each with its journeys, both as known and as found."""

    topics: Sequence[RatedTopic] = ()
    logs: Mapping[str, Sequence[NamedJourney]] = field(default_factory=dict)

    def model(self, embeddings: CachedEmbeddings, trained_on: str | None = None) -> NamingModel:
        """Raises InputError where there is nothing to learn from."""
        lessons = list(lessons_of_topics(self.topics, embeddings)) if self.topics else []
        for _, journeys in sorted(self.logs.items()):
            lessons += lessons_of_journeys(journeys)
        return train_naming(lessons, trained_on or self.told())

    def told(self) -> str:
        """What is learned from, in one line."""
        parts = [f"{len(self.topics)} topics with rated names"] if self.topics else []
        for name, journeys in sorted(self.logs.items()):
            users = len({journey.user_id for journey in journeys})
            parts.append(f"{len(journeys)} named journeys of {users} users ({name})")
        return ", ".join(parts)


def known_and_found(
    log: NamedLog,
    embeddings: CachedEmbeddings,
    found_by: tuple[InferenceOptions, InferenceModels],
    on_user: Callable[[], None] = lambda: None,
) -> tuple[list[NamedJourney], list[NamedJourney]]:
    """The journeys of a log as they are known, and as inference finds them.

    Both teach: the known ones are what was named; those that are found are what will have to be named, some of them
    parts of a journey and some mixed.
    """
    return (
        list(named_journeys(log.users, log.written, embeddings)),
        list(named_journeys(log.users, log.written, embeddings, found_by, on_user)),
    )


def topic_folds(
    topics: Sequence[RatedTopic], logs: Mapping[str, Sequence[NamedJourney]], embeddings: CachedEmbeddings, folds: int
) -> Iterator[tuple[NamingModel, list[RatedTopic]]]:
    """Models that never saw the topics they come with; all learn from the logs."""
    fold = fold_of([topic.topic_id for topic in topics], folds)
    for number in range(folds):
        inside = [topic for topic in topics if fold[topic.topic_id] == number]
        if inside:
            others = [topic for topic in topics if fold[topic.topic_id] != number]
            yield Teachers(others, logs).model(embeddings), inside


def user_folds(
    scored: str, teachers: Teachers, embeddings: CachedEmbeddings, folds: int
) -> Iterator[tuple[NamingModel, set[str]]]:
    """Models that never saw the users they come with, who are those of the log `scored`."""
    fold = fold_of([journey.user_id for journey in teachers.logs[scored]], folds)
    for number in range(folds):
        users = {user for user, own in fold.items() if own == number}
        if users:
            others = [journey for journey in teachers.logs[scored] if journey.user_id not in users]
            yield Teachers(teachers.topics, {**teachers.logs, scored: others}).model(embeddings), users
