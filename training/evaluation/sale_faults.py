"""Faults injected into honest sales: buyers who bid what they do not mean to pay, and walk away from what they won.

As in `econo_env.training.evaluation.faults` everybody is truthful and one buyer of each market is not, in a copy of the
engine with the same values and the same luck. A sale of a clock is followed to its end. The house is made whole where
a buyer that walks away leaves it the whole lock that the scenario asks for, recomputed here from what it bid.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from econo_env.economy.invariants import violations
from econo_env.economy.ledger import AGENT_ACCOUNTS, BURN, PRINCIPAL, TREASURY, balances_of
from econo_env.economy.parts import default
from econo_env.economy.parts.staking import DESTINATIONS, StakingSection
from econo_env.engine.engine import Engine, Snapshot
from econo_env.engine.state import Bools, Float32s, Float64s, Int64s, each_array
from econo_env.market import market_of
from econo_env.money import to_money
from econo_env.policies import make_policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.faults import ROUNDING, Verdicts

HONEST = "honest, and unlucky"
"""Nobody offends; a buyer that walks away from its own bid for what it learned after the sale is looked at."""
FAULTS: Mapping[str, float] = {
    HONEST: np.nan,
    "bids a quarter more than it is worth": 1.25,
    "bids twice what it is worth": 2.0,
    "bids the most that can be said": 1.0,
    "no bid": np.nan,
    "beyond the box": 9.0,
}
"""A multiple of the truth where the name says so, else what every component of the action is."""


@dataclass
class _Sale:
    """What the offender of each market has of a sale, arrays (markets,).

    Attributes:
        expected: Its rewards, credits, over what winners learn after the sale.
        won: It was awarded something.
        walked: It walked away from it.
        whole: The house has what was owed, or the whole lock.
        sound: No invariant is broken.
    """

    expected: Float64s
    won: Bools
    walked: Bools
    whole: Bools
    sound: Bools


def inject(scenario: Scenario, seed: int, markets: int, rounds: int = 16) -> dict[str, Verdicts]:
    """Injects every fault of `FAULTS` into each of so many sales.

    Args:
        scenario: A market of buyers with `default`.
        seed: Of the market's luck, and of who offends.
        markets: Markets in which everybody is honest, one offender in the copy of each.
        rounds: Sales, one after the other.

    Raises:
        ValueError: Nobody can walk away from what it won here, or bids of the market cannot be scaled.
    """
    if default.PART not in scenario.parts():
        raise ValueError(f"{scenario.id} has no economy.default: nobody can walk away from what it won")
    if market_of(scenario).baselines.scaled is None:
        raise ValueError(f"{scenario.id} knows no multiple of the truth: a bid too high cannot be told from a true one")
    rng, engine = np.random.default_rng(seed), Engine(scenario, markets)
    engine.reset(seed)
    verdicts = {name: Verdicts() for name in FAULTS}
    for _ in range(rounds):
        offender, start = rng.integers(scenario.num_agents, size=markets), engine.snapshot()
        honest = _played(engine, start, offender, HONEST)
        after = engine.snapshot()
        for name in FAULTS:
            sale = honest if name == HONEST else _played(engine, start, offender, name)
            _judge(honest, sale, verdicts[name])
        engine.restore(after)
        engine.reset_markets(engine.buffers.ended.copy())
    return verdicts


def _judge(honest: _Sale, sale: _Sale, verdicts: Verdicts) -> None:
    """Adds the sales in which the fault changed something, or an honest buyer walked away."""
    gain = sale.expected - honest.expected
    changed = honest.walked if sale is honest else (sale.won | honest.won) & ((gain != 0.0) | sale.walked)
    verdicts.whole += sale.whole[changed].tolist()
    verdicts.no_gain += (gain <= ROUNDING)[changed].tolist()
    verdicts.sound += sale.sound[changed].tolist()
    verdicts.found += np.ones(int(changed.sum()), dtype=np.bool_).tolist()
    verdicts.gain += gain[changed].tolist()


def _played(engine: Engine, start: Snapshot, offender: NDArray[np.int64], name: str) -> _Sale:
    """Plays one sale from a snapshot on, everybody truthful but the offenders."""
    scenario, k = engine.scenario, np.arange(engine.num_markets)
    one_sale, truthful = scenario.kind.one_sale, make_policy("truthful", scenario)
    engine.restore(start)
    none, every = np.zeros(len(k), dtype=np.bool_), np.ones(len(k), dtype=np.bool_)
    sale, live = _Sale(np.zeros(len(k)), none.copy(), none.copy(), every.copy(), every.copy()), every
    while live.any():
        actions = truthful.act(engine.buffers.observations, engine.buffers.action_mask).copy()
        if name != HONEST:
            actions[k, offender] = _sent(scenario, engine.buffers.observations, name)[k, offender]
        before = each_array(engine.world, np.copy)
        engine.step(actions, where=live)
        _add_tick(engine, before, offender, live, sale)
        live = live & ~engine.buffers.ended if one_sale else np.zeros_like(live)
    return sale


def _sent(scenario: Scenario, observations: Float32s, name: str) -> Float32s:
    """What everybody would send under a fault."""
    scaled = market_of(scenario).baselines.scaled
    assert scaled is not None
    if "worth" in name:
        return scaled(scenario, observations, FAULTS[name])
    actions: Float32s = np.full_like(scaled(scenario, observations, 1.0), FAULTS[name])
    return actions


def _add_tick(engine: Engine, before: object, offender: NDArray[np.int64], live: Bools, sale: _Sale) -> None:
    """Adds a tick of the markets that are live."""
    world, k = engine.world, np.arange(len(offender))
    verdict = default.PART.verdict
    assert verdict is not None
    earned = engine.buffers.rewards - verdict.luck(engine.scenario, world)
    sale.expected += np.where(live, earned[k, offender], 0.0)
    walked = world.default.walked[k, offender] & live
    sale.won |= live & (walked | (world.market.award.units[k, offender] != 0))
    sale.walked |= walked
    owed = np.where(walked, lock_asked(engine.scenario, world)[k, offender], world.market.award.pays[k, offender])
    sale.whole &= ~live | (received_from(world, before, offender, _slashed_to(engine.scenario)) >= owed)
    for sentence in violations(engine.scenario, world, before):
        sale.sound[int(sentence.split("market ")[1].split(":")[0])] = False


def _slashed_to(scenario: Scenario) -> int:
    return DESTINATIONS[_staking(scenario).slashed_to]


def _staking(scenario: Scenario) -> StakingSection:
    section = (scenario.economy or {})["staking"]
    assert isinstance(section, StakingSection)
    return section


def lock_asked(scenario: Scenario, world: object) -> Int64s:
    """What the scenario locks behind the awards of the last tick, micro-credits (markets, agents), recomputed."""
    section, exposure = _staking(scenario), world.market.award.exposure  # type: ignore[attr-defined]  # a world is made for each scenario
    share = np.floor(section.requirement * exposure).astype(np.int64)
    asked: Int64s = np.where(exposure > 0, np.maximum(share, int(to_money(section.least))), 0)
    return asked


def received_from(world: object, before: object, offender: NDArray[np.int64], destination: int) -> Int64s:
    """What the house got from the offenders in the tick, micro-credits (markets,): all it got less what others paid.

    Args:
        world: After the tick.
        before: Before it.
        offender: One in each market, (markets,).
        destination: The account to which slashed stake goes.
    """
    now, then = (one.ledger.balances for one in (world, before))  # type: ignore[attr-defined]
    house = (now - then)[:, [PRINCIPAL, TREASURY]].sum(axis=1)
    gained = sum(balances_of(now - then, kind) for kind in range(AGENT_ACCOUNTS))
    k = np.arange(len(offender))
    others = np.asarray(gained).sum(axis=1) - np.asarray(gained)[k, offender]
    slashed = world.staking.slashed.sum(axis=1) - world.staking.slashed[k, offender]  # type: ignore[attr-defined]
    received: Int64s = house + others + (slashed if destination == BURN else 0)
    return received
