"""Breakers around markets of work, whose sales go on from what they sold: requests by every auction type, and tasks.

Random configurations under random play, as in `test_markets.py`; `tests/markets/test_coordination.py` runs these
without compiling.
"""

from functools import cache

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.calls import OPENED
from econo_env.economy.breakers.halts import ENDED, HALTED, OPEN, REOPENING
from econo_env.economy.breakers.section import params
from econo_env.economy.contracts import POOR
from econo_env.economy.ledger import BONDED, ESCROW, FREE, TREASURY, balances_of
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.settings import SettingsError
from tests.economy.breakers.replayed import NAMES, Session, Tick
from tests.markets.coordination_cases import OPEN as OPEN_TO_ALL

LENGTH, MARKETS = 48, 12
AUCTIONS = ("vickrey", "sealed_bid", "english", "dutch", "combinatorial", "scoring")
CLOCKS = ("english", "dutch")
LOTS = {"lottery": {"share": 0.2, "owes": 0.1}}
each_auction = pytest.mark.parametrize("name", [*AUCTIONS, "task"])
MODES = NAMES | {ENDED: "ended"}


def market(name, breakers):
    """A market of work with these breakers, all may bid; lots in two of them."""
    economy = OPEN_TO_ALL | {"breakers": breakers} | (LOTS if name in ("vickrey", "task") else {})
    if name == "task":
        return econo_env.load("task_market_v1", economy=economy, max_cycles=LENGTH)
    return econo_env.load(
        "coordination_market_v0",
        auction_type=name,
        economy=economy,
        max_cycles=LENGTH,
        available_supply=2,
        **{
            "current_demand.arrivals": 0.7,
            "current_demand.most": 50,
            "auction.increment": 0.2,
            "auction.reserve": 0.05,
        },
    )


def drawn(name, seed):
    """Breakers at random; a clock has no call breaker."""
    rng = np.random.default_rng((seed, *name.encode()))
    breakers = {
        "move": float(rng.choice([0.1, 0.3, 0.6])),
        "window": int(rng.integers(1, 6)),
        "limit": int(rng.integers(1, 4)),
        "halt": int(rng.integers(1, 6)),
        "collar": float(rng.choice([0.2, 0.6])),
        "reopening": str(rng.choice(["widen", "follow"])),
        "extensions": int(rng.integers(0, 4)),
        "least_open": int(rng.integers(1, 5)),
        "levels": np.sort(rng.choice(np.arange(30, 95), 3, replace=False) / 100).tolist(),
        "level_halt": int(rng.integers(1, 6)),
        "charge": float(rng.choice([0.0, 0.01])),
        "systemic": {"window": 8, "least": 3, "missed": 0.5, "failures": 0.6, "volatility": 1.5, "halt": 3},
    }
    if name not in CLOCKS:
        breakers["calls"] = {"failures": int(rng.integers(2, 5)), "open": 4, "successes": 2, "probes": 3}
    return market(name, breakers)


def looked_at(engine):
    """What is compared, before and after a tick."""
    world, breakers = engine.world, engine.world.breakers
    seen = {name: breakers._asdict()[name].copy() for name in ("mode", "reason", "left", "low", "high", "phase")}
    seen |= {name: breakers._asdict()[name].copy() for name in ("attempt", "in_band", "voided", "open_for")}
    seen |= {name: engine.state.award._asdict()[name].copy() for name in ("units", "pays", "exposure")}
    seen |= {name: balances_of(world.ledger.balances, kind).copy() for name, kind in KINDS.items()}
    seen |= {"treasury": world.ledger.balances[:, TREASURY].copy(), "grade": world.conduct.grade.copy()}
    seen |= {"mask": engine.buffers.action_mask.copy(), "rewards": engine.buffers.rewards.copy()}
    seen["by_lot"] = world.lottery.by_lot.copy() if "lottery" in world._fields else np.zeros(MARKETS, dtype=bool)
    state = engine.state
    if "over" in state._fields:
        seen |= {name: state._asdict()[name].copy() for name in ("offered", "over", "task_value", "cost", "demand")}
        seen["owed"] = state.owes.copy()
    else:
        seen["owed"] = state.second_scores.copy()
    return seen


KINDS = {"free": FREE, "escrow": ESCROW, "bonded": BONDED}


def actions_of(rng, shape, tick):
    """Bids around a level that jumps, some wild ones, some none; honest work most of the time."""
    actions = np.clip(-0.3 + 0.4 * np.sin(tick // 6) + rng.normal(0.0, 0.25, shape), -1.0, 1.0).astype(np.float32)
    wild = rng.random(shape[:2]) < 0.15
    actions[wild] = rng.uniform(-1.0, 1.0, (int(wild.sum()), shape[2]))
    actions[..., -2:] = np.where(rng.random((*shape[:2], 1)) < 0.1, 0.3, [1.0, -1.0])
    actions[rng.random(shape[:2]) < 0.04] = np.nan
    return actions


@cache
def played(name):
    """Episodes of random configurations: of each its scenario, and what stood before and after every tick."""
    runs = []
    for seed in range(2):
        scenario = drawn(name, seed)
        engine, rng, ticks = Engine(scenario, MARKETS), np.random.default_rng(seed), []
        engine.reset(seed)
        before = looked_at(engine)
        for tick in range(LENGTH):
            engine.step(actions_of(rng, engine.buffers.actions.shape, tick))
            after = looked_at(engine)
            ticks.append((before, after))
            before = after
            np.testing.assert_array_equal(engine.world.ledger.balances.sum(axis=1), engine.world.ledger.minted)
            assert not engine.world.ledger.refused.any()
        runs.append((scenario, ticks))
    return runs


def halted_before(before):
    return np.isin(before["mode"], (HALTED, ENDED))


@each_auction
def test_nothing_is_awarded_outside_the_band_or_while_halted(name):
    """B1, by what holders owe, before their work is done; and nothing is worked, graded or paid of what was voided."""
    halts = rejected = sold = 0
    for _, ticks in played(name):
        for before, after in ticks:
            holds, halted = after["units"] != 0, halted_before(before)
            assert not holds[halted].any()
            assert not after["grade"][halted | after["voided"]].any()
            assert not after["pays"][halted | after["voided"]].any()
            for k in np.flatnonzero(holds.any(axis=1) & ~before["by_lot"]):
                tasks, owed = -after["units"][k].sum(), after["owed"][k].sum()
                price = max(1, (2 * owed + tasks) // (2 * tasks))
                assert before["low"][k] <= price <= before["high"][k]
                assert after["attempt"][k] == price
            assert not after["attempt"][halted | before["by_lot"]].any()
            halts, rejected = halts + halted.sum(), rejected + after["voided"].sum()
            sold += holds.any(axis=1).sum()
    assert min(halts, rejected, sold) > 15


@each_auction
def test_a_halted_or_voided_tick_moves_nobodys_money_but_the_charge(name):
    """B2 and B3."""
    for scenario, ticks in played(name):
        charge = round(scenario.economy["breakers"].charge * 1_000_000)
        for before, after in ticks:
            assert not after["escrow"].any()
            assert not after["bonded"].any()
            np.testing.assert_array_equal(after["free"][halted_before(before)], before["free"][halted_before(before)])
            paid = (before["free"] - after["free"])[after["voided"]]
            assert np.isin(paid, (0, charge)).all()
            assert (paid.sum(axis=1) == (after["treasury"] - before["treasury"])[after["voided"]]).all()
            assert not charge or (paid > 0).any(axis=1).all()


@each_auction
def test_halts_are_a_function_of_the_log(name):
    """B4: recomputed in fractions; a tick in which no request comes to an end is no call, nor is a lot."""
    for scenario, ticks in played(name):
        section = scenario.economy["breakers"]
        for k in range(MARKETS):
            session = Session(section, params(scenario, section).rules, LENGTH)
            for before, after in ticks:
                assert session.mode == MODES[int(before["mode"][k])]
                attempt = int(after["attempt"][k])
                ends = "over" not in after or (before["offered"][k] and after["over"][k])
                counts = bool((ends and not before["by_lot"][k]) or attempt)
                outcomes = (after["grade"][k][after["grade"][k] > 0] < POOR).tolist()
                price = attempt if after["in_band"][k] else 0
                tried = bool((after["exposure"][k] > 0).any()) and counts
                session.tick(Tick(attempt, price, tried, outcomes, counts))


@each_auction
def test_masks_show_the_halt_and_halts_do_not_flap(name):
    """B5, B6 and B8."""
    for scenario, ticks in played(name):
        least_open = scenario.economy["breakers"].least_open
        for before, after in ticks:
            halted = halted_before(before)
            assert not before["mask"][halted].any()
            assert not after["rewards"][halted].any()
            starts = (before["mode"] != HALTED) & (after["mode"] == HALTED) & (after["phase"] != OPENED)
            assert (before["mode"][starts] == OPEN).all()
            assert (before["open_for"][starts] + 1 >= least_open).all()
            still = (before["mode"] == HALTED) & (after["mode"] == HALTED)
            assert (after["left"][still] <= np.maximum(before["left"][still] - 1, scenario.max_cycles)).all()
            ends = (before["mode"] == HALTED) & (after["mode"] == REOPENING)
            assert (before["left"][ends] == 1).all()


@pytest.mark.parametrize("name", AUCTIONS)
def test_a_request_waits_through_a_halt_and_comes_on_offer_again_after_a_void(name):
    """The same request: its value, and what it costs everybody, stay; nothing perishes."""
    waited = again = 0
    for _, ticks in played(name):
        for before, after in ticks[:-1]:
            kept = before["offered"] & ~after["over"]
            np.testing.assert_array_equal(after["task_value"][kept], before["task_value"][kept])
            np.testing.assert_array_equal(after["cost"][kept], before["cost"][kept])
            assert after["offered"][kept].all()
            stands = before["offered"] & (halted_before(before) | after["voided"])
            assert kept[stands].all()
            assert (after["demand"][stands] >= before["demand"][stands]).all()
            waited, again = waited + (stands & ~after["voided"]).sum(), again + after["voided"].sum()
    assert min(waited, again) > 5


@each_auction
def test_breakers_that_never_trip_change_no_reward_and_no_other_observation(name):
    guarded = market(name, {"move": 90.0, "collar": 90.0})
    economy = {part: section for part, section in guarded.economy.items() if part != "breakers"}
    engines = [Engine(one, 6) for one in (guarded.replace(economy=economy), guarded)]
    rng = np.random.default_rng(5)
    for engine in engines:
        engine.reset(5)
    seen = engines[0].buffers.observations.shape[2]
    names = list(market_of(guarded).observations(guarded))
    places = [names.index(one) for one in market_of(guarded).observations(engines[0].scenario)]
    assert len(places) == seen
    for tick in range(24):
        actions = actions_of(rng, engines[0].buffers.actions.shape, tick)
        for engine in engines:
            engine.step(actions)
        np.testing.assert_array_equal(engines[0].buffers.rewards, engines[1].buffers.rewards)
        np.testing.assert_array_equal(engines[0].buffers.action_mask, engines[1].buffers.action_mask)
        plain, watched = (engine.buffers.observations for engine in engines)
        np.testing.assert_array_equal(plain, watched[..., places])


@pytest.mark.parametrize("name", CLOCKS)
def test_a_call_breaker_of_a_clock_is_refused_with_the_reason(name):
    with pytest.raises(SettingsError, match="does not bid in a tick of a clock is out of the sale"):
        market(name, {"calls": {}})


def test_every_kind_of_market_carries_breakers():
    """All that carry an economy; where an episode is one sale the price before it has to be told."""
    kinds = set()
    for name in econo_env.scenarios():
        scenario = econo_env.load(name)
        if not market_of(scenario).carries_economy:
            continue
        economy = scenario.model_dump(mode="json")["economy"] or {"ledger": {"endowment": 5.0}}
        one_sale = market_of(scenario).name == "clock"
        cycles = scenario.max_cycles if market_of(scenario).name == "sequential" else max(scenario.max_cycles, 8)
        if one_sale:
            with pytest.raises(SettingsError, match="give the price known before it as reference"):
                scenario.replace(economy=economy | {"breakers": {}})
        scenario.replace(economy=economy | {"breakers": {"reference": 0.5 if one_sale else 0.0}}, max_cycles=cycles)
        kinds.add(market_of(scenario).name)
    assert {"clock", "sequential", "sealed_bid", "coordination"} <= kinds
