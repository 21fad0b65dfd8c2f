"""Insurance of contracts that last: each cover recomputed, known answers, and a search for who could farm it."""

from fractions import Fraction
from math import ceil

import numpy as np
import pytest

import econo_env
from econo_env.economy.insurance import FAULT, claim
from econo_env.economy.invariants import violations
from econo_env.economy.lasting.running import ABANDONED, EMPTY, LATE, NEVER, ON_TIME, RUNNING
from econo_env.economy.ledger import FREE, INSURANCE, balances_of
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.lasting.played import fixed, lasting, some_actions
from tests.economy.played import wealth

MILLION = 1_000_000
LOADING = 100_000
WINDOW, FEE = 2, 10_000
CONTRACTS = {
    "capacity": 3, "duration": 1, "longest_duration": 4, "least_progress": 0.3, "grace": 2, "forfeit": 0.5,
    "noise": 0.2,
}  # fmt: skip


def insured(endowment, chance=0.25, **parts):
    """Contracts of every kind, covered, appealed, walked away from."""
    own = {
        "ledger": {"endowment": endowment},
        "eligibility": {"threshold": 0.0, "open_share": 1.0},
        "insurance": {"loading": LOADING / MILLION, "chance": chance},
        "withdrawal": {"shock": 0.5, "forfeit": 0.05},
        "audit": {},
    }
    own |= {"appeals": {"window": WINDOW, "fee": FEE / MILLION}}
    return lasting(own | parts, CONTRACTS, num_agents=4, max_cycles=14)


def at(scenario, name):
    return scenario.kind.action_names(scenario).index(name)


def price(lock, share, chance):
    """(1 + loading) times the chance of the covered part of the lock, rounded up at each step."""
    fair = ceil(Fraction(ceil(Fraction(lock * share, MILLION)) * chance, MILLION))
    return fair + ceil(Fraction(fair * LOADING, MILLION))


class Policies:
    """What an insurer with paper and pencil would know of one market."""

    def __init__(self, agents, chance):
        self.agents, self.chance = agents, round(chance * MILLION)
        self.reopen()

    def reopen(self):
        self.backing = [0] * self.agents
        self.share, self.cost, self.heard = {}, {}, set()

    def bought(self, k, i, world, before):
        """The premium that agent i has to pay in this tick, and notes the cover."""
        running, tick = world.lasting_contracts.running, before.market.tick[k]
        new = (running.status[k, i] != EMPTY) & (running.opened[k, i] == tick)
        share = int(world.insurance.cover[k, i])
        if not new.any() or share == 0:
            return 0
        lock = int(running.lock[k, i][new][0])
        due = price(lock, share, self.chance)
        spent = FEE if world.appeals.appealed[k, i] and not world.appeals.upheld[k, i] else 0
        if due > balances_of(before.ledger.balances, FREE)[k, i] - lock - spent:
            return 0
        self.share[i, int(running.transfer[k, i][new][0])] = share
        self.backing[i] += due
        return due

    def claimed(self, k, i, world, before, ends, count):
        """What the pool has to pay it."""
        running, tick, paid = world.lasting_contracts.running, before.market.tick[k], 0
        for j in np.flatnonzero(running.status[k, i] > RUNNING):
            name, upheld = (i, int(running.transfer[k, i, j])), False
            self.cost.setdefault(name, int(running.posted[k, i, j]))
            if world.appeals.heard[k, i, j] and name not in self.heard:
                self.heard.add(name)
                self.cost[name] -= int(world.appeals.gained[k, i])
                upheld = bool(world.appeals.upheld[k, i])
            if name not in self.share or not (ends or running.judged[k, i, j] + WINDOW == tick):
                continue
            share = self.share.pop(name)
            if world.conduct.banned[k, i]:
                count["banned"] += 1
                continue
            covered = max(0, self.cost[name]) * share // MILLION
            owed = min(covered, self.backing[i])
            count["short"] += owed < covered
            count["several"] += bool(owed and paid)
            count["upheld"] += upheld or name in self.heard
            if owed:
                count[int(running.delivery[k, i, j])] += 1
            self.backing[i] -= owed
            paid += owed
        return paid


@pytest.mark.parametrize(("endowment", "chance"), [(30.0, 0.25), (4.0, 0.9)])
def test_every_cover_is_computed_a_second_time(endowment, chance):
    scenario, short_of_money = insured(endowment, chance), endowment < 10
    engine, rng = Engine(scenario, 6, autoreset=False), np.random.default_rng(0)
    engine.reset(0)
    kinds = ("banned", "short", "several", "upheld", "refused", "walked", ON_TIME, LATE, NEVER, ABANDONED)
    count = dict.fromkeys(kinds, 0)
    books = [Policies(scenario.num_agents, chance) for _ in range(6)]
    for tick in range(210):
        actions = some_actions(rng, engine, 0.08)
        actions[..., at(scenario, "exertion")] = rng.choice([-1.0, 0.0, 0.0], actions.shape[:2])
        wanted = rng.uniform(-0.3, 1.0, actions.shape[:2])
        actions[..., at(scenario, "insure")] = wanted if tick % 28 < 18 else -1.0  # then nobody wants any for a while
        before = each_array(engine.world, np.copy)
        engine.step(actions)
        world = engine.world
        assert not violations(scenario, world, before)
        own = world.insurance
        for k, book in enumerate(books):
            ends = bool(engine.buffers.ended[k])
            for i in range(scenario.num_agents):
                premium = book.bought(k, i, world, before)
                assert own.premium[k, i] == premium
                assert own.paid[k, i] == book.claimed(k, i, world, before, ends, count)
                assert own.backing[k, i] == book.backing[i]
                walked, won = world.withdrawal.walked[k, i], world.withdrawal.at_stake[k, i] > 0
                assert not (walked and premium), "what never begins is not covered"
                if own.cover[k, i] > 0 and won:
                    count["walked"] += walked
                    count["refused"] += not walked and premium == 0
        assert (own.covers.number == (own.covers.share > 0).sum(axis=(1, 2))).all()
        pool = world.ledger.balances[:, INSURANCE] - before.ledger.balances[:, INSURANCE]
        np.testing.assert_array_equal(pool, (own.premium - own.paid).sum(axis=1))
        assert (own.backing.sum(axis=1) <= world.ledger.balances[:, INSURANCE]).all(), "what may be claimed is there"
        for k in np.flatnonzero(engine.buffers.ended):
            books[k].reopen()
        engine.reset_markets(engine.buffers.ended.copy())
    missed = [what for what, number in count.items() if not number and (what == "refused") == short_of_money]
    assert not missed, count


def alone(ends):
    """What one holder pays and gets of contracts of two ticks at a value of 1, given which of them it abandons."""
    scenario = econo_env.load(
        "task_market_v0", num_agents=2, max_cycles=2 * len(ends),
        **{"tasks.value": fixed(1.0), "agents.cost": fixed(0.3), "agents.reliability": fixed(1.0 - 1e-9)},
        economy={"ledger": {"endowment": 20.0}, "staking": {}, "lasting_contracts": {"duration": 2}, "insurance": {}},
    )  # fmt: skip
    engine = Engine(scenario, 1, autoreset=False)
    engine.reset(0)
    actions = np.full((1, 2, engine.buffers.actions.shape[2]), np.nan, dtype=np.float32)
    own, paid, premiums = engine.world.insurance, [], []
    for fails in ends:
        actions[0, 0] = 0.0
        actions[0, 0, at(scenario, "effort")], actions[0, 0, at(scenario, "forgery")] = 1.0, -1.0
        actions[0, 0, at(scenario, "insure")] = 1.0
        engine.step(actions)
        premiums.append(int(own.premium[0, 0]))
        assert engine.world.lasting_contracts.running.lock[0, 0, 0] == pytest.approx(MILLION, abs=1)
        actions[0, 0, at(scenario, "abandon")] = 1.0 if fails else 0.0
        engine.step(actions)
        paid.append(int(own.paid[0, 0]))
    return premiums, paid


def test_a_loss_is_paid_out_of_the_own_premiums_alone():
    """Each premium is 1.1 x 0.25 of a lock of 1: four good contracts pay for one loss, and no more."""
    good, bad = 0.0, 1.0
    premiums, paid = alone((bad, bad, bad))
    np.testing.assert_allclose(premiums, 275_000, atol=2)
    assert paid == premiums, "who only takes cover to walk away has its premiums back, never more"
    premiums, paid = alone((good, good, good, good, bad, bad, good))
    np.testing.assert_allclose(paid, [0, 0, 0, 0, 1_000_000, 650_000, 0], atol=14)


PLANS = 6
"""Ways to hold a contract: walk away, do nothing, be late, work badly, insure what is to fail alone, work honestly."""


def planned(rng, scenario, plan, shape):
    """Actions of agents that hold contracts by the plan of each, (markets, agents)."""
    actions = np.zeros(shape, dtype=np.float32)
    actions[..., :2] = rng.uniform(-0.4, 0.4, (*shape[:2], 2))
    fails = (plan < 4) | (plan == 4) & (rng.random(plan.shape) < 0.5)
    efforts = np.choose(plan, [1.0, -1.0, -0.7, 0.0, -1.0, 1.0])
    actions[..., at(scenario, "effort")] = np.where(fails, efforts, 1.0)
    actions[..., at(scenario, "forgery")] = -1.0
    actions[..., at(scenario, "exertion")] = np.where((plan == 1) & fails, -1.0, 0.0)
    actions[..., at(scenario, "abandon")] = np.where((plan == 0) & (rng.random(plan.shape) < 0.7), 1.0, 0.0)
    actions[..., at(scenario, "insure")] = np.where(fails, 1.0, np.where(plan == 5, rng.random(plan.shape), 0.0))
    return actions


def test_no_plan_of_a_holder_and_its_partners_farms_the_pool():
    """Whatever some agents do together, at no tick are they better off for the cover; pooled cover they would farm."""
    scenario = insured(500.0)
    covered, bare = (Engine(scenario, 12, autoreset=False) for _ in range(2))
    rng, pooled = np.random.default_rng(5), np.zeros((12, scenario.num_agents))
    plan = rng.integers(0, PLANS, pooled.shape)
    plan[:, 1] = 0
    for engine in (covered, bare):
        engine.reset(3)
    gained, back = np.zeros(pooled.shape), np.zeros(pooled.shape)
    for _ in range(scenario.max_cycles):
        actions = planned(rng, scenario, plan, covered.buffers.actions.shape)
        covered.step(actions)
        actions[..., at(scenario, "insure")] = 0.0
        bare.step(actions)
        running, own = covered.world.lasting_contracts.running, covered.world.insurance
        np.testing.assert_array_equal(running.posted, bare.world.lasting_contracts.running.posted)
        gained = (wealth(covered.world) - wealth(bare.world)).astype(float)
        assert (gained <= 0).all(), "and so is every sum over partners"
        back += own.paid
        pooled -= own.premium
        for k, i, j in zip(*np.nonzero(running.judged == covered.world.market.tick[:, None, None] - 1), strict=True):
            if running.status[k, i, j] > RUNNING and plan[k, i] < 4:
                pooled[k, i] += claim(running.posted[k, i, j], 0, running.lock[k, i, j], MILLION, FAULT, 0)
    assert (back > 0).mean() > 0.3
    abandons = (plan == 0) & (back > 0)
    assert abandons.sum() > 5
    assert (pooled[abandons] > 0).mean() > 0.9, "the same plans empty a pool that pays whatever was lost"


def test_a_newcomer_has_no_cover_and_no_premiums_of_who_was_there_before():
    """Slots in which somebody else sits: neither backing nor cover goes on."""
    scenario = insured(30.0, identities={"dues": 0.1, "least": 0.05}, newcomers={"most": 40, "vacancy": 0})
    scenario = scenario.replace(max_cycles=60)
    engine, rng, left = Engine(scenario, 6, autoreset=False), np.random.default_rng(2), 0
    engine.reset(2)
    for _ in range(60):
        actions = some_actions(rng, engine, 0.1)
        actions[..., at(scenario, "insure")] = 1.0
        had = engine.world.insurance.backing.copy()
        engine.step(actions)
        born = engine.world.newcomers.born
        left += int((had[born] > 0).sum())
        assert not engine.world.insurance.backing[born].any()
        assert not engine.world.insurance.covers.share[born].any()
    assert left > 3
