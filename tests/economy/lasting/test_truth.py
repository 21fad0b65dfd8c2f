"""Truth under contracts that last: best in each of them, and over an episode where slots are many."""

import pytest

import econo_env
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget
from econo_env.training.evaluation.action_search import search_actions
from econo_env.training.evaluation.deviations import Change
from econo_env.training.evaluation.episode_search import Episodes
from tests.economy.lasting.played import lasting
from tests.economy.lasting.test_page import ROOT


def shares_gained(reports, **changes):
    """What an agent gains, over its own utility, that reports so much more of its cost at every tick of an episode."""
    scenario = econo_env.load(ROOT / "configs/scenarios/task_market_lasting.yaml")
    scenario = scenario.replace(**{"economy.eligibility.open_share": 1.0}, **changes)
    sample = Episodes(scenario, make_policy("truthful", scenario), 0, seed=3, markets=512)
    return [sample.gains((Change(0, report, shift=False),)).mean() / sample.own.mean() for report in reports]


def test_truth_is_best_over_an_episode_where_slots_are_many_and_not_where_they_are_few():
    many = {"economy.lasting_contracts.capacity": 8, "economy.ledger.endowment": 60.0}
    less, little, more = shares_gained((-0.3, 0.3, 1.0), **many)
    assert max(less, little, more) < 0.0
    assert more < -0.15
    assert shares_gained((0.6,))[0] > 0.05, "a slot is worth something"


@pytest.mark.slow
def test_no_action_of_a_tick_is_better_than_truth_where_slots_are_many():
    """Judges follow a deviation to the end: in its own tick work only costs, and not to work would look best."""
    scenario = lasting(
        {"eligibility": {"open_share": 1.0}, "ledger": {"endowment": 60.0}},
        {"capacity": 4, "duration": 3, "detection": 0.9},
        num_agents=3,
        max_cycles=4,
    )
    budget = Budget(types=9, actions=48, luck=128, finals=2, episodes=64)
    (found,) = search_actions(scenario, make_policy("truthful", scenario), ((0, 1, 2),), (0, 1), budget)
    assert found.own_utility.mean() > 0.2
    assert found.gain.mean() <= 0.01 * found.own_utility.mean()
