"""Priors: the distributions that private values are drawn from.

Every prior is a section of a scenario, `{name: uniform, low: 0.0, high: 1.0}`, has bounded support, and offers
`quantile`, `cdf` and `pdf`. The engine draws from `quantile_table`, which follows the quantile function closely up to
both ends of the support; equilibria, reserves and judgement use the same table.
"""

from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from econo_env.money import CREDIT, LARGEST_CREDITS
from econo_env.open_section import OneOf
from econo_env.table import Table
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

LEAST_HIGHEST = CREDIT
"""The least upper end of a support: below it every value rounds to 0 or to one micro-credit."""

_LEAST_MASS = 1e-9  # of an interval, over that of the nearer tail: less drowns in the rounding of differences


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
        return self.quantile_table().mean()

    def quantile_table(self) -> QuantileTable:
        """The law that the engine draws, in credits."""
        return _kept_table(self)

    def _table(self) -> QuantileTable:
        return QuantileTable.refined(self.quantile)

    @model_validator(mode="after")
    def _support_is_bounded(self) -> Self:
        low, high = float(self.quantile(0.0)), float(self.quantile(1.0))
        if not (0.0 <= low <= high <= LARGEST_CREDITS) or high == 0.0:
            raise ValueError(
                f"the support of {self.name} is [{low}, {high}] credits: values must be non-negative, not all 0, "
                f"and at most {LARGEST_CREDITS:g}"
            )
        if high < LEAST_HIGHEST:
            raise ValueError(
                f"the support of {self.name} ends at {high:g}: money comes in micro-credits, so give it an upper end "
                f"of at least {LEAST_HIGHEST:.6f}, or scale all amounts up"
            )
        return self


@lru_cache(maxsize=64)
def _kept_table(prior: Prior) -> QuantileTable:
    # beside the prior, for pydantic compares what a model holds, and arrays do not compare to one truth
    table = prior._table()
    table.values.setflags(write=False)
    return table


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

    def _table(self) -> QuantileTable:
        return QuantileTable.even(self.quantile)


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
    """A distribution of scipy.stats, truncated to [low, high].

    Chances are reckoned from the upper end where `low` lies in the upper tail, for there they keep their digits.
    """

    def _distribution(self) -> Any:
        raise NotImplementedError

    @cached_property
    def _mass(self) -> tuple[float, float, float]:
        """The distribution's chances below `low`, inside, and above `high`."""
        distribution = self._distribution()
        below, above = float(distribution.cdf(self.low)), float(distribution.sf(self.high))
        upper = below > 0.5
        inside = float(distribution.sf(self.low)) - above if upper else float(distribution.cdf(self.high)) - below
        smaller = min(below + inside, inside + above)
        if not inside > _LEAST_MASS * smaller or inside < 1e-300:
            raise ValueError(
                f"[{self.low}, {self.high}] holds no probability of this {self.name} distribution that can be told "
                "from rounding: move the interval to where its mass is"
            )
        return below, inside, above

    def quantile(self, probability: ArrayLike) -> Floats:
        below, inside, above = self._mass
        share, distribution = np.asarray(probability, dtype=np.float64), self._distribution()
        lower, upper = below + inside * share, above + inside * (1.0 - share)
        value = np.where(lower <= upper, distribution.ppf(lower), distribution.isf(upper))
        return np.asarray(np.clip(value, self.low, self.high))

    def cdf(self, value: ArrayLike) -> Floats:
        below, inside, above = self._mass
        distribution = self._distribution()
        lower, upper = distribution.cdf(value), distribution.sf(value)
        share = np.where(lower <= upper, (lower - below) / inside, 1.0 - (upper - above) / inside)
        return np.asarray(np.clip(share, 0.0, 1.0))

    def pdf(self, value: ArrayLike) -> Floats:
        return np.where(self._inside(value), self._distribution().pdf(value) / self._mass[1], 0.0)


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
    """A quantile function that is linear between `quantiles`.

    Attributes:
        quantiles: Credits, not decreasing; equal neighbours are an atom.
        probabilities: Of each of them, from 0 to 1; equally spaced by default, and then drawn exactly. Others are drawn
            exactly where they lie on the knots of the table (`quantile_table.REFINED`), else up to a cell of it.
    """

    name: Literal["empirical"] = "empirical"
    quantiles: tuple[float, ...] = Field(min_length=2)
    probabilities: tuple[float, ...] | None = None

    @field_validator("quantiles")
    @classmethod
    def _increasing(cls, quantiles: tuple[float, ...]) -> tuple[float, ...]:
        return _rising("quantiles", quantiles)

    @field_validator("probabilities")
    @classmethod
    def _one_each(cls, given: tuple[float, ...] | None, info: ValidationInfo) -> tuple[float, ...] | None:
        quantiles = info.data.get("quantiles", ())
        if given is None or not quantiles:  # what is wrong with quantiles has been said
            return given
        if len(given) != len(quantiles) or given[0] != 0.0 or given[-1] != 1.0:
            raise ValueError(
                f"{len(given)} probabilities from {given[0] if given else None} to {given[-1] if given else None}: "
                f"give one for each of the {len(quantiles)} quantiles, the first 0 and the last 1"
            )
        return _rising("probabilities", given)

    @property
    def _knots(self) -> tuple[Floats, Floats]:
        # not kept: pydantic compares what a model holds, and arrays do not compare to one truth
        values = np.asarray(self.quantiles, dtype=np.float64)
        if self.probabilities is None:
            return np.linspace(0.0, 1.0, len(values)), values
        return np.asarray(self.probabilities, dtype=np.float64), values

    def quantile(self, probability: ArrayLike) -> Floats:
        return np.interp(np.asarray(probability, dtype=np.float64), *self._knots)

    def cdf(self, value: ArrayLike) -> Floats:
        probabilities, values = self._knots
        # of equal values np.interp takes the last, the upper end of an atom
        return np.interp(np.asarray(value, dtype=np.float64), values, probabilities, left=0.0, right=1.0)

    def pdf(self, value: ArrayLike) -> Floats:
        probabilities, values = self._knots
        value = np.asarray(value, dtype=np.float64)
        left = np.clip(np.searchsorted(values, value, side="right") - 1, 0, len(values) - 2)
        width = np.maximum(values[left + 1] - values[left], 1e-12)
        inside = (value >= values[0]) & (value <= values[-1])
        return np.where(inside, (probabilities[left + 1] - probabilities[left]) / width, 0.0)

    def _table(self) -> QuantileTable:
        if self.probabilities is None:
            return QuantileTable.even(self.quantile, len(self.quantiles) - 1)
        return QuantileTable.refined(self.quantile)


def empirical(table: QuantileTable) -> Empirical:
    """The prior of a table's law."""
    refined = table.pieces is None
    probabilities = tuple(table.probabilities.tolist()) if refined else None
    return Empirical(quantiles=tuple(table.values.tolist()), probabilities=probabilities)


def _rising(name: str, entries: tuple[float, ...]) -> tuple[float, ...]:
    falls = np.flatnonzero(np.diff(entries) < 0)
    if falls.size:
        at = int(falls[0])
        raise ValueError(f"{name} must not decrease: entry {at + 1} is {entries[at + 1]} after {entries[at]}")
    return entries


def _own() -> tuple[type[Prior], ...]:
    return (Uniform, Power, Beta, Normal, Lognormal, Exponential, Empirical)


def _name_of(kind: type[Prior]) -> str:
    """The name by which scenarios choose a prior.

    Raises:
        TypeError: It is no class of priors.
        ValueError: It has no name, or lacks one of the functions of a prior.
    """
    if not (isinstance(kind, type) and issubclass(kind, Prior)):
        raise TypeError(f"{kind!r} is no prior: give a class made from {Prior.__module__}.Prior")
    name = kind.model_fields["name"]
    if not name.default or get_args(name.annotation) != (name.default,):
        raise ValueError(f'{kind.__name__} has no name: give it a line such as name: Literal["triangle"] = "triangle"')
    missing = [
        function
        for function, own in (("quantile", kind.quantile), ("cdf", kind.cdf), ("pdf", kind.pdf))
        if own is vars(Prior)[function]
    ]
    if missing:
        raise ValueError(f"prior {name.default!r} has no {missing[0]}(): a prior has quantile, cdf and pdf")
    return str(name.default)


PRIORS: Table[type[Prior]] = Table("prior", "econo_env.priors", _own, object, _name_of)


def register_prior(kind: type[Prior]) -> type[Prior]:
    """Makes a prior known wherever a scenario takes one; also a decorator of its class.

    Raises:
        TypeError: It is no class made from `Prior`.
        ValueError: Another prior has its name, or it has none, or lacks `quantile`, `cdf` or `pdf`.
    """
    return PRIORS.register(kind)


AnyPrior = Annotated[Prior, OneOf(lambda: PRIORS.rows().values())]
"""The section of a scenario that names a prior."""
