"""Forecasts by a small network: what a ridge regression leaves over is learned by one hidden layer, round by round.

For each market, agent and feature the forecast is that of `ridge`, linear in the last `lags` values of all forecast
features, and beside it

    sum over units of b tanh(w x),

with the same inputs x. The network starts at 0 (b = 0) and learns what the regression of the moment has left of the
last `window` rounds, some of them drawn by lot in each round, by Adam (Kingma and Ba, ICLR 2015). What it would have
added counts by the share, from 0 to 1, that would have forecast best so far, by least squares over rounds that it had
not yet learned from: next to nothing where the next value is linear in the last ones. Every agent has a network of its
own, in compiled loops and by its own market's luck, so that a market of a batch is the market alone to the bit, and a
run that goes on the one that was not broken off.
"""

import math
from typing import Annotated, NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import LEARNING, uniform
from econo_env.engine.state import Bools, Column, Float32s, Float64s, Int64s, UInt64s
from econo_env.policies.forecasts.ridge import WAYS, Forecaster, linear
from econo_env.policies.keeper import Keeper
from econo_env.policy import Memory, Observations
from econo_env.scenario import Scenario

_DRAWN = 8
"""Rounds that are learned from in each round."""
_FADES_MEAN, _FADES_SQUARE, _LEAST = 0.9, 0.999, 1e-8
_STEEPNESS = 4.0
"""How far the inner sums of units range over inputs from 0 to 1, at first."""
_RIDGE = "ridge/"
_FIRST_LAYER = 1 << 20
"""What tells draws of first weights from draws of rounds."""


class Net(NamedTuple):
    """What is known beside the regression, by market and agent."""

    inner: Annotated[Float64s, Column(np.float64, ("agents", "units", "inputs"), "w")]
    outer: Annotated[Float64s, Column(np.float64, ("agents", "targets", "units"), "b")]
    inner_mean: Annotated[Float64s, Column(np.float64, ("agents", "units", "inputs"), "of slopes, fading")]
    outer_mean: Annotated[Float64s, Column(np.float64, ("agents", "targets", "units"), "of slopes, fading")]
    inner_square: Annotated[Float64s, Column(np.float64, ("agents", "units", "inputs"), "of slopes, fading")]
    outer_square: Annotated[Float64s, Column(np.float64, ("agents", "targets", "units"), "of slopes, fading")]
    past: Annotated[Float64s, Column(np.float64, ("agents", "window", "inputs"), "inputs of past rounds")]
    values: Annotated[Float64s, Column(np.float64, ("agents", "window", "targets"), "what followed them")]
    inputs: Annotated[Float64s, Column(np.float64, ("agents", "inputs"), "of the last forecast")]
    straight: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "the regression's last forecast")]
    bent: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "what the network would have added to it")]
    agreed: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "fading sum of that times what was left")]
    strength: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "fading sum of its squares")]
    errors: Annotated[Float64s, Column(np.float64, ("agents", "targets"), "sums of squared errors")]
    kept: Annotated[Int64s, Column(np.int64, (), "rounds learned from")]
    begun: Annotated[Bools, Column(np.bool_, (), "first weights are drawn")]


class Learning(NamedTuple):
    """Constants and room."""

    rate: float
    lags: int
    forgetting: float
    hidden: Float64s  # (units,)
    missed: Float64s  # (targets,)
    inner: Float64s  # (units, inputs)
    outer: Float64s  # (targets, units)


@compiled
def begin_net(k: int, net: Net, keys: UInt64s) -> None:
    """Draws the first weights: each unit bends at a point of its own among inputs from 0 to 1."""
    net.begun[k] = True
    units, inputs = net.inner.shape[2], net.inner.shape[3]
    for i in range(net.inner.shape[1]):
        for unit in range(units):
            bend = 0.0
            for a in range(1, inputs):
                place = _FIRST_LAYER + unit * inputs + a
                slope = 2.0 * uniform(keys[k], 0, place, LEARNING, i) - 1.0
                net.inner[k, i, unit, a] = _STEEPNESS * slope
                bend += _STEEPNESS * slope * uniform(keys[k], 1, place, LEARNING, i)
            net.inner[k, i, unit, 0] = -bend


@compiled
def excite(inner: Float64s, x: Float64s, hidden: Float64s) -> None:
    """Fills in what the units say of inputs."""
    for unit in range(hidden.shape[0]):
        hidden[unit] = math.tanh(linear(inner[unit], x))


@compiled
def adam(weight: Float64s, mean: Float64s, square: Float64s, slope: Float64s, rate: float, steps: int) -> None:
    """One step down the slopes, which are cleared; all arrays (n,)."""
    so_far, so_far_square = 1.0 - _FADES_MEAN**steps, 1.0 - _FADES_SQUARE**steps
    for a in range(weight.shape[0]):
        mean[a] = _FADES_MEAN * mean[a] + (1.0 - _FADES_MEAN) * slope[a]
        square[a] = _FADES_SQUARE * square[a] + (1.0 - _FADES_SQUARE) * slope[a] * slope[a]
        weight[a] -= rate * (mean[a] / so_far) / (math.sqrt(square[a] / so_far_square) + _LEAST)
        slope[a] = 0.0


@compiled
def learn_round(k: int, i: int, net: Net, weights: Float64s, keys: UInt64s, learning: Learning) -> None:
    """Moves the weights by what the regression has left of a few of the rounds kept."""
    kept = min(net.kept[k], net.past.shape[2])
    inner, outer, hidden = net.inner[k, i], net.outer[k, i], learning.hidden
    for number in range(_DRAWN):
        draw = uniform(keys[k], number, net.kept[k] % _FIRST_LAYER, LEARNING, i)
        place = min(kept - 1, int(draw * kept))
        x = net.past[k, i, place]
        excite(inner, x, hidden)
        for target in range(outer.shape[0]):
            left = net.values[k, i, place, target] - linear(weights[target], x)
            learning.missed[target] = linear(outer[target], hidden) - left
        for unit in range(hidden.shape[0]):
            back, bends = 0.0, 1.0 - hidden[unit] * hidden[unit]
            for target in range(outer.shape[0]):
                back += learning.missed[target] * outer[target, unit]
                learning.outer[target, unit] += learning.missed[target] * hidden[unit]
            for a in range(x.shape[0]):
                learning.inner[unit, a] += back * bends * x[a]
    for unit in range(hidden.shape[0]):
        means, squares = net.inner_mean[k, i, unit], net.inner_square[k, i, unit]
        adam(inner[unit], means, squares, learning.inner[unit], learning.rate, net.kept[k])
    for target in range(outer.shape[0]):
        means, squares = net.outer_mean[k, i, target], net.outer_square[k, i, target]
        adam(outer[target], means, squares, learning.outer[target], learning.rate, net.kept[k])


@compiled
def trust(agreed: float, strength: float) -> float:
    """What of the network's addition would have forecast best so far, from 0 to 1."""
    return min(1.0, max(0.0, agreed / strength)) if strength > 0.0 else 0.0


@compiled
def keep_round(k: int, i: int, net: Net, shown: Float64s, forgetting: float) -> None:
    """Counts the error of the last forecast, and keeps its inputs and what followed."""
    place = net.kept[k] % net.past.shape[2]
    for a in range(net.inputs.shape[2]):
        net.past[k, i, place, a] = net.inputs[k, i, a]
    for target in range(shown.shape[0]):
        net.values[k, i, place, target] = shown[target]
        left, bent = shown[target] - net.straight[k, i, target], net.bent[k, i, target]
        agreed, strength = net.agreed[k, i, target], net.strength[k, i, target]
        net.errors[k, i, target] += (left - trust(agreed, strength) * bent) ** 2
        net.agreed[k, i, target] = forgetting * agreed + bent * left
        net.strength[k, i, target] = forgetting * strength + bent * bent


@compiled
def bend_all(
    net: Net,
    weights: Float64s,
    inputs: Float64s,
    rounds: Int64s,
    shown: Float64s,
    keys: UInt64s,
    learns: bool,
    learning: Learning,
    forecasts: Float64s,
) -> None:
    """Adds to the regression's forecasts, once it has taken in a round, what the network makes of the same inputs.

    Args:
        net: Changed.
        weights: Of the regression, (markets, agents, targets, inputs).
        inputs: Of its forecasts, (markets, agents, inputs).
        rounds: Of the episode that were shown, (markets,).
        shown: Values of the last round, (markets, agents, targets).
        keys: Of the luck of each market.
        learns: Whether weights are to move.
        learning: Constants and room.
        forecasts: Changed, (markets, agents, targets).
    """
    for k in range(shown.shape[0]):
        if not net.begun[k]:
            begin_net(k, net, keys)
        learned = learns and rounds[k] > learning.lags
        if learned:
            for i in range(shown.shape[1]):
                keep_round(k, i, net, shown[k, i], learning.forgetting)
            net.kept[k] += 1
            for i in range(shown.shape[1]):
                learn_round(k, i, net, weights[k, i], keys, learning)
        for i in range(shown.shape[1]):
            x = inputs[k, i]
            excite(net.inner[k, i], x, learning.hidden)
            for a in range(x.shape[0]):
                net.inputs[k, i, a] = x[a]
            for target in range(shown.shape[2]):
                if rounds[k] >= learning.lags:
                    bent = linear(net.outer[k, i, target], learning.hidden)
                    net.straight[k, i, target], net.bent[k, i, target] = forecasts[k, i, target], bent
                    forecasts[k, i, target] += trust(net.agreed[k, i, target], net.strength[k, i, target]) * bent


class NetworkForecaster(Keeper[Net]):
    """Forecasts features of the next round for every agent of every market, each by a regression and a network.

    Attributes:
        of: The features that are forecast.
        ridge: The regression.
    """

    def __init__(
        self,
        scenario: Scenario,
        of: tuple[str, ...] = (),
        *,
        lags: int = 4,
        ridge: float = 0.01,
        forgetting: float = 0.995,
        units: int = 16,
        rate: float = 0.01,
        window: int = 128,
        seed: int = 0,
        name: str = "network_forecaster",
    ) -> None:
        """Makes it.

        Args:
            scenario: The market.
            of: See `Forecaster`.
            lags: See there.
            ridge: See there.
            forgetting: See there.
            units: Of the hidden layer, 1 to 256.
            rate: Of learning, above 0 to 1.
            window: The last rounds that it learns from, 8 to 4096.
            seed: Of first weights, and of the rounds drawn.
            name: What it is called.

        Raises:
            ValueError: A number is out of range, a feature is not shown, or there is nothing to forecast.
        """
        for what, given, least, most in (("units", units, 1, 256), ("window", window, _DRAWN, 4096)):
            if int(given) != given or not least <= int(given) <= most:
                raise ValueError(f"{what}={given!r}: a whole number from {least} to {most}")
        if not 0.0 < float(rate) <= 1.0:
            raise ValueError(f"rate={rate!r}: a number above 0 to 1")
        self.ridge = Forecaster(scenario, of, lags=lags, ridge=ridge, forgetting=forgetting)
        self.of = self.ridge.of
        targets = len(self.of)
        inputs = 1 + targets * int(lags)
        sizes = {"targets": targets, "inputs": inputs, "units": int(units), "window": int(window)}
        room = (int(units),), (targets,), (int(units), inputs), (targets, int(units))
        self._learning = Learning(float(rate), int(lags), float(forgetting), *map(np.zeros, room))
        self._run = bound(bend_all)
        super().__init__(name, scenario, Net, sizes, seed)

    def reset(self, seed: int) -> None:
        """Knows nothing any more, and begins with the weights of a seed."""
        super().reset(seed)
        self.ridge.reset(seed)

    def see(self, observations: Observations, fresh: Bools, *, learns: bool = True) -> Float32s:
        """Takes in what is shown of the last round, and forecasts the next; see `Forecaster.see`."""
        shown = self.ridge.shown_in(observations)
        forecasts = self.ridge.see(observations, fresh, learns=learns).astype(np.float64)
        series, net = self.ridge.memory, self._begun(shown.shape[:2])
        assert series is not None
        given = series.weights, series.inputs, series.rounds, shown, self._keys, learns, self._learning
        self._run(net, *given, forecasts)
        return forecasts.astype(np.float32)

    def errors(self) -> dict[str, dict[str, float]]:
        """Mean squared errors by feature and way, over all that was forecast before it was learned from."""
        assert self.memory is not None, "nothing has been seen yet"
        rounds = max(1, int(self.memory.kept.sum()) * self.memory.errors.shape[1])
        means, others = self.memory.errors.sum(axis=(0, 1)) / rounds, self.ridge.errors()
        return {
            one: {"network": float(means[at])} | {way: others[one][way] for way in WAYS}
            for at, one in enumerate(self.of)
        }

    def snapshot(self) -> Memory:
        """A copy of all that is remembered."""
        return {**super().snapshot(), **{f"{_RIDGE}{name}": array for name, array in self.ridge.snapshot().items()}}

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot."""
        super().restore({name: array for name, array in memory.items() if not name.startswith(_RIDGE)})
        own = {name.removeprefix(_RIDGE): array for name, array in memory.items() if name.startswith(_RIDGE)}
        self.ridge.restore(own)
