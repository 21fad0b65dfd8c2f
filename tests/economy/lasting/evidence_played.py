"""Forged proofs under contracts that last are punished on evidence, and lots alone build reputation, recomputed."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.invariants import violations
from econo_env.economy.lasting.running import ABANDONED, RUNNING
from econo_env.economy.ledger import BONDED, TREASURY, balances_of
from econo_env.economy.slashing import BYZANTINE_FAULT
from econo_env.engine.rng import WITNESSES, uniform
from tests.economy.lasting.test_page import ROOT
from tests.economy.played import wealth
from tests.economy.staking.played import sections, ticks

SEEN = 0.7
LOTS = {"share": 0.4, "owes": 0.05}


def market(**contracts):
    """The market whose contracts last, with stake, reports and lots around it, in which most forgeries pass."""
    scenario = econo_env.load(ROOT / "configs/scenarios/task_market_lasting.yaml", num_agents=4, max_cycles=30)
    own = sections(
        enforcement_grace=0, enforcement_pledge=2.0, enforcement_correlation=2, bonding_delay=40, evidence_dispute=1,
        evidence_age=6, evidence_seen=SEEN,
    )  # fmt: skip
    economy = scenario.model_dump(mode="json")["economy"]
    economy["lasting_contracts"] |= {"detection": 0.2} | contracts
    economy["eligibility"] = {"threshold": 0.0, "open_share": 1.0}
    economy |= {name: own[name] for name in ("enforcement", "bonding", "evidence")}
    economy |= {"lottery": LOTS, "identities": {"least": 0.5}}
    return scenario.replace(economy=economy)


def settled_now(world, tick):
    """Market, agent and slot of each contract that was settled in a tick."""
    running = world.lasting_contracts.running
    return zip(*np.nonzero((running.status > RUNNING) & (running.judged == tick[:, None, None])), strict=True)


def played(number=60, markets=16, **contracts):
    """Random play; the world before each tick, and its tick."""
    scenario = market(**contracts)
    for engine, before, _ in ticks(scenario, 1, markets, number, still=("leave", "exertion", "abandon")):
        assert violations(scenario, engine.world, before) == []
        yield scenario, engine, before, before.market.tick


def test_a_forged_proof_that_passes_is_seen_with_what_it_cost_the_house():
    passed = paid = 0
    for scenario, engine, before, tick in played():
        world, expected = engine.world, {}
        running, agents = world.lasting_contracts.running, scenario.num_agents
        for k, i, j in settled_now(world, tick):
            if not running.forges[k, i, j] or running.grade[k, i, j] != 2:
                continue
            passed += 1
            value = running.value[k, i, j]
            harm = max(value - running.owes[k, i, j], -running.lock[k, i, j]) + value / 2
            for witness in range(agents):
                luck = uniform(world.market.key[k], before.market.episode[k], tick[k], WITNESSES, i * agents + witness)
                if witness != i and luck < SEEN:
                    expected[k, witness] = (i, max(0.0, harm))
        for (k, witness), (culprit, harm) in expected.items():
            if world.market.tick[k] == 0 or world.evidence.culprit[k, witness] != culprit:
                continue  # the episode is over, or it saw a later agent's broken promise too
            assert world.evidence.what[k, witness] == BYZANTINE_FAULT
            assert world.evidence.harm[k, witness] == pytest.approx(harm, abs=1)
            assert world.evidence.when[k, witness] == tick[k]
            paid += harm > 0
    assert passed > 40
    assert paid > 20


def test_who_is_convicted_of_a_forgery_is_out_and_leaves_all_it_holds():
    convicted = left = others = 0
    for _, engine, before, tick in played(forfeit=0.6):
        world = engine.world
        running = world.lasting_contracts.running
        now = world.conduct.banned & ~before.conduct.banned & world.evidence.convicted
        convicted += int(now.sum())
        lost = wealth(before) - wealth(world)
        due = world.market.award.pays + world.enforcement.forfeited + world.evidence.fined
        others += int((lost != due)[now].sum())  # a reward for a report of its own, settled in the same tick
        assert not balances_of(world.ledger.balances, BONDED)[now].any()
        assert not engine.buffers.action_mask[now].any()
        for k, i, j in settled_now(world, tick):
            ran = before.lasting_contracts.running.status[k, i, j] == RUNNING
            if not now[k, i] or running.delivery[k, i, j] != ABANDONED or not ran:
                continue
            lock = running.lock[k, i, j]
            due = min(lock, max(running.owes[k, i, j] + running.value[k, i, j] / 2, int(0.6 * lock)))
            assert running.posted[k, i, j] == pytest.approx(due, abs=1)
            left += 1
    assert convicted > 10
    assert others <= convicted // 5
    assert left > 5


def test_contracts_by_lot_alone_are_evidence_when_they_are_graded():
    lots, evidence, other = {}, 0, 0
    for _, engine, before, tick in played():
        world = engine.world
        running, known = world.lasting_contracts.running, before.reputation
        opened = (running.status != 0) & (running.opened == tick[:, None, None])
        for k, i, j in zip(*np.nonzero(opened), strict=True):
            went = engine.scenario.lottery_share > before.market.openness[k]
            assert world.lottery.went[k] == went
            lots[k, before.market.episode[k], running.transfer[k, i, j]] = went
        graded = {}
        for k, i, j in settled_now(world, tick):
            graded.setdefault((k, i), []).append(j)
        for (k, i), slots in graded.items():
            if len(slots) > 1 or world.conduct.banned[k, i] or world.conduct.grade[k, i] in (0, 4):
                continue
            went = lots[k, before.market.episode[k], running.transfer[k, i, slots[0]]]
            assert world.conduct.evidence[k, i] == went
            more = world.reputation.positive[k, i] + world.reputation.negative[k, i]
            changed = abs(more - known.positive[k, i] - known.negative[k, i]) > 1e-6
            assert changed >= (went and more < 20.0)
            evidence, other = evidence + went, other + (not went)
            if not went and (i + 1 + tick[k]) % 16 != 0:  # not its own tick of an epoch either
                assert more == known.positive[k, i] + known.negative[k, i]
    assert evidence > 50
    assert other > 50


def test_nobody_leaves_or_fails_while_a_contract_without_stake_runs():
    scenario = market(stake_cap=0.0, detection=0.9)
    scenario = scenario.replace(economy={**scenario.economy, "identities": {"least": 9.0}})
    out = busy = 0
    for engine, before, _ in ticks(scenario, 3, 8, 30, stake=1.0):
        assert violations(scenario, engine.world, before) == []
        gone = (engine.world.identities.status > 0) & (before.identities.status == 0)
        runs = (engine.world.lasting_contracts.running.status == RUNNING).any(axis=-1)
        assert not (gone & runs).any()
        out, busy = out + int(gone.sum()), busy + int(runs.sum())
    assert out > 5
    assert busy > 50


def test_credit_goes_with_contracts_that_last_and_nothing_defaults_within_the_collateral():
    scenario = market()
    credit = {"advance": 1.0, "pool": 20.0, "term": 3}
    scenario = scenario.replace(economy={**scenario.economy, "credit": credit})
    lent, sums = 0, round(20.0 * 1e6)
    for engine, before, _ in ticks(scenario, 2, 8, 60, still=("leave", "abandon"), stake=0.9):
        world = engine.world
        assert violations(scenario, world, before) == []
        assert not world.credit.defaulted.any()
        paid_in = world.evidence.fined.sum(axis=1)
        treasury = world.ledger.balances[:, TREASURY] + world.credit.debt.sum(axis=1)
        was = before.ledger.balances[:, TREASURY] + before.credit.debt.sum(axis=1)
        np.testing.assert_array_equal(treasury, was + paid_in)
        assert (treasury >= sums).all()
        gained = wealth(world) - wealth(before) - (world.credit.debt - before.credit.debt)
        gap = engine.buffers.rewards * 1e6 - world.market.award.worth - gained
        assert np.abs(gap).max() < 1e-2
        lent += int((world.credit.lent > 0).sum())
    assert lent > 20
