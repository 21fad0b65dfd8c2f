"""Population-based training: the toy of the paper, exactly, and learning rates of PPO in a first-price auction."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field

from econo_env.games.normal_form import Floats
from econo_env.training.config import config_from
from econo_env.training.populations.pbt import Grown, PpoMembers, perturbed, train_population
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.psro import bids_at, nash_conv_of_bids

_SOURCE = "the recursion of Jaderberg et al. (2017)"
_EVERY = 10
RATE = "learner.learning_rate.initial"
_VALUES = (np.arange(2000) + 0.5) / 2000


class PbtSettings(Settings):
    """Settings.

    Attributes:
        steps: Gradient steps of the toy.
        rate: Its learning rate.
        rates: Learning rates of PPO that members begin with; none leaves PPO out.
        rounds: Of the population of PPO.
        iterations: Rollouts of each member in a round.
        seeds: Populations of PPO, counted from `seed`.
    """

    study: Literal["pbt"] = "pbt"
    steps: int = Field(200, ge=_EVERY, le=100_000)
    rate: float = Field(0.01, gt=0.0, le=0.1)
    rates: tuple[float, ...] = (1.0e-6, 1.0e-5, 3.0e-5, 1.0e-3)
    rounds: int = Field(6, ge=1)
    iterations: int = Field(10, ge=1)
    seeds: int = Field(3, ge=2)


def quality(weights: Floats) -> float:
    """Q of the toy, 1.2 - |theta|^2."""
    return float(1.2 - weights @ weights)


def toy(settings: PbtSettings) -> Grown[Floats, Floats]:
    """Two workers that climb 1.2 - h0 t0^2 - h1 t1^2, one with h = (1, 0), one with (0, 1), and copy better weights."""

    def train(_: int, weights: Floats, surrogate: Floats) -> Floats:
        for _step in range(_EVERY):
            weights = weights - settings.rate * 2.0 * surrogate * weights
        return weights

    start = [np.array([0.9, 0.9])] * 2
    surrogates = [np.array([1.0, 0.0]), np.array([0.0, 1.0])]
    return train_population(
        start, surrogates, train, lambda all_of: np.array([quality(one) for one in all_of]),
        settings.steps // _EVERY, share=0.5,
    )  # fmt: skip


def learned(settings: PbtSettings, seed: int) -> tuple[Grown[dict[str, Any], Mapping[str, float]], list[float]]:
    """Members that learn first price of two bidders by PPO, and the exact NashConv of what each plays in the end."""
    config = config_from(
        {
            "scenario": {"id": "first_price_v0", "num_agents": 2},
            "total_timesteps": 10**9,
            "learner": {
                "num_markets": 512, "n_steps": 4, "batch_size": 1024, "n_epochs": 4, "net_arch": [16, 16],
                "learning_rate": {"initial": 1.0e-3}, "std": {"initial": 0.1, "final": 0.0999},
            },
        }
    )  # fmt: skip
    members = PpoMembers(config, settings.iterations, seed=seed)
    rates: list[Mapping[str, float]] = [{RATE: rate} for rate in settings.rates]
    start = [members.start(number, rate) for number, rate in enumerate(rates)]
    grown = train_population(
        start, rates, members.train, members.score, settings.rounds, share=0.25, explore=perturbed, seed=seed
    )
    bids = [bids_at(config.scenario, policy, _VALUES) for policy in members.policies(grown.weights)]
    return grown, [nash_conv_of_bids(one[None], _VALUES, np.ones(1), 2) for one in bids]


def run(settings: PbtSettings, told: Told) -> Findings:
    """Grows the toy, and populations of PPO."""
    grown = toy(settings)
    alone = quality(np.array([0.9 * (1.0 - 2.0 * settings.rate) ** settings.steps, 0.9]))
    known = settings.steps == 200 and settings.rate == 0.01
    together = float(grown.scores[-1].max())
    figures = [
        Finding("toy: a worker alone", alone, known=(0.389748, 0.389750) if known else None, source=_SOURCE),
        Finding("toy: the better of two", together, known=(1.171507, 1.171509) if known else None, source=_SOURCE),
    ]
    rounds = np.arange(1, len(grown.scores) + 1) * _EVERY
    curves = {"Toy": {f"worker {one}": (rounds, grown.scores[:, one]) for one in (0, 1)}}
    axes = {"Toy": ("steps", "quality")}
    if len(settings.rates) >= 2:
        ends, rates, paths = [], [], []
        for number in range(settings.seeds):
            told(number / settings.seeds, f"PPO, seed {settings.seed + number}")
            population, distances = learned(settings, settings.seed + number)
            ends.append([distances[population.best], float(np.mean(distances))])
            rates.append(np.mean([one[RATE] for one in population.settings]))
            paths.append(population.scores)
        figures += [
            mean_between("PPO: exact NashConv of the best member", [one for one, _ in ends]),
            mean_between("PPO: that of members in the mean", [every for _, every in ends]),
            mean_between("PPO: learning rate of members in the mean", rates),
        ]
        scores = np.mean(paths, axis=0)
        ordered = {f"begins with {rate:g}": (np.arange(1, len(scores) + 1), scores[:, number])
                   for number, rate in enumerate(settings.rates)}  # fmt: skip
        curves["Members of PPO"] = ordered
        axes["Members of PPO"] = ("round", "credits an episode against each other")
    said = f"Two workers, of whom neither can climb alone, reach {together:.4f} of 1.2; one alone stays at {alone:.4f}."
    return Findings(said, tuple(figures), curves, axes)


STUDY = Study("pbt", "What do members gain by going on from the best?", PbtSettings, run)
