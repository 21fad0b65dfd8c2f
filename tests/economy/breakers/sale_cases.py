"""Breakers around sales that go on: clocks that sell one item an episode, and units sold one after another.

Random configurations under random play, as in `test_markets.py`; `tests/markets/test_coordination.py` runs these
without compiling.
"""

from functools import cache

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.calls import HALF_OPEN, OPENED
from econo_env.economy.breakers.columns import halt
from econo_env.economy.breakers.halts import ENDED, HALTED, LEVEL, OPEN, PRICES, REOPENING
from econo_env.economy.breakers.section import params
from econo_env.economy.contracts import POOR
from econo_env.economy.ledger import BONDED, ESCROW, FREE, TREASURY, balances_of
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.clock.kernels import is_over
from econo_env.markets.clock.kernels import params as clock_params
from tests.economy.breakers.replayed import NAMES, Session, Tick

CLOCKS, SEQUENCES = ("english", "dutch", "english_open"), ("sequential_first_price", "sequential_second_price")
MARKETS, SEEDS = 9, range(2)
MODES = NAMES | {ENDED: "ended"}
ECONOMY = {
    "ledger": {"endowment": 9.0},
    "staking": {"requirement": 0.5, "slashed_to": "house"},
    "default": {"shock": 0.4},
}
KINDS = {"free": FREE, "escrow": ESCROW, "bonded": BONDED}
each_sale = pytest.mark.parametrize("name", CLOCKS + SEQUENCES)
each_clock = pytest.mark.parametrize("name", CLOCKS)


def market(name, breakers):
    """A sale with these breakers."""
    economy = ECONOMY | ({"breakers": breakers} if breakers is not None else {})
    if name in SEQUENCES:
        return econo_env.load(f"{name}_v0", num_agents=24, max_cycles=20, economy=economy, bids="amount")
    fields = {"mechanism.increment": 0.05, "mechanism.reserve": 0.1} if name != "english_open" else {}
    if name == "english_open":
        fields = {"mechanism.increment": 0.06, "mechanism.closing": 8, "mechanism.reserve": 0.1}
    return econo_env.load(f"{name}_v0", num_agents=4, max_cycles=70, economy=economy, **fields)


def drawn(name, seed):
    """Breakers at random, as far as they go with a sale."""
    rng = np.random.default_rng((seed, *name.encode()))
    breakers = {
        "move": float(rng.choice([0.08, 0.2, 0.4])),
        "reference": float(rng.choice([0.45, 0.6])) if name in CLOCKS or rng.random() < 0.5 else 0.0,
        "window": int(rng.integers(1, 5)),
        "limit": int(rng.integers(1, 3)),
        "halt": int(rng.integers(1, 5)),
        "collar": float(rng.choice([0.1, 0.3])),
        "reopening": str(rng.choice(["widen", "follow"])),
        "extensions": int(rng.integers(0, 4)),
        "least_open": int(rng.integers(1, 4)),
        "level_halt": int(rng.integers(1, 6)),
        "last_part": 0.1,
        "charge": float(rng.choice([0.0, 0.01])),
        "systemic": {"window": 6, "least": 2, "missed": 0.5, "halt": 3},
    }
    if name not in ("english", "english_open"):
        breakers["levels"] = np.sort(rng.choice(np.arange(15, 90), 3, replace=False) / 100).tolist()
    if name in SEQUENCES:
        breakers["systemic"] |= {"failures": 0.6, "volatility": 0.8}
        breakers["calls"] = {"failures": 2, "open": 2, "successes": 1, "probes": 9}
    return market(name, breakers)


def looked_at(engine):
    """What is compared, before and after a tick."""
    world, state = engine.world, engine.state
    names = ("mode", "reason", "left", "low", "high", "attempt", "in_band", "voided", "open_for", "phase")
    seen = {name: world.breakers._asdict()[name].copy() for name in names}
    seen |= {name: state.award._asdict()[name].copy() for name in ("units", "pays", "exposure")}
    seen |= {name: balances_of(world.ledger.balances, kind).copy() for name, kind in KINDS.items()}
    seen |= {"treasury": world.ledger.balances[:, TREASURY].copy(), "grade": world.conduct.grade.copy()}
    seen |= {"mask": engine.buffers.action_mask.copy(), "rewards": engine.buffers.rewards.copy()}
    seen |= {"values": state.values.copy(), "shown": engine.buffers.observations.copy()}
    if engine.scenario.market == "clock":
        seen |= {name: state._asdict()[name].copy() for name in ("price", "best", "leader", "standing", "closes")}
        seen |= {"over": is_over(state).copy(), "elapsed": (state.tick - state.began).copy()}
    else:
        seen |= {"active": state.active.copy(), "over": state.tick >= engine.scenario.max_cycles}
    return seen


def actions_of(rng, levels, shape, tick):
    """Limits around a level of each bidder, now and then a wild one, sometimes none."""
    actions = levels[:, :, None] + rng.normal(0.0, 0.05, shape) + 0.15 * np.sin(tick // 5)
    wild = rng.random(shape[:2]) < 0.03
    actions[wild] = rng.uniform(-1.0, 1.0, (int(wild.sum()), shape[2]))
    actions = np.clip(actions, -1.0, 1.0).astype(np.float32)
    actions[rng.random(shape[:2]) < 0.01] = np.nan
    return actions


@cache
def played(name):
    """Episodes of random configurations: of each its scenario, and of every tick what was live, before and after."""
    runs = []
    for seed in SEEDS:
        scenario = drawn(name, seed)
        engine, rng, ticks = Engine(scenario, MARKETS), np.random.default_rng(seed), []
        engine.reset(seed)
        before, shape = looked_at(engine), engine.buffers.actions.shape
        levels = rng.uniform(-0.7, 0.5, shape[:2])
        for tick in range(scenario.max_cycles):
            engine.step(actions_of(rng, levels, shape, tick))
            after = looked_at(engine)
            ticks.append((~before["over"], before, after))
            before = after
            np.testing.assert_array_equal(engine.world.ledger.balances.sum(axis=1), engine.world.ledger.minted)
            assert not engine.world.ledger.refused.any()
            assert (engine.world.ledger.balances >= 0).all()
        assert before["over"].all()
        runs.append((scenario, ticks))
    return runs


def halted_before(before):
    return np.isin(before["mode"], (HALTED, ENDED))


@each_sale
def test_nothing_is_sold_outside_the_band_or_while_halted(name):
    """B1."""
    halts = voided = sold = 0
    for _, ticks in played(name):
        for live, before, after in ticks:
            units, halted = (after["units"] != 0) & live[:, None], halted_before(before) & live
            buys = units.any(axis=1)
            assert not units[halted].any()
            assert not after["attempt"][halted].any()
            price = np.maximum(after["attempt"], 1)
            assert ((before["low"] <= price) & (price <= before["high"]))[buys].all()
            gone = after["voided"] & live
            assert not after["units"][gone].any()
            assert not after["pays"][gone].any()
            halts, voided, sold = halts + halted.sum(), voided + gone.sum(), sold + buys.sum()
    assert min(halts, voided) > 10
    assert sold > 5


@each_sale
def test_a_halted_or_voided_tick_moves_nobodys_money_but_the_charge(name):
    """B2 and B3: whatever is staked is free again when the tick is over."""
    for scenario, ticks in played(name):
        charge = round(scenario.economy["breakers"].charge * 1_000_000)
        for live, before, after in ticks:
            assert not after["escrow"].any()
            assert not after["bonded"].any()
            halted, gone = halted_before(before) & live, after["voided"] & live
            np.testing.assert_array_equal(after["free"][halted], before["free"][halted])
            paid = (before["free"] - after["free"])[gone]
            assert np.isin(paid, (0, charge)).all()
            assert ((paid > 0).sum(axis=1) == (charge > 0)).all()
            assert (paid.sum(axis=1) == (after["treasury"] - before["treasury"])[gone]).all()


@each_sale
def test_halts_are_a_function_of_the_log(name):
    """B4: recomputed in fractions from what was tried and kept, and what a falling clock asked."""
    tripped = 0
    for scenario, ticks in played(name):
        section = scenario.economy["breakers"]
        for k in range(MARKETS):
            session = Session(section, params(scenario, section).rules, scenario.max_cycles)
            for live, before, after in ticks:
                if not live[k]:
                    break
                assert session.mode == MODES[int(before["mode"][k])]
                attempt, clock = int(after["attempt"][k]), name in CLOCKS
                counts = bool(not clock or after["over"][k] or attempt)
                index = int(after["price"][k]) if name == "dutch" else 0
                tried = bool((after["exposure"][k] > 0).any()) and counts
                outcomes = (after["grade"][k][after["grade"][k] > 0] < POOR).tolist()
                kept = attempt if after["in_band"][k] else 0
                session.tick(Tick(attempt, kept, tried, outcomes, counts, index))
                tripped += session.mode != "open"
    assert tripped > 10


@each_sale
def test_masks_and_observations_show_the_halt_and_halts_do_not_flap(name):
    """B5, B6 and B8: nobody may act, nothing is earned, and what is counted down comes to its end."""
    for scenario, ticks in played(name):
        section, columns = scenario.economy["breakers"], market_of(scenario).observations(scenario)
        longest = params(scenario, section).longest
        for live, before, after in ticks:
            halted = halted_before(before) & live
            assert not before["mask"][halted].any()
            assert not after["rewards"][halted].any()
            shown = before["shown"][..., columns.index("halted")]
            np.testing.assert_array_equal(
                shown[live], np.broadcast_to(halted_before(before)[:, None], shown.shape)[live]
            )
            left = np.where(before["mode"] == ENDED, 1.0, before["left"] / longest)
            waits = before["shown"][:, 0, columns.index("ticks_to_reopen")]
            np.testing.assert_allclose(waits[live], left[live], rtol=1e-6)
            starts = (before["mode"] != HALTED) & (after["mode"] == HALTED) & (after["phase"] != OPENED) & live
            assert (before["mode"][starts] == OPEN).all()
            assert (before["open_for"][starts] + 1 >= section.least_open).all()
            still = (before["mode"] == HALTED) & (after["mode"] == HALTED) & live
            assert (after["left"][still] == before["left"][still] - 1).all()
            ends = (before["mode"] == HALTED) & (after["mode"] == REOPENING) & live
            assert (before["left"][ends] == 1).all()


@pytest.mark.parametrize("name", SEQUENCES)
def test_while_half_open_so_many_may_bid(name):
    """B7; those who have left among them may not."""
    probing = 0
    for scenario, ticks in played(name):
        for live, before, _ in ticks:
            half = (before["phase"] == HALF_OPEN) & ~halted_before(before) & live
            probing += half.sum()
            assert (before["mask"][half].sum(axis=1) <= scenario.economy["breakers"].calls.probes).all()
            assert (before["mask"] <= before["active"])[half].all()
    assert probing > 5


@each_clock
def test_a_halted_clock_stands_still_and_a_voided_sale_starts_over(name):
    stood = again = 0
    for scenario, ticks in played(name):
        constants = clock_params(scenario)
        for tick, (live, before, after) in enumerate(ticks):
            halted, gone = halted_before(before) & live, after["voided"] & live
            for column in ("price", "best", "leader", "standing", "elapsed"):
                np.testing.assert_array_equal(after[column][halted], before[column][halted])
            later = np.minimum(before["closes"] + 1, scenario.max_cycles)
            np.testing.assert_array_equal(after["closes"][halted], later[halted])
            np.testing.assert_array_equal(after["values"][live], before["values"][live])
            assert (after["price"][gone] == constants.opening).all()
            assert after["standing"][gone].all()
            assert not after["best"][gone].any()
            assert not after["elapsed"][gone].any()
            assert (after["over"][gone] == (tick + 1 == scenario.max_cycles)).all()
            stood, again = stood + halted.sum(), again + gone.sum()
    assert min(stood, again) > 10


@pytest.mark.parametrize("name", SEQUENCES)
def test_who_would_have_had_a_voided_unit_bids_on(name):
    for _, ticks in played(name):
        for live, before, after in ticks:
            nothing = (halted_before(before) | after["voided"]) & live
            np.testing.assert_array_equal(after["active"][nothing], before["active"][nothing])
            bought = live[:, None] & (after["units"] > 0)
            assert not after["active"][bought].any()


@pytest.mark.parametrize("name", ["english", "dutch"])
def test_a_clock_goes_on_where_it_stood(name):
    """Halted for 5 ticks on its way, a sale comes to the same price, 5 ticks later; outcry draws new lots."""
    scenario = market(name, {"reference": 0.5, "move": 90.0, "collar": 90.0})
    outcomes = []
    for stops in (False, True):
        engine, rng = Engine(scenario, 40), np.random.default_rng(3)
        engine.reset(3)
        limits = rng.uniform(-0.6, 0.6, (*engine.buffers.actions.shape[:2], 1)).astype(np.float32)
        for tick in range(scenario.max_cycles):
            if stops and tick == 3:
                for k in range(40):
                    halt(k, engine.world.breakers, 5, PRICES)
            engine.step(limits)
        outcomes.append((engine.state.best.copy(), engine.state.sold_at.copy()))
    (price, tick), (halted_price, later) = outcomes
    went_on = tick >= 3
    assert went_on.sum() > 10
    np.testing.assert_array_equal(later[went_on], tick[went_on] + 5)
    np.testing.assert_array_equal(halted_price[went_on], price[went_on])
    np.testing.assert_array_equal(later[~went_on], tick[~went_on])


def test_a_falling_clock_halts_at_its_levels_and_the_third_calls_the_sale_off():
    """Reference 0.8: it would ask 0.64, 0.8 less a fifth, and waits; at 0.4, less a half, the sale is off."""
    levels = {"move": None, "reference": 0.8, "levels": [0.2, 0.3, 0.5], "level_halt": 3, "least_open": 1}
    scenario = market("dutch", levels)
    engine, prices = Engine(scenario, 2), []
    engine.reset(0)
    waits = np.full(engine.buffers.actions.shape, -1.0, np.float32)
    while not engine.buffers.ended[0]:
        prices.append((int(engine.state.price[0]), int(engine.world.breakers.mode[0])))
        engine.step(waits)
    asked = [price for price, mode in prices if mode in (OPEN, REOPENING)]
    assert asked == list(range(1_000_000, 400_000, -50_000))
    halted = [price for price, mode in prices if mode == HALTED]
    assert halted == [600_000] * 3  # the first step at or below 0.64
    assert engine.world.breakers.mode[0] == ENDED
    assert engine.world.breakers.reason[0] == LEVEL
    assert not engine.state.award.units.any()
    assert len(prices) == scenario.max_cycles


@each_sale
def test_breakers_that_never_trip_change_no_reward_and_no_other_observation(name):
    guarded = market(name, {"move": 90.0, "collar": 90.0, "reference": 0.5 if name in CLOCKS else 0.0})
    engines = [Engine(one, 6) for one in (market(name, None), guarded)]
    rng = np.random.default_rng(5)
    for engine in engines:
        engine.reset(5)
    levels = rng.uniform(-0.7, 0.5, engines[0].buffers.actions.shape[:2])
    names = list(market_of(guarded).observations(guarded))
    places = [names.index(one) for one in market_of(guarded).observations(engines[0].scenario)]
    for tick in range(guarded.max_cycles):
        actions = actions_of(rng, levels, engines[0].buffers.actions.shape, tick)
        for engine in engines:
            engine.step(actions)
        np.testing.assert_array_equal(engines[0].buffers.rewards, engines[1].buffers.rewards)
        np.testing.assert_array_equal(engines[0].buffers.action_mask, engines[1].buffers.action_mask)
        plain, watched = (engine.buffers.observations for engine in engines)
        np.testing.assert_array_equal(plain, watched[..., places])
