"""Samples of private types: low-discrepancy points for everybody, given types for the agent under test.

Scrambled Sobol points (Owen 1998) cover the type space evenly, so the noise of an expectation falls faster than with
independent draws, and another scrambling is an independent sample.
"""

import numpy as np
from numpy.typing import NDArray

from econo_env.engine.engine import Engine, Snapshot
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.told import verdicts_of

Floats = NDArray[np.float64]

_MOST_SOBOL_DIMENSIONS = 256
_SELECTION, _EVALUATION, _OWN, _TYPES, _PARTS = 1, 2, 3, 4, 5


def _derived(seed: int, purpose: int) -> int:
    return int(np.random.SeedSequence([seed, purpose]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def selection_seed(seeds: tuple[int, ...]) -> int:
    """The seed of the sample on which deviations are chosen; independent of every evaluation sample."""
    return int(np.random.SeedSequence([_SELECTION, *seeds]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def evaluation_seed(seed: int) -> int:
    """The seed of the sample on which the chosen deviations are evaluated, one for each named seed."""
    return _derived(seed, _EVALUATION)


def part_seed(seed: int, part: int) -> int:
    """The seed of one part of a sample that is drawn in parts."""
    return _derived(seed, _PARTS + part)


def own_seed(seed: int) -> int:
    """The seed of the agent's own moves where its policy is random."""
    return _derived(seed, _OWN)


def types_seed(seed: int) -> int:
    """The seed of the types that the agent under test draws."""
    return _derived(seed, _TYPES)


def points(count: int, dimensions: int, seed: int) -> Floats:
    """Points that cover the unit cube evenly, shape (count, dimensions)."""
    from scipy.stats import qmc

    rng = np.random.default_rng(seed)
    if dimensions > _MOST_SOBOL_DIMENSIONS:
        return rng.random((count, dimensions))
    sequence = qmc.Sobol(dimensions, rng=rng)
    return np.asarray(sequence.random_base2(max(0, int(count - 1).bit_length()))[:count])


def _cube(scenario: Scenario, markets: int, seed: int) -> Floats:
    """A point of the unit cube for every component of every type, shape (markets, agents, components)."""
    width = len(market_of(scenario).types.names(scenario))
    return points(markets, scenario.num_agents * width, seed).reshape(markets, scenario.num_agents, width)


def sampled_engine(scenario: Scenario, markets: int, seed: int) -> Engine:
    """Markets at their first tick, everybody's types from a low-discrepancy sample of the priors, one by one."""
    market = market_of(scenario)
    engine = Engine(scenario, markets)
    engine.reset(seed)
    uniforms = _cube(scenario, markets, seed)
    for agent in range(scenario.num_agents):
        market.types.put(scenario, engine, agent, market.types.at(scenario, agent, uniforms[:, agent]))
    engine.show()
    return engine


def facing(scenario: Scenario, agent: int, types: Floats, luck: int, seed: int) -> Engine:
    """Markets at their first tick, `luck` rows of them, in each row one for each of the agent's types.

    Within a row all meet the same luck and the same rivals; where types hang together, rivals drawn by the same points
    from their distribution given the agent's type.

    Args:
        scenario: The market.
        agent: Whose types are given.
        types: Shape (types, components).
        luck: Rows.
        seed: Of the sample.
    """
    market = market_of(scenario)
    tiled = np.tile(types, (luck, 1))
    together = market.types.interdependence
    if together is None or not together.applies(scenario):
        engine = sampled_engine(scenario, luck, seed).fork(len(types))
        market.types.put(scenario, engine, agent, tiled)
        engine.show()
        return engine
    engine = Engine(scenario, luck)
    engine.reset(seed)
    engine = engine.fork(len(types))
    cube = _cube(scenario, luck, seed)
    together.put(scenario, engine, agent, tiled, np.repeat(cube, len(types), axis=0))
    engine.show()
    return engine


def where_it_may_act(engine: Engine, agent: int, together: int) -> Engine:
    """Those of the engine's markets in which the agent may do something now; all of them where it may in none.

    Args:
        engine: Markets at a tick.
        agent: Whose mask counts.
        together: So many markets in a row stay or go together; they go where the agent may act in none of them.
    """
    may = engine.buffers.action_mask[:, agent].reshape(-1, together).any(axis=1)
    if may.all() or not may.any():
        return engine
    rows = np.repeat(may, together)
    kept = Engine(engine.scenario, int(rows.sum()))
    taken = engine.snapshot()
    kept.restore(Snapshot(tuple(a[rows] for a in taken.state), tuple(a[rows] for a in taken.buffers)))
    return kept


def last_rewards(engine: Engine, agent: int) -> Floats:
    """The agent's rewards of the last tick in credits, averaged over luck where the market can, shape (markets,)."""
    luck = (verdict.luck(engine.scenario, engine.world) for verdict in verdicts_of(engine.scenario))
    return np.array((engine.buffers.rewards - sum(luck))[:, agent])  # without luck there is less noise to search in


def play_out(engine: Engine, player: Player, agent: int, live: NDArray[np.bool_]) -> Floats:
    """What the agent earns until the end of the episodes that are `live`, (markets,), all following the policy."""
    earned, live = np.zeros(len(live)), live.copy()
    while live.any():
        tick(engine, player, act(player, engine))
        earned += np.where(live, last_rewards(engine, agent), 0.0)
        live &= ~engine.buffers.ended
    return earned


def act(policy: Policy, engine: Engine) -> NDArray[np.float32]:
    """What everybody does now, float32 (markets, agents, components)."""
    buffers = engine.buffers
    actions = np.asarray(policy.act(buffers.observations, buffers.action_mask), dtype=np.float32)
    if actions.shape != buffers.actions.shape:
        raise ValueError(f"the policy gave actions of shape {actions.shape}: {buffers.actions.shape} is needed")
    return actions


def tick(engine: Engine, player: Player, actions: NDArray[np.float32]) -> None:
    """A tick of every market; the policy that acted in it is told what it brought."""
    engine.step(actions)
    player.observe(engine.buffers.rewards, engine.buffers.ended)
