"""Messages that a model writes, where one is set for it."""

from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.candidate_making import Draft
from assistant.notifying import NotifyPlan
from assistant.settings import Settings
from chains.call_records import About
from chains.notification import Copy
from chains.roles import Role
from chains.safety import SensitivityChecker
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from chains.structured import Structured


def with_model(
    plan: NotifyPlan, structured: "Structured", checker: SensitivityChecker, settings: Settings
) -> NotifyPlan:
    """The plan, with messages in the words of the model of the role copywriter. Raises InputError where none is set."""
    # LangChain takes longer to import than a run with templates takes.
    from assistant.models import open_guard  # noqa: PLC0415
    from chains.written_copy import rewrite_copy  # noqa: PLC0415

    if not structured.has(Role.COPYWRITER):
        raise InputError("no model is set to write messages: set models.copywriter.model, or take --copy templates")
    guard = open_guard(settings, structured.meter)

    def write(draft: Draft) -> Copy:
        own = draft.candidate
        journeys = (own.target.source_id,) if own.target.source_id else ()
        return rewrite_copy(
            own.copy,
            draft.wish,
            draft.matter,
            about=About(own.user_id, journeys),
            structured=structured,
            checker=checker,
            guard=guard,
        )

    return replace(plan, write_of=write, at_once=structured.models[Role.COPYWRITER][0].limits.concurrency)
