"""The engine: the loop over markets of one scenario, run over a batch of them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.blocks import block_size, in_blocks
from econo_env.engine.feature import Widths
from econo_env.engine.kernels import SHOW, START, TICK, Kernel, Kernels, MachineCode, kernels, machine_code
from econo_env.engine.levers import EngineLevers, Levers, Slot
from econo_env.engine.rng import market_keys
from econo_env.engine.state import StepBuffers, allocate, arrays_of, bytes_of
from econo_env.engine.threads import Threads
from econo_env.memory import require_memory
from econo_env.scenario import Scenario


@dataclass(frozen=True)
class Snapshot:
    """A copy of everything an engine holds: state and buffers, array by array."""

    state: tuple[NDArray[Any], ...]
    buffers: tuple[NDArray[Any], ...]

    def arrays(self) -> list[NDArray[Any]]:
        """Every array, as `Engine.arrays` has them."""
        return [*self.state, *self.buffers]


class Engine:
    """Steps a batch of independent markets of one scenario.

    One tick passes the stages of `econo_env.economy.tick.TICK_ORDER` that the scenario has.

    Attributes:
        scenario: The configuration.
        num_markets: Markets in the batch.
        num_agents: Agents in each market.
        state: Typed arrays of the market's own `State`, first axis the market. Writing to them changes the economy.
        world: The same, or where the scenario has an economy that and the arrays of its parts: `world.ledger`, ...
        buffers: Actions, observations, rewards, flags: see `econo_env.engine.state.StepBuffers`.
        params: The constants that compiled loops take.
        widths: How many features each block of them has, as these loops take it.
    """

    def __init__(
        self, scenario: Scenario, num_markets: int = 1, *, num_threads: int = 1, autoreset: bool = False
    ) -> None:
        """Allocates the batch; call `reset` before `step`.

        Args:
            scenario: The configuration.
            num_markets: Markets in the batch, at least 1.
            num_threads: Threads that share the markets; results do not depend on it.
            autoreset: Start the next episode within the tick that ends one; the last observations of the ended
                episode are then in `buffers.final_observations`.

        Raises:
            ValueError: `num_markets` or `num_threads` is below 1, or the markets do not fit into memory.
        """
        if int(num_markets) != num_markets or num_markets < 1:
            raise ValueError(f"num_markets={num_markets!r} must be a whole number of at least 1")
        self._threads = Threads(min(num_threads, num_markets) if num_threads >= 1 else num_threads)
        self.scenario = scenario
        self.num_markets = int(num_markets)
        self.num_agents = scenario.num_agents
        self.num_threads = self._threads.number
        self.autoreset = bool(autoreset)
        program = scenario.program()
        sizes = program.sizes
        needed = sum(bytes_of(arrays, self.num_markets, sizes) for arrays in (program.state, StepBuffers))
        require_memory(needed, f"{self.num_markets:,} markets of {self.num_agents:,} agents", "take fewer markets")
        self.world: Any = allocate(program.state, self.num_markets, sizes)
        world: Any = self.world
        self.state: Any = world.market if program.world else world
        self.buffers = allocate(StepBuffers, self.num_markets, sizes)
        self._slots: tuple[Slot, ...] = program.levers
        widths = Widths(np.array(program.widths, dtype=np.int64))
        size = block_size(self.num_agents, self.num_markets) if program.block_source else 1
        self.params, self.widths = program.params, widths
        self._records: tuple[Any, ...] = (self.world, program.params, self.buffers, widths)
        if size > 1:
            wide = in_blocks(self.world, size), in_blocks(self.buffers, size)
            self._records = (*self._records[:3], *wide, widths, size)
        self._kernels: Kernels = kernels(program.block_source if size > 1 else program.source, program.name)
        self._code: MachineCode | None = None
        self._given: tuple[Any, ...] = ()
        self._everywhere = np.ones(self.num_markets, dtype=np.bool_)
        self._ready = False

    def reset(self, seed: int, first_market: int = 0, where: ArrayLike | None = None) -> None:
        """Starts episode 0 of every market from a seed.

        Args:
            seed: Integer from 0 to 2^64 - 1; with the market's number it fixes every draw.
            first_market: Number of the batch's first market in the seed's sequence: market k of a large batch is
                market 0 of a batch of one with `first_market=k`.
            where: bool (num_markets,), the markets to start; nothing changes in the others. All by default.

        Raises:
            ValueError: `seed` or `first_market` is out of range, or a shape is off.
            RuntimeError: `where` leaves markets out that have never been started.
        """
        chosen = np.ones(self.num_markets, dtype=np.bool_) if where is None else self._mask(where)
        keys = market_keys(seed, self.num_markets, first_market)
        if not chosen.all():
            self._require_reset()
        these = slice(None) if chosen.all() else chosen
        for array in self.arrays():
            array[these] = 0
        self.levers.start(these)
        self.state.key[these] = keys[these]
        self.state.episode[these] = -1
        self._ready = True
        self.reset_markets(chosen)

    def reset_markets(self, mask: ArrayLike | None = None) -> None:
        """Starts the next episode where `mask`, bool of shape (num_markets,), is set; everywhere by default."""
        chosen = self._everywhere if mask is None else self._mask(mask)
        self._require_reset()
        self._over_markets(chosen, START)

    def step(self, actions: ArrayLike, where: ArrayLike | None = None) -> None:
        """Runs one tick of every market; results are in `buffers`.

        Args:
            actions: float32 of shape (num_markets, num_agents, components), in [-1, 1]. NaN or an action outside is
                counted in `buffers.invalid_actions` and treated as no bid.
            where: bool (num_markets,), the markets that have a tick; nothing changes in the others. All by default.

        Raises:
            ValueError: A shape is off.
            RuntimeError: `reset` has not been called.
        """
        if not self._ready:
            self._require_reset()
        own = self.buffers.actions
        chosen = None if where is None else self._mask(where)
        if actions is not own:
            given = np.asarray(actions, dtype=np.float32)
            if given.shape != own.shape:
                raise ValueError(f"actions of shape {given.shape}: {own.shape} is needed (markets, agents, components)")
            these = slice(None) if chosen is None else chosen
            own[these] = given[these]
        if chosen is None:
            self._over_markets(self._everywhere, TICK)
            return
        kernel = self._kernel()
        edges = np.flatnonzero(np.diff(chosen, prepend=False, append=False)).tolist()
        for first, last in zip(edges[::2], edges[1::2], strict=True):
            kernel(first, last, self._everywhere, *self._given, TICK, self.autoreset)

    def show(self) -> None:
        """Writes what agents see of the state as it stands, after a caller has written to it."""
        self._require_reset()
        self._over_markets(self._everywhere, SHOW)

    def snapshot(self) -> Snapshot:
        """An exact copy of the whole state."""
        return Snapshot(tuple(a.copy() for a in arrays_of(self.world)), tuple(a.copy() for a in self.buffers))

    def arrays(self) -> list[NDArray[Any]]:
        """Every array that the engine holds: the state's, in the order of its columns, and the buffers'."""
        return [*arrays_of(self.world), *self.buffers]

    def restore(self, snapshot: Snapshot) -> None:
        """Returns to a snapshot of this engine or of one with the same scenario and size."""
        if [a.shape for a in snapshot.state] != [a.shape for a in arrays_of(self.world)]:
            raise ValueError("the snapshot is of another scenario or batch size")
        for mine, kept in zip(self.arrays(), (*snapshot.state, *snapshot.buffers), strict=True):
            mine[...] = kept
        self._ready = True

    def fork(self, copies: int) -> Self:
        """A new engine with every market `copies` times in a row, equal to the last bit, luck to come included."""
        forked = type(self)(
            self.scenario, self.num_markets * copies, num_threads=self.num_threads, autoreset=self.autoreset
        )
        snapshot = self.snapshot()
        repeated = Snapshot(
            tuple(np.repeat(a, copies, axis=0) for a in snapshot.state),
            tuple(np.repeat(a, copies, axis=0) for a in snapshot.buffers),
        )
        forked.restore(repeated)
        forked._ready = self._ready
        return forked

    @property
    def levers(self) -> EngineLevers:
        """The levers of the scenario: `engine.levers["mechanism.reserve"][:] = 0.4` moves one in every market.

        Where a lever stands is part of the state: it stays there, over the ends of episodes too, until it is moved
        again or `reset` starts from a seed.
        """
        columns: Levers | None = self.world.levers if self._slots else None
        shown = self.buffers.observations[..., self.buffers.observations.shape[2] - len(self._slots) :]
        return EngineLevers(self._slots, columns, shown, self._require_reset)

    def scenario_of(self, market: int) -> Scenario:
        """The scenario as market number `market` plays it now: its levers where they stand."""
        if not self._slots:
            return self.scenario
        return self.scenario.replace(**{name: float(column[market]) for name, column in self.levers.items()})

    def close(self) -> None:
        """Ends the worker threads."""
        self._threads.close()

    def _mask(self, given: ArrayLike) -> NDArray[np.bool_]:
        # a copy in one piece: `buffers.ended` itself may be given, and the compiled code wants no strides
        chosen = np.array(given, dtype=np.bool_)
        if chosen.shape != (self.num_markets,):
            raise ValueError(f"mask of shape {chosen.shape}: give one entry for each of {self.num_markets} markets")
        return chosen

    def _require_reset(self) -> None:
        if not self._ready:
            raise RuntimeError("call reset(seed) before the first step")

    def _kernel(self) -> Kernel:
        if self._code is None:
            own = self._everywhere, *self._records, TICK, self.autoreset
            self._code = machine_code(self._kernels.run, 0, 0, *own)
            self._given = self._code.given[3:-2]
        return self._code.call

    def _over_markets(self, mask: NDArray[np.bool_], task: int) -> None:
        kernel = self._kernel() if self._code is None else self._code.call
        arguments = (mask, *self._given, task, self.autoreset)
        if self.num_threads == 1:
            kernel(0, self.num_markets, *arguments)
            return
        self._threads.over(self.num_markets, kernel, *arguments)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "arguments": (self.scenario, self.num_markets, self.num_threads, self.autoreset),
            "snapshot": self.snapshot(),
            "ready": self._ready,
        }

    def __setstate__(self, kept: dict[str, Any]) -> None:
        scenario, num_markets, num_threads, autoreset = kept["arguments"]
        self.__init__(scenario, num_markets, num_threads=num_threads, autoreset=autoreset)  # type: ignore[misc]  # unpickling
        self.restore(kept["snapshot"])
        self._ready = kept["ready"]
