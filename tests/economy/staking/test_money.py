"""Fees, insurance, credit and downtime in real markets, each recomputed and searched for what it must prevent."""

from collections import deque

import numpy as np
import pytest

from econo_env.economy.ledger import BURN, COLLATERAL, FREE, INSURANCE, TREASURY, balances_of
from econo_env.economy.stake_invariants import stake_violations
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.played import wealth
from tests.economy.staking.played import place, sale, tasks, ticks

MARKETS = 32
QUIET = {"evidence_seen": 0.0, "evidence_bond": 0.0, "enforcement_grace": 100, "enforcement_pledge": 0.001}


def steps(scenario, seed, number, send):
    """Random bids, nothing in the economy but what `send` writes: the engine and a copy of the world before."""
    engine, generator = Engine(scenario, MARKETS), np.random.default_rng(seed)
    own = len(scenario.kind.actions(scenario))
    engine.reset(seed)
    for _ in range(number):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        actions[..., own:] = 0.0
        send(scenario, generator, actions)
        before = each_array(engine.world, np.copy)
        engine.step(actions)
        yield engine, before, actions
        engine.reset_markets(engine.buffers.ended.copy())


def nothing(scenario, generator, actions):
    """No action in the economy."""


def drawn(name, low=-1.0, high=1.0):
    """Sends a random action of that name."""

    def send(scenario, generator, actions):
        actions[..., place(scenario, name)] = generator.uniform(low, high, actions.shape[:2])

    return send


@pytest.mark.parametrize("market", [sale, tasks])
def test_random_play_with_everything_keeps_the_accounts(market):
    options = {"fees_rate": 0.1, "fees_flat": 0.01, "credit_pool": 3.0, "credit_advance": 2.5, "credit_term": 3}
    options |= {"downtime_window": 3, "downtime_slash": 0.05, "downtime_jail": 2, "downtime_served": 0.7}
    scenario = market(bonding_delay=65, **options)
    for engine, before, _ in ticks(scenario, 0, MARKETS, 60, still=()):
        world, ledger = engine.world, engine.world.ledger
        assert stake_violations(scenario, world, before) == []
        assert (ledger.balances >= 0).all()
        np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
        assert not ledger.refused.any()
        gained = wealth(world) - wealth(before) - (world.credit.debt - before.credit.debt)
        award = engine.state.award
        np.testing.assert_allclose(engine.buffers.rewards, (award.worth + gained) / 1e6, atol=1e-9, rtol=0)


def test_fees_are_those_of_the_payments_and_nobody_bids_what_it_cannot_pay_with_them():
    scenario = sale({"num_agents": 3}, fees_rate=0.07, fees_flat=0.02, **QUIET)
    scenario = scenario.replace(**{"economy.ledger.endowment": 2.0})
    charged = 0
    for engine, before, _ in steps(scenario, 1, 39, nothing):
        world, pays = engine.world, engine.state.award.pays
        due = np.where(engine.state.award.units != 0, 20_000 + np.ceil(0.07 * np.abs(pays)).astype(np.int64), 0)
        np.testing.assert_array_equal(world.fees.charged, due)
        paid = world.ledger.balances[:, TREASURY] - before.ledger.balances[:, TREASURY]
        np.testing.assert_array_equal(paid, due.sum(axis=1))
        free = balances_of(before.ledger.balances, FREE)
        assert (pays + due <= free)[engine.state.award.units != 0].all()
        charged += int((due > 0).sum())
    assert charged > 100


def test_whoever_is_paid_pays_no_more_than_it_gets():
    scenario, seen = tasks(fees_rate=0.5, fees_flat=0.3, **QUIET), {True: 0, False: 0}
    for engine, _, _ in steps(scenario, 1, 39, nothing):
        pays, charged = engine.state.award.pays, engine.world.fees.charged
        due = 300_000 + np.ceil(0.5 * np.abs(pays)).astype(np.int64)
        got = pays < 0
        np.testing.assert_array_equal(charged[got], np.minimum(due, -pays)[got])
        for cut in seen:
            seen[cut] += int(((due > -pays) == cut)[got].sum())
    assert min(seen.values()) > 5, seen


def test_premiums_come_first_and_cover_what_nature_takes_on_average():
    """Every claim is the covered part of the loss, the pool is never below 0, and insuring costs on average."""
    scenario = sale(insurance_loading=0.2, **QUIET)
    gained, hit, short = [], 0, 0
    for engine, before, _ in steps(scenario, 2, 200, drawn("insure", -0.5)):
        world, award = engine.world, engine.state.award
        own = world.insurance
        pool, was = world.ledger.balances[:, INSURANCE], before.ledger.balances[:, INSURANCE]
        np.testing.assert_array_equal(pool, was + own.premium.sum(axis=1) - own.paid.sum(axis=1))
        assert (pool >= 0).all()
        bought = own.premium > 0
        fair = own.cover * 0.8 / 4  # micro-credits: parts per million of a shock of 0.8 credits, a quarter of it
        np.testing.assert_allclose(own.premium[bought], 1.2 * fair[bought], atol=4)
        lost = np.where(award.units != 0, np.maximum(own.before - award.worth, 0.0), 0.0)
        claimed = np.where(bought, np.floor(lost) * own.cover / 1e6, 0.0)
        enough = claimed.sum(axis=1) <= was + own.premium.sum(axis=1)
        np.testing.assert_allclose(own.paid[enough], claimed[enough], atol=2)
        assert (own.paid <= claimed + 2).all()
        gained += (own.paid - own.premium)[bought].tolist()
        hit += int((own.paid > 0).sum())
        short += int((~enough).sum())
    error = np.std(gained) / np.sqrt(len(gained))
    assert hit > 100
    assert short > 0, "a pool was too small at least once"
    assert np.mean(gained) < -4 * error


def test_no_course_of_events_gains_by_insuring_the_own_conduct():
    """Holders forge, shirk and insure as they like: at no tick has anybody got more back than it paid in."""
    scenario, paid_out = tasks(contracts={"detection": 0.5}, insurance_chance=0.01, **QUIET), 0
    balance = np.zeros((MARKETS, scenario.num_agents), dtype=np.int64)
    for engine, before, _ in steps(scenario, 3, 200, drawn("insure", 0.0)):
        own = engine.world.insurance
        balance[engine.state.episode != before.market.episode] = 0
        balance += own.premium - own.paid
        assert (balance >= 0).all()
        assert (own.paid <= np.maximum(engine.state.award.pays, 0)).all()
        paid_out += int((own.paid > 0).sum())
        balance[engine.buffers.ended] = 0
    assert paid_out > 10


@pytest.mark.parametrize("advance", [0.7, 1.0, 3.0])
def test_debts_are_recomputed_and_only_a_line_beyond_the_collateral_defaults(advance):
    term, start = 2, round(50e6)
    scenario = sale(credit_advance=advance, credit_term=term, credit_pool=50.0, **QUIET)
    scenario = scenario.replace(**{"economy.ledger.endowment": 0.6, "economy.default.shock": 0.0})
    seen, agents = {"lent": 0, "called": 0, "bought on credit": 0}, scenario.num_agents
    since, lost = np.zeros((MARKETS, agents), dtype=int), np.zeros(MARKETS, dtype=np.int64)
    for tick, (engine, before, _) in enumerate(steps(scenario, 4, 39, drawn("collateral", -1.0, 0.8))):
        world, credit, award = engine.world, engine.world.credit, engine.state.award
        free, put_up = (balances_of(before.ledger.balances, kind) for kind in (FREE, COLLATERAL))
        owed = before.credit.debt
        due = (owed > 0) & (tick - since >= term)
        rest = np.where(due, np.maximum(owed - free - put_up, 0), 0)
        np.testing.assert_array_equal(credit.defaulted, rest)
        lost += rest.sum(axis=1)
        np.testing.assert_array_equal(credit.written_off, lost)
        owed = np.where(due, 0, owed)
        since = np.where((credit.lent > 0) & (owed == 0), tick, since)
        line = np.floor(advance * balances_of(world.ledger.balances, COLLATERAL) + 1e-6)
        assert (owed <= line).all(), "no collateral comes back that a debt is owed on"
        assert (credit.debt <= np.minimum(owed + credit.lent, line)).all()
        assert ((balances_of(world.ledger.balances, FREE) == 0) | (credit.debt == 0)).all()
        # what the treasury does not have is owed to it or lost
        there = world.ledger.balances[:, TREASURY] + credit.debt.sum(axis=1) + credit.written_off
        np.testing.assert_array_equal(there, start)
        seen["called"] += int((due & (free < before.credit.debt)).sum())
        seen["lent"] += int((credit.lent > 0).sum())
        seen["bought on credit"] += int(((award.units != 0) & (award.pays > free)).sum())
    assert min(seen.values()) > 0, seen
    assert (lost.sum() > 0) == (advance > 1.0)


@pytest.mark.parametrize("market", [sale, tasks])
def test_downtime_is_that_of_a_plain_count(market):
    window, share, jail, slash = 4, 0.6, 3, 0.25
    scenario = market(
        **QUIET | {"enforcement_pledge": 0.5},
        downtime_window=window, downtime_served=share, downtime_jail=jail, downtime_slash=slash,
    )  # fmt: skip
    agents, found = scenario.num_agents, 0
    last = [[deque(maxlen=window) for _ in range(agents)] for _ in range(MARKETS)]
    free_again = np.zeros((MARKETS, agents), dtype=int)
    for engine, before, _ in steps(scenario, 6, 39, nothing):
        world, tick = engine.world, before.market.tick
        assert not (engine.state.award.units != 0)[tick[:, None] < free_again].any(), "in jail nobody wins"
        burned = world.ledger.balances[:, BURN] - before.ledger.balances[:, BURN]
        for k in range(MARKETS):
            for i in range(agents):
                down, grade = False, world.conduct.grade[k, i]
                if grade in (1, 2, 3):
                    own = last[k][i]
                    own.append(grade < 3)
                    down = len(own) == window and sum(own) < share * window
                    if down:
                        own.clear()
                        free_again[k, i] = tick[k] + 1 + jail
                assert world.downtime.down[k, i] == down
                found += down
        expected = np.ceil(np.ceil(world.enforcement.forfeited) / 2).sum(axis=1)
        np.testing.assert_array_equal(burned, expected)
        assert ((world.enforcement.forfeited > 0) >= world.downtime.down).all()
        for k in np.flatnonzero(engine.buffers.ended):
            last[k] = [deque(maxlen=window) for _ in range(agents)]
            free_again[k] = 0
    assert found > 10
