"""What the steps from one user's activity to his journeys hand on: each takes a dictionary, and gives it on with more.

Every one of these types can tell its own JSON schema, in which arrays and parts of the inference are only named.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import SkipValidation, WithJsonSchema

# That of the standard library can't be read by pydantic before Python 3.12.
from typing_extensions import TypedDict

from chains.assembling import Ranked
from chains.inference import Candidates, Clustered
from chains.naming import Named
from chains.stage import Staged
from chains.texts import Floats, Texts
from vectorstore.activity import Activity, Keyword


def _shown(what: str) -> WithJsonSchema:
    """How a schema calls a part that is taken as it is."""
    return WithJsonSchema({"title": what})


class UserEvents(TypedDict):
    """activities: of one user, in any order. as_of: the moment of the inference, aware; later activity is left out."""

    activities: Sequence[Activity]
    as_of: datetime


class UserKeywords(TypedDict):
    """keywords: all of one user's up to as_of."""

    keywords: Sequence[Keyword]
    as_of: datetime


class UserActivity(UserKeywords):
    """vectors: (len(keywords), d) float32, unit length, row by row."""

    vectors: Annotated[SkipValidation[Floats], _shown("(keywords, d) float32, unit length")]


class RelatedTexts(UserActivity):
    """texts: the user's n distinct ones. together: (n, n) float32, probability that two belong to one journey."""

    texts: Annotated[SkipValidation[Texts], _shown("Texts")]
    together: Annotated[SkipValidation[NDArray[np.float32]], _shown("(n, n) float32, in [0, 1]")]


class ClusteredTexts(UserActivity):
    """clustered: the texts, their affinities, and labels: (n,) from 0."""

    clustered: Annotated[SkipValidation[Clustered], _shown("Clustered")]


class UserCandidates(UserActivity):
    """candidates: the m clusters that make a journey, without blocked texts, each with what is measured of it."""

    candidates: Annotated[SkipValidation[Candidates], _shown("Candidates")]


class RankedCandidates(UserCandidates):
    """ranked: the m candidates with score and terms, best first."""

    ranked: Annotated[SkipValidation[Sequence[Ranked]], _shown("(m,) Ranked, best first")]


class NamedCandidates(RankedCandidates):
    """named: the m names, in the order of ranked."""

    named: Annotated[SkipValidation[Sequence[Named]], _shown("(m,) Named, in the order of ranked")]


class StagedCandidates(NamedCandidates):
    """staged: kind and stage of the m candidates, in the order of candidates."""

    staged: Annotated[SkipValidation[Sequence[Staged]], _shown("(m,) Staged, in the order of candidates")]
