"""The change detector in a market: recomputed tick by tick, and no agent gains by an alarm."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.change_detector import alarms, detector, limit_for, watch
from econo_env.economy.contracts import SATISFACTORY
from econo_env.economy.reputation import lower_bound
from econo_env.engine.engine import Engine
from tests.economy.played import ticks

ECONOMY = {
    "ledger": {"endowment": 40.0},
    "staking": {"requirement": 0.1},
    "default": {"shock": 0.8},
    "reputation": {"reference_value": 0.4},
    "eligibility": {"threshold": 0.2, "open_share": 0.9},
}


def scenario(**section):
    return econo_env.load(
        "first_price_v0", num_agents=3, max_cycles=80, economy=ECONOMY | {"change_detection": section}
    )


def test_sums_alarms_and_reputations_are_recomputed():
    played = scenario(before=0.95, after=0.5, false_alarms=0.2)
    limit = limit_for(0.95, 0.5, 0.2)
    rule, alarmed = detector(0.95, 0.5, limit), 0
    sums, known = np.zeros((24, 3)), np.zeros((24, 3, 2))
    for engine, *_ in ticks(played, 4, 24, 79):
        world, award = engine.world, engine.state.award
        for k, i in zip(*np.nonzero(world.default.kept | world.default.walked), strict=True):
            kept = bool(world.default.kept[k, i])
            stake = max(float(award.exposure[k, i]), abs(float(award.pays[k, i])), 1.0)
            weight = min(1.0, stake / 0.4e6)
            known[k, i] = 0.98**weight * known[k, i] + weight * np.array([kept, not kept])
            sums[k, i] = watch(sums[k, i], kept, weight, rule)
            if sums[k, i] >= limit:
                before = lower_bound(*known[k, i], 0.5)
                sums[k, i], known[k, i, 0] = 0.0, 0.0
                alarmed += 1
                assert world.change_detection.alarmed[k, i]
                assert world.reputation.bound[k, i] < before + 1e-9, "nobody gains by an alarm"
            assert world.reputation.bound[k, i] == pytest.approx(lower_bound(*known[k, i], 0.5), abs=1e-8)
        np.testing.assert_allclose(world.change_detection.total, sums, atol=1e-9)
        np.testing.assert_allclose(world.reputation.positive, known[..., 0], atol=1e-9)
        np.testing.assert_allclose(world.reputation.negative, known[..., 1], atol=1e-9)
        seen = engine.buffers.observations[..., played.kind.observations(played).index("suspicion")]
        np.testing.assert_allclose(seen, sums / limit, atol=1e-6)
        assert (seen < 1.0).all()
    assert alarmed > 5


def test_a_drop_is_noticed_in_eight_contracts_where_forgetting_takes_dozens():
    """From 0.9 to 0.3 after 300 contracts, until the bound is below 0.3: 400 runs with and without the detector."""
    rng, rule = np.random.default_rng(0), detector(0.9, 0.3, limit_for(0.9, 0.3, 0.01))
    counts = {True: [], False: []}
    for watched, found in counts.items():
        for _ in range(400 if watched else 60):
            known, total, count = np.array([0.9, 0.1]) / 0.02, 0.0, 0
            while lower_bound(*known, 0.5) >= 0.3:
                good = rng.random() < 0.3
                known, total, count = 0.98 * known + (good, not good), watch(total, bool(good), 1.0, rule), count + 1
                if watched and alarms(total, rule):
                    known[0], total = 0.0, 0.0
            found.append(count)
    assert np.mean(counts[True]) + 3 * np.std(counts[True]) / 20 <= 8.0
    assert np.mean(counts[False]) > 60


def test_an_episode_begins_without_suspicion():
    engine = Engine(scenario(before=0.95, after=0.5, false_alarms=0.2), 16)
    generator = np.random.default_rng(0)
    engine.reset(0)
    for _ in range(80):
        engine.step(generator.uniform(-1, 0.5, engine.buffers.actions.shape).astype(np.float32))
    assert engine.world.change_detection.total.any()
    engine.reset_markets(np.ones(16, bool))
    assert not engine.world.change_detection.total.any()
    assert not engine.world.change_detection.alarmed.any()


def test_a_change_for_the_better_is_refused():
    with pytest.raises(ValueError, match=r"after 0.9 must be below before 0.5"):
        scenario(before=0.5, after=0.9)


@pytest.mark.slow
def test_graded_work_is_watched_in_the_task_market_too():
    """Random play of the flagship: the sums of its grades, recomputed; an alarm leaves nothing in an agent's favour."""
    flagship = econo_env.load("task_market_v0")
    sections = {name: section.model_dump() for name, section in flagship.economy.items()}
    played = flagship.replace(economy=sections | {"change_detection": {}})
    limit, reference = limit_for(0.9, 0.3, 0.01), played.economy["reputation"].reference_value * 1e6
    rule, engine, generator = detector(0.9, 0.3, limit), Engine(played, 16), np.random.default_rng(0)
    engine.reset(0)
    sums, alarmed = np.zeros((16, played.num_agents)), 0
    for _ in range(60):
        engine.step(generator.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32))
        conduct, change = engine.world.conduct, engine.world.change_detection
        for k, i in zip(*np.nonzero((conduct.grade > 0) & ~conduct.banned), strict=True):
            kept, weight = bool(conduct.grade[k, i] <= SATISFACTORY), min(1.0, conduct.value[k, i] / reference)
            sums[k, i] = watch(sums[k, i], kept, weight, rule)
            assert change.alarmed[k, i] == (sums[k, i] >= limit)
            if change.alarmed[k, i]:
                assert engine.world.reputation.positive[k, i] == 0.0
                sums[k, i], alarmed = 0.0, alarmed + 1
        np.testing.assert_allclose(change.total, sums, atol=1e-9)
        sums[engine.buffers.ended] = 0.0
        engine.reset_markets(engine.buffers.ended.copy())
    assert alarmed > 2
