"""Accounts and facts in words."""

from econo_env.audit.header import Header
from econo_env.economy.ledger import AGENT_NAMES, NOWHERE, SYSTEM_ACCOUNTS, SYSTEM_NAMES


def agent_of(account: int, num_agents: int) -> int | None:
    """The agent whose account it is, None for those of the system."""
    return None if account < SYSTEM_ACCOUNTS else (account - SYSTEM_ACCOUNTS) % num_agents


def account_name(account: int, num_agents: int, agents: tuple[str, ...] | None = None) -> str:
    """`house`, `agent_3.free`, or with the names of agents `bidder_3.free`."""
    if account == NOWHERE:
        return "new money"
    agent = agent_of(account, num_agents)
    if agent is None:
        return SYSTEM_NAMES[account]
    name = f"agent_{agent}" if agents is None else agents[agent]
    return f"{name}.{AGENT_NAMES[(account - SYSTEM_ACCOUNTS) // num_agents]}"


def fact_name(header: Header, place: int) -> str:
    """`reputation.bound[3]`, or of the market `breakers.mode`."""
    fact, agent = header.fact_at(place)
    return f"{fact.part}.{fact.column}" + ("" if agent is None else f"[{agent}]")
