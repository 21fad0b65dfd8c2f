"""Episodes of any scenario, played through the engine with given behaviour and the same luck every time."""

from dataclasses import dataclass, field

import numpy as np

from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.told import verdicts_of
from econo_env.training.evaluation.play import with_accounts
from tests.baselines import baseline


@dataclass
class Played:
    """What an episode came to in each market, in credits: sums over its ticks, arrays (markets, ...)."""

    types: np.ndarray
    rewards: np.ndarray
    realised: np.ndarray
    optimal: np.ndarray
    revenue: np.ndarray
    revenues: list = field(default_factory=list)
    allocation: np.ndarray | None = None
    payments: np.ndarray | None = None


def random_actions(scenario, markets, seed, steady=False):
    """Behaviour: each action uniform on [-1, 1], the same at every tick if `steady`; arrays (markets, agents, ...)."""
    components = len(market_of(scenario).action_names(scenario))

    def act(tick, _):
        rng = np.random.default_rng([seed, 0 if steady else tick])
        return rng.uniform(-1.0, 1.0, (markets, scenario.num_agents, components)).astype(np.float32)

    return act


def strategy(scenario, name):
    """Behaviour: `truthful` or `equilibrium`, the baseline of the market; equilibrium is truth where dominant."""
    actions = baseline(scenario, name)
    return lambda _, observations: actions(observations)


def one_agent(everybody, agent, own):
    """Behaviour: all as `everybody` but the agent, which does as `own`."""

    def act(tick, observations):
        actions = np.array(everybody(tick, observations))
        actions[:, agent] = own(tick, observations)[:, agent]
        return actions

    return act


def play(scenario, act, markets=512, seed=0):
    """One episode in each market under `act(tick, observations)`, actions 0 where an agent may do nothing."""
    market = market_of(scenario)
    engine = Engine(scenario, markets)
    engine.reset(seed)
    zeros = np.zeros(markets)
    types = market.types.now(scenario, engine.state)
    played = Played(types, np.zeros((markets, scenario.num_agents)), zeros, zeros.copy(), zeros.copy())
    live, tick = np.ones(markets, dtype=bool), 0
    while live.any():
        types, buffers = market.types.now(scenario, engine.state), engine.buffers
        allowed = buffers.action_mask[..., None]
        engine.step(np.where(allowed, act(tick, buffers.observations), 0.0).astype(np.float32))
        luck = (verdict.luck(scenario, engine.world) for verdict in verdicts_of(scenario))
        rewards = buffers.rewards - sum(luck, np.zeros(1))
        worth = with_accounts(scenario, engine, market.welfare(scenario, engine.state, types))
        played.rewards = played.rewards + np.where(live[:, None], rewards, 0.0)
        played.realised = played.realised + np.where(live, worth.realised["value"], 0.0)
        played.optimal = played.optimal + np.where(live, worth.optimal["value"], 0.0)
        played.revenue = played.revenue + np.where(live, worth.revenue, 0.0)
        played.revenues.append(np.where(live, worth.revenue, 0.0))
        live &= ~buffers.ended
        tick += 1
    award = engine.state.award
    placed = engine.state.slots if scenario.market == "position" else award.units
    played.allocation = placed.copy() if market.two_sided else np.abs(placed)
    played.payments = award.pays / 1e6
    return played
