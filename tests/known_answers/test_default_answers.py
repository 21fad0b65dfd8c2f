"""Winners who learn more after the sale and may walk away for a stake: the dominant bid, money, and the decision."""

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

import econo_env
from econo_env.engine.engine import Engine
from econo_env.markets.private_value import now as types
from econo_env.markets.sealed_bid.analysis import welfare
from econo_env.markets.sealed_bid.config import Default
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from tests.known_answers.one_round import Played, nobody_gains

SHOCK, STAKE = 0.2, 0.05
DEFAULT = {"shock": SHOCK, "stake": STAKE}


def worth_of_winning(surplus, shock, stake):
    """E[max(x + e, -D)] by quadrature."""
    kink = np.clip(-stake - surplus, -shock, shock)
    return quad(lambda e: max(surplus + e, -stake) / (2 * shock), -shock, shock, points=[kink])[0]


@pytest.mark.parametrize("shock", [0.05, 0.2, 0.7, 3.0])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.25, 0.8, 1.0, 1.7])
def test_winning_at_the_dominant_bid_is_worth_nothing(shock, share):
    default = Default(shock=shock, stake=share * shock)
    assert worth_of_winning(-default.premium, shock, default.stake) == pytest.approx(0.0, abs=1e-9)
    step = 0.1 * shock
    assert worth_of_winning(-default.premium + step, shock, default.stake) > 1e-2 * step
    assert worth_of_winning(-default.premium - step, shock, default.stake) <= (-1e-2 * step if share else 1e-12)
    assert (default.premium > 1e-12) == (share < 1.0)


def test_the_example_bids_five_hundredths_more():
    scenario = econo_env.load("configs/scenarios/second_price_default.yaml")
    np.testing.assert_allclose(equilibrium_bids(scenario)([0.0, 0.3, 1.0]), [0.05, 0.35, 1.05], atol=1e-12)
    secure = scenario.replace(**{"default.stake": SHOCK})
    np.testing.assert_array_equal(equilibrium_bids(secure)([0.0, 0.3, 1.0]), [0.0, 0.3, 1.0])


def test_revenue_utility_and_welfare_are_those_of_quadrature(within_errors):
    """n = 2, U[0,1]: the price is the lower value plus 0.05; the winner stays where that is worth it."""
    played = Played("second_price", num_agents=2, default=DEFAULT)
    premium = Default(**DEFAULT).premium

    def expected(worth):
        def inner(low, high):
            price = low + premium
            least = np.clip(price - STAKE - high, -SHOCK, SHOCK)  # the shock from which on it stays
            return 2.0 * worth(high, price, least, (SHOCK - least) / (2 * SHOCK))

        return dblquad(inner, 0, 1, 0, lambda high: high)[0]

    def kept(high, least):
        return (high + (SHOCK + least) / 2) * (SHOCK - least) / (2 * SHOCK)

    assert within_errors(played.payments.sum(axis=1), expected(lambda v, p, e, stays: p * stays + STAKE * (1 - stays)))
    utility = expected(lambda v, p, e, stays: kept(v, e) - p * stays - STAKE * (1 - stays))
    assert within_errors(played.rewards.sum(axis=1), utility)
    judged = welfare(played.scenario, played.engine.state, played.values[..., None])
    assert within_errors(judged.realised["value"], expected(lambda v, p, e, stays: kept(v, e)))
    best = quad(lambda v: 2 * v * (kept(v, max(-SHOCK, -v))), 0, 1, points=[SHOCK])[0]
    assert within_errors(judged.optimal["value"], best)
    assert judged.realised["value"].mean() < judged.optimal["value"].mean()


@pytest.mark.parametrize("bids", ["amount", "share_of_value"])
@pytest.mark.parametrize("fields", [{}, {"weights": [1.0, 0.9, 1.1]}, {"participation": {"probability": 0.6}}])
def test_nobody_gains_from_another_bid(bids, fields):
    """With shares of the value, bids of the lowest values are cut to twice the value, and none below is better."""
    played = Played("second_price", num_agents=3, default={"shock": 0.6, "stake": 0.05}, bids=bids, **fields)
    assert nobody_gains(played, (0.5, 0.8, 0.95, 1.1, 1.3, 1.6))


def test_the_bid_is_dominant_whatever_the_others_do():
    scenario = econo_env.load("second_price_v0", num_agents=3, bids="amount", default=DEFAULT)
    engine = Engine(scenario, 200_000)
    engine.reset(4)
    value, start = engine.state.values[:, 0] / 1e6, engine.snapshot()
    actions = np.random.default_rng(0).beta(2, 3, engine.buffers.actions.shape).astype(np.float32) * 2 - 1
    earned = {}
    for extra in (-0.05, 0.0, 0.05, 0.1, 0.15):
        engine.restore(start)
        actions[:, 0, 0] = np.maximum(value + extra, 0.0) - 1.0
        engine.step(actions)
        earned[extra] = engine.buffers.rewards[:, 0].copy()
    for extra in (-0.05, 0.0, 0.1, 0.15):
        gain = earned[extra] - earned[0.05]
        assert gain.mean() < -3 * gain.std() / np.sqrt(gain.size)


@pytest.mark.parametrize("name", ["first_price", "second_price", "procurement_second_price"])
def test_the_winner_walks_away_exactly_where_it_pays_and_the_books_balance(name):
    participation = {"entry_fee": 0.05, "entry_cost": 0.02}
    common = {"num_agents": 3, "participation": participation} | ({"largest_bid": 2.0} if "pro" in name else {})
    engines = []
    for default in (None, DEFAULT):
        engine = Engine(econo_env.load(name, default=default, **common), 4000)
        engine.reset(3)
        known = types(engine.scenario, engine.state)
        engine.step(np.random.default_rng(5).uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32))
        engines.append(engine)
    before, after = engines
    sold = before.state.award.units != 0
    sign = -1.0 if name.startswith("procurement") else 1.0
    fee = participation.get("entry_fee", 0.0) * (before.state.bids >= 0)
    surplus = sign * after.state.worth / 1e6 - (before.state.award.pays / 1e6 - fee)
    leaves = sold & (surplus < -STAKE)
    assert 0.02 < leaves[sold].mean() < 0.9
    np.testing.assert_array_equal(after.state.defaulted, leaves)
    np.testing.assert_array_equal(sign * after.state.award.units, sold & ~leaves)
    costs = fee + participation.get("entry_cost", 0.0) * (before.state.bids >= 0)
    np.testing.assert_allclose(after.buffers.rewards, np.where(sold, np.maximum(surplus, -STAKE), 0) - costs, atol=1e-9)
    shocks = after.state.worth / 1e6 - known[..., 0]
    assert np.abs(shocks).max() <= SHOCK + 1e-6
    assert abs(shocks.mean()) < 4 * SHOCK / np.sqrt(3 * shocks.size)
    assert shocks.std() == pytest.approx(SHOCK / np.sqrt(3), rel=0.02)

    judged = welfare(after.scenario, after.state, known)
    np.testing.assert_allclose(judged.created - judged.revenue, after.buffers.rewards.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(judged.created, judged.realised["value"], atol=1e-9)  # both without entry costs
    if sign > 0:
        stakes = STAKE * leaves.sum(axis=1)
        stand = np.where(leaves, 0.0, before.state.award.pays / 1e6 - fee).sum(axis=1)
        np.testing.assert_allclose(judged.revenue, stakes + stand + fee.sum(axis=1), atol=1e-9)


def test_a_loss_of_just_the_stake_is_borne():
    """With values of a few micro-credits many losses equal the stake."""
    engines = []
    for default in (None, {"shock": 4e-6, "stake": 2e-6}):
        values = {"name": "uniform", "high": 1e-5}
        engine = Engine(econo_env.load("first_price_v0", num_agents=3, values=values, default=default), 400)
        engine.reset(3)
        engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
        engines.append(engine)
    before, after = engines
    sold, surplus = before.state.award.units > 0, after.state.worth - before.state.award.pays
    assert (surplus[sold] == -2).sum() > 20
    np.testing.assert_array_equal(after.state.defaulted, sold & (surplus < -2))


def test_contractors_underbid_by_the_premium():
    played = Played("procurement_second_price", num_agents=3, default={"shock": 0.4, "stake": 0.1})
    np.testing.assert_allclose(played.bids, np.maximum(played.values - 0.1, 0.0), atol=1e-9)
    assert nobody_gains(played, (0.3, 0.6, 0.9, 1.1, 1.4), overbidding_costs=True)


def test_the_evaluation_finds_what_truth_leaves():
    scenario = econo_env.load("second_price_v0", bids="amount", default={"shock": 0.5, "stake": 0.02})
    budget = Budget(luck=2048, types=8, actions=48)
    (falls,) = regrets(scenario, make_policy("truthful", scenario), (0, 1), budget=budget)
    (stands,) = regrets(scenario, make_policy("equilibrium", scenario), (0, 1), budget=budget)
    assert falls.mean_gain.mean() > 0.03 * falls.mean_utility.mean()
    assert stands.mean_gain.mean() < 0.002 * stands.mean_utility.mean()


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("all_pay", {}, "losers pay"),
        ("second_price", {"information": {"name": "wallet"}}, "private values"),
        ("second_price", {"utility": {"name": "return_on_investment"}}, "return_on_investment"),
        ("second_price", {"default": {"shock": 0.0, "stake": 0.1}}, "greater than 0"),
        ("second_price", {"default": {"shock": 0.1}}, "'default.stake' is missing"),
        ("gsp", {}, "leave it out"),
    ],
)
def test_where_it_makes_no_sense_it_is_refused(name, fields, said):
    with pytest.raises(ValueError, match=said):
        econo_env.load(name, **({"default": DEFAULT} | fields))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("first_price", {}),
        ("kth_price", {}),
        ("second_price", {"utility": {"name": "cara"}}),
        ("second_price", {"participation": {"entry_cost": 0.1}}),
        ("second_price", {"seller": {"shill_bids": "after_bids"}}),
    ],
)
def test_no_closed_form_is_claimed_beyond(name, fields):
    with pytest.raises(ValueError, match="known"):
        equilibrium_bids(econo_env.load(name, default=DEFAULT, **fields))
