"""Runs over many users: activity streamed from the log, inferred user by user, written in whole batches."""

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.correcting import Corrections
from assistant.engines import Engine, ThisProcess, answers, until_spent
from assistant.forgotten import ForgottenUsers
from assistant.identity import continue_journeys
from assistant.kept_usage import UsageByStep, used_since
from assistant.library import Library
from assistant.runs import Run, RunParameters, RunState, UserResult
from assistant.silent_users import SilentUsers
from assistant.user_work import UserFound, UserInference, UserWork, reason_of
from chains.call_records import CallRecord
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.labels import Label
from chains.metering import BudgetSpent
from vectorstore.activity import Keyword
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import JourneyError
from vectorstore.parts import by_user

_USERS_AT_ONCE = 64

#: What is done in this process with what the engine found of a user, such as asking a model for names.
Finishing = Callable[[Sequence[Keyword], Sequence[Journey]], list[Journey]]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did. users: inferred now; resumed: those that a killed run with the same settings had done before.

    failed: users who were set aside, with the reason; what was stored of them before stays. fell_back: why a model that
    was asked has no part in some journeys, and for how many users that is so. usage: what models used in the run,
    before it was cut off too, by step and model.
    """

    run: Run
    users: int
    resumed: int
    journeys: int
    changes: int
    fell_back: Mapping[str, int] = field(default_factory=dict)
    usage: UsageByStep = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)


def run_inference(
    log: ActivityLog,
    library: Library,
    embeddings: CachedEmbeddings,
    parameters: RunParameters,
    infer: UserInference | UserWork,
    users: Collection[str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    forgotten: ForgottenUsers | None = None,
    *,
    at_once: int = 1,
    calls_of: Callable[[str], Sequence[CallRecord]] = lambda user_id: (),
    usage: Callable[[], UsageByStep] = dict,
    corrections: Corrections | None = None,
    engine: Engine | None = None,
    finish: Finishing | None = None,
    whole: bool = False,
    silent: Collection[str] = (),
) -> RunSummary:
    """Infers and stores the journeys of these users, or of all; a run that was killed goes on where it stopped.

    on_progress: is told how many users are done, of how many. forgotten: is asked before users are written, any of whom
    may have been forgotten since the run read his activity. at_once: users side by side where a model is asked.
    calls_of: the replies of models that a user's journeys rest on. usage: what models used since this run, or this part
    of it, began. corrections: apply what people said of journeys; without them it is left out. engine: where users are
    inferred, by default in this process. finish: what is done here with what another engine found. whole: whether no
    user of the log needs to be looked at besides these. silent: those of the users of whom nothing is new but the
    clock. Raises BudgetSpent where the budget for models ends; the users done until then are kept, and the same run
    goes on from there.
    """
    work = infer if isinstance(infer, UserWork) else UserWork(infer)
    wanted = set(log.users()) if users is None else set(users)
    run = library.begin_run(parameters)
    done = library.done_users(run.run_id) & wanted
    failed = {user_id: why for user_id, why in library.failures(run.run_id).items() if user_id in wanted}
    todo = wanted - done - failed.keys()
    quiet = SilentUsers(todo.intersection(silent), library, work, embeddings.embed)
    tables = quiet.left(log.row_batches(_USERS_AT_ONCE, users=todo, until=parameters.as_of))

    def batches() -> Generator[list[UserFound]]:
        with closing(_found(engine or ThisProcess(work, embeddings.embed, at_once), tables, finish, at_once)) as found:
            for batch in found:
                yield [*quiet.take(), *batch]
        yield quiet.take()

    inferred, journeys, changes = 0, 0, 0
    fell_back: Counter[str] = Counter()
    on_progress(len(done) + len(failed), len(wanted))
    stopped: list[BudgetSpent] = []
    told = usage()
    with closing(batches()) as found:
        for batch in _with_the_silent(found, todo, stopped):
            previous = library.journeys_of([one.user_id for one in batch])
            labels = library.held_labels([one.user_id for one in batch]) if corrections else {}
            is_forgotten = forgotten.matcher() if forgotten else None
            continued = [
                _continued(one, previous[one.user_id], labels.get(one.user_id, ()), corrections, calls_of)
                for one in batch
                if not (is_forgotten and is_forgotten(one.user_id))
            ]
            written = [each for each in continued if isinstance(each, UserResult)]
            aside = {each.user_id: each.failure for each in continued if isinstance(each, UserFound)}
            library.put_users(run, written)
            library.put_failures(run, aside)
            failed |= aside
            library.add_usage(run, used_since(told, now := usage()))
            told = now
            inferred += len(batch) - len(aside)
            journeys += sum(len(result.journeys) for result in written)
            changes += sum(len(result.changes) for result in written)
            for result in written:
                fell_back.update({journey.fallback for journey in result.journeys if journey.fallback})
            on_progress(len(done) + len(failed) + inferred, len(wanted))
    library.add_usage(run, used_since(told, usage()))
    if stopped:
        library.finish_run(run, RunState.FAILED)
        raise BudgetSpent(f"{len(done) + inferred:,} of {len(wanted):,} users are done; {stopped[0]}")
    ended = library.finish_run(run, whole=whole)
    used = library.usage(run.run_id)
    return RunSummary(ended, inferred, len(done), journeys, changes, fell_back, used, failed)


def _continued(
    one: UserFound,
    previous: Sequence[Journey],
    labels: Sequence[Label],
    corrections: Corrections | None,
    calls_of: Callable[[str], Sequence[CallRecord]],
) -> UserResult | UserFound:
    """What is stored of a user; or, with a failure, that he is set aside."""
    if one.failure:
        return one
    try:
        if corrections and labels:
            kept, changed = corrections.in_run(previous, one.journeys, labels)
            ahead = corrections.next_change(kept) if one.next_change else None
        else:
            kept, changed = continue_journeys(previous, one.journeys)
            ahead = one.next_change
    except JourneyError:
        raise
    except Exception as error:  # noqa: BLE001 - one user's data must not end the run of all others
        return UserFound(one.user_id, (), failure=reason_of(error))
    return UserResult(one.user_id, kept, changed, calls_of(one.user_id), ahead)


def _found(engine: Engine, tables: Iterator[Any], finish: Finishing | None, at_once: int) -> Generator[list[UserFound]]:
    """What the engine found, finished in threads of this process. Raises BudgetSpent after what was done until then."""
    with closing(engine.infer(tables)) as found:
        for table, users in found:
            if finish is None:
                yield users
                continue
            finished, spent = until_spent(_finished(table, users, finish, at_once))
            yield finished
            if spent:
                raise spent


def _finished(table: Any, users: Sequence[UserFound], finish: Finishing, at_once: int) -> Iterator[UserFound]:
    activities = dict(by_user(table))

    def finished(one: UserFound) -> UserFound:
        if not one.journeys:
            return one
        try:
            return replace(one, journeys=finish(extract_keywords(activities[one.user_id]), one.journeys))
        except (BudgetSpent, JourneyError):
            raise
        except Exception as error:  # noqa: BLE001 - as in `_continued`
            return UserFound(one.user_id, (), failure=reason_of(error))

    with ThreadPoolExecutor(at_once) as pool:
        asked = [pool.submit(finished, one) for one in users]
        wait(asked)
    yield from answers(asked)


def _with_the_silent(
    found: Iterable[list[UserFound]], users: Collection[str], stopped: list[BudgetSpent]
) -> Generator[list[UserFound]]:
    """After the users who did something up to the run's clock come the others, without journeys.

    Batches of small buckets are joined, since each is written in a transaction of its own. Where the budget for models
    ends, it says so in `stopped`, after what came before and without those who were not reached.
    """
    silent, waiting = set(users), list[UserFound]()
    try:
        for batch in found:
            silent.difference_update(one.user_id for one in batch)
            waiting += batch
            while len(waiting) >= _USERS_AT_ONCE:
                yield waiting[:_USERS_AT_ONCE]
                del waiting[:_USERS_AT_ONCE]
    except BudgetSpent as error:
        stopped.append(error)
    else:
        waiting += [UserFound(user_id, ()) for user_id in sorted(silent)]
    for start in range(0, len(waiting), _USERS_AT_ONCE):
        yield waiting[start : start + _USERS_AT_ONCE]
