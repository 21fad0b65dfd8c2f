"""Default after the sale of work: the closed form comes out of the played market, and every choice is recomputed."""

import math

import numpy as np
import pytest

import econo_env
from econo_env.economy.contracts import expected_payout
from econo_env.economy.invariants import violations
from econo_env.economy.lasting.running import RUNNING
from econo_env.engine.engine import Engine
from econo_env.engine.rng import AFTER_SALE, uniform
from econo_env.engine.state import each_array
from tests.economy.lasting.played import fixed, lasting, some_actions
from tests.economy.played import wealth

SHOCK, FORFEIT, VALUE = 0.2, 0.05, 0.7


def option(over, forfeit):
    """What it earns on average to win, second score s = value - over, with the right to walk away for the forfeit."""
    if forfeit >= SHOCK + max(0.0, -over):
        return over
    walks_below = min(max((SHOCK - over - forfeit) / (2 * SHOCK), 0.0), 1.0)
    kept = (over + forfeit + SHOCK) ** 2 / (4 * SHOCK)
    return kept - forfeit if 0.0 < walks_below < 1.0 else max(over, -forfeit)


def earned(forfeit, markets=1500, seed=0):
    """Second scores and what one who wins whatever they are earns, all told; sure work of value 1 and cost 0.3."""
    scenario = econo_env.load(
        "task_market_v0", num_agents=2, max_cycles=3, levers={"mechanism.reserve": [0.0, 1.0]},
        **{"tasks.value": fixed(1.0), "agents.cost": fixed(0.3), "agents.reliability": fixed(1.0 - 1e-9)},
        economy={"ledger": {"endowment": 20.0}, "staking": {}, "lasting_contracts": {"excellent": 1.0, "duration": 2},
                 "withdrawal": {"shock": SHOCK, "forfeit": forfeit}},
    )  # fmt: skip
    engine, rng = Engine(scenario, markets, autoreset=False), np.random.default_rng(seed)
    second = rng.uniform(VALUE - 0.15, VALUE + 0.2, markets)
    engine.reset(seed)
    engine.levers["mechanism.reserve"][:] = second
    actions = np.zeros((markets, 2, engine.buffers.actions.shape[2]), dtype=np.float32)
    actions[:, 1] = np.nan
    actions[:, 0, 0], actions[:, 0, 2], actions[:, 0, 3] = -1.0, 1.0, -1.0
    total = np.zeros(markets)
    for tick in range(3):
        engine.step(actions)
        total += engine.buffers.rewards[:, 0]
        actions[:, 0] = np.nan  # one contract, then none
        assert not tick or not (engine.world.lasting_contracts.opened > 1).any()
    assert not (engine.world.lasting_contracts.running.status == RUNNING).any()
    return second, total


@pytest.mark.parametrize(("forfeit", "above"), [(FORFEIT, 0.05), (0.2, 0.0)])
def test_what_winning_earns_and_the_dominant_bid_are_those_of_the_closed_form(forfeit, above):
    """To win at a second score earns more than nothing exactly up to the dominant bid, whatever rivals bid."""
    assert above == pytest.approx((math.sqrt(SHOCK) - math.sqrt(forfeit)) ** 2)
    second, total = earned(forfeit)
    gap = total - np.array([option(VALUE - score, forfeit) for score in second])
    assert abs(gap.mean()) < 5 * total.std() / math.sqrt(len(total))
    for low in np.arange(VALUE - 0.15, VALUE + 0.2, 0.05):
        among = (second >= low) & (second < low + 0.05)
        assert abs(gap[among].mean()) < 5 * total[among].std() / math.sqrt(among.sum()), low
    order = np.argsort(second)
    best = second[order][np.argmax(np.cumsum(total[order]))]
    assert best == pytest.approx(VALUE + above, abs=0.03)
    worse = np.cumsum(total[order])[-1]
    assert np.cumsum(total[order]).max() - worse > 5 * total.std() * math.sqrt((second > best).sum())


def market(seed):
    rng = np.random.default_rng(seed)
    parts = {
        "ledger": {"endowment": float(rng.choice([4.0, 10.0]))},
        "withdrawal": {"shock": float(rng.choice([0.5, 1.5])), "forfeit": float(rng.choice([0.0, 0.1, 9.0]))},
        "lottery": {"share": 0.25, "owes": 0.1},
        "eligibility": {"open_share": 0.6, "threshold": 0.1},
        "enforcement": {"pledge": 1.5, "grace": 1, "jail": 2},
        "audit": {},
    }
    contracts = {"capacity": 2, "duration": 1, "longest_duration": 3, "stake_cap": [None, 0.0, 0.6][seed % 3]}
    return lasting(parts, contracts, num_agents=4, max_cycles=16)


@pytest.mark.parametrize("seed", range(6))
def test_who_keeps_and_who_walks_is_recomputed(seed):
    scenario = market(seed)
    contracts, own = scenario.economy["lasting_contracts"], scenario.economy["withdrawal"]
    engine, rng, kept, left = Engine(scenario, 8, autoreset=False), np.random.default_rng(seed), 0, 0
    engine.reset(seed)
    for _ in range(32):
        before = each_array(engine.world, np.copy)
        engine.step(some_actions(rng, engine))
        world, award, tick = engine.world, engine.state.award, before.market.tick
        assert violations(scenario, world, before) == []
        gap = engine.buffers.rewards - (award.worth + wealth(world) - wealth(before)) / 1e6
        assert np.abs(gap).max() < 1e-9
        running, found, at, heard = world.lasting_contracts.running, world.withdrawal, np.arange(4), world.conduct
        between = (at >= heard.first[:, None]) & (at < heard.past[:, None])
        assert between[heard.grade > 0].all(), "all who have shown anything are heard of"
        for k, i in zip(*np.nonzero(found.at_stake), strict=True):
            draw = uniform(world.market.key[k], before.market.episode[k], tick[k], AFTER_SALE, i)
            learned = math.floor((2 * draw - 1) * own.shock * 1e6 + 0.5)
            assert found.learned[k, i] == learned
            opened = np.flatnonzero((running.status[k, i] != 0) & (running.opened[k, i] == tick[k]))
            assert len(opened) == (not found.walked[k, i])
            if found.walked[k, i]:
                most = world.staking.locked[k, i]
                assert found.forfeited[k, i] <= min(round(own.forfeit * 1e6), most)
                assert world.conduct.grade[k, i] >= 3
                assert award.units[k, i] == 0
                left += 1
                continue
            j = opened[0]
            work = running.value[k, i, j], running.owes[k, i, j], running.lock[k, i, j]
            chance, effort = running.reliability[k, i, j] * running.effort[k, i, j], running.effort[k, i, j]
            schedule, forges = contracts.schedule, running.forges[k, i, j]
            worth = expected_payout(*work, chance, forges, contracts.detection, schedule)
            worth -= running.cost[k, i, j] * effort**2
            penalty = 0.5 * 1.5e6
            assert worth - learned >= -min(round(own.forfeit * 1e6), work[2]) - penalty - 1
            kept += 1
        engine.reset_markets(engine.buffers.ended.copy())
    assert kept > 50
    assert left > 10 or own.forfeit > 1.0 or own.shock < 1.0


def test_welfare_counts_what_was_learned_and_nothing_for_what_was_not_begun():
    scenario = market(0).replace(economy={**market(0).economy, "withdrawal": {"shock": 1.5, "forfeit": 0.0}})
    engine, rng, walked = Engine(scenario, 16, autoreset=False), np.random.default_rng(1), 0
    engine.reset(3)
    for _ in range(16):
        engine.step(some_actions(rng, engine, 0.0))
        won = engine.world.withdrawal.at_stake > 0
        gone = (engine.world.withdrawal.walked & won).any(axis=1)
        np.testing.assert_allclose(engine.state.surplus[gone], 0.0, atol=1e-6)
        stays = won.any(axis=1) & ~gone
        learned = engine.world.withdrawal.learned.sum(axis=1)
        work, k = engine.world.lasting_contracts.work, np.flatnonzero(stays)
        i = np.argmax(won[k], axis=1)
        effort, value = work.effort[k, i], work.value[k, i] / 1e6
        chance, schedule = work.reliability[k, i] * effort, scenario.economy["lasting_contracts"].schedule
        plain = (chance * schedule.success + (1 - chance) * schedule.failure) * value - work.cost[
            k, i
        ] / 1e6 * effort**2
        np.testing.assert_allclose(engine.state.surplus[k] / 1e6, plain - learned[k] / 1e6, atol=1e-5)
        walked += int(gone.sum())
    assert walked > 20
