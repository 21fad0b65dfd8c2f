"""Learned equilibrium in first price: PPO against itself, judged by quadrature against the closed form."""

from typing import Literal

import numpy as np
from pydantic import Field

from econo_env.games.normal_form import Floats
from econo_env.training.config import read_config
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.psro import bids_at, nash_conv_of_bids
from econo_env.training.trainer import Trainer

_VALUES = (np.arange(2000) + 0.5) / 2000


class FirstPriceSettings(Settings):
    """Settings.

    Attributes:
        bidders: Bidders, values U[0, 1].
        steps: Agent-steps of a training.
        seeds: Trainings, counted from `seed`.
    """

    study: Literal["first_price"] = "first_price"
    bidders: int = Field(3, ge=2, le=10)
    steps: int = Field(600_000, ge=1)
    seeds: int = Field(4, ge=2)


def learned_bids(settings: FirstPriceSettings, seed: int) -> Floats:
    """What the network of the shipped settings bids in the end, at values alike in chance."""
    config = read_config(
        "first_price_v0", [f"scenario.num_agents={settings.bidders}", f"total_timesteps={settings.steps}"]
    )
    trainer = Trainer(config, seed)
    while not trainer.finished:
        trainer.iterate()
    return bids_at(config.scenario, trainer.policy(), _VALUES)


def run(settings: FirstPriceSettings, told: Told) -> Findings:
    """Learns from each seed."""
    learned = []
    for number in range(settings.seeds):
        told(number / settings.seeds, f"learns, seed {settings.seed + number}")
        learned.append(learned_bids(settings, settings.seed + number))
    share = (settings.bidders - 1) / settings.bidders
    # distance over values counts where a bidder may win: with weight v^(n-1)
    weights = _VALUES ** (settings.bidders - 1)
    shares = [float((bids * _VALUES * weights).sum() / (_VALUES**2 * weights).sum()) for bids in learned]
    payoff = 1.0 / (settings.bidders * (settings.bidders + 1))
    losses = [nash_conv_of_bids(bids[None], _VALUES, np.ones(1), settings.bidders) / settings.bidders / payoff
              for bids in learned]  # fmt: skip
    known = settings == FirstPriceSettings(seed=settings.seed)
    figures = (
        Finding("equilibrium share", share),
        mean_between(
            "share of the value that is bid", shares, (share - 0.02, share + 0.02) if known else None, "(n - 1) / n"
        ),
        mean_between(
            "what the best reply gains, of the equilibrium payoff", losses, (-1.0e-3, 0.01) if known else None,
            "the bar of learned formats: 1 %",
        ),
    )  # fmt: skip
    said = (
        f"{settings.bidders} bidders learn to bid {np.mean(shares):.3f} of their value, equilibrium is {share:.3f}; a "
        f"best reply to them gains {np.mean(losses):.2%}."
    )
    every = slice(None, None, 40)
    lines = {f"seed {settings.seed + number}": (_VALUES[every], bids[every]) for number, bids in enumerate(learned)}
    lines["equilibrium"] = (_VALUES[every], share * _VALUES[every])
    return Findings(said, figures, {"Bids": lines}, {"Bids": ("value", "bid, credits")})


STUDY = Study("first_price", "Do learners find the equilibrium of first price?", FirstPriceSettings, run)
