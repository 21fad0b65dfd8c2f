"""Honest agents among offenders, with measurement error and downtime: is one ever banned, how often is one misjudged?

Work is measured with an error, so some good work is graded poor; how often follows from the error alone, and Bayes'
rule says how much of what is graded poor was good. Some agents of every market act at random: they forge, shirk, walk
away and report what they never saw. Honest agents are down now and then, and appeal against a poor grade for good work.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import econo_env
from econo_env.economy.contracts import POOR
from econo_env.economy.lasting.running import ON_TIME, RUNNING
from econo_env.economy.lasting.section import LastingContractsSection
from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Float32s, Float64s
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.scenario import Scenario

_AT_ONCE = 1000  # episodes
_GOES_DOWN, _STAYS_DOWN = 0.02, 5  # chance a tick, ticks


@dataclass
class HonestPlay:
    """What became of honest agents.

    Attributes:
        episodes: Episodes played.
        banned: Of these, those in which an honest agent was banned.
        offenders: Offenders, one for each agent and episode.
        offenders_banned: Of these, those who were banned.
        good: Good work that honest agents delivered on time.
        good_graded_poor: Of it, what was graded poor at first.
        upheld: Of that, what an appeal made good.
        graded_poor: All work of theirs, delivered on time, that was graded poor at first.
        expected_good_graded_poor: What was to be expected of `good_graded_poor` given everybody's effort.
        expected_graded_poor: And of `graded_poor`.
    """

    episodes: int = 0
    banned: int = 0
    offenders: int = 0
    offenders_banned: int = 0
    good: int = 0
    good_graded_poor: int = 0
    upheld: int = 0
    graded_poor: int = 0
    expected_good_graded_poor: float = 0.0
    expected_graded_poor: float = 0.0


def measured(noise: float) -> Scenario:
    """A task market with everything that can ban, jail or slash an agent, whose work is measured with an error.

    Args:
        noise: Half the width of the error of quality, in (0, 0.5].
    """
    return econo_env.load(
        "task_market_v1",
        num_agents=6,
        economy={
            "ledger": {"endowment": 20.0},
            "staking": {},
            "lasting_contracts": {"capacity": 2, "longest_duration": 3, "inspections": 3, "noise": noise},
            "appeals": {"window": 2},
            "reputation": {"epoch": 16},
            "eligibility": {"threshold": 0.1, "open_share": 0.5},
            "enforcement": {"pledge": 4.0, "jail": 5, "correlation": 16},
            "bonding": {"delay": 64, "minimum": 2.0},
            "evidence": {"seen": 0.5, "age": 32, "dispute": 16, "bond": 0.1, "reward": 0.1},
            "downtime": {"window": 16, "served": 0.5, "slash": 0.01, "jail": 5},
        },
    )


def play_honestly(
    scenario: Scenario, seed: int, episodes: int, offenders: int = 2, told: Callable[[int], None] | None = None
) -> HonestPlay:
    """Plays episodes in which all but so many agents are honest.

    Args:
        scenario: A task market with `lasting_contracts`, such as `measured` makes.
        seed: Of the market's luck, of who offends and how, and of who is down when.
        episodes: How many.
        offenders: Agents of each market that act at random.
        told: Hears how many episodes have been played.

    Raises:
        ValueError: Contracts of the scenario do not last, or nobody would be honest.
    """
    if "lasting_contracts" not in (scenario.economy or {}):
        raise ValueError(f"{scenario.id} has no economy.lasting_contracts: its work is measured without error")
    if not 0 <= offenders < scenario.num_agents:
        raise ValueError(f"offenders={offenders}: give 0 to {scenario.num_agents - 1}, so that somebody is honest")
    found, rng = HonestPlay(), np.random.default_rng(seed)
    while found.episodes < episodes:
        markets = min(_AT_ONCE, episodes - found.episodes)
        _play(scenario, seed + 1 + found.episodes // _AT_ONCE, markets, offenders, rng, found)
        if told is not None:
            told(found.episodes)
    return found


def _play(
    scenario: Scenario, seed: int, markets: int, offenders: int, rng: np.random.Generator, found: HonestPlay
) -> None:
    """One episode in each of some markets."""
    engine, agents = Engine(scenario, markets), scenario.num_agents
    engine.reset(seed)
    honest = rng.random((markets, agents)).argsort(axis=1) >= offenders
    out, down = np.zeros((markets, agents), dtype=np.bool_), np.zeros((markets, agents), dtype=np.int64)
    act = _honest_actions(scenario)
    for _ in range(scenario.max_cycles):
        down = np.where(rng.random(down.shape) < _GOES_DOWN, _STAYS_DOWN, np.maximum(down - 1, 0))
        actions = act(engine, down > 0)
        wild = rng.uniform(-1.0, 1.0, actions.shape).astype(np.float32)
        engine.step(np.where(honest[:, :, None], actions, wild))
        out |= engine.world.conduct.banned
        _add_tick(engine, honest, found)
    found.episodes += markets
    found.banned += int((out & honest).any(axis=1).sum())
    found.offenders += markets * offenders
    found.offenders_banned += int((out & ~honest).sum())


def _honest_actions(scenario: Scenario) -> Callable[[Engine, Bools], Float32s]:
    """Truth and honest work, an appeal where good work was graded poor, and nothing at all from those who are down."""
    market, truthful = market_of(scenario), make_policy("truthful", scenario)
    names, seen = list(market.action_names(scenario)), list(market.observations(scenario))
    appeal, exertion, own = names.index("appeal"), names.index("exertion"), len(market.actions(scenario))
    quality, graded = seen.index("own_quality"), seen.index("disputed_grade")
    mark = _section(scenario).satisfactory_quality

    def act(engine: Engine, down: Bools) -> Float32s:
        shown = engine.buffers.observations
        actions = truthful.act(shown, engine.buffers.action_mask).copy()
        wronged = (shown[..., quality] >= mark) & (np.round(4.0 * shown[..., graded]) == POOR)
        actions[..., appeal] = np.where(wronged, 1.0, 0.0)
        actions[..., :own][down] = np.nan
        actions[..., exertion][down] = -1.0
        return actions

    return act


def _section(scenario: Scenario) -> LastingContractsSection:
    section = (scenario.economy or {})["lasting_contracts"]
    assert isinstance(section, LastingContractsSection)
    return section


def _add_tick(engine: Engine, honest: Bools, found: HonestPlay) -> None:
    """Counts what was judged of the honest in the tick."""
    running, section = engine.world.lasting_contracts.running, _section(engine.scenario)
    tick = engine.state.tick[:, None, None] - 1
    judged = (running.status > RUNNING) & (running.judged == tick) & (running.delivery == ON_TIME)
    judged &= honest[:, :, None] & ~running.forges
    good, poor = judged & (running.quality >= section.satisfactory_quality), judged & (running.grade == POOR)
    found.good += int(good.sum())
    found.good_graded_poor += int((good & poor).sum())
    found.graded_poor += int(poor.sum())
    found.upheld += int((engine.world.appeals.upheld & honest).sum())
    wrongly, rightly = expected_poor(
        running.reliability[judged], (running.done / np.maximum(running.span, 1))[judged], section
    )
    found.expected_good_graded_poor += float(wrongly.sum())
    found.expected_graded_poor += float((wrongly + rightly).sum())


def expected_poor(
    reliability: Float64s, effort: Float64s, section: LastingContractsSection
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The chances of being good and graded poor, and of being bad and graded poor, of work with these efforts."""
    chances, succeeds = section.schedule.chances, reliability * np.minimum(effort, 1.0)
    return succeeds * (1.0 - chances.passes_if_success), (1.0 - succeeds) * (1.0 - chances.passes_if_failure)
