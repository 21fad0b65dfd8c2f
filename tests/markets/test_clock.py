"""The clock market: what a tick does, how a sale ends, what bidders see, and the outcome of any limits."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.state import arrays_of
from econo_env.markets.clock import MARKET
from econo_env.mechanisms.document import clear_document
from econo_env.policies import make_policy

CLOCKS = ("english", "english_open", "dutch")
MICRO = 1_000_000
each_clock = pytest.mark.parametrize("name", CLOCKS)


def make(name, markets=1, seed=0, **overrides):
    engine = Engine(econo_env.load(name, bids="amount", **overrides), markets)
    engine.reset(seed)
    return engine


def say(engine, *limits):
    """One tick in which each bidder's limit is as given, in credits; None is no valid action."""
    actions = [np.nan if limit is None else limit - 1.0 for limit in limits]
    engine.step(np.broadcast_to(np.array(actions, np.float32)[:, None], engine.buffers.actions.shape))


def sale(name, limits, seed=0, **rule):
    return clear_document({"mechanism": {"name": name, **rule}, "bids": limits}, seed)


def test_who_lets_go_of_the_button_is_out_for_good():
    engine = make("english", num_agents=3, **{"mechanism.increment": 0.1})
    say(engine, 1.0, 0.0, 1.0)
    say(engine, 1.0, 0.05, 1.0)
    assert engine.state.standing[0].tolist() == [1, 0, 1]
    assert engine.buffers.action_mask[0].tolist() == [True, False, True]
    say(engine, 0.1, 1.0, 1.0)
    assert engine.buffers.ended[0]
    assert engine.state.award.units[0].tolist() == [0, 0, 1], "a bidder that had left came back"
    assert engine.state.award.pays[0].tolist() == [0, 0, 200_000]


def test_a_dutch_clock_stops_at_the_first_yes():
    engine = make("dutch", num_agents=2, **{"mechanism.increment": 0.25, "mechanism.reserve": 0.25})
    asked = []
    for limits in ((0.9, 0.9), (0.7, 0.2), (0.2, 0.5)):
        asked.append(int(engine.state.price[0]))
        say(engine, *limits)
    assert asked == [1_000_000, 750_000, 500_000]
    assert engine.state.award.pays[0].tolist() == [0, 500_000]
    assert engine.buffers.rewards[0, 1] == pytest.approx(engine.state.values[0, 1] / MICRO - 0.5)


def test_a_dutch_clock_ends_unsold_at_the_reserve():
    engine = make("dutch", num_agents=2, **{"mechanism.increment": 0.4, "mechanism.reserve": 0.25})
    for price in (1.05, 0.65, 0.25):
        assert engine.state.price[0] == pytest.approx(price * MICRO)
        assert not engine.buffers.ended[0]
        say(engine, 0.2, 0.2)
    assert engine.buffers.ended[0]
    assert engine.state.sold_at[0] == -1
    assert not engine.state.award.pays.any()


def test_bids_rise_by_the_increment_or_its_share_and_late_bids_put_off_the_close():
    rule = {
        "mechanism.reserve": 0.1,
        "mechanism.increment": 0.1,
        "mechanism.increment_share": 0.5,
        "mechanism.closing": 4,
    }
    engine = make("english_open", num_agents=2, **rule)
    closes, best = [], []
    for tick in range(8):
        assert not engine.buffers.ended[0]
        say(engine, *((0.9, 0.0) if tick % 2 == 0 else (0.0, 0.9)))
        closes.append(int(engine.state.closes[0]))
        best.append(int(engine.state.best[0]))
    assert best == [100_000, 200_000, 300_000, 450_000, 675_000, 675_000, 675_000, 675_000]
    assert closes == [4, 5, 6, 7, 8, 8, 8, 8]
    assert engine.buffers.ended[0]
    assert engine.state.award.pays[0].tolist() == [675_000, 0]


def test_the_leader_does_not_outbid_itself():
    engine = make("english_open", num_agents=2, **{"mechanism.reserve": 0.1})
    for _ in range(5):
        say(engine, 1.0, 0.0)
    assert engine.state.best[0] == 100_000
    assert engine.state.leader[0] == 0


@each_clock
@pytest.mark.parametrize("end", ["termination", "truncation"])
def test_everybody_ends_in_the_same_way_when_the_clock_stops(name, end):
    engine = make(name, 50, num_agents=3, max_cycles=4, end_of_episode=end, **{"mechanism.increment": 0.001})
    flags, other = engine.buffers.terminated, engine.buffers.truncated
    if end == "truncation":
        flags, other = other, flags
    for tick in range(4):
        assert not flags.any()
        say(engine, *((0.9, 0.9, 0.9) if name != "dutch" else (0.2, 0.2, 0.2)))
        assert engine.buffers.ended.all() == (tick == 3)
    assert flags.all()
    assert not other.any()
    assert engine.state.award.units.any() == (name != "dutch")


@each_clock
def test_a_sale_that_is_over_stays_as_it_is(name):
    engine = make(name, 200, num_agents=3, **{"mechanism.increment": 0.1})
    generator = np.random.default_rng(0)
    earned = np.zeros(engine.buffers.rewards.shape)
    sold, paid = np.zeros(earned.shape, np.int64), np.zeros(earned.shape, np.int64)
    outcome = None
    for _ in range(60):
        engine.step(generator.uniform(-1, 0, engine.buffers.actions.shape).astype(np.float32))
        over = engine.buffers.ended.copy()
        if outcome is not None:
            before, kept = outcome
            assert over[before].all()
            for column, copy in kept.items():
                np.testing.assert_array_equal(getattr(engine.state, column)[before], copy[before])
            assert not engine.buffers.rewards[before].any()
        earned += engine.buffers.rewards
        sold += engine.state.award.units
        paid += engine.state.award.pays
        columns = ("tick", "closes", "sold_at", "price", "best", "leader", "standing")
        outcome = over, {column: getattr(engine.state, column).copy() for column in columns}
    assert over.all()
    surplus = sold * engine.state.values - paid
    np.testing.assert_allclose(earned, surplus / MICRO, atol=1e-12)


@each_clock
def test_an_invalid_action_says_no_and_is_counted(name):
    engine = make(name, num_agents=2, **{"mechanism.increment": 0.5})
    for _ in range(30):
        say(engine, None, 0.5)
        if engine.buffers.ended[0]:
            break
    assert engine.state.award.units[0].tolist() == [0, 1]
    assert engine.buffers.invalid_actions[0] == engine.state.tick[0]


@each_clock
@pytest.mark.parametrize("change", [{}, {"feedback": "price"}, {"values": [{"name": "uniform"}, {"name": "power"}]}])
def test_observations_stay_in_their_box_and_mean_what_they_say(name, change):
    scenario = econo_env.load(name, **change)
    names = MARKET.observations(scenario)
    assert ("prior" in names) == ("values" in change)
    assert ("bidders_in" in names) == (name == "english" and "feedback" not in change)
    engine = Engine(scenario, 100, autoreset=True)
    engine.reset(3)
    generator = np.random.default_rng(0)
    for _ in range(150):
        seen = engine.buffers.observations
        assert seen.min() >= 0.0
        assert seen.max() <= 1.0
        np.testing.assert_allclose(seen[..., 0], engine.state.values / MICRO / scenario.highest_value, atol=1e-6)
        np.testing.assert_allclose(seen[:, 0, 1], np.minimum(1.0, engine.state.price / MICRO), atol=1e-6)
        left = (engine.state.closes - engine.state.tick) / scenario.max_cycles
        np.testing.assert_allclose(seen[:, 0, 2], np.maximum(left, 0.0), atol=1e-6)
        if "still_in" in names:
            np.testing.assert_array_equal(seen[..., names.index("still_in")], engine.state.standing)
        if "leading" in names:
            np.testing.assert_array_equal(
                seen[..., names.index("leading")], np.arange(2) == engine.state.leader[:, None]
            )
        engine.step(generator.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32))


def digest_of(name, autoreset=True):
    engine = Engine(econo_env.load(name, num_agents=3), 5, autoreset=autoreset)
    engine.reset(9)
    generator, digest = np.random.default_rng(1), []
    for _ in range(40):
        engine.step(generator.uniform(-1, 0.2, engine.buffers.actions.shape).astype(np.float32))
        if not autoreset and engine.buffers.ended.any():
            engine.reset_markets(engine.buffers.ended.copy())
        digest.append(
            [float(array.astype(np.float64).sum()) for array in (*arrays_of(engine.state), engine.buffers.observations)]
        )
    assert engine.state.episode.max() >= 1
    return digest


@each_clock
def test_starting_over_within_the_tick_or_after_it_is_the_same(name):
    assert digest_of(name, autoreset=True) == digest_of(name, autoreset=False)


@each_clock
def test_uncompiled_python_gives_the_same(name):
    program = f"from tests.markets.test_clock import digest_of; print(repr(digest_of({name!r})))"
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    plain = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert plain.stdout.strip() == repr(digest_of(name))


amounts = st.integers(0, 40).map(lambda steps: steps / 20) | st.integers(0, 2_000_000).map(lambda money: money / 1e6)
limits = st.lists(st.none() | amounts, min_size=1, max_size=6)
rules = st.fixed_dictionaries(
    {
        "reserve": st.just(0.0) | st.integers(0, 1_500_000).map(lambda money: money / 1e6),
        "increment": st.sampled_from([0.03, 0.1]),
    }
)
profiles = settings(max_examples=60, deadline=None)


@each_clock
@profiles
@given(bids=limits, rule=rules, seed=st.integers(0, 2**32))
def test_the_buyer_pays_between_the_reserve_and_its_limit(name, bids, rule, seed):
    outcome = sale(name, bids, seed, **rule)
    willing = [bid for bid in bids if bid is not None and round(bid * MICRO) >= round(rule["reserve"] * MICRO)]
    assert len(outcome.winners) == bool(willing)
    for buyer in outcome.winners:
        assert outcome.payments[buyer] <= bids[buyer] + 1e-6
        assert outcome.payments[buyer] >= rule["reserve"] - 1e-6
        assert bids[buyer] > max(willing) - max(rule["increment"], 0.02) - 1e-6, "a much higher limit lost"
    assert sum(outcome.payments) == sum(outcome.payments[i] for i in outcome.winners)


@each_clock
@profiles
@given(bids=limits, rule=rules, seed=st.integers(0, 2**32), data=st.data())
def test_a_higher_limit_never_loses_what_a_lower_one_bought(name, bids, rule, seed, data):
    if name == "english_open":
        rule = rule | {"increment_share": 0.0}
    if name == "dutch":  # of itself the clock opens by the highest limit, and ties at another tick have another lot
        rule = rule | {"start": 4.0}
    bidder = data.draw(st.integers(0, len(bids) - 1))
    raised = list(bids)
    raised[bidder] = (bids[bidder] or 0.0) + data.draw(amounts)
    if bidder in sale(name, bids, seed, **rule).winners and name != "english_open":
        assert bidder in sale(name, raised, seed, **rule).winners


@pytest.mark.parametrize("name", ["english", "dutch"])
@profiles
@given(bids=limits, rule=rules, seed=st.integers(0, 2**32))
def test_clocks_and_sealed_bids_agree_within_a_step(name, bids, rule, seed):
    clock = sale(name, bids, seed, **rule)
    form = {"english": "second_price", "dutch": "first_price"}[name]
    sealed = clear_document({"mechanism": {"name": form, "reserve": rule["reserve"]}, "bids": bids}, seed)
    assert bool(clock.winners) == bool(sealed.winners)
    assert abs(sum(clock.payments) - sum(sealed.payments)) <= rule["increment"] + 2e-6


@each_clock
def test_outcome_curves_are_what_the_engine_plays(name):
    """The expected outcome of an own limit, from the replay and from the engine tick by tick."""
    scenario = econo_env.load(name, num_agents=3, bids="amount", **{"mechanism.increment": 0.05})
    rivals = Engine(scenario, 300)
    rivals.reset(4)
    rivals.step(MARKET.baselines.truthful(scenario, rivals.buffers.observations))
    own = np.array([0.61, np.nan, 0.0, 0.333333, 1.7, 0.34, 0.6])
    curves = MARKET.judging.bids.curves(scenario, rivals.state, 1, own)
    for bid, allocation, payment in zip(own, curves.allocation, curves.payment, strict=True):
        engine = Engine(scenario, 300)
        engine.reset(4)
        while not engine.buffers.ended.all():
            actions = MARKET.baselines.truthful(scenario, engine.buffers.observations)
            actions[:, 1, 0] = bid - 1.0
            engine.step(actions, ~engine.buffers.ended)
        assert allocation == pytest.approx(engine.state.award.units[:, 1].mean())
        assert payment == pytest.approx(engine.state.award.pays[:, 1].mean() / MICRO)
    assert all(low <= high for low, high in pairwise(curves.allocation[np.argsort(np.nan_to_num(own, nan=-1.0))]))


def test_the_limit_a_dutch_policy_amounts_to_is_the_first_price_it_takes():
    engine = make("dutch", 40, **{"mechanism.increment": 0.1})

    def act():
        price = engine.buffers.observations[..., 1]
        return np.where((price < 0.75) & (price > 0.55), 0.9, -1.0).astype(np.float32)[..., None]

    MARKET.judging.bids.reveal(engine, act)
    assert np.unique(engine.state.bids).tolist() == [700_000]


def test_the_limit_an_english_policy_amounts_to_is_the_last_price_before_its_first_no():
    engine = make("english", 40, **{"mechanism.increment": 0.1})

    def act():
        price = engine.buffers.observations[..., 1]
        return np.where(np.abs(price - 0.5) < 0.01, -1.0, 0.9).astype(np.float32)[..., None]

    MARKET.judging.bids.reveal(engine, act)
    assert np.unique(engine.state.bids).tolist() == [400_000]


@pytest.mark.parametrize(
    ("document", "winners", "line"),
    [
        ({"name": "english", "increment": 0.1}, [1], "bidder_2 leaves at 0.8, the first price above its limit of 0.7"),
        ({"name": "english", "increment": 0.1}, [1], "bidder_1 buys at tick 9 and pays 0.8, within its limit of 0.9"),
        ({"name": "dutch", "increment": 0.1}, [1], "bidder_1 buys at tick 1 and pays 0.9, within its limit of 0.9"),
        ({"name": "dutch", "increment": 0.1}, [1], "bidder_0 does not buy: its limit of 0.4 is below the price of 0.9"),
        ({"name": "dutch", "reserve": 0.95}, [], "bidder_1 says no: its limit of 0.9 is below every price"),
        ({"name": "english_open", "increment": 0.1}, [1], "bidder_3 says no to every price"),
    ],
)
def test_a_sale_from_a_file_is_explained(document, winners, line):
    cleared = clear_document({"mechanism": document, "bids": [0.4, 0.9, 0.7, None]})
    assert cleared.winners == winners
    assert any(said.startswith(line) for said in cleared.explanation), cleared.explanation
    assert cleared.optimal == 0.9
    assert cleared.gap == (0.0 if winners else 1.0)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"mechanism": {"name": "dutch", "increment": 0.0}, "bids": [0.5]}, "increment"),
        ({"mechanism": {"name": "dutch", "steps": 3}, "bids": [0.5]}, "unknown key 'steps'"),
        ({"mechanism": {"name": "english"}, "bids": []}, "at least 1"),
        ({"mechanism": {"name": "english"}, "bids": [-1.0]}, "finite amounts from 0"),
        ({"mechanism": {"name": "english"}, "bids": [1.0], "values": [1.0, 2.0]}, "give one each"),
        ({"mechanism": {"name": "english"}, "bids": [1.0], "weights": [1.0]}, "unknown key 'weights'"),
    ],
)
def test_mistakes_in_a_file_are_named(document, message):
    with pytest.raises(ValueError, match=message):
        clear_document(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mechanism": {"name": "first_price"}}, "played in a sealed_bid market"),
        ({"values": [{"name": "uniform"}]}, "give one each"),
        ({"weights": [1.0, 2.0]}, "unknown key 'weights'"),
        ({"feedback": "all"}, "feedback"),
    ],
)
def test_mistakes_in_a_scenario_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        econo_env.load("english_v0", **change)


@each_clock
def test_a_picture_shows_the_price_and_at_last_the_buyer(name):
    env = econo_env.parallel_env(name, render_mode="ansi")
    env.reset(seed=1)
    texts = []
    while env.agents:
        rows = MARKET.baselines.truthful(env.scenario, env.engine.buffers.observations)[0]
        env.step({agent: rows[int(agent[-1])] for agent in env.agents})
        texts.append(env.render())
    assert all("price" in text for text in texts[:-1])
    assert any(f" {word} " in text for text in texts[:-1] for word in {"english": ("in",)}.get(name, ("leads",))) == (
        name != "dutch"
    )
    assert "sold for" in texts[-1]
    assert "buys" in texts[-1]


@each_clock
def test_series_tell_of_a_sale_when_it_is_over(name):
    scenario = econo_env.load(name)
    engine = Engine(scenario, 20)
    engine.reset(0)
    engine.step(MARKET.baselines.truthful(scenario, engine.buffers.observations))
    running = ~engine.buffers.ended
    assert running.any()
    assert np.isnan(MARKET.view.series(scenario, engine.state)["revenue"][running]).all()
    while not engine.buffers.ended.all():
        engine.step(MARKET.baselines.truthful(scenario, engine.buffers.observations), ~engine.buffers.ended)
    told = MARKET.view.series(scenario, engine.state)
    np.testing.assert_allclose(told["revenue"], engine.state.award.pays.sum(axis=1) / MICRO)
    assert told["efficiency"].min() > 0.9


def test_a_clock_that_stops_above_the_reserve_is_another_game():
    short = econo_env.load("dutch_v0", values=[{"name": "uniform"}, {"name": "uniform", "high": 2.0}])
    with pytest.raises(ValueError, match="set max_cycles to 201"):
        make_policy("equilibrium", short)
    assert make_policy("equilibrium", short.replace(max_cycles=201))
