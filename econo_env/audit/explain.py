"""Why an operation took place: what led to it and what followed from it, in plain words."""

from pathlib import Path

from econo_env.audit.events import ACTIONS, AWARD, BID, EVERYWHERE, FACT, FIRST_OPERATION, GENESIS, OPENING, POLICY
from econo_env.audit.header import Header
from econo_env.audit.names import account_name
from econo_env.audit.rows import Event, checked_ticks, events_of, from_bits, value_of
from econo_env.audit.store import AuditError
from econo_env.money import CREDIT

_TITLES = {
    BID: "bids",
    AWARD: "what the auction decided",
    FACT: "what is remembered",
    POLICY: "what was moved before the tick",
}
_FEW = 8
"""Agents of an operation whose chains are told one by one."""


def explain(op: str, path: str | Path, agents: tuple[str, ...] | None = None) -> str:
    """The causal chain of an operation: all that the tick did with the agents that it is about, in order.

    Args:
        op: `MARKET.EPISODE.TICK.OP`, with `.AGENT` behind it for one agent alone; or the seq of an event.
        path: The log.
        agents: Names of the agents in seat order, `agent_0`, ... by default.

    Raises:
        ValueError: `op` has another form, or there is no such operation.
        AuditError: The log cannot be trusted or read.
    """
    wanted, only = _parsed(op)
    for header, tick in checked_ticks(path):
        if isinstance(wanted, int) and wanted >= tick.next_seq:
            continue
        events = list(events_of(tick))
        found = next((event for event in events if wanted in (event.seq, event.op_id)), None)
        if found is not None:
            names = agents or tuple(f"agent_{i}" for i in range(header.num_agents))
            if only is not None and only >= header.num_agents:
                raise AuditError(f"op {op!r}: the market has agents 0 to {header.num_agents - 1}")
            return _Story(header, names, found, only).tell(_of_one_market(events, found))
    raise AuditError(f"{path} has no operation {op!r}: give MARKET.EPISODE.TICK.OP as `export` lists them, or a seq")


def _parsed(op: str) -> tuple[str | int, int | None]:
    parts = op.split(".")
    if op.startswith("log.") and all(part.isdecimal() for part in parts[1:]) and len(parts) == 3:
        return op, None
    if not all(part.isdecimal() for part in parts) or len(parts) not in (1, 4, 5):
        raise AuditError(
            f"op {op!r}: give MARKET.EPISODE.TICK.OP, such as 0.0.3.2, with .AGENT for one agent, or a seq"
        )
    if len(parts) == 1:
        return int(op), None
    return ".".join(parts[:4]), int(parts[4]) if len(parts) == 5 else None


def _of_one_market(events: list[Event], found: Event) -> list[Event]:
    same = (found.market, found.episode, found.tick)
    return [event for event in events if (event.market, event.episode, event.tick) == same]


class _Story:
    """Tells what an operation is part of."""

    def __init__(self, header: Header, names: tuple[str, ...], found: Event, only: int | None) -> None:
        self.header, self.names, self.found = header, names, found
        self.about = found.agents(header) if only is None else {only}

    def tell(self, events: list[Event]) -> str:
        found = self.found
        title = f"{found.op_id}, event {found.seq}: {self._title(found)}"
        if found.market == EVERYWHERE:
            return title
        where = f"Market {found.market}, episode {found.episode}, tick {found.tick}"
        if not self.about:  # of the market as a whole
            own = self._lines(found, set(range(self.header.num_agents)))
            return "\n".join([title, f"{where}.", *(f"-> {found.op_id}  {line}" for line in own)])
        shown = sorted(self.about)[:_FEW]
        lines = [title, f"{where}, what happened with {', '.join(self.names[agent] for agent in shown)}:"]
        for event in events:
            mark = "->" if event.seq == found.seq else "  "
            lines += [f"{mark} {event.op_id}  {line}" for line in self._lines(event, set(shown))]
        if len(self.about) > _FEW:
            lines.append(
                f"   ... and {len(self.about) - _FEW} more agents: add .AGENT to the operation for one of them"
            )
        return "\n".join(lines)

    def _title(self, event: Event) -> str:
        if event.kind == GENESIS:
            return f"the log begins, of {self.header.num_markets} market(s) of {self.header.scenario.get('id')}"
        if event.kind == ACTIONS:
            return f"the actions of all agents in tick {event.tick} of the log"
        if event.kind == OPENING:
            return f"episode {event.episode} begins with empty accounts"
        if event.kind in _TITLES:
            return f"{_TITLES[event.kind]}, {len(event.numbers)} entries"
        if event.kind >= FIRST_OPERATION:
            return f"{self.header.kinds[event.kind]}, {len(event.numbers)} transfer(s)"
        return "a snapshot of the state, by its hash"

    def _lines(self, event: Event, agents: set[int]) -> list[str]:
        """What an event says of agents."""
        if event.kind == OPENING:
            return ["the episode begins"]
        said = []
        for numbers in event.numbers.tolist():
            agent, line = self._line(event.kind, numbers)
            if agents & agent:
                said.append(line)
        return said

    def _line(self, kind: int, numbers: list[int]) -> tuple[set[int], str]:
        if kind == BID:
            agent, exposure = numbers
            return {agent}, f"bid: {self.names[agent]} bids what can cost it {_credits(exposure)} at most"
        if kind == AWARD:
            return {numbers[0]}, f"award: {self._award(*numbers)}"
        if kind in (FACT, POLICY):
            return self._fact(*numbers)
        amount, source, target = numbers
        where = [account_name(at, self.header.num_agents, self.names) for at in (source, target)]
        agents = {at for at, name in enumerate(self.names) if any(place.startswith(f"{name}.") for place in where)}
        return agents, f"{self.header.kinds[kind]}: {_credits(amount)} from {where[0]} to {where[1]}"

    def _fact(self, place: int, bits: int) -> tuple[set[int], str]:
        fact, agent = self.header.fact_at(place)
        value = value_of(self.header, place, bits)
        said = fact.words.format(value=f"{value:.6g}")
        no = "no longer: " if "{value}" not in fact.words and not value else ""
        if agent is None:  # the whole market has to do with it
            return set(range(self.header.num_agents)), f"{fact.part}: {no}{said}"
        return {agent}, f"{fact.part}: {self.names[agent]}: {no}{said}"

    def _award(self, agent: int, pays: int, units: int, worth: int) -> str:
        gets = f"gets {units} unit(s)" if units >= 0 else f"gives {-units} unit(s)"
        owes = f"pays {_credits(pays)}" if pays >= 0 else f"receives {_credits(-pays)}"
        gain = from_bits(worth) * CREDIT
        return f"{self.names[agent]} {gets} and {owes}; to itself the goods are worth {gain:.6f} credits"


def _credits(amount: int) -> str:
    return f"{amount * CREDIT:.6f} credits"
