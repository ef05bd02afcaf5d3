"""How a naming model and its baselines choose, for topics and for journeys."""

from collections.abc import Iterable, Sequence

import numpy as np

from assistant.evaluation.name_baselines import BASELINES, Worth
from assistant.evaluation.names import Chosen
from assistant.evaluation.rated_names import RatedTopic, as_candidates
from assistant.evaluation.written_names import NamedJourney
from chains.naming_candidates import Candidate, Subject
from chains.naming_features import name_features
from chains.naming_model import NamingModel
from vectorstore.embeddings import CachedEmbeddings

MODEL = "model"


def choose_for_topics(topics: Iterable[RatedTopic], model: NamingModel, embeddings: CachedEmbeddings) -> list[Chosen]:
    """What a name is worth is its mean human rating."""
    chosen = []
    for topic in topics:
        candidates, subject = as_candidates(topic, topic.names, embeddings)
        chosen.append(_chosen(topic.topic_id, topic.human, candidates, subject, model))
    return chosen


def choose_for_journeys(journeys: Iterable[NamedJourney], model: NamingModel) -> list[Chosen]:
    """What a name is worth is its likeness to the written one. Users are what is drawn again."""
    return [_chosen(each.user_id, each.likeness, each.candidates, each.subject, model) for each in journeys]


def _chosen(group: str, worth: Worth, candidates: Sequence[Candidate], subject: Subject, model: NamingModel) -> Chosen:
    # In order of text, as in use, so that of equals the same one comes first.
    order = sorted(range(len(candidates)), key=lambda place: candidates[place].keyword.key)
    ordered = [candidates[place] for place in order]
    scores = {MODEL: model.worth(name_features(ordered, subject))}
    scores |= {name: choose(ordered, subject) for name, choose in BASELINES.items()}
    words = np.array([float(len(candidate.keyword.text.split())) for candidate in ordered])
    return Chosen(group, worth[order], scores, words)
