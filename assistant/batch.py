"""Runs over many users: activity streamed from the log, inferred user by user, written in whole batches."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from assistant.errors import LibraryError
from assistant.identity import continue_journeys
from assistant.library import Library
from assistant.runs import Run, RunParameters, UserResult
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from vectorstore.activity import Activity
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings

_USERS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. users: inferred now; resumed: those that a killed run with the same settings had done before."""

    run: Run
    users: int
    resumed: int
    journeys: int
    changes: int


def users_to_infer(log: ActivityLog, library: Library, parameters: RunParameters) -> set[str]:
    """For an incremental run: users with activity that their last inference did not see.

    Raises LibraryError where journeys were inferred in another way than this run would, since the two don't mix.
    """
    behind: dict[int, set[str]] = {}
    for state in library.states():
        if (state.algorithm, state.embedding, state.granularity) != (
            parameters.algorithm,
            parameters.embedding,
            parameters.granularity,
        ):
            raise LibraryError(
                f"journeys were inferred with {state.algorithm}, {state.embedding}, {state.granularity}; this run "
                f"would use {parameters.algorithm}, {parameters.embedding}, {parameters.granularity}: infer with --full"
            )
        behind.setdefault(state.log_position, set()).add(state.user_id)
    known = set().union(*behind.values()) if behind else set()
    fresh = {user for user in log.users() if user not in known}
    return fresh.union(*(users & log.touched_since(position) for position, users in behind.items()))


def infer_users(
    activities: Iterable[tuple[str, list[Activity]]],
    embeddings: CachedEmbeddings,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> Iterator[tuple[str, list[Journey]]]:
    """Each user's journeys, in the order given; texts are embedded for many users at once."""
    stream = iter(activities)
    while batch := list(islice(stream, _USERS_AT_ONCE)):
        of_users = [(user_id, extract_keywords(events)) for user_id, events in batch]
        texts = list(dict.fromkeys(keyword.key for _, keywords in of_users for keyword in keywords))
        if not texts:
            continue
        row = {text: place for place, text in enumerate(texts)}
        vectors = embeddings.embed(texts)
        for user_id, keywords in of_users:
            own = vectors[[row[keyword.key] for keyword in keywords]]
            yield user_id, infer_journeys(keywords, own, as_of, options, models)


def run_inference(
    log: ActivityLog,
    library: Library,
    embeddings: CachedEmbeddings,
    parameters: RunParameters,
    options: InferenceOptions,
    models: InferenceModels,
    users: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> RunSummary:
    """Infers and stores the journeys of these users, or of all; a run that was killed goes on where it stopped.

    on_progress: is told how many users are done, of how many.
    """
    wanted = set(log.users()) if users is None else set(users)
    run = library.begin_run(parameters)
    done = library.done_users(run.run_id) & wanted
    todo = wanted - done
    stream = log.stream(users=todo, until=parameters.as_of)
    inferred, journeys, changes = 0, 0, 0
    on_progress(len(done), len(wanted))
    results = _with_the_silent(infer_users(stream, embeddings, parameters.as_of, options, models), todo)
    while batch := list(islice(results, _USERS_AT_ONCE)):
        previous = library.journeys_of([user_id for user_id, _ in batch])
        written = []
        for user_id, found in batch:
            kept, changed = continue_journeys(previous.get(user_id, []), found)
            written.append(UserResult(user_id, kept, changed))
        library.put_users(run, written)
        inferred += len(written)
        journeys += sum(len(result.journeys) for result in written)
        changes += sum(len(result.changes) for result in written)
        on_progress(len(done) + inferred, len(wanted))
    return RunSummary(library.finish_run(run), inferred, len(done), journeys, changes)


def _with_the_silent(
    results: Iterable[tuple[str, list[Journey]]], users: Collection[str]
) -> Iterator[tuple[str, list[Journey]]]:
    """After the users who did something up to the run's clock come the others, without journeys."""
    silent = set(users)
    for user_id, journeys in results:
        silent.discard(user_id)
        yield user_id, journeys
    yield from ((user_id, []) for user_id in sorted(silent))
