"""The rules of the books, one by one: what no log may say, whoever wrote it, and how the store is set up."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.audit.books import (
    IN_ESCROW,
    NOT_COVERED,
    NOT_MINTED,
    OUT_OF_ORDER,
    SOUND,
    begin_tick,
    fold,
    new_books,
    next_difference,
    sound,
)
from econo_env.audit.events import ACTIONS, EVERYWHERE, FACT, FIRST_OPERATION, HEADER, OPENING, close_event, post
from econo_env.audit.header import header_of
from econo_env.audit.store import Store
from econo_env.economy.ledger import AGENT_ACCOUNTS, ESCROW, FREE, NOWHERE, account, num_accounts
from econo_env.engine.digest import plain
from tests.audit.logs import a_log

AGENTS = 3
FREE_0, ESCROW_0 = account(0, FREE, AGENTS), account(0, ESCROW, AGENTS)
MINT, LOCK = FIRST_OPERATION, FIRST_OPERATION + 1


class Script:
    """A log of one market, written event by event."""

    def __init__(self):
        self.words, self.cursor, self.tick, self.op = np.zeros(4000, np.int64), np.zeros(2, np.int64), 0, 0
        self.add(OPENING)
        self.add(MINT, [5, NOWHERE, FREE_0])

    def add(self, kind, *rows, op=None, tick=None):
        payload = np.array(rows, np.int64).ravel()
        first = self.cursor[0] + HEADER
        self.words[first : first + payload.size] = payload
        where = (EVERYWHERE, -1, 9, 0) if kind == ACTIONS else (0, 0, self.tick if tick is None else tick, self.op)
        market, episode, tick, own = where
        close_event(self.words, self.cursor, kind, market, episode, tick, own if op is None else op, len(rows))
        self.op += kind != ACTIONS
        return self

    def next(self):
        self.tick, self.op = self.tick + 1, 0
        return self.add(ACTIONS)

    def fold(self):
        """The first event that cannot be, why not, and the books."""
        books, fault = new_books(1, num_accounts(AGENTS), 4), np.zeros(5, np.int64)
        ends = np.array([[self.cursor[0], 0]])
        seq = fold(self.words[: self.cursor[0]], ends, tuple(books), AGENTS, MINT + 1, fault)
        return seq, fault[0], books


def test_a_script_that_keeps_the_rules_is_folded():
    there, back = [3, FREE_0, ESCROW_0], [3, ESCROW_0, FREE_0]
    seq, code, books = Script().next().add(LOCK, there).add(LOCK, back).add(FACT, [2, 7]).next().next().fold()
    assert (seq, code) == (-1, SOUND)
    assert books.balances[0, FREE_0] == 5
    assert (books.minted[0], books.tick[0], books.facts[0].tolist()) == (5, 3, [0, 0, 7, 0])


@pytest.mark.parametrize(
    ("rows", "seq", "code"),
    [
        ([[6, FREE_0, ESCROW_0]], 3, NOT_COVERED),
        ([[0, FREE_0, ESCROW_0]], 3, NOT_COVERED),
        ([[-1, FREE_0, ESCROW_0]], 3, NOT_COVERED),
        ([[1, num_accounts(AGENTS), FREE_0]], 3, NOT_COVERED),
        ([[1, FREE_0, num_accounts(AGENTS)]], 3, NOT_COVERED),
        ([[1, FREE_0, NOWHERE]], 3, NOT_COVERED),
        ([[1, NOWHERE, FREE_0]], 3, NOT_COVERED),  # new money outside the opening of an episode
        ([[5, FREE_0, ESCROW_0], [6, ESCROW_0, FREE_0]], 3, NOT_COVERED),
        ([[5, FREE_0, ESCROW_0]], 3, IN_ESCROW),
    ],
)
def test_transfers_that_cannot_be_are_refused(rows, seq, code):
    assert Script().next().add(LOCK, *rows).fold()[:2] == (seq, code)


def test_an_operation_comes_once_and_in_its_place():
    there, back = [3, FREE_0, ESCROW_0], [3, ESCROW_0, FREE_0]
    for changes in ({"op": 1}, {"tick": 2}, {"tick": 0}):
        assert Script().next().add(LOCK, there, back, **changes).fold()[:2] == (3, OUT_OF_ORDER)
    script = Script().next().add(LOCK, there, back)
    assert script.add(LOCK, there, back, op=0).fold()[:2] == (4, OUT_OF_ORDER)


def test_books_are_sound_where_they_sum_to_what_was_minted_and_nothing_is_in_escrow():
    generator, seen = np.random.default_rng(0), set()
    for _ in range(3000):
        balances = generator.integers(0, 3, (2, num_accounts(AGENTS)))
        for i in range(AGENTS):
            balances[1, account(i, ESCROW, AGENTS)] *= generator.random() < 0.1
        minted = balances.sum(axis=1) + (generator.random(2) < 0.2)
        fault = np.zeros(5, np.int64)
        found = sound(1, balances, minted, AGENTS, fault)
        locked = any(balances[1, account(i, ESCROW, AGENTS)] for i in range(AGENTS))
        expected = NOT_MINTED if minted[1] != balances[1].sum() else IN_ESCROW if locked else SOUND
        assert (found, fault[0]) == (expected == SOUND, expected)
        seen.add(expected)
    assert seen == {SOUND, NOT_MINTED, IN_ESCROW}


def test_a_transfer_is_whole_or_not_at_all():
    generator = np.random.default_rng(1)
    done = 0
    for _ in range(3000):
        books, minted = generator.integers(0, 4, (2, 6)), np.zeros(2, np.int64)
        source, target, amount = generator.integers(-2, 7, 3).tolist()
        before = books.copy()
        applied = post(books, minted, 1, source, target, amount)
        possible = (
            amount > 0 and 0 <= target < 6 and (source == NOWHERE or (0 <= source < 6 and before[1, source] >= amount))
        )
        assert applied == possible
        if applied:
            before[1, target] += amount
            before[1, source] -= amount if source != NOWHERE else 0
            done += 1
        np.testing.assert_array_equal(books, before)
        assert minted[1] == (amount if applied and source == NOWHERE else 0)
    assert done > 300


def test_a_tick_begins_everywhere_and_writes_what_was_moved():
    books, facts = new_books(3, num_accounts(AGENTS), 2), np.array([[0, 0], [0, 9], [0, 0]])
    words, cursor = np.zeros(100, np.int64), np.zeros(2, np.int64)
    begin_tick(facts, tuple(books), (words, cursor, np.zeros(1, np.int64)))
    assert books.tick.tolist() == [1, 1, 1]
    assert books.op.tolist() == [0, 1, 0]
    assert cursor[1] == 1
    np.testing.assert_array_equal(books.facts, facts)
    assert books.balances.shape[1] == AGENT_ACCOUNTS * AGENTS + 4


def test_the_store_waits_for_the_disk(tmp_path):
    a_log(tmp_path / "log.db", 1)
    with Store.write(tmp_path / "log.db") as store:
        asked = {
            name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        }
        assert asked == {"synchronous": 2, "journal_mode": "wal"}
        assert store._connection.in_transaction, "nobody else may write"


def test_the_next_difference_is_found_wherever_it_is():
    generator, find = np.random.default_rng(0), plain(next_difference)
    for length in (0, 1, 63, 64, 65, 200):
        for changed in (0, 1, 3):
            ours = generator.integers(-(2**62), 2**62, (2, length))
            theirs = ours.copy()
            for at in generator.integers(0, length, changed if length else 0):
                theirs[1, at] ^= np.int64(-(2**63)) if generator.random() < 0.5 else np.int64(1)
            expected = [*np.flatnonzero(ours[1] != theirs[1]).tolist(), length]
            found, first = [], 0
            while not found or found[-1] < length:
                found.append(find(1, ours, theirs, first))
                first = found[-1] + 1
            assert found == expected
            assert find(0, ours, theirs, 0) == length


def test_money_comes_in_with_any_part_that_opens_an_episode_and_with_nothing_else():
    """A pool of credit is new money too, brought in by an operation of its own."""
    scenario = econo_env.load(Path(__file__).parents[2] / "configs" / "scenarios" / "second_price_staking.yaml")
    scenario = scenario.replace(economy={**scenario.economy, "audit": {}})
    header = header_of(scenario, dict(scenario.program().sizes), 0, 1, 10)
    begins = [kind for kind in header.kinds[FIRST_OPERATION:] if kind.endswith(".open")]
    assert "credit.open" in begins
    assert header.kinds[FIRST_OPERATION : header.openings] == tuple(begins)
