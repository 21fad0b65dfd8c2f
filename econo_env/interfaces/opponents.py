"""Who plays the seats of a market that nobody learns in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from econo_env.engine.state import StepBuffers
from econo_env.player import Player
from econo_env.policy import Policy, WholeMarket
from econo_env.scenario import Scenario


class Opponent(Player):
    """A policy in seats that nobody learns in.

    It is asked for, and told of, the seats that it plays, (markets, seats, ...), or all agents if it wants so.

    Attributes:
        seats: The seats that it plays.
    """

    def __init__(self, policy: Policy, seats: Sequence[int]) -> None:
        super().__init__(checked_policy(policy))
        self.seats = list(seats)
        self._all = isinstance(policy, WholeMarket) and policy.wants_all_seats

    def play(self, buffers: StepBuffers) -> None:
        """Writes its actions for the observations of any batch of these markets."""
        if self._all:
            buffers.actions[:, self.seats] = self.act(buffers.observations, buffers.action_mask)[:, self.seats]
        else:
            seen, mask = buffers.observations[:, self.seats], buffers.action_mask[:, self.seats]
            buffers.actions[:, self.seats] = self.act(seen, mask)

    def watch(self, buffers: StepBuffers) -> None:
        """Takes in what the tick brought."""
        rewards = buffers.rewards if self._all else buffers.rewards[:, self.seats]
        self.observe(rewards, buffers.ended)

    def start_next(self, buffers: StepBuffers) -> None:
        """Takes in that every market goes on with its next episode, whether or not the last one is over."""
        agents = buffers.rewards.shape[1] if self._all else len(self.seats)
        self.break_off(np.ones(len(buffers.ended), dtype=np.bool_), agents)


def checked_policy(given: Any) -> Policy:
    """What was given for opponents.

    Raises:
        ValueError: It is no policy.
    """
    if not isinstance(given, Policy):
        raise ValueError(
            f"opponents={given!r} is no policy: give an object with act(observations, mask) and reset(seed), such as "
            "econo_env.policies.make_policy(name, scenario)"
        )
    return given


def checked_seats(scenario: Scenario, seats: Sequence[int] | None) -> list[int]:
    """The seats as a list, all by default.

    Raises:
        ValueError: A seat does not exist or is named twice, or there is none.
    """
    chosen = list(range(scenario.num_agents)) if seats is None else [int(seat) for seat in seats]
    wrong = [seat for seat in chosen if not 0 <= seat < scenario.num_agents]
    if wrong or not chosen or len(set(chosen)) != len(chosen):
        raise ValueError(f"seats={chosen}: give different seats from 0 to {scenario.num_agents - 1}, at least one")
    return chosen


def players_of(
    scenario: Scenario, seats: Sequence[int], opponents: Policy | Mapping[int, Policy] | None
) -> list[Opponent]:
    """Each opponent with the seats it plays.

    Raises:
        ValueError: A seat is left without a player, or one is no policy.
    """
    others = [seat for seat in range(scenario.num_agents) if seat not in set(seats)]
    if not others:
        return []
    if opponents is None:
        raise ValueError(f"seats {others} have no player: give opponents=, a policy or one for each of these seats")
    if not isinstance(opponents, Mapping):
        return [Opponent(opponents, others)]
    missing = [seat for seat in others if seat not in opponents]
    if missing:
        raise ValueError(f"opponents leaves seats {missing} without a player")
    by_policy: dict[int, tuple[Policy, list[int]]] = {}
    for seat in others:
        by_policy.setdefault(id(opponents[seat]), (opponents[seat], []))[1].append(seat)
    return [Opponent(policy, theirs) for policy, theirs in by_policy.values()]
