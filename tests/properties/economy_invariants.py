"""What must hold of an economy after every tick, by its journal, beside `econo_env.economy.invariants`.

`Books` keeps accounts of its own from the first tick on and posts every transfer of the journal to them one by one:
what the engine holds must be what follows from the transfers, each applied once, and no transfer may overdraw an
account or go where its operation has nothing to do. It asks for the list I1 to I12 too, and looks at masks, rewards and
breakers.
"""

import numpy as np

from econo_env.economy.invariants import violations
from econo_env.economy.ledger import (
    AGENT_ACCOUNTS,
    AGENT_NAMES,
    BONDED,
    ESCROW,
    NOWHERE,
    PLEDGED,
    SYSTEM_ACCOUNTS,
    SYSTEM_NAMES,
    balances_of,
)
from econo_env.economy.stake_invariants import stake_violations
from econo_env.economy.tick import operations
from econo_env.money import to_money
from tests.economy.played import wealth

ALLOWED = {
    "ledger.open": {("new", "house"), ("new", "free")},
    "ledger.post": {("free", "house"), ("bonded", "house"), ("escrow", "house"), ("house", "free")},
    "staking.lock": {("free", "escrow")},
    "staking.bind": {("escrow", "bonded"), ("escrow", "free")},
    "staking.release": {("escrow", "free"), ("bonded", "free")},
    "default.default": {("bonded", "house"), ("bonded", "treasury"), ("bonded", "burn")},
    "incentives.post": {("house", "free")},
    "enforcement.open": {("free", "pledged")},
    "enforcement.reputation": {("pledged", "burn"), ("pledged", "insurance"), ("unbonding", "pledged")},
    "bonding.maturities": {("unbonding", "free"), ("free", "pledged"), ("pledged", "unbonding")},
    "evidence.eligibility": {("free", "treasury"), ("free", "pending")},
    "evidence.reputation": {
        *(("pledged", "house"), ("pledged", "free"), ("pledged", "burn"), ("pledged", "insurance")),
        *(("pending", "free"), ("unbonding", "pledged")),
        *(("bonded", "house"), ("bonded", "free")),  # contracts of those who are banned, where they last
    },
    "identities.open": {("free", "treasury")},
    "identities.renew": {("free", "treasury")},
    "enforcement.renew": {("free", "pledged")},
    "newcomers.reputation": {*((kind, "house") for kind in AGENT_NAMES), ("house", "free")},
    "fees.post": {("free", "treasury"), ("bonded", "treasury")},
    "downtime.reputation": {("pledged", "burn"), ("pledged", "insurance"), ("unbonding", "pledged")},
    "insurance.open": {("new", "insurance")},
    "insurance.bind": {("free", "insurance")},
    "insurance.post": {("insurance", "free")},
    "appeals.lock": {("free", "treasury")},
    "credit.open": {("new", "treasury")},
    "credit.faults": {("free", "treasury"), ("collateral", "treasury")},
    "credit.maturities": {("free", "collateral"), ("collateral", "free")},
    "credit.strike": {("treasury", "free")},
    "credit.release": {("free", "treasury")},
    "breakers.settle": {("free", "treasury"), ("bonded", "treasury")},
    "breakers.vet": {("free", "treasury"), ("bonded", "treasury")},
}
"""Where each operation may take money from and bring it to (I9, I11): whatever is not here must not move any."""
REWARDING = "evidence.reputation"
"""The one operation that brings an agent's money to another: the reward of a reporter."""


class ViolationError(AssertionError):
    """An invariant does not hold."""


def require(holds, what):
    """Raises where something does not hold anywhere."""
    if not np.all(holds):
        raise ViolationError(f"{what}: in {np.size(holds) - np.count_nonzero(holds)} of {np.size(holds)} places")


class Books:
    """Accounts kept from the journal alone.

    Attributes:
        postings: Transfers posted so far.
    """

    def __init__(self, engine):
        self.engine, self.postings = engine, 0
        agents = engine.num_agents
        self.names = operations(list(engine.scenario.parts()))
        stages = [name.rpartition(".")[2] for name in self.names]  # parts of one stage take turns by agent
        self.stage = np.array([list(dict.fromkeys(stages)).index(stage) for stage in stages])
        self.places = [*SYSTEM_NAMES, *(name for name in AGENT_NAMES for _ in range(agents)), "new"]
        self.agent = np.concatenate([np.full(SYSTEM_ACCOUNTS, -1), np.tile(np.arange(agents), AGENT_ACCOUNTS)])
        kinds = list(dict.fromkeys(self.places))
        self.kind = np.array([kinds.index(place) for place in self.places])  # NOWHERE is the last
        self.allowed = np.zeros((len(self.names), len(kinds), len(kinds)), dtype=bool)
        for at, name in enumerate(self.names):
            for source, target in ALLOWED.get(name, ()):
                self.allowed[at, kinds.index(source), kinds.index(target)] = True
        self.rewards = np.array([name == REWARDING for name in self.names])
        self.balances = np.zeros_like(engine.world.ledger.balances)

    def copied(self, engine):
        """The same books for a copy of the engine."""
        other = Books(engine)
        other.balances = self.balances.copy()
        return other

    def opened(self, mask):
        """New episodes have begun where `mask`: empty accounts, then what the journal says."""
        self.balances[mask] = 0
        self._post(mask, opening=True)
        self._compare(None)

    def ticked(self, before):
        """A tick has passed; `before` is a copy of the world from before it."""
        everywhere = np.ones(self.engine.num_markets, dtype=bool)
        sums = self._post(everywhere, opening=False)
        self._compare(before)
        self._check_award(before, *sums)
        self._check_conduct(before)
        self._check_breakers(before)

    def _post(self, mask, opening):
        """Posts the journal; what went into escrow and out, and what was slashed of bonds, (markets, agents)."""
        journal = self.engine.world.ledger.journal
        made = np.where(mask, journal.made, 0)
        require(made <= journal.amount.shape[1], "the journal has room for all transfers")
        into, out, slashed = (np.zeros((len(mask), self.engine.num_agents), dtype=np.int64) for _ in range(3))
        last = np.zeros(len(mask), dtype=np.int64)
        for at in range(int(made.max(initial=0))):
            rows = np.flatnonzero(made > at)
            reason, amount = journal.reason[rows, at], journal.amount[rows, at]
            source, target = journal.source[rows, at], journal.target[rows, at]
            require(amount > 0, "I2 a transfer moves something")
            require(self.stage[reason] >= last[rows], "I4 operations come in the order of the tick, each once")
            last[rows] = self.stage[reason]
            odd = np.flatnonzero(~self.allowed[reason, self.kind[source], self.kind[target]])
            for one in odd[:1]:
                ends = f"{self.places[source[one]]} to {self.places[target[one]]}"
                raise ViolationError(f"I9 {self.names[reason[one]]} moves from {ends}")
            require((source != NOWHERE) | opening, "I1 new money comes at the start of an episode alone")
            paid = source != NOWHERE
            self.balances[rows[paid], source[paid]] -= amount[paid]
            self.balances[rows, target] += amount
            require(self.balances[rows[paid], source[paid]] >= 0, "I2 no account is overdrawn at any time in a tick")
            own = paid & (source >= SYSTEM_ACCOUNTS) & (target >= SYSTEM_ACCOUNTS) & ~self.rewards[reason]
            require(self.agent[source[own]] == self.agent[target[own]], "I9 no agent's money becomes another's")
            for sums, chosen, of in (
                (into, self._is(target, ESCROW), target),
                (out, self._is(source, ESCROW), source),
                (slashed, self._is(source, BONDED) & (target < SYSTEM_ACCOUNTS), source),
            ):
                sums[rows[chosen], self.agent[of[chosen]]] += amount[chosen]
        self.postings += int(made.sum())
        return into, out, slashed

    def _is(self, account, kind):
        return self.kind[account] == self.kind[SYSTEM_ACCOUNTS + kind * self.engine.num_agents]

    def _compare(self, before):
        world = self.engine.world
        require(self.balances == world.ledger.balances, "I10 the accounts are what the transfers make them")
        found = violations(self.engine.scenario, world, before)
        if before is not None and "bonding" in world._fields:
            found += stake_violations(self.engine.scenario, world, before)
        if found:
            raise ViolationError("; ".join(found))

    def _check_award(self, before, into, out, slashed):
        world, award = self.engine.world, self.engine.world.market.award
        require(into == out, "I12 what is locked is resolved once")
        bonded = balances_of(world.ledger.balances, BONDED)
        if "lasting_contracts" in world._fields:
            require(bonded == world.staking.held, "I3 what stays bound is behind contracts")
            require(slashed <= world.staking.locked + before.staking.held, "I5 no more is slashed than was locked")
        else:
            require(award.pays <= award.exposure, "nothing costs more than was exposed")
            require(bonded == 0, "I8 nothing is bound after the settlement")
        if "staking" in world._fields:
            require(into == world.staking.locked, "what is locked is what stands behind the bid")
        gained = wealth(world) - wealth(before)
        if "credit" in world._fields:  # what is lent is no gain
            gained -= world.credit.debt - before.credit.debt
        if "identities" in world._fields:  # dues, paid when the episode began, come out of the first reward
            dues = int(to_money(self.engine.scenario.economy["identities"].dues))
            gained -= np.where(before.market.tick == 0, dues, 0)[:, None]
        fresh = np.zeros_like(into, dtype=bool)
        if "newcomers" in world._fields:  # another one sits in the slot, with money of its own
            fresh = world.newcomers.born
            gained -= world.newcomers.brought
        gap = self.engine.buffers.rewards - (award.worth + gained) / 1e6
        require(np.abs(gap) <= 1e-9, "rewards are worth and what the own accounts gained")
        if "enforcement" in world._fields:
            kept = balances_of(world.ledger.balances, PLEDGED) + world.enforcement.forfeited
            require(world.enforcement.forfeited >= 0, "I5 a pledge is not grown by slashing")
            if "bonding" not in world._fields:
                require(
                    fresh | (kept == balances_of(before.ledger.balances, PLEDGED)),
                    "I5 a pledge shrinks by what is forfeited",
                )

    def _check_conduct(self, before):
        world, mask = self.engine.world, self.engine.buffers.action_mask
        if "conduct" in world._fields:
            require(~mask | ~world.conduct.banned, "I6 the banned may not act")
            require(world.market.award.units[before.conduct.banned] == 0, "I6 the banned win nothing")
        if "reputation" in world._fields:
            known = world.reputation
            require((known.positive >= 0) & (known.negative >= 0), "evidence is not negative")
            require((known.bound > 0) & (known.bound < 1), "a bound is a share")
        if "newcomers" in world._fields:
            slots = world.newcomers
            require(~(mask & slots.vacant), "nobody acts in a vacant slot")
            require(world.market.award.units[before.newcomers.vacant] == 0, "a vacant slot wins nothing")
            require(slots.vacant == (world.identities.status > 0) & ~world.conduct.banned, "a slot is vacant or taken")
            require(slots.expected <= self.engine.scenario.economy["newcomers"].most, "no more come in than may")
            if "reputation" in world._fields:
                require(world.reputation.positive[slots.born] == 0, "nothing is known of newcomers")
        if "enforcement" in world._fields:
            jailed = world.market.tick[:, None] < world.enforcement.free_again
            require(~mask | ~jailed, "who is in jail may not act")

    def _check_breakers(self, before):
        world = self.engine.world
        if "breakers" in world._fields:
            halted = np.isin(world.breakers.mode, (1, 3))
            require(~self.engine.buffers.action_mask[halted], "nobody acts in a halted market")
            require(world.market.award.units[world.breakers.voided] == 0, "what is voided is not handed over")
            if "lasting_contracts" in world._fields:  # what was won before is paid, and nothing begins
                begun = world.lasting_contracts.opened != before.lasting_contracts.opened
                require(~begun[world.breakers.voided], "what is voided does not begin")
            else:
                require(world.market.award.pays[world.breakers.voided] == 0, "what is voided is not paid")
