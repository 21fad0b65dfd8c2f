"""Q-learning bidders in first- and second-price auctions (Banchio and Skrzypacz, EC 2022): who learns to bid low.

With one bid each on a grid, the same value for both and no memory, first price ends far below the value, second price
at it; telling bidders what every bid would have earned restores competition. What Q starts from, and how patient
bidders are, decides: both are settings.
"""

from typing import Literal

import numpy as np
from pydantic import Field, model_validator

import econo_env
from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.policies.adaptive.by_reward import q_learning
from econo_env.policies.adaptive.learner import Learner
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between, share_between
from econo_env.training.studies.sessions import Sessions

_RULES = ("first_price", "second_price")  # by the place of the bid that is paid
_SOURCE = "Banchio and Skrzypacz (2022), recomputed"


class BiddingSettings(Settings):
    """Settings.

    Attributes:
        rule: The auction, `first_price` or `second_price`.
        sessions: Independent auctions that are repeated.
        bidders: Bidders of a session, each with value 1.
        lowest_bid: The least bid of the grid, credits.
        highest_bid: The largest.
        bids: How many there are.
        periods: Rounds of a session.
        rate: alpha.
        discount: gamma.
        exploration: Chance to explore at first.
        decay: It is exploration * exp(-decay t).
        initial: Q at first, credits; `random` draws it from U[0, 1] for each bidder and bid.
        feedback: Whether bidders hear what every bid would have earned.
        steady: Rounds without change of a best bid that make a session settled; others are left out.
        threads: That share the sessions; findings do not depend on it.
    """

    study: Literal["bidding"] = "bidding"
    rule: Literal["first_price", "second_price"] = "first_price"
    sessions: int = Field(200, ge=2, le=100_000)
    bidders: int = Field(2, ge=2, le=50)
    lowest_bid: float = Field(0.05, ge=0.0, le=2.0)
    highest_bid: float = Field(0.95, gt=0.0, le=2.0)
    bids: int = Field(19, ge=2, le=1000)
    periods: int = Field(1_000_000, ge=1)
    rate: float = Field(0.05, gt=0.0, le=1.0)
    discount: float = Field(0.99, ge=0.0, lt=1.0)
    exploration: float = Field(0.025, ge=0.0, le=1.0)
    decay: float = Field(2e-4, ge=0.0, le=1.0)
    initial: float | Literal["random"] = 100.0
    feedback: bool = False
    steady: int = Field(1000, ge=1)
    threads: int = Field(2, ge=1, le=256)

    @model_validator(mode="after")
    def _bids_make_a_grid(self) -> "BiddingSettings":
        if not self.lowest_bid < self.highest_bid:
            raise ValueError(f"lowest_bid={self.lowest_bid} must lie below {self.highest_bid=}")
        return self


def _learner(settings: BiddingSettings) -> tuple[econo_env.Scenario, Learner]:
    scenario = econo_env.load(
        f"{settings.rule}_v0",
        num_agents=settings.bidders,
        max_cycles=1_000_000_000,
        bids="amount",
        values={"name": "empirical", "quantiles": [1.0, 1.0]},
        feedback="all_bids" if settings.feedback else "nothing",
    )
    learner = q_learning(
        scenario,
        of="action",
        arms=settings.bids,
        lowest=settings.lowest_bid - 1.0,  # a bid is 1 + the action, times the value 1
        highest=settings.highest_bid - 1.0,
        rate=settings.rate,
        discount=settings.discount,
        exploration=settings.exploration,
        decay=settings.decay,
        initial=0.0 if settings.initial == "random" else settings.initial,
        feedback=settings.feedback,
    )
    return scenario, learner


def run(settings: BiddingSettings, told: Told) -> Findings:
    """Plays the sessions and looks at the best bids that were learned."""
    scenario, learner = _learner(settings)
    sessions = Sessions(
        scenario,
        learner,
        settings.sessions,
        settings.seed,
        steady=0,
        longest=settings.periods,
        threads=settings.threads,
    )
    if settings.initial == "random":
        drawn = np.random.default_rng(settings.seed).random((settings.sessions, settings.bidders, 1, settings.bids))
        learner.begin(settings.sessions, drawn)
    sessions.play(told)
    best: Int64s = sessions.memories["values"].argmax(axis=-1)[..., 0]
    steady = sessions.memories["steady"].min(axis=1) >= settings.steady
    return _findings(settings, learner.arms.levels[best] + 1.0, steady)


def _findings(settings: BiddingSettings, greedy: Float64s, steady: Bools) -> Findings:
    """Of the best bids of all bidders, credits (sessions, bidders), and which sessions have settled."""
    known, kept = _known(settings), greedy[steady] if steady.sum() > 1 else greedy
    ranked = np.sort(kept, axis=1)
    price = ranked[:, -1 - _RULES.index(settings.rule)]
    source = _SOURCE if known else ""
    step = (settings.highest_bid - settings.lowest_bid) / (settings.bids - 1)
    top = np.isclose(kept, settings.highest_bid).all(axis=1)
    near = (ranked[:, 0] > settings.highest_bid - 1.5 * step) & (ranked[:, -1] < settings.highest_bid + 0.5 * step)
    figures = (
        share_between("sessions that settled", steady, known.get("settled"), source),
        mean_between("revenue of the bids that were learned", price, known.get("revenue"), source),
        Finding("median revenue", float(np.median(price))),
        share_between("sessions in which all learned the largest bid", top, known.get("top"), source),
        share_between("sessions in which all learned one of the two largest bids", near, known.get("near"), source),
    )
    counts = np.array([(np.isclose(price, level)).mean() for level in _levels(settings)])
    curves = {"Where bidders end": {settings.rule.replace("_", " "): (_levels(settings), counts)}}
    said = (
        f"Bidders with value 1 who learn by trial end with a {settings.rule.replace('_', '-')} revenue of "
        f"{figures[1].value:.3f} (95 % interval {figures[1].low:.3f} to {figures[1].high:.3f}, {len(kept)} sessions)."
    )
    return Findings(said, figures, curves, {"Where bidders end": ("revenue, credits", "share of sessions")})


def _levels(settings: BiddingSettings) -> Float64s:
    levels: Float64s = np.linspace(settings.lowest_bid, settings.highest_bid, settings.bids)
    return levels


_KNOWN: tuple[tuple[dict[str, object], dict[str, tuple[float, float]]], ...] = (
    ({}, {"revenue": (0.20, 0.26)}),
    ({"rule": "second_price"}, {"revenue": (0.93, 0.96), "top": (0.97, 1.0)}),
    ({"feedback": True}, {"near": (1.0, 1.0)}),
    ({"rule": "second_price", "feedback": True}, {"top": (1.0, 1.0)}),
    ({"discount": 0.0, "initial": 1.0}, {"revenue": (0.898, 0.95)}),
    ({"rule": "second_price", "highest_bid": 1.45, "bids": 29}, {"revenue": (0.0, 0.75)}),
)
"""Settings that were run before, as changes of the defaults, with the ranges in which what they find lies."""


def _known(settings: BiddingSettings) -> dict[str, tuple[float, float]]:
    """Known answers with their tolerances by figure; none for settings that nobody has run."""
    plain = BiddingSettings(seed=settings.seed, sessions=settings.sessions, threads=settings.threads)
    return next((found for changes, found in _KNOWN if settings == plain.model_copy(update=changes)), {})


STUDY = Study(
    "bidding", "Do bidders who learn by trial collude in first price, and not in second?", BiddingSettings, run
)
