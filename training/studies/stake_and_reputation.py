"""What stake and reputation change in what agents learn: effort, broken promises, prices, welfare.

PPO learns three kinds of auction, each with nothing, with stake, with reputation and with both, over several training
seeds. In sales a winner learns what the goods are worth after it has bid, and walks away where that pays; in the task
market winners choose their effort, and may forge. Everything else is alike: values, costs, luck, learner, steps.
A clock's episode is one sale, so there a reputation has nothing to open and is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from econo_env.catalogue import from_mapping
from econo_env.economy.conduct import is_kept
from econo_env.economy.contracts import NO_GRADE
from econo_env.economy.parts import contracts
from econo_env.engine.digest import plain
from econo_env.engine.engine import Engine
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.config import config_from
from econo_env.training.evaluation.play import play
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.studies.base import Curves, Finding, Findings, Settings, Study, Told
from econo_env.training.trainer import Trainer

ALL: Literal["all"] = "all"
CONDITIONS = ("nothing", "stake", "reputation", "both")
NOTHING, STAKE, REPUTATION, BOTH = CONDITIONS
Floats = NDArray[np.float64]
EVALUATION_SEED = 1_000_003
FIGURES = {
    "default_rate": "share of awards broken",
    "forged": "share of awards forged",
    "effort": "effort of holders",
    "awards": "awards a tick",
    "price": "reference price, credits",
    "welfare": "welfare, credits a round",
    "utility": "utility of an agent, credits a round",
}
"""What is measured, in words."""
DRAWN = ("default_rate", "effort", "price", "welfare")
_SHOCK, _MONEY = 0.5, 40.0  # credits; money never binds
_OPEN = {"threshold": 0.2, "open_share": 0.25}
_LEARNER = {
    "num_markets": 128, "n_steps": 16, "batch_size": 2048, "n_epochs": 4, "max_grad_norm": 0.5,
    "learning_rate": {"initial": 2.0e-3, "final": 5.0e-5, "schedule": "cosine"},
    "std": {"initial": 0.5, "final": 0.05, "schedule": "exponential"}, "difference_rewards": False, "gamma": 0.99,
}  # fmt: skip


@dataclass(frozen=True)
class Auction:
    """A kind of auction of the study.

    Attributes:
        fields: Its scenario but for the economy.
        learner: Settings of the learner that differ from the study's.
        one_sale: Whether an episode is one sale.
        work: Whether awards are work.
    """

    fields: Mapping[str, Any]
    learner: Mapping[str, Any]
    one_sale: bool = False
    work: bool = False

    @property
    def conditions(self) -> tuple[str, ...]:
        """What its agents learn under."""
        return CONDITIONS[:2] if self.one_sale else CONDITIONS

    def scenario(self, condition: str) -> Scenario:
        """The market under a condition."""
        staked, reputed = condition in (STAKE, BOTH), condition in (REPUTATION, BOTH)
        economy: dict[str, Any] = {"ledger": {"endowment": _MONEY}}
        if self.work:
            economy |= {"staking": {}, "contracts": {"stake_cap": None if staked else 0.0}}
        else:
            economy |= {"staking": {"requirement": 1.0 if staked else 0.0}, "default": {"shock": _SHOCK}}
        if reputed:
            economy |= {"reputation": {"epoch": 16}, "eligibility": _OPEN}
            economy |= {"lottery": {"share": _OPEN["open_share"]}} if self.work else {}
        return from_mapping({**self.fields, "economy": economy})


AUCTIONS: dict[str, Auction] = {
    "first_price": Auction(
        {"id": "study_first_price_v0", "market": "sealed_bid", "num_agents": 3, "max_cycles": 32,
         "mechanism": {"name": "first_price"}},
        {},
    ),
    "english": Auction(
        {"id": "study_english_v0", "market": "clock", "num_agents": 3, "max_cycles": 21,
         "mechanism": {"name": "english", "increment": 0.05}},
        {"gamma": 1.0, "normalize_advantage": False},
        one_sale=True,
    ),
    "task_market": Auction(
        {"id": "study_task_market_v0", "market": "task_market", "num_agents": 3, "max_cycles": 32,
         "mechanism": {"name": "contingent_second_score"}},
        {"num_markets": 64, "batch_size": 1024},
        work=True,
    ),
}  # fmt: skip


def learn(scenario: Scenario, learner: Mapping[str, Any], steps: int, seed: int) -> Policy:
    """What one training seed learns in so many agent-steps."""
    document = {
        "scenario": scenario.model_dump(mode="json"),
        "total_timesteps": steps,
        "learner": {**_LEARNER, **learner},
    }
    trainer = Trainer(config_from(document), seed)
    while not trainer.finished:
        trainer.iterate()
    return trainer.policy()


def measure(scenario: Scenario, policy: Policy, markets: int) -> dict[str, float]:
    """The figures of `FIGURES` for a policy, on the same luck for every policy and condition."""
    record = play(scenario, policy, EVALUATION_SEED, markets)
    watched = _conduct(scenario, policy, markets)
    return watched | {
        "welfare": float(record.utility.sum() + record.revenue) / record.rounds,
        "utility": float(record.utility.sum()) / record.rounds / scenario.num_agents,
    }


def _conduct(scenario: Scenario, policy: Policy, markets: int) -> dict[str, float]:
    engine, player = Engine(scenario, markets), Player(policy)
    engine.reset(EVALUATION_SEED)
    player.reset(EVALUATION_SEED)
    world, buffers, work = engine.world, engine.buffers, contracts.PART in scenario.parts()
    kept, broken, forged, effort, ticks, prices = 0, 0, 0, 0.0, 0, []
    passing = [code for code in range(NO_GRADE + 1, len(contracts.GRADES)) if plain(is_kept)(code)]
    while not buffers.ended.all():
        live = ~buffers.ended
        engine.step(player.act(buffers.observations, buffers.action_mask))
        player.observe(buffers.rewards, buffers.ended)
        grade, price = world.conduct.grade[live], world.market.award.price[live]
        good = np.isin(grade, passing)
        kept += int(good.sum())
        broken += int(((grade != NO_GRADE) & ~good).sum())
        prices.append(to_credits(price[price > 0]))
        ticks += int(live.sum())
        if work:
            held = grade != NO_GRADE
            forged += int(world.contracts.work.forges[live][held].sum())
            effort += float(np.where(world.contracts.work.forges, 0.0, world.contracts.work.effort)[live][held].sum())
    awards, paid = max(kept + broken, 1), np.concatenate(prices)
    found = {"default_rate": broken / awards, "awards": awards / ticks}
    found["price"] = float(paid.mean()) if paid.size else 0.0
    return found | ({"forged": forged / awards, "effort": effort / awards} if work else {})


Row = tuple[str, str, dict[str, float]]
"""Auction, condition, and the figures of `FIGURES` that it has."""


class StakeAndReputation(Settings):
    """Settings of the study.

    Attributes:
        auction: One of `AUCTIONS`, or all.
        seeds: Training seeds, counted from `seed`.
        steps: Agent-steps of a training.
        markets: Episodes on which what was learned is measured.
    """

    auction: Literal["all", "first_price", "english", "task_market"] = ALL
    seeds: int = Field(10, ge=2)
    steps: int = Field(400_000, ge=1)
    markets: int = Field(256, ge=1)


def rows(settings: StakeAndReputation, told: Told) -> Iterator[Row]:
    """Trains and measures, one training seed after the other."""
    chosen = {name: auction for name, auction in AUCTIONS.items() if settings.auction in (ALL, name)}
    places = [(name, condition) for name, auction in chosen.items() for condition in auction.conditions]
    for number in range(settings.seeds):
        for done, (name, condition) in enumerate(places):
            told((number + done / len(places)) / settings.seeds, f"{name}, {condition}, seed {settings.seed + number}")
            auction = chosen[name]
            scenario = auction.scenario(condition)
            policy = learn(scenario, auction.learner, settings.steps, settings.seed + number)
            yield name, condition, measure(scenario, policy, settings.markets)


def findings_of(measured: Iterable[Row]) -> Findings:
    """Each figure over training seeds, and its difference to nothing, seed by seed."""
    by_place: dict[tuple[str, str], list[dict[str, float]]] = {}
    for name, condition, found in measured:
        by_place.setdefault((name, condition), []).append(found)
    figures: list[Finding] = []
    curves: Curves = {}
    halves: dict[str, dict[str, NDArray[Any]]] = {}
    for (name, condition), own in by_place.items():
        for figure in own[0]:
            ours = np.array([row[figure] for row in own])
            theirs = np.array([row[figure] for row in by_place[name, NOTHING]])
            label = f"{name}, {condition}: {FIGURES[figure]}"
            figures.append(_finding(label, ours))
            if condition != NOTHING:
                figures.append(_finding(f"{label}, less that under nothing", ours - theirs))
            if figure in DRAWN:
                lines = curves.setdefault(FIGURES[figure], {})
                at, mean = lines.get(name, (np.zeros(0), np.zeros(0)))
                place = float(CONDITIONS.index(condition))
                lines[name] = (np.append(at, place), np.append(mean, ours.mean()))
                widths, estimate = halves.setdefault(FIGURES[figure], {}), t_interval(ours)
                widths[name] = np.append(widths.get(name, np.zeros(0)), estimate.high - estimate.mean)
    axes = dict.fromkeys(curves, ("", ""))
    return Findings(_said(by_place), tuple(figures), curves, axes, tuple(CONDITIONS), halves)


def _finding(what: str, by_seed: Floats) -> Finding:
    estimate = t_interval(by_seed)
    return Finding(what, estimate.mean, estimate.low, estimate.high)


def _said(by_place: Mapping[tuple[str, str], list[dict[str, float]]]) -> str:
    """What stake changes in broken awards, in a sentence."""
    rates = {place: float(np.mean([row["default_rate"] for row in own])) for place, own in by_place.items()}
    parts = [
        f"{name.replace('_', ' ')} {rate:.1%} to {rates[name, STAKE]:.1%}"
        for (name, condition), rate in rates.items()
        if condition == NOTHING
    ]
    return f"With stake learners break fewer of their awards: {', '.join(parts)}."


def run(settings: StakeAndReputation, told: Told) -> Findings:
    """Every auction under every condition, over all training seeds, see `findings_of`."""
    return findings_of(rows(settings, told))


STUDY = Study(
    name="stake_and_reputation",
    summary="What stake and reputation change in what PPO learns, in three kinds of auction.",
    settings=StakeAndReputation,
    run=run,
)
