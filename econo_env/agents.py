"""Names of agents: the role and a number within it, counted from 0, such as `buyer_0`, `buyer_1`, `seller_0`."""

from collections import Counter
from collections.abc import Hashable, Iterable

BIDDER, SUPPLIER = "bidder", "supplier"
"""The roles where all agents stand on one side: they buy, or work for a reward; they sell to one buyer."""


def named(roles: Iterable[str]) -> tuple[str, ...]:
    """The agents' names in seat order, from the role of each seat."""
    seen: Counter[str] = Counter()
    names = []
    for role in roles:
        names.append(f"{role}_{seen[role]}")
        seen[role] += 1
    return tuple(names)


def role_of(agent: str) -> str:
    """The role in an agent's name: `buyer` of `buyer_0`."""
    return agent.rpartition("_")[0]


def by_role(agents: Iterable[str]) -> dict[str, list[str]]:
    """Agents grouped by role, in order of first appearance: a `group_map` for trainers that take one."""
    groups: dict[str, list[str]] = {}
    for agent in agents:
        groups.setdefault(role_of(agent), []).append(agent)
    return groups


def grouped(kinds: Iterable[Hashable]) -> tuple[tuple[int, ...], ...]:
    """Seats of one kind, group by group, in order of first appearance; `kinds` has one entry a seat."""
    groups: dict[Hashable, list[int]] = {}
    for seat, kind in enumerate(kinds):
        groups.setdefault(kind, []).append(seat)
    return tuple(tuple(seats) for seats in groups.values())
