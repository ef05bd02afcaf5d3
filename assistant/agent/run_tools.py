"""Tools about runs: figures of the whole, never about one user."""

from dataclasses import asdict
from itertools import islice
from typing import Annotated

from assistant.agent.scope import Scope, allows
from assistant.agent.told_data import Fields, Told, minute, told
from assistant.agent.tool_making import agent_tool
from assistant.agent.user_tools import Runtime
from assistant.errors import LibraryError
from assistant.runs import Run
from chains.metering import Usage

_RUNS_TOLD = 5
# Of so many users at most the calls to models are added up.
_USERS_COUNTED = 500


@agent_tool
def run_figures(runtime: Runtime, run_id: Annotated[str, "Such as 'run-000012'; '' for the last ones."] = "") -> Told:
    """Gives figures of the last runs of inference, or of one: state, as_of, full or incremental, algorithm, embedding,
    granularity and other settings, counts of users and journeys, and what models used for the journeys of that run
    that are still current."""
    scope = runtime.context
    runs = scope.assistant.library.runs()
    chosen = [run for run in runs if run.run_id == run_id] if run_id else runs[:_RUNS_TOLD]
    if not chosen:
        raise LibraryError("there is no such run" if run_id else "there has been no run yet")
    return told(
        f"figures of {', '.join(run.run_id for run in chosen)}", {"runs": [_fields(scope, run) for run in chosen]}
    )


def _fields(scope: Scope, run: Run) -> Fields:
    parameters = run.parameters
    fields: Fields = {
        "run_id": run.run_id,
        "state": run.state.value,
        "as_of": minute(parameters.as_of),
        "mode": parameters.mode.value,
        "algorithm": parameters.algorithm,
        "embedding": parameters.embedding,
        "granularity": parameters.granularity,
        "settings": dict(parameters.settings),
        "started": minute(run.started),
        "finished": minute(run.finished) if run.finished else None,
        "users": run.users,
        "journeys": run.journeys,
    }
    return fields | {"models": _usage(scope, run)}


def _usage(scope: Scope, run: Run) -> Fields:
    """What the calls that are kept for this run's journeys used, as far as users may be seen."""
    library = scope.assistant.library
    seen = (user_id for user_id in sorted(library.done_users(run.run_id)) if allows(scope.may_see, user_id))
    used, users = Usage(), 0
    for user_id in islice(seen, _USERS_COUNTED):
        users += 1
        for call in library.calls(user_id):
            read, written = call["input_tokens"], call["output_tokens"]
            used += Usage(0 if call["cached"] else 1, read, written, call["cost"], call["estimated"])
    return {**asdict(used), "of_users": users}
