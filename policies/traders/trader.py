"""A trader of the literature in a two-sided market: a policy with memory that hears shouts and names prices."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.state import Bools, Column, Float64s, Int64s, UInt64s
from econo_env.market import market_of, offered
from econo_env.policies.keeper import Keeper
from econo_env.policies.traders.tape import NOTHING, Ear, Seen, Tape
from econo_env.policy import Actions, Mask, Observations, Rewards, masked
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


class Trader(Keeper[Memory]):
    """Plays a strategy in every seat it is given, every trader for itself.

    Values hold for a day, and so does what was learned of them: with the end of an episode a trader begins anew.
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
        super().__init__(name, scenario, Memory, {"own": own, "common": common, "window": window}, seed)
        self._params, self._room = params, np.zeros(room)
        self._ear = Ear(scenario, name)
        self._bids = offered(market_of(scenario).baselines.bids, "bids in credits", scenario)
        self._run = bound(trade, *strategy)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Hears what came of the last tick, and offers.

        Raises:
            ValueError: There are other markets or agents than at first.
        """
        looked, free = self._looked(observations, mask)
        memory = self._begun(free.shape)
        tape, seen = self._ear.hear(looked, memory.last), self._ear.see(looked, free)
        offers = np.zeros(free.shape)
        self._run(memory, self._params, tape, seen, self._keys, self._calls, self._room, offers)
        self._calls += 1
        actions = masked(self._bids.place(self.scenario, looked, offers), free)
        return actions.reshape(*np.shape(mask), actions.shape[-1])

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Begins anew where an episode has ended."""
        if self.memory is not None:
            over = np.asarray(ended, dtype=np.bool_)
            self.memory.begun[over] = False
            self.memory.last[over] = 0.0
