"""Contracts by lot: recomputed tick by tick, no report buys standing, and what it costs."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import econo_env
from econo_env.clearing.base import picture_of
from econo_env.economy.contracts import value_of
from econo_env.economy.ledger import BONDED, ESCROW, balances_of
from econo_env.economy.parts.lottery import PART, LotterySection
from econo_env.economy.reputation import evidence_of
from econo_env.engine.engine import Engine
from econo_env.engine.rng import LOTS, uniform
from econo_env.market import market_of

FLAGSHIP = "task_market_v1"
COMPONENTS = ("positive", "negative", "bound")


def load(**overrides):
    return econo_env.load(FLAGSHIP, **overrides)


def column(scenario, name):
    return market_of(scenario).observations(scenario).index(name)


def at_random(engine, rng):
    actions = rng.uniform(-1.0, 1.0, engine.buffers.actions.shape)
    actions[..., :2] *= 0.6
    actions[..., 3] = np.where(rng.random(actions.shape[:2]) < 0.02, 1.0, -1.0)
    actions[rng.random(actions.shape[:2]) < 0.05] = np.nan
    return actions.astype(np.float32)


@pytest.mark.parametrize(("owes", "cap"), [(0.0, None), (0.3, None), (0.3, 0.5)])
def test_lots_pay_and_reputation_are_recomputed(owes, cap):
    scenario = load(
        **{"economy.lottery.owes": owes, "economy.contracts.stake_cap": cap, "economy.ledger.endowment": 4.0}
    )
    engine, rng, owed = Engine(scenario, 48), np.random.default_rng(1), round(owes * 1e6)
    engine.reset(1)
    section, schedule, agents = scenario.economy["reputation"], scenario.contracts.schedule, scenario.num_agents
    known, lots, declined, chosen_otherwise = np.zeros((48, agents, 2)), 0, 0, 0
    for tick in range(64):
        market, world = engine.state, engine.world
        seen = engine.buffers.observations[..., column(scenario, "lottery")]
        by_lot, value, was_open = market.openness < 0.25, market.task_value.copy(), world.eligibility.threshold == 0.0
        np.testing.assert_array_equal(seen == 1.0, by_lot[:, None] & market.active)
        assert (was_open | ~by_lot).all(), "it asks for no reputation"
        key, episode, clock = market.key.copy(), market.episode.copy(), market.tick.copy()
        engine.step(at_random(engine, rng))
        np.testing.assert_array_equal(world.ledger.balances.sum(axis=1), world.ledger.minted)
        assert (world.ledger.balances >= 0).all()
        assert not world.ledger.refused.any()
        assert (market.award.pays <= market.award.exposure).all()
        assert not balances_of(world.ledger.balances, ESCROW).any()
        assert not balances_of(world.ledger.balances, BONDED).any()
        np.testing.assert_array_equal(world.lottery.went, by_lot)
        assert (world.conduct.evidence == by_lot[:, None]).all()
        for k in np.flatnonzero(by_lot):
            accept = np.flatnonzero(market.scores[k] >= owed)
            luck = [uniform(key[k], episode[k], clock[k], LOTS, i) for i in accept]
            winner = accept[np.argmax(luck)] if len(accept) else -1
            assert market.winner[k] == winner
            assert (np.flatnonzero(market.award.units[k]) == ([winner] if len(accept) else [])).all()
            assert np.flatnonzero(market.award.pays[k]).size <= 1
            assert (market.second_scores[k] == np.where(np.arange(agents) == winner, owed, 0)).all()
            declined += not len(accept)
            lots += 1
            if len(accept):
                chosen_otherwise += winner != np.argmax(market.scores[k])
                worth = value_of(world.conduct.grade[k, winner], float(value[k]), schedule) - owed
                if cap is None:
                    assert -market.award.pays[k, winner] == pytest.approx(worth, abs=1.0)
                assert -market.award.pays[k, winner] >= worth - 1.0
        for k in range(48):
            for i in range(agents):
                grade, heard = world.conduct.grade[k, i], by_lot[k] and world.conduct.grade[k, i]
                at_its_turn = i % section.epoch == section.epoch - 1 - tick % section.epoch
                if world.conduct.banned[k, i] or not (heard or at_its_turn):
                    continue
                quality, weight = evidence_of(grade, min(1.0, value[k] / 1e6)) if heard else (0.0, 0.0)
                kept = section.forgetting ** (weight if heard else 1.0)
                known[k, i] = kept * known[k, i] + weight * np.array([quality, 1.0 - quality])
        there = ~world.conduct.banned
        np.testing.assert_allclose(world.reputation.positive[there], known[..., 0][there], atol=1e-9)
        np.testing.assert_allclose(world.reputation.negative[there], known[..., 1][there], atol=1e-9)
    assert engine.buffers.ended.all()
    assert lots > 500
    assert declined > 0
    assert chosen_otherwise > 150


def played(scenario, agent, changed, seed, markets=64, component=slice(0, 3)):
    """Reputations and suspicions after every tick, where one agent moves at random in the ticks that `changed` says."""
    engine, rng = Engine(scenario, markets), np.random.default_rng(seed + 100)
    engine.reset(seed)
    strategy, found = market_of(scenario).baselines.truthful, []
    for _ in range(scenario.max_cycles):
        actions = strategy(scenario, engine.buffers.observations)
        drawn = rng.uniform(-1.0, 1.0, actions[:, agent].shape).astype(np.float32)
        chosen = changed(engine.state.openness < 0.25)
        actions[:, agent, component] = np.where(chosen[:, None], drawn, actions[:, agent])[:, component]
        engine.step(actions)
        world = engine.world
        columns = world.reputation._asdict()
        kept = [columns[name].copy() for name in COMPONENTS]
        found.append([*kept, world.change_detection.total.copy()])
    return np.array(found)


WATCHED = {"before": 0.8, "after": 0.4, "false_alarms": 0.3}


def watched(**overrides):
    scenario = load(**{"economy.ledger.endowment": 1000.0, "max_cycles": 40, **overrides})
    return scenario.replace(economy=scenario.economy | {"change_detection": WATCHED})


@pytest.mark.parametrize(("seed", "agent"), [(0, 0), (1, 3), (2, 4)])
def test_no_report_in_an_auction_moves_any_reputation_by_a_bit(seed, agent):
    scenario = watched()
    truth = played(scenario, agent, np.zeros_like, seed)
    np.testing.assert_array_equal(played(scenario, agent, np.logical_not, seed), truth)
    assert len(np.unique(truth[-1, 2, :, agent])) > 10
    assert truth[:, 3].any(), "the detector has heard something"
    by_lot = played(scenario, agent, lambda by_lot: by_lot, seed)
    assert (by_lot != truth).any(), "conduct in ticks by lot is evidence"


def test_without_the_part_reports_in_auctions_move_reputations():
    scenario = watched()
    plain = scenario.replace(economy={name: own for name, own in scenario.economy.items() if name != "lottery"})
    truth = played(plain, 0, np.zeros_like, 0, markets=16)
    assert (played(plain, 0, np.ones_like, 0, markets=16) != truth).any(axis=(0, 1, 3)).mean() > 0.5


def test_it_costs_a_sixth_of_the_range_of_costs_a_task_between_two():
    """Two sure agents, costs U[0, 1] of the task: E min = 1/3 by auction, E mean = 1/2 by lot."""
    one = {"name": "uniform", "low": 1.0, "high": 1.000001}
    sure = {"name": "uniform", "low": 0.999999, "high": 1.0}
    agents = {"cost": {"name": "uniform", "low": 0.0, "high": 1.0}, "reliability": sure}
    found = {}
    for share in (0.0, 0.3, 1.0):
        scenario = load(
            num_agents=2,
            max_cycles=8,
            agents=agents,
            **{
                "tasks.value": one,
                "economy.contracts.poor": -1.0,
                "economy.eligibility.open_share": 1.0,
                "economy.lottery.share": share,
                "economy.lottery.owes": 0.0,
                "economy.ledger.endowment": 1000.0,
            },
        )
        engine, surplus = Engine(scenario, 4096), []
        engine.reset(5)
        for _ in range(8):
            engine.step(market_of(scenario).baselines.truthful(scenario, engine.buffers.observations))
            surplus.append(engine.state.surplus / 1e6)
        found[share] = np.mean(surplus)
    assert found[0.0] == pytest.approx(1.0625 - 1 / 3, abs=0.005)
    assert found[0.0] - found[0.3] == pytest.approx(0.3 / 6, abs=0.004)
    assert found[0.0] - found[1.0] == pytest.approx(1 / 6, abs=0.005)


def test_without_the_part_nothing_of_it_is_in_the_loop():
    first = econo_env.load("task_market_v0")
    plain, with_lots = first.program(), load().program()
    for name in ("lottery", "draw_lots", "accepts", "assign"):
        assert name not in plain.source
        assert name in with_lots.source
    assert Engine(first, 1).world.conduct.evidence is None


def test_a_picture_tells_of_a_lot_what_it_was():
    scenario, told = load(**{"economy.lottery.owes": 0.2}), {True: 0, False: 0}
    engine = Engine(scenario, 8)
    engine.reset(0)
    row = market_of(scenario)
    for _ in range(20):
        before = pickle.loads(pickle.dumps(engine)).state
        engine.step(row.baselines.truthful(scenario, engine.buffers.observations))
        for k in np.flatnonzero(engine.state.winner >= 0):
            by_lot, winner = bool(before.openness[k] < 0.25), row.agents(scenario)[engine.state.winner[k]]
            story = picture_of(scenario)(scenario, before, engine.state, k).story
            told[by_lot] += 1
            assert any(f"{winner} takes the task" in line for line in story)
            assert by_lot == (f"{winner} takes the task by lot, among all whose scores are at least 0.2" in story[0])
    assert min(told.values()) > 20


def test_it_can_be_pickled_and_goes_on_the_same():
    scenario = load(max_cycles=12)
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    engine, rng = Engine(scenario, 8), np.random.default_rng(0)
    engine.reset(3)
    for _ in range(5):
        engine.step(at_random(engine, rng))
    other = pickle.loads(pickle.dumps(engine))
    for _ in range(7):
        actions = at_random(engine, rng)
        for one in (engine, other):
            one.step(actions)
        np.testing.assert_array_equal(other.buffers.observations, engine.buffers.observations)
        np.testing.assert_array_equal(other.world.conduct.evidence, engine.world.conduct.evidence)


def test_what_does_not_go_with_it_is_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"share=0.3 must be at most eligibility.open_share=0.25"):
        load(**{"economy.lottery.share": 0.3})
    with pytest.raises(ValueError, match="a sealed_bid market cannot hand what it sells"):
        econo_env.load("first_price_v0", economy={"ledger": {}, "staking": {}, "default": {}, "reputation": {},
                                                  "eligibility": {}, "lottery": {}})  # fmt: skip
    scoring = SimpleNamespace(kind=market_of(econo_env.load("first_score_v1")), market="scoring", economy={})
    assert "cannot hand what it sells to one drawn by lot" in PART.check(scoring, LotterySection())
    tasks = SimpleNamespace(kind=market_of(load()), market="task_market", economy={"default": {}})
    assert "give the economy `contracts` or `lasting_contracts`" in PART.check(tasks, LotterySection())
