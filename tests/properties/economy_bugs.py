"""Faults planted in rules of the economy, one after the other, in plain Python: the random machine must find each."""

import inspect
import sys
import textwrap
from importlib import import_module

from econo_env.economy.part import PARTS
from tests.properties.economy_machine import search

PARTS_OF = "econo_env.economy.parts"
BUGS = (
    (
        "who is banned wins by what it accepted before",
        "econo_env.markets.coordination.request",
        "expel",
        "state.standing[k, i] = 0",
        "pass",
    ),
    (
        "an action that is none is effort",
        "econo_env.markets.coordination.auction",
        "engage",
        "0.0 <= effort <= 1.0 and not",
        "not",
    ),
    (
        "the banned may act while contracts last",
        "econo_env.economy.lasting.stages",
        "gate",
        "(full or world.conduct.banned[k, i])",
        "full",
    ),
    ("a transfer debits nobody", "econo_env.economy.ledger", "transfer", "balances[source] -= amount", "pass"),
    ("a transfer credits twice", "econo_env.economy.ledger", "transfer", "+= amount", "+= 2 * amount"),
    ("accounts may be overdrawn", f"{PARTS_OF}.staking", "lock", "stake = min(stake, free)", "stake = stake + free"),
    (
        "a transfer is written twice",
        f"{PARTS_OF}.ledger",
        "_note",
        "journal.made[k] = at + 1",
        "journal.made[k] = at + 2",
    ),
    ("stake of losers stays in escrow", f"{PARTS_OF}.staking", "release", "escrow, free, offered", "escrow, free, 0"),
    ("bonds stay bound", f"{PARTS_OF}.staking", "release", "bonded, free, done_with", "bonded, free, 0"),
    ("locks end early", f"{PARTS_OF}.staking", "release", " - held_of(k, i, world.staking.held)", ""),
    ("fees are not taken from stake", f"{PARTS_OF}.ledger", "post", "ESCROW, agents", "BONDED, agents"),
    (
        "a slash takes a little less",
        f"{PARTS_OF}.default",
        "keep_or_walk",
        "slashed_to, bond)",
        "slashed_to, bond // 2)",
    ),
    (
        "a slash leaves the free money",
        f"{PARTS_OF}.default",
        "keep_or_walk",
        "bonded, params",
        "bonded - agents, params",
    ),
    (
        "a bonus is new money",
        f"{PARTS_OF}.incentives",
        "reward_conduct",
        "move(k, world.ledger, PRINCIPAL, account(i, FREE, agents), bonus)",
        "world.ledger.balances[k, account(i, FREE, agents)] += bonus",
    ),
    (
        "the banned may act",
        f"{PARTS_OF}.contracts",
        "settle",
        "action_mask[k, winner] = False",
        "action_mask[k, winner] = True",
    ),
    (
        "the pledge is slashed twice",
        f"{PARTS_OF}.enforcement",
        "forfeit",
        "forfeited[k, i] += amount",
        "forfeited[k, i] += 2 * amount",
    ),
    ("the jailed may act", f"{PARTS_OF}.enforcement", "gate", "and not jailed\n", "\n"),
    ("what is slashed goes to the treasury", f"{PARTS_OF}.enforcement", "forfeit", "pledged, INSURANCE", "pledged, 1"),
    ("voided trades are paid", f"{PARTS_OF}.breakers", "void", "award.pays[k, i] = 0\n", "pass\n"),
    ("halted markets may act", f"{PARTS_OF}.breakers", "gate", "action_mask[k, i] and may\n", "action_mask[k, i]\n"),
    ("a new episode keeps old money", f"{PARTS_OF}.ledger", "open_accounts", "ledger.balances[k, at] = 0", "pass"),
    (
        "contracts of the convicted stay bonded",
        "econo_env.economy.lasting.settling",
        "post_broken",
        "- due)",
        "- due - 1)",
    ),
    (
        "a contract that never began keeps its number",
        f"{PARTS_OF}.withdrawal",
        "keep_or_walk",
        "lasting.opened[k] -= 1",
        "pass",
    ),
    (
        "newcomers are richer for nothing",
        f"{PARTS_OF}.newcomers",
        "come_in",
        "slots.brought[k, i] = endowment - taken",
        "slots.brought[k, i] = endowment",
    ),
    (
        "agents act in vacant slots",
        f"{PARTS_OF}.newcomers",
        "gate",
        "and not slots.vacant[k, i]",
        "",
    ),
    (
        "a slot into which somebody has come stays vacant",
        f"{PARTS_OF}.newcomers",
        "come_in",
        "slots.vacant[k, i], slots.born[k, i], slots.since[k, i] = False, True",
        "slots.vacant[k, i], slots.born[k, i], slots.since[k, i] = True, True",
    ),
    (
        "evidence against is taken away",
        f"{PARTS_OF}.reputation",
        "hear",
        "negative[k, i] + bad",
        "negative[k, i] - bad",
    ),
)
"""What is wrong then; the module and function; its text and what stands there instead."""
MOST = 400_000
"""Operations within which each must be found."""


def plant(module, name, old, new):
    """Puts a function with another text in the place of a rule; returns what takes it out again."""
    place = import_module(module)
    function = vars(place)[name]
    text = textwrap.dedent(inspect.getsource(function))
    if text.count(old) != 1:
        raise ValueError(f"{module}.{name}: {old!r} occurs {text.count(old)} times, once is needed")
    exec(compile(text.replace(old, new), place.__file__, "exec"), vars(place))  # our own text
    bad = vars(place)[name]
    users = [one for one in list(sys.modules.values()) if vars(one).get(name) is function] + [place]
    staged = [
        (part.stages, stage)
        for part in PARTS.rows().values()
        for stage, rule in part.stages.items()
        if rule is function
    ]

    def put(rule):
        for one in users:
            vars(one)[name] = rule
        for own, stage in staged:
            own[stage] = rule

    put(bad)
    return lambda: put(function)


def found(bug, most=MOST):
    """Whether the machine finds the fault within so many operations, and what it says."""
    _, module, name, old, new = bug
    take_out = plant(module, name, old, new)
    try:
        search(most, 0, 8, quiet=True)
    except Exception as problem:  # whatever goes wrong tells of it
        return f"{type(problem).__name__}: {problem}"
    finally:
        take_out()
    return ""


def find_all():
    """Prints what finds each fault; 1 where one is not found."""
    missed = 0
    for bug in BUGS:
        said = found(bug)
        missed += not said
        print(f"{'found' if said else 'MISSED'}  {bug[0]}: {said}", flush=True)
    print(f"{len(BUGS) - missed} of {len(BUGS)} planted faults found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(find_all())
