"""Populations of bidders: which shading evolves in first price, and where a double oracle stops in the same game."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import Field

from econo_env.engine.state import Float64s
from econo_env.games.normal_form import NormalForm
from econo_env.policies.emergent.double_oracle import double_oracle
from econo_env.policies.emergent.replicator import meeting, replicate
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told

_SOURCE = "replicator on the closed form"


class EvolutionSettings(Settings):
    """Settings.

    Attributes:
        bidders: Bidders of an auction, values U[0, 1].
        step: Of the grid of shading factors from 0 to 1.
        strength: Of selection.
        generations: How many follow the first.
    """

    study: Literal["evolution"] = "evolution"
    bidders: int = Field(2, ge=2, le=100)
    step: float = Field(0.05, gt=0.0, le=0.5)
    strength: float = Field(10.0, gt=0.0, le=1000.0)
    generations: int = Field(20_000, ge=1, le=1_000_000)


def _bidding_more(ratio: Float64s, bidders: int) -> Float64s:
    """E[v 1{s max < a v}] for s / a = ratio below 1: every value above it wins for sure."""
    whole: Float64s = (1.0 - ratio**2) / 2.0 + ratio**2 / (bidders + 1)
    return whole


def shading_payoff(own: ArrayLike, others: ArrayLike, bidders: int) -> Float64s:
    """What bidding a v earns in first price where all n - 1 others bid s v, values U[0, 1].

    (1 - a) (a / s)^(n-1) / (n + 1) for a <= s, else (1 - a) ((1 - (s / a)^2) / 2 + (s / a)^2 / (n + 1)); where all
    bid 0 the lot decides: E v / n.
    """
    a, s = np.broadcast_arrays(np.asarray(own, dtype=np.float64), np.asarray(others, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (1.0 - a) * (a / s) ** (bidders - 1) / (bidders + 1)
        above = (1.0 - a) * _bidding_more(s / a, bidders)
    return np.asarray(np.where((a == 0.0) & (s == 0.0), 0.5 / bidders, np.where(a <= s, below, above)))


def run(settings: EvolutionSettings, told: Told) -> Findings:
    """Lets a population evolve from all factors alike; solves the same game by a double oracle."""
    levels = np.linspace(0.0, 1.0, round(1.0 / settings.step) + 1)
    payoffs = shading_payoff(levels[:, None], levels[None], settings.bidders)
    start = np.full(len(levels), 1.0 / len(levels))
    told(0.0, f"{settings.generations:,} generations")
    path = replicate(meeting(payoffs), start, settings.generations, strength=settings.strength)
    means, equilibrium = path @ levels, (settings.bidders - 1) / settings.bidders
    game = NormalForm((payoffs, payoffs.T))
    steps = double_oracle(game, [[0], [0]])
    known = settings == EvolutionSettings(seed=settings.seed)
    figures = (
        Finding("equilibrium factor without a grid", equilibrium),
        Finding(
            "mean factor after 100 generations",
            float(means[min(100, settings.generations)]),
            known=(0.454070, 0.454072) if known else None,
            source=_SOURCE,
        ),
        Finding(
            "mean factor in the end", float(means[-1]), known=(0.449999, 0.450001) if known else None, source=_SOURCE
        ),
        Finding(
            "mean payoff in the end",
            float(path[-1] @ payoffs @ path[-1]),
            known=(0.18333, 0.18334) if known else None,
            source=_SOURCE,
        ),
        Finding("factor at which a double oracle stops", float(steps[-1].profile[0] @ levels)),
        Finding(
            "its distance from equilibrium (NashConv)",
            steps[-1].nash_conv,
            known=(-1e-12, 1e-9),
            source="double oracle",
        ),
    )
    said = (
        f"On a grid of {settings.step:g} bidders evolve to {means[-1]:.3f} times their value; without a grid the "
        f"equilibrium is {equilibrium:.3f}."
    )
    generations = np.arange(len(means))
    level = np.full(len(means), equilibrium)
    lines = {"mean of the population": (generations, means), "equilibrium": (generations, level)}
    return Findings(said, figures, {"Shading": lines}, {"Shading": ("generation", "share of the value that is bid")})


STUDY = Study("evolution", "Which shading evolves in first price?", EvolutionSettings, run)
