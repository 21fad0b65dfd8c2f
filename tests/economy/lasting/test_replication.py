"""Replication: the house has the result of one rank of the replicas, each of which is paid for itself."""

import math

import numpy as np
import pytest

import econo_env
from econo_env.economy.lasting.running import RUNNING
from econo_env.engine.engine import Engine
from tests.economy.lasting.played import FLAGSHIP, MICRO, fixed, lasting, watched

V = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}
REPLICAS = 3


def coordination(result, contracts=None, auction="scoring", **changes):
    """Requests that three agents do at once."""
    economy = {
        "ledger": {"endowment": 30.0},
        "staking": {},
        "lasting_contracts": {"capacity": 2, "duration": 2, "detection": 0.6} | (contracts or {}),
        "replication": {"result": result},
        "reputation": {},
        "eligibility": {"open_share": 1.0},
    }
    return econo_env.load(
        "coordination_market_v0",
        auction_type=auction,
        available_supply=REPLICAS,
        economy=economy,
        **changes,
    )


def some_actions(rng, engine):
    actions = rng.uniform(-1, 1, engine.buffers.actions.shape).astype(np.float32)
    names = list(engine.scenario.kind.actions(engine.scenario))
    actions[..., names.index("forgery")] = np.where(rng.random(actions.shape[:2]) < 0.1, 1.0, -1.0)
    for name in ("cost_report", "reliability_report"):
        if name in names:
            actions[..., names.index(name)] *= 0.3
    actions[..., -1] = np.where(rng.random(actions.shape[:2]) < 0.05, 1.0, 0.0)
    return actions


@pytest.mark.parametrize("result", [pytest.param("best", marks=pytest.mark.slow), "majority"])
def test_what_the_house_has_of_replicas_computed_a_second_time(result):
    """One result a request, of the first or the middle rank of true grades, when its last replica is judged."""
    section = {"least_progress": 0.4, "grace": 2, "longest_duration": 4}
    scenario, groups, sizes = coordination(result, section), {}, set()
    for engine, _, _ in watched(scenario, 3, markets=6, number=64, act=some_actions):
        running, tick = engine.world.lasting_contracts.running, engine.state.tick
        for k in range(engine.num_markets):
            worth, finished = 0, 0
            for i, j in zip(*np.nonzero(running.status[k] > RUNNING), strict=True):
                key = (k, int(engine.state.episode[k]), int(running.opened[k, i, j]))
                graded = int(running.grade[k, i, j])
                true = 3 if running.forges[k, i, j] and graded != 4 else graded
                groups.setdefault(key, []).append((true, int(running.value[k, i, j])))
            for key, results in [item for item in groups.items() if item[0][0] == k]:
                still = (running.status[k] == RUNNING) & (running.opened[k] == key[2])
                if key[1] == engine.state.episode[k] and still.any():
                    continue
                ranks = sorted(true for true, _ in results)
                rank = 0 if result == "best" else len(ranks) // 2
                worth += math.floor(V[ranks[rank]] * results[0][1] + 0.5)
                finished += 1
                sizes.add(len(ranks))
                del groups[key]
            assert engine.world.lasting_contracts.delivered[k].sum() == worth
            assert engine.world.replication.complete[k] == finished
        assert (tick > 0).all()
    assert sizes >= {1, 2, 3} or sizes >= {2, 3}


def test_replicas_owe_the_best_losing_score_and_are_paid_for_themselves():
    scenario = coordination("best")
    engine, rng, seen = Engine(scenario, 8), np.random.default_rng(1), 0
    engine.reset(1)
    for _ in range(30):
        engine.step(some_actions(rng, engine))
        won = engine.state.award.units < 0
        for k in range(8):
            if won[k].sum() != REPLICAS:
                continue
            owed = engine.state.owes[k][won[k]]
            bids = engine.state.bids[k]
            losing = max([int(bid) for bid, has in zip(bids, won[k], strict=True) if not has and bid >= 0], default=0)
            assert (owed == max(losing, 0)).all()
            assert bids[won[k]].min() >= losing
            seen += losing > 0
    assert seen > 20


@pytest.mark.parametrize("result", [pytest.param("best", marks=pytest.mark.slow), "majority"])
def test_replicas_in_closed_form(result):
    """r alike agents, success p each: the best is poor with (1 - p)^r, the median with P(Binomial(3, p) <= 1)."""
    p, share = 0.6, 0.25
    scenario = coordination(
        result,
        {"duration": 1, "detection": 1.0},
        num_agents=REPLICAS,
        **{"agents.reliability": fixed(p), "agents.cost": fixed(1e-6), "tasks.value": fixed(1.0)},
    )
    engine, found = Engine(scenario, 1500, autoreset=False), []
    engine.reset(4)
    names = list(scenario.kind.actions(scenario))
    actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
    actions[..., [at for at, name in enumerate(names) if name.startswith("effort")]] = 1.0
    actions[..., names.index("forgery")] = -1.0
    for _ in range(6):
        engine.step(actions)
        done = engine.world.replication.complete == 1
        found.append(engine.world.lasting_contracts.delivered.sum(axis=1)[done] / MICRO)
        assert not (engine.world.conduct.grade == 4).any(), "replicas that disagree prove nothing"
    found = np.concatenate(found)

    def at_least(chance):
        rank = 1 if result == "best" else 2
        return sum(math.comb(3, n) * chance**n * (1 - chance) ** (3 - n) for n in range(rank, 4))

    excellent, passes = at_least(p * share), at_least(p)
    expected = excellent * V[1] + (passes - excellent) * V[2] + (1 - passes) * V[3]
    assert len(found) > 5000
    assert abs(found.mean() - expected) < 4 * found.std() / math.sqrt(len(found))


@pytest.mark.slow
def test_without_replication_each_result_counts_and_payments_are_the_same():
    one, other = coordination("best"), coordination("best")
    other = other.replace(economy={name: part for name, part in other.economy.items() if name != "replication"})
    engines = [Engine(scenario, 8, autoreset=True) for scenario in (one, other)]
    for engine in engines:
        engine.reset(2)
    rng, apart = np.random.default_rng(2), 0
    for _ in range(40):
        actions = some_actions(rng, engines[0])
        for engine in engines:
            engine.step(actions)
        np.testing.assert_array_equal(engines[0].buffers.rewards, engines[1].buffers.rewards)
        np.testing.assert_array_equal(engines[0].buffers.observations, engines[1].buffers.observations)
        sums = [engine.world.lasting_contracts.delivered.sum(axis=1) for engine in engines]
        apart += int((sums[0] != sums[1]).sum())
    assert apart > 50


def test_replication_that_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="not the same task"):
        coordination("best", auction="combinatorial")
    economy = FLAGSHIP.model_dump(mode="json")["economy"]
    with pytest.raises(ValueError, match=r"economy\.replication stands on lasting_contracts"):
        FLAGSHIP.replace(economy=economy | {"replication": {}})
    assert lasting({"replication": {}}, {}).economy["replication"].result == "best"


@pytest.mark.parametrize("auction", ["vickrey", pytest.param("english", marks=pytest.mark.slow)])
def test_lasting_contracts_hold_in_any_auction_that_carries_contracts(auction):
    scenario = coordination("majority", {"capacity": 2, "duration": 3, "grace": 1, "least_progress": 0.3}, auction)
    settled = 0
    for engine, _, _ in watched(scenario, 6, markets=6, number=64, act=some_actions):
        settled += int((engine.world.lasting_contracts.running.status > RUNNING).sum())
    assert settled > 100
