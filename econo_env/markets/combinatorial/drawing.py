"""How the values of a round are drawn; compiled, for market `k`.

`drawing` is None in local-global games: Numba then leaves everything else out.
"""

import math

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import VALUES, uniform
from econo_env.markets.combinatorial.state import Params, State
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.valuations.bundle_values import Drawing
from econo_env.valuations.bundle_worth import bundle_worth, drawn_bundle, worth_of_wish
from econo_env.valuations.drawing import draw_from_table


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
def game_at(drawing: Drawing | None, k: int, state: State, params: Params) -> Game:
    """Who bids on what in this round."""
    if drawing is not None and drawing.random_bundles:
        return Game(params.game.first, state.bundle[k], params.game.num_items)
    return params.game
