"""A standing pledge: recomputed tick by tick, and found to deter as much as the closed form says."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.economy.ledger import BURN, INSURANCE, PLEDGED, TREASURY, balances_of
from econo_env.economy.slashing import correlated_slash, slash, split_slash
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from tests.economy.played import ticks, wealth

FILE = Path(__file__).parents[2] / "configs/scenarios/enforced_economy.yaml"
BASE = {
    "ledger": {"endowment": 5.0},
    "staking": {"requirement": 0.2},
    "default": {"shock": 0.8},
    "enforcement": {},
}


def scenario(fields=None, **enforcement):
    economy = BASE | {"enforcement": enforcement}
    return econo_env.load("first_price_v0", **({"num_agents": 4, "max_cycles": 60} | (fields or {})), economy=economy)


class Courts:
    """The same of one market in plain Python: lists of ticks, no rings."""

    def __init__(self, agents, section):
        self.section, self.pledges = section, [round(section.pledge * 1e6)] * agents
        self.faults, self.slashed = [[] for _ in range(agents)], []
        self.free_again, self.lost = [0] * agents, {"burned": 0, "insurance": 0}

    def take(self, i, amount):
        self.pledges[i] -= amount
        parts = split_slash(amount, 0, 0, 0, round(self.section.burned * 1e6))
        self.lost["burned"] += parts.burned
        self.lost["insurance"] += parts.insurance
        return amount

    def tick(self, tick, walked):
        section, taken = self.section, [0] * len(walked)
        for i in np.flatnonzero(walked):
            earlier = sum(tick - at < section.window for at, _ in self.faults[i])
            share = (
                0.0
                if earlier < section.grace
                else min(section.cap, section.poor * section.growth ** (earlier - section.grace))
            )
            self.faults[i].append((tick, share > 0))
            if share > 0:
                taken[i] = self.take(i, slash(self.pledges[i], round(share * 1e6 - 1e-6)))
                self.slashed.append((tick, taken[i]))
                self.free_again[i] = tick + 1 + section.jail
        window = sum(amount for at, amount in self.slashed if tick - at < section.correlation)
        bonded = window + sum(self.pledges)
        for i in range(len(walked)):
            if (tick - section.correlation // 2, True) in self.faults[i] and section.multiplier:
                extra = correlated_slash(self.pledges[i], window, bonded, section.multiplier, 0, 1)
                taken[i] += self.take(i, extra)
        return taken


SECTIONS = {
    "default": {"jail": 5},
    "no grace, all at once": {"pledge": 0.2, "grace": 0, "poor": 1.0, "cap": 1.0, "jail": 0, "multiplier": 0},
    "short memory": {"grace": 2, "window": 7, "correlation": 5, "multiplier": 1, "burned": 0.73, "pledge": 0.000003},
    "long jail": {"grace": 0, "poor": 0.2, "growth": 2.0, "cap": 0.4, "jail": 30, "correlation": 2, "multiplier": 10},
}


@pytest.mark.parametrize("name", SECTIONS)
def test_pledges_jail_and_destinations_are_recomputed(name):
    """Random play of 32 markets over 59 ticks against a count by lists."""
    played, markets = scenario(**SECTIONS[name]), 32
    section = played.economy["enforcement"]
    courts, forfeits = [Courts(4, section) for _ in range(markets)], 0
    for tick, (engine, before, mask, _) in enumerate(ticks(played, 3, markets, 59)):
        world, award = engine.world, engine.state.award
        ledger = world.ledger
        jailed = np.array([[tick < until for until in court.free_again] for court in courts])
        assert not (mask & jailed).any(), "who is in jail sees a mask"
        assert not (award.units[jailed] != 0).any(), "and wins nothing, though it bids"
        for k, court in enumerate(courts):
            assert court.tick(tick, world.default.walked[k]) == world.enforcement.forfeited[k].tolist()
        forfeits += int(world.enforcement.forfeited.sum())
        np.testing.assert_array_equal(balances_of(ledger.balances, PLEDGED), [court.pledges for court in courts])
        np.testing.assert_array_equal(ledger.balances[:, BURN], [court.lost["burned"] for court in courts])
        np.testing.assert_array_equal(ledger.balances[:, INSURANCE], [court.lost["insurance"] for court in courts])
        assert not ledger.balances[:, TREASURY].any()
        np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
        assert not ledger.refused.any()
        gained = wealth(world) - before
        np.testing.assert_allclose(engine.buffers.rewards, (award.worth + gained) / 1e6, atol=1e-9, rtol=0)
    assert forfeits > 0


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_walking_away_falls_as_the_closed_form_says(share):
    """Two truthful bidders in second price, U[0,1], e of U[-1/2,1/2], no bond: with a = 1/2 - D, D the share of the
    pledge of 1, a winner walks away with probability a^2 - a^3/3; 5/24 where D = 0."""
    economy = BASE | {
        "staking": {"requirement": 0.0},
        "default": {"shock": 0.5},
        "enforcement": {"pledge": 1.0, "grace": 0, "poor": share, "cap": share, "multiplier": 0},
    }
    markets = 20_000
    played = econo_env.load("second_price_v0", num_agents=2, max_cycles=1, economy=economy)
    engine, policy = Engine(played, markets), make_policy("truthful", played)
    engine.reset(5)
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    walked = engine.world.default.walked.any(axis=1).mean()
    a = 0.5 - share
    exact = a * a - a**3 / 3
    assert abs(walked - exact) < 4 * np.sqrt(exact * (1 - exact) / markets)


@pytest.mark.parametrize(
    ("fields", "enforcement", "said"),
    [
        ({}, {"pledge": 6.0}, "a pledge of 6 credits is more than the endowment of 5"),
        ({}, {"cap": 0.05}, "the cap 0.05 must be at least the share of the first fault, 0.1"),
        ({}, {"growth": 1.0}, "growth 1 never brings 0.1 to the cap 0.5"),
    ],
)
def test_what_cannot_be_enforced_is_refused(fields, enforcement, said):
    with pytest.raises(ValueError, match=said):
        scenario(fields, **enforcement)


def test_where_an_episode_is_one_sale_it_is_refused():
    with pytest.raises(ValueError, match="an episode is one sale"):
        econo_env.load("english_v0", economy=BASE)


def test_what_agents_see_of_it():
    engine = Engine(scenario(grace=0, jail=3), 16)
    names = engine.scenario.kind.observations(engine.scenario)
    pledge, jailed = names.index("pledge"), names.index("jailed")
    generator, seen = np.random.default_rng(0), 0
    engine.reset(0)
    for _ in range(50):
        engine.step(generator.uniform(-1, 0.5, engine.buffers.actions.shape).astype(np.float32))
        left = balances_of(engine.world.ledger.balances, PLEDGED) / 1e6
        np.testing.assert_allclose(engine.buffers.observations[..., pledge], left, atol=1e-6)
        inside = engine.world.enforcement.free_again > engine.state.tick[:, None]
        np.testing.assert_array_equal(engine.buffers.observations[..., jailed], inside)
        seen += inside.sum()
    assert seen > 0


def test_who_is_free_again_bids():
    """Outside jail the mask is what it is without a pledge, tick by tick."""
    inside = 0
    for engine, *_ in ticks(scenario(grace=0, jail=3), 1, 32, 58):
        jailed = engine.world.enforcement.free_again > engine.state.tick[:, None]
        np.testing.assert_array_equal(engine.buffers.action_mask, ~jailed)
        inside += jailed.sum()
    assert inside > 0


def test_an_episode_begins_with_a_clean_record():
    """Two episodes of the same market in a row forfeit what each of them does alone."""
    played = scenario({"max_cycles": 12}, grace=1, jail=0, multiplier=0)
    engine, courts = Engine(played, 64), [Courts(4, played.economy["enforcement"]) for _ in range(64)]
    generator, forfeits = np.random.default_rng(2), 0
    engine.reset(2)
    for tick in range(36):
        if tick % 12 == 0:
            courts = [Courts(4, played.economy["enforcement"]) for _ in range(64)]
        engine.step(generator.uniform(-1, 0.5, engine.buffers.actions.shape).astype(np.float32))
        for k, court in enumerate(courts):
            taken = court.tick(tick % 12, engine.world.default.walked[k])
            assert taken == engine.world.enforcement.forfeited[k].tolist()
            forfeits += sum(taken)
        engine.reset_markets(engine.buffers.ended.copy())
    assert forfeits > 0
