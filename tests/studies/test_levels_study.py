"""Which level pays in which market: oracles and gaps by hand, and the bar of the adaptive level after switches."""

import numpy as np
import pytest

from econo_env.policies import make_policy
from econo_env.policies.adaptive.sensing import ABOVE
from econo_env.policies.listed import listed
from econo_env.training.studies.base import read_study
from econo_env.training.studies.follow import rounds_to_follow
from econo_env.training.studies.levels import SWITCHING, LevelsSettings, payoff_of
from econo_env.training.studies.regimes import BidFunctions, best_known, market_named, played, regimes_of

SHORT = LevelsSettings(sessions=4, ticks=400, every=100, arms=11)


@pytest.mark.parametrize("every", [50, 100])
def test_rivals_that_switch_leave_what_can_be_worked_out(every):
    """The best bid is .2 or .8 on a grid of tenths, the best that never changes either: (.8 + .2) / 2 against .4."""
    settings = SHORT.model_copy(update={"every": every})
    found = payoff_of(market_named("regimes_rivals", every), settings)
    assert found.regimes == 2
    assert found.oracle.mean() == pytest.approx((0.8 + 0.2) / 2)
    assert found.earned["proactive"].mean() == pytest.approx(0.4)
    assert found.earned["reactive"].mean() == 0.0, "the truth earns nothing in first price"
    lost = {level: found.oracle.mean() - earned.mean() for level, earned in found.earned.items()}
    assert lost["adaptive"] <= lost["proactive"] / (2 if every == 100 else 1), "a switch costs it about 30 ticks"
    assert rounds_to_follow(found.earned["adaptive"].mean(axis=1), found.oracle.mean(axis=1), every, 0.9) <= 50


def test_the_oracle_of_a_market_that_stays_is_its_best_multiple():
    scenario = market_named("levels_stationary", 100)
    assert regimes_of(scenario) == 1
    found = payoff_of(scenario, SHORT)
    np.testing.assert_array_equal(found.oracle, found.earned["proactive"])


def test_following_is_told_by_the_slowest_switch():
    best = np.repeat([1.0, 0.5, 1.0, 0.5], 100)
    earned = best.copy()
    earned[100:130], earned[200:245] = 0.0, 0.0
    assert rounds_to_follow(earned, best, 100, 0.9) == 45 + 10
    assert rounds_to_follow(0.5 * best, best, 100, 0.9) == float("inf")


def test_the_sensor_hears_a_change_and_little_else():
    """Where the market stays alarms are rare; after a switch the rival's bid is found again."""
    stays, switches = market_named("levels_stationary", 100), market_named("regimes_rules", 200)
    quiet = make_policy("sensing", stays, 0, arms=11, highest=1.0)
    played(stays, listed(stays, 0, learned=quiet), 0, 3, 8, 1000)
    assert quiet.memory.steady[:, 0].mean() <= 2.0
    loud = make_policy("sensing", switches, 0, arms=11, highest=1.0)
    earned = played(switches, listed(switches, 0, learned=loud), 0, 3, 16, 400)
    assert (loud.memory.steady[:, 0] >= 1).all(), "a reserve of .7 ends all sales below it"
    assert earned[300:400].mean() > 0.2, "of .3, that a bid of .7 earns"
    assert loud.memory.recent[..., ABOVE, :].min() >= 0.0


@pytest.mark.parametrize(
    ("name", "options"),
    [("sensing", {"exploration": 1.0, "limit": 1e6}), ("regime_filter", {"exploration": 0.9, "novelty": 1e-9})],
)
def test_arms_that_lose_are_left_above_the_floor(name, options):
    """Bids of up to twice the value: known to lose, they are played no more, not even by lot."""
    scenario = market_named("levels_stationary", 100)
    learner = make_policy(name, scenario, 0, arms=5, lowest=1.0, highest=2.0, **options)
    earned = played(scenario, listed(scenario, 0, learned=learner), 0, 1, 8, 300)
    assert earned[:40].mean() < -0.1
    assert (earned[150:] >= 0.0).all(), "the truth alone is left, which loses nothing"
    free = make_policy(name, scenario, 0, arms=5, lowest=1.0, highest=2.0, floor=-1e3, **options)
    assert played(scenario, listed(scenario, 0, learned=free), 0, 1, 8, 300)[150:].mean() < -0.1


def test_one_agent_among_truthful_ones_where_no_population_is_listed():
    scenario = market_named("task_market_v1", 100)
    assert scenario.learning_seats() == (0,)
    policy = listed(scenario, 0, learned=BidFunctions(scenario, np.ones(1)))
    assert policy.played_by == ["proactive", *["truthful"] * 4]


def test_a_rival_that_alternates_goes_back_to_any_tick():
    scenario = market_named("levels_stationary", 100)
    rival = make_policy("alternating", scenario, first=0.25, second=0.75, every=3)
    seen, mask = np.full((2, 3, 5), 0.5, np.float32), np.ones((2, 3), bool)
    actions = []
    for tick in range(8):
        actions.append(float(rival.act(seen, mask)[0, 0, 0]))
        if tick == 2:
            kept = rival.snapshot()
        rival.observe(np.zeros((2, 3)), np.array([tick == 1, False]))
    np.testing.assert_allclose(actions, [-0.75] * 3 + [-0.25] * 3 + [-0.75] * 2, atol=1e-6)
    rival.restore(kept)
    assert [float(rival.act(seen, mask)[0, 0, 0])] == actions[2:3]
    lots = make_policy("alternating", scenario, 5, first=0.25, second=0.75, every=3, random_start=True)
    starts = np.array(lots.act(np.full((64, 3, 5), 0.5, np.float32), np.ones((64, 3), bool))[:, 0, 0])
    assert set(starts.round(2).tolist()) == {-0.75, -0.25}, "some markets begin with the second"
    lots.reset(5)
    np.testing.assert_array_equal(lots.act(seen, mask)[:, 0, 0], starts[:2], "a market is the same in any batch")
    for wrong in ({"first": 2.5}, {"every": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            make_policy("alternating", scenario, **wrong)


def means(scenario, known, every, ticks=400, sessions=8, seed=9):
    """Credits a tick of the best that stays, and of the best of every regime."""
    seat, regime = scenario.learning_seats()[0], np.arange(ticks) // every % len(known.by_regime)

    def earns(factors):
        policy = listed(scenario, 0, learned=BidFunctions(scenario, factors, known.edges))
        return played(scenario, policy, seat, seed, sessions, ticks).mean(axis=1)

    each = np.array([earns(factors) for factors in known.by_regime])
    return earns(known.stays).mean(), each[regime, np.arange(ticks)].mean()


def test_what_a_switch_of_the_rivals_values_teaches_can_be_worked_out():
    """It bids .48 to .6, or .096 to .12, the own value is .8 to 1: .6 and .12 earn (.3 + .78) / 2, one alone .39."""
    scenario = market_named("regimes_values", 100)
    known = best_known(scenario, np.linspace(0.0, 1.0, 101), every=100, ticks=400, sessions=8, seed=4)
    stays, best = means(scenario, known, 100)
    assert stays == pytest.approx(0.39, abs=0.012)
    assert best == pytest.approx(0.54, abs=0.02)
    assert stays <= 0.39 + 0.01, "no strategy that stays earns more, but for luck"
    coarse = best_known(scenario, np.linspace(0.0, 1.0, 101), every=100, ticks=400, sessions=8, seed=4, cells=1)
    assert means(scenario, coarse, 100)[1] < best - 0.005, "who sees its value does better than any one multiple"


def test_values_that_switch_in_sight_teach_nothing():
    """A bid of the reserve is right whatever the own value is: the best that stays is the best of every regime."""
    others = [
        {"count": 1, "intelligence": "proactive"},
        {"count": 1, "bidding_strategy": "shading", "options": {"factor": 0.2}},
    ]
    changes = {"economy.regimes.values": [1.0, 0.45], "mechanism.reserve": 0.3, "population": others}
    scenario = market_named("regimes_values", 100).replace(**changes)
    known = best_known(scenario, np.linspace(0.0, 1.0, 41), every=100, ticks=400, sessions=8, seed=4)
    stays, best = means(scenario, known, 100)
    assert stays >= 0.99 * best
    blind = best_known(scenario, np.linspace(0.0, 1.0, 41), every=100, ticks=400, sessions=8, seed=4, cells=1)
    assert means(scenario, blind, 100)[0] < 0.9 * best, "who does not look at its value has something to learn"


def test_a_regime_that_comes_back_is_known_again():
    scenario = market_named("regimes_rules", 200)
    courses = {}
    for name in ("regime_filter", "sensing"):
        learner = make_policy(name, scenario, 0, arms=11, highest=1.0)
        courses[name] = played(scenario, listed(scenario, 0, learned=learner), 0, 3, 16, 1600).mean(axis=1)
    high = courses["regime_filter"].reshape(8, 200)[1::2, :40].mean(axis=1)
    assert (high[1:] > 1.3 * high[0]).all(), "the reserve of .7 has to be found once"
    low = courses["regime_filter"].reshape(8, 200)[2::2, 40:].mean()
    assert low > 0.9 * 0.8, "of .8, that a bid of .2 earns"
    assert courses["regime_filter"].mean() > courses["sensing"].mean() + 0.03


@pytest.mark.slow
def test_the_study_holds_its_bars():
    study, settings = read_study("levels", [f"markets=[{','.join(SWITCHING)}]", "seed=3"])
    findings = study.run(settings, lambda share, said: None)
    held = [one for one in findings.figures if one.known is not None]
    assert len(held) == 2 * 4
    gaps = [one.value for one in findings.figures if "never changes loses" in one.what]
    assert min(gaps) > 0.15
    assert all(one.holds for one in held), [one for one in held if not one.holds]
