"""Which level pays in which market: one agent of each level among the same others, in markets that stay or switch.

The agent is the one that a scenario's population leaves to training. Reactive tells the truth; proactive plays what
earned most beforehand, in the same markets with other luck, a multiple of the truth for each cell of its value, or the
best response to a forecast where bids are shown and that earns more; adaptive goes on learning; emergent plays what
replicator dynamics make of a population in which everybody chooses among the same multiples.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.engine.state import Float64s, Int64s
from econo_env.policies import make_policy
from econo_env.policies.adaptive.counterfactual import shows_all_payoffs
from econo_env.policies.emergent.replicator import meeting, replicate
from econo_env.policies.levels import AgentSpec, create_economic_agent
from econo_env.policies.listed import listed
from econo_env.policies.population import Seated
from econo_env.policy import Named
from econo_env.population import LEVELS
from econo_env.scenario import Scenario
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.follow import rounds_to_follow
from econo_env.training.studies.regimes import BidFunctions, best_known, market_named, played, regimes_of

MARKETS = (
    "levels_stationary",
    "regimes_rivals",
    "regimes_rules",
    "regimes_values",
    "regimes_supply",
    "levels_two_sided",
    "task_market_v1",
)
SWITCHING = tuple(name for name in MARKETS if name.startswith("regimes_"))
_LESS = (-np.inf, 0.0)
_BAR = "the bar of the adaptive level: at most half of proactive's"
_GENERATIONS, _STRENGTH = 2000, 20.0


class LevelsSettings(Settings):
    """Settings.

    Attributes:
        markets: Scenarios by id, file, or name in `configs/scenarios`; one that lists no population has one agent of
            that kind among truthful ones.
        sessions: Independent runs.
        ticks: Of a run.
        every: Ticks of a regime, where a market has regimes.
        arms: Multiples of the truth, from 0 to 1, among which levels choose.
        followed: Share of the best income at which a switch counts as followed.
    """

    study: Literal["levels"] = "levels"
    markets: tuple[str, ...] = Field(MARKETS, min_length=1)
    sessions: int = Field(20, ge=2, le=100_000)
    ticks: int = Field(4000, ge=4, le=1_000_000)
    every: int = Field(500, ge=2)
    arms: int = Field(21, ge=3, le=101)
    followed: float = Field(0.9, gt=0.0, lt=1.0)

    @property
    def levels(self) -> Float64s:
        """The multiples."""
        return np.linspace(0.0, 1.0, self.arms)


class Payoff(NamedTuple):
    """What levels earn in a market, all incomes credits a tick.

    Attributes:
        earned: By level, (ticks, sessions).
        oracle: Of the best strategy of each regime, chosen beforehand, (ticks, sessions).
        regimes: How many there are.
    """

    earned: Mapping[str, Float64s]
    oracle: Float64s
    regimes: int


def payoff_of(scenario: Scenario, settings: LevelsSettings) -> Payoff:
    """What each level earns in a market, and the best strategy of every regime."""
    arms, sessions, ticks = settings.levels, settings.sessions, settings.ticks
    seat, count = scenario.learning_seats()[0], regimes_of(scenario)
    regime: Int64s = np.arange(ticks) // settings.every % count
    runs = {"ticks": ticks, "sessions": sessions, "seed": settings.seed + 1}
    known = best_known(scenario, arms, every=settings.every, **runs)

    def plays(policy: Named) -> Float64s:
        return played(scenario, listed(scenario, settings.seed, learned=policy), seat, settings.seed, sessions, ticks)

    of_each = [plays(BidFunctions(scenario, best, known.edges)) for best in known.by_regime]
    oracle = np.stack([of_each[r][tick] for tick, r in enumerate(regime)])
    shares = _evolved(scenario, settings, seat)
    generator = np.random.default_rng([settings.seed, 1])
    drawn = arms[generator.choice(len(arms), size=(sessions, 1, 1), p=shares)]
    learned = [plays(BidFunctions(scenario, known.stays, known.edges))]
    if shows_all_payoffs(scenario):
        learned.append(plays(create_economic_agent(AgentSpec(), scenario, "proactive", settings.seed)))
    return Payoff(
        {
            "reactive": plays(BidFunctions(scenario, np.ones(1))),
            "proactive": max(learned, key=lambda earned: float(earned.mean())),
            "adaptive": plays(make_policy("adaptive", scenario, settings.seed, lowest=0.0, highest=1.0)),
            "emergent": plays(BidFunctions(scenario, drawn)),
        },
        oracle,
        count,
    )


def _evolved(scenario: Scenario, settings: LevelsSettings, seat: int) -> Float64s:
    """Shares of multiples in a population of which each chooses one, (arms,)."""
    arms, sessions = settings.levels, settings.sessions
    count = len(arms)
    own, others = np.repeat(arms, count * sessions), np.tile(np.repeat(arms, sessions), count)
    factors = np.repeat(others[:, None, None], scenario.num_agents, axis=1)
    factors[:, seat, 0] = own
    alone = Seated("everybody", scenario, [BidFunctions(scenario, factors)], [0] * scenario.num_agents, [])
    ticks = min(settings.ticks, regimes_of(scenario) * settings.every, 1000)
    earned = played(scenario, alone, seat, settings.seed + 2, len(factors), ticks)
    payoffs = earned.mean(axis=0).reshape(count, count, sessions).mean(axis=2)
    scale = max(float(np.ptp(payoffs)), 1e-12)
    grown = replicate(meeting(payoffs / scale), np.full(count, 1 / count), _GENERATIONS, strength=_STRENGTH)[-1]
    shares: Float64s = np.asarray(grown / grown.sum())
    return shares


def run(settings: LevelsSettings, told: Told) -> Findings:
    """Plays every level in every market."""
    markets = {name: market_named(name, settings.every) for name in settings.markets}
    usual = settings == LevelsSettings(seed=settings.seed, markets=settings.markets)
    figures: list[Finding] = []
    shares: dict[str, list[tuple[float, float]]] = {level: [] for level in LEVELS}
    winners = []
    for number, (name, scenario) in enumerate(markets.items()):
        told(number / len(markets), name)
        found = payoff_of(scenario, settings)
        figures += _figures(name, found, settings, usual)
        best = float(found.oracle.mean())
        for level, earned in found.earned.items():
            share = t_interval(earned.mean(axis=0) / best)
            shares[level].append((share.mean, share.high - share.mean))
        leader = max(found.earned, key=lambda level: float(found.earned[level].mean()))
        winners.append(f"{leader} in {name}")
    title, places = "Income as a share of the best strategy of every regime", np.arange(len(markets), dtype=np.float64)
    curves = {level: (places, np.array([mean for mean, _ in found])) for level, found in shares.items()}
    halves: dict[str, NDArray[Any]] = {level: np.array([h for _, h in found]) for level, found in shares.items()}
    names = tuple(name.removesuffix("_v1").replace("_", "\n") for name in markets)
    return Findings(
        f"The level that earns most: {', '.join(winners)}.",
        tuple(figures),
        {title: curves},
        {title: ("", "share")},
        places=names,
        halves={title: halves},
    )


def _figures(name: str, found: Payoff, settings: LevelsSettings, usual: bool) -> list[Finding]:
    figures = [mean_between(f"{name}: {level}", one.mean(axis=0)) for level, one in found.earned.items()]
    if found.regimes == 1:
        return figures
    oracle = found.oracle.mean(axis=0)
    lost = {level: oracle - one.mean(axis=0) for level, one in found.earned.items()}
    figures.append(mean_between(f"{name}: best of every regime", oracle))
    gap = lost["proactive"].mean() / oracle.mean()
    figures.append(Finding(f"{name}: share that the best that never changes loses", float(gap)))
    half = mean_between(f"{name}: adaptive's regret less half of proactive's", lost["adaptive"] - lost["proactive"] / 2)
    held = usual and name in SWITCHING
    figures += [
        half,
        Finding(f"{name}: the same, upper end of its interval", half.high, known=_LESS if held else None, source=_BAR),
    ]
    whole = settings.ticks // settings.every * settings.every
    ticks = rounds_to_follow(
        found.earned["adaptive"].mean(axis=1)[:whole],
        found.oracle.mean(axis=1)[:whole],
        settings.every,
        settings.followed,
    )
    bar = (0.0, 50.0) if held else None
    figures.append(Finding(f"{name}: ticks until adaptive follows", ticks, known=bar, source="the adaptive level"))
    return figures


STUDY = Study("levels", "Which level of intelligence pays in which market?", LevelsSettings, run)
