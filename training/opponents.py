"""A pool of rated opponents: fixed policies, and what was learned before, drawn anew for every turn of a learner.

Ratings are Elo's (Elo, "The rating of chessplayers", 1978): against an opponent of rating R_m a learner of rating R
is expected to score E = 1 / (1 + 10^((R_m - R) / 400)); a turn in which it scored S moves it by K (S - E), and the
opponent by as much the other way. The score of a turn is the share of markets in which the learner's seat earned more
than the opponent's seat of the same group, equal ones counting half. Opponents are drawn with weights (1 - E)^hard,
as in prioritised fictitious self-play (Vinyals et al., Nature 575, 2019).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from econo_env.engine.state import Float64s
from econo_env.market import alike
from econo_env.policies.base import make_policy
from econo_env.policies.networks import Network
from econo_env.policies.proactive import Learned
from econo_env.policy import Named, Policy, Remembering
from econo_env.scenario import Scenario
from econo_env.training.sections import Opponents

START = 1500.0
"""The rating that everybody begins with, but for what was learned: that takes the learner's along."""
_SCALE = 400.0
_LATEST = -1


def expected_score(own: float, other: float) -> float:
    """What Elo's formula expects a player of one rating to score against another."""
    return float(1.0 / (1.0 + 10.0 ** ((other - own) / _SCALE)))


@dataclass
class Member:
    """An opponent of the pool.

    Attributes:
        name: `past_1200` was learned by then, in thousands of agent-steps; others have their own.
        policy: Plays.
        rating: Elo's.
        turns: In which it has played.
        networks: Of those that were learned; empty for fixed ones.
    """

    name: str
    policy: Named
    rating: float = START
    turns: int = 0
    networks: tuple[Network, ...] = ()


class Pool:
    """The opponents of a training.

    Attributes:
        rating: Of what is learned now.
        members: The opponents, the fixed ones first.
    """

    def __init__(self, settings: Opponents, scenario: Scenario) -> None:
        """Makes the fixed opponents.

        Raises:
            ValueError: One of them cannot play this scenario, or remembers.
        """
        self._settings, self._scenario, self.rating = settings, scenario, START
        self.members = [Member(name, _without_memory(name, scenario)) for name in settings.fixed]
        self._group = {seat: number for number, group in enumerate(alike(scenario)) for seat in group}
        self._playing: dict[int, int] = {}
        self._scores: dict[str, float] = {}

    def players(self, seats: Sequence[int], latest: Policy, seed: int) -> Mapping[int, Policy]:
        """Draws who plays each seat in a turn.

        Args:
            seats: The seats in which nobody learns.
            latest: Plays what is learned now.
            seed: Of the draws and of the opponents' luck: the turn's own, so that a resumed run goes on alike.
        """
        luck, settings = np.random.default_rng(seed), self._settings
        weights = np.array([(1.0 - expected_score(self.rating, m.rating)) ** settings.hard for m in self.members])
        drawn = _LATEST
        for place, seat in enumerate(seats):
            if place == 0 or settings.mixed:
                from_pool = self.members and luck.random() >= settings.latest
                drawn = int(luck.choice(len(self.members), p=weights / weights.sum())) if from_pool else _LATEST
            self._playing[seat] = drawn
        self._playing = {seat: self._playing[seat] for seat in seats}
        for number, member in enumerate(self.members):
            member.policy.reset(int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint32)[0]))
        return {seat: latest if m == _LATEST else self.members[m].policy for seat, m in self._playing.items()}

    def judge(self, earned: Float64s, homes: Sequence[int]) -> None:
        """Moves ratings by what a turn brought.

        Args:
            earned: Credits (markets, agents).
            homes: The seats that learned.
        """
        found: dict[int, list[float]] = {}
        for home in homes:
            for seat, number in self._playing.items():
                if number != _LATEST and self._group[seat] == self._group[home]:
                    own, other = earned[:, home], earned[:, seat]
                    found.setdefault(number, []).append(float((own > other).mean() + 0.5 * (own == other).mean()))
        self._scores, moved = {}, 0.0
        for number, scores in found.items():
            member, score = self.members[number], float(np.mean(scores))
            change = self._settings.k_factor * (score - expected_score(self.rating, member.rating))
            member.rating -= change
            member.turns += 1
            moved += change / len(found)
            self._scores[member.name] = score
        self.rating += moved

    def keep(self, networks: Sequence[Network], steps: int) -> None:
        """Takes in what has been learned after so many agent-steps; of too many past ones the lowest rated leaves."""
        self.members.append(self._past(f"past_{steps // 1000}", tuple(networks), self.rating))
        past = [member for member in self.members if member.networks]
        if len(past) > self._settings.past_keep:
            self.members.remove(min(past, key=lambda member: member.rating))

    def scalars(self) -> dict[str, float]:
        """Ratings and the scores of the last turn, by their log names."""
        told = {"pool/rating_learner": self.rating, "pool/size": float(len(self.members))}
        told |= {f"pool/rating/{member.name}": member.rating for member in self.members}
        return told | {f"pool/score/{name}": score for name, score in self._scores.items()}

    def state(self) -> dict[str, Any]:
        """Everything that later turns depend on."""
        return {"rating": self.rating, "members": [_told(member) for member in self.members]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes back to what `state` gave."""
        self.rating = float(state["rating"])
        fixed = {member.name: member for member in self.members if not member.networks}
        self.members = []
        for told in state["members"]:
            networks = tuple(_network(one) for one in told["networks"])
            member = self._past(told["name"], networks, 0.0) if networks else fixed[told["name"]]
            member.rating, member.turns = float(told["rating"]), int(told["turns"])
            self.members.append(member)

    def _past(self, name: str, networks: tuple[Network, ...], rating: float) -> Member:
        return Member(name, Learned(self._scenario, networks, name=name), rating, networks=networks)


def _without_memory(name: str, scenario: Scenario) -> Named:
    policy = make_policy(name, scenario)
    if isinstance(policy, Remembering):
        raise ValueError(
            f"opponents.fixed: {name!r} remembers what came before, and opponents change with every turn: name "
            "policies without memory, or list who remembers in the scenario's population"
        )
    return policy


def _told(member: Member) -> dict[str, Any]:
    networks = [
        {
            "seats": list(network.seats),
            "activation": network.activation,
            "squashed": network.squashed,
            "std": torch.from_numpy(network.std.copy()),
            "layers": [[torch.from_numpy(array.copy()) for array in layer] for layer in network.layers],
        }
        for network in member.networks
    ]
    return {"name": member.name, "rating": member.rating, "turns": member.turns, "networks": networks}


def _network(told: Mapping[str, Any]) -> Network:
    layers = tuple((weights.numpy(), biases.numpy()) for weights, biases in told["layers"])
    return Network(tuple(told["seats"]), layers, told["activation"], told["std"].numpy(), told["squashed"])
