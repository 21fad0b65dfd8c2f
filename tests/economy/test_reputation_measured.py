"""What reputation and the change detector tell in the task market itself, beside the best that could be told."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.contracts import NO_GRADE, POOR
from econo_env.engine.engine import Engine
from econo_env.market import market_of

ALL_BY_LOT = {
    "economy.eligibility.open_share": 1.0,
    "economy.lottery.share": 1.0,
    "economy.lottery.owes": 0.0,
    "economy.ledger.endowment": 5000.0,
}
WORTH_ONE = {"name": "uniform", "low": 1.0, "high": 1.000001}
CONTRACTS, MARKETS = 50, 160


def area(scores, positive):
    """The area under the ROC curve: the chance that one of the positive scores higher than one of the others."""
    order = np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 1.0
    ranks = np.array([order[scores == value].mean() for value in scores])
    hits = positive.sum()
    return (ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (~positive).sum())


@pytest.mark.parametrize("values", [WORTH_ONE, {"name": "uniform", "low": 0.5, "high": 1.5}], ids=["equal", "unequal"])
def test_fifty_contracts_tell_the_reliable_nearly_as_well_as_bayes(values):
    """Reliability above or below the median, from U[0.3, 1]: the part's bound against the posterior from all grades."""
    scenario = econo_env.load("task_market_v1", max_cycles=400, **ALL_BY_LOT, **{"tasks.value": values})
    engine = Engine(scenario, MARKETS, autoreset=False)
    engine.reset(0)
    points = np.linspace(0.3, 1.0, 141)[:-1] + 0.0025
    log_posterior, count = np.zeros((MARKETS, 5, 140)), np.zeros((MARKETS, 5), dtype=int)
    bound = np.full((MARKETS, 5), np.nan)
    for _ in range(scenario.max_cycles):
        actions = market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)
        effort = (1.0 + actions[..., 2]) / 2.0
        engine.step(actions)
        grade = engine.world.conduct.grade
        heard = (grade != NO_GRADE) & (count < CONTRACTS)
        chance = points * effort[..., None]
        told = np.where((grade == POOR)[..., None], np.log1p(-chance), np.log(chance))
        log_posterior += np.where(heard[..., None], told, 0.0)
        count += heard
        reached = heard & (count == CONTRACTS)
        bound[reached] = engine.world.reputation.bound[reached]
    known = (count == CONTRACTS) & np.isfinite(bound)
    assert known.sum() > 500
    posterior = np.exp(log_posterior - log_posterior.max(axis=-1, keepdims=True))
    above = (posterior[..., points > 0.65].sum(axis=-1) / posterior.sum(axis=-1))[known]
    reliable = engine.state.reliability[known] > 0.65
    part, bayes = area(bound[known], reliable), area(above, reliable)
    assert part >= 0.95
    assert part >= bayes - 0.02


@pytest.mark.slow
def test_a_drop_is_noticed_in_eight_contracts_with_one_false_alarm_in_a_hundred():
    """All work at 0.9; then half of the agents at 0.3, as they put a third of the effort into it."""
    scenario = econo_env.load(
        "task_market_v1",
        max_cycles=400,
        **ALL_BY_LOT,
        **{
            "tasks.value": WORTH_ONE,
            "agents.reliability": {"name": "uniform", "low": 0.899999, "high": 0.9},
            "agents.cost": {"name": "uniform", "low": 0.0, "high": 1e-6},
        },
    )
    scenario = scenario.replace(economy=scenario.economy | {"change_detection": {}})
    engine = Engine(scenario, MARKETS, autoreset=False)
    engine.reset(1)
    drops = np.arange(5) < 3
    early, delay, noticed = np.zeros((2, MARKETS, 5), dtype=int), np.zeros((MARKETS, 5), dtype=int), None
    noticed = np.zeros((MARKETS, 5), dtype=bool)
    for tick in range(scenario.max_cycles):
        actions = market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)
        late = tick >= 250
        actions[..., 2] = np.where(drops & late, 2.0 * (0.3 / 0.9) - 1.0, 1.0)
        engine.step(actions)
        worked, alarmed = engine.world.conduct.grade != NO_GRADE, engine.world.change_detection.alarmed
        if not late:
            counted = worked & (early[0] < CONTRACTS)
            early[0] += counted
            early[1] |= counted & alarmed
        else:
            delay += worked & ~noticed
            noticed |= alarmed
    full = early[0] == CONTRACTS
    assert full.sum() > 300
    false_alarms = early[1][full].mean()
    assert false_alarms <= 0.01 + 2.3 * np.sqrt(0.01 * 0.99 / full.sum())
    found = delay[:, drops]
    assert noticed[:, drops].mean() > 0.99
    assert found.mean() + 2.3 * found.std() / np.sqrt(found.size) <= 8.0
