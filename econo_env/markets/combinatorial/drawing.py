"""How the values of a round are drawn; compiled, for market `k`.

`drawing` is None in local-global games: Numba then leaves everything else out.
"""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import VALUES, uniform
from econo_env.engine.state import Float64s, Int64s
from econo_env.markets.combinatorial.state import Params, State
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.valuations.bundle_values import Drawing
from econo_env.valuations.drawing import draw_from_table, quantile_from_table


@compiled
def draw_values(drawing: Drawing | None, k: int, state: State, params: Params) -> None:
    """Draws the value of every bundle for the coming round."""
    if drawing is None:
        _draw_uniform(k, state, params)
    elif drawing.by_item:
        _draw_items(drawing, k, state, params)
    else:
        _draw_wishes(drawing, k, state, params)


@compiled
def _draw_uniform(k: int, state: State, params: Params) -> None:
    """Local-global values; locals share one draw with the chance `correlation`."""
    agents, each = state.values.shape[1], state.values.shape[2]
    key, episode, tick = state.key[k], state.episode[k], state.tick[k]
    shared = uniform(key, episode, tick, VALUES, agents * each) < params.correlation
    for i in range(agents):
        for b in range(each):
            source = b if shared and i < params.num_locals else i * each + b
            draw = uniform(key, episode, tick, VALUES, source)
            state.values[k, i, b] = int(math.floor(draw * params.highest[i] + 0.5))


@compiled
def _draw_items(drawing: Drawing, k: int, state: State, params: Params) -> None:
    """A value for every item, and those of the bundles from them."""
    agents, own = state.items.shape[1], state.items.shape[2]
    for i in range(agents):
        for item in range(own):
            draw = uniform(state.key[k], state.episode[k], state.tick[k], VALUES, i * own + item)
            state.items[k, i, item] = draw_from_table(drawing.quantiles, 0, draw)
        first = params.game.first[i]
        for b in range(state.values.shape[2]):
            state.values[k, i, b] = bundle_worth(drawing, state.items[k, i], params.game.bundle[first + b])


@compiled
def _draw_wishes(drawing: Drawing, k: int, state: State, params: Params) -> None:
    """One value for every bidder, and the bundle that it wants, if that is drawn."""
    agents = state.values.shape[1]
    for i in range(agents):
        bundle = params.game.bundle[i]
        if drawing.random_bundles:
            chance = uniform(state.key[k], state.episode[k], state.tick[k], VALUES, agents + i)
            bundle = drawn_bundle(params.game.num_items, chance)
            state.bundle[k, i] = bundle
        draw = uniform(state.key[k], state.episode[k], state.tick[k], VALUES, i)
        state.values[k, i, 0] = worth_of_wish(drawing, bundle, draw)


@compiled
def drawn_bundle(num_items: int, chance: float) -> int:
    """One of the bundles, none empty, with equal chance: items as bits."""
    return 1 + int(chance * ((1 << num_items) - 1))


@compiled
def num_items_in(bundle: int) -> int:
    """Items of a bundle given as bits."""
    size, left = 0, bundle
    while left != 0:
        left &= left - 1
        size += 1
    return size


@compiled
def worth_of_wish(drawing: Drawing, bundle: int, draw: float) -> int:
    """The value of the wanted bundle in micro-credits at a uniform draw."""
    worth = quantile_from_table(drawing.quantiles, 0, draw) * drawing.size_factor[num_items_in(bundle)]
    return int(math.floor(worth + 0.5))


@compiled
def bundle_worth(drawing: Drawing, items: Int64s, bundle: int) -> int:
    """The value of a bundle in micro-credits from those of its items: best first, later ones weigh less."""
    total, weight, left, size = 0.0, 1.0, bundle, 0
    while left != 0:
        best = -1
        for item in range(items.shape[0]):
            if (left >> item) & 1 and (best < 0 or items[item] > items[best]):
                best = item
        total += weight * items[best]
        weight *= drawing.later
        left ^= 1 << best
        size += 1
    return int(math.floor(total * drawing.size_factor[size] + 0.5))


@compiled
def bundle_worths(drawing: Drawing, items: Int64s, game: Game, agent: int, values: Int64s) -> None:
    """Fills `values` (samples, bundles) with the worth of the agent's bundles at `items` (samples, items)."""
    for k in range(items.shape[0]):
        for b in range(values.shape[1]):
            values[k, b] = bundle_worth(drawing, items[k], game.bundle[game.first[agent] + b])


@compiled
def worths_of_wishes(drawing: Drawing, bundles: Int64s, draws: Float64s, values: Int64s) -> None:
    """Fills `values` (samples,) with the worth of wanted bundles at uniform draws."""
    for k in range(values.shape[0]):
        values[k] = worth_of_wish(drawing, bundles[k], draws[k])


@compiled
def game_at(drawing: Drawing | None, k: int, state: State, params: Params) -> Game:
    """Who bids on what in this round."""
    if drawing is not None and drawing.random_bundles:
        return Game(params.game.first, state.bundle[k], params.game.num_items)
    return params.game
