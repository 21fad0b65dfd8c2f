"""Markets in blocks play as markets one by one, to the bit, whatever happens in a block and however it is cut."""

import numpy as np
import pytest

import econo_env
from econo_env.engine import blocks
from econo_env.engine.engine import Engine

RUNS = 25


def plain(rng, agents):
    """Sealed bids without frictions: reserves, weights, priors with and without tables."""
    changes = {"mechanism.reserve": float(rng.choice([0.0, 0.4])), "max_cycles": int(rng.integers(1, 4))}
    if rng.random() < 0.3:
        changes["weights"] = rng.choice([0.5, 1.0], agents).tolist()
    if rng.random() < 0.5:
        changes["values"] = {"name": "beta", "alpha": 2.0, "beta": 2.0}
    return changes


def with_frictions(rng, agents):
    """Bidders who come by chance, and a fee."""
    entry = {"probability": float(rng.choice([0.5, 1.0])), "entry_fee": 0.01}
    return {"participation": entry, "max_cycles": 2}


def with_lever(rng, agents):
    """A reserve that differs from market to market."""
    return {"levers": {"mechanism.reserve": [0.0, 1.0]}, "max_cycles": 2}


KINDS = {plain: "first_price_v0", with_frictions: "first_price_v0", with_lever: "first_price_v0"}


def both(monkeypatch, scenario, markets, threads, autoreset):
    """The same batch in blocks, and one market after another."""
    engines = []
    for in_a_block in (24, 0):
        monkeypatch.setattr(blocks, "AGENTS_IN_A_BLOCK", in_a_block)
        engines.append(Engine(scenario, markets, num_threads=threads, autoreset=autoreset))
    return engines


def same(engines):
    """All arrays are equal to the bit."""
    for one, other in zip(*(engine.arrays() for engine in engines), strict=True):
        np.testing.assert_array_equal(one, other)


def drawn(rng, shape):
    """Actions with ties among them, and in every second batch some that are no bids."""
    actions = rng.choice(np.linspace(-1.0, 1.0, 5), shape).astype(np.float32)
    if rng.random() < 0.5:
        actions[rng.random(shape) < 0.02] = rng.choice([np.nan, 1.5, -np.inf])
    return actions


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_blocks_change_nothing(kind, monkeypatch):
    """Odd numbers of markets, ticks of some, resets of some, threads that cut blocks, episodes out of step."""
    rng = np.random.default_rng(len(kind.__name__))
    for _ in range(RUNS):
        agents, markets = int(rng.integers(1, 9)), int(rng.integers(1, 60))
        scenario = econo_env.load(KINDS[kind], num_agents=agents, **kind(rng, agents))
        autoreset, threads = bool(rng.random() < 0.7), int(rng.integers(1, 4))
        engines = both(monkeypatch, scenario, markets, threads, autoreset)
        for engine in engines:
            engine.reset(7)
        same(engines)
        for _ in range(6):
            if kind is with_lever and rng.random() < 0.5:
                levels = rng.random(markets)
                for engine in engines:
                    engine.levers["mechanism.reserve"][:] = levels
            actions = drawn(rng, engines[0].buffers.actions.shape)
            some = rng.random(markets) < 0.9 if rng.random() < 0.4 else None
            again = rng.random(markets) < rng.choice([0.1, 1.0])
            for engine in engines:
                engine.step(actions, where=some)
            same(engines)
            if rng.random() < 0.5:
                for engine in engines:
                    engine.reset_markets(again)
                same(engines)
        for engine in engines:
            engine.close()


def test_batches_that_fill_no_block_have_the_loop_without_them():
    scenario = econo_env.load("first_price_v0", num_agents=8)
    few, many = (Engine(scenario, markets)._kernels.source.read_text() for markets in (31, 32))
    assert "wide" not in few
    assert "settle(block, wide, params, wide_buffers)" in many


def test_a_block_is_as_large_as_it_is_worth():
    assert blocks.block_size(8, 4096) == 32
    assert blocks.block_size(8, 31) == 1
    assert blocks.block_size(100_000, 4096) == 1
