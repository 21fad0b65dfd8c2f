"""A trader of the literature in a two-sided market: a policy with memory that hears shouts and names prices."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import market_keys
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s, allocate
from econo_env.market import market_of, offered
from econo_env.policies.traders.tape import NOTHING, Ear, Seen, Tape
from econo_env.policy import Actions, Mask, Observations, Rewards, masked
from econo_env.policy import Memory as Remembered
from econo_env.scenario import Scenario


class Memory(NamedTuple):
    """What traders remember of a day; the first axis of all arrays is the market."""

    own: Annotated[Float64s, Column(np.float64, ("agents", "own"), "a trader's own numbers")]
    common: Annotated[Float64s, Column(np.float64, ("common",), "numbers that all traders of a market hold alike")]
    kinds: Annotated[Int64s, Column(np.int64, ("window",), "the last entries of the tape, a ring")]
    limits: Annotated[Float64s, Column(np.float64, ("window",), "credits, of those entries")]
    written: Annotated[Int64s, Column(np.int64, (), "entries written so far")]
    last: Annotated[Float64s, Column(np.float64, (), "credits, the last price heard")]
    begun: Annotated[Bools, Column(np.bool_, (), "the day has begun")]


class Strategy(NamedTuple):
    """A trader, as its file describes it; all functions are compiled.

    Attributes:
        start: `(k, i, memory, params, seen, key, call)`: what a trader begins a day with.
        study: `(k, memory, params, tape, room)`: what all traders of a market take from the tape alike.
        hear: `(k, i, memory, params, tape, seen, free, key, call)`: what a trader takes from it; `free` whether it has
            units left.
        quote: `(k, i, memory, params, seen, room)`: the limit in credits.
    """

    start: Callable[..., None]
    study: Callable[..., None]
    hear: Callable[..., None]
    quote: Callable[..., float]


@compiled
def trade(
    start: Any,
    study: Any,
    hear: Any,
    quote: Any,
    memory: Memory,
    params: Any,
    tape: Tape,
    seen: Seen,
    keys: UInt64s,
    call: int,
    room: Float64s,
    offers: Float64s,
) -> None:
    """One offer of every trader in every market, credits (markets, agents); see `Strategy`.

    Nobody offers at a loss, whatever its strategy says: bids are at most the value, asks at least the cost.
    """
    for k in range(offers.shape[0]):
        fresh = not memory.begun[k]
        if fresh:
            memory.begun[k] = True
            memory.written[k] = 0
            for one in range(memory.common.shape[1]):
                memory.common[k, one] = 0.0
        window = memory.kinds.shape[1]
        if window > 0:
            for entry in range(tape.kind.shape[1]):
                if tape.kind[k, entry] != NOTHING:
                    place = memory.written[k] % window
                    memory.kinds[k, place] = tape.kind[k, entry]
                    memory.limits[k, place] = tape.limit[k, entry]
                    memory.written[k] += 1
        study(k, memory, params, tape, room)
        for i in range(offers.shape[1]):
            if fresh:
                for one in range(memory.own.shape[2]):
                    memory.own[k, i, one] = 0.0
                start(k, i, memory, params, seen, keys[k], call)
            hear(k, i, memory, params, tape, seen, seen.free[k, i], keys[k], call)
            offer = quote(k, i, memory, params, seen, room) if seen.free[k, i] else 0.0
            value = seen.value[k, i]
            offers[k, i] = max(offer, value) if seen.sells[k, i] else min(offer, value)


@compiled
def hears_nothing(
    k: int, i: int, memory: Memory, params: Any, tape: Tape, seen: Seen, free: bool, key: np.uint64, call: int
) -> None:
    """Of a trader that keeps nothing for itself."""


@compiled
def starts_as_all(k: int, i: int, memory: Memory, params: Any, seen: Seen, key: np.uint64, call: int) -> None:
    """Of a trader that begins with nothing of its own."""


@compiled
def studies_nothing(k: int, memory: Memory, params: Any, tape: Tape, room: Float64s) -> None:
    """Of traders that hold nothing in common."""


class Trader:
    """Plays a strategy in every seat it is given, every trader for itself.

    Values hold for a day, and so does what was learned of them: with the end of an episode a trader begins anew.

    Attributes:
        name: Its name in tables.
        scenario: The market.
        memory: What it remembers; None before the first `act`.
    """

    def __init__(
        self,
        name: str,
        scenario: Scenario,
        strategy: Strategy,
        params: Any,
        *,
        seed: int = 0,
        own: int = 0,
        common: int = 0,
        window: int = 0,
        room: tuple[int, int] = (0, 0),
    ) -> None:
        """Puts a trader together.

        Args:
            name: Its name.
            scenario: The market.
            strategy: What it does.
            params: Constants that the strategy's functions take.
            seed: Of its luck.
            own: How many numbers a trader keeps.
            common: How many the traders of a market keep in common.
            window: Entries of the tape that are kept.
            room: Shape of the room that `study` and `quote` work in.

        Raises:
            ValueError: There is nothing to hear in this scenario.
        """
        self.name, self.scenario, self._params = name, scenario, params
        self._ear = Ear(scenario, name)
        self._bids = offered(market_of(scenario).baselines.bids, "bids in credits", scenario)
        self._run = bound(trade, *strategy)
        self._sizes = {"own": own, "common": common, "window": window}
        self._room = np.zeros(room)
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Knows nothing any more, and returns to the first draw of a seed.

        Raises:
            ValueError: The seed is no integer from 0 to 2^64 - 1.
        """
        market_keys(seed, 1)
        self._seed, self._calls = int(seed), 0
        self.memory: Memory | None = None
        self._keys = market_keys(self._seed, 0)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Hears what came of the last tick, and offers.

        Raises:
            ValueError: There are other markets or agents than at first.
        """
        given = np.asarray(mask, dtype=np.bool_)
        free = given.reshape(-1, given.shape[-1] if given.ndim else 1)
        looked = np.asarray(observations).reshape(*free.shape, np.shape(observations)[-1])
        memory = self._begun(free.shape)
        tape, seen = self._ear.hear(looked, memory.last), self._ear.see(looked, free)
        offers = np.zeros(free.shape)
        self._run(memory, self._params, tape, seen, self._keys, self._calls, self._room, offers)
        self._calls += 1
        actions = masked(self._bids.place(self.scenario, looked, offers), free)
        return actions.reshape(*given.shape, actions.shape[-1])

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Begins anew where an episode has ended."""
        if self.memory is not None:
            over = np.asarray(ended, dtype=np.bool_)
            self.memory.begun[over] = False
            self.memory.last[over] = 0.0

    def snapshot(self) -> Remembered:
        """A copy of all that is remembered."""
        return {} if self.memory is None else {name: array.copy() for name, array in self.memory._asdict().items()}

    def restore(self, memory: Remembered) -> None:
        """Goes back to a snapshot."""
        if not memory:
            self.memory = None
            return
        self.memory = Memory(*(memory[name].copy() for name in Memory._fields))
        self._know(len(self.memory.begun))

    def _know(self, markets: int) -> None:
        if len(self._keys) != markets:
            self._keys = market_keys(self._seed, markets)

    def _begun(self, shape: tuple[int, ...]) -> Memory:
        if self.memory is None:
            self.memory = allocate(Memory, shape[0], self._sizes | {"agents": shape[1]})
            self._know(shape[0])
        if (known := self.memory.own.shape[:2]) != shape:
            raise ValueError(
                f"{self.name} began with {known[0]} markets of {known[1]} agents, now sees {shape[0]} of {shape[1]}: "
                "reset it first"
            )
        return self.memory
