"""Whether a judge may be relied on: only where it was compared with people, for the very prompt that is asked now."""

from collections.abc import Iterable
from dataclasses import dataclass

from assistant.kept_judgements import JudgeTask, Validation


@dataclass(frozen=True, slots=True)
class Gate:
    """because: "" where the judge is validated, else one line that says why not and what to run."""

    because: str

    @property
    def is_open(self) -> bool:
        return not self.because


def gate_for(model: str, prompt_version: str, validations: Iterable[Validation]) -> Gate:
    """validations: the newest first; of those of this judge, prompt and task the newest decides."""
    run = "journeys evaluate judge LABELS, with labels of journeys (user_id, journey_id, rater, score, at)"
    for each in validations:
        if (each.task, each.model, each.prompt_version) == (JudgeTask.JOURNEYS, model, prompt_version):
            when = each.validated_at.date().isoformat()
            if each.passes:
                return Gate("")
            failed = f"the judge {model} with prompt {prompt_version} did not pass on {when}"
            return Gate(f"{failed}: set another models.judge.model, then run {run}")
    return Gate(f"the judge {model} with prompt {prompt_version} was not validated on journeys: run {run}")
