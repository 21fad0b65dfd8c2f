"""Markets in which seats are played by different policies."""

from collections.abc import Mapping, Sequence

import numpy as np

from econo_env.market import market_of
from econo_env.player import Players
from econo_env.policies.base import make_policy
from econo_env.policies.standing import EVENTS, Standing, standing_of
from econo_env.policy import Actions, Mask, Named, Observations, masked
from econo_env.scenario import Scenario


class Seated(Players):
    """Policies in the seats of a market; each is asked for its own seats alone.

    Attributes:
        name: What tables call it.
        scenario: The market.
        policies: Who plays.
        plays: By seat the number of its policy, (agents,).
        played_by: The name of the policy in each seat.
        wants_all_seats: Observations come for all seats, (..., agents, features).
    """

    wants_all_seats = True

    def __init__(
        self, name: str, scenario: Scenario, policies: Sequence[Named], plays: Sequence[int], played_by: Sequence[str]
    ) -> None:
        """Seats everybody; see the attributes."""
        super().__init__(*policies)
        self.name, self.scenario, self.policies = name, scenario, tuple(policies)
        self.plays = np.array(plays, dtype=np.int64)
        self.played_by = list(played_by)

    def reset(self, seed: int) -> None:
        """Starts everybody over, each with luck of its own."""
        for number, policy in enumerate(self.policies):
            policy.reset(int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) if number else seed)

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Each seat's action by the policy that plays it."""
        if np.ndim(observations) < 2 or np.shape(observations)[-2] != self.scenario.num_agents:
            raise ValueError(
                f"observations of shape {np.shape(observations)}: seats differ, give all {self.scenario.num_agents} "
                "agents, (..., agents, features)"
            )
        given = np.asarray(mask, dtype=np.bool_)
        actions: Actions | None = None
        for number, policy in enumerate(self.policies):
            seats = self.plays == number
            theirs = policy.act(observations, given & seats)
            actions = np.zeros_like(theirs) if actions is None else actions
            actions[..., seats, :] = theirs[..., seats, :]
        assert actions is not None
        return masked(actions, given)

    def stands(self, shape: tuple[int, int]) -> Standing:
        """Where the agents stand, see `policies.standing`."""
        level, counts = np.zeros(shape, dtype=np.int64), np.zeros((*shape, len(EVENTS)), dtype=np.int64)
        for number, policy in enumerate(self.policies):
            seats, found = self.plays == number, standing_of(policy, shape)
            level[:, seats], counts[:, seats] = found.level[:, seats], found.counts[:, seats]
        return Standing(level, counts)


class Population(Seated):
    """One policy in the first seat of each role, others in the rest.

    Attributes:
        own: The seats of the policy that is judged.
    """

    def __init__(self, scenario: Scenario, policy: Named, others: Sequence[tuple[Named, float]]) -> None:
        """Seats everybody.

        Args:
            scenario: The market.
            policy: Plays the first seat of each role.
            others: Policies with their shares of the other seats of each role: whole seats by largest remainder, the
                first named first.

        Raises:
            ValueError: A share is not positive and finite, or gives a policy no seat.
        """
        for other, share in others:
            if not 0.0 < share < float("inf"):
                raise ValueError(f"a share of {share:g} for {other.name}: give positive numbers, such as truthful=2")
        roles = market_of(scenario).roles(scenario)
        self.own = tuple(sorted(role[0] for role in roles))
        plays = np.zeros(scenario.num_agents, dtype=np.int64)
        for role in roles:
            counts = _whole_seats([share for _, share in others], len(role) - 1)
            plays[list(role[1:])] = np.repeat(np.arange(1, len(others) + 1), counts)
        idle = [other.name for number, (other, _) in enumerate(others, 1) if number not in plays]
        if idle:
            free = scenario.num_agents - len(roles)
            raise ValueError(
                f"{scenario.id} with {scenario.num_agents} agents in {len(roles)} role(s) has {free} other seat(s), "
                f"none for {idle[0]!r}: name fewer policies, or take more agents"
            )
        told = [other.name if other.name != policy.name else f"{other.name} (others)" for other, _ in others]
        name = f"{policy.name} against {', '.join(dict.fromkeys(told))}"
        names = [policy.name, *told]
        everybody = (policy, *(other for other, _ in others))
        super().__init__(name, scenario, everybody, plays.tolist(), [names[number] for number in plays])


def make_population(policy: Named, scenario: Scenario, shares: Mapping[str, float], seed: int = 0) -> Population:
    """A policy among others, by name as `make_policy` takes them, with their shares of the other seats."""
    others = [(make_policy(name, scenario, seed), share) for name, share in shares.items()]
    return Population(scenario, policy, others)


def _whole_seats(shares: Sequence[float], seats: int) -> list[int]:
    """So many whole seats for each share, by largest remainder."""
    exact = np.array(shares) / sum(shares) * seats
    whole = np.floor(exact + 1e-9).astype(np.int64)
    first = np.argsort(-(exact - whole), kind="stable")[: seats - int(whole.sum())]
    whole[first] += 1
    return [int(count) for count in whole]
