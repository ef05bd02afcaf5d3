"""Runs over many users: activity streamed from the log, inferred user by user, written in whole batches."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from threadpoolctl import ThreadpoolController

from assistant.correcting import Corrections
from assistant.errors import LibraryError
from assistant.forgotten import ForgottenUsers
from assistant.identity import continue_journeys
from assistant.kept_usage import UsageByStep, used_since
from assistant.library import Library
from assistant.runs import Run, RunParameters, RunState, UserResult, UserState
from chains.call_records import CallRecord
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.metering import BudgetSpent
from chains.texts import Floats
from vectorstore.activity import Activity, Keyword
from vectorstore.activity_log import ActivityLog, Extent, Seen
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.nearest import unit_rows

_USERS_AT_ONCE = 64

#: From all keywords of one user and their vectors, row by row, to the journeys.
UserInference = Callable[[Sequence[Keyword], Floats], list[Journey]]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. users: inferred now; resumed: those that a killed run with the same settings had done before.

    fell_back: why a model that was asked has no part in some journeys, and for how many users that is so. usage: what
    models used in the run, before it was cut off too, by step and model.
    """

    run: Run
    users: int
    resumed: int
    journeys: int
    changes: int
    fell_back: Mapping[str, int] = field(default_factory=dict)
    usage: UsageByStep = field(default_factory=dict)


def users_to_infer(log: ActivityLog, library: Library, parameters: RunParameters) -> set[str]:
    """For an incremental run: users whose last inference saw other activity than this run would.

    These are new users, those with activity that was read since, however old it is, and those with activity between
    the clock of their last inference and this run's. For all others a full run would find the same events. Also those
    of whom a person said something since. Raises LibraryError where journeys were inferred in another way than this run
    would, since the two don't mix.
    """
    states = {}
    ways = {run.run_id: run.parameters.settings for run in library.runs()}
    for state in library.states():
        _require_same_way(state, ways.get(state.run_id, parameters.settings), parameters)
        states[state.user_id] = state
    labelled = library.labelled_since()
    return {
        user_id
        for user_id, extent in log.extents(parameters.as_of, _seen_by_all(states.values(), parameters.as_of))
        if user_id not in states or user_id in labelled or _saw_other(states[user_id], extent, parameters.as_of)
    }


def _require_same_way(state: UserState, settings: Mapping[str, object], parameters: RunParameters) -> None:
    before = (state.algorithm, state.embedding, state.granularity)
    now = (parameters.algorithm, parameters.embedding, parameters.granularity)
    if before != now:
        raise LibraryError(
            f"journeys were inferred with {', '.join(before)}; this run would use {', '.join(now)}: infer with --full"
        )
    own = parameters.settings
    changed = sorted(name for name in {*settings, *own} if settings.get(name) != own.get(name))
    if changed:
        raise LibraryError(
            f"journeys were inferred with another setting of {', '.join(changed)} than this run has: infer with --full"
        )


def _seen_by_all(states: Collection[UserState], as_of: datetime) -> Seen | None:
    """What no inference needs to be made again for: it was in the log for all of them, and on the same side of both
    clocks."""
    if not states:
        return None
    clocks = [as_of, *(state.as_of for state in states)]
    return Seen(min(state.log_position for state in states), min(clocks), max(clocks))


def _saw_other(state: UserState, extent: Extent, as_of: datetime) -> bool:
    if extent.position > state.log_position:
        return True
    if as_of < state.as_of:
        return extent.following is not None and extent.following <= state.as_of
    return extent.last is not None and extent.last > state.as_of


def infer_users(
    activities: Iterable[tuple[str, list[Activity]]],
    embeddings: CachedEmbeddings,
    infer: UserInference,
    at_once: int = 1,
) -> Iterator[tuple[str, list[Journey]]]:
    """Each user's journeys, in the order given; texts are embedded for many users at once.

    at_once: users inferred side by side, which pays where `infer` waits for a model. Where that raises BudgetSpent, the
    users before it are given out first.
    """
    stream, threads = iter(activities), ThreadpoolController()
    while batch := list(islice(stream, _USERS_AT_ONCE)):
        of_users = [(user_id, extract_keywords(events)) for user_id, events in batch]
        texts = list(dict.fromkeys(keyword.key for _, keywords in of_users for keyword in keywords))
        if not texts:
            continue
        row = {text: place for place, text in enumerate(texts)}
        embedded = embeddings.embed(texts)
        # To the bit what a store makes of them, so that what is inferred from a store is the same.
        vectors = unit_rows(embedded, *embedded.shape)

        def one(keywords: list[Keyword], vectors: Floats = vectors, row: dict[str, int] = row) -> list[Journey]:
            return infer(keywords, vectors[[row[keyword.key] for keyword in keywords]])

        if at_once == 1:
            for user_id, keywords in of_users:
                # Users' matrices are small: more threads on one of them cost more than they bring.
                with threads.limit(limits=1, user_api="blas"):
                    journeys = one(keywords)
                yield user_id, journeys
            continue
        with ThreadPoolExecutor(at_once) as pool:
            with threads.limit(limits=1, user_api="blas"):
                asked = [(user_id, pool.submit(one, keywords)) for user_id, keywords in of_users]
                wait([answer for _, answer in asked])
            stopped = [answer.exception() for _, answer in asked if answer.exception()]
            for user_id, answer in asked:
                if answer.exception() is None:
                    yield user_id, answer.result()
            if stopped:
                raise stopped[0]  # type: ignore[misc]


def run_inference(
    log: ActivityLog,
    library: Library,
    embeddings: CachedEmbeddings,
    parameters: RunParameters,
    infer: UserInference,
    users: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    forgotten: ForgottenUsers | None = None,
    *,
    at_once: int = 1,
    calls_of: Callable[[str], Sequence[CallRecord]] = lambda user_id: (),
    usage: Callable[[], UsageByStep] = dict,
    corrections: Corrections | None = None,
) -> RunSummary:
    """Infers and stores the journeys of these users, or of all; a run that was killed goes on where it stopped.

    on_progress: is told how many users are done, of how many. forgotten: is asked before users are written, any of whom
    may have been forgotten since the run read his activity. at_once: see `infer_users`. calls_of: the replies of models
    that a user's journeys rest on. usage: what models used since this run, or this part of it, began. corrections:
    apply what people said of journeys; without them it is left out. Raises BudgetSpent where the budget for models
    ends; the users done until then are kept, and the same run goes on from there.
    """
    wanted = set(log.users()) if users is None else set(users)
    run = library.begin_run(parameters)
    done = library.done_users(run.run_id) & wanted
    todo = wanted - done
    stream = log.stream(users=todo, until=parameters.as_of)
    inferred, journeys, changes = 0, 0, 0
    fell_back: Counter[str] = Counter()
    on_progress(len(done), len(wanted))
    stopped: list[BudgetSpent] = []
    told = usage()
    results = _until_spent(_with_the_silent(infer_users(stream, embeddings, infer, at_once), todo), stopped)
    while batch := list(islice(results, _USERS_AT_ONCE)):
        previous = library.journeys_of([user_id for user_id, _ in batch])
        labels = library.held_labels([user_id for user_id, _ in batch]) if corrections else {}
        is_forgotten = forgotten.matcher() if forgotten else None
        written = []
        for user_id, found in batch:
            if is_forgotten and is_forgotten(user_id):
                continue
            if corrections and user_id in labels:
                kept, changed = corrections.in_run(previous.get(user_id, []), found, labels[user_id])
            else:
                kept, changed = continue_journeys(previous.get(user_id, []), found)
            written.append(UserResult(user_id, kept, changed, calls_of(user_id)))
        library.put_users(run, written)
        library.add_usage(run, used_since(told, now := usage()))
        told = now
        inferred += len(batch)
        journeys += sum(len(result.journeys) for result in written)
        changes += sum(len(result.changes) for result in written)
        for result in written:
            fell_back.update({journey.fallback for journey in result.journeys if journey.fallback})
        on_progress(len(done) + inferred, len(wanted))
    library.add_usage(run, used_since(told, usage()))
    if stopped:
        library.finish_run(run, RunState.FAILED)
        raise BudgetSpent(f"{len(done) + inferred:,} of {len(wanted):,} users are done; {stopped[0]}")
    ended = library.finish_run(run)
    used = library.usage(run.run_id)
    return RunSummary(ended, inferred, len(done), journeys, changes, fell_back, used)


def _until_spent(
    results: Iterator[tuple[str, list[Journey]]], stopped: list[BudgetSpent]
) -> Iterator[tuple[str, list[Journey]]]:
    """Ends where the budget for models ends, and says so in `stopped`, so that what came before can be written."""
    try:
        yield from results
    except BudgetSpent as error:
        stopped.append(error)


def _with_the_silent(
    results: Iterable[tuple[str, list[Journey]]], users: Collection[str]
) -> Iterator[tuple[str, list[Journey]]]:
    """After the users who did something up to the run's clock come the others, without journeys."""
    silent = set(users)
    for user_id, journeys in results:
        silent.discard(user_id)
        yield user_id, journeys
    yield from ((user_id, []) for user_id in sorted(silent))
