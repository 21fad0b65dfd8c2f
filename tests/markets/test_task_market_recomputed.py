"""Every tick of the task market computed a second time, from what its pages say, in plain NumPy and SciPy."""

import numpy as np
import pytest
from scipy.stats import beta

import econo_env
from econo_env.economy.ledger import BONDED, ESCROW, FREE, PRINCIPAL, balances_of
from econo_env.economy.parts.contracts import PART as CONTRACTS
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.market import market_of
from econo_env.markets.task_market.features import ARRANGED

EXCELLENT, SATISFACTORY, POOR, BYZANTINE = 1, 2, 3, 4
V = {EXCELLENT: 1.37, SATISFACTORY: 1.0, POOR: -0.33, BYZANTINE: -0.77}
MARKETS, TICKS, MICRO = 24, 14, 1_000_000
RESERVE, DETECTION, STAKE, FORGETTING, EPOCH, REFERENCE = 0.05, 0.6, 2.6, 0.9, 3, 1.2
TWISTED = {  # no rule is switched off: small tasks weigh less, tasks are closed, stakes run short, forgery passes
    "num_agents": 4, "max_cycles": TICKS, "mechanism.reserve": RESERVE,
    "agents.reliability": {"name": "uniform", "low": 0.5, "high": 1.0},
}  # fmt: skip
ECONOMY = {
    "ledger": {"endowment": STAKE},
    "staking": {},
    "contracts": {
        "excellent": V[EXCELLENT], "poor": V[POOR], "byzantine": V[BYZANTINE],
        "excellent_quality": 0.85, "satisfactory_quality": 0.4, "detection": DETECTION,
    },
    "reputation": {"forgetting": FORGETTING, "epoch": EPOCH, "reference_value": REFERENCE},
    "eligibility": {"threshold": 0.11, "open_share": 0.5},
}  # fmt: skip
WEIGHT = {None: "linear", 0.8: "sqrt"}  # of evidence, by the cap
OPEN = {"economy.eligibility.open_share": 1.0}
VERDICT = CONTRACTS.verdict
SUCCESS = (0.15 * V[EXCELLENT] + 0.45 * V[SATISFACTORY]) / 0.6  # quality is uniform above the satisfactory mark
STATE_BEFORE = ["cost", "reliability", "task_value", "active"]
WORLD_BEFORE = {
    "threshold": "eligibility", "eligible": "eligibility", "bound": "reputation", "positive": "reputation",
    "negative": "reputation", "balances": "ledger",
}  # fmt: skip


def nearest(amount):
    return np.floor(np.asarray(amount) + 0.5).astype(np.int64)


def some_actions(rng, shape):
    """Reports around the truth, every effort, some forgery, some actions that are none."""
    actions = rng.uniform(-1, 1, shape).astype(np.float32)
    actions[..., :2] *= 0.3
    actions[..., 3] = rng.choice(np.float32([-1.0, 0.5, 0.51, 1.0]), shape[:-1], p=[0.6, 0.2, 0.1, 0.1])
    for component, outside in enumerate((1.5, -1.1, np.nan, np.inf)):
        actions[rng.random(shape[:-1]) < 0.02, component] = outside
    return actions


@pytest.fixture(scope="module", params=[None, 0.8], ids=["full liability", "capped"])
def played(request):
    """Each tick as (before, actions, after, observations, rewards, invalid), all copies."""
    economy = ECONOMY | {"contracts": ECONOMY["contracts"] | {"stake_cap": request.param}}
    economy["reputation"] = ECONOMY["reputation"] | {"weight": WEIGHT[request.param]}
    scenario = econo_env.load("task_market_v0", **TWISTED, economy=economy)
    engine = Engine(scenario, MARKETS, autoreset=False)
    engine.reset(3)
    rng, ticks = np.random.default_rng(7), []
    for _ in range(TICKS):
        before = {name: getattr(engine.state, name).copy() for name in STATE_BEFORE}
        before |= {name: getattr(getattr(engine.world, part), name).copy() for name, part in WORLD_BEFORE.items()}
        before["types"] = market_of(scenario).types.now(scenario, engine.state)
        invalid = engine.buffers.invalid_actions.copy()
        actions = some_actions(rng, engine.buffers.actions.shape)
        engine.step(actions)
        after = each_array(engine.world, np.copy)
        buffers = engine.buffers
        seen = buffers.observations.copy(), buffers.rewards.copy(), buffers.invalid_actions - invalid
        ticks.append((before, actions, after, *seen))
    return scenario, request.param, ticks


def reports(before, actions):
    """What agents report, from the meaning of the actions: cost in micro-credits, and reliability."""
    a, b, p = actions[..., 0].astype(float), actions[..., 1].astype(float), before["reliability"]
    return (1 + a) * before["cost"], np.where(b >= 0, p + b * (1 - p), p * (1 + b))


def surplus(cost, reliability, effort, value):
    """Expected value of the work minus what the effort costs, micro-credits."""
    succeeds = reliability * effort
    return (succeeds * SUCCESS + (1 - succeeds) * V[POOR]) * value - cost * effort**2


def best_surplus(cost, reliability, value):
    """The surplus at the best of all efforts, by its first-order condition."""
    with np.errstate(divide="ignore", invalid="ignore"):
        effort = np.minimum(1.0, reliability * (SUCCESS - V[POOR]) * value / (2 * cost))
    return surplus(cost, reliability, effort, value)


def bids_of(before, actions):
    """Scores in micro-credits, -1 for none, and who acts outside the space."""
    value = before["task_value"][:, None].astype(float)
    invalid = before["eligible"] & ~(np.abs(actions) <= 1).all(axis=-1)
    scores = nearest(best_surplus(*reports(before, actions), value))
    return np.where(before["eligible"] & ~invalid, scores, -1), invalid


def test_scores_are_those_of_the_reports(played):
    for before, actions, after, _, _, counted in played[2]:
        scores, invalid = bids_of(before, actions)
        assert np.abs(after.market.scores - scores).max() <= 1  # another order of operations may round the other way
        assert np.array_equal(counted, invalid.sum(axis=1))


def test_the_highest_score_at_the_reserve_wins_and_owes_the_next(played):
    won = 0
    for _, actions, after, *_ in played[2]:
        scores = after.market.scores
        for k in range(MARKETS):
            accepted = sorted((int(s), i) for i, s in enumerate(scores[k]) if s >= RESERVE * MICRO)
            if not accepted:
                assert after.market.winner[k] == -1
                assert not after.market.award.units[k].any()
                continue
            winner = accepted[-1][1]
            second = accepted[-2][0] if len(accepted) > 1 else round(RESERVE * MICRO)
            assert after.market.winner[k] == winner
            assert after.market.award.units[k].tolist() == [-int(i == winner) for i in range(4)]
            assert after.market.second_scores[k].tolist() == [second if i == winner else 0 for i in range(4)]
            assert after.contracts.work.forges[k, winner] == (actions[k, winner, 3] > 0.5)
            effort = 0.0 if after.contracts.work.forges[k, winner] else (1 + float(actions[k, winner, 2])) / 2
            assert after.contracts.work.effort[k, winner] == effort
            won += 1
    assert won > 100


def test_grades_transfers_rewards_and_accounts(played):
    """Money to the micro-credit: V(grade) to the nearest one, minus S2, as far down as the stake locked goes."""
    _, cap, ticks = played
    grades_seen, clipped = set(), 0
    for before, _, after, _, rewards, _ in ticks:
        paid = np.zeros((MARKETS, 4), dtype=np.int64)
        for k in np.flatnonzero(after.market.winner >= 0):
            w, value, second = (
                after.market.winner[k],
                int(before["task_value"][k]),
                int(after.market.second_scores[k].max()),
            )
            if after.contracts.work.forges[k, w]:
                grade = BYZANTINE if after.contracts.proven[k, w] else SATISFACTORY
            else:
                grade = (
                    EXCELLENT
                    if after.contracts.quality[k, w] >= 0.85
                    else SATISFACTORY
                    if after.contracts.quality[k, w] >= 0.4
                    else POOR
                )
            grades_seen.add(grade)
            assert after.conduct.grade[k].tolist() == [grade if i == w else 0 for i in range(4)]
            worst = (V[EXCELLENT] - V[BYZANTINE]) * value
            required = int(worst if cap is None else min(worst, cap * value))
            lock = min(second - int(nearest(V[BYZANTINE] * value)), required)
            paid[k, w] = max(int(nearest(V[grade] * value)) - second, -lock)
            clipped += paid[k, w] == -lock
            effort_cost = before["cost"][k, w] * after.contracts.work.effort[k, w] ** 2
            assert rewards[k, w] == pytest.approx((paid[k, w] - effort_cost) / MICRO, abs=1e-12)
            worth = V[POOR] if after.contracts.work.forges[k, w] and grade == SATISFACTORY else V[grade]
            assert after.contracts.delivered[k].sum() == nearest(worth * value)
        assert np.array_equal(-after.market.award.pays, paid)
        assert not rewards[after.market.award.pays == 0].any()
        was, now = before["balances"], after.ledger.balances
        assert np.array_equal(balances_of(now, FREE) - balances_of(was, FREE), paid)
        assert np.array_equal(now[:, PRINCIPAL] - was[:, PRINCIPAL], -paid.sum(axis=1))
        assert not balances_of(now, ESCROW).any()
        assert not balances_of(now, BONDED).any()
        assert np.array_equal(after.market.active, before["active"] & (after.conduct.grade != BYZANTINE))
    assert grades_seen == {EXCELLENT, SATISFACTORY, POOR, BYZANTINE}
    assert clipped or cap is None


def test_evidence_weighs_by_the_value_and_the_bound_follows(played):
    """(r, s) forget and learn; the bound is SciPy's 5 % quantile of Beta(r + 1, s + 1), after every tick."""
    agents, light, linear = np.arange(4), 0, WEIGHT[played[1]] == "linear"
    for tick, (before, _, after, *_) in enumerate(played[2]):
        graded = np.where(after.market.active, after.conduct.grade, 0)
        weight = np.minimum(1.0, before["task_value"] / (REFERENCE * MICRO))[:, None] ** (1.0 if linear else 0.5)
        light += (weight[:, 0][(graded > 0).any(axis=1)] < 0.95).sum()
        good = np.select([graded == EXCELLENT, graded == SATISFACTORY], [1.25 * weight, weight], 0.0)
        bad = np.where(graded == POOR, weight, 0.0)
        epoch = (graded == 0) & after.market.active & ((tick + agents) % EPOCH == EPOCH - 1)
        heard = (graded > 0) | (epoch & ~((agents == after.market.winner[:, None]) & ~after.market.active))
        kept = np.where(heard, FORGETTING ** np.where((graded > 0) & linear, good + bad, 1.0), 1.0)
        np.testing.assert_allclose(after.reputation.positive, kept * before["positive"] + good, rtol=1e-13, atol=0)
        np.testing.assert_allclose(after.reputation.negative, kept * before["negative"] + bad, rtol=1e-13, atol=0)
        exact = beta.ppf(0.05, after.reputation.positive + 1, after.reputation.negative + 1)
        np.testing.assert_allclose(after.reputation.bound[after.market.active], exact[after.market.active], rtol=1e-8)
    assert light > 20


def test_who_may_bid_and_what_agents_see(played):
    """All thirteen features, at every tick, from their documented meaning."""
    _, cap, ticks = played
    shut_out = {"reputation": 0, "stake": 0}
    for tick, (_, _, after, seen, _, _) in enumerate(ticks[:-1]):
        value = after.market.task_value[:, None].astype(float)
        worst = (V[EXCELLENT] - V[BYZANTINE]) * value
        required = np.floor(worst if cap is None else np.minimum(worst, cap * value))
        free = balances_of(after.ledger.balances, FREE)
        poor, unknown = free < required, after.reputation.bound < after.eligibility.threshold[:, None]
        eligible = after.market.active & ~poor & ~unknown
        assert np.array_equal(after.eligibility.eligible, eligible)
        assert set(np.unique(after.eligibility.threshold)) <= {0.0, 0.11}
        shut_out["reputation"] += unknown.sum()
        shut_out["stake"] += poor.sum()
        won = after.market.winner[:, None] == np.arange(4)
        meaning = {
            "cost": after.market.cost / value / 0.5,
            "reliability": after.market.reliability,
            "task_value": np.broadcast_to(value / (1.5 * MICRO), (MARKETS, 4)),
            "ticks_left": np.full((MARKETS, 4), (TICKS - tick - 1) / TICKS),
            "free_money": free / (free + STAKE * MICRO),
            "reputation": (after.reputation.positive + 1) / (after.reputation.positive + after.reputation.negative + 2),
            "reputation_bound": after.reputation.bound,
            "eligible": eligible,
            "open": np.broadcast_to(after.eligibility.threshold[:, None] == 0, (MARKETS, 4)),
            "rivals": (eligible.sum(axis=1, keepdims=True) - eligible) / 3,
            "won": won,
            "grade": after.conduct.grade / 4,
            "second_score": after.market.second_scores / (V[EXCELLENT] * 1.5 * MICRO),
        }
        assert tuple(meaning) == ARRANGED
        for at, (name, expected) in enumerate(meaning.items()):
            wanted = np.where(after.market.active, np.minimum(1.0, expected), 0.0)
            np.testing.assert_allclose(seen[..., at], wanted, rtol=2e-6, atol=2e-6, err_msg=name)
    assert min(shut_out.values()) > 20


def test_welfare_is_that_of_the_types(played):
    """Realised and best surplus, revenue and what was created, from types, actions and grades alone."""
    scenario, _, ticks = played
    for before, actions, after, _, rewards, _ in ticks:
        value = before["task_value"].astype(float)
        share, reliability = before["types"][..., 0], before["types"][..., 1]
        np.testing.assert_array_equal(reliability, before["reliability"])
        cost = share * value[:, None]
        np.testing.assert_allclose(cost, before["cost"], atol=0.5)
        best = np.maximum(0.0, best_surplus(cost, reliability, value[:, None]))
        judged = market_of(scenario).welfare(scenario, after.market, before["types"])
        for measure, allowed in (("value", before["eligible"]), ("first_best_value", before["active"])):
            reached = np.where(allowed, best, 0.0).max(axis=1)
            np.testing.assert_allclose(judged.optimal[measure], reached / MICRO, atol=1e-9)
        w = np.maximum(after.market.winner, 0)[:, None]
        own = [np.take_along_axis(array, w, axis=1)[:, 0] for array in (cost, reliability)]
        effort = (1 + np.take_along_axis(actions[..., 2].astype(float), w, axis=1)[:, 0]) / 2
        honest = surplus(*own, effort, value)
        forged = (DETECTION * V[BYZANTINE] + (1 - DETECTION) * V[POOR]) * value
        expected = np.where(
            after.market.winner < 0, 0.0, np.where(after.contracts.work.forges.any(axis=1), forged, honest)
        )
        for measure in ("value", "first_best_value"):
            np.testing.assert_allclose(judged.realised[measure], expected / MICRO, atol=1e-9)
        delivered = VERDICT.delivered(scenario, after)
        np.testing.assert_allclose(judged.revenue, after.market.award.pays.sum(axis=1) / MICRO, atol=1e-12)
        np.testing.assert_allclose(judged.created, judged.revenue + rewards.sum(axis=1), atol=1e-9)
        np.testing.assert_allclose(delivered, after.contracts.delivered.sum(axis=1) / MICRO, atol=1e-12)


def test_a_reward_in_expectation_is_that_of_the_schedule(played):
    """Over the luck of work and evidence, with the payout of each grade cut at the stake locked."""
    _, cap, ticks = played
    for before, _, after, *_ in ticks:
        for k in np.flatnonzero(after.market.winner >= 0):
            w, value, second = (
                after.market.winner[k],
                int(before["task_value"][k]),
                int(after.market.second_scores[k].max()),
            )
            worst = (V[EXCELLENT] - V[BYZANTINE]) * value
            lock = min(second - int(nearest(V[BYZANTINE] * value)), int(min(worst, (cap or np.inf) * value)))
            pays = {grade: max(int(nearest(share * value)) - second, -lock) for grade, share in V.items()}
            p = before["reliability"][k, w] * after.contracts.work.effort[k, w]
            mean = p * (0.25 * pays[EXCELLENT] + 0.75 * pays[SATISFACTORY]) + (1 - p) * pays[POOR]
            if after.contracts.work.forges[k, w]:
                mean = DETECTION * pays[BYZANTINE] + (1 - DETECTION) * pays[SATISFACTORY]
            mean -= before["cost"][k, w] * after.contracts.work.effort[k, w] ** 2
            assert after.contracts.expected[k, w] == pytest.approx(mean, abs=1e-6)


def test_luck_of_work_is_the_winners_own():
    """Two winners of one market on one tick, by who reports lower: full effort, and success apart for each."""
    engine = Engine(econo_env.load("task_market_v0", num_agents=2, **OPEN), 400)
    outcomes = []
    for winner in range(2):
        engine.reset(4)
        actions = np.zeros((400, 2, 4), dtype=np.float32)
        actions[:, 1 - winner, 0] = np.nan
        actions[..., 2] = 1.0
        engine.step(actions)
        outcomes.append((engine.state.winner.copy(), engine.world.contracts.quality.sum(axis=1)))
    both = (outcomes[0][0] == 0) & (outcomes[1][0] == 1)
    assert both.sum() > 150
    assert abs(np.corrcoef(outcomes[0][1][both], outcomes[1][1][both])[0, 1]) < 0.3


def test_a_new_episode_forgets_the_forgeries_of_the_last():
    engine = Engine(
        econo_env.load("task_market_v0", **OPEN, **{"economy.contracts.detection": 1.0}),
        20,
    )
    engine.reset(4)
    actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
    actions[..., 3] = 1.0
    engine.step(actions)
    assert engine.world.contracts.proven.any()
    engine.reset_markets(np.ones(20, dtype=bool))
    assert not engine.world.contracts.proven.any()
    assert not engine.world.contracts.work.forges.any()
    assert engine.state.active.all()


def test_truth_reaches_the_best_surplus_of_the_eligible():
    scenario = econo_env.load("task_market_v0")
    engine = Engine(scenario, 12)
    engine.reset(1)
    for _ in range(5):
        engine.step(market_of(scenario).baselines.truthful(scenario, engine.buffers.observations))
        np.testing.assert_allclose(engine.state.surplus, engine.state.best_surplus, atol=1.0)
    assert engine.state.best_surplus.max() > 0
