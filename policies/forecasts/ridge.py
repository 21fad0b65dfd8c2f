"""Forecasts of what the next round will show, by ridge regression on the last rounds, updated round by round.

For each market, agent and feature the forecast is linear in a constant and the last `lags` values of all forecast
features. Recursive least squares (Plackett 1950) keeps the solution of

    min over w of  sum over rounds s of forgetting^(t - s) (y_s - w x_s)^2 + forgetting^t ridge |w|^2

up to date: with P the inverse of the matrix of that problem, g = P x / (forgetting + x P x), w <- w + g (y - w x) and
P <- (P - g x P) / forgetting. Beside each forecast stand two naive ones, the last value and the mean of the episode's
values so far; errors of all three are counted before the value is learned from.
"""

from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.state import Bools, Column, Float32s, Float64s, Int64s
from econo_env.market import market_of
from econo_env.policies.keeper import Keeper
from econo_env.policies.options import between, whole
from econo_env.policy import Observations
from econo_env.scenario import Scenario

WAYS = ("ridge", "last", "mean")
"""How a value is forecast; the last two are the naive ways."""
_PRICES = frozenset({"winning_bid", "price", "last_price", "best_bid", "best_ask"})
_OF_RIVALS = ("bid", "offer", "limit")
_WINDED_UP = 1e6


class Series(NamedTuple):
    """What is known of the forecast features, by market and agent."""

    weights: Annotated[Float64s, Column(np.float64, ("agents", "targets", "inputs"), "of the regression")]
    inverse: Annotated[Float64s, Column(np.float64, ("agents", "inputs", "inputs"), "P")]
    inputs: Annotated[Float64s, Column(np.float64, ("agents", "inputs"), "1, then values, the newest first")]
    total: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "sum of the episode's values")]
    errors: Annotated[Float64s, Column(np.float64, ("agents", "targets", "ways"), "sums of squared errors")]
    judged: Annotated[Int64s, Column(np.int64, (), "rounds in them")]
    rounds: Annotated[Int64s, Column(np.int64, (), "rounds of this episode that were shown")]
    begun: Annotated[Bools, Column(np.bool_, (), "there is a P")]


@compiled
def regress(weights: Float64s, inverse: Float64s, x: Float64s, y: Float64s, forgetting: float, gain: Float64s) -> None:
    """One step of recursive least squares, of several targets with the same inputs.

    Args:
        weights: (targets, inputs), changed.
        inverse: P, (inputs, inputs), changed.
        x: Inputs, (inputs,).
        y: Values, (targets,).
        forgetting: What older rounds count after this one.
        gain: Room, (inputs,).
    """
    size, spread, trace = x.shape[0], forgetting, 0.0
    for a in range(size):
        gain[a] = 0.0
        for b in range(size):
            gain[a] += inverse[a, b] * x[b]
        spread += x[a] * gain[a]
        trace += inverse[a, a]
    for target in range(y.shape[0]):
        error = y[target]
        for a in range(size):
            error -= weights[target, a] * x[a]
        for a in range(size):
            weights[target, a] += gain[a] / spread * error
    # where inputs stand still, dividing by it for ever would let P grow without bound
    fades = forgetting if trace < _WINDED_UP * size else 1.0
    for a in range(size):
        for b in range(a + 1):
            inverse[a, b] = (inverse[a, b] - gain[a] * gain[b] / spread) / fades
            inverse[b, a] = inverse[a, b]


@compiled
def begin_series(k: int, series: Series, ridge: float) -> None:
    """P of a problem without rounds: that of the penalty alone."""
    series.begun[k] = True
    for i in range(series.inverse.shape[1]):
        for a in range(series.inverse.shape[2]):
            series.inverse[k, i, a, a] = 1.0 / ridge


@compiled
def begin_episode(k: int, series: Series) -> None:
    """Forgets the values of the last episode, not what was learned from them."""
    series.rounds[k] = 0
    for i in range(series.inputs.shape[1]):
        for a in range(series.inputs.shape[2]):
            series.inputs[k, i, a] = 1.0 if a == 0 else 0.0
        for target in range(series.total.shape[2]):
            series.total[k, i, target] = 0.0


@compiled
def linear(weights: Float64s, x: Float64s) -> float:
    """Weights times inputs."""
    told = 0.0
    for a in range(x.shape[0]):
        told += weights[a] * x[a]
    return told


@compiled
def learn_from(k: int, i: int, series: Series, y: Float64s, forgetting: float, gain: Float64s) -> None:
    """Counts the errors of all ways, and moves the weights."""
    x, weights = series.inputs[k, i], series.weights[k, i]
    for target in range(y.shape[0]):
        errors = series.errors[k, i, target]
        errors[0] += (linear(weights[target], x) - y[target]) ** 2
        errors[1] += (x[1 + target] - y[target]) ** 2
        errors[2] += (series.total[k, i, target] / series.rounds[k] - y[target]) ** 2
    regress(weights, series.inverse[k, i], x, y, forgetting, gain)


@compiled
def move_on(x: Float64s, total: Float64s, y: Float64s) -> None:
    """The values become the newest of the inputs."""
    targets = y.shape[0]
    for a in range(x.shape[0] - 1, targets, -1):
        x[a] = x[a - targets]
    for target in range(targets):
        x[1 + target] = y[target]
        total[target] += y[target]


@compiled
def forecast_all(
    series: Series,
    shown: Float64s,
    fresh: Bools,
    lags: int,
    ridge: float,
    forgetting: float,
    learns: bool,
    gain: Float64s,
    forecasts: Float64s,
) -> None:
    """Takes in the values shown, (markets, agents, targets), and writes forecasts of the next ones.

    Args:
        series: Changed.
        shown: Values of the last round.
        fresh: Markets whose episode has just begun, so that no round is shown, (markets,).
        lags: Values of each target among the inputs.
        ridge: Weight of the penalty.
        forgetting: What older rounds count after one more.
        learns: Whether weights are to move.
        gain: Room, (inputs,).
        forecasts: Filled in; the mean of the episode until `lags` values are known, and 0 before any is.
    """
    for k in range(shown.shape[0]):
        if not series.begun[k]:
            begin_series(k, series, ridge)
        if fresh[k]:
            begin_episode(k, series)
            forecasts[k] = 0.0
            continue
        judges = learns and series.rounds[k] >= lags
        for i in range(shown.shape[1]):
            if judges:
                learn_from(k, i, series, shown[k, i], forgetting, gain)
            move_on(series.inputs[k, i], series.total[k, i], shown[k, i])
        series.rounds[k] += 1
        series.judged[k] += judges
        known = series.rounds[k] >= lags and series.judged[k] > 0
        for i in range(shown.shape[1]):
            for target in range(shown.shape[2]):
                mean = series.total[k, i, target] / series.rounds[k]
                forecasts[k, i, target] = linear(series.weights[k, i, target], series.inputs[k, i]) if known else mean


class Forecaster(Keeper[Series]):
    """Forecasts features of the next round for every agent of every market, each by itself.

    Attributes:
        of: The features that are forecast.
    """

    def __init__(
        self,
        scenario: Scenario,
        of: tuple[str, ...] = (),
        *,
        lags: int = 4,
        ridge: float = 0.01,
        forgetting: float = 0.995,
        name: str = "forecaster",
    ) -> None:
        """Makes it.

        Args:
            scenario: The market.
            of: Features to forecast; by default prices and rivals' bids of the last round, as far as they are shown.
            lags: Values of each that the forecast rests on, from 1 on.
            ridge: Weight of the penalty, above 0.
            forgetting: What older rounds count after one more, in (0, 1].
            name: What it is called.

        Raises:
            ValueError: A number is out of range, a feature is not shown, or there is nothing to forecast.
        """
        self._lags = whole("lags", lags, 1, 64)
        self._ridge = between("ridge", ridge, 0.0, np.inf, open_low=True, open_high=True)
        self._forgetting = between("forgetting", forgetting, 0.0, 1.0, open_low=True)
        self.of = forecast_features(scenario, of)
        names = market_of(scenario).observations(scenario)
        self._places = np.array([names.index(one) for one in self.of])
        targets = len(self.of)
        sizes = {"targets": targets, "inputs": 1 + targets * self._lags, "ways": len(WAYS)}
        self._gain = np.zeros(sizes["inputs"])
        self._run = bound(forecast_all)
        super().__init__(name, scenario, Series, sizes, 0)

    def see(self, observations: Observations, fresh: Bools, *, learns: bool = True) -> Float32s:
        """Takes in what is shown of the last round, and forecasts the next.

        Args:
            observations: (markets, agents, features).
            fresh: Markets whose episode has just begun, (markets,).
            learns: Whether the weights are to move; without, only what was seen last.

        Returns:
            float32 (markets, agents, len(of)), in the units of the features.
        """
        shown = self.shown_in(observations)
        series, forecasts = self._begun(shown.shape[:2]), np.zeros(shown.shape)
        constants = (self._lags, self._ridge, self._forgetting, learns)
        self._run(series, shown, np.asarray(fresh, dtype=np.bool_), *constants, self._gain, forecasts)
        return forecasts.astype(np.float32)

    def shown_in(self, observations: Observations) -> Float64s:
        """The values of the forecast features, (markets, agents, len(of))."""
        values: Float64s = observations[..., self._places].astype(np.float64)
        return values

    def errors(self) -> dict[str, dict[str, float]]:
        """Mean squared errors by feature and way, over all that was forecast before it was learned from."""
        assert self.memory is not None, "nothing has been seen yet"
        rounds = max(1, int(self.memory.judged.sum()) * self.memory.errors.shape[1])
        means = self.memory.errors.sum(axis=(0, 1)) / rounds
        return {one: dict(zip(WAYS, map(float, means[at]), strict=True)) for at, one in enumerate(self.of)}


def forecast_features(scenario: Scenario, of: tuple[str, ...]) -> tuple[str, ...]:
    """The features to forecast: those named, or prices and rivals' bids of the last round.

    Raises:
        ValueError: One is not shown, or none is left.
    """
    names = market_of(scenario).observations(scenario)
    if missing := [one for one in of if one not in names]:
        raise ValueError(f"{scenario.id} shows no {missing[0]!r} to forecast; it shows {', '.join(names)}")
    found = of or tuple(one for one in names if one in _PRICES or _of_a_rival(one))
    if not found:
        raise ValueError(
            f"{scenario.id} shows no price and no bid of the last round to forecast: set max_cycles above 1 and a "
            "feedback, or name features"
        )
    return tuple(dict.fromkeys(found))


def _of_a_rival(name: str) -> bool:
    kind, _, seat = name.rpartition("_of_")
    return kind.split("_")[0] in _OF_RIVALS and seat.isdecimal()
