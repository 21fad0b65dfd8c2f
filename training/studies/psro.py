"""Policy-space response oracles in a first-price auction, whose distance from equilibrium is known exactly."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

import econo_env
from econo_env.engine.engine import Engine
from econo_env.games.normal_form import Floats
from econo_env.market import market_of
from econo_env.money import to_credits
from econo_env.policies.emergent.bid_curve import BidCurve
from econo_env.policies.emergent.meta_solvers import META_SOLVERS
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.config import config_from
from econo_env.training.populations.empirical import EmpiricalGame
from econo_env.training.populations.evolution import CurveOracle
from econo_env.training.populations.psro import PsroTrainer
from econo_env.training.studies.base import Finding, Findings, Settings, Study, Told, mean_between

_VALUES = 2000
_LEARNER = {
    "num_markets": 2048, "n_steps": 4, "batch_size": 2048, "n_epochs": 4, "net_arch": [32, 32],
    "learning_rate": {"initial": 3.0e-3, "final": 1.0e-4}, "std": {"initial": 0.3, "final": 0.03,
    "schedule": "exponential"},
}  # fmt: skip
Step = tuple[float, float]
"""What the replies of a step gain, and the exact NashConv of the mixture that then plays."""


class PsroSettings(Settings):
    """Settings.

    Attributes:
        bidders: Bidders, values U[0, 1].
        oracle: Who finds replies: `ppo`, or `evolution` of bid functions.
        solver: What mixes the population; by default `nash` for two bidders, `replicator` for more.
        replies: Replies that join.
        steps: Agent-steps of PPO, over all replies.
        generations: Of an evolution.
        seeds: Independent populations, counted from `seed`.
    """

    study: Literal["psro"] = "psro"
    bidders: int = Field(2, ge=2, le=6)
    oracle: Literal["ppo", "evolution"] = "ppo"
    solver: Literal["nash", "replicator", "uniform", "regret_matching", "alpha_rank", "projected_replicator"] | None = (
        None
    )
    replies: int = Field(5, ge=1, le=20)
    steps: int = Field(1_000_000, ge=1)
    generations: int = Field(60, ge=1)
    seeds: int = Field(3, ge=2)

    def meta_solver(self) -> str:
        """What mixes: what is set, else what fits."""
        return self.solver or ("nash" if self.bidders == 2 else "replicator")


def nash_conv_of_bids(bids: Floats, values: Floats, shares: Floats, bidders: int) -> float:
    """What best replies gain in first price where everybody draws one of several bid functions; ties are halved.

    By quadrature over values alike in chance, no luck: (v - b) G(b)^(n-1), G the law of a rival's bid.

    Args:
        bids: Of each function at each value, (functions, values).
        values: Equally likely, (values,).
        shares: The chance of each function, (functions,).
        bidders: How many bid, n.
    """
    order = np.argsort(bids, axis=None)
    ladder = bids.ravel()[order]
    mass = np.concatenate([[0.0], np.cumsum(np.repeat(shares / len(values), len(values))[order])])

    def wins(at: Floats) -> Floats:
        below, through = np.searchsorted(ladder, at, side="left"), np.searchsorted(ladder, at, side="right")
        chance: Floats = (0.5 * (mass[below] + mass[through])) ** (bidders - 1)
        return chance

    tried = np.linspace(0.0, float(values.max()), 2 * len(values) + 1)
    best = ((values[:, None] - tried) * wins(tried)).max(axis=1).mean()
    own = shares @ ((values - bids) * wins(bids)).mean(axis=1)
    return float(bidders * (best - own))


def bids_at(scenario: Scenario, policy: Policy, values: Floats) -> Floats:
    """What a policy bids at values in the first seat, credits, by the market's own rule for actions."""
    return bids_in(scenario, policy, values, 0)


def bids_in(scenario: Scenario, policy: Policy, values: Floats, seat: int) -> Floats:
    """The same in any seat."""
    engine, market = Engine(scenario, len(values)), market_of(scenario)
    engine.reset(0)
    policy.reset(0)
    for one in range(scenario.num_agents):
        market.types.put(scenario, engine, one, values[:, None])
    engine.show()
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    bids: Any = engine.state
    return np.asarray(to_credits(bids.bids[:, seat]), dtype=np.float64)


def exact(game: EmpiricalGame, shares: Floats) -> float:
    """The NashConv of a mixture of one role in first price, by quadrature."""
    values = (np.arange(_VALUES) + 0.5) / _VALUES
    kept = np.flatnonzero(shares)
    bids = np.array([bids_at(game.scenario, game.policies[0][number], values) for number in kept])
    return nash_conv_of_bids(bids, values, shares[kept], game.scenario.num_agents)


def run(settings: PsroSettings, told: Told) -> Findings:
    """Grows a population from each seed."""
    paths = []
    for number in range(settings.seeds):
        grown = _learned if settings.oracle == "ppo" else _evolved
        path = []
        for step in grown(settings, settings.seed + number):
            path.append(step)
            share = (number + min(1.0, len(path) / (settings.replies + 1))) / settings.seeds
            told(share, f"seed {settings.seed + number}, {len(path)} of {settings.replies} replies")
        paths.append(path)
    least = min(map(len, paths))
    whole = np.array([path[:least] for path in paths])
    first, last = whole[:, 0, 1], np.array([path[-1][1] for path in paths])
    known = (-1.0e-9, 0.01) if settings.oracle == "ppo" and settings.bidders == 2 else None
    figures = (
        Finding("equilibrium payoff of a bidder", 1.0 / (settings.bidders * (settings.bidders + 1))),
        mean_between("exact NashConv after the first reply", first),
        mean_between("exact NashConv in the end", last, known, "bar: 1 % of the range of values"),
        mean_between("what the last replies gain, all seats together", whole[:, -1, 0]),
    )
    said = (
        f"After {least} replies all bidders together gain {last.mean():.4f} credits by their best replies, "
        f"{100.0 * last.mean():.2f} % of the range of values."
    )
    at = np.arange(1, least + 1)
    lines = {"exact": (at, whole[:, :, 1].mean(axis=0)), "what replies gain": (at - 1, whole[:, :, 0].mean(axis=0))}
    return Findings(said, figures, {"NashConv": lines}, {"NashConv": ("replies in the population", "credits")})


def _scenario(settings: PsroSettings) -> Scenario:
    return econo_env.load("first_price_v0", num_agents=settings.bidders)


def _learned(settings: PsroSettings, seed: int) -> Iterator[Step]:
    document = {
        "scenario": _scenario(settings), "algorithm": "psro", "sharing": "per_role", "learner": _LEARNER,
        "psro": {"replies": settings.replies, "solver": settings.meta_solver()}, "total_timesteps": settings.steps,
    }  # fmt: skip
    trainer = PsroTrainer(config_from(document), seed)
    while not trainer.finished:
        scalars = trainer.iterate()
        if "psro/nash_conv" in scalars:
            yield scalars["psro/nash_conv"], exact(trainer.game, trainer.mixtures[0])


def _evolved(settings: PsroSettings, seed: int) -> Iterator[Step]:
    scenario = _scenario(settings)
    game = EmpiricalGame(scenario, [range(settings.bidders)], seed, 8192)
    game.add([[BidCurve(scenario, [1.0])]])
    oracle = CurveOracle(generations=settings.generations, seed=seed)
    mixtures: Sequence[Floats] = [np.ones(1)]
    for number in range(settings.replies):
        reply = oracle(game, mixtures, 0, number)
        _, gained, mixtures = game.expand([reply], mixtures, META_SOLVERS[settings.meta_solver()])
        yield gained, exact(game, mixtures[0])


STUDY = Study("psro", "Does a population of replies reach equilibrium?", PsroSettings, run)
