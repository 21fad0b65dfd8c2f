"""One agent's view of a batch of markets, in which a policy acts for all others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Float32s, Float64s
from econo_env.interfaces.action_forms import ActionForm
from econo_env.interfaces.opponents import checked_policy
from econo_env.interfaces.spaces import first_market_of, fits, fresh_seed, whole_number
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.told import told_of


class Truthful:
    """Every agent bids its own value."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._actions = market_of(scenario).baselines.truthful

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """The truthful actions."""
        actions: Float32s = self._actions(self._scenario, observations)
        return actions


class AgentView:
    """One agent's view of a batch of markets in which a policy acts for all others.

    The policy is asked for, and told of, all seats; its action for the learner's own seat is not used.

    Attributes:
        engine: The engine behind it.
        scenario: The configuration.
        agent: The learner's seat, 0 to num_agents - 1.
        opponents: Who acts for the others.
        form: What the learner sends.
    """

    def __init__(
        self,
        scenario: Scenario,
        num_markets: int,
        agent: int,
        opponents: Policy | None,
        *,
        form: ActionForm,
        num_threads: int = 1,
    ) -> None:
        self.engine = Engine(scenario, num_markets, num_threads=num_threads)
        self.scenario, self.form = scenario, form
        self.agent = whole_number("agent", agent)
        if not 0 <= self.agent < scenario.num_agents:
            raise ValueError(f"agent={agent!r}: seats run from 0 to {scenario.num_agents - 1}")
        self.opponents: Policy = Truthful(scenario) if opponents is None else checked_policy(opponents)
        self._player = Player(self.opponents)
        self._seeded = False

    def reset(self, seed: int | None, options: Mapping[str, Any] | None, where: Bools | None = None) -> None:
        """Starts episode 0 of a seed, or the next episode; see `MarketEnv.reset`.

        Args:
            seed: The seed, or None.
            options: Options of the environment's `reset`.
            where: bool (markets,), the markets to start, all by default. The opponents go on where they are with some.
        """
        starts_over = seed is not None or not self._seeded
        first_market = first_market_of(options, starts_over=starts_over)
        if starts_over:
            number = fresh_seed() if seed is None else whole_number("seed", seed)
            if where is not None:
                self._break_off(where)
            self.engine.reset(number, first_market, where)
            if where is None:
                self._player.reset(number)
        else:
            self.start_next(np.ones(self.engine.num_markets, dtype=np.bool_) if where is None else where)
        self._seeded = True

    def start_next(self, where: Bools) -> None:
        """Starts the next episode in some markets, bool (markets,), whether or not the last one is over."""
        self._break_off(where)
        self.engine.reset_markets(where)

    def _break_off(self, where: Bools) -> None:
        self._player.break_off(where & ~self.engine.buffers.ended, self.engine.num_agents)

    def step(self, actions: NDArray[Any], where: Bools | None = None) -> None:
        """One tick in which the learner takes `actions`, (markets, ...) of its form, and the opponents act by policy.

        Args:
            actions: The learner's actions; they are not checked here.
            where: bool (markets,), the markets that have a tick, all by default.

        Raises:
            ValueError: The opponents' actions have a wrong shape, or an action is not within [-1, 1]; nothing has
                changed then.
        """
        buffers = self.engine.buffers
        remembered = {} if where is None else self._player.snapshot()
        everyone = np.array(self._player.act(buffers.observations.copy(), buffers.action_mask.copy()), np.float32)
        if everyone.shape != buffers.actions.shape:
            raise ValueError(f"opponents returned actions of shape {everyone.shape}: give {buffers.actions.shape}")
        everyone[:, self.agent] = 0.0  # nobody's: what they return for this seat is not used
        if not fits(everyone, everyone.shape):
            raise ValueError("opponents returned an action that is NaN or not within [-1, 1]: clip them to it")
        everyone[:, self.agent] = self.form.decoded(actions, buffers.observations[:, self.agent])
        self.engine.step(everyone, where)
        self._player.observe(buffers.rewards, buffers.ended)
        if where is not None:
            self._player.keep(remembered, ~where)

    def observations(self) -> Float32s:
        """A copy of what the seat sees, (markets, features)."""
        return self.engine.buffers.observations[:, self.agent].copy()

    def rewards(self) -> Float64s:
        """A copy of what the seat earned, credits (markets,)."""
        return self.engine.buffers.rewards[:, self.agent].copy()

    def flags(self) -> tuple[Bools, Bools]:
        """Whether the seat's episode ended: terminated, also where it was banned; truncated; each (markets,)."""
        buffers = self.engine.buffers
        terminated = buffers.terminated[:, self.agent].copy()
        return terminated, buffers.ended & ~terminated

    def infos(self) -> dict[str, NDArray[Any]]:
        """Facts about the seat: `action_mask` int8 (markets, entries) and the market's own, (markets,)."""
        facts = told_of(self.scenario, self.engine)
        mask = self.form.masks(self.engine.buffers.action_mask[:, self.agent])
        return {"action_mask": mask} | {name: column[:, self.agent].copy() for name, column in facts.items()}
