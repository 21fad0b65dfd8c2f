"""The task market keeps its books, its promises and its grades."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.contracts import BYZANTINE, NO_GRADE, SATISFACTORY
from econo_env.economy.ledger import BONDED, ESCROW, FREE, PRINCIPAL, balances_of
from econo_env.engine.engine import Engine
from econo_env.engine.state import columns
from econo_env.market import market_of

MARKETS = 256
OPEN = {"economy.eligibility.open_share": 1.0}


def make(num_markets=MARKETS, seed=0, **overrides):
    engine = Engine(econo_env.load("task_market_v0", **overrides), num_markets)
    engine.reset(seed)
    return engine


def truthful(engine):
    scenario = engine.scenario
    return market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)


def books_balance(engine):
    ledger = engine.world.ledger
    assert (ledger.balances.sum(axis=1) == ledger.minted).all()
    assert (ledger.balances >= 0).all()
    assert (ledger.refused == 0).all()
    for kind in (ESCROW, BONDED):
        assert (balances_of(ledger.balances, kind) == 0).all(), "nothing stays locked after settlement"


ADVERSARIES = {
    "truthful": lambda engine, rng: truthful(engine),
    "random": lambda engine, rng: rng.uniform(-1, 1, engine.buffers.actions.shape),
    "boasting": lambda engine, rng: np.broadcast_to([-1.0, 1.0, -1.0, -1.0], engine.buffers.actions.shape),
    "forging": lambda engine, rng: np.broadcast_to([-1.0, 1.0, -1.0, 1.0], engine.buffers.actions.shape),
    "garbage": lambda engine, rng: rng.choice([np.nan, np.inf, -5.0, 0.3, 1.0], engine.buffers.actions.shape),
}


@pytest.mark.parametrize("conduct", ADVERSARIES)
@pytest.mark.parametrize("stake_cap", [None, 1.0, 0.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_money_is_conserved_and_nothing_is_negative_whatever_agents_do(conduct, stake_cap, seed):
    engine = make(seed=seed, **{"economy.contracts.stake_cap": stake_cap, "economy.ledger.endowment": 4.0})
    rng = np.random.default_rng(seed)
    for _ in range(64):
        engine.step(np.asarray(ADVERSARIES[conduct](engine, rng), dtype=np.float32))
        books_balance(engine)
    assert engine.buffers.ended.all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_truthful_task_market_is_efficient_among_the_eligible(seed):
    engine = make(seed=seed)
    for _ in range(64):
        engine.step(truthful(engine))
        assert np.allclose(engine.state.surplus, engine.state.best_surplus, atol=1.0)


def test_the_principal_keeps_exactly_the_second_score_in_every_realisation():
    engine = make()
    value = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}
    rng = np.random.default_rng(0)
    for _ in range(40):
        task = engine.state.task_value.copy()
        before = engine.world.ledger.balances[:, PRINCIPAL].copy()
        actions = truthful(engine)
        actions[..., 3] = np.where(rng.random(actions.shape[:2]) < 0.1, 1.0, -1.0)
        engine.step(actions)
        for k in np.flatnonzero(engine.state.winner >= 0):
            winner = engine.state.winner[k]
            worth = round(value[int(engine.world.conduct.grade[k, winner])] * task[k])
            paid = before[k] - engine.world.ledger.balances[k, PRINCIPAL]
            assert abs(worth - paid - engine.state.second_scores[k, winner]) <= 1
            assert paid == -engine.state.award.pays[k, winner]


def test_an_undetected_forgery_is_paid_and_a_proven_one_ends_in_a_ban():
    engine = make(num_markets=2000, **{"economy.contracts.detection": 0.5, **OPEN})
    actions = truthful(engine)
    actions[..., 3] = 1.0
    engine.step(actions)
    state, buffers = engine.state, engine.buffers
    won = state.winner >= 0
    graded = engine.world.conduct.grade
    grades = graded[np.flatnonzero(won), state.winner[won]]
    assert set(grades) == {SATISFACTORY, BYZANTINE}
    assert abs((grades == BYZANTINE).mean() - 0.5) < 4 * 0.5 / np.sqrt(won.sum())
    banned = graded == BYZANTINE
    assert np.array_equal(buffers.terminated, banned)
    assert np.array_equal(~state.active, banned)
    assert (buffers.rewards[banned] < 0).all()
    engine.step(truthful(engine))
    assert (state.winner[banned.any(axis=1)] != np.argmax(banned, axis=1)[banned.any(axis=1)]).all()
    assert (buffers.rewards[banned] == 0).all()
    assert not buffers.terminated[banned].any(), "a ban is announced once"
    assert not buffers.action_mask[banned].any()
    assert (buffers.observations[banned] == 0).all()


@pytest.mark.parametrize("agent", range(5))
def test_eligibility_does_not_depend_on_the_own_bid(agent):
    one, other = make(), make()
    rng = np.random.default_rng(agent)
    for _ in range(20):
        actions = truthful(one)
        changed = actions.copy()
        changed[:, agent] = rng.uniform(-1, 1, changed[:, agent].shape)
        snapshot = one.snapshot()
        one.step(actions)
        other.restore(snapshot)
        eligible = other.world.eligibility.eligible.copy()
        other.step(changed)
        assert np.array_equal(eligible, snapshot.state[list(columns(type(one.world))).index("eligibility.eligible")])


def test_an_agent_that_may_not_bid_is_ignored():
    engine = make(**{"economy.eligibility.open_share": 0.0})
    assert not engine.buffers.action_mask.any(), "newcomers have the bound of ignorance"
    engine.step(truthful(engine))
    assert (engine.state.winner == -1).all()
    assert (engine.buffers.invalid_actions == 0).all()


def test_too_little_stake_keeps_an_agent_out():
    engine = make(**{"economy.ledger.endowment": 1.0, **OPEN})
    required = 2.25 * engine.state.task_value
    assert np.array_equal(engine.world.eligibility.eligible.all(axis=1), required <= 1_000_000)


@pytest.mark.parametrize("conduct", ["random", "forging"])
def test_everybody_present_at_the_end_ends_the_same_way(conduct):
    engine = make(num_markets=500, max_cycles=5, **OPEN)
    rng = np.random.default_rng(0)
    gone = np.zeros((500, 5), dtype=bool)
    ended = np.zeros(500, dtype=bool)
    for tick in range(5):
        engine.step(np.asarray(ADVERSARIES[conduct](engine, rng), dtype=np.float32))
        buffers = engine.buffers
        assert not (buffers.terminated & buffers.truncated).any()
        assert not ((buffers.terminated | buffers.truncated) & gone).any(), "nobody ends twice"
        gone |= buffers.terminated | buffers.truncated
        if tick < 4:
            assert not buffers.truncated.any()
        ended |= buffers.ended
    assert ended.all()
    assert gone.all()


def test_a_market_whose_agents_are_all_banned_ends_early():
    engine = make(num_markets=50, num_agents=1, **OPEN, **{"economy.contracts.detection": 1.0})
    engine.step(np.broadcast_to(np.float32([-1, 1, -1, 1]), (50, 1, 4)))
    won = engine.state.winner == 0
    assert won.all()
    assert engine.buffers.ended.all()
    assert engine.buffers.terminated.all()


def test_reputation_learns_reliability():
    engine = make(num_markets=800, max_cycles=400, num_agents=2, **OPEN)
    for _ in range(400):
        engine.step(truthful(engine))
    state, known = engine.state, engine.world.reputation
    mean = (known.positive + 1) / (known.positive + known.negative + 2)
    heard = known.positive + known.negative > 15
    assert heard.sum() > 300
    assert np.corrcoef(mean[heard], state.reliability[heard])[0, 1] > 0.7


def test_evidence_is_forgotten_with_each_piece_and_once_an_epoch_without():
    engine = make(
        **{
            "economy.eligibility.open_share": 1.0,
            "economy.reputation.epoch": 4,
            "economy.reputation.reference_value": 0.5,
        }
    )
    known, grades = engine.world.reputation, engine.world.conduct.grade
    for tick in range(40):
        before = known.positive.copy(), known.negative.copy()
        engine.step(truthful(engine))
        worked = grades != NO_GRADE
        good = np.where(grades == 1, 1.25, np.where(grades == 2, 1.0, 0.0))
        bad = np.where(grades == 3, 1.0, 0.0)
        agents = np.arange(engine.num_agents)
        idle_epoch = ~worked & ((tick + agents) % 4 == 3)
        kept = np.where(worked | idle_epoch, 0.98, 1.0)
        assert np.allclose(known.positive, kept * before[0] + good)
        assert np.allclose(known.negative, kept * before[1] + bad)


def test_the_reward_is_the_transfer_minus_the_cost_of_effort():
    engine = make()
    for _ in range(10):
        cost = engine.state.cost.copy()
        engine.step(truthful(engine))
        state = engine.state
        won = engine.world.conduct.grade != NO_GRADE
        expected = (-state.award.pays - cost * engine.world.contracts.work.effort**2) / 1e6
        assert np.allclose(engine.buffers.rewards[won], expected[won])
        assert (engine.buffers.rewards[~won] == 0).all()


@pytest.mark.parametrize("conduct", ["truthful", "random", "forging"])
def test_observations_stay_in_their_box(conduct):
    engine = make()
    rng = np.random.default_rng(0)
    for _ in range(64):
        observations = engine.buffers.observations
        assert np.isfinite(observations).all()
        assert observations.min() >= 0.0
        assert observations.max() <= 1.0
        engine.step(np.asarray(ADVERSARIES[conduct](engine, rng), dtype=np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"economy.contracts.excellent": 0.5}, "excellent=0.5 >= 1"),
        ({"economy.contracts.byzantine": -0.1}, "byzantine=-0.1 must hold"),
        ({"agents.reliability": {"name": "uniform", "low": 0.0, "high": 1.5}}, "at most 1"),
        ({"mechanism": {"name": "first_price"}}, "played in a sealed_bid market"),
        ({"economy.contracts.stake_kap": 1.0}, "did you mean 'stake_cap'"),
        ({"economy.reputation.forgetting": 0.0}, "greater than 0"),
        ({"max_cycles": 10**9}, "the house would need"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        econo_env.load("task_market_v0", **change)


@pytest.mark.parametrize("conduct", ["truthful", "random", "forging"])
@pytest.mark.parametrize("stake_cap", [None, 0.5, 0.0])
def test_the_expected_reward_is_the_mean_of_the_rewards(conduct, stake_cap):
    engine = make(num_markets=1, **OPEN, **{"economy.contracts.stake_cap": stake_cap})
    rng = np.random.default_rng(1)
    actions = np.asarray(ADVERSARIES[conduct](engine, rng), dtype=np.float32)
    many = engine.fork(20_000)
    many.state.key[:] = make(num_markets=20_000, seed=5).state.key  # other luck, same task and types
    many.step(np.repeat(actions, 20_000, axis=0))
    rewards = many.buffers.rewards.sum(axis=1)
    expected = many.world.contracts.expected.sum(axis=1)
    assert np.unique(expected).size == 1
    error = rewards.std() / np.sqrt(20_000) + 1e-9
    assert abs(rewards.mean() - expected[0] / 1e6) < 4 * error


def test_stake_returns_to_free_when_work_is_good():
    engine = make(**OPEN)
    start = balances_of(engine.world.ledger.balances, FREE).copy()
    engine.step(truthful(engine))
    now = balances_of(engine.world.ledger.balances, FREE)
    assert np.array_equal(now - start, -engine.state.award.pays)
