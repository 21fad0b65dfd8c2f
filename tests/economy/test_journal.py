"""The journal: every transfer of a tick, in order, with what made it; without one nothing of it is in the loop."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.ledger import ESCROW, NOWHERE, PRINCIPAL, account
from econo_env.economy.tick import operations
from econo_env.engine.engine import Engine
from econo_env.engine.state import arrays_of, columns
from econo_env.settings import SettingsError

ECONOMY = {
    "ledger": {"endowment": 1.5},
    "staking": {"requirement": 0.75, "slashed_to": "burn"},
    "default": {"shock": 0.5},
    "reputation": {},
    "eligibility": {"threshold": 0.25, "open_share": 0.6},
    "incentives": {"performance_bonus_multiplier": 1.5, "bonus_base": 0.05},
}
NAMES = ("second_price_v0", "english_v0", "combinatorial_v1", "procurement_first_price_v1")
QUICK = ("second_price_v0", "english_v0")
APPEALS, LASTING = "appeals", Path(__file__).parents[2] / "configs" / "scenarios" / "task_market_lasting.yaml"
each = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in NAMES]
)


def engine_of(name, markets=24, audit=True, **more):
    if name == "task_market_v0":  # with an economy of its own
        return Engine(econo_env.load(name, max_cycles=6, **({"economy.audit": more} if audit else {})), markets)
    if name == APPEALS:  # whose fee is taken after the stakes are locked: little money, and much of it locked
        changes = {
            "economy.appeals": {"fee": 0.5},
            "economy.ledger.endowment": 2.5,
            "economy.eligibility.open_share": 1.0,
            "economy.lasting_contracts.noise": 0.3,
        }
        return Engine(econo_env.load(LASTING, **changes, **({"economy.audit": more} if audit else {})), markets)
    economy = ECONOMY | ({"audit": more} if audit else {})
    changes = {} if name == "english_v0" else {"max_cycles": 6}
    return Engine(econo_env.load(name, economy=economy, **changes), markets)


def random_ticks(engine, ticks, seed=0):
    generator = np.random.default_rng(seed)
    for _ in range(ticks):
        actions = generator.uniform(-1.0, 0.6, engine.buffers.actions.shape).astype(np.float32)
        actions[generator.random(actions.shape[:2]) < 0.1] = np.nan
        yield actions


def post(balances, journal, k):
    """Applies what is written of market k, one by one, to balances (accounts,) that no transfer may overdraw."""
    for at in range(journal.made[k]):
        source, target, amount = journal.source[k, at], journal.target[k, at], journal.amount[k, at]
        assert amount > 0
        balances[target] += amount
        if source != NOWHERE:
            balances[source] -= amount
            assert balances[source] >= 0


@each
def test_the_journal_alone_makes_the_balances(name):
    engine = engine_of(name)
    engine.reset(0)
    ledger = engine.world.ledger
    books = np.zeros_like(ledger.balances)
    for k in range(engine.num_markets):
        post(books[k], ledger.journal, k)
    np.testing.assert_array_equal(books, ledger.balances)
    for actions in random_ticks(engine, 30):
        engine.step(actions)
        for k in range(engine.num_markets):
            post(books[k], ledger.journal, k)
        np.testing.assert_array_equal(books, ledger.balances)
        ended = engine.buffers.ended.copy()
        engine.reset_markets(ended)
        for k in np.flatnonzero(ended):
            books[k] = 0
            post(books[k], ledger.journal, k)
        np.testing.assert_array_equal(books, ledger.balances)
    assert not engine.world.audit.unwritten.any()


def test_each_transfer_names_what_made_it():
    engine = engine_of("second_price_v0")
    names = operations(list(engine.scenario.parts()))
    agents = engine.num_agents
    escrows = {account(i, ESCROW, agents) for i in range(agents)}
    engine.reset(1)
    journal, seen = engine.world.ledger.journal, set()
    for actions in random_ticks(engine, 20, 1):
        engine.step(actions)
        for k in range(engine.num_markets):
            made = [names[number] for number in journal.reason[k, : journal.made[k]]]
            assert made == sorted(made, key=names.index)  # in the order of the tick
            seen |= set(made)
            for reason, source, target in zip(made, journal.source[k], journal.target[k], strict=False):
                assert (target in escrows) == (reason == "staking.lock")
                assert source not in escrows or reason in ("staking.bind", "staking.release")
                assert source in escrows or reason != "staking.bind"
                assert (source == PRINCIPAL) == (reason == "incentives.post")
            slashed = [journal.amount[k, at] for at, name in enumerate(made) if name == "default.default"]
            assert sum(slashed) == engine.world.staking.slashed[k].sum()
        engine.reset_markets(engine.buffers.ended.copy())
    staking = {"staking.lock", "staking.bind", "staking.release"}
    assert seen == staking | {"default.default", "ledger.post", "incentives.post"}


def test_a_journal_that_was_too_short_says_by_how_much():
    whole, cut = engine_of("second_price_v0"), engine_of("second_price_v0", journal=5)
    whole.reset(2)
    cut.reset(2)
    for actions in random_ticks(whole, 6, 2):
        missing = cut.world.audit.unwritten.copy()
        whole.step(actions)
        cut.step(actions)
        count = whole.world.ledger.journal.made
        np.testing.assert_array_equal(cut.world.ledger.journal.made, count)
        np.testing.assert_array_equal(cut.world.audit.unwritten - missing, np.maximum(0, count - 5))
        np.testing.assert_array_equal(cut.world.ledger.balances, whole.world.ledger.balances)
        for name in ("reason", "source", "target", "amount"):
            first = whole.world.ledger.journal._asdict()[name][:, :5]
            kept = cut.world.ledger.journal._asdict()[name]
            there = np.arange(5) < np.minimum(count, 5)[:, None]
            np.testing.assert_array_equal(kept[there], first[there])
    assert cut.world.audit.unwritten.any()


@pytest.mark.parametrize("name", [*QUICK, "task_market_v0", pytest.param(APPEALS, marks=pytest.mark.slow)])
def test_a_journal_changes_nothing_else(name):
    with_journal, without = engine_of(name), engine_of(name, audit=False)
    assert not any("journal" in column for column in columns(type(without.world)))
    with_journal.reset(3)
    without.reset(3)
    for actions in random_ticks(without, 20, 3):
        with_journal.step(actions)
        without.step(actions)
        assert not without.world.ledger.refused.any()
        for one, other in zip(with_journal.buffers, without.buffers, strict=True):
            np.testing.assert_array_equal(one, other)
        for part, kept in without.world._asdict().items():
            noted = with_journal.world._asdict()[part]  # the ledger's journal comes after all that it has without one
            for one, other in zip(arrays_of(noted), arrays_of(kept), strict=part != "ledger"):
                np.testing.assert_array_equal(one, other)
        ended = without.buffers.ended.copy()
        with_journal.reset_markets(ended)
        without.reset_markets(ended)


def test_a_fork_and_a_snapshot_hold_the_journal_too():
    engine = engine_of("second_price_v0", 3)
    engine.reset(4)
    engine.step(next(random_ticks(engine, 1)))
    kept, forked = engine.snapshot(), engine.fork(2)
    amount = engine.world.ledger.journal.amount.copy()
    np.testing.assert_array_equal(forked.world.ledger.journal.amount, np.repeat(amount, 2, axis=0))
    engine.step(next(random_ticks(engine, 1, 5)))
    assert (engine.world.ledger.journal.amount != amount).any()
    engine.restore(kept)
    np.testing.assert_array_equal(engine.world.ledger.journal.amount, amount)


def test_without_accounts_there_is_nothing_to_write():
    with pytest.raises(SettingsError, match="audit stands on ledger"):
        econo_env.load("second_price_v0", economy={"audit": {}})
    with pytest.raises(SettingsError, match="journal = 0: give a number greater than or equal to 1"):
        econo_env.load("second_price_v0", economy={"ledger": {}, "audit": {"journal": 0}})
