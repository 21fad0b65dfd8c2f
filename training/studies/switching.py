"""A rival that switches between two bids: who follows, and how fast.

The rival bids low for a while, then high, and so on. The best bid follows it; the best bid that never changes, which is
what learning on a stationary market ends with, loses every second phase. Learners differ in what they forget.
"""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import Float64s
from econo_env.policies.adaptive.by_reward import exp3, q_learning, regime_filter, upper_bound
from econo_env.policies.adaptive.by_sums import hedge
from econo_env.policies.adaptive.learner import Learner
from econo_env.scenario import Scenario
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between
from econo_env.training.studies.follow import rounds_to_follow

_SOURCE = "exact: the best bid against each of the two"


class SwitchingSettings(Settings):
    """Settings; all amounts in credits, the learner's value is 1.

    Attributes:
        low: What the rival bids in even phases.
        high: What it bids in odd ones.
        phase: Rounds of a phase.
        phases: How many.
        bids: Bids of the grid from 0 to 1.
        sessions: Independent runs of each learner.
        followed: Share of the best income at which a switch counts as followed.
    """

    study: Literal["switching"] = "switching"
    low: float = Field(0.1, ge=0.0, le=1.0)
    high: float = Field(0.7, ge=0.0, le=1.0)
    phase: int = Field(500, ge=2)
    phases: int = Field(10, ge=2)
    bids: int = Field(21, ge=3, le=1000)
    sessions: int = Field(50, ge=2, le=100_000)
    followed: float = Field(0.9, gt=0.0, lt=1.0)

    @model_validator(mode="after")
    def _rises(self) -> "SwitchingSettings":
        if not self.low < self.high:
            raise ValueError(f"low={self.low} must lie below {self.high=}")
        return self

    @property
    def rounds(self) -> int:
        """Rounds of a run."""
        return self.phase * self.phases


def learners(settings: SwitchingSettings) -> dict[str, Callable[[Scenario], Learner]]:
    """Who is compared, by name; those that forget fast enough for a phase, and the same that never do."""
    grid: dict[str, Any] = {"of": "action", "arms": settings.bids, "lowest": -1.0, "highest": 0.0}
    keep = 1.0 - 10.0 / settings.phase
    return {
        "hedge that forgets": lambda s: hedge(s, settings.seed, rate=10.0, forgetting=0.9, **grid),
        "hedge": lambda s: hedge(s, settings.seed, rate=0.1, **grid),
        "regime filter": lambda s: regime_filter(s, settings.seed, **grid),
        "EXP3.S": lambda s: exp3(s, settings.seed, share=1.0 / settings.rounds, horizon=settings.rounds, **grid),
        "EXP3": lambda s: exp3(s, settings.seed, horizon=settings.rounds, **grid),
        "discounted UCB": lambda s: upper_bound(s, settings.seed, forgetting=keep, width=0.02, **grid),
        "Q-learning": lambda s: q_learning(
            s, settings.seed, rate=0.2, discount=0.0, exploration=0.1, decay=0.0, initial=1.0, **grid
        ),
    }


def run(settings: SwitchingSettings, told: Told) -> Findings:
    """Plays every learner against the rival."""
    rival = np.where(np.arange(settings.rounds) // settings.phase % 2 == 0, settings.low, settings.high)
    grid = np.linspace(0.0, 1.0, settings.bids)
    wins = grid[:, None] > rival + 1e-9
    best_each = np.where(wins, 1.0 - grid[:, None], 0.0).max(axis=0)
    fixed = np.where(wins, 1.0 - grid[:, None], 0.0).mean(axis=1).max()
    known = settings == SwitchingSettings(seed=settings.seed, sessions=settings.sessions)
    figures = [
        Finding(
            "best bid of every phase",
            best_each.mean(),
            known=(0.55 - 1e-9, 0.55 + 1e-9) if known else None,
            source=_SOURCE,
        ),
        Finding(
            "best bid that never changes", fixed, known=(0.425 - 1e-9, 0.425 + 1e-9) if known else None, source=_SOURCE
        ),
    ]
    curves: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    made = learners(settings)
    for number, (name, make) in enumerate(made.items()):
        told(number / len(made), name)
        earned = _play(settings, rival, make)
        first = known and number == 0
        figures += [
            mean_between(f"{name}: income", earned.mean(axis=0)),
            Finding(
                f"{name}: rounds to follow a switch",
                rounds_to_follow(earned.mean(axis=1), best_each, settings.phase, settings.followed),
                known=(0.0, 50.0) if first else None,
                source="the bar of the adaptive level",
            ),
        ]
        curves[name] = (np.arange(settings.phase), _by_phase(settings, earned))
    return _said(settings, figures, curves, list(made))


def _said(
    settings: SwitchingSettings,
    figures: list[Finding],
    curves: dict[str, tuple[NDArray[Any], NDArray[Any]]],
    names: list[str],
) -> Findings:
    best, fixed = figures[0].value, figures[1].value
    incomes = dict(zip(names, figures[2::2], strict=True))
    leader = max(incomes, key=lambda name: incomes[name].value)
    lost = (best - incomes[leader].value) / (best - fixed) if best > fixed else float("nan")
    said = (
        f"{leader[0].upper()}{leader[1:]} earns {incomes[leader].value:.3f} of {best:.3f} a round and loses "
        f"{100 * lost:.0f} % of what the best bid that never changes loses."
    )
    title = "Income after a switch to the high bid"
    return Findings(said, tuple(figures), {title: curves}, {title: ("rounds after the switch", "credits")})


def _play(settings: SwitchingSettings, rival: Float64s, make: Callable[[Scenario], Learner]) -> Float64s:
    """What a learner earns, credits (rounds, sessions)."""
    scenario = econo_env.load(
        "first_price_v0",
        num_agents=2,
        max_cycles=settings.rounds + 1,
        bids="amount",
        feedback="all_bids",
        values={"name": "empirical", "quantiles": [1.0, 1.0]},
    )
    learner, engine = make(scenario), Engine(scenario, settings.sessions)
    engine.reset(settings.seed)
    buffers = engine.buffers
    earned: Float64s = np.zeros((settings.rounds, settings.sessions))
    for step, bid in enumerate(rival):
        actions = learner.act(buffers.observations, buffers.action_mask).copy()
        actions[:, 1] = bid - 1.0
        engine.step(actions)
        learner.observe(buffers.rewards, buffers.ended)
        earned[step] = buffers.rewards[:, 0]
    return earned


def _by_phase(settings: SwitchingSettings, earned: Float64s) -> Float64s:
    """Mean income by round of a phase of the high bid, (phase,)."""
    phases = earned.mean(axis=1).reshape(settings.phases, settings.phase)
    found: Float64s = phases[1::2].mean(axis=0)
    return found


STUDY = Study("switching", "Who follows a rival that switches, and how fast?", SwitchingSettings, run)
