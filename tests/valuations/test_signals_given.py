"""Everybody's signals given one of them: exact posteriors, and the same joint law as the engine's own draws."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.valuations.information import Affiliated, CommonValue, Mixture, Wallet
from econo_env.valuations.priors import Beta, Power, Uniform

PRIORS = [Uniform(), Uniform(low=1.0, high=3.0), Power(exponent=2.0), Beta()]
CUBE = np.random.default_rng(0).random((40_000, 3))


def test_a_common_value_given_a_signal_is_log_uniform():
    """U[0,1]: the density of V given x is 1 / (v ln(2/x)) on [x/2, 1], so V = (x/2)^(1-u)."""
    for x in (0.1, 0.9, 1.7):
        signals, value = CommonValue().signals_given(np.full(len(CUBE), x), 1, [Uniform()] * 3, CUBE)
        np.testing.assert_allclose(value, (x / 2) ** (1 - CUBE[:, 1]), rtol=1e-4)
        np.testing.assert_allclose(signals[:, [0, 2]], 2 * value[:, None] * CUBE[:, [0, 2]])
        assert np.all(signals[:, 1] == x)
        lowest = np.full((1000, 3), 0.5)
        lowest[:, 1] = np.linspace(0.0, 1e-4, 1000)
        _, value = CommonValue().signals_given(np.full(1000, x), 1, [Uniform()] * 3, lowest)
        assert np.all(value >= x / 2), "no signal reaches beyond twice the value"


def test_the_shared_part_given_an_affiliated_signal_is_uniform():
    """U[0,1]: given x the shared part is uniform on [max(0, x-1), min(1, x)]."""
    for x in (0.4, 1.6):
        signals, _ = Affiliated().signals_given(np.full(len(CUBE), x), 0, [Uniform()] * 3, CUBE)
        shared = max(0, x - 1) + (min(1, x) - max(0, x - 1)) * CUBE[:, 0]
        np.testing.assert_allclose(signals[:, 1:], shared[:, None] + CUBE[:, 1:], atol=1e-4)


@pytest.mark.parametrize("gamma", [0.0, 0.4, 1.0])
def test_a_mixture_shares_the_own_value_with_chance_gamma(gamma):
    signals, _ = Mixture(gamma=gamma).signals_given(np.full(len(CUBE), 0.25), 2, [Uniform()] * 3, CUBE)
    same = np.abs(signals - 0.25) < 1e-6
    np.testing.assert_array_equal(same[:, 0], same[:, 1])
    assert same[:, 0].mean() == pytest.approx(gamma, abs=0.01)
    apart = signals[~same[:, 0]]
    assert not len(apart) or apart[:, 0].mean() == pytest.approx(0.5, abs=0.01)


def test_bidders_with_other_priors_share_the_place_in_them():
    priors = [Uniform(), Uniform(low=2.0, high=4.0)]
    signals, _ = Mixture(gamma=1.0).signals_given(np.full(len(CUBE), 0.25), 0, priors, CUBE[:, :2])
    np.testing.assert_allclose(signals[:, 1], 2.5, atol=2e-6)


@pytest.mark.parametrize("prior", PRIORS, ids=str)
@pytest.mark.parametrize("model", [CommonValue(), Affiliated(), Mixture(), Wallet()], ids=lambda model: model.name)
def test_given_a_drawn_signal_the_whole_is_what_the_engine_draws(model, prior):
    """First and second moments of signals and values, within five standard errors of both samples."""
    section = model.model_dump() | {"name": model.name}
    scenario = econo_env.load("second_price_v0", num_agents=3, information=section, values=prior.model_dump())
    market, engine = market_of(scenario), Engine(scenario, len(CUBE))
    engine.reset(0)

    def moments():
        values, common = engine.state.values / 1e6, engine.state.common / 1e6
        engine.step(market.baselines.truthful(scenario, engine.buffers.observations))
        worth = engine.state.worth[:, 1] / 1e6
        one, own, other = values.T
        return np.stack([one, own, one**2, own**2, one * own, one * other, common * own, worth, worth * own], axis=1)

    theirs = moments()
    engine.reset(1)
    places = (np.arange(len(CUBE)) % 100 + 0.5)[:, None] / 100
    market.types.interdependence.put(scenario, engine, 1, market.types.at(scenario, 1, places), CUBE[..., None])
    ours = moments()
    errors = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / len(CUBE))
    assert np.all(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) <= 5 * errors + 1e-4)
