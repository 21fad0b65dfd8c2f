"""What bidders know of what the item is worth: private values, and signals of values that hang together.

Each model is a section of a scenario. A bidder sees its signal; what it wins is worth the realised value. The engine's
side of it is in `econo_env.markets.sealed_bid.signals`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from econo_env.valuations import posterior
from econo_env.valuations.places import Places
from econo_env.valuations.priors import Prior, Uniform
from econo_env.valuations.quantile_table import QuantileTable

Floats = NDArray[np.float64]

PRIVATE, WALLET, MIXTURE, COMMON, AFFILIATED = range(5)


class Information(BaseModel):
    """A model of signals and values.

    Attributes:
        kind: How the engine tells the models apart.
        independent: Whether signals are independent draws.
        private: Whether the realised value is the signal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    kind: ClassVar[int] = PRIVATE
    independent: ClassVar[bool] = True
    private: ClassVar[bool] = False

    name: str

    @property
    def parameter(self) -> float:
        """The model's number, as the engine takes it."""
        return 0.0

    def highest_signal(self, highest: float) -> float:
        """The largest signal in credits, the prior reaching up to `highest`."""
        return highest

    def highest_value(self, highest: float, num_bidders: int) -> float:
        """The largest realised value in credits."""
        return highest

    def signal_table(self, prior: Prior) -> QuantileTable:
        """The law of one bidder's signal in credits."""
        return prior.quantile_table()

    def signals_given(
        self, own: Floats, agent: int, priors: Sequence[Prior], uniforms: Floats
    ) -> tuple[Floats, Floats]:
        """Everybody's signals, drawn from their distribution given one bidder's.

        Args:
            own: The agent's signals in credits, shape (m,).
            agent: Whose they are.
            priors: One a bidder.
            uniforms: Points of the unit cube, shape (m, bidders); the agent's own place draws what is shared.

        Returns:
            Signals in credits, shape (m, bidders), and the common value, shape (m,), 0 where there is none.
        """
        signals = np.stack([prior.quantile_table().quantile(uniforms[:, i]) for i, prior in enumerate(priors)], axis=1)
        signals[:, agent] = own
        return signals, np.zeros(len(own))

    def value_at_a_tie(self, signals: ArrayLike, prior: Prior, num_bidders: int) -> Floats:
        """E[value | own signal x, highest rival signal x] in credits: the second-price equilibrium bid.

        Milgrom and Weber (1982); shape of `signals`.

        Raises:
            ValueError: No closed form is known for this prior or number of bidders.
        """
        raise NotImplementedError

    def worth_at_a_tie(self, places: Places, num_bidders: int) -> tuple[Floats, Floats]:
        """`value_at_a_tie` of each place of the signals, at its `shares` and at its `nodes`, credits.

        Raises:
            ValueError: No closed form is known.
        """
        prior = places.prior
        assert prior is not None, "signals come from a prior"
        known = (self.value_at_a_tie(signals, prior, num_bidders) for signals in (places.values, places.node_values))
        return next(known), next(known)

    def rival_signal(self, signals: ArrayLike, prior: Prior, num_bidders: int, share: ArrayLike) -> Floats:
        """The signal below which the winner's strongest rival lies with the given chance, in the first-price formula.

        That formula weighs by L(y | x) = exp(-integral_y^x g(t | t) / G(t | t) dt) (Krishna 2009, section 6.4); with
        independent signals L is the distribution of the highest rival signal, given that it lies below x.
        """
        raise NotImplementedError


class PrivateValues(Information):
    """Every bidder knows its own value, drawn independently."""

    private: ClassVar[bool] = True

    name: Literal["private"] = "private"


class Mixture(Information):
    """Private values that are one draw shared by all with chance `gamma`, else independent."""

    kind: ClassVar[int] = MIXTURE
    independent: ClassVar[bool] = False
    private: ClassVar[bool] = True

    name: Literal["mixture"] = "mixture"
    gamma: float = Field(0.5, ge=0.0, le=1.0)

    @property
    def parameter(self) -> float:
        return self.gamma

    def signals_given(
        self, own: Floats, agent: int, priors: Sequence[Prior], uniforms: Floats
    ) -> tuple[Floats, Floats]:
        """The own value says nothing of the coin, for it has the same distribution either way."""
        coin = uniforms[:, agent]
        shared = coin < self.gamma
        place = posterior.place_in_prior(priors[agent], own, coin / max(self.gamma, 1e-300))
        return super().signals_given(own, agent, priors, np.where(shared[:, None], place[:, None], uniforms))


class Wallet(Information):
    """Interdependent values: the own signal plus `share` of every other one; with 1 the wallet game."""

    kind: ClassVar[int] = WALLET

    name: Literal["wallet"] = "wallet"
    share: float = Field(1.0, ge=0.0, le=1.0)

    @property
    def parameter(self) -> float:
        return self.share

    def highest_value(self, highest: float, num_bidders: int) -> float:
        return highest * (1.0 + self.share * (num_bidders - 1))

    def worth_at_a_tie(self, places: Places, num_bidders: int) -> tuple[Floats, Floats]:
        """The own signal, the best rival's like it, and the mean of those below for each of the others."""
        shares, values, nodes = places.shares, places.values, places.nodes
        upto = places.integral(places.node_values)
        within = upto[:-1, None] + (nodes - shares[:-1, None]) * (values[:-1, None] + places.node_values) / 2.0
        below = np.where(shares > 0.0, upto / np.where(shares > 0.0, shares, 1.0), values)
        others = self.share * (num_bidders - 2)
        alike = 1.0 + self.share
        return alike * values + others * below, alike * places.node_values + others * within / nodes


class CommonValue(Information):
    """Mineral rights: one value V for all, drawn from the prior; signals are independent and uniform on [0, 2 V]."""

    kind: ClassVar[int] = COMMON
    independent: ClassVar[bool] = False

    name: Literal["common"] = "common"

    def highest_signal(self, highest: float) -> float:
        return 2.0 * highest

    def signal_table(self, prior: Prior) -> QuantileTable:
        return _common_table(prior)

    def signals_given(
        self, own: Floats, agent: int, priors: Sequence[Prior], uniforms: Floats
    ) -> tuple[Floats, Floats]:
        """Given a signal x the value has the density f(v) / 2v from x / 2 on."""
        prior = priors[agent]
        value = posterior.shared_part(
            prior,
            own,
            lambda signal: signal / 2.0,
            lambda _: prior.highest,
            lambda _, values: 1.0 / np.maximum(values, 1e-300),
            uniforms[:, agent],
        )
        value = np.maximum(value, own / 2.0)
        signals = 2.0 * value[:, None] * uniforms
        signals[:, agent] = own
        return signals, value

    def value_at_a_tie(self, signals: ArrayLike, prior: Prior, num_bidders: int) -> Floats:
        if not isinstance(prior, Uniform) or prior.lowest != 0.0:
            raise ValueError("with a common value a closed form is known for a uniform prior from 0")
        least = np.clip(np.asarray(signals, dtype=np.float64) / (2.0 * prior.highest), 1e-12, 1.0 - 1e-9)
        # density of V given n signals of which x is the highest: V^-n on [x / 2, highest]
        return prior.highest * _power_area(1 - num_bidders, least) / _power_area(-num_bidders, least)

    def rival_signal(self, signals: ArrayLike, prior: Prior, num_bidders: int, share: ArrayLike) -> Floats:
        return np.asarray(signals, dtype=np.float64) * np.asarray(share) ** (1.0 / (num_bidders - 1))


class Affiliated(Information):
    """Signals S_i + T with one T for all, every part drawn from the prior; the item is worth the mean signal to all.

    With two bidders the example of Krishna (2009), section 6.6, after Milgrom and Weber (1982).
    """

    kind: ClassVar[int] = AFFILIATED
    independent: ClassVar[bool] = False

    name: Literal["affiliated"] = "affiliated"

    def highest_signal(self, highest: float) -> float:
        return 2.0 * highest

    def highest_value(self, highest: float, num_bidders: int) -> float:
        return 2.0 * highest

    def signal_table(self, prior: Prior) -> QuantileTable:
        return _affiliated_table(prior)

    def signals_given(
        self, own: Floats, agent: int, priors: Sequence[Prior], uniforms: Floats
    ) -> tuple[Floats, Floats]:
        """Given a signal x the shared part has the density f(t) f(x - t)."""
        prior = priors[agent]
        shared = posterior.shared_part(
            prior,
            own,
            lambda signal: max(prior.lowest, signal - prior.highest),
            lambda signal: min(prior.highest, signal - prior.lowest),
            lambda signal, parts: posterior.chance_of(prior, signal - parts),
            uniforms[:, agent],
        )
        signals = shared[:, None] + prior.quantile_table().quantile(uniforms)
        signals[:, agent] = own
        return signals, np.zeros(len(own))

    def value_at_a_tie(self, signals: ArrayLike, prior: Prior, num_bidders: int) -> Floats:
        if num_bidders != 2:
            raise ValueError(f"with affiliated signals a closed form is known for 2 bidders, not for {num_bidders}")
        return np.asarray(signals, dtype=np.float64)

    def rival_signal(self, signals: ArrayLike, prior: Prior, num_bidders: int, share: ArrayLike) -> Floats:
        if not isinstance(prior, Uniform) or prior.lowest != 0.0:
            raise ValueError("with affiliated signals a first-price closed form is known for a uniform prior from 0")
        return np.asarray(signals, dtype=np.float64) * np.sqrt(share)  # g(t | t) / G(t | t) = 2 / t


@lru_cache(maxsize=16)
def _common_table(prior: Prior) -> QuantileTable:
    """The law of a signal that is uniform on [0, 2 V]."""
    return posterior.marginal_table(
        prior, 2.0 * prior.highest, lambda x, v: np.clip(x / np.maximum(2.0 * v, 1e-300), 0.0, 1.0)
    )


@lru_cache(maxsize=16)
def _affiliated_table(prior: Prior) -> QuantileTable:
    """The law of the sum of two draws."""
    return posterior.marginal_table(prior, 2.0 * prior.highest, lambda x, t: prior.quantile_table().cdf(x - t))


def _power_area(exponent: int, start: Floats) -> Floats:
    """The integral of y^exponent from `start` to 1."""
    if exponent == -1:
        return -np.log(start)
    return np.asarray((1.0 - start ** (exponent + 1)) / (exponent + 1))


AnyInformation = Annotated[PrivateValues | Mixture | Wallet | CommonValue | Affiliated, Field(discriminator="name")]
"""The section of a scenario that says what bidders know."""
