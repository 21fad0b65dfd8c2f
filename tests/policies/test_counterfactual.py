"""What arms would have earned: rules that tell it by a few numbers tell the same to the bit as clearing every arm."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.compiled import compiled
from econo_env.engine.engine import Engine
from econo_env.engine.exponential import LOWEST, exp_of, in_lanes, power_of_two
from econo_env.engine.kernels import bound
from econo_env.market import market_of
from econo_env.mechanisms.base import rules_of
from econo_env.policies import make_policy
from econo_env.policies.adaptive.arms import arms_of
from tests.policies.arm_gains import gains_of_arms

TOLD = [row for row in rules_of("sealed_bid") if row.own_bid is not None]


def drawn(row, draws):
    """A scenario at random: reserves, units, ranks, payments, weights, what bids mean, and how far they go."""
    agents = int(draws.integers(2, 7))
    options = {"reserve": float(draws.choice([0.0, 0.1, 0.3, 0.4123])), "units": int(draws.integers(1, agents + 2))}
    options |= {"rank": int(draws.integers(2, agents + 2)), "payment": str(draws.choice(["critical", "naive"]))}
    mechanism = {"name": row.name} | {key: one for key, one in options.items() if key in row.parameters._fields}
    weighted = draws.random() < 0.5
    return econo_env.load(
        f"{row.name}_v0",
        mechanism=mechanism,
        num_agents=agents,
        max_cycles=10,
        feedback="all_bids",
        bids=str(draws.choice(["amount", "share_of_value"])),
        largest_bid=float(draws.choice([2.0, 3.0])),
        weights=tuple(float(one) for one in draws.choice([0.5, 1.0, 1.0, 1.7], agents)) if weighted else None,
    )


def test_the_rules_of_one_item_whose_winner_is_not_drawn_tell_it():
    assert {row.name for row in rules_of("sealed_bid")} - {row.name for row in TOLD} == {"tullock"}


@pytest.mark.parametrize("row", TOLD, ids=[row.name for row in TOLD])
def test_terms_are_the_clearing_to_the_bit(row):
    """Random scenarios, values and bids: half of the bids on a coarse grid, where there are ties."""
    draws, ties, gained = np.random.default_rng(len(row.name)), 0, set()
    for _ in range(10):
        scenario = drawn(row, draws)
        names, markets, agents = market_of(scenario).observations(scenario), 24, scenario.num_agents
        arms = arms_of(scenario, "action", int(draws.integers(2, 40)), -1.0, float(draws.choice([-0.2, 0.0, 1.0])))
        before = draws.random((markets, agents, len(names))).astype(np.float32)
        before[::3, :, 0] = draws.choice([0.0, 0.5, 1.0], (len(before[::3]), agents))
        shown = draws.random((markets, 1, agents))
        if scenario.bids == "amount":  # the bids of arms, as they are shown
            on_grid = (1.0 + draws.choice(arms.levels.astype(np.float32), (markets, 1, agents))) / scenario.largest_bid
            shown = np.where(draws.random((markets, 1, 1)) < 0.5, on_grid * scenario.largest_bid / 2.0, shown)
        else:
            shown[::2] = draws.choice([0.0, 0.25, 0.5], shown[::2].shape)
        first = names.index("bid_of_0")
        after = np.repeat(before, 1, axis=0)
        after[..., first : first + agents] = shown
        heard, cleared = gains_of_arms(scenario, arms, before, after, seed=int(draws.integers(100)), call=3)
        np.testing.assert_array_equal(heard, cleared)
        assert np.isfinite(heard).all()
        ties += sum(len(set(row)) < agents for row in after[:, 0, first : first + agents].tolist())
        gained |= set(np.sign(heard).ravel().tolist())
    assert ties > 30
    assert {0.0, 1.0} <= gained


def test_multiples_of_the_value_are_heard_as_they_are_played():
    """Those whose actions are the same at every value, and the few that rounding moves."""
    game, draws, varied = {"num_agents": 3, "max_cycles": 10, "feedback": "all_bids"}, np.random.default_rng(2), []
    for count, highest in ((21, 1.0), (41, 2.0), (57, 1.0), (21, 3.0), (57, 3.0)):
        values = {"name": "uniform", "low": 0.0, "high": highest}
        scenario = econo_env.load("first_price_v0", values=values, **game)
        names, arms = market_of(scenario).observations(scenario), arms_of(scenario, "truth", count, 0.0, 2.0)
        varied.append(len(arms.compiled.constants.varies))
        before = draws.random((60, 3, len(names))).astype(np.float32)
        before[:3, :, 0] = 0.0, 0.5, 1.0
        heard, cleared = gains_of_arms(scenario, arms, before, draws.random(before.shape).astype(np.float32))
        np.testing.assert_array_equal(heard, cleared)
        assert len(arms.compiled.constants.fixed) > 0
        assert (heard > 0.0).any()
    assert varied[:3] == [0, 0, 0], "these values and multiples have no more than 24 digits"
    assert all(0 < some < 10 for some in varied[3:])


@pytest.mark.parametrize(
    "row",
    [pytest.param(row, marks=[] if row.name == "first_price" else pytest.mark.slow, id=row.name) for row in TOLD],
)
def test_the_arm_played_is_heard_to_earn_what_it_earned(row):
    """In play, wherever nobody ties: what is heard and the reward come by different ways."""
    draws = np.random.default_rng(1)
    scenario = econo_env.load(f"{row.name}_v0", num_agents=3, max_cycles=10, feedback="all_bids")
    arms = arms_of(scenario, "action", 21, -1.0, 0.0)
    engine = Engine(scenario, 40)
    engine.reset(5)
    for tick in range(4):
        before, played = engine.buffers.observations.copy(), draws.integers(1, 21, (40, 3))
        engine.step(arms.play(before, played))
        apart = (np.diff(np.sort(engine.state.bids, axis=1), axis=1) != 0).all(axis=1)
        heard, _ = gains_of_arms(scenario, arms, before, engine.buffers.observations, call=tick)
        earned = np.take_along_axis(heard, played[..., None], axis=2)[..., 0]
        np.testing.assert_allclose(earned[apart], engine.buffers.rewards[apart], atol=4e-6)
        assert apart.sum() > 20
        assert np.abs(earned[apart]).max() > 0.05


@compiled
def each_action(action_of, constants, seen, numbers, actions):
    for row in range(seen.shape[0]):
        for number in range(numbers):
            actions[row, number] = action_of(constants, seen[row], number)


def test_multiples_of_the_value_in_compiled_loops_are_the_actions_to_the_bit():
    """Random reserves, budgets, scales, values; factors that meet reserve and budget; and a value that is none."""
    draws, factors = np.random.default_rng(3), np.linspace(0.0, 2.0, 41)
    for _ in range(40):
        reserve, budget = float(draws.choice([0.0, 0.3])), float(draws.uniform(0.2, 1.0))
        scenario = econo_env.load(
            "first_price_v0",
            mechanism={"name": "first_price", "reserve": reserve},
            bids=str(draws.choice(["amount", "share_of_value"])),
            largest_bid=float(draws.choice([2.0, 5.0])),
            utility={"name": "budget", "amount": budget} if draws.random() < 0.5 else {"name": "risk_neutral"},
            values={"name": "uniform", "low": 0.0, "high": float(draws.choice([1.0, 3.0]))},
        )
        market = market_of(scenario)
        seen = draws.random((50, len(market.observations(scenario)))).astype(np.float32)
        seen[:5, 0] = 0.0, 1.0, np.nan, reserve, budget
        seen[5:10, 0] = reserve / factors[6:11] / scenario.highest_signal
        within = market.baselines.multiples(scenario, factors)
        found, told = np.zeros((50, 41), dtype=np.float32), market.baselines.scaled
        bound(each_action, within.action_of)(within.constants, seen, 41, found)
        expected = told(scenario, np.repeat(seen[:, None], 41, axis=1), np.broadcast_to(factors, (50, 41)))[..., 0]
        np.testing.assert_array_equal(found, expected)
    assert market_of(scenario).baselines.multiples(econo_env.load("procurement_first_price_v1"), factors) is None


def test_who_saw_a_number_that_is_none_learns_nothing_from_the_round():
    scenario = econo_env.load("first_price_v0", num_agents=2, max_cycles=10, feedback="all_bids")
    arms = arms_of(scenario, "action", 5, -1.0, 0.0)
    seen = np.full((1, 2, len(market_of(scenario).observations(scenario))), 0.5, dtype=np.float32)
    seen[0, 0, 0] = np.nan
    for gains in gains_of_arms(scenario, arms, seen, np.nan_to_num(seen, nan=0.1)):
        assert (gains[0, 0] == 0.0).all()
        assert np.isfinite(gains).all()


def test_a_learner_that_hears_by_seat_asks_for_all_seats():
    scenario = econo_env.load("first_price_v0", num_agents=3, max_cycles=10, feedback="all_bids")
    learner, seen = make_policy("hedge", scenario), np.zeros((2, 1, 9), dtype=np.float32)
    assert learner.wants_all_seats
    assert not make_policy("exp3", scenario).wants_all_seats
    with pytest.raises(ValueError, match="1 of 3 seats"):
        learner.act(seen, np.ones((2, 1), dtype=bool))
    with pytest.raises(ValueError, match="the seller bids too"):
        make_policy("hedge", scenario.replace(seller={"secret_reserve": 0.3}))


@compiled
def fill_powers(x, powers, exponentials):
    for one in range(x.shape[0]):
        powers[one] = power_of_two(x[one])
        exponentials[one] = exp_of(x[one] * 0.5)


def test_exponentials_are_those_of_the_library():
    draws = np.random.default_rng(0)
    x = np.concatenate(
        [-draws.exponential(40.0, 20_000), draws.uniform(-1.0, 1.0, 20_000), draws.uniform(-1000, 1000, 9)]
    )
    powers, exponentials = np.empty_like(x), np.empty_like(x)
    bound(fill_powers)(x, powers, exponentials)
    np.testing.assert_allclose(powers, np.exp2(x), rtol=5e-14)
    np.testing.assert_allclose(exponentials, np.exp(x * 0.5), rtol=1e-13)
    whole = np.array([0.0, -1.0, 3.0, LOWEST, 2.0 * LOWEST, -np.inf])
    bound(fill_powers)(whole, powers[:6], exponentials[:6])
    np.testing.assert_array_equal(powers[:6], [1.0, 0.5, 8.0, *[2.0**LOWEST] * 3])
    assert [in_lanes(length) for length in (1, 8, 9, 21)] == [8, 8, 16, 24]
