"""Everything that is drawn has a stream of its own, and nothing that is drawn tells of anything else."""

from itertools import combinations

import numpy as np

import econo_env
from econo_env.engine import rng as streams
from econo_env.engine.engine import Engine
from econo_env.market import market_of

MARKETS = 6


def moved(engine, tick):
    draws = np.random.default_rng([11, tick]).uniform(-1.0, 1.0, engine.buffers.actions.shape)
    draws[0, 0, 0] = np.nan
    return draws.astype(np.float32)


def test_every_stream_has_its_own_number():
    numbers = {name: value for name, value in vars(streams).items() if name.isupper() and type(value) is int}
    del numbers["DRAWS_AT_ONCE"]
    assert len(numbers) >= 10
    assert len(set(numbers.values())) == len(numbers), numbers


def test_every_component_of_every_type_at_every_tick_is_drawn_for_itself():
    """Costs of three tasks and reliabilities of five agents, the value of the task and its reputation: all apart."""
    markets = 1_500
    scenario = econo_env.load("task_market_v0", max_cycles=3)
    engine = Engine(scenario, markets)
    engine.reset(2)
    drawn = {}
    for tick in range(3):
        types = market_of(scenario).types.now(scenario, engine.state)
        for agent in range(scenario.num_agents):
            drawn[f"cost of {agent} at {tick}"] = types[:, agent, 0]
            if tick == 0:
                drawn[f"reliability of {agent}"] = types[:, agent, 1]
            else:
                np.testing.assert_array_equal(types[:, agent, 1], drawn[f"reliability of {agent}"])
        drawn[f"task at {tick}"] = engine.state.task_value.astype(float)
        drawn[f"openness at {tick}"] = engine.state.openness.copy()
        actions = market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)
        engine.step(actions)
    correlations = np.corrcoef(np.stack(list(drawn.values())))
    worst = {
        (one, other): correlations[i, j]
        for (i, one), (j, other) in combinations(enumerate(drawn), 2)
        if abs(correlations[i, j]) > 5.0 / np.sqrt(markets)
    }
    assert not worst


def test_how_work_turns_out_owes_nothing_to_what_was_drawn_before():
    """Luck, quality and evidence of the winners against their own cost and reliability, and against each other."""
    markets = 2_500
    scenario = econo_env.load(
        "task_market_v0",
        num_agents=2,
        max_cycles=1,
        **{"economy.eligibility.open_share": 1.0, "economy.contracts.detection": 0.5},
    )
    engine = Engine(scenario, markets)
    engine.reset(9)
    types = market_of(scenario).types.now(scenario, engine.state)
    actions = np.zeros((markets, 2, 4), dtype=np.float32)
    actions[..., 2] = 0.6  # an effort of 0.8: success with so much of the own reliability
    engine.step(actions)
    state = engine.state
    rows = np.flatnonzero(state.winner >= 0)
    own = types[rows, state.winner[rows]]
    quality = engine.world.contracts.quality[rows, state.winner[rows]]
    succeeded = quality >= 0.6
    # within success, and within failure, quality is uniform and knows nothing of the type; success has its chance
    for chosen in (succeeded, ~succeeded):
        bound = 5.0 / np.sqrt(chosen.sum())
        assert abs(np.corrcoef(quality[chosen], own[chosen, 0])[0, 1]) < bound
        assert abs(np.corrcoef(quality[chosen], own[chosen, 1])[0, 1]) < bound
    surprise = succeeded - 0.8 * own[:, 1]
    assert abs(surprise.mean()) < 5.0 * surprise.std() / np.sqrt(len(rows))
    assert abs(np.corrcoef(surprise, own[:, 0])[0, 1]) < 5.0 / np.sqrt(len(rows))
    engine.reset(9)
    actions[..., 3] = 1.0  # the same luck of work beside the luck of evidence
    engine.step(actions)
    proven = engine.world.contracts.proven.any(axis=1)[rows]
    assert abs(proven.mean() - 0.5) < 5.0 * 0.5 / np.sqrt(len(rows))
    for other in (own[:, 0], own[:, 1], surprise, quality):
        assert abs(np.corrcoef(proven, other)[0, 1]) < 5.0 / np.sqrt(len(rows))


def test_only_the_markets_that_are_named_start_over():
    engine = Engine(econo_env.load("second_price_v0", max_cycles=3), MARKETS)
    engine.reset(1)
    engine.step(moved(engine, 0))
    before = engine.snapshot()
    named = np.arange(MARKETS) % 2 == 0
    engine.reset_markets(named)
    assert engine.state.episode.tolist() == named.astype(int).tolist()
    assert engine.state.tick.tolist() == (~named).astype(int).tolist()
    for now, was in zip(engine.arrays(), (*before.state, *before.buffers), strict=True):
        np.testing.assert_array_equal(now[~named], was[~named])


def test_a_seed_clears_the_count_of_invalid_actions():
    engine = Engine(econo_env.load("first_price_v0"), MARKETS)
    engine.reset(1)
    engine.step(moved(engine, 0))
    assert engine.buffers.invalid_actions.any()
    engine.reset(5)
    assert not engine.buffers.invalid_actions.any()
    assert not engine.buffers.actions.any()
