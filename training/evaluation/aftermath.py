"""What comes to light of a forged proof after its tick, where others report what they have seen (`evidence`)."""

from dataclasses import dataclass

import numpy as np

from econo_env.economy.invariants import violations
from econo_env.economy.ledger import BONDED, PLEDGED, PRINCIPAL, UNBONDING, account, balances_of
from econo_env.economy.parts import audit, evidence
from econo_env.economy.slashing import BYZANTINE_FAULT
from econo_env.economy.tick import operations
from econo_env.economy.unbonding import SETTLED
from econo_env.engine.engine import Engine
from econo_env.engine.state import Bools, Int64s, each_array
from econo_env.policies import make_policy
from econo_env.scenario import Scenario

_SETTLES = f"{evidence.PART.name}.reputation"


@dataclass
class Aftermath:
    """What followed a fault in each market, arrays (markets,).

    Attributes:
        convicted: Its author was convicted on what others saw of it.
        recovered: Micro-credits that the house has had since out of its author's stake.
        sound: No invariant was broken until then.
    """

    convicted: Bools
    recovered: Int64s
    sound: Bools


def traced(scenario: Scenario) -> Scenario:
    """The scenario with a journal of its transfers where faults may be reported later; play is the same to the bit."""
    parts = scenario.parts()
    if evidence.PART not in parts or audit.PART in parts:
        return scenario
    return scenario.replace(economy={**(scenario.economy or {}), "audit": {}})


def answers_with(engine: Engine) -> Int64s:
    """Micro-credits of each agent that a fault of this tick can reach, (markets, agents); 0 without evidence."""
    if "evidence" not in engine.world._fields:
        return np.zeros((engine.num_markets, engine.num_agents), dtype=np.int64)
    balances = engine.world.ledger.balances
    return np.asarray(balances_of(balances, PLEDGED) + balances_of(balances, UNBONDING), dtype=np.int64)


def broken(scenario: Scenario, world: object, before: object, markets: int) -> Bools:
    """In which markets an invariant of the economy does not hold, (markets,)."""
    found = np.zeros(markets, dtype=np.bool_)
    for sentence in violations(scenario, world, before):
        found[int(sentence.split("market ")[1].split(":")[0])] = True
    return found


def follow(engine: Engine, offender: Int64s, offence: Int64s) -> Aftermath:
    """Plays on honestly until what was done can no longer be punished, or the episode ends; `engine` moves on.

    Args:
        engine: Just after the tick of the fault, of a scenario with `evidence` and a journal.
        offender: Who did it, (markets,).
        offence: In which tick, (markets,).
    """
    scenario, k = engine.scenario, np.arange(engine.num_markets)
    section, truthful = scenario.parts()[evidence.PART], make_policy("truthful", scenario)
    assert isinstance(section, evidence.EvidenceSection)
    after = Aftermath(
        np.zeros(len(k), dtype=np.bool_), np.zeros(len(k), dtype=np.int64), np.ones(len(k), dtype=np.bool_)
    )
    live = ~engine.buffers.ended
    for _ in range(section.age + section.dispute + 1):
        if not live.any():
            break
        before = each_array(engine.world, np.copy)
        engine.step(truthful.act(engine.buffers.observations, engine.buffers.action_mask), where=live)
        now = live & _convicted_now(engine, offender, offence)
        after.convicted |= now
        after.recovered += np.where(now, _recovered(engine, offender), 0)
        after.sound &= ~(live & broken(scenario, engine.world, before, len(k)))
        live = live & ~engine.buffers.ended
    return after


def _convicted_now(engine: Engine, offender: Int64s, offence: Int64s) -> Bools:
    """Where the last tick has convicted the offender of a forged proof of that tick."""
    world, k = engine.world, np.arange(engine.num_markets)
    docket = world.enforcement.docket
    case = (docket.status == SETTLED) & (docket.operation == (offence * engine.num_agents + offender)[:, None])
    case &= world.evidence.violation == BYZANTINE_FAULT
    return np.asarray(case.any(axis=1) & world.evidence.convicted[k, offender] & world.conduct.banned[k, offender])


def _recovered(engine: Engine, offender: Int64s) -> Int64s:
    """Micro-credits that the house had of the offender's stake by the last tick's convictions, (markets,)."""
    journal, agents = engine.world.ledger.journal, engine.num_agents
    sources = [np.array([account(i, kind, agents) for i in offender])[:, None] for kind in (PLEDGED, BONDED)]
    settles = list(operations(list(engine.scenario.parts()))).index(_SETTLES)
    made = np.arange(journal.amount.shape[1]) < journal.made[:, None]
    made &= (journal.reason == settles) & (journal.target == PRINCIPAL)
    made &= (journal.source == sources[0]) | (journal.source == sources[1])
    return np.asarray(np.where(made, journal.amount, 0).sum(axis=1), dtype=np.int64)
