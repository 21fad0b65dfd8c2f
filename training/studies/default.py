"""Stake against default by learners: winners who may walk away learn when it pays; a larger stake keeps more of them.

After a second-price sale its winner learns e, uniform on [-a, a], and chooses: keep v + e for the price p, or give up
the stake D. It pays to walk away exactly where v + e - p < -D. With n values of U[0, 1], bids of v + m and
c = a - D + m, that is in a share of sales of

    R = (c (1 - (1 - x)^n) + x (1 - x)^n - (1 - (1 - x)^(n + 1)) / (n + 1)) / 2 a,    x = min(1, max(0, c)),

for the gap between the two highest values has density n (1 - x)^(n - 1). Bids of the truth have m = 0, dominant ones
(sqrt(a) - sqrt(D))^2: then nobody who knows better defaults from D = a on.
"""

import math
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from econo_env.catalogue import from_mapping
from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Float64s, Int64s
from econo_env.markets.default import DefaultByChoice, premium
from econo_env.money import MICRO
from econo_env.policies.adaptive.by_reward import q_learning, upper_bound
from econo_env.policies.adaptive.learner import Learner
from econo_env.policy import Policy
from econo_env.training.studies.base import Curves, Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.stake_and_reputation import learn

_SOURCE = "walks away where v + e - p < -D"
BIDS = ("truthful", "dominant")
LEARNERS = ("q_learning", "ucb")
_EPISODES = 4096
_PPO = {"gamma": 1.0, "num_markets": 256, "batch_size": 4096, "difference_rewards": False}


class DefaultSettings(Settings):
    """Settings.

    Attributes:
        bidders: In a market.
        shock: The largest change of the worth after the sale, credits.
        stakes: What walking away costs, credits, ascending.
        seeds: Independent markets of each stake.
        sales: Of a market; the last quarter counts.
        bins: In which winners see what keeping would earn, from -2 shocks to 2.
        ppo_stakes: Stakes at which PPO learns both to bid and to choose; none leaves it out.
        ppo_seeds: Training seeds of each.
        ppo_steps: Agent-steps of a training.
    """

    study: Literal["default"] = "default"
    bidders: int = Field(2, ge=2, le=16)
    shock: float = Field(0.4, gt=0.0, le=100.0)
    stakes: tuple[float, ...] = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45)
    seeds: int = Field(20, ge=10, le=10_000)
    sales: int = Field(6000, ge=40)
    bins: int = Field(81, ge=3, le=10_001)
    ppo_stakes: tuple[float, ...] = (0.05, 0.2, 0.4)
    ppo_seeds: int = Field(10, ge=10)
    ppo_steps: int = Field(400_000, ge=1)

    @model_validator(mode="after")
    def _stakes_ascend(self) -> "DefaultSettings":
        ascending = all(one < other for one, other in zip(self.stakes, self.stakes[1:], strict=False))
        if len(self.stakes) < 2 or not ascending or self.stakes[0] < 0.0:
            raise ValueError(f"stakes={self.stakes}: give two or more, ascending, none below 0")
        return self

    def scenario(self, stake: float, sales: int = 1, levers: dict[str, list[float]] | None = None) -> DefaultByChoice:
        """The market."""
        document = {
            "id": "study_default_v0", "market": "default", "num_agents": self.bidders, "max_cycles": 2 * sales,
            "mechanism": {"name": "right_to_default", "shock": self.shock, "stake": stake}, "levers": levers,
        }  # fmt: skip
        scenario = from_mapping({key: value for key, value in document.items() if value is not None})
        assert isinstance(scenario, DefaultByChoice)
        return scenario

    def tolerance(self) -> float:
        """How far a share of defaults may be from the law: by a bin that the cutoff may split, and by luck."""
        return 1.0 / (self.bins - 1) + 4.0 * math.sqrt(0.25 / (self.seeds * max(1, self.sales // 4)))


def default_rate(bidders: int, shock: float, stake: float, above: float) -> float:
    """The share of sales whose winners walk away where that pays: see R at the top.

    Args:
        bidders: With values of U[0, 1].
        shock: A, credits.
        stake: D, credits.
        above: M, what all bid above their values, from 0 to the shock.
    """
    cutoff = max(0.0, shock - stake + above)
    gap = min(1.0, cutoff)
    wider = (1.0 - gap) ** bidders
    return (cutoff * (1.0 - wider) + gap * wider - (1.0 - wider * (1.0 - gap)) / (bidders + 1)) / (2.0 * shock)


class Cells(NamedTuple):
    """What each market of the batch is: all bids, all stakes, all seeds."""

    bids: Int64s  # place in `BIDS`
    stake: Int64s  # place in the settings' stakes
    above: Float64s  # credits


def cells_of(settings: DefaultSettings) -> Cells:
    """The markets, bids by bids, stake by stake."""
    bids, stake, _ = np.indices((len(BIDS), len(settings.stakes), settings.seeds)).reshape(3, -1)
    known = np.array([premium(settings.scenario(each)) for each in settings.stakes])
    return Cells(bids, stake, np.where(bids == BIDS.index("dominant"), known[stake], 0.0))


def _learner(name: str, scenario: DefaultByChoice, settings: DefaultSettings) -> Learner:
    """Two arms, to walk away and to keep; what is seen is the gain of keeping in bins."""
    grid: dict[str, Any] = {"of": "action", "arms": 2, "lowest": -1.0, "highest": 1.0, "sees": {"gain": settings.bins}}
    if name == "ucb":
        worst, best = -2.0 * settings.shock - settings.stakes[-1], 1.0 + 2.0 * settings.shock
        return upper_bound(scenario, settings.seed, width=1e-4, least_reward=worst, largest_reward=best, **grid)
    decay = 20.0 / settings.sales
    return q_learning(scenario, settings.seed, rate=0.1, discount=0.0, exploration=1.0, decay=decay, **grid)


def learned_rates(name: str, settings: DefaultSettings, told: Told) -> tuple[Float64s, Float64s]:
    """What learners come to, in each market: the share of defaults, and of choices that are those of theory."""
    cells, most = cells_of(settings), settings.stakes[-1]
    scenario = settings.scenario(most, settings.sales, {"mechanism.stake": [0.0, most]})
    engine, learner = Engine(scenario, len(cells.stake)), _learner(name, scenario, settings)
    engine.reset(settings.seed)
    stakes = np.array(settings.stakes)[cells.stake]
    engine.levers["mechanism.stake"][:] = stakes
    buffers, state = engine.buffers, engine.state
    offset = np.broadcast_to((cells.above / (2.0 * settings.shock))[:, None, None], buffers.actions.shape)
    walked, right, counted = np.zeros(len(stakes)), np.zeros(len(stakes)), 0
    for sale in range(settings.sales):
        engine.step(offset.astype(np.float32))
        gain = (state.values + state.learned[:, None] - state.price[:, None]) / MICRO
        pays = ((gain < -stakes[:, None]) & state.chooses).any(axis=1)
        engine.step(learner.act(buffers.observations, buffers.action_mask))
        learner.observe(buffers.rewards, buffers.ended)
        if sale >= settings.sales - max(1, settings.sales // 4):
            left: Bools = state.walked.any(axis=1)
            walked, right, counted = walked + left, right + (left == pays), counted + 1
        if sale % 500 == 0:
            told(sale / settings.sales, f"{name}, sale {sale:,}")
    return walked / counted, right / counted


def measured(scenario: DefaultByChoice, policy: Policy, seed: int) -> tuple[float, float]:
    """The share of defaults under a policy, and what it bids above the values, credits, on average."""
    engine = Engine(scenario, _EPISODES)
    engine.reset(seed)
    policy.reset(seed)
    buffers, state = engine.buffers, engine.state
    values = state.values.copy()
    engine.step(policy.act(buffers.observations, buffers.action_mask))
    above = float((state.bids - values).mean()) / MICRO
    engine.step(policy.act(buffers.observations, buffers.action_mask))
    return float(state.walked.any(axis=1).mean()), above


def _by_bandits(settings: DefaultSettings, told: Told) -> tuple[list[Finding], Curves]:
    cells, near = cells_of(settings), settings.tolerance()
    figures: list[Finding] = []
    curves: Curves = {f"Defaults, bids {bids}": {} for bids in BIDS}
    laws = {
        bids: np.array([
            default_rate(settings.bidders, settings.shock, stake, _above(bids, settings, stake))
            for stake in settings.stakes
        ])
        for bids in BIDS
    }  # fmt: skip
    for number, name in enumerate(LEARNERS):
        rates, right = learned_rates(name, settings, lambda s, what, n=number: told(0.2 * (n + s), what))  # type: ignore[misc]
        for place, bids in enumerate(BIDS):
            own = np.array([
                rates[(cells.bids == place) & (cells.stake == stake)] for stake in range(len(settings.stakes))
            ])  # fmt: skip
            curves[f"Defaults, bids {bids}"][name] = (np.array(settings.stakes), own.mean(axis=1))
            away = np.abs(own.mean(axis=1) - laws[bids])
            figures.append(
                Finding(f"{name}, {bids} bids: largest distance from the law", float(away.max()), known=(0.0, near),
                        source=_SOURCE)
            )  # fmt: skip
            for at in (0, len(settings.stakes) // 2, len(settings.stakes) - 1):
                law, stake = laws[bids][at], settings.stakes[at]
                figures.append(
                    mean_between(f"{name}, {bids} bids: share of defaults at a stake of {stake:g}", own[at],
                                 (law - near, law + near), _SOURCE)
                )  # fmt: skip
        figures.append(mean_between(f"{name}: share of choices that are those of theory", right, (0.95, 1.0), _SOURCE))
    for bids in BIDS:
        fine = np.linspace(settings.stakes[0], settings.stakes[-1], 101)
        law = [default_rate(settings.bidders, settings.shock, at, _above(bids, settings, at)) for at in fine]
        curves[f"Defaults, bids {bids}"]["closed form"] = (fine, np.array(law))
    return figures, curves


def _above(bids: str, settings: DefaultSettings, stake: float) -> float:
    return premium(settings.scenario(stake)) if bids == "dominant" else 0.0


def _by_ppo(settings: DefaultSettings, told: Told) -> Iterator[tuple[float, Float64s]]:
    """Stake by stake: share of defaults and bids above the value that PPO has learned, (seeds, 2)."""
    for number, stake in enumerate(settings.ppo_stakes):
        scenario, rows = settings.scenario(stake), []
        for seed in range(settings.seed, settings.seed + settings.ppo_seeds):
            done = (number + (seed - settings.seed) / settings.ppo_seeds) / len(settings.ppo_stakes)
            told(0.4 + 0.6 * done, f"PPO, stake {stake:g}, seed {seed}")
            rows.append(measured(scenario, learn(scenario, _PPO, settings.ppo_steps, seed), settings.seed))
        yield stake, np.array(rows)


def run(settings: DefaultSettings, told: Told) -> Findings:
    """Learners choose among bidders who bid by theory; PPO learns to bid and to choose."""
    figures, curves = _by_bandits(settings, told)
    points = []
    for stake, rows in _by_ppo(settings, told):
        best = premium(settings.scenario(stake))
        law = default_rate(settings.bidders, settings.shock, stake, best)
        near = (law - 0.03, law + 0.03)
        figures.append(mean_between(f"PPO: share of defaults at a stake of {stake:g}", rows[:, 0], near, _SOURCE))
        figures.append(
            mean_between(f"PPO: bids above the value at a stake of {stake:g}", rows[:, 1],
                         (best - 0.1 * settings.shock, best + 0.1 * settings.shock), "(sqrt(a) - sqrt(D))^2")
        )  # fmt: skip
        points.append((stake, rows[:, 0].mean()))
    if points:
        curves["Defaults, bids dominant"]["PPO, bids learned"] = tuple(np.array(points).T)
    rates = curves["Defaults, bids dominant"][LEARNERS[0]][1]
    said = (
        f"With bids by theory learners walk away from {rates[0]:.1%} of sales at a stake of {settings.stakes[0]:g} and "
        f"from {rates[-1]:.1%} at {settings.stakes[-1]:g}; shock {settings.shock:g}."
    )
    axes = dict.fromkeys(curves, ("stake, credits", "share of sales"))
    return Findings(said, tuple(figures), curves, axes)


STUDY = Study("default", "How large a stake keeps learners from walking away from what they won?", DefaultSettings, run)
