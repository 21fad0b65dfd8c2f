"""Contracts over several ticks: computed a second time, held to the invariants, and equal to `contracts`."""

import math

import numpy as np
import pytest

import econo_env
from econo_env.economy.lasting.running import RUNNING, TIMED_OUT, VOIDED
from econo_env.economy.ledger import BONDED, FREE, PRINCIPAL, balances_of
from econo_env.engine.engine import Engine
from econo_env.engine.rng import DURATION, EVIDENCE, EXECUTION, two_uniforms, uniform
from econo_env.engine.state import arrays_of
from econo_env.market import market_of
from tests.economy.lasting.played import FLAGSHIP, MICRO, lasting, some_actions, watched

V = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}
NAMES = {0: "-", 1: "on time", 2: "late", 3: "never", 4: "abandoned"}


@pytest.mark.parametrize("cap", [None, 0.7])
def test_one_slot_for_one_tick_is_contracts_to_the_bit(cap):
    one = FLAGSHIP.replace(**{"economy.contracts.stake_cap": cap, "economy.contracts.detection": 0.6})
    other = lasting(contracts={"stake_cap": cap})
    plain_names, names = market_of(one).observations(one), market_of(other).observations(other)
    shared = [names.index(name) for name in plain_names]
    engines = [Engine(scenario, 16, autoreset=True) for scenario in (one, other)]
    width = engines[0].buffers.actions.shape[2]
    for engine in engines:
        engine.reset(5)
    rng, banned = np.random.default_rng(5), 0
    for _ in range(150):
        actions = some_actions(rng, engines[0])
        for engine in engines:  # what lasting contracts add does nothing at 0
            wide = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
            wide[..., :width] = actions
            engine.step(wide)
        kept, ours = engines
        for name in ("rewards", "action_mask", "terminated", "truncated", "ended", "invalid_actions"):
            np.testing.assert_array_equal(kept.buffers._asdict()[name], ours.buffers._asdict()[name], err_msg=name)
        np.testing.assert_array_equal(kept.buffers.observations, ours.buffers.observations[..., shared])
        for a, b in zip(arrays_of(kept.state), arrays_of(ours.state), strict=True):
            np.testing.assert_array_equal(a, b)
        for part in ("ledger", "conduct", "reputation", "eligibility"):
            for a, b in zip(arrays_of(kept.world._asdict()[part]), arrays_of(ours.world._asdict()[part]), strict=True):
                np.testing.assert_array_equal(a, b, err_msg=part)
        for name in ("delivered", "wronged", "luck"):
            a, b = (
                vars(next(part.verdict for part in engine.scenario.parts() if part.judges))[name](
                    engine.scenario, engine.world
                )
                for engine in engines
            )
            np.testing.assert_allclose(a, b, atol=1e-9, err_msg=name)
        banned += int(kept.world.conduct.banned.sum())
    assert banned > 20


class Books:
    """Contracts of one market kept a second time, as the page says, one dict each."""

    def __init__(self, scenario):
        self.section, self.max_cycles = scenario.contracts, scenario.max_cycles
        self.open = []

    def award(self, world, k, agent, action, tick):
        """A contract begins: what the winner has promised, and how it sets about it."""
        market, span = world.market, self.coming
        forges = bool(action[3] > 0.5)
        value, owes = int(self.value), int(market.second_scores[k, agent])
        worst = math.floor(V[4] * value + 0.5)
        whole = int((V[1] - V[4]) * value)
        cap = self.section.stake_cap
        self.open.append(
            {
                "agent": agent, "opened": tick, "due": tick + span - 1, "span": span, "value": value, "owes": owes,
                "cost": int(self.cost[agent]), "reliability": float(market.reliability[k, agent]), "forges": forges,
                "effort": 0.0 if forges else (1.0 + float(action[2])) / 2.0, "done": 0.0, "delivery": 0,
                "lock": min(owes - worst, int(min(whole, (math.inf if cap is None else cap) * value))),
            }
        )  # fmt: skip

    def left(self, actions):
        """Who asks for it walks away from what it has, the contract due first, before it works."""
        for agent in range(4):
            mine = [one for one in self.open if one["agent"] == agent and not one["delivery"]]
            if mine and actions[agent, -1] > 0.5:
                min(mine, key=lambda one: (one["due"], one["opened"]))["delivery"] = 4

    def work(self, tick, actions):
        """What the efforts of the tick cost each agent, micro-credits."""
        spent = dict.fromkeys(range(8), 0.0)
        for one in self.open:
            if one["delivery"]:
                continue
            pushed = float(np.nan_to_num(actions[one["agent"], -2]))
            effort = one["effort"] + pushed * ((1 - one["effort"]) if pushed > 0 else one["effort"])
            effort = 0.0 if one["forges"] else effort
            one["done"] += effort
            spent[one["agent"]] += one["cost"] * effort**2 / one["span"]
            enough = one["forges"] or one["done"] / one["span"] >= self.section.least_progress - 1e-6
            if tick >= one["due"] and enough:
                one["delivery"] = 1 if tick == one["due"] else 2
            elif tick == self.max_cycles - 1 or tick >= one["due"] + self.section.grace:
                one["delivery"] = 3
        return spent

    def judged(self, tick):
        """Those whose turn it is: of each agent the one due first, all in the last tick."""
        ready = sorted((one for one in self.open if one["delivery"]), key=lambda one: (one["due"], one["opened"]))
        if tick == self.max_cycles - 1:
            return ready
        return [one for at, one in enumerate(ready) if one["agent"] not in [other["agent"] for other in ready[:at]]]

    def grade(self, one, key, episode):
        """Luck is that of the tick in which the contract was won."""
        agent, opened = one["agent"], one["opened"]
        if one["delivery"] >= 3:
            return 3
        if one["forges"]:
            return 4 if uniform(key, episode, opened, EVIDENCE, agent) < self.section.detected else 2
        luck, detail = two_uniforms(key, episode, opened, EXECUTION, agent)
        success = luck < one["reliability"] * min(1.0, one["done"] / one["span"])
        if one["delivery"] == 2 or not success:
            return 3
        return 1 if 0.6 + 0.4 * detail >= 0.9 else 2

    def pays(self, one, graded):
        """What comes of it, micro-credits."""
        due = max(math.floor(V[graded] * one["value"] + 0.5) - one["owes"], -one["lock"])
        return min(due, -int(self.section.forfeit * one["lock"])) if one["delivery"] >= 3 else due


@pytest.mark.parametrize("seed", range(3))
def test_every_contract_computed_a_second_time(seed):
    """Work, lateness, grades, money and locks of each contract, from actions and the awards alone."""
    section = (
        {"capacity": 3, "duration": 3, "least_progress": 0.45, "grace": 2, "forfeit": 0.8},
        {"capacity": 2, "duration": 1, "longest_duration": 5, "least_progress": 0.6, "grace": 1, "stake_cap": 0.9},
        {"capacity": 4, "duration": 2, "longest_duration": 4, "forfeit": 0.0},
    )[seed]
    scenario = lasting({"eligibility": {"open_share": 1.0}}, section, num_agents=4, max_cycles=14)
    books, seen = [Books(scenario) for _ in range(6)], set()
    for engine, before, actions in watched(scenario, seed, markets=6, number=42):
        market, lasts, award = engine.state, engine.world.lasting_contracts, engine.state.award
        for k, book in enumerate(books):
            tick = int(before.market.tick[k])
            key, episode = market.key[k], int(market.episode[k])
            if tick == 0:
                book.open = []
            book.value, book.cost = before.market.task_value[k], before.market.cost[k]
            longest = section.get("longest_duration") or section["duration"]
            drawn = uniform(key, episode, tick, DURATION, 0)
            span = section["duration"] + int(drawn * (longest - section["duration"] + 1))
            book.coming = min(span, scenario.max_cycles - tick)
            assert before.lasting_contracts.coming[k] == book.coming
            full = [i for i in range(4) if sum(one["agent"] == i for one in book.open) == section["capacity"]]
            book.left(actions[k])
            if market.winner[k] >= 0:
                assert market.winner[k] not in full
                book.award(engine.world, k, int(market.winner[k]), actions[k, market.winner[k]], tick)
            spent, paid, out = book.work(tick, actions[k]), np.zeros(4, dtype=np.int64), set()
            for one in book.judged(tick):
                graded = book.grade(one, key, episode)
                paid[one["agent"]] += book.pays(one, graded)
                seen.add((NAMES[one["delivery"]], graded))
                book.open.remove(one)
                out |= {one["agent"]} if graded == 4 else set()
            for one in [one for one in book.open if one["agent"] in out]:
                one["delivery"] = 4
                paid[one["agent"]] += book.pays(one, 3)
                seen.add(("abandoned", 3))
                book.open.remove(one)
            np.testing.assert_array_equal(award.pays[k], -paid)
            np.testing.assert_allclose(award.worth[k], [-spent[i] for i in range(4)], rtol=0, atol=1e-6)
            locked = [sum(one["lock"] for one in book.open if one["agent"] == i) for i in range(4)]
            np.testing.assert_array_equal(balances_of(engine.world.ledger.balances, BONDED)[k], locked)
            gained = engine.world.ledger.balances[k] - before.ledger.balances[k]
            assert gained[PRINCIPAL] == -paid.sum()
            np.testing.assert_allclose(
                engine.buffers.rewards[k], (paid - [spent[i] for i in range(4)]) / MICRO, rtol=0, atol=1e-9
            )
            np.testing.assert_array_equal(
                (lasts.running.status[k] == RUNNING).sum(axis=-1),
                [sum(one["agent"] == i for one in book.open) for i in range(4)],
            )
    assert {grade for _, grade in seen} == {1, 2, 3, 4}
    assert {name for name, _ in seen} >= ({"on time", "abandoned"} | ({"late", "never"} if seed < 2 else set()))


def test_who_has_no_free_slot_is_masked_and_its_bid_is_struck():
    scenario = lasting({"eligibility": {"open_share": 1.0}}, {"capacity": 1, "duration": 4}, num_agents=3)
    full_ticks = 0
    for engine, before, _ in watched(scenario, 3, number=60):
        running = before.lasting_contracts.running
        full = (running.status == RUNNING).all(axis=-1)
        won = engine.state.award.units != 0
        assert not (won & full).any()
        assert not (engine.state.scores >= 0)[full].any()
        now = (engine.world.lasting_contracts.running.status == RUNNING).all(axis=-1)
        assert not engine.buffers.action_mask[now].any()
        assert engine.buffers.action_mask[~now & engine.state.active & (engine.world.eligibility.eligible)].all()
        full_ticks += int(full.sum())
    assert full_ticks > 100


def test_no_bid_of_the_tick_moves_who_has_a_free_slot():
    """Metamorphic: whatever the others or oneself bid in a tick, who may bid in it was fixed before."""
    scenario = lasting({"eligibility": {"open_share": 1.0}}, {"capacity": 1, "duration": 3}, num_agents=3)
    engine, rng = Engine(scenario, 12), np.random.default_rng(0)
    engine.reset(0)
    for _ in range(25):
        kept = engine.snapshot()
        struck = []
        for _ in range(2):
            engine.restore(kept)
            mask = engine.buffers.action_mask.copy()
            engine.step(some_actions(rng, engine, 0.0))
            struck.append((mask, (engine.state.scores >= 0) & ~mask))
        np.testing.assert_array_equal(struck[0][0], struck[1][0])
        assert not struck[0][1].any()
        assert not struck[1][1].any()


def test_what_agents_see_of_their_contracts():
    scenario = lasting({"eligibility": {"open_share": 1.0}}, {"capacity": 2, "duration": 2, "longest_duration": 5})
    names, seen = market_of(scenario).observations(scenario), set()
    for engine, _, _ in watched(scenario, 4, number=50):
        shown = {name: engine.buffers.observations[..., names.index(name)] for name in names}
        running, tick = engine.world.lasting_contracts.running, engine.state.tick
        for k in range(engine.num_markets):
            for i in range(engine.num_agents):
                if not engine.state.active[k, i]:
                    assert not any(shown[name][k, i] for name in ("free_slots", "time_left", "progress", "duration"))
                    continue
                mine = [j for j in range(2) if running.status[k, i, j] == RUNNING]
                assert shown["free_slots"][k, i] == pytest.approx(1 - len(mine) / 2)
                assert shown["duration"][k, i] == pytest.approx(engine.world.lasting_contracts.coming[k] / 5)
                at_work = [j for j in mine if not running.delivery[k, i, j]]
                first = min(at_work, key=lambda j: (running.due[k, i, j], running.transfer[k, i, j]), default=None)
                left = 0.0 if first is None else max(0, running.due[k, i, first] - tick[k] + 1) / 5
                done = 0.0 if first is None else min(1.0, running.done[k, i, first] / running.span[k, i, first])
                assert shown["time_left"][k, i] == pytest.approx(left, abs=1e-6)
                assert shown["progress"][k, i] == pytest.approx(done, abs=1e-6)
                seen.add((len(mine), left > 0))
    assert {(0, False), (1, True), (2, True)} <= seen


def test_the_reference_price_is_what_settled_contracts_were_paid():
    scenario = lasting({"eligibility": {"open_share": 1.0}}, {"capacity": 3, "duration": 3, "detection": 1.0})
    prices = 0
    for engine, _, _ in watched(scenario, 6, number=40):
        award = engine.state.award
        settled = (engine.world.lasting_contracts.running.status > RUNNING).sum(axis=(1, 2))
        total = -award.pays.sum(axis=1)
        for k in range(engine.num_markets):
            expected = 0 if settled[k] == 0 or total[k] <= 0 else math.floor(total[k] / settled[k] + 0.5)
            assert award.price[k] == expected
            prices += expected > 0
    assert prices > 50


def test_a_lock_is_voided_posted_or_times_out_by_what_came_of_the_contract():
    section = {"capacity": 2, "duration": 2, "least_progress": 0.5, "grace": 1}
    scenario, found = lasting({"eligibility": {"open_share": 1.0}}, section), {}
    for engine, before, _ in watched(scenario, 8, number=60):
        running = engine.world.lasting_contracts.running
        for place in zip(*np.nonzero(running.status > RUNNING), strict=True):
            paid = plain_settlement(running, place)
            status, delivery = int(running.status[place]), int(running.delivery[place])
            assert running.posted[place] == max(0, -paid)
            assert (status == TIMED_OUT) == (delivery == 3)
            assert status != VOIDED or paid >= 0
            found[status] = found.get(status, 0) + 1
        free = balances_of(engine.world.ledger.balances, FREE) - balances_of(before.ledger.balances, FREE)
        assert np.isfinite(free).all()
    assert min(found.get(status, 0) for status in (2, 3, 4)) > 10


def plain_settlement(running, place):
    """What a contract has paid by its grade and delivery, micro-credits."""
    graded, lock = int(running.grade[place]), int(running.lock[place])
    due = max(math.floor(V[graded] * running.value[place] + 0.5) - int(running.owes[place]), -lock)
    return min(due, -lock) if running.delivery[place] >= 3 else due


@pytest.mark.parametrize(
    ("contracts", "changes", "said"),
    [
        ({"duration": 5, "longest_duration": 4}, {}, "longest_duration=4 must be at least duration=5"),
        ({"duration": 65}, {}, "contracts of 65 ticks are longer than an episode of 64"),
        ({"capacity": 0}, {}, "capacity"),
        ({"forfeit": 1.5}, {}, "forfeit"),
    ],
)
def test_contracts_that_cannot_be_are_refused(contracts, changes, said):
    with pytest.raises(ValueError, match=said):
        lasting(None, contracts, **changes)


def test_both_kinds_of_contracts_at_once_are_refused_and_other_markets_too():
    economy = FLAGSHIP.model_dump(mode="json")["economy"]
    with pytest.raises(ValueError, match="contracts and lasting_contracts both say how awards come out"):
        econo_env.load("task_market_v0", economy=economy | {"lasting_contracts": {}})
    with pytest.raises(ValueError, match="are no work that could be done"):
        econo_env.load("first_price_v0", economy={"ledger": {}, "staking": {}, "lasting_contracts": {}})
