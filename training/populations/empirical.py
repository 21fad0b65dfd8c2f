"""The empirical game of a scenario: what policies earn against each other, measured by play.

Its players are the seats; seats of one role draw from the same policies, so a profile is played once for all ways to
seat it. All profiles meet the same types and the same luck, so their differences are far more exact than their levels.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement, product
from math import comb, prod

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.games.normal_form import Floats, NormalForm, Profile
from econo_env.interfaces.opponents import players_of
from econo_env.policies.emergent.double_oracle import MetaSolver
from econo_env.policies.emergent.mixture import Group, Mixture
from econo_env.policy import Policy
from econo_env.scenario import Scenario

MOST_PROFILES = 20_000
"""Profiles that are played at most."""
Seated = tuple[tuple[int, ...], ...]
"""Of each role which policies play its seats, in ascending order."""


def returns(scenario: Scenario, seated: Mapping[int, Policy], seed: int, markets: int) -> Floats:
    """What each seat earns in an episode, credits (seats,), in the mean of so many markets.

    Args:
        scenario: The market.
        seated: Who plays each seat.
        seed: Fixes types and luck.
        markets: Markets, one episode each.
    """
    return np.asarray(earned_by_market(scenario, seated, seed, markets).mean(axis=0))


def earned_by_market(scenario: Scenario, seated: Mapping[int, Policy], seed: int, markets: int) -> Floats:
    """The same, market by market, (markets, seats)."""
    engine = Engine(scenario, markets)
    engine.reset(seed)
    players, buffers = players_of(scenario, [], seated), engine.buffers
    for number, player in enumerate(players):
        player.reset(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint32)[0]))
    earned = np.zeros((markets, scenario.num_agents))
    while not buffers.ended.all():
        live = ~buffers.ended
        for player in players:
            player.play(buffers)
        engine.step(buffers.actions)
        for player in players:
            player.watch(buffers)
        earned += buffers.rewards * live[:, None]
    return earned


class EmpiricalGame:
    """Policies of each role, and what they earn in each profile that was played.

    Attributes:
        scenario: The market.
        roles: Seats by role; seats of one role are alike.
        policies: Of each role, in the order in which they came.
        seed: Fixes types and luck of every profile alike.
        markets: Markets that a profile is played in.
    """

    def __init__(self, scenario: Scenario, roles: Sequence[Sequence[int]], seed: int, markets: int) -> None:
        self.scenario, self.roles = scenario, tuple(tuple(seats) for seats in roles)
        self.seed, self.markets = seed, markets
        self.policies: list[list[Policy]] = [[] for _ in self.roles]
        self.played: dict[Seated, Floats] = {}

    def add(self, policies: Sequence[Sequence[Policy]]) -> None:
        """Adds policies to each role; what is not yet known is played when it is asked for.

        Raises:
            ValueError: The game would have more than `MOST_PROFILES` profiles.
        """
        sizes = [len(own) + len(more) for own, more in zip(self.policies, policies, strict=True)]
        count = prod(comb(size + len(seats) - 1, len(seats)) for size, seats in zip(sizes, self.roles, strict=True))
        if count > MOST_PROFILES:
            raise ValueError(
                f"{sizes} policies in {self.scenario.id} with {self.scenario.num_agents} agents make {count:,} "
                f"profiles, more than {MOST_PROFILES:,}: take fewer replies, or fewer agents"
            )
        for own, more in zip(self.policies, policies, strict=True):
            own.extend(more)

    def seats_of(self, seated: Seated) -> dict[int, Policy]:
        """Who plays each seat of a profile."""
        return {
            seat: self.policies[role][policy]
            for role, chosen in enumerate(seated)
            for seat, policy in zip(self.roles[role], chosen, strict=True)
        }

    def normal_form(self) -> NormalForm:
        """The game as it is: a player a seat, a strategy a policy of its role."""
        kinds = [combinations_with_replacement(range(len(own)), len(seats)) for own, seats in self._both()]
        for seated in product(*kinds):
            if seated not in self.played:
                self.played[seated] = returns(self.scenario, self.seats_of(seated), self.seed, self.markets)
        agents = self.scenario.num_agents
        role_of = {seat: role for role, seats in enumerate(self.roles) for seat in seats}
        shape = tuple(len(self.policies[role_of[seat]]) for seat in range(agents))
        payoffs = np.zeros((agents, *shape))
        for profile in np.ndindex(shape):
            seated = tuple(tuple(sorted(profile[seat] for seat in seats)) for seats in self.roles)
            for seat in range(agents):
                payoffs[(seat, *profile)] = self._of(seated, role_of[seat], profile[seat])
        return NormalForm(tuple(payoffs))

    def expand(
        self, replies: Sequence[Policy], mixtures: Sequence[Floats], solver: MetaSolver
    ) -> tuple[NormalForm, float, list[Floats]]:
        """Takes in a reply of each role and solves the larger game.

        Args:
            replies: One policy a role, each an answer to the mixtures.
            mixtures: What each role played.
            solver: Of the larger game.

        Returns:
            The larger game; what all seats together gain by their best policies in it on the mixtures (NashConv, a
            lower bound of that in the scenario); and the mixture of each role that the solver gives.
        """
        self.add([[reply] for reply in replies])
        game = self.normal_form()
        return game, game.nash_conv(self.everywhere(mixtures)), self.shared(solver(game))

    def shared(self, profile: Profile) -> list[Floats]:
        """The mixture of each role, of a profile in which seats of one role play alike."""
        return [np.asarray(profile[seats[0]], dtype=np.float64) for seats in self.roles]

    def everywhere(self, mixtures: Sequence[Floats]) -> list[Floats]:
        """A strategy of each seat from one of each role; policies that came later have no share."""
        whole: dict[int, Floats] = {}
        for own, (policies, seats) in zip(mixtures, self._both(), strict=True):
            filled = np.pad(own, (0, len(policies) - len(own)))
            whole.update(dict.fromkeys(seats, filled))
        return [whole[seat] for seat in range(self.scenario.num_agents)]

    def mixture(self, mixtures: Sequence[Floats], seed: int) -> Mixture:
        """The policy that plays each role's mixture; policies with no share are left out."""
        return Mixture(self.scenario, groups_of(self.roles, self.policies, mixtures), seed=seed, name="emergent")

    def _both(self) -> list[tuple[list[Policy], tuple[int, ...]]]:
        return list(zip(self.policies, self.roles, strict=True))

    def _of(self, seated: Seated, role: int, policy: int) -> float:
        """What one policy earns in a profile, in the mean of the seats of its role that it plays."""
        own = [seat for seat, one in zip(self.roles[role], seated[role], strict=True) if one == policy]
        return float(self.played[seated][own].mean())


def groups_of(
    roles: Sequence[Sequence[int]], policies: Sequence[Sequence[Policy]], mixtures: Sequence[Floats]
) -> list[Group]:
    """Who draws from what in a mixture; policies with no share are left out."""
    groups = []
    for seats, own, shares in zip(roles, policies, mixtures, strict=True):
        kept = [number for number, share in enumerate(shares) if share > 0.0]
        groups.append(Group(tuple(seats), tuple(own[k] for k in kept), tuple(float(shares[k]) for k in kept)))
    return groups
