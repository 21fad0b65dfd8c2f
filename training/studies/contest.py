"""Policy-space response oracles in a Tullock contest that has no equilibrium without mixing.

With a power above 2 two contestants for a known prize never rest in pure efforts: each answers the other's until the
prize does not pay for them, and then by none. In equilibrium they mix, and all that the prize is worth is spent (Baye,
Kovenock and de Vries 1994, "The solution to the Tullock rent-seeking game when R > 2: mixed-strategy equilibria and
mean dissipation rates"; Alcalde and Dahm 2010, "Rent seeking and rent dissipation: a neutrality result").
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from econo_env.games.normal_form import Floats
from econo_env.policies.emergent.meta_solvers import support
from econo_env.training.config import config_from
from econo_env.training.populations.psro import PsroTrainer
from econo_env.training.studies.base import Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.psro import bids_at

_TRIED = np.append(np.linspace(0.0, 1.0, 20_001), 1.0e-6)
"""Efforts that a best reply is looked for among, in credits: a grid, and the smallest bid, which beats none at all."""
_LEARNER = {
    "num_markets": 2048, "n_steps": 4, "batch_size": 2048, "n_epochs": 4, "net_arch": [16],
    "learning_rate": {"initial": 2.0e-3, "final": 2.0e-4, "schedule": "exponential"},
    "std": {"initial": 0.05, "final": 0.01, "schedule": "exponential"},
}  # fmt: skip


class ContestSettings(Settings):
    """Settings.

    Attributes:
        power: Of a bid in the contest, above 2.
        replies: Replies that join.
        steps: Agent-steps of PPO, over all replies.
        markets: In which each pair of policies plays; who wins is luck.
        seeds: Independent populations, counted from `seed`.
    """

    study: Literal["contest"] = "contest"
    power: float = Field(3.0, gt=2.0, le=16.0)
    replies: int = Field(10, ge=1, le=40)
    steps: int = Field(1_000_000, ge=1)
    markets: int = Field(262_144, ge=1)
    seeds: int = Field(2, ge=2)


class Step(NamedTuple):
    """A population after a reply.

    Attributes:
        nash_conv: What both gain by their best efforts against the mixture, exactly.
        spent: What both spend in the mean, of a prize of 1.
        support: Policies that the mixture plays.
        pure: The NashConv where both play the mean effort of the mixture for sure.
    """

    nash_conv: float
    spent: float
    support: float
    pure: float


def chance(own: Floats, rival: Floats, power: float) -> Floats:
    """The chance to win with an effort against a rival's, own^r / (own^r + rival^r); a half where both are 0."""
    most = np.maximum(own, rival)
    scale = np.where(most > 0.0, most, 1.0)
    mine, theirs = (own / scale) ** power, (rival / scale) ** power
    neither = most <= 0.0
    won: Floats = np.where(neither, 0.5, mine / np.where(neither, 1.0, mine + theirs))
    return won


def nash_conv_of_efforts(efforts: Floats, shares: Floats, power: float) -> float:
    """What two contestants for a prize of 1 gain by their best efforts where each draws one of several.

    Args:
        efforts: Credits, (efforts,).
        shares: The chance of each, (efforts,).
        power: Of an effort.
    """
    tried = np.concatenate([_TRIED, efforts])
    earned = chance(tried[:, None], efforts[None, :], power) @ shares - tried
    return float(2.0 * (earned.max() - shares @ earned[len(_TRIED) :]))


def run(settings: ContestSettings, told: Told) -> Findings:
    """Grows a population from each seed."""
    paths = []
    for number in range(settings.seeds):
        path = []
        for step in _grown(settings, settings.seed + number):
            path.append(step)
            share = (number + min(1.0, len(path) / settings.replies)) / settings.seeds
            told(share, f"seed {settings.seed + number}, {len(path)} of {settings.replies} replies")
        paths.append(path)
    whole = np.array(paths)
    last = whole[:, -1]
    figures = (
        mean_between("exact NashConv after the first reply", whole[:, 0, 0]),
        mean_between("exact NashConv in the end", last[:, 0], (-1.0e-9, 0.01), "bar: 1 % of the prize"),
        mean_between("what both spend of a prize of 1", last[:, 1], (0.97, 1.03), "all of it, Baye et al. 1994"),
        mean_between("policies in the mixture", last[:, 2]),
        mean_between("NashConv of its mean effort, unmixed", last[:, 3]),
    )
    said = (
        f"After {settings.replies} replies both gain {last[:, 0].mean():.4f} together by their best efforts, "
        f"{100.0 * last[:, 0].mean():.2f} % of the prize."
    )
    lines = {"NashConv": (np.arange(1, settings.replies + 1), whole[:, :, 0].mean(axis=0))}
    return Findings(said, figures, {"NashConv": lines}, {"NashConv": ("replies in the population", "credits")})


def _grown(settings: ContestSettings, seed: int) -> Iterator[Step]:
    document = {
        "scenario": {"id": "tullock_v0", "mechanism.power": settings.power, "largest_bid": 1.0}, "algorithm": "psro",
        "sharing": "per_role", "learner": _LEARNER, "total_timesteps": settings.steps,
        "psro": {"replies": settings.replies, "solver": "nash", "num_markets": settings.markets, "starts": 32},
    }  # fmt: skip
    trainer, prize = PsroTrainer(config_from(document), seed), np.ones(1)
    while not trainer.finished:
        if "psro/nash_conv" not in trainer.iterate():
            continue
        policies, shares = trainer.game.policies[0], trainer.mixtures[0]
        efforts = np.array([bids_at(trainer.config.scenario, one, prize)[0] for one in policies[: len(shares)]])
        mean = np.atleast_1d(shares @ efforts)
        yield Step(
            nash_conv_of_efforts(efforts, shares, settings.power),
            2.0 * float(mean[0]),
            float(support(shares)),
            nash_conv_of_efforts(mean, np.ones(1), settings.power),
        )


STUDY = Study("contest", "Does a population of replies mix where nothing pure rests?", ContestSettings, run)
