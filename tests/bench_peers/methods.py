"""Other ways to cluster one user's texts, each as strong as a small grid makes it.

A peer gives labels, (n,) integers; -1 stands for a text that is alone. Optional packages are imported where they are
used: they come with `make bench`.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.intp]
Vectors = NDArray[np.float32]
Setting = float | int | str | None


@dataclass(frozen=True)
class UserTexts:
    """One user's n distinct texts in order of first event, with their vectors (n, d), unit length."""

    texts: Sequence[str]
    vectors: Vectors


@dataclass(frozen=True)
class Peer:
    """each: labels of one user, or all_users: labels of every user from one fit over all of them.

    settings: what is tried. shown: how the page tells a setting, with its place in braces.
    """

    name: str
    settings: Sequence[Setting]
    shown: str
    each: Callable[[UserTexts, Any], Labels] | None = None
    all_users: Callable[[Sequence[UserTexts]], list[Labels]] | None = None


def average_linkage(user: UserTexts, distance: float) -> Labels:
    return _tree(user, "average", distance)


def ward(user: UserTexts, distance: float) -> Labels:
    return _tree(user, "ward", distance)


def _tree(user: UserTexts, method: Literal["average", "ward"], distance: float) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    if len(user.texts) < 2:
        return _alone(user)
    apart = pdist(user.vectors, "euclidean" if method == "ward" else "cosine")
    found: Labels = np.asarray(fcluster(linkage(apart, method), distance, criterion="distance"), dtype=np.intp)
    return found


def one_pass(user: UserTexts, threshold: float) -> Labels:
    """In order of time; a text joins the cluster whose mean is nearest by cosine, if that is over the threshold."""
    labels = np.empty(len(user.texts), dtype=np.intp)
    sums = np.empty_like(user.vectors)
    clusters = 0
    for place, vector in enumerate(user.vectors):
        near = sums[:clusters] @ vector / np.linalg.norm(sums[:clusters], axis=1)
        best = int(near.argmax()) if clusters else -1
        if clusters and near[best] >= threshold:
            sums[best] += vector
        else:
            best = clusters
            sums[best] = vector
            clusters += 1
        labels[place] = best
    return labels


def k_means(user: UserTexts, texts_a_cluster: int) -> Labels:
    from sklearn.cluster import KMeans

    clusters = max(1, round(len(user.texts) / texts_a_cluster))
    found: Labels = KMeans(clusters, n_init=1, random_state=0).fit_predict(user.vectors)
    return found


def hdbscan(user: UserTexts, setting: str) -> Labels:
    from hdbscan import HDBSCAN

    least, _, method = setting.partition(", ")
    if len(user.texts) <= int(least):
        return _alone(user)
    # Of unit vectors the Euclidean distance orders as the cosine does.
    found: Labels = HDBSCAN(min_cluster_size=int(least), cluster_selection_method=method).fit_predict(user.vectors)
    return found


def topics_of_one(user: UserTexts, least: int) -> Labels:
    """BERTopic; of fewer than five texts UMAP can make nothing, so they are alone."""
    from umap import UMAP

    size = len(user.texts)
    if size < 5:
        return _alone(user)
    near = min(15, size - 1)
    # Of few texts there is no spectral start.
    start = "spectral" if size > 15 else "random"
    reduced = UMAP(
        n_neighbors=near, n_components=min(5, size - 2), min_dist=0.0, metric="cosine", init=start, random_state=0
    )
    return _topics(user.texts, user.vectors, least, reduced)


def topics_of_all(users: Sequence[UserTexts]) -> list[Labels]:
    """BERTopic with its defaults, but for a seed."""
    from umap import UMAP

    reduced = UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", low_memory=False, random_state=0)
    texts = [text for user in users for text in user.texts]
    found = _topics(texts, np.concatenate([user.vectors for user in users]), 10, reduced)
    return np.split(found, np.cumsum([len(user.texts) for user in users])[:-1])


def _topics(texts: Sequence[str], vectors: Vectors, least: int, reduced: Any) -> Labels:
    from bertopic import BERTopic

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found, _ = BERTopic(min_topic_size=least, umap_model=reduced).fit_transform(list(texts), vectors)
        except ValueError as error:
            # It names topics by their words, and fails where no text has one, as "70!".
            if "empty vocabulary" not in str(error):
                raise
            return np.full(len(texts), -1)
    return np.asarray(found, dtype=np.intp)


def _alone(user: UserTexts) -> Labels:
    return np.full(len(user.texts), -1)


def _steps(first: float, last: float, count: int) -> tuple[float, ...]:
    return tuple(round(float(step), 2) for step in np.linspace(first, last, count))


PEERS = (
    Peer("BERTopic per user", (2,), "min_topic_size {}", each=topics_of_one),
    Peer("BERTopic over all users", (None,), "defaults", all_users=topics_of_all),
    Peer("HDBSCAN", ("2, eom", "2, leaf", "3, eom", "3, leaf", "5, eom"), "min_cluster_size {}", each=hdbscan),
    Peer("k-means", (10,), "a cluster for {} texts", each=k_means),
    Peer("k-means, best number", (3, 5, 7, 15, 20, 30), "a cluster for {} texts", each=k_means),
    Peer("one chronological pass", _steps(0.1, 0.8, 15), "cosine from {}", each=one_pass),
    Peer("average linkage", _steps(0.3, 1.1, 17), "distance to {}", each=average_linkage),
    Peer("Ward linkage", _steps(0.6, 3.0, 13), "distance to {}", each=ward),
)
