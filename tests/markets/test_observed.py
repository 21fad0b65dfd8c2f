"""What bidders see, what their actions mean and what items are worth, recomputed from the page."""

import numpy as np
import pytest
from scipy.stats import kstest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.actions import rounded_actions
from econo_env.markets.procurement import asked
from econo_env.money import MICRO
from econo_env.valuations.bid_function import BidFunction

MARKETS, AGENTS, ROUNDS = 40, 3, 4
WEIGHTS = [0.7, 1.0, 1.3]


def started(name, markets=MARKETS, seed=3, **fields):
    engine = Engine(econo_env.load(name, **fields), markets)
    engine.reset(seed)
    return engine


def some_actions(engine, tick):
    rng = np.random.default_rng([5, tick])
    return rng.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)


def test_what_bidders_see_of_a_sealed_bid():
    """Value, rounds left, prior and weight, the own result, the winning bid, at every round."""
    priors = [{"name": "uniform", "high": high} for high in (1.0, 2.0, 4.0)]
    fields = {"num_agents": AGENTS, "max_cycles": ROUNDS, "values": priors, "weights": WEIGHTS}
    engine = started("second_price_v0", feedback="winning_bid", **fields, **{"mechanism.reserve": 1.0})
    names = market_of(engine.scenario).observations(engine.scenario)
    unsold = 0
    for tick in range(ROUNDS):
        engine.step(some_actions(engine, tick))
        state, seen = engine.state, dict(zip(names, np.moveaxis(engine.buffers.observations, -1, 0), strict=True))
        won = state.award.units > 0
        unsold += (~won.any(axis=1)).sum()
        largest = 8.0 * MICRO  # twice the highest value
        winning = np.where(won, state.bids, 0).max(axis=1)[:, None]
        meaning = {
            "value": state.values / (4.0 * MICRO),
            "rounds_left": np.full(won.shape, (ROUNDS - tick - 1) / ROUNDS),
            "prior": np.broadcast_to([1 / 3, 2 / 3, 1.0], won.shape),
            "weight": np.broadcast_to(np.array(WEIGHTS) / 1.3, won.shape),
            "won": won,
            "paid": state.award.pays / largest,
            "winning_bid": np.broadcast_to(winning / largest, won.shape),
        }
        assert len(meaning) == len(names)
        for shown, (name, expected) in zip(names, meaning.items(), strict=True):
            np.testing.assert_allclose(seen[shown], expected, rtol=1e-6, atol=1e-7, err_msg=f"{shown} ({name})")
    assert unsold > 0, "the highest bid of an item that is not sold is no winning bid"


@pytest.mark.parametrize("bids", ["share_of_value", "amount"])
def test_a_sealed_bid_is_the_nearest_micro_credit(bids):
    engine = started("first_price_v0", bids=bids, values={"name": "uniform", "high": 1e-4})
    values, actions = engine.state.values.astype(float), some_actions(engine, 0)
    engine.step(actions)
    scale = values if bids == "share_of_value" else 100.0
    assert np.array_equal(engine.state.bids, np.floor((1.0 + actions[..., 0].astype(float)) * scale + 0.5))


@pytest.mark.parametrize("name", ["wallet", "affiliated", "common"])
def test_worth_is_that_of_the_information_model(name):
    """Own signal and a share of the others' sum; the mean of all signals; the common value."""
    options = {"share": 0.4} if name == "wallet" else {}
    engine = started("first_price_v0", num_agents=AGENTS, information={"name": name, **options})
    signals, common = engine.state.values.copy(), engine.state.common.copy()
    engine.step(some_actions(engine, 0))
    total = signals.sum(axis=1, keepdims=True)
    worth = {
        "wallet": signals + np.floor(0.4 * (total - signals) + 0.5),
        "affiliated": np.broadcast_to(np.floor(total / AGENTS + 0.5), signals.shape),
        "common": np.broadcast_to(common[:, None], signals.shape),
    }[name]
    assert np.array_equal(engine.state.worth, worth)


def test_a_bid_of_the_ceiling_is_a_bid_in_procurement():
    engine = started("procurement_first_price_v1", largest_bid=2.0, procurement={"ceiling": 1.0})
    for action, counts in ((0.0, True), (1e-4, False)):
        engine.reset(3)
        engine.step(np.full(engine.buffers.actions.shape, action, np.float32))
        assert (engine.state.bids >= 0).all() == counts
        assert engine.state.award.units.any(axis=1).all() == counts
        if counts:
            assert (engine.state.award.pays.sum(axis=1) == -MICRO).all()


def test_a_cost_above_the_ceiling_is_asked_for_as_it_is():
    shares = np.array([0.0, 1.0])
    ask = asked(1.0, BidFunction(shares, types=shares, bids=0.5 * shares))
    assert ask([0.2, 1.0, 1.5]) == pytest.approx([0.6, 1.0, 1.5])


@pytest.mark.parametrize("up", [False, True])
def test_actions_are_rounded_to_the_cautious_side_by_less_than_a_step(up):
    meant = np.random.default_rng(0).uniform(-1, 1, 5000)
    off = (rounded_actions(meant, up=up) - meant) * (1.0 if up else -1.0)
    assert off.min() >= 0.0
    assert 0.9 * 2.0**-24 < off.max() <= 2.0**-24


def test_marginal_values_are_sorted_draws_of_their_own():
    """Of neighbours nothing is shared, and the sum of both is that of two draws."""
    engine = started("vickrey_v0", markets=1500, num_agents=3)
    first, second = engine.state.values[..., 0] / MICRO, engine.state.values[..., 1] / MICRO
    assert (first >= second).all()
    for one in range(3):
        assert kstest(first[:, one] ** 2, "uniform").pvalue > 1e-3
        for other in range(one):
            for amounts in (first, second):
                assert abs(np.corrcoef(amounts[:, one], amounts[:, other])[0, 1]) < 5.0 / np.sqrt(1500)
    assert (first[:, 0] != second[:, 1]).all()
