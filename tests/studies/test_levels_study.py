"""Which level pays in which market: oracles and gaps by hand, and the bar of the adaptive level after switches."""

import numpy as np
import pytest

from econo_env.policies import make_policy
from econo_env.policies.adaptive.sensing import ABOVE
from econo_env.policies.listed import listed
from econo_env.training.studies.base import read_study
from econo_env.training.studies.follow import rounds_to_follow
from econo_env.training.studies.levels import LevelsSettings, Multiples, market_named, payoff_of, played, regimes_of

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


def test_arms_that_lose_are_left_above_the_floor():
    """Bids of up to twice the value: known to lose, they are played no more, not even by lot."""
    scenario = market_named("levels_stationary", 100)
    learner = make_policy("sensing", scenario, 0, arms=5, lowest=1.0, highest=2.0, exploration=1.0, limit=1e6)
    earned = played(scenario, listed(scenario, 0, learned=learner), 0, 1, 8, 300)
    assert earned[:40].mean() < -0.1
    assert (earned[150:] >= 0.0).all(), "the truth alone is left, which loses nothing"
    free = make_policy("sensing", scenario, 0, arms=5, lowest=1.0, highest=2.0, exploration=1.0, floor=-1e3, limit=1e6)
    assert played(scenario, listed(scenario, 0, learned=free), 0, 1, 8, 300)[150:].mean() < -0.1


def test_one_agent_among_truthful_ones_where_no_population_is_listed():
    scenario = market_named("task_market_v1", 100)
    assert scenario.learning_seats() == (0,)
    policy = listed(scenario, 0, learned=Multiples(scenario, np.ones((2, 1))))
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


@pytest.mark.slow
def test_the_study_holds_its_bars():
    study, settings = read_study("levels", ["markets=[regimes_rivals,regimes_rules]", "seed=3"])
    findings = study.run(settings, lambda share, said: None)
    held = [one for one in findings.figures if one.known is not None]
    assert len(held) == 3
    assert all(one.holds for one in held), [one for one in held if not one.holds]
