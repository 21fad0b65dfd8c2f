"""Population-based training: members train side by side, the worst go on from the best (Jaderberg et al. 2017)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from econo_env.games.normal_form import Floats
from econo_env.policy import Policy
from econo_env.training.config import TrainingConfig, config_from
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.trainer import Trainer, derived_seed

W = TypeVar("W")
H = TypeVar("H")


@dataclass
class Grown(Generic[W, H]):
    """A population after its training.

    Attributes:
        weights: Of each member.
        settings: Of each member.
        scores: Of each member after every round, (rounds, members), before anybody copies.
        copied: Of each round who went on from whom, the number of its source, (rounds, members).
    """

    weights: list[W]
    settings: list[H]
    scores: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    copied: list[list[int]] = field(default_factory=list)

    @property
    def best(self) -> int:
        """The member that scored most in the last round."""
        return int(np.argmax(self.scores[-1]))


def train_population(
    weights: Sequence[W],
    settings: Sequence[H],
    train: Callable[[int, W, H], W],
    score: Callable[[list[W]], Floats],
    rounds: int,
    *,
    share: float = 0.25,
    explore: Callable[[H, H, np.random.Generator], H] | None = None,
    seed: int = 0,
) -> Grown[W, H]:
    """Trains members in rounds; after each the worst copy weights of the best, by truncation selection.

    Args:
        weights: Of each member at first.
        settings: Hyperparameters of each member.
        train: One round of a member: (its number, weights, settings).
        score: Of all members, the greater the better.
        rounds: How many.
        share: Of the members that copy, each from a member of the best that many by lot; in (0, 1/2].
        explore: Settings of who copies: (own, source's, luck); None keeps the own ones.
        seed: Of who copies from whom, and of exploration.

    Raises:
        ValueError: There are not two members, or not settings for each, or the share is out of range.
    """
    members = len(weights)
    if members < 2 or len(settings) != members or not 0.0 < share <= 0.5 or rounds < 1:
        raise ValueError(
            f"{members} members, {len(settings)} settings, {share=}, {rounds=}: at least 2, one each, a share in "
            "(0, 1/2], at least one round"
        )
    luck, moved = np.random.default_rng(seed), max(1, int(share * members))
    grown: Grown[W, H] = Grown(list(weights), list(settings))
    scores = []
    for _ in range(rounds):
        grown.weights = [
            train(number, own, chosen)
            for number, (own, chosen) in enumerate(zip(grown.weights, grown.settings, strict=True))
        ]
        scores.append(score(grown.weights))
        order = np.argsort(-scores[-1], kind="stable")
        source = list(range(members))
        for one in order[-moved:]:
            source[one] = int(luck.choice(order[:moved]))
        grown.copied.append(source)
        grown.weights = [grown.weights[one] for one in source]
        if explore is not None:
            grown.settings = [
                own if number == source[number] else explore(own, grown.settings[source[number]], luck)
                for number, own in enumerate(grown.settings)
            ]
    grown.scores = np.array(scores)
    return grown


def perturbed(own: Mapping[str, float], source: Mapping[str, float], luck: np.random.Generator) -> dict[str, float]:
    """The source's settings, each times 0.8 or 1.25 by lot."""
    return {name: float(value * luck.choice([0.8, 1.25])) for name, value in source.items()}


class PpoMembers:
    """Members that learn a scenario by PPO, each with settings of its own, and are scored against each other.

    Attributes:
        config: What members have in common.
        iterations: Rollouts and updates of a round.
        markets: Markets in which members are scored.
        seed: Fixes everything.
    """

    def __init__(self, config: TrainingConfig, iterations: int, markets: int = 4096, seed: int = 0) -> None:
        self.config, self.iterations, self.markets, self.seed = config, iterations, markets, seed
        self._trainers: dict[int, tuple[Mapping[str, float], Trainer]] = {}

    def start(self, member: int, settings: Mapping[str, float]) -> dict[str, Any]:
        """The state of a member that has learned nothing."""
        return self._trainer(member, settings).state()

    def train(self, member: int, state: dict[str, Any], settings: Mapping[str, float]) -> dict[str, Any]:
        """One round from a state, the member's own or one that it copied."""
        trainer = self._trainer(member, settings)
        trainer.restore(state)
        for _ in range(self.iterations):
            if not trainer.finished:
                trainer.iterate()
        return trainer.state()

    def policies(self, states: Sequence[dict[str, Any]]) -> list[Policy]:
        """What members play, their mean actions."""
        trainer = Trainer(self.config, self.seed)
        found: list[Policy] = []
        for state in states:
            trainer.restore(state)
            found.append(trainer.policy())
        return found

    def score(self, states: list[dict[str, Any]]) -> Floats:
        """What each member earns in a seat, in the mean over opponents that are all one member, credits an episode."""
        everybody = range(self.config.scenario.num_agents)
        game = EmpiricalGame(self.config.scenario, [everybody], derived_seed(self.seed, 5), self.markets)
        game.add([self.policies(states)])
        form, members = game.normal_form(), np.eye(len(states))
        earned = [form.against(0, [one] * len(everybody)) for one in members]
        return np.asarray(np.mean(earned, axis=0))

    def _trainer(self, member: int, settings: Mapping[str, float]) -> Trainer:
        """The member's trainer, made anew where its settings have changed."""
        known = self._trainers.get(member)
        if known is None or known[0] != settings:
            changes = [f"{key}={value!r}" for key, value in settings.items()]
            config = config_from(self.config.model_dump(mode="json"), changes)
            self._trainers[member] = (dict(settings), Trainer(config, derived_seed(self.seed, 4, member)))
        return self._trainers[member][1]
