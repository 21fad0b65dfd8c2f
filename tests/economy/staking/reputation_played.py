"""Standing in four respects and what raters say of each other, recomputed in played markets; rings are bounded."""

import numpy as np
import pytest
from scipy.stats import beta

from econo_env.economy.invariants import violations
from econo_env.economy.ledger import COLLATERAL, PLEDGED, balances_of
from econo_env.economy.standing import WEIGHTS
from econo_env.economy.trust import ratings_of, trust_of
from econo_env.engine.engine import Engine
from econo_env.engine.rng import AUDIENCE, uniform
from tests.economy.staking.played import place, sale, tasks, ticks

EPOCH, LEEWAY, SEEN, KEPT, FORGETTING = 3, 0.1, 0.6, 0.9, 0.95
ALARM = {"before": 0.6, "after": 0.3, "false_alarms": 0.3}
TESTIMONY = {"leeway": LEEWAY, "seen": SEEN, "every": 1, "forgetting": KEPT}


def with_parts(scenario, **parts):
    economy = scenario.model_dump(mode="json")["economy"]
    economy["reputation"] = {"forgetting": FORGETTING, "epoch": EPOCH, "reference_value": 0.2}
    return scenario.replace(economy=economy | parts)


def ceil(amount, per_million):
    return -(-amount * per_million // 10**6)


@pytest.mark.parametrize("kind", [sale, tasks])
def test_standing_in_four_respects_is_recomputed(kind):
    scenario = with_parts(kind(evidence_seen=0.5, enforcement_grace=3), standing={}, change_detection=ALARM)
    known, alarms, fines = np.zeros((6, 4, 4, 2)), 0, 0
    names = scenario.kind.observations(scenario)
    for engine, before, _ in ticks(scenario, 2, 6, 39):
        world, tick = engine.world, before.market.tick
        known[tick == 0] = 0.0
        grade, value = world.conduct.grade, np.minimum(1.0, world.conduct.value / 0.2e6)
        for k, i in np.ndindex(6, 4):
            changed, graded = False, grade[k, i]
            if graded and not world.conduct.banned[k, i]:
                weight, over = value[k, i] * (1.25 if graded == 1 else 1.0), engine.state.award.units[k, i] != 0
                says = [graded <= 2, {1: 1.0, 2: 0.5}.get(graded, 0.0), 1.0, over]
                known[k, i] *= FORGETTING**weight
                known[k, i] += weight * np.array([[said, 1 - said] for said in map(float, says)])
                changed = True
            if world.evidence.fined[k, i] > 0:
                known[k, i, 2] = known[k, i, 2] * FORGETTING + [0.0, 1.0]
                changed, fines = True, fines + 1
            if world.change_detection.alarmed[k, i]:
                known[k, i, :, 0] = 0.0
                changed, alarms = True, alarms + 1
            if not changed and i % EPOCH == EPOCH - 1 - tick[k] % EPOCH and not world.conduct.banned[k, i]:
                known[k, i] *= FORGETTING
        np.testing.assert_allclose(world.standing.positive, known[..., 0], atol=1e-9)
        np.testing.assert_allclose(world.standing.negative, known[..., 1], atol=1e-9)
        bounds = beta.ppf(0.05, known[..., 0] + 1, known[..., 1] + 1)
        np.testing.assert_allclose(world.reputation.bound, bounds @ WEIGHTS, atol=1e-4)
        here, seen = ~world.conduct.banned, engine.buffers.observations
        for at, name in enumerate(("reliability", "performance", "honesty", "cooperation")):
            own = seen[..., names.index(f"standing_{name}")]
            np.testing.assert_allclose(own[here], bounds[..., at][here], atol=1e-4)
        assert violations(scenario, world, before) == []
    assert fines > 5
    assert alarms > 0 or kind is sale


def test_what_raters_say_moves_a_reputation_by_trust_and_stake_alone():
    """Praise, blame, trust and the shift computed a second time from the actions; nobody moves it beyond its stake."""
    scenario = with_parts(tasks({"num_agents": 5}, evidence_seen=0.5), testimony=TESTIMONY)
    rate = place(scenario, "rate")
    praise, blame, moved, heard = np.zeros((6, 5, 5)), np.zeros((6, 5, 5)), [], 0
    for engine, before, actions in ticks(scenario, 3, 6, 39):
        world, own, was = engine.world, engine.world.testimony, before.testimony
        praise[before.market.tick == 0], blame[before.market.tick == 0] = 0.0, 0.0
        for k, i in np.ndindex(6, 5):
            of, said = was.saw[k, i], actions[k, i, rate]
            told = (world.testimony.praise[k, of, i] != was.praise[k, of, i]) or (
                world.testimony.blame[k, of, i] != was.blame[k, of, i]
            )
            if of < 0 or not told:
                continue
            praise[k, of, i] = praise[k, of, i] * KEPT ** abs(said) + max(said, 0.0)
            blame[k, of, i] = blame[k, of, i] * KEPT ** abs(said) + max(-said, 0.0)
            heard += 1
        assert (own.saw != np.arange(5)).all(), "nobody speaks of itself"
        np.testing.assert_allclose(own.praise, praise, atol=1e-6)
        np.testing.assert_allclose(own.blame, blame, atol=1e-6)
        pledged = balances_of(world.ledger.balances, PLEDGED) * ~world.conduct.banned
        for k in range(6):
            total = pledged[k].sum()
            if total == 0:
                assert not own.moved[k].any()
                continue
            stake = pledged[k] / total
            trust, _ = trust_of(ratings_of(np.maximum(praise[k] - blame[k], 0.0).T), stake)
            np.testing.assert_allclose(own.trust[k], trust, atol=1e-7)
            known = world.reputation
            mean = (known.positive[k] + 1) / (known.positive[k] + known.negative[k] + 2)
            says = (praise[k] + 1) / (praise[k] + blame[k] + 2)
            there = praise[k] + blame[k] > 0
            shift = (there * np.minimum(trust, stake) * np.clip(says - mean[:, None], -LEEWAY, LEEWAY)).sum(axis=1)
            np.testing.assert_allclose(own.moved[k], shift, atol=1e-7)
            assert (np.abs(own.moved[k]) <= LEEWAY * (1 - stake) + 1e-12).all()
            np.testing.assert_allclose(known.bound[k], np.clip(own.record[k] + shift, 1e-6, 1 - 1e-6), atol=1e-12)
            house = beta.ppf(0.05, known.positive[k] + 1, known.negative[k] + 1)
            np.testing.assert_allclose(own.record[k], house, atol=1e-4)
            for i in np.flatnonzero(world.conduct.grade[k]):
                for rater in range(5):
                    clock = before.market.tick[k], AUDIENCE, i * 5 + rater
                    luck = uniform(world.market.key[k], before.market.episode[k], *clock)
                    if rater != i and luck < SEEN and world.conduct.past[k] == i + 1:
                        assert own.saw[k, rater] == i
                        assert own.grade[k, rater] == world.conduct.grade[k, i]
        moved.append(np.abs(own.moved).max())
    assert heard > 100
    assert max(moved) > 0.02


def rated(ring, seed=0, markets=12):
    """The bounds of agent 0 tick by tick where honest raters say what they saw, and a ring with a tenth of the stake
    slanders it and praises itself, or is silent."""
    scenario = with_parts(
        tasks({"num_agents": 6, "max_cycles": 40}, enforcement_pledge=1.0, bonding_delay=40), testimony=TESTIMONY
    )
    engine, bond, rate = Engine(scenario, markets, autoreset=False), place(scenario, "bond"), place(scenario, "rate")
    engine.reset(seed)
    bounds, share = [], []
    for tick in range(40):
        actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
        actions[..., 2], actions[..., 3] = 1.0, -1.0
        if tick == 0:
            actions[:, :4, bond] = 0.2  # of 19 that are free: the four honest pledge 4.8 each, the two liars 1
        own = engine.world.testimony
        honest = np.where(own.saw >= 0, np.where(own.grade <= 2, 1.0, -1.0), 0.0)
        lies = np.where(own.saw == 0, -1.0, np.where(own.saw >= 4, 1.0, 0.0)) if ring else 0.0
        actions[..., rate] = np.where(np.arange(6) < 4, honest, lies)
        engine.step(actions)
        pledged = balances_of(engine.world.ledger.balances, PLEDGED)
        share.append((pledged[:, 4:].sum(axis=1) / pledged.sum(axis=1)).max())
        bounds.append(engine.world.reputation.bound[:, 0].copy())
    return np.array(bounds), max(share[1:])


def test_a_ring_with_a_tenth_of_the_stake_moves_nobody_by_a_fiftieth():
    silent, share = rated(ring=False)
    slandered, _ = rated(ring=True)
    gap = np.abs(slandered - silent).max()
    assert 0.09 < share < 0.1
    assert 0.001 < gap <= 0.02, "what it says is heard, as far as its stake goes"


def test_a_better_reputation_makes_premiums_cheaper_and_credit_lines_longer():
    """Each premium and each line recomputed from the bound that all could see before the bids; no debt defaults."""
    scenario = with_parts(
        sale(
            insurance_by_reputation=True, credit_by_reputation=True, credit_term=2, credit_pool=50.0,
            evidence_seen=0.0, enforcement_pledge=0.001,
        )
    )  # fmt: skip
    premiums, lent, factors = 0, 0, set()
    for engine, before, actions in ticks(scenario, 5, 12, 39, still=()):
        world, bound = engine.world, before.reputation.bound
        cover = (np.maximum(actions[..., place(scenario, "insure")], 0.0).astype(float) * 1e6).astype(int)
        for k, i in zip(*np.nonzero(world.insurance.premium), strict=True):
            fair = ceil(ceil(800_000, int(cover[k, i])), 250_000)
            fair += ceil(fair, 100_000)
            more = int((1.5 - 0.5 * bound[k, i] - 1.0) * 1e6)
            assert world.insurance.premium[k, i] == fair + ceil(fair, more)
            premiums += 1
        put_up = balances_of(world.ledger.balances, COLLATERAL)
        line = put_up * (0.5 + 0.5 * bound)
        assert (world.credit.debt <= np.where(world.credit.lent > 0, line + 2, put_up)).all()
        assert not world.credit.defaulted.any()
        lent += int((world.credit.lent > 0).sum())
        factors |= set(bound[world.credit.lent > 0].round(2).tolist())
        assert violations(scenario, world, before) == []
    assert premiums > 20
    assert lent > 5
    assert len(factors) > 2


@pytest.mark.parametrize("part", ["insurance", "credit"])
def test_what_asks_for_a_reputation_is_refused_without_one(part):
    economy = sale().model_dump(mode="json")["economy"]
    economy = {name: economy[name] for name in ("ledger", "staking", "default")} | {part: {"by_reputation": True}}
    with pytest.raises(ValueError, match="by_reputation asks for a reputation"):
        sale().replace(economy=economy)
