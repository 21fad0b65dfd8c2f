"""Any auction carries an economy by its configuration alone: money is conserved, stake covers, default is slashed."""

from pathlib import Path

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

import econo_env
from econo_env.economy.ledger import BONDED, BURN, ESCROW, FREE, TREASURY, balances_of
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.settings import SettingsError
from econo_env.training.evaluation.play import play

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "configs" / "scenarios").glob("*_economy.yaml"))
ECONOMY = {
    "ledger": {"endowment": 1.5},
    "staking": {"requirement": 0.75, "slashed_to": "burn"},
    "default": {"shock": 0.5},
    "reputation": {"threshold": 0.25, "open_share": 0.6},
    "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
}
OTHERS = ("discriminatory_v0", "gsp_v0", "first_score_v1", "procurement_first_price_v1", "sequential_first_price_v0")
SCENARIOS = {path.stem: lambda path=path: econo_env.load(path) for path in FILES} | {
    name: lambda name=name: econo_env.load(name, economy=ECONOMY, **({} if "sequ" in name else {"max_cycles": 12}))
    for name in OTHERS
}
each_scenario = pytest.mark.parametrize("name", SCENARIOS)
TICKS = 40


def wealth(world):
    return sum(balances_of(world.ledger.balances, kind) for kind in (FREE, ESCROW, BONDED))


def ticks(name, seed=0, markets=48):
    """Random actions, among them no bids: the engine and everybody's wealth before each tick."""
    engine, generator = Engine(SCENARIOS[name](), markets), np.random.default_rng(seed)
    engine.reset(seed)
    for _ in range(TICKS):
        before = wealth(engine.world)
        actions = generator.uniform(-1.0, 0.6, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape[:2]) < 0.1] = np.nan
        mask = engine.buffers.action_mask.copy()
        engine.step(actions)
        yield engine, before, mask
        engine.reset_markets(engine.buffers.ended.copy())


def test_the_auctions_of_the_source_text_are_there():
    assert {path.stem.removesuffix("_economy") for path in FILES} == {
        "combinatorial",
        "dutch",
        "english",
        "first_price",
        "uniform_price",
        "vickrey",
    }


@each_scenario
def test_money_is_conserved_and_no_account_is_negative(name):
    for engine, _, _ in ticks(name):
        ledger = engine.world.ledger
        np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
        assert (ledger.balances >= 0).all()
        assert not ledger.refused.any()


@each_scenario
def test_no_payment_exceeds_what_was_exposed(name):
    paid = 0
    for engine, _, _ in ticks(name, 1):
        award = engine.state.award
        assert (award.pays <= award.exposure).all()
        paid += int((award.pays > 0).sum())
    assert paid or name.startswith(("first_score", "procurement"))


@each_scenario
def test_rewards_are_worth_and_what_the_own_accounts_gained(name):
    for engine, before, _ in ticks(name, 2):
        gained = wealth(engine.world) - before
        expected = (engine.state.award.worth + gained) / 1e6
        np.testing.assert_allclose(engine.buffers.rewards, expected, atol=1e-9, rtol=0)


@each_scenario
def test_who_walks_away_loses_its_bond_and_nothing_else(name):
    walked_away = 0
    for engine, before, _ in ticks(name, 3):
        world = engine.world
        walked = world.default.walked
        walked_away += int(walked.sum())
        lost = (before - wealth(world))[walked]
        np.testing.assert_array_equal(lost, world.staking.slashed[walked])
        np.testing.assert_array_equal(lost, world.staking.locked[walked])
        assert not engine.state.award.units[walked].any()
        assert not (world.default.kept & walked).any()
        assert not world.staking.slashed[~walked].any()
    assert walked_away


@each_scenario
def test_a_kept_award_earns_the_same_bonus_whatever_was_bid(name):
    incentives = SCENARIOS[name]().economy["incentives"]
    bonus = round((incentives.performance_bonus_multiplier - 1.0) * incentives.bonus_base * 1e6)
    for engine, before, _ in ticks(name, 6):
        world, award = engine.world, engine.state.award
        np.testing.assert_array_equal(world.incentives.bonus, bonus * world.default.kept)
        np.testing.assert_array_equal(world.default.kept, award.units != 0)
        gained = wealth(world) - before
        np.testing.assert_array_equal(gained, bonus * world.default.kept - award.pays - world.staking.slashed)


@each_scenario
def test_those_of_no_reputation_win_nothing_in_a_tick_that_is_not_open(name):
    shut_out = 0
    for engine, _, mask in ticks(name, 4):
        shut_out += int((~mask).sum())
        award = engine.state.award
        assert not award.units[~mask].any()
        assert not award.pays[~mask].any()
    assert shut_out


@each_scenario
def test_nothing_stays_locked_beyond_the_tick(name):
    for engine, _, _ in ticks(name, 5):
        for kind in (ESCROW, BONDED):
            assert not balances_of(engine.world.ledger.balances, kind).any()


@pytest.mark.parametrize("name", ["first_price_economy", "english_economy", "combinatorial_economy"])
def test_a_market_of_a_batch_is_the_market_alone_in_any_number_of_threads(name):
    scenario = SCENARIOS[name]()
    batch, alone = Engine(scenario, 6, num_threads=2, autoreset=True), Engine(scenario, 1, autoreset=True)
    batch.reset(7)
    alone.reset(7, first_market=3)
    generator = np.random.default_rng(0)
    for _ in range(TICKS):
        actions = generator.uniform(-1, 1, batch.buffers.actions.shape).astype(np.float32)
        batch.step(actions)
        alone.step(actions[3:4])
        for many, one in zip(batch.arrays(), alone.arrays(), strict=True):
            np.testing.assert_array_equal(many[3:4], one)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_apis_take_it(path):
    parallel_api_test(econo_env.parallel_env(path), num_cycles=60)
    envs = econo_env.vector_env(path, num_markets=4)
    observations, _ = envs.reset(seed=0)
    assert observations.shape[-1] == len(envs.observation_names)
    assert envs.observation_names[-3:] == ("free_money", "reputation", "eligible")
    assert observations in envs.observation_space


def test_slashed_money_goes_where_the_scenario_says():
    for destination, account in (("treasury", TREASURY), ("burn", BURN)):
        economy = ECONOMY | {"staking": {"requirement": 1.0, "slashed_to": destination}}
        engine = Engine(econo_env.load("first_price_v0", economy=economy, max_cycles=30), 16)
        engine.reset(0)
        slashed = np.zeros(16, dtype=np.int64)
        for _ in range(30):
            engine.step(np.full(engine.buffers.actions.shape, -0.1, np.float32))
            slashed += engine.world.staking.slashed.sum(axis=1)
        np.testing.assert_array_equal(engine.world.ledger.balances[:, account], slashed)
        assert slashed.any()


def test_default_falls_with_the_stake():
    """Walking away costs the bond, so the higher it is the fewer do (deterrence)."""
    shares = []
    for requirement in (0.0, 0.5, 1.0, 2.0):
        economy = {
            "ledger": {"endowment": 100.0},
            "staking": {"requirement": requirement},
            "default": {"shock": 0.5},
        }
        scenario = econo_env.load("second_price_v0", economy=economy, max_cycles=50)
        engine, policy = Engine(scenario, 400), make_policy("truthful", scenario)
        engine.reset(1)
        walked = won = expected = 0
        for _ in range(50):
            price, value = np.sort(
                engine.state.values / 1e6, axis=1
            ).T  # truthful bids; the bond is a share of the value
            expected += np.clip(0.5 - (value - price) - requirement * value, 0.0, 1.0).sum()
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            walked += int(engine.world.default.walked.sum())
            won += int((engine.world.default.walked | engine.world.default.kept).sum())
        shares.append(walked / won)
        assert walked == pytest.approx(expected, abs=4 * expected**0.5 + 1)
    assert shares == sorted(shares, reverse=True)
    # v + e < p with v the highest and p the second of two U[0, 1], e from U[-1/2, 1/2]: E[(1/2 - (v - p))^+] = 5/24
    assert shares[0] == pytest.approx(5 / 24, abs=0.01)


@pytest.mark.parametrize(
    ("name", "economy", "said"),
    [
        ("first_price_v0", {"staking": {}}, "staking stands on ledger: add `ledger: {}`"),
        (
            "first_price_v0",
            {"ledger": {}, "staking": {}, "default": {}, "incentives": {"bonus_base": 1e-6}},
            "less than half a micro-credit",
        ),
        ("first_price_v0", {"legder": {}}, "did you mean 'ledger'"),
        ("first_price_v0", {"ledger": {"endowmnt": 1.0}}, "endowmnt"),
        ("first_price_v0", {"ledger": {"endowment": -1.0}}, "endowment = -1"),
        ("continuous_double_auction_v1", {"ledger": {}}, "carries none yet"),
        ("double_auction_v1", {"ledger": {}, "staking": {}, "default": {}}, "agents trade with each other"),
    ],
)
def test_what_does_not_go_together_is_said(name, economy, said):
    with pytest.raises((SettingsError, ValueError), match=said):
        econo_env.load(name, economy=economy)


@pytest.mark.parametrize("policy", ["truthful", "random"])
@each_scenario
def test_what_is_created_is_what_agents_and_the_others_get(name, policy):
    scenario = SCENARIOS[name]()
    record = play(scenario, make_policy(policy, scenario), 3, 64)
    assert record.imbalance < 1e-9


def test_an_economy_without_a_part_is_none():
    assert econo_env.load("first_price_v0", economy={}) == econo_env.load("first_price_v0")


def test_risk_attitudes_do_not_go_with_accounts():
    with pytest.raises(ValueError, match="utility 'crra' does not go with it"):
        econo_env.load("first_price_v0", economy={"ledger": {}}, utility={"name": "crra", "rho": 0.5})
