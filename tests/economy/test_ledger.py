"""The ledger conserves money and never goes negative, whatever is asked of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.ledger import (
    AGENT_ACCOUNTS,
    SYSTEM_ACCOUNTS,
    account,
    mint,
    num_accounts,
    transfer,
)

NUM = num_accounts(3)
amounts = st.integers(-(10**12), 10**12)
operations = st.lists(st.tuples(st.integers(0, NUM - 1), st.integers(0, NUM - 1), amounts), max_size=60)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.integers(0, 10**12), min_size=NUM, max_size=NUM), operations)
def test_any_sequence_of_transfers_conserves_money_and_stays_non_negative(start, sequence):
    balances = np.array(start, dtype=np.int64)
    minted = int(balances.sum())
    for source, target, amount in sequence:
        before = balances.copy()
        done = transfer(balances, source, target, amount)
        assert done == (0 <= amount <= before[source])
        if not done:
            assert np.array_equal(balances, before)
        assert balances.sum() == minted
        assert (balances >= 0).all()


def test_a_transfer_debits_one_account_and_credits_the_other():
    balances = np.zeros(NUM, dtype=np.int64)
    assert mint(balances, 0, 100) == 100
    assert transfer(balances, 0, 5, 30)
    assert balances[0] == 70
    assert balances[5] == 30


def test_every_account_has_its_own_place():
    places = {account(agent, kind, 50) for agent in range(50) for kind in range(AGENT_ACCOUNTS)}
    assert len(places) == 50 * AGENT_ACCOUNTS
    assert min(places) == SYSTEM_ACCOUNTS
    assert max(places) == num_accounts(50) - 1


@pytest.mark.parametrize("amount", [-1, 11])
def test_a_negative_or_uncovered_transfer_is_refused(amount):
    balances = np.array([10, 0], dtype=np.int64)
    assert not transfer(balances, 0, 1, amount)
    assert balances.tolist() == [10, 0]
