"""The award means one thing in every market: units, what is paid, what goods are worth; rewards follow from it."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of

FORMS = {"as shipped": {}, "repeated": {"max_cycles": 5, "num_agents": 3}}
MARKETS, TICKS = 64, 12
SELLING = ("coordination", "procurement_", "first_score", "second_score", "task_market", "logit_demand")
SLACK = 1e-9  # credits


def played(name, form, seed):
    """Random actions, some of them no bids at all: the engine after each tick."""
    scenario = econo_env.load(name)
    if form == "repeated" and not market_of(scenario).one_sale:
        scenario = scenario.replace(**FORMS[form])
    engine, generator = Engine(scenario, MARKETS), np.random.default_rng(seed)
    engine.reset(seed)
    for _ in range(max(TICKS, 40 if market_of(scenario).one_sale else 0)):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape[:2]) < 0.2] = np.nan
        engine.step(actions)
        yield engine, np.isnan(actions).any(axis=-1)
        engine.reset_markets(engine.buffers.ended.copy())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", econo_env.scenarios())
def test_rewards_are_worth_less_what_is_paid(name, form):
    for engine, _ in played(name, form, 1):
        award = engine.state.award
        earned = (award.worth - award.pays) / 1e6
        np.testing.assert_allclose(engine.buffers.rewards, earned, atol=SLACK, rtol=0)


@pytest.mark.parametrize("name", econo_env.scenarios())
def test_nothing_happens_to_those_who_do_not_bid(name):
    if name.startswith(("continuous", "english")):
        pytest.skip("an order rests, and a price that was accepted binds")
    for engine, silent in played(name, "as shipped", 2):
        award = engine.state.award
        for amounts in (award.units, award.pays, award.worth):
            assert not amounts[silent].any()


@pytest.mark.parametrize("name", econo_env.scenarios())
def test_signs_say_who_gets_and_who_gives(name):
    """Whoever gives units is paid and has costs; whoever gets them pays; where agents trade, units add up to none."""
    row, seen = market_of(econo_env.load(name)), 0
    for engine, _ in played(name, "repeated", 3):
        award = engine.state.award
        seen += int((award.units != 0).sum())
        if row.two_sided:
            assert not award.units.sum(axis=1).any()
            assert (award.pays * award.units >= 0).all()
        elif name.startswith(SELLING):
            assert (award.units <= 0).all()
            assert (award.worth <= 0).all()
        else:
            assert (award.units >= 0).all()
            assert (award.pays >= 0).all()
    assert seen


def test_a_sale_of_a_clock_is_handed_on_once():
    engine = Engine(econo_env.load("dutch_v0"), 32)
    engine.reset(0)
    units = np.zeros((32, engine.num_agents), dtype=np.int64)
    for _ in range(engine.scenario.max_cycles):
        engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
        units += engine.state.award.units
    assert (units.sum(axis=1) == 1).all()


def test_a_slot_is_one_unit():
    engine = Engine(econo_env.load("gsp_v0"), 32)
    engine.reset(0)
    engine.step(np.zeros(engine.buffers.actions.shape, np.float32))
    assert engine.state.slots.max() == 2
    np.testing.assert_array_equal(engine.state.award.units, engine.state.slots > 0)


def test_entry_costs_are_in_the_worth():
    costs = {"participation": {"entry_fee": 0.02, "entry_cost": 0.05}}
    engine = Engine(econo_env.load("first_price_v0", **costs), 64)
    engine.reset(0)
    engine.step(np.full(engine.buffers.actions.shape, -0.4, np.float32))
    award = engine.state.award
    np.testing.assert_allclose(engine.buffers.rewards, (award.worth - award.pays) / 1e6, atol=SLACK, rtol=0)
    assert (award.worth[award.units == 0] == -50_000).all()
