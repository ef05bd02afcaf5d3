"""How far two ways to divide the same units agree: the groups that people gave, and the clusters that were found.

B-cubed: Bagga and Baldwin (1998). Pairs: each pair of units is together or apart, in both or in one. Adjusted Rand
index: Hubert and Arabie (1985). Homogeneity, completeness and V-measure: Rosenberg and Hirschberg (2007).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one user. All are in [0, 1], but for the adjusted Rand index: at most 1, and 0 is what chance gives.

    Where there is nothing to be wrong about, as with no pair in one cluster, or all units in one group, a precision,
    recall, homogeneity or completeness is 1.
    """

    b_cubed_precision: float
    b_cubed_recall: float
    b_cubed_f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    adjusted_rand: float
    homogeneity: float
    completeness: float
    v_measure: float


def agreement(gold: Mapping[str, str], predicted: Mapping[str, str]) -> Agreement:
    """gold: unit -> group, at least one. predicted: unit -> cluster; a unit that is not in it is alone."""
    together, groups, clusters = _counts(gold, predicted)
    units = groups.sum()
    precision = _share((together**2 / clusters).sum(), units)
    recall = _share((together**2 / groups[:, None]).sum(), units)
    pairs, of_groups, of_clusters = (float((count * (count - 1)).sum() / 2) for count in (together, groups, clusters))
    pair_precision, pair_recall = _share(pairs, of_clusters), _share(pairs, of_groups)
    by_chance = _share(of_groups * of_clusters, units * (units - 1) / 2)
    homogeneity = _told(together, groups, clusters)
    completeness = _told(together.T, clusters, groups)
    return Agreement(
        b_cubed_precision=precision,
        b_cubed_recall=recall,
        b_cubed_f1=_f1(precision, recall),
        pair_precision=pair_precision,
        pair_recall=pair_recall,
        pair_f1=_f1(pair_precision, pair_recall),
        # No room above chance is left only where both are all in one or all apart, and so the same.
        adjusted_rand=_share(pairs - by_chance, (of_groups + of_clusters) / 2 - by_chance),
        homogeneity=homogeneity,
        completeness=completeness,
        v_measure=_f1(homogeneity, completeness),
    )


def in_company(gold: Mapping[str, str]) -> dict[str, str]:
    """Without the units that are alone in their group."""
    size = Counter(gold.values())
    return {unit: group for unit, group in gold.items() if size[group] > 1}


def _counts(gold: Mapping[str, str], predicted: Mapping[str, str]) -> tuple[Counts, Counts, Counts]:
    """(g, c) units by group and cluster, (g,) by group, (c,) by cluster; no group and no cluster is empty."""
    group_of: dict[str, int] = {}
    cluster_of: dict[object, int] = {}
    places = []
    for unit, group in gold.items():
        # Alone: a tuple, so that it is no cluster's name.
        cluster = predicted.get(unit, (unit,))
        places.append((group_of.setdefault(group, len(group_of)), cluster_of.setdefault(cluster, len(cluster_of))))
    together = np.zeros((len(group_of), len(cluster_of)))
    np.add.at(together, tuple(np.array(places).T), 1)
    return together, together.sum(axis=1), together.sum(axis=0)


def _told(together: Counts, groups: Counts, clusters: Counts) -> float:
    """Which share of the entropy of the groups the clusters take away."""
    units = groups.sum()
    entropy = -float((groups / units * np.log(groups / units)).sum())
    row, column = np.nonzero(together)
    count = together[row, column]
    left = -float((count / units * np.log(count / clusters[column])).sum())
    return 1 - left / entropy if len(groups) > 1 else 1.0


def _share(part: float, of: float) -> float:
    return float(part / of) if of else 1.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
