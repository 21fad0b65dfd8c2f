"""The text that writes observations, against the functions it calls."""

from dataclasses import replace

import numpy as np
import pytest
from gymnasium.spaces import Box

import econo_env
from econo_env.catalogue import load
from econo_env.engine.engine import Engine
from econo_env.engine.feature import Feature, Widths, each_of, observer
from econo_env.interfaces.page import page
from econo_env.interfaces.spaces import observation_box
from econo_env.market import market_of
from tests.interfaces.banning_market import BANNING, BanningScenario

MARKETS, AGENTS = 2, 3


def made_up(number, seen, width):
    """A feature or a block with values of its own, and what they are, (agents, entries)."""
    kind = ["own", "shared", "own block", "shared block"][seen]
    count = width if "block" in kind else 1

    def value(k, *places_and_given):
        *places, state, params = places_and_given
        return float(number + 0.1 * k + sum(0.01 * (place + 1) ** 2 for place in places)) * state * params

    told = [(f"f{number}_{entry}", "") for entry in range(count)]
    if "block" in kind:
        features = each_of(told, value, shared="shared" in kind)
    else:
        features = (Feature(*told[0], value, shared="shared" in kind),)

    def expected(k, state, params):
        place = (lambda i, j: (i, j)) if kind == "own block" else (lambda i, j: (j,))
        place = {"own": lambda i, j: (i,), "shared": lambda i, j: ()}.get(kind, place)
        return np.array([[value(k, *place(i, j), state, params) for j in range(count)] for i in range(AGENTS)])

    return features, expected


@pytest.mark.parametrize("seed", range(40))
def test_the_text_writes_what_the_functions_say(seed):
    """Single features and blocks, own and shared, in any order; agents who are absent see zeros of the first ones."""
    rng = np.random.default_rng(seed)
    blocks = [made_up(number, rng.integers(4), rng.integers(1, 4)) for number in range(rng.integers(1, 7))]
    of_market = int(rng.integers(len(blocks) + 1))
    shown = [
        (one, f"{'a' if at < of_market else 'b'}, c") for at, (features, _) in enumerate(blocks) for one in features
    ]
    hidden, absent = sum(len(features) for features, _ in blocks[:of_market]), int(rng.integers(AGENTS))
    text = observer(shown, "i != absent" if seed % 2 else None, hidden)
    body = "\n".join(f"    {line}" for line in text.lines)
    found = dict(text.uses) | {"absent": absent}
    exec(f"def show(k, a, b, c, shown, widths):\n{body}", found)
    seen = np.full((MARKETS, AGENTS, len(shown)), np.nan)
    for k in range(MARKETS):
        found["show"](k, 2.0, 3.0, 5.0, seen, Widths(np.array(text.widths)))
        expected = np.hstack([of(k, 2.0 if at < of_market else 3.0, 5.0) for at, (_, of) in enumerate(blocks)])
        if seed % 2:
            expected[absent, :hidden] = 0.0
        np.testing.assert_array_equal(seen[k], expected)


def test_the_number_of_entries_is_not_in_the_text():
    few, many = (econo_env.load("vickrey_v0", demand=demand).program() for demand in (2, 7))
    assert few.source == many.source
    assert (few.widths, many.widths) == ((2,), (7,))


def test_two_features_of_one_name_are_refused():
    with pytest.raises(ValueError, match="several features are called price"):
        observer([(Feature("price", "", abs), "s"), (Feature("price", "", abs), "s")])


def test_show_writes_what_is_seen_and_nothing_else():
    """After a caller has given types, and on a state as a tick has left it; rewards and masks stay."""
    engine = Engine(econo_env.load("first_price_v0", num_agents=3, max_cycles=3), 8)
    engine.reset(0)
    engine.step(np.random.default_rng(0).uniform(-1, 1, engine.buffers.actions.shape))
    before = engine.snapshot()
    engine.buffers.observations[...] = 7.0
    engine.show()
    for then, now in zip(before.arrays(), engine.arrays(), strict=True):
        np.testing.assert_array_equal(then, now)
    engine.state.values[:, 1] = 250_000
    engine.show()
    np.testing.assert_array_equal(engine.buffers.observations[:, 1, 0], 0.25)
    with pytest.raises(RuntimeError, match="reset"):
        Engine(engine.scenario, 8).show()


def test_spaces_and_pages_know_the_range():
    present, clock = BANNING.features(BanningScenario(id="banning_v0", num_agents=3))
    wide = replace(BANNING, features=lambda _: (present, replace(clock, low=-2.0, high=5.0)))
    try:
        scenario = BanningScenario(id="banning_v0", num_agents=3)
        assert market_of(scenario) is wide
        box = observation_box(scenario, 3)
        assert box == Box(*(np.tile(np.float32(ends), (3, 1)) for ends in ([0, -2], [1, 5])), dtype=np.float32)
    finally:
        BanningScenario.kind = BANNING
    assert observation_box(econo_env.load("first_price_v0")) == Box(0.0, 1.0, (2,), np.float32)
    assert "`Box(0, 1, (2,), float32)`" in page(econo_env.load("first_price_v0"))
    assert "| 1 | `rounds_left`: share of the episode to come | 0 | 1 |" in page(econo_env.load("first_price_v0"))


@pytest.mark.parametrize("kind", sorted({load(scenario).market for scenario in econo_env.scenarios()}))
def test_what_is_seen_is_told_by_the_state(kind):
    """In every kind of market, at the start and after each tick: judges write types and have them shown."""
    scenario = next(one for one in map(load, econo_env.scenarios()) if one.market == kind)
    engine = Engine(scenario, 6)
    engine.reset(4)
    rng = np.random.default_rng(4)
    for _ in range(min(4, scenario.max_cycles)):
        then = engine.buffers.observations.copy()
        engine.show()
        np.testing.assert_array_equal(engine.buffers.observations, then)
        engine.step(rng.uniform(-1, 1, engine.buffers.actions.shape))
    then = engine.buffers.observations.copy()
    engine.show()
    np.testing.assert_array_equal(engine.buffers.observations, then)
