"""Sure clusters without a model, then one short call that says which of them are one journey."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from chains.activity_lines import common, day_text
from chains.call_records import About
from chains.clustering import merge_tree
from chains.dendrogram import Dendrogram
from chains.inference import Clustered, InferenceModels, InferenceOptions, cluster_texts
from chains.journeys import InferenceMode, Journey, Kind
from chains.naming_candidates import words_in
from chains.regrouping import NONE_LEFT, Asked, by_code, regrouped, unusable, wrong_numbers
from chains.roles import Role
from chains.showable import gives_orders
from chains.steps import Fields, ModelReply, Step
from chains.structured import Structured
from chains.tellable import Places, tellable
from chains.texts import Floats, Texts
from chains.told_journeys import Origin, Told
from chains.wording import shortened
from vectorstore.activity import Keyword, in_order

#: Mean probability from which texts surely belong together, and how it is lowered while there are too many clusters.
SURE, _STEP_DOWN, _LEAST = 0.85, 0.025, 0.05
#: Clusters that a model is told, at most.
MOST_CLUSTERS = 60
_WORDS, _WORDS_OF_MANY, _MANY = 3, 4, 5
_BOARDS = 2
_LONGEST_WORDS = 36

_INSTRUCTIONS = """\
What one user of a web site searched, opened and saved lies in small clusters of texts that surely belong together. Say
which clusters are one journey: one thing that somebody is busy with for a while or again and again, such as planning a
wedding, learning to sew, playing the guitar.

Data: today; breadth of a journey ("coarse": travel, "normal": two weeks in Peru, "fine": hotels in Cusco); clusters,
each as [number, days and how many texts if several, commonest words, the user's boards if any].

Put clusters together that serve one purpose, even if they share no word; keep others apart, even if they do. Boards and
days are only hints. Drop what stands alone: passing thoughts, jokes. In doubt, put a cluster where it rather belongs
than not. Each number stands exactly once: in a journey, or in dropped.

Answer with one JSON object {"journeys": [...], "dropped": [numbers]}. Each journey has
- clusters: its numbers.
- name: 2 to 6 words for the activity or goal, in the language and with words of its clusters ("Planning a rustic barn
  wedding"); never about or to a person (no "you", "user", "my", "her").
- kind: "situational" (until an event, purchase or project is done) or "evergreen" (a steady interest over months).
"""


class _MergedReply(ModelReply):
    clusters: Annotated[list[int], Field(min_length=1)]
    name: str = Field(min_length=1, max_length=120)
    kind: Kind


class MergeReply(ModelReply):
    journeys: list[_MergedReply] = Field(max_length=80)
    dropped: list[int]


STEP = Step(Role.INFERRER, "merge", 1, _INSTRUCTIONS, MergeReply)


def infer_by_merge(
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
    structured: Structured,
    *,
    most_clusters: int = MOST_CLUSTERS,
) -> list[Journey]:
    """Journeys of one user, best first, from the same arguments as `infer_journeys` and a model.

    most_clusters: that the model is told; where there are more, less sure ones are made, and of what is still too much
    the smallest follow their nearest afterwards. Where the model fails, or nothing of its reply can be used, the
    clustered journeys with `fallback` saying why. Raises BudgetSpent.
    """
    clustered = cluster_texts(keywords, vectors, options, models)
    texts, may = clustered.texts, tellable(clustered, models.checker)
    given = keywords, vectors, as_of, options, models
    groups = sure_groups(clustered, may.told, most_clusters)
    if not groups:
        return by_code(clustered, *given)
    asked = Asked(clustered, may, groups, whole=True)

    def check(reply: MergeReply) -> str:
        return wrong_numbers(asked, _numbers(reply), reply.dropped)

    about = About(keywords[0].user_id)
    answer = structured.ask(STEP, merge_fields(groups, texts, as_of, options), about=about, check=check)
    if answer.value is None:
        return by_code(clustered, *given, answer.because)
    reply = answer.value
    if answer.complaint and (because := unusable(asked, _numbers(reply), reply.dropped)):
        return by_code(clustered, *given, f"{answer.model}: {because}")
    origin = Origin(InferenceMode.MERGE, answer.model, answer.prompt_version)
    told = [Told(each.name, each.kind) for each in reply.journeys]
    found = regrouped(asked, _numbers(reply), reply.dropped, told, origin, *given)
    return found or by_code(clustered, *given, f"{answer.model}: {NONE_LEFT}")


def sure_groups(clustered: Clustered, places: Places, most: int) -> list[tuple[int, ...]]:
    """Clusters of these places, in order of their first text, at most so many.

    Not those of the finest granularity: these follow what was done at one sitting, and mix purposes.
    """
    if not len(places):
        return []
    labels = _sure_labels(clustered.together[np.ix_(places, places)], most)
    groups = [tuple(places[labels == label].tolist()) for label in range(int(labels.max()) + 1)]
    events = clustered.texts.events
    by_size = sorted(groups, key=lambda group: (-len(group), -sum(len(events[place]) for place in group), group))
    return sorted(by_size[:most])


def _sure_labels(together: NDArray[np.float32], most: int) -> NDArray[np.intp]:
    if len(together) < 2:
        return np.zeros(len(together), dtype=np.intp)
    tree = Dendrogram.of(merge_tree(together))
    cut = SURE
    labels = tree.clusters(1.0 - cut)
    while int(labels.max()) + 1 > most and cut > _LEAST:
        cut = round(cut - _STEP_DOWN, 3)
        labels = tree.clusters(1.0 - cut)
    return labels


def merge_fields(groups: Sequence[Sequence[int]], texts: Texts, as_of: datetime, options: InferenceOptions) -> Fields:
    """The data of the call."""
    return {
        "today": f"{as_of:%Y-%m-%d}",
        "breadth": str(options.granularity),
        "clusters": [_cluster(number, places, texts, as_of) for number, places in enumerate(groups, 1)],
    }


def _cluster(number: int, places: Sequence[int], texts: Texts, as_of: datetime) -> JsonValue:
    events = in_order(chain.from_iterable(texts.events[place] for place in places))
    begun, last = (day_text(event.timestamp, as_of.date()) for event in (events[0], events[-1]))
    when = begun if begun == last else f"{begun} to {last}"
    many = f", {len(places)} texts" if len(places) > 1 else ""
    words = _words(places, texts)
    told: list[JsonValue] = [number, when + many, "; ".join(words)]
    boards = common((event.board for event in events if event.board), _BOARDS)
    if unsaid := [board for board in boards if board not in words]:
        told.append("; ".join(unsaid))
    return told


def _words(places: Sequence[int], texts: Texts) -> list[str]:
    """The keywords of most texts, then those of most events; none that says nothing which another hasn't said."""
    held: Counter[str] = Counter()
    written: dict[str, str] = {}
    for place in places:
        written.setdefault(texts.keys[place], texts.keywords[place].text)
        for key in {texts.keys[place], *texts.labels[place]}:
            held[key] += 1
    seen = Counter({texts.keys[place]: len(texts.events[place]) for place in places})
    ranked = sorted(held, key=lambda key: (-held[key], -seen[key], key not in written, len(key), key))
    chosen: list[str] = []
    said: set[str] = set()
    for key in ranked:
        if len(chosen) == (_WORDS_OF_MANY if len(places) >= _MANY else _WORDS):
            break
        words = words_in(key)
        if not gives_orders(key) and not (words and said.issuperset(words)):
            chosen.append(shortened(written.get(key, key), _LONGEST_WORDS))
            said.update(words)
    return chosen


def _numbers(reply: MergeReply) -> list[list[int]]:
    return [each.clusters for each in reply.journeys]
