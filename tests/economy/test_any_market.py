"""Any auction carries an economy by its configuration alone: money is conserved, stake covers, default is slashed."""

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

import econo_env
from econo_env.economy.contracts import SATISFACTORY
from econo_env.economy.ledger import BONDED, BURN, ESCROW, FREE, TREASURY, account, balances_of
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.settings import SettingsError
from econo_env.training.evaluation.play import play
from tests.economy.played import ECONOMY, FILES, ROOT, SCENARIOS, TICKS, forfeited, ticks, wealth, with_part

ALIKE = (
    "vickrey_economy",
    "discriminatory_v0",
    "procurement_uniform_price_v1",
    "first_score_v1",
    "first_price_breakers",
    "order_book_breakers",
)
"""Their kind of market is there with another rule, or their parts have tests of their own."""
each_scenario = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else []) for name in SCENARIOS]
)
each_default = pytest.mark.parametrize("name", with_part("default"))


def test_the_auctions_of_the_source_text_are_there():
    assert {path.stem.removesuffix("_economy") for path in FILES} - {"enforced"} == {
        "combinatorial",
        "double_auction",
        "dutch",
        "english",
        "first_price",
        "order_book",
        "procurement",
        "uniform_price",
        "vickrey",
    }


@each_scenario
def test_money_is_conserved_and_no_account_is_negative(name):
    for engine, _, _, _ in ticks(SCENARIOS[name]()):
        ledger = engine.world.ledger
        np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
        assert (ledger.balances >= 0).all()
        assert not ledger.refused.any()


@each_scenario
def test_no_payment_exceeds_what_was_exposed(name):
    paid = 0
    for engine, _, _, _ in ticks(SCENARIOS[name](), 1):
        award = engine.state.award
        assert (award.pays <= award.exposure).all()
        paid += int((award.pays > 0).sum())
    assert paid or name.startswith(("first_score", "procurement"))


def locked(world):
    """What is locked behind awards, micro-credits (markets, agents): nothing where nobody stakes."""
    return world.staking.locked if "staking" in world._fields else np.zeros_like(world.market.award.units)


def _one_sale(name):
    return market_of(SCENARIOS[name]()).one_sale


@each_scenario
def test_who_does_not_bid_has_no_award(name):
    """From the start of an episode, and in markets of rounds in each one: a price accepted, an order placed binds."""
    engine = Engine(SCENARIOS[name](), 16)
    engine.reset(3)
    start = wealth(engine.world)
    for _ in range(6):
        engine.step(np.full(engine.buffers.actions.shape, np.nan, np.float32))
        award = engine.state.award
        for amounts in award:
            assert not amounts.any()
        assert not engine.buffers.rewards.any()
        assert not locked(engine.world).any()
        np.testing.assert_array_equal(wealth(engine.world), start)
    for engine, before, _, actions in [] if _one_sale(name) else ticks(SCENARIOS[name](), 7):
        silent, award = np.isnan(actions).all(axis=-1) & (forfeited(engine.world) == 0), engine.state.award
        for amounts in (*award[:5], engine.buffers.rewards, locked(engine.world)):
            assert not amounts[silent].any()
        np.testing.assert_array_equal(wealth(engine.world)[silent], before[silent])


@each_scenario
def test_rewards_are_worth_and_what_the_own_accounts_gained(name):
    for engine, before, _, _ in ticks(SCENARIOS[name](), 2):
        gained = wealth(engine.world) - before
        expected = (engine.state.award.worth + gained) / 1e6
        np.testing.assert_allclose(engine.buffers.rewards, expected, atol=1e-9, rtol=0)


@each_default
def test_who_walks_away_loses_its_bond_and_nothing_else(name):
    walked_away = 0
    for engine, before, _, _ in ticks(SCENARIOS[name](), 3):
        world = engine.world
        walked = world.default.walked
        walked_away += int(walked.sum())
        lost = (before - wealth(world))[walked]
        np.testing.assert_array_equal(lost, (world.staking.slashed + forfeited(world))[walked])
        np.testing.assert_array_equal(world.staking.slashed[walked], world.staking.locked[walked])
        assert not engine.state.award.units[walked].any()
        assert not ((world.conduct.grade == SATISFACTORY) & walked).any()
        assert not world.staking.slashed[~walked].any()
    assert walked_away


@pytest.mark.parametrize("name", with_part("incentives"))
def test_a_kept_award_earns_the_same_bonus_whatever_was_bid(name):
    incentives = SCENARIOS[name]().economy["incentives"]
    bonus = round((incentives.performance_bonus_multiplier - 1.0) * incentives.bonus_base * 1e6)
    for engine, before, _, _ in ticks(SCENARIOS[name](), 6):
        world, award = engine.world, engine.state.award
        np.testing.assert_array_equal(world.incentives.bonus, bonus * (world.conduct.grade == SATISFACTORY))
        np.testing.assert_array_equal((world.conduct.grade == SATISFACTORY), award.units != 0)
        gained = wealth(world) - before
        slashed = world.staking.slashed + forfeited(world)
        np.testing.assert_array_equal(gained, bonus * (world.conduct.grade == SATISFACTORY) - award.pays - slashed)


@each_default
def test_those_of_no_reputation_win_nothing_in_a_tick_that_is_not_open(name):
    shut_out = 0
    for engine, _, mask, _ in ticks(SCENARIOS[name](), 4):
        shut_out += int((~mask).sum())
        award = engine.state.award
        assert not award.units[~mask].any()
        assert not award.pays[~mask].any()
    assert shut_out


@each_scenario
def test_nothing_stays_locked_beyond_the_tick(name):
    for engine, _, _, _ in ticks(SCENARIOS[name](), 5):
        for kind in (ESCROW, BONDED):
            assert not balances_of(engine.world.ledger.balances, kind).any()


@pytest.mark.parametrize(
    "name", ["first_price_economy", "english_economy", "combinatorial_economy", "order_book_economy"]
)
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
    shown = [one.name for part in envs.scenario.parts() for one in part.features if not one.asked]
    assert list(envs.observation_names[-len(shown) :]) == shown
    assert "free_money" in shown
    assert observations in envs.observation_space


def test_slashed_money_goes_where_the_scenario_says():
    for destination, number in (("treasury", TREASURY), ("burn", BURN)):
        economy = ECONOMY | {"staking": {"requirement": 1.0, "slashed_to": destination}}
        engine = Engine(econo_env.load("first_price_v0", economy=economy, max_cycles=30), 16)
        engine.reset(0)
        slashed = np.zeros(16, dtype=np.int64)
        for _ in range(30):
            engine.step(np.full(engine.buffers.actions.shape, -0.1, np.float32))
            slashed += engine.world.staking.slashed.sum(axis=1)
        np.testing.assert_array_equal(engine.world.ledger.balances[:, number], slashed)
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
            won += int((engine.world.default.walked | (engine.world.conduct.grade == SATISFACTORY)).sum())
        shares.append(walked / won)
        assert walked == pytest.approx(expected, abs=4 * expected**0.5 + 1)
    assert shares == sorted(shares, reverse=True)
    # v + e < p with v the highest and p the second of two U[0, 1], e from U[-1/2, 1/2]: E[(1/2 - (v - p))^+] = 5/24
    assert shares[0] == pytest.approx(5 / 24, abs=0.01)


def test_suppliers_walk_away_where_it_costs_more_than_their_bond():
    """A supplier of cost c + e is paid p, the second cost, and walks away where p - c - e < -bond.

    With both costs from U[0, 1] and e from U[-1/2, 1/2]: a^2 - a^3 / 3 of contracts with a = 1/2 - bond.
    """
    for bond in (0.0, 0.1, 0.25, 0.4, 0.6):
        economy = {"ledger": {"endowment": 1.0}, "staking": {"liability": bond}, "default": {"shock": 0.5}}
        scenario = econo_env.load("procurement_second_price_v1", economy=economy, max_cycles=50)
        engine, policy = Engine(scenario, 400), make_policy("truthful", scenario)
        engine.reset(1)
        walked = signed = 0
        for _ in range(50):
            costs, free = np.sort(engine.state.values, axis=1), balances_of(engine.world.ledger.balances, FREE)
            may = (free >= round(bond * 1e6)).all(axis=1)
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            world, award = engine.world, engine.state.award
            assert (award.units >= -1).all()
            kept = (world.conduct.grade == SATISFACTORY).any(axis=1) & may
            learned = -award.worth[kept].sum(axis=1)  # c + e of those who stayed
            np.testing.assert_array_equal(award.price[kept], costs[kept, 1])
            assert (costs[kept, 1] - learned >= -round(bond * 1e6)).all()
            walked += int(world.default.walked[may].sum())
            signed += int(kept.sum()) + int(world.default.walked[may].sum())
            np.testing.assert_array_equal(world.staking.slashed[world.default.walked], round(bond * 1e6))
        a = max(0.0, 0.5 - bond)
        share = a**2 - a**3 / 3
        assert signed > 10_000
        assert walked / signed == pytest.approx(share, abs=4 * (share * (1 - share) / signed) ** 0.5)


def test_offers_without_a_bond_behind_them_are_struck():
    economy = {"ledger": {"endowment": 0.5}, "staking": {"liability": 0.500001}}
    engine = Engine(econo_env.load("procurement_second_price_v1", economy=economy), 16)
    engine.reset(0)
    engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
    assert engine.world.ledger.struck.all()
    assert not engine.state.award.units.any()


def test_orders_that_rest_stay_covered_or_go():
    """A limit beyond the own money is refused and the order before it stays; that goes too where money has gone."""
    economy = {"ledger": {"endowment": 0.5}}
    engine = Engine(econo_env.load("continuous_double_auction_v1", economy=economy, bids="amount"), 1)
    engine.reset(0)
    state, ledger = engine.state, engine.world.ledger

    def place(*limits):
        actions = np.full(engine.buffers.actions.shape, np.nan, np.float32)
        actions[0, : len(limits), 0] = [2 * limit - 1 + 1e-6 for limit in limits]
        engine.step(actions)
        return (state.level[0, : len(limits)] / 100).tolist()

    assert place(0.3, 0.5, 0.51) == [0.3, 0.5, 0.0]
    assert ledger.struck[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert place(0.6, np.nan, np.nan) == [0.3, 0.5, 0.0]
    free = account(1, FREE, engine.num_agents)
    ledger.balances[0, free] -= 1
    ledger.balances[0, TREASURY] += 1
    assert place(np.nan, np.nan, np.nan) == [0.3, 0.0, 0.0]
    assert state.best[0, 0] == 30
    assert state.depth[0, 0] == 1
    assert place(0.4, 0.49, np.nan) == [0.4, 0.49, 0.0]
    taken = int(ledger.balances[0, free]) - 480_000
    ledger.balances[0, free] -= taken
    ledger.balances[0, TREASURY] += taken
    assert place(np.nan, 0.481, np.nan) == [0.4, 0.0, 0.0]  # neither the new limit nor the one before it


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
        (ROOT / "configs" / "scenarios" / "weighted_second_price_naive.yaml", {"ledger": {}}, "more than was bid"),
        ("first_price_v0", {"ledger": {"endowmnt": 1.0}}, "endowmnt"),
        ("first_price_v0", {"ledger": {"endowment": -1.0}}, "endowment = -1"),
        ("task_market_v0", {"ledger": {}}, "add `contracts: {}`"),
        ("continuous_double_auction_v1", {"ledger": {}, "staking": {}, "default": {}}, "agents trade with each other"),
        ("first_price_v0", {"ledger": {}, "staking": {"liability": 1.0}}, "liability is the bond of suppliers"),
        ("dutch_v0", {"ledger": {}, "staking": {"liability": 1.0}}, "liability is the bond of suppliers"),
        ("double_auction_v1", {"ledger": {}, "staking": {"liability": 1.0}}, "nobody can: leave it out"),
        ("first_score_v1", {"ledger": {}, "staking": {"liability": -1.0}}, "liability = -1"),
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
