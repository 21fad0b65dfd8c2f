"""The naive reputation weight: a learner finds what misreporting is worth, and nothing where the payment is critical.

Bids are ranked by weight times bid. Who pays the losing weighted bid X undivided should win wherever X < v, which is
the bid v / w whatever others do; who pays X / w should bid v.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from econo_env.catalogue import from_mapping
from econo_env.games.normal_form import Floats
from econo_env.policies import make_policy
from econo_env.scenario import Scenario
from econo_env.training.populations.empirical import returns
from econo_env.training.populations.replies import ppo_reply
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.psro import bids_in

_GRID = (np.arange(2000) + 0.5) / 2000
_WIDEST = 2.0  # an action bids at most twice the value


class ReputationWeightSettings(Settings):
    """Settings.

    Attributes:
        weights: Of the bidders, values U[0, 1].
        seats: Who learns, one at a time; all others are truthful.
        steps: That it learns.
        seeds: Learners of each seat and payment.
        markets: In which what is gained is measured.
    """

    study: Literal["reputation_weight"] = "reputation_weight"
    weights: tuple[float, ...] = (0.6, 0.8, 1.0, 1.2, 1.4)
    seats: tuple[int, ...] = (0, 4)
    steps: int = Field(150_000, ge=1)
    seeds: int = Field(3, ge=2)
    markets: int = Field(16_384, ge=1)

    def scenario(self, payment: str) -> Scenario:
        """The auction."""
        return from_mapping(
            {
                "id": f"study_weighted_{payment}_v0", "market": "sealed_bid", "num_agents": len(self.weights),
                "mechanism": {"name": "second_price", "payment": payment}, "weights": list(self.weights),
            }
        )  # fmt: skip


def gain_of(weights: tuple[float, ...], seat: int, share: float) -> float:
    """What bidding `share` times the value earns under the naive payment among truthful others, by quadrature.

    E over v of the integral of (v - x) dF(x) up to w share v, F the law of the largest weighted value of the others.
    """
    others = np.array([weight for number, weight in enumerate(weights) if number != seat])
    at = np.linspace(0.0, max(*others, 1.0), 8001)
    law = np.minimum(1.0, at[:, None] / others).prod(axis=1)
    mass, middle = np.diff(law), 0.5 * (at[1:] + at[:-1])
    first, value_first = np.concatenate([[0.0], np.cumsum(mass)]), np.concatenate([[0.0], np.cumsum(mass * middle)])
    reach = np.minimum(weights[seat] * share * _GRID, at[-1])
    wins, pays = np.interp(reach, at, first), np.interp(reach, at, value_first)
    return float((_GRID * wins - pays).mean())


def run(settings: ReputationWeightSettings, told: Told) -> Findings:
    """Learns each seat under both payments."""
    figures: list[Finding] = []
    curves: dict[str, tuple[Floats, Floats]] = {}
    told_of = []
    places = [(payment, seat) for payment in ("naive", "critical") for seat in settings.seats]
    for place, (payment, seat) in enumerate(places):
        told(place / len(places), f"{payment} payment, weight {settings.weights[seat]:g}")
        scenario, weight = settings.scenario(payment), settings.weights[seat]
        truth = make_policy("truthful", scenario)
        everybody = dict.fromkeys(range(scenario.num_agents), truth)
        luck = settings.seed + 1_000_003
        honest = float(returns(scenario, everybody, luck, settings.markets)[seat])
        gains, shares = [], []
        for number in range(settings.seeds):
            reply = ppo_reply(scenario, seat, truth, settings.steps, settings.seed + number)
            earned = float(returns(scenario, {**everybody, seat: reply}, luck, settings.markets)[seat])
            gains.append((earned - honest) / honest)
            bids = bids_in(scenario, reply, _GRID, seat)
            shares.append(float((bids * _GRID).sum() / (_GRID**2).sum()))
            if number == 0 and payment == "naive":
                curves[f"weight {weight:g}"] = (_GRID[::40], bids[::40])
        exact = 0.0
        if payment == "naive":
            known_share = min(_WIDEST, 1.0 / weight)
            exact = gain_of(settings.weights, seat, known_share) / gain_of(settings.weights, seat, 1.0) - 1.0
            told_of.append(f"{np.mean(gains):+.0%} at weight {weight:g}")
        label = f"{payment} payment, weight {weight:g}"
        near = (0.9 * exact, 1.1 * exact) if payment == "naive" else (-0.05, 0.02)
        figures += [
            mean_between(f"{label}: gain over truth", gains, near, "v / w, by quadrature" if exact else "truth"),
            mean_between(f"{label}: share of the value that is bid", shares),
        ]
    said = (
        f"Learners gain {', '.join(told_of)} by misreporting under the naive payment, and nothing under the critical."
    )
    title = "What learners bid under the naive payment"
    lines = {**curves, "truth": (_GRID[::40], _GRID[::40])}
    return Findings(said, tuple(figures), {title: lines}, {title: ("value", "bid, credits")})


STUDY = Study(
    "reputation_weight", "What does a learner make of the naive reputation weight?", ReputationWeightSettings, run
)
