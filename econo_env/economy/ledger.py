"""Double-entry ledger of one market: every credit is in exactly one account, and no account is negative.

A row of balances holds the system accounts first, then all agents' free accounts, all their escrow accounts, all their
bonded and all their pledged accounts; a bond answers for one contract, a pledge for conduct. Then what is on its way
out of their pledge and still answers for them, what waits for a judgement, and what debts are owed on. Money enters by
`mint` alone, when an episode starts; everything else is a transfer.
"""

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Int64s

PRINCIPAL = 0
TREASURY = 1
BURN = 2
INSURANCE = 3
SYSTEM_NAMES = ("house", "treasury", "burn", "insurance")
SYSTEM_ACCOUNTS = len(SYSTEM_NAMES)
NOWHERE = -1
"""Where new money comes from, in a journal."""

FREE = 0
ESCROW = 1
BONDED = 2
PLEDGED = 3
UNBONDING = 4
PENDING = 5
COLLATERAL = 6
AGENT_NAMES = ("free", "escrow", "bonded", "pledged", "unbonding", "pending", "collateral")
AGENT_ACCOUNTS = len(AGENT_NAMES)


def num_accounts(num_agents: int) -> int:
    """Accounts of a market with that many agents."""
    return SYSTEM_ACCOUNTS + AGENT_ACCOUNTS * num_agents


@compiled
def account(agent: int, kind: int, num_agents: int) -> int:
    """Where an agent's account of that kind stands in a row of balances."""
    return SYSTEM_ACCOUNTS + kind * num_agents + agent


def balances_of(balances: Int64s, kind: int) -> Int64s:
    """All agents' balances of one kind, a view of shape (..., agents) of balances (..., accounts)."""
    num_agents = (balances.shape[-1] - SYSTEM_ACCOUNTS) // AGENT_ACCOUNTS
    first = account(0, kind, num_agents)
    return balances[..., first : first + num_agents]


@compiled
def mint(balances: Int64s, target: int, amount: int) -> int:
    """Brings new money into an account and returns the amount, for the record of what was minted."""
    balances[target] += amount
    return amount


@compiled
def transfer(balances: Int64s, source: int, target: int, amount: int) -> bool:
    """Moves money between accounts, both sides or neither.

    Args:
        balances: One market's accounts in micro-credits, shape (accounts,).
        source: Account to debit.
        target: Account to credit.
        amount: Micro-credits, not negative.

    Returns:
        Whether it was done: never when the amount is negative or more than the source holds.
    """
    if amount < 0 or balances[source] < amount:
        return False
    balances[source] -= amount
    balances[target] += amount
    return True
