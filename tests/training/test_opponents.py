"""The pool of opponents: ratings are Elo's, strong ones come more often, all is kept; forecasts that PPO sees."""

import numpy as np
import pytest

import econo_env
from econo_env.policies.base import make_policy
from econo_env.policies.networks import Network
from econo_env.policies.proactive import Foreseeing
from econo_env.training.config import config_from
from econo_env.training.opponents import START, Pool, expected_score
from econo_env.training.run import start_run
from econo_env.training.sections import Opponents
from econo_env.training.trainer import Trainer
from tests.training.conftest import SMALL

SCENARIO = econo_env.load("first_price_v0", num_agents=4)
REPEATED = {"id": "first_price_v0", "max_cycles": 6, "feedback": "all_bids"}


def pool(**settings):
    return Pool(Opponents(**{"fixed": ("truthful", "shading"), "latest": 0.0, **settings}), SCENARIO)


def network(seed=0, seats=(0, 1, 2, 3)):
    features = len(econo_env.market.market_of(SCENARIO).observations(SCENARIO))
    weights = np.random.default_rng(seed).normal(size=(features, 1)).astype(np.float32)
    return Network(seats, ((weights, np.zeros(1, np.float32)),), "relu", np.full(1, 0.1, np.float32))


class TestRatings:
    def test_expected_scores_are_the_published_ones(self):
        """Two hundred points are about 76 %, four hundred 10 to 1."""
        assert expected_score(1500, 1500) == 0.5
        assert expected_score(1700, 1500) == pytest.approx(0.7597, abs=1e-4)
        assert expected_score(1900, 1500) == pytest.approx(10 / 11)
        assert expected_score(1600, 1500) + expected_score(1500, 1600) == pytest.approx(1.0)

    def test_a_turn_moves_both_by_k_times_the_surprise(self):
        """Seat 0 beats truthful in three markets of four, ties count half; all points stay in the pool."""
        one = pool(fixed=("truthful",), mixed=False, k_factor=32.0)
        one.players([1, 2, 3], make_policy("truthful", SCENARIO), 0)
        earned = np.array([[1.0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 1]])
        one.judge(earned, [0])
        change = 32.0 * ((2 + 0.5) / 4 - 0.5)
        assert one.rating == pytest.approx(START + change)
        assert one.members[0].rating == pytest.approx(START - change)
        assert one.scalars()["pool/score/truthful"] == pytest.approx(0.625)

    def test_ratings_come_to_the_true_strengths(self):
        """Against an opponent beaten in 9 markets of 10 the difference settles at 400 log10(9) = 382."""
        one, luck = pool(fixed=("truthful",), k_factor=8.0), np.random.default_rng(0)
        for turn in range(600):
            one.players([1], make_policy("truthful", SCENARIO), turn)
            wins = luck.random(200) < 0.9
            one.judge(np.stack([wins, ~wins, ~wins, ~wins], axis=1).astype(float), [0])
        assert one.rating - one.members[0].rating == pytest.approx(400 * np.log10(9), abs=40)

    def test_only_seats_of_the_same_group_are_compared(self):
        scenario = econo_env.load("double_auction_v1")
        one = Pool(Opponents(fixed=("truthful",), latest=0.0), scenario)
        one.players([1, 3], make_policy("truthful", scenario), 0)
        one.judge(np.array([[1.0, 0.0, 0.0, 5.0]]), [0])  # the seller in seat 3 earned more: no matter
        assert one.scalars()["pool/score/truthful"] == 1.0


class TestDraws:
    def test_the_strong_are_drawn_more_often(self):
        one = pool(hard=2.0)
        one.members[0].rating, one.members[1].rating = START + 200, START - 200
        latest = make_policy("truthful", SCENARIO)
        found = [one.players([1], latest, seed)[1].name for seed in range(4000)]
        chances = [(1 - expected_score(START, member.rating)) ** 2 for member in one.members]
        assert found.count("truthful") / 4000 == pytest.approx(chances[0] / sum(chances), abs=0.03)

    def test_mixed_seats_have_opponents_of_their_own(self):
        latest = make_policy("truthful", SCENARIO, 5)
        mixed = [pool().players([1, 2, 3], latest, seed) for seed in range(60)]
        assert any(len({id(policy) for policy in players.values()}) == 2 for players in mixed)
        alone = [pool(mixed=False).players([1, 2, 3], latest, seed) for seed in range(60)]
        assert all(len({id(policy) for policy in players.values()}) == 1 for players in alone)

    def test_the_latest_has_its_share(self):
        one, latest = pool(latest=0.7, past_every=1), make_policy("conservative", SCENARIO)
        found = [one.players([1], latest, seed)[1] is latest for seed in range(3000)]
        assert np.mean(found) == pytest.approx(0.7, abs=0.03)


def test_of_too_many_past_ones_the_lowest_rated_leaves():
    one = pool(past_every=1000, past_keep=2)
    one.keep([network(1)], 1000)
    one.members[-1].rating = START + 50
    one.keep([network(2)], 2000)
    one.members[-1].rating = START - 50
    one.rating = START + 10
    one.keep([network(3)], 3000)
    assert [member.name for member in one.members] == ["truthful", "shading", "past_1", "past_3"]
    assert one.members[-1].rating == START + 10, "what is learned takes its rating along"


def test_a_pool_goes_back_to_its_state():
    one, other = pool(past_every=1000), pool(past_every=1000)
    one.keep([network(1)], 1000)
    one.members[0].rating, one.members[2].turns, one.rating = 1444.0, 3, 1555.0
    other.restore(one.state())
    assert other.scalars() == one.scalars()
    assert other.members[2].turns == 3
    seen = np.random.default_rng(0).random((5, 4, one.members[2].networks[0].layers[0][0].shape[0])).astype(np.float32)
    mask = np.ones((5, 4), dtype=bool)
    np.testing.assert_array_equal(one.members[2].policy.act(seen, mask), other.members[2].policy.act(seen, mask))


def test_training_against_fixed_opponents_answers_them(small):
    """Against rivals that bid 0.6 of their values, the best of three bids is 2/3 of the value, at most 0.6."""
    config = small(
        "scenario.num_agents=3",
        "opponents={fixed: [shading], latest: 0}",
        "learner.num_markets=512",
        "learner.batch_size=1024",
        "learner.net_arch=[32]",
        "learner.std={initial: 0.2, final: 0.02, schedule: exponential}",
        "learner.learning_rate={initial: 0.01, final: 0.0005, schedule: exponential}",
        "learner.n_epochs=4",
        "learner.normalize_advantage=false",
        "total_timesteps=200000",
        "sharing=shared",
    )
    trainer = Trainer(config, 0)
    assert trainer.homes == {"shared": (0,)}
    while not trainer.finished:
        scalars = trainer.iterate()
    seen = trainer.learners["shared"].seen
    seen = seen[seen[:, 0] > 0.3]
    values = seen[:, 0]
    bids = values * (1.0 + trainer.networks()[0].mean(seen)[:, 0])
    best = np.minimum(2 / 3 * values, 0.9)
    assert np.abs(bids - best).max() < 0.06
    assert scalars["pool/rating_learner"] > START, "it earns more than those who bid 0.9 of their values"


def test_a_run_keeps_its_pool_and_shows_it(small, quiet, tmp_path):
    config = small("opponents={fixed: [truthful], past_every: 128, past_keep: 2}", "total_timesteps=600")
    start_run(config, tmp_path / "run", quiet)
    rows = [line for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines() if "pool/rating_learner" in line]
    assert rows
    assert "pool/rating/past_" in rows[-1]


class TestForecasts:
    def config(self, small, *changes, by="ridge"):
        return small("sharing=shared", f"forecasts={{lags: 2, by: {by}}}", *changes, scenario=REPEATED)

    def test_the_learner_sees_them_beside_the_market(self, small):
        trainer = Trainer(self.config(small), 0)
        markets = trainer.learners["shared"].markets
        assert markets.observation_space.shape == (markets.features + 2,)
        for _ in range(4):
            trainer.iterate()
        seen = trainer.learners["shared"].seen.reshape(8, 2, -1)
        assert (seen[..., markets.features :] != 0).any()
        policy = trainer.policy()
        assert isinstance(policy, Foreseeing)

    @pytest.mark.parametrize("by", ["ridge", "network"])
    def test_a_run_plays_with_what_it_was_trained_with(self, by, small, quiet, tmp_path):
        config = self.config(small, by=by)
        start_run(config, tmp_path / "run", quiet)
        policy = make_policy(tmp_path / "run", config.scenario)
        assert isinstance(policy, Foreseeing)
        assert policy.forecaster.of == ("bid_of_0", "bid_of_1")
        engine = econo_env.engine.engine.Engine(config.scenario, 3, autoreset=True)
        engine.reset(0)
        for _ in range(9):
            engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
            policy.observe(engine.buffers.rewards, engine.buffers.ended)
        kept, seen, mask = policy.snapshot(), engine.buffers.observations.copy(), engine.buffers.action_mask.copy()
        once = policy.act(seen, mask)
        policy.restore(kept)
        np.testing.assert_array_equal(policy.act(seen, mask), once)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["opponents={latest: 0.5}"], "latest=0.5 leaves draws for others"),
        (["opponents={fixed: [truthful, truthful]}"], "name each opponent once"),
        (["opponents={fixed: [truthful], k_factor: 0}"], "k_factor"),
        (["forecasts={lags: 2}"], "set max_cycles above 1"),
        (["forecasts={lags: 0}", "scenario.max_cycles=5"], "lags"),
        (["forecasts={of: [weather]}", "scenario.max_cycles=5"], "shows no 'weather'"),
        (
            [
                "forecasts={lags: 2}",
                "scenario.max_cycles=5",
                "scenario.feedback=all_bids",
                "sharing=per_seat",
                "learner.batch_size=16",
            ],
            "nobody forecasts",
        ),
        (["scenario.num_agents=1", "opponents={fixed: [truthful]}", "learner.batch_size=16"], "take more agents"),
    ],
)
def test_a_mistake_names_value_and_fix(changes, message):
    with pytest.raises(ValueError, match=message):
        config_from(SMALL, changes)


def test_who_remembers_is_no_opponent(small):
    config = small("opponents={fixed: [exp3]}")
    with pytest.raises(ValueError, match="'exp3' remembers what came before"):
        Trainer(config, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("algorithm", "entropy"), [("td3", 0.0), ("sac", 0.003)])
def test_off_policy_learners_answer_a_fixed_rival(algorithm, entropy):
    """One rival bids 0.9 of its value: the best bid is half the own value."""
    learner = {
        "num_markets": 64,
        "n_steps": 4,
        "batch_size": 256,
        "n_epochs": 2,
        "gamma": 0.0,
        "ent_coef": entropy,
        "learning_rate": {"initial": 1e-3, "final": 1e-4, "schedule": "exponential"},
        "std": {"initial": 0.3, "final": 0.05, "schedule": "exponential"},
    }
    pool = {"fixed": ["shading"], "latest": 0.0}
    sections = {"algorithm": algorithm, "sharing": "shared", "learner": learner, "opponents": pool}
    trainer = Trainer(config_from({"scenario": "first_price_v0", "total_timesteps": 60_000, **sections}), 0)
    while not trainer.finished:
        trainer.iterate()
    seen = trainer.learners["shared"].seen
    values = seen[:, 0]
    bids = values * (1.0 + trainer.networks()[0].mean(seen)[:, 0])
    assert np.abs(bids - values / 2).mean() < 0.05


def test_off_policy_learners_take_no_difference_rewards():
    with pytest.raises(ValueError, match="td3 learns from rewards as they come"):
        config_from(SMALL, ["algorithm=td3", "learner.difference_rewards=true"])
