"""Interdependent, affiliated, common and correlated values: known equilibria and the winner's curse."""

import numpy as np
import pytest
from scipy.integrate import quad

import econo_env
from econo_env.engine.engine import Engine
from econo_env.markets.sealed_bid.equilibria import equilibrium_bids
from econo_env.valuations.priors import Beta, Power, Uniform
from tests.baselines import baseline
from tests.known_answers.one_round import Played, nobody_gains

WALLET, COMMON, AFFILIATED = {"name": "wallet"}, {"name": "common"}, {"name": "affiliated"}


@pytest.mark.parametrize("prior", [Uniform(), Power(exponent=2.0), Beta()], ids=lambda prior: prior.name)
def test_wallet_game_of_two_bidders_in_second_price(prior):
    """b = 2s, ex post: whatever the rival's signal, the winner never regrets winning nor the loser losing."""
    played = Played("second_price", information=WALLET, values=prior, markets=50_000)
    np.testing.assert_allclose(played.bids, 2 * played.values, atol=1e-6)
    total = played.values.sum(axis=1, keepdims=True)
    won = played.engine.state.award.units > 0
    assert np.all((total - played.payments)[won] >= -1e-4)
    assert np.all(total <= 2 * played.values.max(axis=1, keepdims=True) + 1e-6)
    assert nobody_gains(played)


@pytest.mark.parametrize("name", ["first_price", "second_price"])
def test_wallet_game_revenue(within_errors, name):
    """U[0,1], n = 2: b = 2s in second price, s in first price, R = 2/3 in both, u = 1/6."""
    played = Played(name, information=WALLET)
    np.testing.assert_allclose(played.bids, played.values * (2 if name == "second_price" else 1), atol=1e-6)
    assert within_errors(played.payments.sum(axis=1), 2 / 3)
    assert within_errors(played.rewards[:, 0], 1 / 6)
    assert nobody_gains(played)


@pytest.mark.parametrize(("n", "share", "multiple"), [(3, 1.0, 2.5), (4, 0.5, 2.0), (2, 0.0, 1.0)])
def test_interdependent_values_in_second_price(n, share, multiple):
    """b = x + share (x + (n-2) E[s | s < x]); U[0,1]."""
    played = Played("second_price", num_agents=n, information={"name": "wallet", "share": share})
    np.testing.assert_allclose(played.bids, multiple * played.values, atol=1e-6)
    assert nobody_gains(played)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_common_value_in_second_price(within_errors, n):
    """E[V | own and best rival signal x]; n = 3: b = 2x/(2+x) (Krishna 2009, example 6.1)."""
    played = Played("second_price", num_agents=n, information=COMMON)

    def bid(x):
        density = [quad(lambda v, power=power: v ** (power - n), x / 2, 1)[0] for power in (0, 1)]
        return density[1] / density[0]

    bids = equilibrium_bids(played.scenario)
    for x in (0.1, 0.8, 1.7):
        assert bids(x) == pytest.approx(bid(x), abs=1e-6)
        assert n != 3 or bid(x) == pytest.approx(2 * x / (2 + x), abs=1e-9)
    # given V the second highest of n signals from U[0, 2V] is 2V t, t from beta(n-1, 2)
    t, v = np.meshgrid((np.arange(1000) + 0.5) / 1000, (np.arange(1000) + 0.5) / 1000)
    exact = (bids(2 * v * t) * n * (n - 1) * t ** (n - 2) * (1 - t)).mean()
    assert within_errors(played.payments.sum(axis=1), exact)
    assert within_errors(played.rewards.sum(axis=1), 0.5 - exact)
    # given a rival's higher signal the own one tells nothing more: overbidding wins at just what the item is worth
    assert nobody_gains(played, (0.6, 0.8, 0.95, 1.05, 1.25, 1.6), overbidding_costs=False)


def test_common_value_in_first_price():
    """b = E[w(x u^(1/(n-1)))], for L(y | x) = (y/x)^(n-1)."""
    played = Played("first_price", num_agents=3, information=COMMON)
    bids = equilibrium_bids(played.scenario)
    for x in (0.1, 0.8, 1.7):
        exact = quad(lambda y, x=x: 2 * y / (2 + y) * 2 * y / x**2, 0, x)[0]
        assert bids(x) == pytest.approx(exact, abs=1e-6)
    assert nobody_gains(played)


@pytest.mark.parametrize(("name", "n"), [("first_price", 3), ("first_price", 6), ("second_price", 6)])
def test_the_winners_curse(within_errors, name, n):
    """Signals are unbiased, yet bidding them loses: (1 - 2n/(n+1))/2 in first, (3-n)/(2(n+1)) in second price."""
    scenario = econo_env.load(name, num_agents=n, information=COMMON)
    engine = Engine(scenario, 100_000)
    engine.reset(0)
    signals = engine.state.values / 1e6
    engine.step(baseline(scenario, "truthful")(engine.buffers.observations))
    worth = engine.state.worth[:, 0] / 1e6
    assert within_errors(signals[:, 0] - worth, 0.0)
    surplus = engine.buffers.rewards.sum(axis=1)
    exact = (1 - 2 * n / (n + 1)) / 2 if name == "first_price" else (3 - n) / (2 * (n + 1))
    assert within_errors(surplus, exact)
    assert surplus.mean() < -0.05


@pytest.mark.parametrize(("name", "multiple", "revenue"), [("first_price", 2 / 3, 7 / 9), ("second_price", 1.0, 5 / 6)])
def test_affiliated_signals_rank_the_rules(within_errors, name, multiple, revenue):
    """S_i + T with S, T from U[0,1], n = 2: b = 2x/3 and x, R = 7/9 < 5/6 (Krishna 2009, example 6.3)."""
    played = Played(name, information=AFFILIATED)
    np.testing.assert_allclose(played.bids, multiple * played.values, atol=1e-6)
    assert within_errors(played.payments.sum(axis=1), revenue)
    assert within_errors(played.engine.state.worth[:, 0] / 1e6, 1.0)
    assert nobody_gains(played)


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0])
def test_a_mixture_shares_one_draw_with_chance_gamma(within_errors, gamma):
    """Marginals stay U[0,1], the correlation is gamma, second price stays truthful: R = (1-gamma)/3 + gamma/2."""
    played = Played("second_price", information={"name": "mixture", "gamma": gamma})
    one, other = played.values.T
    assert within_errors(one, 0.5)
    assert within_errors(other**2, 1 / 3)
    assert within_errors((one - 0.5) * (other - 0.5), gamma / 12)
    assert abs((one == other).mean() - gamma) < 5e-3
    assert within_errors(played.payments.sum(axis=1), (1 - gamma) / 3 + gamma / 2)


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("first_price", {"information": {"name": "mixture"}}, "correlated private values"),
        ("second_price", {"information": COMMON, "values": {"name": "power"}}, "uniform prior"),
        ("second_price", {"information": AFFILIATED, "num_agents": 3}, "2 bidders"),
        ("second_price", {"information": WALLET, "mechanism.reserve": 0.1}, "no reserve"),
        ("first_price", {"information": WALLET, "utility": {"name": "crra"}}, "risk-neutral"),
        ("all_pay", {"utility": {"name": "crra"}}, "risk-neutral"),
        ("second_price", {"information": WALLET, "num_agents": 3}, "largest_bid=2 allows; set it to at least 3"),
        ("first_price", {"utility": {"name": "budget", "amount": 0.2}}, "budget of 0.2 binds"),
        ("first_price", {"utility": {"name": "return_on_investment"}}, "reserve of at least"),
        ("first_price", {"utility": {"name": "cara"}, "participation": {"entry_fee": 0.1}}, "risk-neutral"),
        ("kth_price", {"num_agents": 4, "mechanism.rank": 4}, "set it to at least 3"),
    ],
)
def test_where_no_closed_form_is_known_a_sentence_says_so(name, fields, said):
    with pytest.raises(ValueError, match=said):
        equilibrium_bids(econo_env.load(name, **fields))
