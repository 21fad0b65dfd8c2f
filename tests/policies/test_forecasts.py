"""Forecasts by ridge regression: the batch solution round by round, and errors told honestly beside naive ones."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from econo_env.policies.forecasts.choice import make_forecaster
from econo_env.policies.forecasts.network import NetworkForecaster
from econo_env.policies.forecasts.ridge import Forecaster, forecast_features

GAME = econo_env.load("first_price_v0", num_agents=2, max_cycles=60, feedback="all_bids")
NAMES = ("bid_of_0", "bid_of_1")
WIDTH = len(econo_env.market.market_of(GAME).observations(GAME))
PLACES = [econo_env.market.market_of(GAME).observations(GAME).index(name) for name in NAMES]


def told(series):
    """Observations of two markets and two agents that show a series (rounds, 2, 2, 2) round by round."""
    seen = np.zeros((*series.shape[:-1], WIDTH), dtype=np.float32)
    seen[..., PLACES] = series
    return seen


def batch(x, y, forgetting, ridge):
    """The ridge solution of all rounds at once, newest last."""
    rounds = len(x)
    weights = forgetting ** np.arange(rounds)[::-1]
    matrix = (x.T * weights) @ x + forgetting**rounds * ridge * np.eye(x.shape[1])
    return np.linalg.solve(matrix, (x.T * weights) @ y)


@pytest.mark.parametrize(("lags", "forgetting", "ridge"), [(1, 1.0, 0.1), (2, 0.9, 0.5), (3, 0.97, 0.01)])
def test_forecasts_are_those_of_the_batch_solution(lags, forgetting, ridge):
    """Two episodes of random values: the second begins with no past, and what was learned of the first."""
    series = np.random.default_rng(lags).random((24, 2, 2, 2)).astype(np.float32)
    forecaster = Forecaster(GAME, NAMES, lags=lags, ridge=ridge, forgetting=forgetting)
    found, learned = [], {(k, i): ([], []) for k in range(2) for i in range(2)}
    for episode in (series[:14], series[14:]):
        past = []
        for number, seen in enumerate(told(np.concatenate([np.zeros_like(episode[:1]), episode]))):
            forecasts = forecaster.see(seen, np.full(2, number == 0))
            if number == 0:
                assert (forecasts == 0).all()
                continue
            values = episode[number - 1].astype(np.float64)
            for (k, i), (x, y) in learned.items():
                if len(past) >= lags:
                    x.append(np.concatenate([[1.0], *[past[-1 - b][k, i] for b in range(lags)]]))
                    y.append(values[k, i])
            past.append(values)
            for (k, i), (x, y) in learned.items():
                if len(past) >= lags and x:
                    weights = batch(np.array(x), np.array(y), forgetting, ridge)
                    now = np.concatenate([[1.0], *[past[-1 - b][k, i] for b in range(lags)]])
                    np.testing.assert_allclose(forecasts[k, i], now @ weights, atol=2e-5)
                    found.append(1)
                else:
                    np.testing.assert_allclose(forecasts[k, i], np.mean([p[k, i] for p in past], axis=0), atol=1e-6)
    assert len(found) > 60


def test_a_series_that_can_be_forecast_is_and_noise_is_not():
    """Of an autoregression the error comes down to its noise, far below both naive ways; of noise the mean is best."""
    draws = np.random.default_rng(3)
    series = np.full((600, 2, 2, 2), 0.5)
    noise = draws.normal(0.0, 0.02, series.shape)
    for t in range(2, 600):
        series[t] = 0.5 + 1.2 * (series[t - 1] - 0.5) - 0.9 * (series[t - 2] - 0.5) + noise[t]
    series[..., 1] = draws.random((600, 2, 2))
    forecaster = Forecaster(GAME, NAMES, lags=2, ridge=1e-3, forgetting=1.0)
    for number, seen in enumerate(told(series)):
        forecaster.see(seen, np.full(2, number == 0))
        if number == 100:  # from here on
            forecaster.memory.errors[:] = 0.0
            forecaster.memory.judged[:] = 0
    ridge, last, mean = forecaster.errors()["bid_of_0"].values()
    assert 0.9 * 0.02**2 < ridge < 1.1 * 0.02**2
    assert ridge < 0.5 * min(last, mean)
    ridge, last, mean = forecaster.errors()["bid_of_1"].values()
    assert mean < ridge < 1.1 * mean < last


def test_errors_are_counted_before_a_value_is_learned_from():
    """A forecaster that has seen one value only is judged on its forecast, not on what it makes of the next."""
    series = np.zeros((4, 2, 2, 2))
    series[1:] = 0.5
    series[3] = 1.0
    forecaster = Forecaster(GAME, NAMES, lags=1, ridge=1e-6, forgetting=1.0)
    for number, seen in enumerate(told(series)):
        forecasts = forecaster.see(seen, np.full(2, number == 0))
    # the second value is forecast by weights of 0, the third as 0.5 from the second: errors of 0.5^2 and 0.5^2
    errors = forecaster.errors()["bid_of_0"]
    assert errors["ridge"] == pytest.approx(0.25, abs=1e-4)
    assert errors["last"] == pytest.approx(0.125)
    assert errors["mean"] == pytest.approx(0.125)
    assert np.isfinite(forecasts).all()


def test_a_market_in_a_batch_is_the_market_alone_and_goes_back():
    def record(markets):
        forecaster, engine, found = Forecaster(GAME, lags=2), Engine(GAME, markets, autoreset=True), []
        engine.reset(4)
        policy, fresh = make_policy("zero_intelligence", GAME, 1), np.ones(markets, dtype=bool)
        for _ in range(70):
            found.append(forecaster.see(engine.buffers.observations, fresh))
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            fresh = engine.buffers.ended.copy()
        return np.array(found), forecaster, engine

    whole, forecaster, engine = record(3)
    alone, _, _ = record(1)
    np.testing.assert_array_equal(whole[:, :1], alone)
    kept = forecaster.snapshot()
    first = forecaster.see(engine.buffers.observations, engine.buffers.ended)
    forecaster.restore(kept)
    np.testing.assert_array_equal(forecaster.see(engine.buffers.observations, engine.buffers.ended), first)


def test_steady_inputs_do_not_wind_it_up():
    forecaster = Forecaster(GAME, NAMES, lags=2, ridge=0.01, forgetting=0.9)
    series = np.full((3000, 2, 2, 2), 0.25)
    for number, seen in enumerate(told(series)):
        forecasts = forecaster.see(seen, np.full(2, number == 0))
    np.testing.assert_allclose(forecasts, 0.25, atol=1e-4)
    assert np.isfinite(forecaster.memory.inverse).all()


def thresholds(x):
    """Two regimes, rising below 1/2 and falling above, which no line fits."""
    return np.clip(np.where(x < 0.5, 0.1 + 1.5 * x, 0.85 - 1.5 * (x - 0.5)), 0.0, 1.0)


def oscillates(x, before):
    return 0.5 + 1.2 * (x - 0.5) - 0.9 * (before - 0.5)


@pytest.mark.parametrize(
    ("follows", "least", "most"),
    [(lambda x, before: thresholds(x), 0.0, 0.4), (oscillates, 0.95, 1.03)],
    ids=["threshold autoregression", "linear"],
)
def test_a_network_bends_where_the_process_does_and_only_there(follows, least, most):
    """Mean squared errors over those of the regression, after 300 rounds."""
    draws, rounds = np.random.default_rng(5), 700
    series, noise = np.full((rounds, 2, 2, 2), 0.5), draws.normal(0.0, 0.02, (rounds, 2, 2, 2))
    for t in range(2, rounds):
        series[t] = follows(series[t - 1], series[t - 2]) + noise[t]
    network = NetworkForecaster(GAME, NAMES, lags=2, forgetting=1.0, seed=3)
    ridge, missed = Forecaster(GAME, NAMES, lags=2, forgetting=1.0), np.zeros((2, 2))
    forecasts = np.zeros((2, 2, 2, 2))
    for number, seen in enumerate(told(series)):
        if number > 300:
            missed += ((forecasts - series[number]) ** 2).mean(axis=(1, 2))
        forecasts = np.array([one.see(seen, np.full(2, number == 0)) for one in (network, ridge)])
    assert (least <= missed[0] / missed[1]).all()
    assert (missed[0] / missed[1] <= most).all()


def test_a_network_counts_its_errors_before_it_learns_and_shows_those_of_the_regression():
    series = np.random.default_rng(0).random((40, 2, 2, 2)).astype(np.float32)
    network, ridge, missed = NetworkForecaster(GAME, NAMES, lags=2), Forecaster(GAME, NAMES, lags=2), []
    forecasts = np.zeros((2, 2, 2))
    for number, seen in enumerate(told(series)):
        if number > 2:  # the first of an episode is not looked at, and two values are needed
            missed.append((forecasts - series[number]) ** 2)
        forecasts = network.see(seen, np.full(2, number == 0))
        ridge.see(seen, np.full(2, number == 0))
    means = np.mean(missed, axis=(0, 1, 2))
    for at, name in enumerate(NAMES):
        found = network.errors()[name]
        assert found["network"] == pytest.approx(means[at], rel=1e-5)
        assert {way: found[way] for way in ("ridge", "last", "mean")} == ridge.errors()[name]


def test_a_network_is_that_of_its_seed_and_market_and_goes_on_exactly():
    shown = np.random.default_rng(2).random((60, 3, 2, WIDTH)).astype(np.float32)

    def play(markets, seed, rounds, network=None):
        network, found = network or NetworkForecaster(GAME, lags=2, units=5, window=8, seed=seed), {}
        for number in rounds:
            found[number] = network.see(shown[number, :markets], np.full(markets, number in (0, 30)))
        return np.array(list(found.values())), network

    whole, _ = play(3, 1, range(60))
    np.testing.assert_array_equal(play(1, 1, range(60))[0], whole[:, :1])
    assert (play(3, 2, range(60))[0] != whole).any()
    first = play(3, 1, range(4))[1].memory.inner
    assert (first[0] != first[1]).all(axis=-1).all(), "each market has first weights of its own"
    _, half = play(3, 1, range(25))
    kept = half.snapshot()
    other = NetworkForecaster(GAME, lags=2, units=5, window=8, seed=1)
    other.restore(kept)
    np.testing.assert_array_equal(play(3, 1, range(25, 60), other)[0], whole[25:])
    still = other.snapshot()
    other.see(shown[0], np.zeros(3, dtype=bool), learns=False)
    for name in ("inner", "outer", "errors", "kept"):
        np.testing.assert_array_equal(other.snapshot()[name], still[name])


def test_the_word_of_a_configuration_chooses():
    settings = {"of": ["bid_of_1"], "lags": 3, "units": 4, "rate": 0.02, "window": 16}
    assert type(make_forecaster(GAME, settings)) is Forecaster
    network = make_forecaster(GAME, settings | {"by": "network"})
    assert (type(network), network.of) == (NetworkForecaster, ("bid_of_1",))
    for wrong, message in (({"by": "magic"}, "by='magic'"), ({"units": 0}, "units=0"), ({"window": 2}, "window=2")):
        with pytest.raises(ValueError, match=message):
            make_forecaster(GAME, {"by": "network"} | wrong)
    with pytest.raises(ValueError, match=r"rate=2\.0"):
        make_forecaster(GAME, {"by": "network", "rate": 2.0})


def test_what_is_forecast_by_default():
    assert forecast_features(GAME, ()) == NAMES
    book = econo_env.load("continuous_double_auction_v1")
    assert forecast_features(book, ()) == ("best_bid", "best_ask", "last_price")
    assert forecast_features(book, ("traded",)) == ("traded",)


@pytest.mark.parametrize(
    ("scenario", "options", "message"),
    [
        ("first_price_v0", {}, "set max_cycles above 1"),
        ("continuous_double_auction_v1", {"of": ("weather",)}, "shows no 'weather'"),
        ("continuous_double_auction_v1", {"lags": 0}, "lags=0"),
        ("continuous_double_auction_v1", {"ridge": 0.0}, "ridge=0.0"),
        ("continuous_double_auction_v1", {"forgetting": 1.5}, "forgetting=1.5"),
    ],
)
def test_a_mistake_names_value_and_fix(scenario, options, message):
    with pytest.raises(ValueError, match=message):
        Forecaster(econo_env.load(scenario), **options)
