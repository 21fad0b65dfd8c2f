"""Unfamiliar company: a reply learned among some bidders earns more than equilibrium among others of their kind.

The protocol of Melting Pot (Leibo et al. 2021): a focal policy learns in a substrate with some co-players, and is
scored with others that it has never met. Here all of them bid less than they should, each by a bid function of its own.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

import econo_env
from econo_env.games.normal_form import Floats
from econo_env.policies import make_policy
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.mixture import Group, Mixture
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.populations.empirical import returns
from econo_env.training.populations.replies import ppo_reply
from econo_env.training.studies.base import Findings, Settings, Study, Told, mean_between

_KNOTS = 4


class HeldOutSettings(Settings):
    """Settings.

    Attributes:
        bidders: Of an auction, values U[0, 1].
        lowest: Least share of the value that co-players bid.
        highest: Largest share.
        familiar: Co-players of the training.
        unfamiliar: Others of their kind, with whom it is scored.
        steps: That the focal policy learns.
        seeds: Focal policies.
        markets: Auctions with each co-player.
    """

    study: Literal["held_out"] = "held_out"
    bidders: int = Field(2, ge=2, le=16)
    lowest: float = Field(0.1, ge=0.0, le=1.0)
    highest: float = Field(0.4, ge=0.0, le=1.0)
    familiar: int = Field(12, ge=1, le=1000)
    unfamiliar: int = Field(24, ge=2, le=10_000)
    steps: int = Field(200_000, ge=1)
    seeds: int = Field(3, ge=1)
    markets: int = Field(4096, ge=1)

    @model_validator(mode="after")
    def _rises(self) -> "HeldOutSettings":
        if not self.lowest < self.highest:
            raise ValueError(f"lowest={self.lowest} must lie below {self.highest=}")
        return self


def co_players(settings: HeldOutSettings, scenario: Scenario, count: int, stream: int) -> list[BidCurve]:
    """So many bidders of a kind; those of different streams have nothing in common but that."""
    luck = np.random.default_rng([settings.seed, stream])
    return [BidCurve(scenario, luck.uniform(settings.lowest, settings.highest, _KNOTS)) for _ in range(count)]


def scores(settings: HeldOutSettings, focal: Policy, company: list[BidCurve], scenario: Scenario) -> Floats:
    """What a policy earns in the first seat among each co-player, credits (co-players,), with the same luck."""
    others = range(1, settings.bidders)
    luck = settings.seed + 1_000_003
    return np.array([returns(scenario, {0: focal, **dict.fromkeys(others, one)}, luck, settings.markets)[0]
                     for one in company])  # fmt: skip


def run(settings: HeldOutSettings, told: Told) -> Findings:
    """Learns among the familiar, scores among the unfamiliar."""
    scenario = econo_env.load("first_price_v0", num_agents=settings.bidders)
    familiar = co_players(settings, scenario, settings.familiar, 1)
    unfamiliar = co_players(settings, scenario, settings.unfamiliar, 2)
    everybody = Group(tuple(range(settings.bidders)), tuple(familiar), (1.0 / len(familiar),) * len(familiar))
    learned = []
    for number in range(settings.seeds):
        told(number / settings.seeds, f"learns, seed {settings.seed + number}")
        company = Mixture(scenario, [everybody], seed=settings.seed + number)
        learned.append(ppo_reply(scenario, 0, company, settings.steps, settings.seed + number))
    at_home = np.mean([scores(settings, one, familiar, scenario) for one in learned], axis=0)
    abroad = np.mean([scores(settings, one, unfamiliar, scenario) for one in learned], axis=0)
    equilibrium = scores(settings, make_policy("equilibrium", scenario), unfamiliar, scenario)
    own = np.array([scores(settings, one, [one], scenario)[0] for one in unfamiliar])
    margin = abroad - equilibrium
    known = (1.0e-9, 1.0) if settings == HeldOutSettings(seed=settings.seed) else None
    figures = (
        mean_between("focal policy among those it learned with", at_home),
        mean_between("focal policy among unfamiliar co-players", abroad),
        mean_between("equilibrium bidder among them", equilibrium),
        mean_between("one of them among its like", own),
        mean_between("margin over the equilibrium bidder", margin, known, "the interval is to exclude 0"),
        mean_between("margin over one of them in the same seat", abroad - np.array(
            [scores(settings, unfamiliar[place - 1], [one], scenario)[0] for place, one in enumerate(unfamiliar)]
        )),
    )  # fmt: skip
    low = figures[4].low
    said = (
        f"Among bidders whom it has never met it earns {margin.mean():.4f} credits more than equilibrium would, with "
        f"95 % confidence more than {low:.4f}."
    )
    order = np.argsort(equilibrium)
    places = np.arange(len(order))
    lines = {"focal policy": (places, abroad[order]), "equilibrium": (places, equilibrium[order])}
    title = "Among unfamiliar co-players"
    return Findings(said, figures, {title: lines}, {title: ("co-player, by what equilibrium earns", "credits")})


STUDY = Study("held_out", "Does what was learned among some earn more among others?", HeldOutSettings, run)
