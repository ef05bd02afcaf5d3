"""Which arm of the experiment a user is in: a hash of salt and user id, so that nothing has to be kept."""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from math import fsum, isfinite

from vectorstore.errors import InputError

_STEPS = 2**53  # as many as a float in [0, 1) tells apart
_NEAR = 1e-9


class Arm(StrEnum):
    """interest: told by the interest alone. journey: told by the journey. holdout: told nothing.

    The order is that of the arms along the line from 0 to 1, and stays.
    """

    INTEREST = "interest"
    JOURNEY = "journey"
    HOLDOUT = "holdout"


def assign(user_id: str, salt: str, shares: Mapping[Arm, float]) -> Arm:
    """The arm of a user; the same on every machine and in every version of Python.

    shares: of the users, in [0, 1], in sum 1; an arm that is not named gets none, and the order of the mapping means
    nothing. Each user has a place on the line from 0 to 1, each arm a stretch of it: interest from 0 upward, holdout
    from 1 downward, journey between them. So users move only over a border that moves: nobody enters or leaves
    interest or holdout unless that arm itself grows or shrinks, and growing an arm at a neighbour's cost moves exactly
    the share that it grows by. With another salt places are independent of these. Raises InputError for other shares.
    """
    fault = fault_of(shares)
    if fault:
        raise InputError(f"experiment.shares: {fault}")
    place = place_of(user_id, salt)
    if place < shares.get(Arm.INTEREST, 0.0):
        return Arm.INTEREST
    held = shares.get(Arm.HOLDOUT, 0.0)
    # Where there is no journey arm the sum may miss 1 by rounding, and nobody may fall in between.
    if place >= 1 - held or not shares.get(Arm.JOURNEY, 0.0):
        return Arm.HOLDOUT if held else Arm.INTEREST
    return Arm.JOURNEY


def place_of(user_id: str, salt: str) -> float:
    """In [0, 1), uniform over users. The salt's length goes in too, so that no two pairs are hashed alike."""
    salted, user = (text.encode("utf-8", "surrogatepass") for text in (salt, user_id))
    digest = sha256(b"%d:%b%b" % (len(salted), salted, user)).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / _STEPS


def fault_of(shares: Mapping[Arm, float]) -> str:
    """Why these are no shares, in one line; empty where they are."""
    names = ", ".join(Arm)
    unknown = sorted(str(name) for name in shares if name not in set(Arm))
    if unknown:
        return f"no arm is called {unknown[0]!r}: there are {names}"
    wrong = [(arm, share) for arm, share in sorted(shares.items()) if not isfinite(share) or not 0 <= share <= 1]
    if wrong:
        arm, share = wrong[0]
        return f"the share of {arm} is {share:g}: give one from 0 to 1"
    total = fsum(shares.values())
    if abs(total - 1) > _NEAR:
        return f"the shares of {names} are {total:.6g} in sum: give shares whose sum is 1"
    return ""
