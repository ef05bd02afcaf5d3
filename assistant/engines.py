"""Where users are inferred: in this process, side by side in threads, in processes of this machine, or on Ray."""

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol

from threadpoolctl import ThreadpoolController

from assistant.user_work import Group, UserFound, UserTask, UserWork, VectorsOf, done, tasks_of
from chains.metering import BudgetSpent
from vectorstore.parts import by_user


class Engine(Protocol):
    """Does the same work for every user; where it is done changes nothing about what is found."""

    def infer(self, tables: Iterable[Any]) -> Generator[tuple[Any, list[UserFound]]]:
        """Each table of the activity log, in the order given, with what was found of its users, in order of them.

        Raises BudgetSpent after what was found until then, and JourneyError where no user can be inferred.
        """
        ...


class ThisProcess:
    """at_once: users inferred side by side, which pays where they wait for a model."""

    def __init__(self, work: UserWork, vectors_of: VectorsOf, at_once: int = 1) -> None:
        self._work = work
        self._vectors_of = vectors_of
        self._at_once = at_once
        self._threads = ThreadpoolController()

    def infer(self, tables: Iterable[Any]) -> Generator[tuple[Any, list[UserFound]]]:
        for table in tables:
            found, stopped = until_spent(self.group(list(by_user(table))))
            yield table, found
            if stopped:
                raise stopped

    def group(self, group: Group) -> Iterator[UserFound]:
        """Where BudgetSpent is raised, the users before it are given out first."""
        tasks, vectors = tasks_of(group, self._vectors_of)
        if self._at_once == 1:
            for task in tasks:
                # Users' matrices are small: more threads on one of them cost more than they bring.
                with self._threads.limit(limits=1, user_api="blas"):
                    one = done(task, vectors, self._work)
                yield one
            return

        def infer(task: UserTask) -> UserFound:
            return done(task, vectors, self._work)

        with ThreadPoolExecutor(self._at_once) as pool, self._threads.limit(limits=1, user_api="blas"):
            asked = [pool.submit(infer, task) for task in tasks]
            wait(asked)
        yield from answers(asked)


def until_spent(results: Iterable[UserFound]) -> tuple[list[UserFound], BudgetSpent | None]:
    """What was found before the budget for models ended, and the error with which it did."""
    found: list[UserFound] = []
    try:
        for each in results:
            found.append(each)
    except BudgetSpent as error:
        return found, error
    return found, None


def answers(asked: Iterable["Future[UserFound]"]) -> Iterator[UserFound]:
    """Those that there are, in order; then the first exception, if any was raised."""
    stopped: list[BaseException] = []
    for each in asked:
        error = each.exception()
        if error is None:
            yield each.result()
        else:
            stopped.append(error)
    if stopped:
        raise stopped[0]
