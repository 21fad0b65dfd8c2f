"""Priors: the distributions that private values are drawn from.

Every prior is a section of a scenario, `{name: uniform, low: 0.0, high: 1.0}`, has bounded support, and offers
`quantile`, `cdf` and `pdf`. The engine draws from `quantile_table`: the quantile function on 4,096 cells of equal
probability, linear inside a cell. For the uniform and the empirical prior this is exact.
"""

from functools import cached_property
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from econo_env.money import LARGEST_CREDITS

TABLE_CELLS = 4096
"""Cells of equal probability in the quantile table the engine draws from."""

Floats = NDArray[np.float64]


class Prior(BaseModel):
    """A distribution of values on `[lowest, highest]`, in credits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str

    def quantile(self, probability: ArrayLike) -> Floats:
        """The value below which the given share of draws falls; any shape, probabilities in [0, 1]."""
        raise NotImplementedError

    def cdf(self, value: ArrayLike) -> Floats:
        """The probability of a draw at or below `value` (credits, any shape)."""
        raise NotImplementedError

    def pdf(self, value: ArrayLike) -> Floats:
        """The density at `value` (credits, any shape), 0 outside the support."""
        raise NotImplementedError

    @cached_property
    def lowest(self) -> float:
        """The lower end of the support, in credits."""
        return float(self.quantile(0.0))

    @cached_property
    def highest(self) -> float:
        """The upper end of the support, in credits."""
        return float(self.quantile(1.0))

    def mean(self) -> float:
        """The expected value of the distribution the engine draws from, in credits."""
        table = self.quantile_table()
        return float((table[:-1] + table[1:]).mean() / 2)

    def quantile_table(self) -> Floats:
        """Quantiles at `0, 1/4096, ..., 1`, shape (4097,), in credits."""
        return self.quantile(np.linspace(0.0, 1.0, TABLE_CELLS + 1))

    @model_validator(mode="after")
    def _support_is_bounded(self) -> Self:
        low, high = float(self.quantile(0.0)), float(self.quantile(1.0))
        if not (0.0 <= low <= high <= LARGEST_CREDITS) or high == 0.0:
            raise ValueError(
                f"the support of {self.name} is [{low}, {high}] credits: values must be non-negative, not all 0, "
                f"and at most {LARGEST_CREDITS:g}"
            )
        return self


class _Interval(Prior):
    low: float = 0.0
    high: float = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low={self.low} must lie below high={self.high}")
        return self

    def _scaled(self, value: ArrayLike) -> Floats:
        return np.clip((np.asarray(value, dtype=np.float64) - self.low) / (self.high - self.low), 0.0, 1.0)

    def _inside(self, value: ArrayLike) -> NDArray[np.bool_]:
        value = np.asarray(value, dtype=np.float64)
        return (value >= self.low) & (value <= self.high)


class Uniform(_Interval):
    """Uniform on [low, high]."""

    name: Literal["uniform"] = "uniform"

    def quantile(self, probability: ArrayLike) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(probability, dtype=np.float64)

    def cdf(self, value: ArrayLike) -> Floats:
        return self._scaled(value)

    def pdf(self, value: ArrayLike) -> Floats:
        return np.where(self._inside(value), 1.0 / (self.high - self.low), 0.0)


class Power(_Interval):
    """F(v) = ((v - low) / (high - low))^exponent."""

    name: Literal["power"] = "power"
    exponent: float = Field(2.0, gt=0.0)

    def quantile(self, probability: ArrayLike) -> Floats:
        share = np.asarray(probability, dtype=np.float64) ** (1.0 / self.exponent)
        return self.low + (self.high - self.low) * share

    def cdf(self, value: ArrayLike) -> Floats:
        return self._scaled(value) ** self.exponent

    def pdf(self, value: ArrayLike) -> Floats:
        share = np.maximum(self._scaled(value), 1e-12)
        density = self.exponent * share ** (self.exponent - 1.0) / (self.high - self.low)
        return np.where(self._inside(value), density, 0.0)


class _ScipyOnInterval(_Interval):
    """A distribution of scipy.stats, truncated to [low, high]."""

    def _distribution(self) -> Any:
        raise NotImplementedError

    @cached_property
    def _ends(self) -> tuple[float, float]:
        distribution = self._distribution()
        below, above = float(distribution.cdf(self.low)), float(distribution.cdf(self.high))
        if not below < above:
            raise ValueError(f"[{self.low}, {self.high}] holds no probability of this {self.name} distribution")
        return below, above

    def quantile(self, probability: ArrayLike) -> Floats:
        below, above = self._ends
        inside = below + (above - below) * np.asarray(probability, dtype=np.float64)
        return np.asarray(np.clip(self._distribution().ppf(inside), self.low, self.high))

    def cdf(self, value: ArrayLike) -> Floats:
        below, above = self._ends
        return np.asarray(np.clip((self._distribution().cdf(value) - below) / (above - below), 0.0, 1.0))

    def pdf(self, value: ArrayLike) -> Floats:
        below, above = self._ends
        return np.where(self._inside(value), self._distribution().pdf(value) / (above - below), 0.0)


class Beta(_ScipyOnInterval):
    """Beta(alpha, beta) stretched over [low, high]."""

    name: Literal["beta"] = "beta"
    alpha: float = Field(2.0, gt=0.0)
    beta: float = Field(2.0, gt=0.0)

    def _distribution(self) -> Any:
        from scipy.stats import beta

        return beta(self.alpha, self.beta, loc=self.low, scale=self.high - self.low)


class Normal(_ScipyOnInterval):
    """Normal with the given location and scale, truncated to [low, high]."""

    name: Literal["normal"] = "normal"
    location: float = 0.5
    scale: float = Field(0.2, gt=0.0)

    def _distribution(self) -> Any:
        from scipy.stats import norm

        return norm(self.location, self.scale)


class Lognormal(_ScipyOnInterval):
    """exp(Normal(log_location, log_scale)), truncated to [low, high]."""

    name: Literal["lognormal"] = "lognormal"
    log_location: float = -1.0
    log_scale: float = Field(0.5, gt=0.0)

    def _distribution(self) -> Any:
        from scipy.stats import lognorm

        return lognorm(self.log_scale, scale=np.exp(self.log_location))


class Exponential(_ScipyOnInterval):
    """Exponential with the given mean, from `low`, truncated at `high`."""

    name: Literal["exponential"] = "exponential"
    scale: float = Field(0.25, gt=0.0)

    def _distribution(self) -> Any:
        from scipy.stats import expon

        return expon(loc=self.low, scale=self.scale)


class Empirical(Prior):
    """A quantile table: `quantiles[j]` is the quantile at `j / (len - 1)`, linear in between."""

    name: Literal["empirical"] = "empirical"
    quantiles: tuple[float, ...] = Field(min_length=2)

    @field_validator("quantiles")
    @classmethod
    def _increasing(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        falls = np.flatnonzero(np.diff(quantiles) < 0)
        if falls.size:
            at = int(falls[0])
            raise ValueError(
                f"quantiles must not decrease: entry {at + 1} is {quantiles[at + 1]} after {quantiles[at]}"
            )
        return quantiles

    @property
    def _knots(self) -> tuple[Floats, Floats]:
        # not kept: pydantic compares what a model holds, and arrays do not compare to one truth
        return np.linspace(0.0, 1.0, len(self.quantiles)), np.asarray(self.quantiles, dtype=np.float64)

    def quantile(self, probability: ArrayLike) -> Floats:
        return np.interp(np.asarray(probability, dtype=np.float64), *self._knots)

    def cdf(self, value: ArrayLike) -> Floats:
        probabilities, values = self._knots
        value = np.asarray(value, dtype=np.float64)
        # np.interp over an atom returns its lower end; a cdf takes the upper one
        right = np.searchsorted(values, value, side="right")
        left = np.clip(right - 1, 0, len(values) - 2)
        width = values[left + 1] - values[left]
        share = np.where(width > 0, (value - values[left]) / np.where(width > 0, width, 1.0), 1.0)
        inside = probabilities[left] + np.clip(share, 0.0, 1.0) * (probabilities[left + 1] - probabilities[left])
        return np.where(value < values[0], 0.0, np.where(value >= values[-1], 1.0, inside))

    def pdf(self, value: ArrayLike) -> Floats:
        probabilities, values = self._knots
        value = np.asarray(value, dtype=np.float64)
        left = np.clip(np.searchsorted(values, value, side="right") - 1, 0, len(values) - 2)
        width = np.maximum(values[left + 1] - values[left], 1e-12)
        inside = (value >= values[0]) & (value <= values[-1])
        return np.where(inside, (probabilities[left + 1] - probabilities[left]) / width, 0.0)


AnyPrior = Annotated[Uniform | Power | Beta | Normal | Lognormal | Exponential | Empirical, Field(discriminator="name")]
"""The section of a scenario that names a prior."""
