"""Settings of the experiment: which users are in which arm."""

from typing import Self

from pydantic import Field, model_validator

from assistant.settings_section import Section
from chains.experiment_arms import Arm, fault_of


class ArmShares(Section):
    """The share of the users in each arm, from 0 to 1; in sum 1."""

    interest: float = 0.45
    journey: float = 0.45
    holdout: float = 0.1

    @property
    def by_arm(self) -> dict[Arm, float]:
        """As `assign` takes them."""
        return {arm: getattr(self, arm.value) for arm in Arm}

    @model_validator(mode="after")
    def _are_shares(self) -> Self:
        if fault := fault_of(self.by_arm):
            raise ValueError(fault)
        return self


class ExperimentSettings(Section):
    """salt: another deals all users anew, so that a new experiment does not go on with the arms of the last."""

    salt: str = Field(default="journeys", min_length=1)
    shares: ArmShares = ArmShares()
