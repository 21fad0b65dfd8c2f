"""A random machine that drives economies: random parts around random auctions, random and invalid actions, snapshots,
restores, forks, resets of some markets, levers. `Books` checks every invariant after every tick.

    NUMBA_DISABLE_JIT=1 python -m tests.properties.economy_machine OPERATIONS [SEED] [MARKETS]
    NUMBA_DISABLE_JIT=1 python -m tests.properties.economy_machine bugs

An operation is a posting of the ledger or an action of an agent that a tick took in; both are counted and printed. In
plain Python thirty ticks of a scenario take less time than compiling it; compiled, with many markets, millions of
operations take seconds. `bugs` plants a fault in a rule, one after the other, and says which the machine finds.
"""

import sys
import time
from contextlib import suppress

import numpy as np

import econo_env
from econo_env.catalogue import from_mapping
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from tests.economy.lasting.test_invariants import random_contracts
from tests.economy.random_economies import EVERYTHING, IDS, draw
from tests.economy.staking.played import sections
from tests.economy.staking.test_invariants import drawn
from tests.properties.economy_invariants import Books, require

TICKS = 24
WORK = tuple(name for name in IDS if econo_env.load(name).kind.carries_contracts)
LEVERS = {"economy.staking.requirement": (0.0, 3.0), "mechanism.reserve": (0.0, 1.0)}


def random_scenario(rng, name):
    """An economy of random parts around a rule, with a journal: contracts that last, breakers, levers among them."""
    scenario = draw(name, rng, int(rng.choice([1, 2, 3, 5, len(EVERYTHING)])))
    for change in (_journaled, _lasting, _reported, _guarded, _levered):
        document = scenario.model_dump(mode="json")
        change(rng, document, document["economy"])
        with suppress(ValueError):  # what does not go together is refused before anything runs: then without it
            scenario = from_mapping(document)
    return scenario


def _journaled(rng, document, economy):
    economy["audit"] = {"journal": 64 * document["num_agents"] + 256}


def _lasting(rng, document, economy):
    if "contracts" in economy and rng.random() < 0.6:
        del economy["contracts"]
        economy["lasting_contracts"] = random_contracts(rng)
        if rng.random() < 0.5:
            economy["withdrawal"] = {
                "shock": float(rng.choice([0.1, 1.5])),
                "forfeit": float(rng.choice([0.0, 0.05, 3.0])),
            }


def _reported(rng, document, economy):
    if rng.random() < 0.4:
        stake = sections(**drawn(rng), **_dear(rng))
        stake["enforcement"]["pledge"] = min(stake["enforcement"]["pledge"], economy["ledger"]["endowment"])
        if "contracts" in economy or "lasting_contracts" in economy:
            dues = min(0.1, round(economy["ledger"]["endowment"] - stake["enforcement"]["pledge"], 6))
            stake["identities"] = {"dues": dues, "least": round(0.5 * float(rng.random()) * dues, 6)}
            if rng.random() < 0.7:
                stake["newcomers"] = {"most": int(rng.choice([1, 3, 40])), "vacancy": int(rng.integers(3))}
        if "reputation" in economy:
            for name in ("insurance", "credit"):
                if name in stake:
                    stake[name]["by_reputation"] = bool(rng.random() < 0.5)
            for name in ("standing", "testimony"):
                if rng.random() < 0.5:
                    economy[name] = {"every": int(rng.integers(1, 4))} if name == "testimony" else {}
        economy.update(stake)


def _dear(rng):
    """Fees, premiums, loans and time off, each of any size or none."""
    return {
        "fees_rate": float(rng.choice([0.0, 0.1, 0.9])),
        "fees_flat": float(rng.choice([0.0, 0.02, 0.5])),
        "insurance_chance": float(rng.choice([0.01, 0.25, 1.0])),
        "credit_pool": float(rng.choice([0.0, 3.0])),
        "credit_advance": float(rng.choice([0.7, 1.0, 2.5])),
        "credit_term": int(rng.integers(1, 5)),
        "downtime_window": int(rng.integers(2, 6)),
        "downtime_served": float(rng.choice([0.3, 0.8])),
        "downtime_slash": float(rng.choice([0.0, 0.05])),
        "downtime_jail": int(rng.integers(3)),
    }


def _guarded(rng, document, economy):
    if rng.random() < 0.5:
        economy["breakers"] = {
            "move": round(float(rng.uniform(0.02, 0.4)), 3),
            "window": int(rng.integers(1, 9)),
            "halt": int(rng.integers(1, 4)),
            "limit": int(rng.integers(1, 3)),
            "charge": float(rng.choice([0.0, 0.02, 4.0])),
        }


def _levered(rng, document, economy):
    if rng.random() < 0.5:
        sections = {"economy.staking": economy.get("staking", {}), "mechanism": document.get("mechanism", {})}
        document["levers"] = {
            name: ends for name, ends in LEVERS.items() if name.rpartition(".")[2] in sections[name.rpartition(".")[0]]
        }


class Machine:
    """Drives one economy by random commands.

    Attributes:
        actions: Actions of agents that ticks took in.
    """

    def __init__(self, scenario, rng, markets):
        self.scenario, self.rng = scenario, rng
        self.engine = Engine(scenario, markets)
        self.books = Books(self.engine)
        self.actions = 0
        self.engine.reset(int(rng.integers(2**63)))
        self.books.opened(np.ones(markets, dtype=bool))

    @property
    def operations(self):
        return self.books.postings + self.actions

    def drive(self, ticks):
        """So many ticks with other commands between them."""
        for _ in range(ticks):
            command = self.rng.random()
            if command < 0.08:
                self.go_back()
            elif command < 0.14:
                self.fork()
            elif command < 0.22:
                self.reset_some(self.rng.random(self.engine.num_markets) < 0.3)
            elif command < 0.35:
                self.move_levers()
            self.tick()
            if self.engine.buffers.ended.any():
                self.reset_some(self.engine.buffers.ended.copy())

    def some_actions(self):
        """Anything: in the box, at its ends, outside of it, not a number."""
        rng, shape = self.rng, self.engine.buffers.actions.shape
        actions = rng.uniform(-1.0, rng.choice([-0.5, 0.2, 0.6, 1.0]), shape).astype(np.float32)
        actions[rng.random(shape) < 0.05] = rng.choice([-1.0, 0.0, 1.0])
        odd = rng.random(shape[:2])
        for value, share in ((np.nan, 0.06), (np.inf, 0.02), (-1.5, 0.02)):
            actions[(odd < share)] = value
            odd[odd < share] = 1.0
        return actions

    def tick(self):
        before, actions = each_array(self.engine.world, np.copy), self.some_actions()
        invalid = self.engine.buffers.invalid_actions.copy()
        self.engine.step(actions)
        self.actions += actions.shape[0] * actions.shape[1]
        require(self.engine.buffers.invalid_actions >= invalid, "invalid actions are counted")
        self.books.ticked(before)

    def go_back(self):
        """A tick, taken back and taken again, ends in the same bits."""
        kept, actions = self.engine.snapshot(), self.some_actions()
        self.engine.step(actions)
        first = [array.copy() for array in self.engine.arrays()]
        self.engine.restore(kept)
        self.engine.step(actions)
        _require_same(first, self.engine.arrays(), "a restored engine goes on to the same bits")
        self.engine.restore(kept)

    def fork(self):
        """A copy goes its own way: it obeys the same rules, and what it does leaves no trace here."""
        mine = [array.copy() for array in self.engine.arrays()]
        other = self.engine.fork(1)
        _require_same(mine, other.arrays(), "a fork is equal to the last bit")
        before = each_array(other.world, np.copy)
        books = self.books.copied(other)
        other.step(self.some_actions())
        books.ticked(before)
        self.books.postings += books.postings
        self.actions += other.num_markets * other.num_agents
        _require_same(mine, self.engine.arrays(), "what a fork does leaves no trace")

    def reset_some(self, mask):
        """New episodes in some markets; nothing changes in the others."""
        mine = [array[~mask].copy() for array in self.engine.arrays()]
        self.engine.reset_markets(mask)
        _require_same(mine, [array[~mask] for array in self.engine.arrays()], "other markets stay as they are")
        self.books.opened(mask)

    def move_levers(self):
        for name, (low, high) in (self.scenario.levers or {}).items():
            self.engine.levers[name][:] = self.rng.uniform(low, high, self.engine.num_markets)


def _require_same(first, second, what):
    for one, other in zip(first, second, strict=True):
        equal = one == other
        if one.dtype.kind == "f":
            equal |= np.isnan(one) & np.isnan(other)
        require(equal, what)


def search(least, seed, markets, ticks=TICKS, quiet=False):
    """Drives random economies until so many operations are done: postings, actions, economies, and parts seen."""
    rng = np.random.default_rng(seed)
    postings, actions, economies, parts = 0, 0, 0, set()
    while postings + actions < least:
        among = WORK if rng.random() < 0.2 else IDS
        name = among[int(rng.integers(len(among)))]
        scenario = random_scenario(rng, name)
        machine = Machine(scenario, np.random.default_rng([seed, economies]), markets)
        try:
            machine.drive(ticks)
        except AssertionError:
            if not quiet:
                print(scenario.to_yaml())
            raise
        postings, actions, economies = postings + machine.books.postings, actions + machine.actions, economies + 1
        parts |= set(scenario.economy)
    return postings, actions, economies, parts


def main(arguments):
    """Prints what was done, or which planted faults were found."""
    if arguments[0] == "bugs":
        from tests.properties.economy_bugs import find_all

        return find_all()
    given = [int(word) for word in arguments]
    least, seed, markets = (*given, *(0, 24)[len(given) - 1 :])
    began = time.perf_counter()
    postings, actions, economies, parts = search(least, seed, markets)
    print(
        f"{postings + actions} operations, {postings} postings and {actions} actions, in {economies} economies of "
        f"{', '.join(sorted(parts))}, {time.perf_counter() - began:.1f} s: 0 violations"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
