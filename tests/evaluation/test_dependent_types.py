"""Regret where types hang together: rivals are drawn from what the own type leaves possible."""

import numpy as np
import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.sampling import facing

SEEDS = tuple(range(5))
COMMON, AFFILIATED = {"name": "common"}, {"name": "affiliated"}
ROOM = {"largest_bid": 20.0}  # what the common-value equilibrium of second price bids at low signals


def found(name, policy, budget=None, **overrides):
    scenario = econo_env.load(name, **overrides)
    return regrets(scenario, make_policy(policy, scenario), SEEDS, budget=budget)


@pytest.mark.parametrize(
    ("name", "overrides", "utility"),
    [
        ("first_price_v0", {"information": {"name": "wallet"}}, 1 / 6),
        ("second_price_v0", {"information": {"name": "wallet"}}, 1 / 6),
        ("first_price_v0", {"information": AFFILIATED}, 1 / 9),  # (1 - 7/9) / 2
        ("second_price_v0", {"information": AFFILIATED}, 1 / 12),  # (1 - 5/6) / 2
        ("first_price_v0", {"information": COMMON, "num_agents": 3}, None),
        ("second_price_v0", {"information": COMMON, "num_agents": 3} | ROOM, None),
    ],
)
def test_known_equilibria_gain_next_to_nothing(name, overrides, utility):
    (regret,) = found(name, "equilibrium", **overrides)
    own = regret.mean_utility.mean()
    assert own > 0.04
    assert utility is None or own == pytest.approx(utility, rel=5e-3)
    assert abs(regret.mean_gain.mean()) <= 1e-3 * own


def test_the_winners_curse_is_found():
    """Two bid their signals of a common value, second price: the best bid is the closed form below.

    With V given x of density 1 / (v L) on [x/2, 1], L = ln(2/x), the bid b earns b E[1]/2 - b^2 E[1/V]/4 over V > b/2.
    """

    def earns(b, x):
        start = np.maximum(b, x) / 2
        return (b / 2 * -np.log(start) - b**2 / 4 * (1 / start - 1)) / np.log(2 / x)

    (regret,) = found("second_price_v0", "truthful", information=COMMON, **ROOM)
    seen = (regret.types[:, 0] > 0.01) & (regret.types[:, 0] < 1.98)
    x, bids = regret.drawn_types[:, seen, 0], np.linspace(0.0, 2.0, 4001)[:, None, None]
    np.testing.assert_allclose(regret.own_utility[:, seen], earns(x, x), atol=4e-3)
    exact = np.where(bids <= 20 * x, earns(bids, x), -np.inf).max(axis=0) - earns(x, x)  # as far as actions reach
    assert exact.max() > 0.1
    gain = regret.gain[:, seen]
    np.testing.assert_allclose(gain.mean(axis=0), exact.mean(axis=0), atol=4e-3)
    assert gain.mean() == pytest.approx(exact.mean(), rel=0.02)


def test_bidding_signals_loses_money_and_staying_out_is_better():
    """n = 6, second price: -3/14 in all, -1/28 each; with the best deviation they would not lose."""
    (regret,) = found("second_price_v0", "truthful", information=COMMON, num_agents=6)
    assert regret.mean_utility.mean() == pytest.approx(-1 / 28, rel=0.05)
    assert (regret.mean_gain + regret.mean_utility).mean() > 0.0


@pytest.mark.parametrize("gamma", [0.3, 1.0])
def test_truth_in_second_price_gains_exactly_nothing_whatever_is_shared(gamma):
    """u = (1 - gamma) / 12 with three bidders on U[0,1]."""
    (regret,) = found("second_price_v0", "truthful", num_agents=3, information={"name": "mixture", "gamma": gamma})
    assert not regret.gain.any()
    assert regret.mean_utility.mean() == pytest.approx((1 - gamma) / 12, abs=1e-3)


def test_truth_in_first_price_with_one_shared_draw_gains_nothing_but_half_a_tie():
    """gamma = 1: a truthful rival bids just one's own value, so no bid earns anything."""
    information = {"name": "mixture", "gamma": 1.0}
    (regret,) = found("first_price_v0", "truthful", information=information)
    assert np.abs(regret.gain).max() < 1e-5
    (independent,) = found("first_price_v0", "truthful", information={"name": "mixture", "gamma": 0.0})
    assert independent.mean_gain.mean() == pytest.approx(1 / 12, abs=1e-3)


QUICK = Budget(luck=512, finals=4, actions=128)


@pytest.mark.parametrize("payment", ["nearest_vcg", "nearest_zero", "nearest_bid"])
def test_equilibria_of_locals_who_may_share_a_draw(payment):
    overrides = {"bundle_values.correlation": 0.5, "mechanism.payment": payment}
    for regret in found("combinatorial_v1", "equilibrium", QUICK, **overrides):
        assert abs(regret.mean_gain.mean()) <= 1e-3 * regret.mean_utility.mean()


def test_truthful_locals_gain_by_shading():
    """One draw for both under nearest-bid: against v the bid v/2 is best, v^2/8 better, 1/24 on average."""
    overrides = {"bundle_values.correlation": 1.0, "mechanism.payment": "nearest_bid"}
    local, whole = found("combinatorial_v1", "truthful", QUICK, **overrides)
    assert local.mean_gain.mean() == pytest.approx(1 / 24, rel=0.01)
    assert not whole.gain.any()


def test_rivals_of_a_local_and_of_the_global_are_drawn_as_they_should_be():
    scenario = econo_env.load("combinatorial_v1", **{"bundle_values.correlation": 0.5})
    for agent in (0, 2):
        engine = facing(scenario, agent, np.array([[0.2], [0.9]]), 4096, seed=1)
        values = engine.state.values[..., 0].reshape(4096, 2, 3) / 1e6
        assert np.all(values[:, 0, agent] == 0.2)
        assert (values[..., 0] == values[..., 1]).mean() == pytest.approx(0.5, abs=0.01)
        assert values[..., 2 - agent].mean() == pytest.approx(0.5 if agent else 1.0, abs=0.01)
        np.testing.assert_allclose(engine.buffers.observations[..., 0], engine.state.values[..., 0] / 2e6, atol=1e-6)
