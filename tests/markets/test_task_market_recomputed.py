"""Every tick of the task market computed a second time, from what its pages say, in plain NumPy and SciPy."""

import numpy as np
import pytest
from scipy.stats import beta

import econo_env
from econo_env.economy.ledger import BONDED, ESCROW, FREE, PRINCIPAL, balances_of
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.market import market_of
from econo_env.markets.task_market.state import OBSERVATIONS

EXCELLENT, SATISFACTORY, POOR, BYZANTINE = 1, 2, 3, 4
V = {EXCELLENT: 1.37, SATISFACTORY: 1.0, POOR: -0.33, BYZANTINE: -0.77}
MARKETS, TICKS, MICRO = 24, 14, 1_000_000
RESERVE, DETECTION, STAKE, FORGETTING, EPOCH, REFERENCE = 0.05, 0.6, 2.6, 0.9, 3, 1.2
TWISTED = {  # no rule is switched off: small tasks weigh less, tasks are closed, stakes run short, forgery passes
    "num_agents": 4, "max_cycles": TICKS, "mechanism.reserve": RESERVE,
    "contract.excellent": V[EXCELLENT], "contract.poor": V[POOR], "contract.byzantine": V[BYZANTINE],
    "contract.excellent_quality": 0.85, "contract.satisfactory_quality": 0.4, "contract.detection": DETECTION,
    "tasks.open_share": 0.5, "agents.stake": STAKE, "agents.reliability": {"name": "uniform", "low": 0.5, "high": 1.0},
    "reputation.threshold": 0.11, "reputation.forgetting": FORGETTING, "reputation.epoch": EPOCH,
    "reputation.reference_value": REFERENCE,
}  # fmt: skip
SUCCESS = (0.15 * V[EXCELLENT] + 0.45 * V[SATISFACTORY]) / 0.6  # quality is uniform above the satisfactory mark
STATE_BEFORE = [
    "cost",
    "reliability",
    "task_value",
    "threshold",
    "eligible",
    "active",
    "bound",
    "positive",
    "negative",
    "balances",
]


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
    scenario = econo_env.load("task_market_v0", **TWISTED, **{"contract.stake_cap": request.param})
    engine = Engine(scenario, MARKETS, autoreset=False)
    engine.reset(3)
    rng, ticks = np.random.default_rng(7), []
    for _ in range(TICKS):
        before = {name: getattr(engine.state, name).copy() for name in STATE_BEFORE}
        before["types"] = market_of(scenario).types.now(scenario, engine.state)
        invalid = engine.buffers.invalid_actions.copy()
        actions = some_actions(rng, engine.buffers.actions.shape)
        engine.step(actions)
        after = each_array(engine.state, np.copy)
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
        assert np.abs(after.scores - scores).max() <= 1  # another order of operations may round the other way
        assert np.array_equal(counted, invalid.sum(axis=1))


def test_the_highest_score_at_the_reserve_wins_and_owes_the_next(played):
    won = 0
    for _, actions, after, *_ in played[2]:
        scores = after.scores
        for k in range(MARKETS):
            accepted = sorted((int(s), i) for i, s in enumerate(scores[k]) if s >= RESERVE * MICRO)
            if not accepted:
                assert after.winner[k] == -1
                assert not after.award.units[k].any()
                continue
            winner = accepted[-1][1]
            second = accepted[-2][0] if len(accepted) > 1 else round(RESERVE * MICRO)
            assert after.winner[k] == winner
            assert after.award.units[k].tolist() == [-int(i == winner) for i in range(4)]
            assert after.second_scores[k].tolist() == [second if i == winner else 0 for i in range(4)]
            assert after.forges[k] == (actions[k, winner, 3] > 0.5)
            effort = 0.0 if after.forges[k] else (1 + float(actions[k, winner, 2])) / 2
            assert after.effort[k] == effort
            won += 1
    assert won > 100


def test_grades_transfers_rewards_and_accounts(played):
    """Money to the micro-credit: V(grade) to the nearest one, minus S2, as far down as the stake locked goes."""
    _, cap, ticks = played
    grades_seen, clipped = set(), 0
    for before, _, after, _, rewards, _ in ticks:
        paid = np.zeros((MARKETS, 4), dtype=np.int64)
        for k in np.flatnonzero(after.winner >= 0):
            w, value, second = after.winner[k], int(before["task_value"][k]), int(after.second_scores[k].max())
            if after.forges[k]:
                grade = BYZANTINE if after.forgery_proven[k] else SATISFACTORY
            else:
                grade = EXCELLENT if after.quality[k] >= 0.85 else SATISFACTORY if after.quality[k] >= 0.4 else POOR
            grades_seen.add(grade)
            assert after.grades[k].tolist() == [grade if i == w else 0 for i in range(4)]
            worst = (V[EXCELLENT] - V[BYZANTINE]) * value
            required = int(worst if cap is None else min(worst, cap * value))
            lock = min(second - int(nearest(V[BYZANTINE] * value)), required)
            paid[k, w] = max(int(nearest(V[grade] * value)) - second, -lock)
            clipped += paid[k, w] == -lock
            effort_cost = before["cost"][k, w] * after.effort[k] ** 2
            assert rewards[k, w] == pytest.approx((paid[k, w] - effort_cost) / MICRO, abs=1e-12)
            worth = V[POOR] if after.forges[k] and grade == SATISFACTORY else V[grade]
            assert after.worth[k] == nearest(worth * value)
        assert np.array_equal(after.transfers, paid)
        assert not rewards[after.transfers == 0].any()
        was, now = before["balances"], after.balances
        assert np.array_equal(balances_of(now, FREE) - balances_of(was, FREE), paid)
        assert np.array_equal(now[:, PRINCIPAL] - was[:, PRINCIPAL], -paid.sum(axis=1))
        assert not balances_of(now, ESCROW).any()
        assert not balances_of(now, BONDED).any()
        assert np.array_equal(after.active, before["active"] & (after.grades != BYZANTINE))
    assert grades_seen == {EXCELLENT, SATISFACTORY, POOR, BYZANTINE}
    assert clipped or cap is None


def test_evidence_weighs_by_the_value_and_the_bound_follows(played):
    """(r, s) forget and learn; the bound is SciPy's 5 % quantile of Beta(r + 1, s + 1), after every tick."""
    agents, light = np.arange(4), 0
    for tick, (before, _, after, *_) in enumerate(played[2]):
        graded = np.where(after.active, after.grades, 0)
        weight = np.sqrt(np.minimum(1.0, before["task_value"] / (REFERENCE * MICRO)))[:, None]
        light += (weight[:, 0][(graded > 0).any(axis=1)] < 0.95).sum()
        good = np.select([graded == EXCELLENT, graded == SATISFACTORY], [1.25 * weight, weight], 0.0)
        bad = np.where(graded == POOR, weight, 0.0)
        epoch = (graded == 0) & after.active & ((tick + agents) % EPOCH == EPOCH - 1)
        heard = (graded > 0) | (epoch & ~((agents == after.winner[:, None]) & ~after.active))
        kept = np.where(heard, FORGETTING, 1.0)
        np.testing.assert_allclose(after.positive, kept * before["positive"] + good, rtol=1e-13, atol=0)
        np.testing.assert_allclose(after.negative, kept * before["negative"] + bad, rtol=1e-13, atol=0)
        exact = beta.ppf(0.05, after.positive + 1, after.negative + 1)
        np.testing.assert_allclose(after.bound[after.active], exact[after.active], rtol=1e-8)
    assert light > 20


def test_who_may_bid_and_what_agents_see(played):
    """All thirteen features, at every tick, from their documented meaning."""
    _, cap, ticks = played
    shut_out = {"reputation": 0, "stake": 0}
    for tick, (_, _, after, seen, _, _) in enumerate(ticks[:-1]):
        value = after.task_value[:, None].astype(float)
        worst = (V[EXCELLENT] - V[BYZANTINE]) * value
        required = np.floor(worst if cap is None else np.minimum(worst, cap * value))
        free = balances_of(after.balances, FREE)
        poor, unknown = free < required, after.bound < after.threshold[:, None]
        eligible = after.active & ~poor & ~unknown
        assert np.array_equal(after.eligible, eligible)
        assert set(np.unique(after.threshold)) <= {0.0, 0.11}
        shut_out["reputation"] += unknown.sum()
        shut_out["stake"] += poor.sum()
        won = after.winner[:, None] == np.arange(4)
        meaning = {
            "cost": after.cost / value / 0.5,
            "reliability": after.reliability,
            "task_value": np.broadcast_to(value / (1.5 * MICRO), (MARKETS, 4)),
            "ticks_left": np.full((MARKETS, 4), (TICKS - tick - 1) / TICKS),
            "free_stake": free / (free + STAKE * MICRO),
            "reputation": (after.positive + 1) / (after.positive + after.negative + 2),
            "reputation_bound": after.bound,
            "eligible": eligible,
            "open_task": np.broadcast_to(after.threshold[:, None] == 0, (MARKETS, 4)),
            "rivals": (eligible.sum(axis=1, keepdims=True) - eligible) / 3,
            "won": won,
            "grade": after.grades / 4,
            "second_score": after.second_scores / (V[EXCELLENT] * 1.5 * MICRO),
        }
        assert tuple(meaning) == OBSERVATIONS
        for at, (name, expected) in enumerate(meaning.items()):
            wanted = np.where(after.active, np.minimum(1.0, expected), 0.0)
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
        judged = market_of(scenario).welfare(scenario, after, before["types"])
        for measure, allowed in (("value", before["eligible"]), ("first_best_value", before["active"])):
            reached = np.where(allowed, best, 0.0).max(axis=1)
            np.testing.assert_allclose(judged.optimal[measure], reached / MICRO, atol=1e-9)
        w = np.maximum(after.winner, 0)[:, None]
        own = [np.take_along_axis(array, w, axis=1)[:, 0] for array in (cost, reliability)]
        effort = (1 + np.take_along_axis(actions[..., 2].astype(float), w, axis=1)[:, 0]) / 2
        honest = surplus(*own, effort, value)
        forged = (DETECTION * V[BYZANTINE] + (1 - DETECTION) * V[POOR]) * value
        expected = np.where(after.winner < 0, 0.0, np.where(after.forges, forged, honest))
        for measure in ("value", "first_best_value"):
            np.testing.assert_allclose(judged.realised[measure], expected / MICRO, atol=1e-9)
        np.testing.assert_allclose(judged.revenue, (after.worth - after.transfers.sum(axis=1)) / MICRO, atol=1e-12)
        np.testing.assert_allclose(judged.created, judged.revenue + rewards.sum(axis=1), atol=1e-9)


def test_a_reward_in_expectation_is_that_of_the_schedule(played):
    """Over the luck of work and evidence, with the payout of each grade cut at the stake locked."""
    _, cap, ticks = played
    for before, _, after, *_ in ticks:
        for k in np.flatnonzero(after.winner >= 0):
            w, value, second = after.winner[k], int(before["task_value"][k]), int(after.second_scores[k].max())
            worst = (V[EXCELLENT] - V[BYZANTINE]) * value
            lock = min(second - int(nearest(V[BYZANTINE] * value)), int(min(worst, (cap or np.inf) * value)))
            pays = {grade: max(int(nearest(share * value)) - second, -lock) for grade, share in V.items()}
            p = before["reliability"][k, w] * after.effort[k]
            mean = p * (0.25 * pays[EXCELLENT] + 0.75 * pays[SATISFACTORY]) + (1 - p) * pays[POOR]
            if after.forges[k]:
                mean = DETECTION * pays[BYZANTINE] + (1 - DETECTION) * pays[SATISFACTORY]
            mean -= before["cost"][k, w] * after.effort[k] ** 2
            assert after.expected_reward[k] == pytest.approx(mean, abs=1e-6)


def test_luck_of_work_is_the_winners_own():
    """Two winners of one market on one tick, by who reports lower: full effort, and success apart for each."""
    engine = Engine(econo_env.load("task_market_v0", num_agents=2, **{"tasks.open_share": 1.0}), 400)
    outcomes = []
    for winner in range(2):
        engine.reset(4)
        actions = np.zeros((400, 2, 4), dtype=np.float32)
        actions[:, 1 - winner, 0] = np.nan
        actions[..., 2] = 1.0
        engine.step(actions)
        outcomes.append((engine.state.winner.copy(), engine.state.quality.copy()))
    both = (outcomes[0][0] == 0) & (outcomes[1][0] == 1)
    assert both.sum() > 150
    assert abs(np.corrcoef(outcomes[0][1][both], outcomes[1][1][both])[0, 1]) < 0.3


def test_a_new_episode_forgets_the_forgeries_of_the_last():
    engine = Engine(econo_env.load("task_market_v0", **{"tasks.open_share": 1.0, "contract.detection": 1.0}), 20)
    engine.reset(4)
    actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
    actions[..., 3] = 1.0
    engine.step(actions)
    assert engine.state.forgery_proven.any()
    engine.reset_markets(np.ones(20, dtype=bool))
    assert not engine.state.forgery_proven.any()
    assert not engine.state.forges.any()
    assert engine.state.active.all()


def test_truth_reaches_the_best_surplus_of_the_eligible():
    scenario = econo_env.load("task_market_v0")
    engine = Engine(scenario, 12)
    engine.reset(1)
    for _ in range(5):
        engine.step(market_of(scenario).baselines.truthful(scenario, engine.buffers.observations))
        np.testing.assert_allclose(engine.state.surplus, engine.state.best_surplus, atol=1.0)
    assert engine.state.best_surplus.max() > 0
