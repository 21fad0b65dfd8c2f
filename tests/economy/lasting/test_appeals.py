"""Appeals: a second look with a luck of its own, settled by the difference, once; evidence when it is final."""

import math

import numpy as np
import pytest

from econo_env.economy.contracts import POOR
from econo_env.economy.lasting.running import ON_TIME, RUNNING
from econo_env.economy.ledger import FREE, TREASURY, balances_of
from econo_env.engine.engine import Engine
from econo_env.engine.rng import MEASURED_AGAIN, uniform
from econo_env.market import market_of
from tests.economy.lasting.played import EVERYTHING, FLAGSHIP, lasting, some_actions, watched

V = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}
FEE, WINDOW, NOISE = 40_000, 3, 0.2


def appealing(**more):
    parts = EVERYTHING | {"eligibility": {"open_share": 1.0}, "appeals": {"window": WINDOW, "fee": FEE / 1e6}}
    return lasting(parts, {"capacity": 2, "duration": 2, "noise": NOISE, **more})


def act(rng, engine):
    actions = some_actions(rng, engine)
    actions[..., 6] = np.where(rng.random(actions.shape[:2]) < 0.5, 1.0, 0.5)
    return actions


def pays(graded, value, owes, lock):
    return max(math.floor(V[graded] * value + 0.5) - owes, -lock)


def look_again(quality, key, episode, opened, agent):
    error = uniform(key, episode, opened, MEASURED_AGAIN, agent)
    measured = quality + NOISE * (2 * error - 1)
    return 1 if measured >= 0.9 else 2 if measured >= 0.6 else 3


def test_every_appeal_computed_a_second_time():
    scenario, upheld, lost, heard = appealing(), 0, 0, set()
    for engine, before, actions in watched(scenario, 1, markets=12, number=50, act=act):
        was, now, agents = before.lasting_contracts.running, engine.world.appeals, engine.num_agents
        treasury = engine.world.ledger.balances[:, TREASURY] - before.ledger.balances[:, TREASURY]
        for k in range(engine.num_markets):
            fees, tick = 0, int(before.market.tick[k])
            for i in range(agents):
                open_to = [
                    j
                    for j in range(was.status.shape[-1])
                    if was.status[k, i, j] > RUNNING
                    and tick <= was.judged[k, i, j] + WINDOW
                    and was.delivery[k, i, j] == ON_TIME
                    and not was.forges[k, i, j]
                    and was.grade[k, i, j] > 1
                    and (k, int(before.market.episode[k]), int(was.transfer[k, i, j])) not in heard
                ]
                asks = actions[k, i, 6] > 0.5 and bool(open_to)
                assert now.appealed[k, i] == asks
                if not asks:
                    assert now.gained[k, i] == 0
                    continue
                j = min(open_to, key=lambda j: was.judged[k, i, j])
                heard.add((k, int(before.market.episode[k]), int(was.transfer[k, i, j])))
                old, opened = int(was.grade[k, i, j]), int(was.opened[k, i, j])
                new = look_again(was.quality[k, i, j], before.market.key[k], int(before.market.episode[k]), opened, i)
                terms = int(was.value[k, i, j]), int(was.owes[k, i, j]), int(was.lock[k, i, j])
                assert now.upheld[k, i] == (new < old)
                assert now.gained[k, i] == (pays(new, *terms) - pays(old, *terms) if new < old else 0)
                fees += 0 if new < old else FEE
                upheld += new < old
                lost += new >= old
            assert treasury[k] == fees
    assert upheld > 30
    assert lost > 100


def test_each_contract_is_evidence_once_and_with_its_last_grade():
    """No double jeopardy: as many pieces of evidence as contracts judged, but for those of an episode's last tick."""
    scenario, noted, changed = appealing(), {}, 0
    for engine, before, _ in watched(scenario, 2, markets=8, number=62, act=act):
        running, tick = engine.world.lasting_contracts.running, before.market.tick
        for k in range(engine.num_markets):
            for i in range(engine.num_agents):
                final = [
                    j
                    for j in range(running.status.shape[-1])
                    if running.status[k, i, j] > RUNNING and running.judged[k, i, j] + WINDOW == tick[k]
                ]
                graded = int(engine.world.conduct.grade[k, i])
                now = (running.status[k, i] > RUNNING) & (running.judged[k, i] == tick[k])
                if (now & (running.grade[k, i] == 4)).any():
                    assert graded == 4, "what proves itself is beyond appeal"
                if engine.world.conduct.banned[k, i]:
                    continue
                assert len(final) <= 1
                if tick[k] < scenario.max_cycles - 1:
                    assert graded == (running.grade[k, i, final[0]] if final else 0)
                for j in final:
                    key = (k, int(engine.state.episode[k]), int(running.transfer[k, i, j]))
                    assert key not in noted
                    noted[key] = graded
                    was = before.appeals.heard[k, i, j] or engine.world.appeals.appealed[k, i]
                    changed += bool(was)
    assert len(noted) > 300
    assert changed > 50


def test_what_an_appeal_gains_in_closed_form():
    """Who was graded poor and knows its quality q in [s, s + h) is upheld with the chance (q + h - s) / 2h."""
    scenario = appealing(excellent_quality=0.99, satisfactory_quality=0.6, noise=NOISE, detection=1.0)
    engine, names = Engine(scenario, 400, autoreset=True), market_of(scenario).observations(scenario)
    engine.reset(3)
    won, expected, spread = 0.0, 0.0, 0.0
    for _ in range(60):
        seen = {name: engine.buffers.observations[..., names.index(name)].copy() for name in names}
        actions = market_of(scenario).baselines.truthful(scenario, engine.buffers.observations).copy()
        good = (seen["may_appeal"] == 1) & (seen["disputed_grade"] == POOR / 4) & (seen["own_quality"] >= 0.6)
        good &= seen["own_quality"] < 0.99 - NOISE
        actions[..., 6] = good
        running = engine.world.lasting_contracts.running
        value = np.array(running.value)
        engine.step(actions)
        appealed, upheld = engine.world.appeals.appealed, engine.world.appeals.upheld
        np.testing.assert_array_equal(appealed, good)
        chance = np.clip((seen["own_quality"] + NOISE - 0.6) / (2 * NOISE), 0, 1)
        won += float(upheld[good].sum())
        expected += float(chance[good].sum())
        spread += float((chance * (1 - chance))[good].sum())
        if upheld.any():
            gains = engine.world.appeals.gained[upheld]
            assert (gains > 0).all()
            assert gains.max() <= 1.5 * value.max() + 1
    assert expected > 100
    assert abs(won - expected) < 4 * math.sqrt(spread)


def test_an_appeal_without_the_fee_is_not_heard():
    parts = EVERYTHING | {"eligibility": {"open_share": 1.0}, "appeals": {"window": 2, "fee": 900.0}}
    scenario = lasting(parts, {"noise": NOISE})
    for engine, before, _ in watched(scenario, 5, markets=6, number=25, act=act):
        assert not engine.world.appeals.appealed.any()
        assert (balances_of(before.ledger.balances, FREE) < 900_000_000).all()


def test_appeals_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="no grade is wrong: give lasting_contracts a noise"):
        lasting({"appeals": {}}, {})
    economy = FLAGSHIP.model_dump(mode="json")["economy"]
    with pytest.raises(ValueError, match=r"economy\.appeals stands on lasting_contracts"):
        FLAGSHIP.replace(economy=economy | {"appeals": {}})
