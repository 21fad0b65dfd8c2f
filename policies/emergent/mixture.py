"""A mixed population: at the start of each episode every seat draws which of its policies plays it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.market import market_of
from econo_env.player import Players
from econo_env.policies.luck import scrambled, uniforms
from econo_env.policy import Actions, Mask, Memory, Observations, Policy, Rewards, WholeMarket, masked
from econo_env.scenario import Scenario

_OWN = "mixture/"


@dataclass(frozen=True)
class Group:
    """Seats that draw from the same policies.

    Attributes:
        seats: The agents.
        policies: Who may play them; each acts on the observations of these seats alone, (..., seats, features).
        shares: The chance of each policy, adding up to 1.
    """

    seats: tuple[int, ...]
    policies: tuple[Policy, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        """Checks the shares.

        Raises:
            ValueError: There is not one for each policy, they do not add up to 1, or a policy wants all seats.
        """
        whole = all(share >= 0.0 for share in self.shares) and abs(sum(self.shares) - 1.0) < 1e-6
        if len(self.shares) != len(self.policies) or not self.policies or not whole:
            raise ValueError(f"shares={self.shares} of {len(self.policies)} policies: one from 0 on each, 1 together")
        if any(isinstance(policy, WholeMarket) and policy.wants_all_seats for policy in self.policies):
            raise ValueError("a policy that wants all seats cannot be drawn for one: give policies of single seats")


class Mixture(Players):
    """Policies drawn by lot, independently for each seat, for an episode.

    The draw is a function of seed, market, episode and seat, so it needs no luck of its own: a restored market goes on
    with who plays there, and market k of a batch is the market alone.

    Attributes:
        name: What tables call it.
        scenario: The market.
        groups: Who draws from what.
        wants_all_seats: Observations come for all agents, (..., agents, features).
    """

    wants_all_seats = True

    def __init__(self, scenario: Scenario, groups: Sequence[Group], *, seed: int = 0, name: str = "mixture") -> None:
        """Seats the groups.

        Raises:
            ValueError: The groups' seats are not every agent once.
        """
        seats = sorted(seat for group in groups for seat in group.seats)
        if seats != list(range(scenario.num_agents)):
            raise ValueError(f"groups of seats {seats} in {scenario.id}: each of {scenario.num_agents} agents once")
        super().__init__(*(policy for group in groups for policy in group.policies))
        self.name, self.scenario, self.groups = name, scenario, tuple(groups)
        self._components = len(market_of(scenario).action_names(scenario))
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Starts everybody over, each with luck of its own."""
        sequence = np.random.SeedSequence(int(seed)).generate_state(len(self._players) + 1, np.uint64)
        self._key = sequence[:1]
        for player, own in zip(self._players, sequence[1:], strict=True):
            player.reset(int(own >> np.uint64(33)))
        self._market: NDArray[np.int64] | None = None
        self._episode = np.zeros(0, dtype=np.int64)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Each seat's action by the policy that it has drawn."""
        agents = self.scenario.num_agents
        if np.ndim(observations) < 2 or np.shape(observations)[-2] != agents:
            raise ValueError(
                f"observations of shape {np.shape(observations)}: seats differ, give all {agents} agents, "
                "(..., agents, features)"
            )
        seen = np.asarray(observations).reshape(-1, agents, np.shape(observations)[-1])
        given = np.asarray(mask, dtype=np.bool_).reshape(-1, agents)
        self._begin(len(seen))
        actions = np.zeros((len(seen), agents, self._components), dtype=np.float32)
        players = iter(self._players)
        for group in self.groups:
            seats = list(group.seats)
            drawn, own, allowed = self.drawn(group), seen[:, seats], given[:, seats]
            for number in range(len(group.policies)):
                player, plays = next(players), drawn == number
                if plays.any():
                    chosen = player.act(own, allowed & plays)
                    actions[:, seats] = np.where(plays[..., None], chosen, actions[:, seats])
        return masked(actions, given).reshape(*np.shape(mask), self._components)

    def observe(self, rewards: Rewards, ended: Mask) -> None:
        """Tells each policy of its seats; who plays is drawn anew where an episode has ended."""
        players = iter(self._players)
        for group in self.groups:
            for _ in group.policies:
                next(players).observe(rewards[:, list(group.seats)], ended)
        self._episode = self._episode + np.asarray(ended, dtype=np.int64)

    def snapshot(self) -> Memory:
        """Which market and episode it is, and what the policies remember."""
        if self._market is None:
            return {}
        own = {f"{_OWN}market": self._market.copy(), f"{_OWN}episode": self._episode.copy()}
        return {**super().snapshot(), **own}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if not name.startswith(_OWN)})
        self._market = memory[f"{_OWN}market"].copy() if memory else None
        self._episode = memory[f"{_OWN}episode"].copy() if memory else np.zeros(0, dtype=np.int64)

    def drawn(self, group: Group) -> NDArray[np.int64]:
        """Which of a group's policies plays each of its seats now, (markets, seats)."""
        assert self._market is not None, "nobody has acted yet"
        bits = scrambled(scrambled(self._market.view(np.uint64) + self._key) ^ self._episode.view(np.uint64))
        luck = uniforms(scrambled(bits[:, None] ^ np.array(group.seats, dtype=np.uint64)))
        edges = np.cumsum(group.shares)[:-1]
        return np.asarray(np.searchsorted(edges, luck, side="right"), dtype=np.int64)

    def _begin(self, markets: int) -> None:
        if self._market is None:
            self._market, self._episode = np.arange(markets), np.zeros(markets, dtype=np.int64)
