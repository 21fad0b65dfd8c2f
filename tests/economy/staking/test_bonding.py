"""Stake that agents move, recomputed tick by tick with lists in place of queues, slashes and surcharges included."""

import numpy as np

import econo_env
from econo_env.economy.ledger import FREE, PLEDGED, UNBONDING, balances_of
from econo_env.economy.slashing import correlated_slash, slash
from tests.economy.staking.played import SALE, place, ticks

AGENTS = 4


def market(**options):
    """A sale with stake that moves, and nobody to report."""
    economy = SALE | {
        "enforcement": {"pledge": 1.0, "grace": 0, "correlation": 6, "jail": 2, "window": 9},
        "bonding": {"delay": 7, "queue": 3} | options,
    }
    return econo_env.load("first_price_v0", num_agents=AGENTS, max_cycles=50, economy=economy)


class Stakes:
    """The stake of one market's agents in plain Python."""

    def __init__(self, scenario):
        self.enforcement, self.bonding = scenario.economy["enforcement"], scenario.economy["bonding"]
        self.pledged = [round(self.enforcement.pledge * 1e6)] * AGENTS
        self.leaving = [[] for _ in range(AGENTS)]  # (tick in which it began, amount)
        self.faults, self.slashed = [[] for _ in range(AGENTS)], []
        self.free_again = [0] * AGENTS

    def move(self, i, tick, sent, free):
        """Moves agent i's stake; matured, added and withdrawn."""
        matured = sum(amount for began, amount in self.leaving[i] if tick - began >= self.bonding.delay)
        self.leaving[i] = [(began, amount) for began, amount in self.leaving[i] if tick - began < self.bonding.delay]
        added = int(max(sent, 0.0) * (free + matured))
        self.pledged[i] += added
        wanted = int(max(-sent, 0.0) * self.pledged[i])
        if wanted == 0 or len(self.leaving[i]) == self.bonding.queue:
            wanted = 0
        else:
            self.pledged[i] -= wanted
            self.leaving[i].append((tick, wanted))
        return matured, added, wanted

    def at_stake(self, i, offence):
        return self.pledged[i] + sum(amount for began, amount in self.leaving[i] if began >= offence)

    def take(self, i, amount, offence):
        """The oldest of what left since the offence first, then the pledge."""
        due, kept = amount, []
        for began, waiting in sorted(self.leaving[i]):
            part = min(due, waiting) if began >= offence else 0
            due -= part
            if waiting > part:
                kept.append((began, waiting - part))
        self.leaving[i] = kept
        self.pledged[i] -= due
        return amount

    def punish(self, tick, walked):
        section, taken = self.enforcement, [0] * AGENTS
        for i in np.flatnonzero(walked):
            earlier = sum(tick - at < section.window for at in self.faults[i])
            share = min(section.cap, section.poor * section.growth**earlier)
            self.faults[i].append(tick)
            taken[i] = self.take(i, slash(self.at_stake(i, tick), round(share * 1e6 - 1e-6)), tick)
            self.slashed.append((tick, taken[i]))
            self.free_again[i] = tick + 1 + section.jail
        window = sum(amount for at, amount in self.slashed if tick - at < section.correlation)
        bonded = window + sum(self.pledged) + sum(amount for own in self.leaving for _, amount in own)
        offence = tick - section.correlation // 2
        for i in range(AGENTS):
            if offence in self.faults[i]:
                extra = correlated_slash(self.at_stake(i, offence), window, bonded, section.multiplier, 0, 1)
                taken[i] += self.take(i, extra, offence)
        return taken


def test_stake_is_recomputed_with_lists():
    scenario = market()
    stakes, sent = [Stakes(scenario) for _ in range(24)], place(scenario, "bond")
    seen = {"matured": 0, "from the queue": 0, "full": 0}
    for tick, (engine, before, actions) in enumerate(ticks(scenario, 3, 24, 49, stake=0.6)):
        world, free = engine.world, balances_of(before.ledger.balances, FREE)
        for k, own in enumerate(stakes):
            heard = [
                0.0 if tick < own.free_again[i] else float(actions[k, i, sent]) for i in range(AGENTS)
            ]  # who is in jail may do nothing
            moved = [own.move(i, tick, heard[i], int(free[k, i])) for i in range(AGENTS)]
            done = zip(world.bonding.matured[k], world.bonding.added[k], world.bonding.withdrawn[k], strict=True)
            assert [tuple(map(int, one)) for one in done] == moved
            waiting = sum(amount for own_queue in own.leaving for _, amount in own_queue)
            assert own.punish(tick, world.default.walked[k]) == world.enforcement.forfeited[k].tolist()
            left = sum(amount for own_queue in own.leaving for _, amount in own_queue)
            seen["matured"] += sum(one[0] for one in moved)
            seen["from the queue"] += waiting - left
            seen["full"] += sum(len(one) == 3 for one in own.leaving)
        pledged, out = (balances_of(world.ledger.balances, kind) for kind in (PLEDGED, UNBONDING))
        np.testing.assert_array_equal(pledged, [own.pledged for own in stakes])
        np.testing.assert_array_equal(
            out, [[sum(amount for _, amount in one) for one in own.leaving] for own in stakes]
        )
        names = engine.scenario.kind.observations(engine.scenario)
        for name, kind in (("bonded", PLEDGED), ("unbonding", UNBONDING)):
            amount = balances_of(world.ledger.balances, kind) / 1e6
            shown = engine.buffers.observations[..., names.index(name)]
            np.testing.assert_allclose(shown, amount / (amount + 5.0), atol=1e-6)
    assert min(seen.values()) > 0, seen


def test_who_has_pledged_too_little_does_not_win_and_comes_back_by_pledging():
    scenario = market(minimum=0.8)
    won = 0
    for engine, before, _ in ticks(scenario, 1, 64, 49, stake=0.9):
        pledged = balances_of(before.ledger.balances, PLEDGED) + engine.world.bonding.added
        short = pledged - engine.world.bonding.withdrawn < 800_000
        np.testing.assert_array_equal(engine.world.bonding.short, short)
        assert not engine.state.award.units[short].any()
        won += int((engine.state.award.units[balances_of(before.ledger.balances, PLEDGED) < 800_000] > 0).sum())
    assert won > 0, "somebody topped up and won in the same tick"
