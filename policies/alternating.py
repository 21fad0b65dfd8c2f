"""A rival that changes its mind: two multiples of the truth in turn, each for so many ticks."""

import numpy as np

from econo_env.engine.digest import plain
from econo_env.engine.rng import LEARNING, market_keys, philox
from econo_env.engine.state import Int64s
from econo_env.market import market_of, offered
from econo_env.policies.options import between, whole
from econo_env.policy import Actions, Mask, Memory, Observations, Rewards, Row, masked
from econo_env.scenario import Scenario

_TICK = "tick"


class Alternating:
    """Bids `first` times the truth for `every` ticks, then `second` times, and so on.

    Attributes:
        name: Its name in tables.
        scenario: The market.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        *,
        first: float = 0.5,
        second: float = 1.0,
        every: int = 500,
        random_start: bool = False,
    ) -> None:
        """Takes two multiples; with a random start each market begins somewhere in the turn of both, by lot.

        Raises:
            ValueError: One is out of range, or the market knows no truth to multiply.
        """
        self.name, self.scenario = "alternating", scenario
        self._levels = np.array([between("first", first, 0.0, 2.0), between("second", second, 0.0, 2.0)])
        self._every = whole("every", every, 1, 2**31 - 1, "ticks")
        self._scaled = offered(market_of(scenario).baselines.scaled, "multiples of the truth", scenario)
        self._random = bool(random_start)
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begins anew."""
        self._seed = int(seed)
        self._tick: Int64s = np.zeros(0, dtype=np.int64)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The multiple whose turn it is."""
        shape = np.shape(mask)
        markets = int(np.prod(shape[:-1]))
        if len(self._tick) != markets:
            self._tick = self._starts(markets)
        level = self._levels[self._tick // self._every % 2]
        share = np.broadcast_to(level.reshape((*shape[:-1], *(1 for _ in shape[-1:]))), shape)
        return masked(self._scaled(self.scenario, observations, share), mask)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Counts ticks; episodes are none to it."""
        self._tick = self._tick + 1

    def _starts(self, markets: int) -> Int64s:
        """The tick at which each market begins; that of a market is the same in any batch."""
        if not self._random:
            return np.zeros(markets, dtype=np.int64)
        nothing = np.uint64(0)
        draws, _ = plain(philox)(market_keys(self._seed, markets), nothing, np.uint64(LEARNING), nothing, nothing)
        starts: Int64s = (draws % np.uint64(2 * self._every)).astype(np.int64)
        return starts

    def snapshot(self) -> Memory:
        """The tick of each market."""
        return {_TICK: self._tick.copy()} if len(self._tick) else {}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        self._tick = memory[_TICK].copy() if memory else np.zeros(0, dtype=np.int64)


POLICIES = (
    Row(
        "alternating",
        "Bids `first` times the truth for `every` ticks, then `second` times, in turn.",
        Alternating,
        ("first", "second", "every", "random_start"),
    ),
)
