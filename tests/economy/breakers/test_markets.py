"""Breakers around markets, in random configurations and under random and hostile play: B1 to B8."""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.breakers.bands import NO_LIMIT
from econo_env.economy.breakers.halts import CALLS, ENDED, HALTED, INTEGRITY, OPEN, REOPENING
from econo_env.economy.breakers.section import params
from econo_env.economy.ledger import BONDED, ESCROW, FREE, TREASURY, balances_of
from econo_env.engine.engine import Engine
from tests.economy.breakers.replayed import Session, Tick

ROOT = Path(__file__).parents[3]
FILES = {path.stem: path for path in sorted((ROOT / "configs" / "scenarios").glob("*_breakers.yaml"))}
LENGTH, MARKETS = 40, 24
JUDGED = {"ledger": {"endowment": 50.0}, "staking": {"requirement": 0.5}, "default": {"shock": 0.6}}
TRADED = {"ledger": {"endowment": 50.0}, "staking": {"requirement": 0.5}}
MARKETS_OF = {
    "first_price_v0": JUDGED,
    "vickrey_v0": JUDGED,
    "combinatorial_v1": JUDGED,
    "double_auction_v1": TRADED,
    "continuous_double_auction_v1": TRADED,
}
ONE_PRICE = ("first_price_v0", "double_auction_v1", "continuous_double_auction_v1")
SEEDS = range(3)
NAMES = {OPEN: "open", HALTED: "halted", REOPENING: "reopening", ENDED: "ended"}
QUICK = ("first_price_v0", "continuous_double_auction_v1")
"""Whose trades are voided afterwards, and whose orders are confined before: the others are slow to compile."""
every_market = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in MARKETS_OF]
)


def drawn(name, seed):
    """A scenario with breakers drawn at random; all of one market compile to the same loop."""
    generator = np.random.default_rng((seed, *name.encode()))
    judged = MARKETS_OF[name] is JUDGED
    falls = np.sort(generator.choice(np.arange(5, 95), 3, replace=False)) / 100
    breakers = {
        "move": float(generator.choice([0.02, 0.1, 0.3])),
        "window": int(generator.integers(1, 7)),
        "limit": int(generator.integers(1, 4)),
        "halt": int(generator.integers(1, 6)),
        "collar": float(generator.choice([0.05, 0.2, 0.6])),
        "reopening": str(generator.choice(["widen", "follow"])),
        "extensions": int(generator.integers(0, 4)),
        "least_open": int(generator.integers(1, 5)),
        "levels": falls.tolist(),
        "level_halt": int(generator.integers(1, 8)),
        "last_part": float(generator.choice([0.0, 0.25])),
        "charge": float(generator.choice([0.0, 0.01])),
        "systemic": {
            "window": int(generator.integers(4, 10)),
            "least": int(generator.integers(1, 6)),
            "missed": float(generator.choice([0.3, 0.6])),
            "volatility": float(generator.choice([0.2, 0.5])),
            "halt": int(generator.integers(1, 7)),
        },
    }
    if judged:
        breakers["systemic"]["failures"] = float(generator.choice([0.1, 0.4]))
        breakers["calls"] = {
            "failures": int(generator.integers(1, 4)),
            "open": int(generator.integers(1, 6)),
            "successes": int(generator.integers(1, 4)),
            "probes": int(generator.integers(1, 3)),
        }
    economy = MARKETS_OF[name] | {"breakers": breakers}
    return econo_env.load(name, economy=economy, max_cycles=LENGTH, **({"units": 20} if "continuous" in name else {}))


@dataclass
class Seen:
    """A tick: columns of the breakers and of the market before and after it."""

    before: dict
    after: dict
    features: dict


COLUMNS = ("mode", "reason", "left", "low", "high", "attempt", "in_band", "voided", "phase", "admitted", "open_for")


def looked_at(engine):
    """What the tests compare."""
    breakers, award, world = engine.world.breakers, engine.state.award, engine.world
    seen = {name: breakers._asdict()[name].copy() for name in COLUMNS}
    seen |= {name: award._asdict()[name].copy() for name in ("units", "pays", "price", "exposure", "supplies")}
    seen |= {"mask": engine.buffers.action_mask.copy(), "rewards": engine.buffers.rewards.copy()}
    seen |= {
        name: balances_of(world.ledger.balances, kind).copy()
        for name, kind in (("free", FREE), ("escrow", ESCROW), ("bonded", BONDED))
    }
    seen["treasury"] = world.ledger.balances[:, TREASURY].copy()
    if "default" in engine.scenario.economy:
        seen |= {"walked": world.default.walked.copy(), "kept": world.default.kept.copy()}
    return seen


def actions_of(generator, shape, tick):
    """Random play around a level that jumps now and then; some bid wildly, some send nothing or nonsense."""
    level = -0.4 + 0.5 * np.sin(tick // 7 + np.arange(shape[0]))[:, None, None]
    actions = level + generator.normal(0.0, 0.08, shape)
    wild = generator.random(shape[:2]) < 0.08
    actions[wild] = generator.uniform(-1.0, 1.0, (int(wild.sum()), shape[2]))
    actions = np.clip(actions, -1.0, 1.0).astype(np.float32)
    actions[generator.random(shape[:2]) < 0.05] = np.nan
    return actions


@cache
def played(name, seed):
    """An episode of a random configuration: scenario, what was seen of each tick, and the books after each."""
    scenario = drawn(name, seed)
    engine, generator = Engine(scenario, MARKETS), np.random.default_rng(seed)
    engine.reset(seed)
    names = econo_env.market.market_of(scenario).observations(scenario)
    ticks, before = [], looked_at(engine)
    for tick in range(LENGTH):
        shown = {name: engine.buffers.observations[:, :, at].copy() for at, name in enumerate(names)}
        engine.step(actions_of(generator, engine.buffers.actions.shape, tick))
        after = looked_at(engine)
        ticks.append(Seen(before, after, shown))
        before = after
        ledger = engine.world.ledger
        np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
        assert not ledger.refused.any()
        assert (ledger.balances >= 0).all()
    return scenario, ticks


def runs(name):
    """The episodes of every seed."""
    return [played(name, seed) for seed in SEEDS]


def halted_before(seen):
    return np.isin(seen.before["mode"], (HALTED, ENDED))


@every_market
def test_nothing_trades_outside_the_band_or_while_halted(name):
    """B1."""
    halts = rejected = traded = 0
    for _, ticks in runs(name):
        for seen in ticks:
            after, halted = seen.after, halted_before(seen)
            price, limits = after["price"], (seen.before["low"], seen.before["high"])
            sold = (after["units"] != 0).any(axis=1)
            assert not sold[halted].any()
            assert not after["attempt"][halted].any()
            assert not (after["voided"].any() and "continuous" in name)  # a book cannot be undone
            assert not after["pays"][halted].any()
            assert (after["attempt"][sold] >= np.maximum(limits[0][sold], 1)).all()
            assert (after["attempt"][sold] <= limits[1][sold]).all()
            if name in ONE_PRICE:  # elsewhere the mean of what is kept is not that of what was sold
                assert ((price == after["attempt"]) | (price == 0) | ~sold).all()
            assert not sold[after["voided"]].any()
            halts, rejected, traded = halts + halted.sum(), rejected + (~after["in_band"]).sum(), traded + sold.sum()
    assert min(halts, rejected, traded) > 20


@every_market
def test_money_is_free_whenever_trading_is_halted_and_what_rested_is_taken_back(name):
    """B2 and B3: a halted or voided tick moves nobody's money but the charge, and leaves nothing locked."""
    for scenario, ticks in runs(name):
        charge = round(scenario.economy["breakers"].charge * 1_000_000)
        for seen in ticks:
            before, after, halted = seen.before, seen.after, halted_before(seen)
            assert not after["escrow"].any()
            assert not after["bonded"].any()
            np.testing.assert_array_equal(after["free"][halted], before["free"][halted])
            voided = after["voided"]
            paid = (before["free"] - after["free"])[voided]
            assert ((paid == 0) | (paid == charge)).all()
            assert (paid.sum(axis=1) == (after["treasury"] - before["treasury"])[voided]).all()
            if charge and "default" in scenario.economy:
                assert (paid > 0).any(axis=1).all()
            np.testing.assert_array_equal(after["treasury"][~voided], before["treasury"][~voided])


def test_no_order_rests_in_a_halted_book():
    scenario = drawn("continuous_double_auction_v1", 0)
    engine, generator, rested = Engine(scenario, MARKETS), np.random.default_rng(0), 0
    engine.reset(0)
    for tick in range(LENGTH):
        halted = np.isin(engine.world.breakers.mode, (HALTED, ENDED))
        rested += int((engine.state.level[halted] > 0).sum())
        engine.step(actions_of(generator, engine.buffers.actions.shape, tick))
        assert not engine.state.level[halted].any()
        assert not engine.state.depth[halted].any()
    assert rested


@every_market
def test_halts_are_a_function_of_the_log(name):
    """B4: recomputed in plain Python and fractions from what was tried, kept and walked away from."""
    for scenario, ticks in runs(name):
        section = scenario.economy["breakers"]
        rules = params(scenario, section).rules
        for k in range(MARKETS):
            session = Session(section, rules, LENGTH)
            for seen in ticks:
                assert session.mode == NAMES[int(seen.before["mode"][k])]
                after = seen.after
                outcomes = after["kept"][k][after["kept"][k] | after["walked"][k]].tolist() if "kept" in after else []
                tried = bool((after["exposure"][k] > 0).any() or after["supplies"][k].any())
                session.tick(Tick(int(after["attempt"][k]), int(after["price"][k]), tried, outcomes))


@every_market
def test_halts_end_and_do_not_flap(name):
    """B5 and B6."""
    for scenario, ticks in runs(name):
        section = scenario.economy["breakers"]
        longest = params(scenario, section).longest + section.extensions + 1
        for k in range(MARKETS):
            shut, open_for = 0, section.least_open
            for seen in ticks:
                before, now = int(seen.before["mode"][k]), int(seen.after["mode"][k])
                open_for = open_for + 1 if before == OPEN else 0 if before == REOPENING else open_for
                if now == HALTED and before != HALTED and seen.after["reason"][k] != CALLS:
                    assert before == OPEN
                    assert open_for >= section.least_open
                if now == HALTED and before == HALTED:
                    assert seen.after["left"][k] == seen.before["left"][k] - 1
                shut = shut + 1 if now in (HALTED, REOPENING) and seen.after["reason"][k] != CALLS else 0
                assert shut <= longest


@pytest.mark.slow
def test_while_half_open_so_many_may_bid_by_turns():
    """B7."""
    half_open, allowed = 0, []
    for scenario, ticks in [run for name in ("first_price_v0", "vickrey_v0") for run in runs(name)]:
        probes = scenario.economy["breakers"].calls.probes
        for seen in ticks:
            probing = (seen.before["phase"] == 2) & ~halted_before(seen)
            half_open += probing.sum()
            assert (seen.before["mask"][probing].sum(axis=1) == min(probes, scenario.num_agents)).all()
            assert ((seen.after["units"][probing] != 0) <= seen.before["mask"][probing]).all()
            allowed.append(seen.before["mask"][probing])
    assert half_open > 20
    assert np.concatenate(allowed).any(axis=0).all()


@every_market
def test_masks_and_observations_show_the_halt(name):
    """B8: what is halted is masked, and nothing is earned in it."""
    for scenario, ticks in runs(name):
        constants = params(scenario, scenario.economy["breakers"])
        for seen in ticks:
            before, halted = seen.before, halted_before(seen)
            assert not before["mask"][halted].any()
            assert not seen.after["rewards"][halted].any()
            if "continuous" not in name:
                probing = before["phase"] == 2
                assert before["mask"][~halted & ~probing].all()
            wait = np.where(before["mode"] == ENDED, 1.0, before["left"] / constants.longest)
            np.testing.assert_array_equal(seen.features["halted"], np.repeat(halted[:, None], scenario.num_agents, 1))
            np.testing.assert_allclose(seen.features["ticks_to_reopen"][:, 0], wait, rtol=1e-6)
            low, high = before["low"], before["high"]
            np.testing.assert_allclose(seen.features["band_low"][:, 0], scaled(low), rtol=1e-6)
            np.testing.assert_allclose(seen.features["band_high"][:, 0], scaled(high), rtol=1e-6)


def scaled(price):
    """A price as observations show it where the endowment is 50 credits."""
    return np.where(price >= NO_LIMIT, 1.0, price / (price + 50e6))


@every_market
def test_breakers_that_never_trip_change_no_reward_and_no_other_observation(name):
    without = drawn(name, 0)
    quiet = {"move": None if "continuous" in name else 90.0}
    loads = [
        without.replace(economy=MARKETS_OF[name]),
        without.replace(economy=MARKETS_OF[name] | {"breakers": quiet}),
    ]
    engines = [Engine(scenario, MARKETS) for scenario in loads]
    for engine in engines:
        engine.reset(5)
    generator = np.random.default_rng(5)
    for tick in range(LENGTH):
        plain, guarded = engines
        np.testing.assert_array_equal(plain.buffers.action_mask, guarded.buffers.action_mask)
        seen = plain.buffers.observations.shape[2]
        np.testing.assert_array_equal(plain.buffers.observations, guarded.buffers.observations[..., :seen])
        actions = actions_of(generator, plain.buffers.actions.shape, tick)
        for engine in engines:
            engine.step(actions)
        np.testing.assert_array_equal(plain.buffers.rewards, guarded.buffers.rewards)
        assert not (guarded.world.breakers.mode != OPEN).any()


def test_a_breach_of_the_books_halts_at_once_and_for_good():
    scenario = econo_env.load(FILES["first_price_breakers"])
    engine = Engine(scenario, 4)
    engine.reset(0)
    bids = np.full(engine.buffers.actions.shape, -0.05, np.float32)
    engine.step(bids)
    engine.world.ledger.balances[1, -1] += 1  # a micro-credit out of nothing
    for _ in range(2):
        for _ in range(scenario.max_cycles):
            engine.step(bids)
            breakers = engine.world.breakers
            assert (breakers.mode[1], breakers.reason[1]) == (ENDED, INTEGRITY)
            assert not engine.state.award.units[1].any()
            assert not engine.buffers.action_mask[1].any()
            assert not (breakers.reason[[0, 2, 3]] == INTEGRITY).any()
        engine.reset_markets(np.ones(4, dtype=bool))  # the next episode has new accounts, and is halted all the same
    engine.reset(0)
    engine.step(bids)
    assert engine.world.breakers.mode[1] == OPEN
    assert engine.state.award.units[1].any()


def test_an_account_below_zero_and_a_refused_transfer_are_breaches():
    for damage in ("negative", "refused"):
        engine = Engine(econo_env.load(FILES["first_price_breakers"]), 1)
        engine.reset(0)
        if damage == "negative":
            engine.world.ledger.balances[0, -2:] += (5, -5)
        else:
            engine.world.ledger.refused[0] = 1
        engine.step(np.full(engine.buffers.actions.shape, -0.05, np.float32))
        assert engine.world.breakers.reason[0] == INTEGRITY


def test_a_market_of_a_batch_is_the_market_alone_in_any_number_of_threads():
    scenario = econo_env.load(FILES["order_book_breakers"])
    batch, alone = Engine(scenario, 5, num_threads=2, autoreset=True), Engine(scenario, 1, autoreset=True)
    batch.reset(7)
    alone.reset(7, first_market=3)
    generator = np.random.default_rng(0)
    for tick in range(2 * scenario.max_cycles):
        actions = actions_of(generator, batch.buffers.actions.shape, tick)
        batch.step(actions)
        alone.step(actions[3:4])
        for many, one in zip(batch.arrays(), alone.arrays(), strict=True):
            np.testing.assert_array_equal(many[3:4], one)


@pytest.mark.slow
def test_the_third_level_ends_the_session_within_the_tick_and_others_halt_it_once():
    """A shock of -20 % is noticed in its own tick; in the last part of the session smaller ones halt nothing."""
    economy = {"ledger": {}, "breakers": {"move": None, "levels": [0.07, 0.13, 0.2], "last_part": 0.5, "level_halt": 4}}
    scenario = econo_env.load("first_price_v0", economy=economy, max_cycles=24, bids="amount")
    for fall, tick, mode, ticks in (
        (0.2, 3, ENDED, 20),
        (0.2, 20, ENDED, 3),
        (0.13, 3, HALTED, 4),
        (0.07, 3, HALTED, 4),
        (0.06, 3, OPEN, 0),
        (0.13, 20, OPEN, 0),
    ):
        engine = Engine(scenario, 1)
        engine.reset(0)
        modes = []
        for now in range(24):
            engine.step(bids_of(engine, 0.8 * (1.0 if now < tick else 1.0 - fall)))
            modes.append(int(engine.world.breakers.mode[0]))
        assert modes[tick - 1] == OPEN
        assert modes[tick] == mode
        assert modes[tick:].count(mode) == (ticks if mode == HALTED else 24 - tick)


def bids_of(engine, amount):
    """Everybody bids that many credits, where bids are amounts and the highest value is 1."""
    return np.full(engine.buffers.actions.shape, amount - 1.0, np.float32)


@pytest.mark.parametrize(
    ("reopening", "halts"), [("clip", 2), pytest.param("widen", 1, marks=pytest.mark.slow), ("follow", 1)]
)
def test_after_a_lasting_fall_the_published_rule_halts_again_and_again_and_its_cures_once(reopening, halts):
    breakers = {"move": 0.05, "window": 5, "limit": 3, "halt": 5, "collar": 0.1, "reopening": reopening}
    scenario = econo_env.load(
        "first_price_v0",
        economy={"ledger": {"endowment": 99.0}, "breakers": breakers},
        max_cycles=60,
        bids="amount",
    )
    engine, modes = Engine(scenario, 1), []
    engine.reset(0)
    for tick in range(60):
        engine.step(bids_of(engine, 0.9 if tick < 10 else 0.7))
        modes.append(int(engine.world.breakers.mode[0]))
    began = sum(now == HALTED and before != HALTED for before, now in pairwise(modes))
    assert began == halts
    assert engine.state.award.price[0] > 0  # trading goes on at the new price


@pytest.mark.slow
def test_a_sale_for_nothing_is_no_price_within_a_band():
    economy = {"ledger": {}, "breakers": {"move": 0.5, "limit": 9}}
    scenario = econo_env.load("second_price_v0", economy=economy, max_cycles=12, bids="amount")
    engine = Engine(scenario, 1)
    engine.reset(0)
    for _ in range(3):
        engine.step(bids_of(engine, 0.5))
    actions = bids_of(engine, 0.5)
    actions[:, 1] = np.nan  # nobody else bids, so the winner would pay nothing
    engine.step(actions)
    assert engine.world.breakers.voided[0]
    assert not engine.state.award.units.any()


@pytest.mark.parametrize(
    ("name", "economy", "said"),
    [
        ("first_price_v0", {"breakers": {}}, "breakers stands on ledger"),
        ("english_v0", {"ledger": {}, "breakers": {}}, "give the price known before it as reference"),
        ("dutch_v0", {"ledger": {}, "breakers": {"move": None, "levels": [0.1, 0.2, 0.3]}}, "as reference"),
        ("english_v0", {"ledger": {}, "breakers": {"reference": 0.5, "levels": [0.1, 0.2, 0.3]}}, "a clock that falls"),
        ("english_v0", {"ledger": {}, "breakers": {"reference": 0.5, "calls": {}}}, "out of the sale"),
        ("dutch_v0", {"ledger": {}, "breakers": {"move": None, "systemic": {"volatility": 0.5}}}, "no awards, prices"),
        ("first_price_v0", {"ledger": {}, "breakers": {"levels": [0.2, 0.1, 0.3]}}, "three rising falls"),
        ("first_price_v0", {"ledger": {}, "breakers": {"tier": 1, "move": 0.1}}, "leave one of the two out"),
        ("first_price_v0", {"ledger": {}, "breakers": {"calls": {}}}, "add `default: {}`"),
        ("first_price_v0", {"ledger": {}, "breakers": {"systemic": {"failures": 0.1}}}, "add `default: {}`"),
        ("first_price_v0", {"ledger": {}, "breakers": {"systemic": {"reputation": 0.4}}}, "add `reputation: {}`"),
        ("first_price_v0", {"ledger": {}, "breakers": {"halt": 0}}, "halt = 0"),
        ("first_price_v0", {"ledger": {}, "breakers": {"reopening": "never"}}, "reopening"),
    ],
)
def test_what_does_not_go_together_is_said(name, economy, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load(name, economy=economy, **({"max_cycles": 8} if name == "first_price_v0" else {}))
