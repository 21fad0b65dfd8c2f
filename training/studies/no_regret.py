"""No-regret bidders with fixed values: what the seller earns in first and second price (Kolumbus and Nisan 2022).

Each bidder hears after every round what each bid would have earned against what the other played (Hedge). In first
price the seller ends with the second value; in second price with less, because who always loses stops learning.
"""

import math
from typing import Literal

import numpy as np
from pydantic import Field

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.by_sums import hedge
from econo_env.training.studies.base import Findings, Settings, Study, Told, mean_between, share_between

_SOURCE = "Deng et al. (2022), Kolumbus and Nisan (2022); recomputed"
_PARTS = 40
_NEVER = -1e9
"""What a bid must be held to be worth so that nobody ever makes it."""


class NoRegretSettings(Settings):
    """Settings.

    Attributes:
        rule: The auction, `first_price` or `second_price`.
        values: What the item is worth to each bidder, credits, at most 1.
        bids: Bids of the grid from 0 to 1.
        rounds: Rounds of a run.
        sessions: Independent runs.
        rate: eta; 0 for sqrt(8 ln K / rounds).
        overbidding: Whether bids above the own value may be made.
        tail: Last rounds of a run that count.
    """

    study: Literal["no_regret"] = "no_regret"
    rule: Literal["first_price", "second_price"] = "first_price"
    values: tuple[float, ...] = (1.0, 0.5)
    bids: int = Field(21, ge=2, le=1000)
    rounds: int = Field(20_000, ge=10)
    sessions: int = Field(5, ge=2, le=10_000)
    rate: float = Field(0.0, ge=0.0)
    overbidding: bool = False
    tail: int = Field(2000, ge=1)


def run(settings: NoRegretSettings, told: Told) -> Findings:
    """Plays the runs side by side."""
    scenario = econo_env.load(
        f"{settings.rule}_v0",
        num_agents=len(settings.values),
        max_cycles=settings.rounds + 1,
        bids="amount",
        feedback="all_bids",
        values=[{"name": "empirical", "quantiles": [value, value]} for value in settings.values],
    )
    highest = max(settings.values)
    rate = settings.rate or math.sqrt(8.0 * math.log(settings.bids) / settings.rounds)
    # the largest bid is twice the highest value: action 1 / highest - 1 bids 1
    largest = 1.0 / highest - 1.0
    policy = hedge(scenario, settings.seed, of="action", arms=settings.bids, lowest=-1.0, highest=largest, rate=rate)
    if not settings.overbidding:
        above = np.linspace(0.0, 1.0, settings.bids) > np.array(settings.values)[:, None] + 1e-9
        policy.begin(settings.sessions, np.where(above, _NEVER, 0.0)[:, None])
    engine = Engine(scenario, settings.sessions)
    engine.reset(settings.seed)
    buffers, won = engine.buffers, np.zeros(settings.sessions)
    course: Float64s = np.zeros((settings.rounds, settings.sessions))
    top = int(np.argmax(settings.values))
    for step in range(settings.rounds):
        engine.step(policy.act(buffers.observations, buffers.action_mask))
        policy.observe(buffers.rewards, buffers.ended)
        course[step] = engine.state.award.pays.sum(axis=1) / 1e6
        bids = engine.state.bids
        if step >= settings.rounds - settings.tail:
            won += bids[:, top] >= bids.max(axis=1)
        if step % 500 == 0:
            told(step / settings.rounds, f"round {step:,}")
    return _findings(settings, course, won / min(settings.tail, settings.rounds))


def _findings(settings: NoRegretSettings, course: Float64s, won: Float64s) -> Findings:
    revenue = course[-settings.tail :].mean(axis=0)
    known = _known(settings)
    source, second = _SOURCE if known else "", sorted(settings.values)[-2]
    figures = (
        mean_between("revenue of the last rounds", revenue, known.get("revenue"), source),
        mean_between("share of them that the highest value wins, or ties", won, known.get("won"), source),
        share_between("runs that earn the seller the second value within 1 %", np.abs(revenue / second - 1.0) <= 0.01),
    )
    parts = np.array_split(np.arange(settings.rounds), _PARTS)
    x = np.array([part.mean() for part in parts])
    y = np.array([course[part].mean() for part in parts])
    said = (
        f"Bidders without regret, values {', '.join(f'{v:g}' for v in settings.values)}, pay {figures[0].value:.3f} in "
        f"{settings.rule.replace('_', ' ')}; the second value is {second:g}."
    )
    lines = {settings.rule.replace("_", " "): (x, y), "second value": (x, np.full(len(x), second))}
    return Findings(said, figures, {"Revenue": lines}, {"Revenue": ("round", "credits")})


_KNOWN: tuple[tuple[dict[str, object], dict[str, tuple[float, float]]], ...] = (
    ({}, {"revenue": (0.495, 0.505), "won": (0.999, 1.0)}),
    ({"values": (1.0, 1.0)}, {"revenue": (0.895, 0.905)}),
    ({"rule": "second_price"}, {"revenue": (0.254, 0.294), "won": (0.999, 1.0)}),
)
"""Settings that were run before, as changes of the defaults, with the ranges in which what they find lies."""


def _known(settings: NoRegretSettings) -> dict[str, tuple[float, float]]:
    """Known answers with their tolerances by figure; none for settings that nobody has run."""
    plain = NoRegretSettings(seed=settings.seed, sessions=settings.sessions)
    return next((found for changes, found in _KNOWN if settings == plain.model_copy(update=changes)), {})


STUDY = Study("no_regret", "What do bidders without regret pay in first and in second price?", NoRegretSettings, run)
