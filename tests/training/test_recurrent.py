"""Recurrent PPO: what is played is what was trained, its memory included, and a run resumes to the bit."""

import copy

import numpy as np
import pytest

from econo_env.engine.engine import Engine
from econo_env.player import Player
from econo_env.policies import make_policy
from econo_env.policies.recurrent import Recalling, read_recurrent, write_recurrent
from econo_env.training.config import config_from, read_config
from econo_env.training.evaluation.statistics import t_interval
from econo_env.training.trainer import Trainer
from tests.playing import play

torch = pytest.importorskip("torch")
pytest.importorskip("sb3_contrib")

SMALL = {
    "scenario": {
        "id": "first_price_v0",
        "num_agents": 3,
        "max_cycles": 5,
        "end_of_episode": "truncation",
        "agents": [{"count": 2, "intelligence": "proactive"}, {"count": 1}],
    },
    "algorithm": "recurrent_ppo",
    "recurrent": {"units": 6},
    "total_timesteps": 192,
    "learner": {
        "net_arch": [5],
        "num_markets": 8,
        "n_steps": 4,
        "batch_size": 32,
        "gamma": 0.9,
        "difference_rewards": False,
    },
}


def trained(total=192):
    trainer = Trainer(config_from(SMALL | {"total_timesteps": total}), 3)
    while not trainer.finished:
        trainer.iterate()
    return trainer


def plays_as_torch(network, model, observations, rewards, ended):
    """Actions of the library's own network, fed by hand with what was last done and earned."""
    shape = observations.shape[1:3]
    rows = shape[0] * shape[1]
    state = tuple(torch.zeros(1, rows, network.units) for _ in range(2))
    last, earned = np.zeros((*shape, 1), np.float32), np.zeros(shape, np.float32)
    starts, found = np.ones(shape[0], bool), []
    for seen, reward, over in zip(observations, rewards, ended, strict=True):
        last, earned = np.where(starts[:, None, None], 0.0, last), np.where(starts[:, None], 0.0, earned)
        inputs = np.concatenate([seen, last, earned[..., None]], axis=-1).reshape(rows, -1).astype(np.float32)
        begins = torch.as_tensor(np.repeat(starts, shape[1]), dtype=torch.float32)
        with torch.no_grad():
            around, state = model.policy.get_distribution(torch.as_tensor(inputs), state, begins)
        last = np.clip(around.mode().numpy().reshape(*shape, 1), -1.0, 1.0)
        found.append(last)
        earned, starts = reward.astype(np.float32), over
    return np.array(found)


def test_what_is_played_is_what_was_trained(tmp_path):
    trainer = trained()
    network = trainer.recurrent()
    trainer.write_policy(tmp_path / "policy.npz")
    kept = read_recurrent(tmp_path / "policy.npz")
    generator, shape = np.random.default_rng(0), (3, 3)
    features = network.inputs.shape[0] - 2
    observations = generator.random((12, *shape, features)).astype(np.float32)
    rewards, ended = generator.normal(size=(12, *shape)), generator.random((12, 3)) < 0.3
    expected = plays_as_torch(network, trainer.learners["shared"], observations, rewards, ended)
    policy, played = Recalling(trainer.config.scenario, kept), []
    for seen, reward, over in zip(observations, rewards, ended, strict=True):
        played.append(policy.act(seen, np.ones(shape, bool)))
        policy.observe(reward, over)
    np.testing.assert_allclose(np.array(played), expected, atol=2e-6)
    assert np.ptp(np.array(played)) > 0.0


def test_a_run_is_played_in_its_seats_and_replays(tmp_path):
    trainer = trained(64)
    write_recurrent(tmp_path / "policy.npz", trainer.recurrent())
    scenario = trainer.config.scenario
    policy, engine = make_policy(str(tmp_path), scenario), Engine(scenario, 4, autoreset=True)
    assert policy.played_by == ["proactive", "proactive", "truthful"]
    engine.reset(0)

    play(engine, policy, 3)
    state, memory = engine.snapshot(), policy.snapshot()
    first = play(engine, policy, 6)
    engine.restore(state)
    policy.restore(memory)
    np.testing.assert_array_equal(play(engine, policy, 6), first)


def test_it_resumes_to_the_bit():
    straight = trained()
    broken = Trainer(straight.config, 3)
    broken.iterate()
    kept = copy.deepcopy(broken.state())
    resumed = Trainer(straight.config, 3)
    resumed.restore(kept)
    while not resumed.finished:
        resumed.iterate()
    for name in ("inputs", "hidden", "biases"):
        np.testing.assert_array_equal(vars(straight.recurrent())[name], vars(resumed.recurrent())[name])


def test_the_memory_of_an_episode_is_of_that_episode():
    network = trained(64).recurrent()
    policy = Recalling(trained(64).config.scenario, network)
    seen = np.full((2, 3, network.inputs.shape[0] - 2), 0.5, np.float32)
    first = policy.act(seen, np.ones((2, 3), bool))
    policy.observe(np.ones((2, 3)), np.array([True, False]))
    again = policy.act(seen, np.ones((2, 3), bool))
    np.testing.assert_array_equal(again[0], first[0])
    assert (again[1] != first[1]).any()


@pytest.mark.parametrize(
    "change", [{"sharing": "per_seat"}, {"learner": SMALL["learner"] | {"difference_rewards": True}}]
)
def test_what_judges_ticks_one_by_one_does_not_go_with_a_memory(change):
    with pytest.raises(ValueError, match="recurrent_ppo remembers"):
        config_from(SMALL | change)


def income_in_strange_episodes(trainer, markets=256):
    """Credits a tick of the first seat by tick, (ticks, markets), as the mean action plays; episodes begin anew."""
    scenario = trainer.config.scenario
    engine, policy = Engine(scenario, markets), Player(trainer.policy())
    engine.reset(5)
    return play(engine, policy, scenario.max_cycles)[:, :, 0]


@pytest.mark.slow
def test_a_memory_earns_more_than_any_bid_that_never_changes_and_than_none():
    """The rival bids .1 or .7, 25 ticks each, and nobody is told: one bid earns .45 at most, who knows earns .6."""
    config = read_config("recurrent", ["evaluation.every=0", "evaluation.early=0"])
    found = {}
    for algorithm in ("recurrent_ppo", "ppo"):
        trainer = Trainer(config.model_copy(update={"algorithm": algorithm}), 0)
        while not trainer.finished:
            trainer.iterate()
        found[algorithm] = t_interval(income_in_strange_episodes(trainer).mean(axis=0))
    assert found["recurrent_ppo"].low > 0.45 + 0.02
    assert found["ppo"].high < 0.45 + 0.005, "without a memory nothing tells the rival"
