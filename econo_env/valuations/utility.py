"""What money feels like: utility models of a bidder, as sections of a scenario and as a compiled function."""

import math
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from econo_env.engine.compiled import compiled
from econo_env.money import Credits

Floats = NDArray[np.float64]

NEUTRAL, CRRA, CARA, RETURN = range(4)


class Utility(BaseModel):
    """A utility model.

    In first-price bidding each model with a closed form bids a mean of the rivals' best value below one's own, taken
    through `transform` and raised to `power`; see `econo_env.mechanisms.conditions`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    model: ClassVar[int] = NEUTRAL

    name: str

    @property
    def parameter(self) -> float:
        """The model's number, as `felt` takes it."""
        return 0.0

    @property
    def budget(self) -> float | None:
        """The most that can be bid, credits; None where nothing limits it."""
        return None

    @property
    def power(self) -> float:
        """What the chance to win is raised to."""
        return 1.0

    def transform(self, amount: ArrayLike) -> Floats:
        """What is averaged."""
        return np.asarray(amount, dtype=np.float64)

    def slope(self, amount: ArrayLike) -> Floats:
        """The derivative of `transform`."""
        return np.ones_like(np.asarray(amount, dtype=np.float64))

    def inverse(self, mean: ArrayLike) -> Floats:
        """The amount whose transform is given."""
        return np.asarray(mean, dtype=np.float64)

    def of(self, gain: ArrayLike, cost: ArrayLike) -> Floats:
        """Utility of arrays of what is won and what is paid, credits, any one shape."""
        gain, cost = np.broadcast_arrays(np.asarray(gain, dtype=np.float64), np.asarray(cost, dtype=np.float64))
        pairs = zip(gain.ravel(), cost.ravel(), strict=True)
        return np.array([felt(self.model, self.parameter, g, c) for g, c in pairs]).reshape(gain.shape)


class RiskNeutral(Utility):
    """u = what is won minus what is paid, in credits."""

    name: Literal["risk_neutral"] = "risk_neutral"


class ConstantRelative(Utility):
    """Constant relative risk aversion: u = x^rho of the surplus x in credits, -(-x)^rho of a loss."""

    model: ClassVar[int] = CRRA

    name: Literal["crra"] = "crra"
    rho: float = Field(0.8, gt=0.0, le=1.0)

    @property
    def parameter(self) -> float:
        return self.rho

    @property
    def power(self) -> float:
        return 1.0 / self.rho


class ConstantAbsolute(Utility):
    """Constant absolute risk aversion: u = (1 - exp(-a x)) / a of the surplus x in credits."""

    model: ClassVar[int] = CARA

    name: Literal["cara"] = "cara"
    a: float = Field(1.0, gt=0.0, le=100.0)

    @property
    def parameter(self) -> float:
        return self.a

    def transform(self, amount: ArrayLike) -> Floats:
        return np.exp(self.a * np.asarray(amount, dtype=np.float64))

    def slope(self, amount: ArrayLike) -> Floats:
        return self.a * self.transform(amount)

    def inverse(self, mean: ArrayLike) -> Floats:
        return np.log(np.asarray(mean, dtype=np.float64)) / self.a


class Budget(Utility):
    """Risk neutral with a hard budget: nothing above `amount` credits can be bid; a larger bid is cut to it."""

    name: Literal["budget"] = "budget"
    amount: Credits = Field(gt=0.0)

    @property
    def budget(self) -> float:
        return self.amount


class ReturnOnInvestment(Utility):
    """u = surplus over what is paid; payments below `least_payment` credits count as that much."""

    model: ClassVar[int] = RETURN

    name: Literal["return_on_investment"] = "return_on_investment"
    least_payment: float = Field(0.01, gt=0.0)

    @property
    def parameter(self) -> float:
        return self.least_payment

    def transform(self, amount: ArrayLike) -> Floats:
        return 1.0 / np.asarray(amount, dtype=np.float64)

    def slope(self, amount: ArrayLike) -> Floats:
        return -1.0 / np.asarray(amount, dtype=np.float64) ** 2

    def inverse(self, mean: ArrayLike) -> Floats:
        return 1.0 / np.asarray(mean, dtype=np.float64)


AnyUtility = Annotated[
    RiskNeutral | ConstantRelative | ConstantAbsolute | Budget | ReturnOnInvestment, Field(discriminator="name")
]
"""The section of a scenario that names a utility model."""


@compiled
def felt(model: int, parameter: float, gain: float, cost: float) -> float:
    """The utility of winning what is worth `gain` and paying `cost`, both in credits."""
    surplus = gain - cost
    if model == CRRA:
        return float(surplus**parameter if surplus >= 0.0 else -((-surplus) ** parameter))
    if model == CARA:
        # beyond this the loss is as good as infinite, and its exponential would leave the range of floats
        return (1.0 - math.exp(min(-parameter * surplus, 700.0))) / parameter
    if model == RETURN:
        return surplus / max(cost, parameter)
    return surplus
