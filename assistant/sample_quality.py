"""How good the stored journeys of the sample users are, against what their writers meant."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.demo import known_sample, labelled_sample
from assistant.evaluation.clusters import ClusterFigures, score_clusters
from assistant.evaluation.stage_agreement import StageAgreement, stage_agreement

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant


@dataclass(frozen=True, slots=True)
class SampleQuality:
    """clusters: B-cubed of the stored journeys against the known ones. stage: how often kind and stage are as known."""

    clusters: ClusterFigures
    stage: StageAgreement


def sample_quality(assistant: "JourneyAssistant") -> SampleQuality | None:
    """None where anybody else than the sample users, or not all of them, is in the library."""
    users = labelled_sample()
    names = [user.user_id for user in users]
    if sorted(assistant.library.users()) != sorted(names):
        return None
    stored = assistant.library.journeys_of(names)
    found = [(user, stored[user.user_id]) for user in users]
    return SampleQuality(score_clusters(found), stage_agreement(found, known_sample()))
