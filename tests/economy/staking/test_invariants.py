"""Random operations through real markets keep what is claimed of stake and evidence; broken worlds are told."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.invariants import violations
from econo_env.economy.ledger import BURN, FREE, INSURANCE, PLEDGED, PRINCIPAL, account, balances_of
from econo_env.economy.stake_invariants import stake_violations
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.policies import make_policy
from tests.economy.played import wealth
from tests.economy.staking.played import sale, sections, tasks, ticks

ROOT = Path(__file__).parents[3]


def drawn(rng):
    """Random sections that load."""
    age, dispute, freeze = int(rng.integers(1, 8)), int(rng.integers(0, 6)), bool(rng.random() < 0.5)
    correlation = int(rng.integers(2, 9))
    least = max(age if freeze else age + dispute, correlation // 2) + 1
    return {
        "enforcement_pledge": float(rng.choice([0.000003, 0.5, 2.0])),
        "enforcement_grace": int(rng.integers(2)),
        "enforcement_jail": int(rng.integers(4)),
        "enforcement_correlation": correlation,
        "enforcement_burned": float(rng.choice([0.5, 0.8])),
        "bonding_delay": least + int(rng.integers(3)),
        "bonding_queue": 3,
        "bonding_minimum": float(rng.choice([0.0, 0.4])),
        "evidence_age": age,
        "evidence_dispute": dispute,
        "evidence_freeze": freeze,
        "evidence_seen": float(rng.choice([0.3, 1.0])),
        "evidence_bond": float(rng.choice([0.0, 0.1, 2.0])),
        "evidence_cases": 4,
    }


@pytest.mark.parametrize("name", [pytest.param("second_price_staking", marks=pytest.mark.slow), "task_market_staking"])
def test_the_scenarios_that_show_it_hold_too(name):
    scenario, reports = econo_env.load(ROOT / "configs" / "scenarios" / f"{name}.yaml"), 0
    for engine, before, _ in ticks(scenario, 0, 16, 100):
        assert stake_violations(scenario, engine.world, before) == []
        np.testing.assert_array_equal(engine.world.ledger.balances.sum(axis=1), engine.world.ledger.minted)
        reports += int((engine.world.evidence.accuses >= 0).sum())
    assert reports > 0


@pytest.mark.slow
def test_contracts_that_last_carry_it_too():
    scenario, convicted = econo_env.load(ROOT / "configs" / "scenarios" / "task_market_lasting.yaml"), 0
    own = sections(enforcement_grace=0, evidence_dispute=2, evidence_age=6, evidence_seen=0.8, bonding_delay=40)
    scenario = scenario.replace(economy={**scenario.economy, **own, "audit": {}})
    for engine, before, _ in ticks(scenario, 0, 32, 80):
        assert violations(scenario, engine.world, before) == []
        convicted += int(engine.world.evidence.convicted.sum())
    assert convicted > 50


@pytest.mark.parametrize("market", [sale, tasks])
def test_random_play_keeps_what_is_claimed(market):
    seen = {"reports": 0, "convictions": 0, "matured": 0, "banned": 0}
    for seed in range(8):
        scenario = market(**drawn(np.random.default_rng(seed)))
        for engine, before, _ in ticks(scenario, seed, 16, 60):
            world = engine.world
            ledger = world.ledger
            assert stake_violations(scenario, world, before) == []
            assert (ledger.balances >= 0).all()
            np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
            assert not ledger.refused.any()
            gained = wealth(world) - wealth(before)
            award = engine.state.award
            np.testing.assert_allclose(engine.buffers.rewards, (award.worth + gained) / 1e6, atol=1e-9, rtol=0)
            if "active" in engine.state._fields:
                assert not (world.conduct.banned & engine.state.active).any()
            seen["reports"] += int((world.evidence.accuses >= 0).sum())
            seen["convictions"] += int(world.evidence.convicted.sum())
            seen["matured"] += int((world.bonding.matured > 0).sum())
            seen["banned"] += int(world.conduct.banned.sum())
    assert min(seen["reports"], seen["convictions"], seen["matured"]) > 20, seen
    assert (seen["banned"] > 0) == (market is tasks)


def test_slashed_value_is_paid_out_in_full_and_reporters_get_less_than_what_is_burned():
    """Tick by tick in a market where nothing else pays into burn and insurance."""
    convictions = 0
    scenario = sale(evidence_seen=1.0, evidence_age=4, evidence_dispute=1, bonding_delay=40, enforcement_grace=0)
    for engine, before, _ in ticks(scenario, 5, 64, 39):
        world = engine.world
        change = world.ledger.balances - before.ledger.balances
        slashed, convicted = world.enforcement.forfeited.sum(axis=1), world.evidence.convicted.sum(axis=1)
        reward = slashed - change[:, BURN] - change[:, INSURANCE]
        assert (reward >= 0).all()
        assert (reward <= slashed // 10).all()
        assert (2 * change[:, BURN] >= slashed).all()
        assert (reward < change[:, BURN])[slashed > 0].all()
        convictions += int(convicted.sum())
    assert convictions > 50


@pytest.mark.parametrize("fields", [{}, {"end_of_episode": "truncation"}])
def test_who_is_banned_on_evidence_leaves_once_whoever_won_in_that_tick(fields):
    scenario = tasks({"num_agents": 5, "max_cycles": 30} | fields, {"detection": 0.2}, evidence_seen=1.0)
    by_evidence, truncates = 0, scenario.end_of_episode == "truncation"
    for engine, before, _ in ticks(scenario, 3, 64, 60):
        buffers, banned = engine.buffers, engine.world.conduct.banned
        now, horizon = banned & ~before.conduct.banned, engine.state.tick[:, None] >= scenario.max_cycles
        there = ~before.conduct.banned
        np.testing.assert_array_equal(buffers.terminated, np.where(horizon, there & (not truncates), now))
        np.testing.assert_array_equal(buffers.truncated, there & horizon & truncates)
        np.testing.assert_array_equal(buffers.ended, (horizon | banned.all(axis=1, keepdims=True))[:, 0])
        by_evidence += int((now & (engine.world.conduct.grade != 4)).sum())
    assert by_evidence > 20


def test_baselines_report_what_they_see_and_nothing_else():
    scenario = tasks({"num_agents": 5}, {"detection": 0.2}, evidence_seen=0.5, evidence_dispute=2)
    engine, names = Engine(scenario, 32), scenario.kind.action_names(scenario)
    policy, reports = make_policy("truthful", scenario), 0
    engine.reset(0)
    for _ in range(30):
        actions = policy.act(engine.buffers.observations, engine.buffers.action_mask)
        fresh = engine.state.tick[:, None] - engine.world.evidence.when <= 32
        holds = (engine.world.evidence.culprit >= 0) & engine.buffers.action_mask & fresh
        np.testing.assert_array_equal(actions[..., names.index("report")], holds)
        assert not actions[..., [names.index(name) for name in ("bond", "insure", "collateral")]].any()
        engine.step(actions)
        assert not engine.world.evidence.fined.any(), "nobody reports what it has not seen"
        reports += int((engine.world.evidence.accuses >= 0).sum())
        engine.reset_markets(engine.buffers.ended.copy())
    assert reports > 20


def test_nobody_reports_itself():
    """Even where everybody sees everything, a fault is seen by the others only, and by all of them."""
    scenario, faults = sale(evidence_seen=1.0), 0
    for engine, before, _ in ticks(scenario, 2, 64, 39):
        evidence = engine.world.evidence
        assert (evidence.culprit != np.arange(scenario.num_agents)).all()
        assert (evidence.accuses != np.arange(scenario.num_agents)).all()
        for k, i in zip(*np.nonzero(engine.world.default.walked), strict=True):
            others = np.arange(scenario.num_agents) != i
            assert (evidence.culprit[k, others] == i).all()
            assert (evidence.when[k, others] == before.market.tick[k]).all()
            faults += 1
    assert faults > 50


BREAKS = {
    "I3: what is on its way out": lambda world: world.enforcement.leaving.amount.__iadd__(1),
    "I5: more is slashed": lambda world: world.enforcement.forfeited.__iadd__(10**9),
    "I5: something is slashed below": lambda world: world.enforcement.forfeited.__isub__(10**9),
    "I7: stake matures": lambda world: world.bonding.matured.__iadd__(10**8),
    "I1: stake does not add up": lambda world: balances_of(world.ledger.balances, PLEDGED).__iadd__(1),
    "I12: bonds of reporters": lambda world: world.enforcement.docket.status.__imul__(0),
    "I4: one infraction": lambda world: world.enforcement.docket.operation.fill(3),
    "I12: a report is dropped": lambda world: world.enforcement.docket.status.__imul__(0),
    "I12: a report is settled before": lambda world: world.enforcement.docket.status.__imul__(2),
}


@pytest.mark.parametrize("said", BREAKS)
def test_a_broken_world_is_told(said):
    scenario, told = sale(evidence_seen=1.0), []
    for engine, before, _ in ticks(scenario, 0, 16, 8):
        assert stake_violations(scenario, engine.world, before) == []
        broken = each_array(engine.world, np.copy)
        BREAKS[said](broken)
        told += stake_violations(scenario, broken, before)
    assert any(line.startswith(said) for line in told), told


def test_the_house_gets_back_what_it_lost_before_anybody_is_paid():
    """Each agent forges whatever it wins and everybody sees it: the house's loss comes first out of the slash."""
    scenario = tasks(
        contracts={"detection": 0.0}, evidence_seen=1.0, evidence_age=4, evidence_dispute=0, bonding_delay=40,
        enforcement_pledge=10.0, enforcement_correlation=2, enforcement_multiplier=0,
    )  # fmt: skip
    whole = 0
    for engine, before, _ in ticks(scenario, 1, 64, 39, stake=0.0):
        world, agents = engine.world, scenario.num_agents
        for k, at in zip(
            *np.nonzero((before.enforcement.docket.status != 2) & (world.enforcement.docket.status == 2)), strict=True
        ):
            docket, evidence = world.enforcement.docket, world.evidence
            if evidence.violation[k, at] != 5 or world.evidence.convicted[k].sum() != 1 or world.conduct.past[k]:
                continue  # one conviction, in a tick in which nobody is paid for anything else
            change = world.ledger.balances[k] - before.ledger.balances[k]
            slashed, loss, accused = world.enforcement.forfeited[k].sum(), evidence.loss[k, at], docket.accused[k, at]
            pledged = before.ledger.balances[k, account(accused, PLEDGED, agents)]
            assert slashed == min(docket.liable[k, at], pledged), "all that was at stake then and still is"
            assert change[PRINCIPAL] == min(loss, slashed)
            assert change[account(accused, PLEDGED, agents)] == -slashed
            reward = change[account(evidence.reporter[k, at], FREE, agents)]
            assert reward <= (slashed - change[PRINCIPAL]) // 10 + 100_000
            whole += int(loss > 0)
    assert whole > 0
