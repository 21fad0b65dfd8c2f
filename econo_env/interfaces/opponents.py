"""Who plays the seats of a market that nobody learns in."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from econo_env.engine.state import Bools, Float32s
from econo_env.scenario import Scenario


class Opponent(Protocol):
    """Whatever plays the seats that nobody learns in; every policy of `policies` is one."""

    def reset(self, seed: int) -> None:
        """Starts over with a seed."""
        ...

    def act(self, observations: Float32s, mask: Bools) -> Float32s:
        """Actions (markets, seats, components) for observations (markets, seats, features) of the seats it plays.

        One with an attribute `wants_all_seats` that is true gets, and answers for, all agents.
        """
        ...


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
    scenario: Scenario, seats: Sequence[int], opponents: Opponent | Mapping[int, Opponent] | None
) -> list[tuple[Opponent, list[int]]]:
    """Each opponent with the seats it plays.

    Raises:
        ValueError: A seat is left without a player.
    """
    others = [seat for seat in range(scenario.num_agents) if seat not in set(seats)]
    if not others:
        return []
    if opponents is None:
        raise ValueError(f"seats {others} have no player: give opponents=, a policy or one for each of these seats")
    if not isinstance(opponents, Mapping):
        return [(opponents, others)]
    missing = [seat for seat in others if seat not in opponents]
    if missing:
        raise ValueError(f"opponents leaves seats {missing} without a player")
    by_policy: dict[int, tuple[Opponent, list[int]]] = {}
    for seat in others:
        by_policy.setdefault(id(opponents[seat]), (opponents[seat], []))[1].append(seat)
    return list(by_policy.values())
