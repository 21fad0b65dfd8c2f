"""Convictions: what agents answer with for an offence, and how it is taken from them.

Stake on its way out goes first, as `econo_env.economy.unbonding` says; slashed value goes where
`econo_env.economy.slashing` says.
"""

from typing import Any

from econo_env.economy.ledger import BURN, FREE, INSURANCE, PLEDGED, PRINCIPAL, UNBONDING, account
from econo_env.economy.parts.ledger import move
from econo_env.economy.proportions import MILLION
from econo_env.economy.slashing import add_to_window, slash, split_slash
from econo_env.economy.unbonding import Queue, reachable, take_leaving
from econo_env.engine.compiled import compiled


@compiled
def _reach(k: int, i: int, offence: int, bonded: int, leaving: Queue | None) -> int:
    if leaving is None:
        return bonded
    return int(reachable(k, i, offence, bonded, leaving))


@compiled
def at_stake(k: int, i: int, offence: int, world: Any) -> int:
    """What agent i answers with for an offence at that tick: its pledge, and what began to leave at it or later."""
    bonded = world.ledger.balances[k, account(i, PLEDGED, world.enforcement.barred.shape[1])]
    return _reach(k, i, offence, bonded, world.enforcement.leaving)


@compiled
def _call_back(k: int, i: int, offence: int, amount: int, ledger: Any, leaving: Queue | None) -> None:
    """Puts back under the pledge what a slash takes of what is on its way out, which goes first."""
    if leaving is None:
        return
    agents = leaving.amount.shape[1]
    taken = take_leaving(k, i, offence, amount, leaving)
    move(k, ledger, account(i, UNBONDING, agents), account(i, PLEDGED, agents), taken)


@compiled
def forfeit(
    k: int, i: int, amount: int, offence: int, loss: int, reporter: int, reward: int, world: Any, params: Any
) -> None:
    """Takes so much of what agent i answers with for an offence.

    Args:
        k: The market.
        i: The agent.
        amount: Micro-credits, at most `at_stake`.
        offence: Tick of the offence.
        loss: Micro-credits that the house lost by it, which come first.
        reporter: Who is rewarded; -1 for nobody.
        reward: Parts per million of what the house leaves that the reporter gets.
        world: The world.
        params: The constants of `enforcement`.
    """
    agents = world.enforcement.barred.shape[1]
    pledged = account(i, PLEDGED, agents)
    _call_back(k, i, offence, amount, world.ledger, world.enforcement.leaving)
    split = split_slash(amount, loss, MILLION, reward if reporter >= 0 else 0, params.burned)
    move(k, world.ledger, pledged, PRINCIPAL, split.victim)
    if reporter >= 0:
        move(k, world.ledger, pledged, account(reporter, FREE, agents), split.reporter)
    move(k, world.ledger, pledged, BURN, split.burned)
    move(k, world.ledger, pledged, INSURANCE, split.insurance)
    world.enforcement.forfeited[k, i] += amount
    world.enforcement.stirred[k] = world.market.tick[k]


@compiled
def convict(
    k: int, i: int, rate: int, staked: int, offence: int, loss: int, reporter: int, reward: int, world: Any, params: Any
) -> int:
    """Slashes and jails agent i for an offence, and notes it for a surcharge; returns what it lost, micro-credits.

    Args:
        k: The market.
        i: The agent.
        rate: Parts per million.
        staked: What they are parts of, micro-credits.
        offence: Tick of the offence.
        loss: As `forfeit` takes it.
        reporter: As `forfeit` takes it.
        reward: As `forfeit` takes it.
        world: The world.
        params: The economy's constants.
    """
    enforcement, constants, tick = world.enforcement, params.enforcement, world.market.tick[k]
    amount = min(slash(staked, rate), at_stake(k, i, offence, world))
    forfeit(k, i, amount, offence, loss, reporter, reward, world, constants)
    add_to_window(enforcement.window[k], tick, amount)
    enforcement.free_again[k, i] = max(enforcement.free_again[k, i], tick + 1 + constants.jail)
    enforcement.joint[k, (tick + constants.wait) % enforcement.joint.shape[1], i] = True
    return amount
