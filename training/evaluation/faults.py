"""Faults injected into honest play of a market of work, each beside the same tick without it.

Everybody is honest. At a random tick one agent does something else: shirks, forges, promises too much, sends what is no
action. The engine is forked before, so that both ticks have the same types, the same luck and the same rivals, and the
two differ by the fault alone. Of each fault that changed what the offender did it is asked whether the house is made
whole up to the lock, whether the offender gained in expectation over the luck of its work, and whether every invariant
of the economy holds (econo_env.economy.invariants). With `evidence` a forged proof that has passed is followed until
nobody can be punished for it any more: what reports bring to light and back to the house counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.contracts import BYZANTINE, NO_GRADE
from econo_env.economy.parts import contracts, evidence
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.market import market_of
from econo_env.money import to_credits
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.aftermath import answers_with, broken, follow, traced

Bools = NDArray[np.bool_]
Sent = Mapping[str, float]

FAULTS: Mapping[str, Sent] = {
    "no work": {"effort": -1.0},
    "half the work": {"effort": 0.0},
    "forged proof": {"forgery": 1.0},
    "promises too much": {"cost_report": -1.0, "reliability_report": 1.0},
    "promises too much, then no work": {"cost_report": -1.0, "reliability_report": 1.0, "effort": -1.0},
    "promises too much, then forges": {"cost_report": -1.0, "reliability_report": 1.0, "forgery": 1.0},
    "promises too little": {"cost_report": 1.0, "reliability_report": -1.0},
    "bids too much, then no work": {"bid": 1.0, "effort": -1.0},
    "no action": {"cost_report": np.nan, "reliability_report": np.nan, "effort": np.nan, "forgery": np.nan},
    "beyond the box": {"cost_report": -9.0, "effort": 9.0},
}
"""What the offender sends instead, by the name of the action's component; a market that lacks one lacks the fault."""
ROUNDING = 1e-6 + 1e-9  # credits: a micro-credit


@dataclass
class Verdicts:
    """What came of faults of one kind, one entry each.

    Attributes:
        whole: The house has what it was promised, or the offender's whole lock.
        no_gain: The offender gained nothing in expectation over the luck of its work.
        sound: No invariant of the economy is broken in its market.
        found: The fault came to light; a forged proof that held, and that nobody reported in time, did not.
        later: It came to light after its tick, by a report.
        gain: Credits that the offender gained in expectation.
        answers: Credits of stake that it has to lose by a report, times the chance that its forged proof passes.
    """

    whole: list[bool] = field(default_factory=list)
    no_gain: list[bool] = field(default_factory=list)
    sound: list[bool] = field(default_factory=list)
    found: list[bool] = field(default_factory=list)
    later: list[bool] = field(default_factory=list)
    gain: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    @property
    def holds(self) -> Bools:
        """Of each fault whether all of it holds."""
        whole, no_gain, sound = (np.array(all_of, dtype=np.bool_) for all_of in (self.whole, self.no_gain, self.sound))
        holds: Bools = whole & no_gain & sound
        return holds


def inject(scenario: Scenario, seed: int, markets: int, ticks: int = 16) -> dict[str, Verdicts]:
    """Injects the faults of `FAULTS` that the market knows into each of so many ticks of honest play.

    Args:
        scenario: A market of work with `contracts`, such as the task market.
        seed: Of the market's luck, and of who offends.
        markets: Markets in which everybody is honest, one offender in the copy of each.
        ticks: Ticks of honest play into which all faults are injected, each into a copy.

    Raises:
        ValueError: Awards of the scenario are no work under `contracts`.
    """
    if contracts.PART not in scenario.parts():
        raise ValueError(f"{scenario.id} has no economy.contracts: faults of work can be injected into task markets")
    scenario = traced(scenario)
    names = list(market_of(scenario).action_names(scenario))
    rng, engine = np.random.default_rng(seed), Engine(scenario, markets)
    player = Player(make_policy("truthful", scenario))
    engine.reset(seed)
    player.reset(seed)
    faults = {name: sent for name, sent in FAULTS.items() if set(sent) <= set(names)}
    verdicts = {name: Verdicts() for name in faults}
    for _ in range(min(ticks, scenario.max_cycles)):
        honest = player.act(engine.buffers.observations, engine.buffers.action_mask)
        offender = rng.integers(scenario.num_agents, size=markets)
        own = Engine(scenario, markets)
        own.restore(engine.snapshot())
        before = each_array(engine.world, np.copy)
        engine.step(honest)
        for name, sent in faults.items():
            bad = Engine(scenario, markets)
            bad.restore(own.snapshot())
            actions = honest.copy()
            for component, value in sent.items():
                actions[np.arange(markets), offender, names.index(component)] = value
            bad.step(actions)
            _judge(scenario, engine, bad, before, offender, verdicts[name])
        player.observe(engine.buffers.rewards, engine.buffers.ended)
        engine.reset_markets(engine.buffers.ended.copy())
    _count_reports(verdicts)
    return verdicts


def _count_reports(verdicts: Mapping[str, Verdicts]) -> None:
    """Takes off every gain what reports cost on average: the stake, as often as what has passed was convicted."""
    hidden = sum(len(own.found) - sum(own.found) for own in verdicts.values())
    later = sum(sum(own.later) for own in verdicts.values())
    chance = later / max(1, hidden + later)
    for own in verdicts.values():
        own.gain = [gain - chance * stake for gain, stake in zip(own.gain, own.answers, strict=True)]
        own.no_gain = [gain <= ROUNDING for gain in own.gain]


def _judge(
    scenario: Scenario, good: Engine, bad: Engine, before: Any, offender: NDArray[np.int64], verdicts: Verdicts
) -> None:
    """Adds what came of one fault in each market in which it changed what the offender did; `bad` may move on."""
    k = np.arange(len(offender))
    world, work = bad.world, bad.world.contracts.work
    awarded = world.conduct.grade[k, offender] != NO_GRADE
    changed = bad.buffers.rewards[k, offender] != good.buffers.rewards[k, offender]
    tick = before.market.tick.copy()
    changed |= awarded | (good.world.conduct.grade[k, offender] != NO_GRADE)
    pays, owes = world.market.award.pays[k, offender], work.owes[k, offender]
    has = world.contracts.delivered[k, offender] + pays  # the house, from the offender's contract
    taken = pays >= world.market.award.exposure[k, offender]  # all that was locked behind it
    whole = ~awarded | (has >= owes - 1) | taken
    forged = awarded & work.forges[k, offender]
    hidden = forged & (world.conduct.grade[k, offender] != BYZANTINE)
    gain = _expected(scenario, bad)[k, offender] - _expected(scenario, good)[k, offender]
    sound = ~broken(scenario, world, before, len(offender))
    section = scenario.parts()[contracts.PART]
    assert isinstance(section, contracts.ContractsSection)
    answers, passes = answers_with(bad)[k, offender], 1.0 - section.detected
    later = np.zeros_like(hidden)
    if evidence.PART in scenario.parts() and hidden.any():
        after = follow(bad, offender, tick)
        later = hidden & after.convicted
        whole |= later & ((has + after.recovered >= owes - 1) | (after.recovered >= answers))
        sound &= after.sound
    verdicts.whole += whole[changed].tolist()
    verdicts.sound += sound[changed].tolist()
    verdicts.found += (~hidden | later)[changed].tolist()
    verdicts.later += later[changed].tolist()
    verdicts.gain += gain[changed].tolist()
    verdicts.answers += np.where(forged, passes * to_credits(answers), 0.0)[changed].tolist()


def _expected(scenario: Scenario, engine: Engine) -> NDArray[np.float64]:
    """Rewards of the last tick, credits, with the luck of work and evidence averaged out."""
    verdict = contracts.PART.verdict
    assert verdict is not None
    return np.asarray(engine.buffers.rewards - verdict.luck(scenario, engine.world))
