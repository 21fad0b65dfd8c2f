"""Which level pays in which market: one agent of each level among the same others, in markets that stay or switch.

The agent is the one that a scenario's population leaves to training. Reactive tells the truth; proactive plays the
multiple of the truth that earned most beforehand, in markets of other luck, and stays with it; adaptive goes on
learning (Hedge that forgets where all bids are shown, else CUSUM-UCB); emergent plays what replicator dynamics make of
a population in which everybody chooses among the same multiples.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.catalogue import known_id, load
from econo_env.economy.parts.regimes import RegimesSection
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s, Int64s
from econo_env.market import market_of, offered
from econo_env.policies import make_policy
from econo_env.policies.emergent.replicator import meeting, replicate
from econo_env.policies.listed import listed
from econo_env.policies.population import Seated
from econo_env.policy import Actions, Mask, Named, Observations, masked
from econo_env.population import LEVELS
from econo_env.scenario import Scenario
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.follow import rounds_to_follow

FOLDERS = (
    Path("configs/scenarios"),
    *(folder / "configs/scenarios" for folder in Path(__file__).resolve().parents[1:3]),
)
"""Where scenarios without an id lie: the working directory's, then those that came with the package."""
MARKETS = (
    "levels_stationary",
    "regimes_rivals",
    "regimes_rules",
    "regimes_values",
    "regimes_supply",
    "levels_two_sided",
    "task_market_v1",
)
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


class Multiples:
    """Multiples of the truth that differ from market to market, and perhaps from agent to agent."""

    name = "multiples"

    def __init__(self, scenario: Scenario, factors: Float64s) -> None:
        """Takes factors (markets, agents) or (markets, 1)."""
        self._scenario, self._factors = scenario, factors
        self._scaled = offered(market_of(scenario).baselines.scaled, "multiples of the truth", scenario)

    def reset(self, seed: int) -> None:
        """Nothing to start over."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """Each market's multiple."""
        share = np.broadcast_to(self._factors, np.shape(mask))
        return masked(self._scaled(self._scenario, observations, share), mask)


class Payoff(NamedTuple):
    """What levels earn in a market, all incomes credits a tick.

    Attributes:
        earned: By level, (ticks, sessions).
        oracle: Of the best multiple of each regime, chosen beforehand, (ticks, sessions).
        regimes: How many there are.
    """

    earned: Mapping[str, Float64s]
    oracle: Float64s
    regimes: int


def market_named(name: str, every: int) -> Scenario:
    """A market of the study: its scenario with regimes of so many ticks, and one seat to judge.

    Raises:
        ValueError: No such scenario.
    """
    found = [folder / f"{name}.yaml" for folder in FOLDERS if (folder / f"{name}.yaml").is_file()]
    scenario = load(str(found[0])) if found and known_id(name) is None else load(name)
    if scenario.population is None:
        others = {"count": scenario.num_agents - 1}
        return scenario.replace(population=[{"count": 1, "intelligence": "proactive"}, others])
    groups = [group.model_dump(mode="json") for group in scenario.population]
    for group in groups:
        if "every" in group["options"]:
            group["options"]["every"] = every
    changes: dict[str, Any] = {"population": groups}
    if "regimes" in (scenario.economy or {}):
        changes["economy.regimes.every"] = every
    return scenario.replace(**changes)


def regimes_of(scenario: Scenario) -> int:
    """How many regimes a market goes through."""
    section = (scenario.economy or {}).get("regimes")
    if isinstance(section, RegimesSection):
        return section.count
    switches = any("every" in group.options for group in scenario.population or ())
    return 2 if switches else 1


def played(scenario: Scenario, policy: Seated, seat: int, seed: int, sessions: int, ticks: int) -> Float64s:
    """What a seat earns, credits (ticks, sessions); episodes follow each other."""
    engine = Engine(scenario, sessions, autoreset=True)
    engine.reset(seed)
    policy.reset(seed)
    buffers, earned = engine.buffers, np.zeros((ticks, sessions))
    for tick in range(ticks):
        engine.step(policy.act(buffers.observations, buffers.action_mask))
        policy.observe(buffers.rewards, buffers.ended)
        earned[tick] = buffers.rewards[:, seat]
    return earned


def payoff_of(scenario: Scenario, settings: LevelsSettings) -> Payoff:
    """What each level earns in a market, and the best multiple of every regime."""
    arms, sessions, ticks = settings.levels, settings.sessions, settings.ticks
    seat, count = scenario.learning_seats()[0], regimes_of(scenario)
    regime: Int64s = np.arange(ticks) // settings.every % count
    before = _of_arms(scenario, settings, seat)
    by_regime = np.array([before[regime == r].mean(axis=0) for r in range(count)])
    best, fixed = by_regime.argmax(axis=1), int(before.mean(axis=0).argmax())

    def plays(policy: Named) -> Float64s:
        return played(scenario, listed(scenario, settings.seed, learned=policy), seat, settings.seed, sessions, ticks)

    each = {int(arm): plays(Multiples(scenario, np.full((sessions, 1), arms[arm]))) for arm in {*best.tolist(), fixed}}
    oracle = np.stack([each[int(best[r])][tick] for tick, r in enumerate(regime)])
    shares = _evolved(scenario, settings, seat)
    generator = np.random.default_rng([settings.seed, 1])
    drawn = arms[generator.choice(len(arms), size=(sessions, 1), p=shares)]
    return Payoff(
        {
            "reactive": plays(Multiples(scenario, np.ones((sessions, 1)))),
            "proactive": each[fixed],
            "adaptive": plays(_adaptive(scenario, settings)),
            "emergent": plays(Multiples(scenario, drawn)),
        },
        oracle,
        count,
    )


def _of_arms(scenario: Scenario, settings: LevelsSettings, seat: int) -> Float64s:
    """What each multiple earned beforehand, with other luck, credits (ticks, arms)."""
    arms, sessions = settings.levels, settings.sessions
    factors = np.repeat(arms, sessions)[:, None]
    policy = listed(scenario, settings.seed, learned=Multiples(scenario, factors))
    earned = played(scenario, policy, seat, settings.seed + 1, len(factors), settings.ticks)
    by_arm: Float64s = earned.reshape(settings.ticks, len(arms), sessions).mean(axis=2)
    return by_arm


def _evolved(scenario: Scenario, settings: LevelsSettings, seat: int) -> Float64s:
    """Shares of multiples in a population of which each chooses one, (arms,)."""
    arms, sessions = settings.levels, settings.sessions
    count = len(arms)
    own, others = np.repeat(arms, count * sessions), np.tile(np.repeat(arms, sessions), count)
    factors = np.repeat(others[:, None], scenario.num_agents, axis=1)
    factors[:, seat] = own
    alone = Seated("everybody", scenario, [Multiples(scenario, factors)], [0] * scenario.num_agents, [])
    ticks = min(settings.ticks, regimes_of(scenario) * settings.every, 1000)
    earned = played(scenario, alone, seat, settings.seed + 2, len(factors), ticks)
    payoffs = earned.mean(axis=0).reshape(count, count, sessions).mean(axis=2)
    scale = max(float(np.ptp(payoffs)), 1e-12)
    grown = replicate(meeting(payoffs / scale), np.full(count, 1 / count), _GENERATIONS, strength=_STRENGTH)[-1]
    shares: Float64s = np.asarray(grown / grown.sum())
    return shares


def _adaptive(scenario: Scenario, settings: LevelsSettings) -> Named:
    grid = {"arms": settings.arms, "lowest": 0.0, "highest": 1.0}
    try:
        return make_policy("hedge", scenario, settings.seed, rate=10.0, forgetting=0.95, **grid)
    except ValueError:  # a market that does not show all bids
        return make_policy("sensing", scenario, settings.seed, **grid)


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
    title, places = "Income as a share of the best multiple of every regime", np.arange(len(markets), dtype=np.float64)
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
    known = (-np.inf, 0.0) if usual and name in ("regimes_rivals", "regimes_rules") else None
    figures.append(Finding(half.what, half.value, half.low, half.high, known, _BAR))
    whole = settings.ticks // settings.every * settings.every
    ticks = rounds_to_follow(
        found.earned["adaptive"].mean(axis=1)[:whole],
        found.oracle.mean(axis=1)[:whole],
        settings.every,
        settings.followed,
    )
    bar = (0.0, 50.0) if usual and name == "regimes_rivals" else None
    figures.append(Finding(f"{name}: ticks until adaptive follows", ticks, known=bar, source="the adaptive level"))
    return figures


STUDY = Study("levels", "Which level of intelligence pays in which market?", LevelsSettings, run)
