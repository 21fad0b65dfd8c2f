import numpy as np
import pytest
from scipy import stats

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.mechanisms.logit_demand import nash_price
from econo_env.policies import Policy, make_policy, policy_names

REACTIVE = [name for name in policy_names() if name not in ("proactive", "population")]
TWO_SIDED = ("zip", "gd", "gdx", "aa")
NEED_ALL_BIDS = ("hedge", "regret_matching", "dual_averaging", "best_response", *TWO_SIDED)
MODES = ["share_of_value", "amount"]


def engine_of(scenario, num_markets=512, seed=5):
    engine = Engine(scenario, num_markets)
    engine.reset(seed)
    return engine


def bids_and_values(name, num_markets=512, options=None, **overrides):
    scenario = econo_env.load("first_price_v0", **overrides)
    engine = engine_of(scenario, num_markets)
    policy = make_policy(name, scenario, seed=1, **(options or {}))
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    assert engine.buffers.invalid_actions.sum() == 0
    return engine.state.bids, engine.state.values


def shown_to(name, agents):
    """A market in which a policy can play."""
    shown = {"max_cycles": 2, "feedback": "all_bids"} if name in NEED_ALL_BIDS else {}
    if name in TWO_SIDED:
        return econo_env.load("double_auction_v1", num_agents=agents, buyers=1, **shown)
    return econo_env.load("first_price_v0", num_agents=agents, **shown)


@pytest.mark.parametrize("name", REACTIVE)
def test_every_policy_keeps_the_protocol(name):
    scenario = shown_to(name, 3)
    policy, features = make_policy(name, scenario, seed=2), len(market_of(scenario).observations(scenario))
    assert isinstance(policy, Policy)
    assert policy.name == name
    for shape in [(4, 3), *([] if name in NEED_ALL_BIDS else [(4,), ()]), (2, 4, 3)]:
        policy.reset(2)
        observations = np.random.default_rng(0).random((*shape, features)).astype(np.float32)
        actions = policy.act(observations, np.ones(shape, dtype=bool))
        assert actions.shape == (*shape, 1)
        assert actions.dtype == np.float32
        assert (np.abs(actions) <= 1).all()


@pytest.mark.parametrize("name", REACTIVE)
def test_who_may_not_act_does_nothing(name):
    scenario = shown_to(name, 2)
    mask, features = np.array([[True, False], [False, True]]), len(market_of(scenario).observations(scenario))
    actions = make_policy(name, scenario).act(np.full((2, 2, features), 0.5, np.float32), mask)
    assert (actions[~mask] == 0).all()


@pytest.mark.parametrize("bids", MODES)
@pytest.mark.parametrize("high", [1.0, 1000.0])
@pytest.mark.parametrize(
    ("name", "options", "factor"),
    [
        ("truthful", {}, 1.0),
        ("shading", {"factor": 0.7}, 0.7),
        ("conservative", {}, 0.8),
        ("aggressive", {}, 1.2),
    ],
)
def test_scaled_policies_bid_their_share_in_both_modes(name, options, factor, bids, high):
    values = {"name": "uniform", "low": 0.0, "high": high}
    placed, own = bids_and_values(name, options=options, num_agents=3, bids=bids, values=values)
    np.testing.assert_allclose(placed, factor * own, atol=2e-7 * high * 1e6 + 1)


@pytest.mark.parametrize("bids", MODES)
def test_aggressive_bids_stay_within_what_an_action_can_say(bids):
    scenario = econo_env.load("first_price_v0", bids=bids)
    actions = make_policy("shading", scenario, factor=2.0).act(np.ones((1, 2, 2), np.float32), np.ones((1, 2), bool))
    assert (actions == 1.0).all()


@pytest.mark.parametrize("bids", MODES)
@pytest.mark.parametrize("high", [1.0, 1e6])
def test_zero_intelligence_never_bids_above_its_value(bids, high):
    values = {"name": "uniform", "low": 0.0, "high": high}
    placed, own = bids_and_values("zero_intelligence", 20_000, num_agents=4, bids=bids, values=values)
    assert (placed >= 0).all()
    assert (placed <= own).all()
    ratio = placed[own > own.max() / 100] / own[own > own.max() / 100]
    assert abs(ratio.mean() - 0.5) < 0.005
    assert abs(ratio.std() - 12**-0.5) < 0.005


@pytest.mark.parametrize("bids", MODES)
@pytest.mark.parametrize("n", [2, 5])
def test_equilibrium_is_the_known_share_on_the_unit_interval(n, bids):
    placed, own = bids_and_values("equilibrium", num_agents=n, bids=bids)
    np.testing.assert_allclose(placed, (n - 1) / n * own, atol=2)


@pytest.mark.parametrize("reserve", [0.25, 0.5])
def test_equilibrium_keeps_to_the_reserve(reserve):
    placed, own = bids_and_values("equilibrium", num_agents=2, **{"mechanism.reserve": reserve})
    own, placed = own / 1e6, placed / 1e6
    serious = own >= reserve
    expected = (own**2 + reserve**2) / (2 * np.maximum(own, reserve))  # Krishna (2009), section 2.5
    np.testing.assert_allclose(placed[serious], expected[serious], atol=2e-6)
    assert (placed[~serious] < reserve).all()


def test_equilibrium_of_the_second_price_is_truth_for_unequal_bidders_too():
    scenario = econo_env.load("second_price_v0", num_agents=2, weights=(1.0, 2.0))
    assert (
        make_policy("equilibrium", scenario).act(np.full((1, 2, 4), 0.4, np.float32), np.ones((1, 2), bool)) == 0
    ).all()


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("second_price_v0", {"weights": (1.0, 2.0), "mechanism.payment": "naive"}),
        ("kth_price_v0", {"num_agents": 3, "weights": (1.0, 1.0, 2.0)}),
    ],
)
def test_equilibrium_says_where_none_is_known(scenario, changes):
    with pytest.raises(ValueError, match="no closed-form equilibrium"):
        make_policy("equilibrium", econo_env.load(scenario, **changes))


@pytest.mark.parametrize("name", ["random", "zero_intelligence"])
class TestLuck:
    def acts(self, name, seed, markets=16, calls=3):
        scenario = econo_env.load("first_price_v0", num_agents=3)
        observations = np.full((markets, 3, 2), 0.5, np.float32)
        policy = make_policy(name, scenario, seed=seed)
        return policy, [policy.act(observations, np.ones((markets, 3), bool)) for _ in range(calls)]

    def test_same_seed_same_actions(self, name):
        assert np.array_equal(self.acts(name, 3)[1], self.acts(name, 3)[1])

    def test_other_seeds_and_later_calls_draw_anew(self, name):
        _, (first, second, _) = self.acts(name, 3)
        _, (other, *_) = self.acts(name, 4)
        assert not np.isin(first, second).any()
        assert not np.isin(first, other).any()

    def test_reset_starts_over(self, name):
        policy, (first, *_) = self.acts(name, 3)
        policy.reset(3)
        again = policy.act(np.full((16, 3, 2), 0.5, np.float32), np.ones((16, 3), bool))
        assert np.array_equal(first, again)

    def test_first_markets_of_a_large_batch_draw_what_a_small_batch_draws(self, name):
        for small, large in zip(self.acts(name, 3, 4)[1], self.acts(name, 3, 16)[1], strict=True):
            assert np.array_equal(small, large[:4])


def test_unknown_policies_and_options_are_named():
    scenario = econo_env.load("first_price_v0")
    with pytest.raises(ValueError, match="did you mean 'truthful'") as error:
        make_policy("truthfull", scenario)
    assert all(name in str(error.value) for name in policy_names())
    with pytest.raises(ValueError, match="'shading' has no option 'fraction': its options are factor"):
        make_policy("shading", scenario, fraction=0.5)
    with pytest.raises(ValueError, match="between 0 and 2"):
        make_policy("shading", scenario, factor=3.0)
    with pytest.raises(ValueError, match="'truthful' has no option"):
        make_policy("truthful", scenario, factor=0.5)


HAVE_A_TRUTH_TO_SCALE = [name for name in econo_env.scenarios() if not name.startswith(("task", "logit_demand"))]


@pytest.mark.parametrize("scenario", HAVE_A_TRUTH_TO_SCALE)
@pytest.mark.parametrize("name", ["random", "zero_intelligence"])
def test_drawn_bids_fit_every_market(name, scenario):
    made = econo_env.load(scenario)
    market = market_of(made)
    observations = np.random.default_rng(0).random((64, made.num_agents, len(market.observations(made))))
    actions = make_policy(name, made).act(observations.astype(np.float32), np.ones((64, made.num_agents), bool))
    assert actions.shape == (64, made.num_agents, len(market.actions(made)))
    assert actions.dtype == np.float32
    assert actions.std() > 0.05


@pytest.mark.parametrize("bids", MODES)
def test_random_bids_do_not_follow_the_value(bids):
    """With values from U[1, 3] no bid up to 3 hits the limit of twice the value but those of values below 1.5."""
    values = {"name": "uniform", "low": 1.0, "high": 3.0}
    placed, own = bids_and_values("random", 20_000, values=values, bids=bids)
    high = own >= 1_500_000
    assert abs(np.corrcoef(placed[high], own[high])[0, 1]) < 0.02
    top = 3e6 if bids == "share_of_value" else 6e6
    assert placed[high].mean() == pytest.approx(top / 2, rel=0.01)
    assert placed.max() == pytest.approx(top, rel=1e-3)


@pytest.mark.parametrize("clock", ["english_v0", "english_open_v0", "dutch_v0"])
@pytest.mark.parametrize("name", ["random", "zero_intelligence"])
def test_a_limit_drawn_by_lot_holds_for_the_whole_sale_of_a_clock(name, clock):
    engine = engine_of(econo_env.load(clock), 256)
    policy = make_policy(name, engine.scenario, seed=1)
    mask = np.ones((256, 2), dtype=bool)
    first = policy.act(engine.buffers.observations, mask)
    values = engine.state.values.copy()
    assert np.ptp(first) > 0.9
    for _ in range(3):
        engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    assert np.array_equal(policy.act(engine.buffers.observations, mask), first)
    assert not np.isin(make_policy(name, engine.scenario, seed=2).act(engine.buffers.observations, mask), first).all()
    engine.reset(6)
    assert not np.array_equal(engine.state.values, values)
    later = policy.act(engine.buffers.observations, mask)
    assert abs(np.corrcoef(later.ravel(), first.ravel())[0, 1]) < 0.15


def test_zero_intelligence_in_the_clock_is_zero_intelligence_in_the_sealed_bid():
    """Limits held to the end: revenue within a step of the clock of that of the sealed bid with the same limits."""
    from econo_env.training.evaluation.play import play

    for clock, sealed in (("english_v0", "second_price_v0"), ("dutch_v0", "first_price_v0")):
        limits, bids = (
            play(econo_env.load(name), make_policy("zero_intelligence", econo_env.load(name)), 0, 20_000)
            for name in (clock, sealed)
        )
        assert limits.revenue / limits.rounds == pytest.approx(bids.revenue / bids.rounds, abs=0.012)
        assert limits.realised["value"] == pytest.approx(bids.realised["value"], rel=0.01)


def test_zero_intelligence_reaches_up_to_its_value():
    scenario = econo_env.load("first_price_v0")
    observations = np.full((2000, 2, 2), 0.5, np.float32)
    actions = make_policy("zero_intelligence", scenario).act(observations, np.ones((2000, 2), bool))
    shares = 1.0 + actions.astype(float)
    assert stats.kstest(shares.ravel(), "uniform").pvalue > 1e-3


def test_random_actions_fill_the_space():
    scenario = econo_env.load("task_market_v0")
    observations = np.full((400, 5, 13), 0.5, np.float32)
    actions = make_policy("random", scenario).act(observations, np.ones((400, 5), bool))
    for component in range(4):
        assert stats.kstest((actions[..., component].ravel() + 1.0) / 2.0, "uniform").pvalue > 1e-3


def test_limits_change_with_the_value():
    """In a clock a limit is kept for a value, and drawn anew for another one."""
    scenario = econo_env.load("dutch_v0")
    market = market_of(scenario)
    features = len(market.observations(scenario))
    policy, shares = make_policy("zero_intelligence", scenario), []
    for value in (0.25, 0.5, 0.5):
        observations = np.zeros((500, 2, features), np.float32)
        observations[..., 0] = value
        limits = policy._draw_limits(observations, (500, 2))
        shares.append(limits.ravel())
    assert np.array_equal(shares[1], shares[2])
    assert abs(np.corrcoef(shares[0], shares[1])[0, 1]) < 0.2


def test_firms_without_private_types_ask_the_equilibrium_price():
    scenario = econo_env.load("logit_demand_v0")
    engine = Engine(scenario)
    engine.reset(0)
    engine.step(make_policy("equilibrium", scenario).act(engine.buffers.observations, engine.buffers.action_mask))
    assert engine.state.prices[0] == pytest.approx(nash_price(2, scenario.demand), abs=1e-6)
