import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from stable_baselines3 import PPO

import econo_env
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.policies import Policy, make_policy
from econo_env.policies.networks import POLICY_FILE, Network, read_networks, write_networks
from econo_env.policies.proactive import Learned


def network(seats=(0, 1), features=2, seed=0, activation="tanh"):
    rng = np.random.default_rng(seed)
    sizes = [features, 8, 8, 1]
    layers = tuple(
        ((rng.normal(size=(a, b)) / a).astype(np.float32), (rng.normal(size=b) / 5).astype(np.float32))
        for a, b in pairwise(sizes)
    )
    return Network(tuple(seats), layers, activation, np.array([0.1], np.float32))


def seen(*shape, seed=1):
    return np.random.default_rng(seed).random((*shape, 2)).astype(np.float32)


@pytest.fixture
def scenario():
    return econo_env.load("first_price_v0")


@pytest.mark.parametrize("activation", ["Tanh", "ReLU"])
def test_plays_what_sb3_plays(activation, scenario):
    import torch

    env = make_sb3_env(scenario, 4)
    settings = {"activation_fn": getattr(torch.nn, activation), "net_arch": [16, 16]}
    model = PPO("MlpPolicy", env, n_steps=4, batch_size=32, seed=0, device="cpu", policy_kwargs=settings).learn(64)
    observations = seen(9000, 2)
    actions = Learned.from_sb3(model, scenario).act(observations, np.ones((9000, 2), bool))
    expected, _ = model.predict(observations.reshape(-1, 2), deterministic=True)
    np.testing.assert_allclose(actions.reshape(-1, 1), expected, atol=1e-5)
    model.learn(64)
    later, _ = model.predict(observations.reshape(-1, 2), deterministic=True)
    assert not np.allclose(expected, later, atol=1e-5)  # the copy did not move with the model


def test_draws_have_the_networks_spread_and_repeat(scenario):
    policy = Learned(scenario, [network()], seed=4, deterministic=False)
    observations = np.full((20_000, 2, 2), 0.3, np.float32)
    mask = np.ones((20_000, 2), bool)
    mean = float(network().mean(observations[:1, :1]).squeeze())
    assert abs(mean) < 0.5
    first, second = policy.act(observations, mask), policy.act(observations, mask)
    assert first.mean() == pytest.approx(mean, abs=0.002)
    assert first.std() == pytest.approx(0.1, abs=0.002)
    assert not np.array_equal(first, second)
    policy.reset(4)
    assert np.array_equal(first, policy.act(observations, mask))


def test_roles_play_their_own_seats(scenario):
    one, other = network((0,), seed=1), network((1,), seed=2)
    both = Learned(scenario, [one, other])
    observations, mask = seen(5, 2), np.ones((5, 2), bool)
    actions = both.act(observations, mask)
    assert np.array_equal(actions[:, :1], np.clip(one.mean(observations[:, :1]), -1, 1))
    assert np.array_equal(actions[:, 1:], np.clip(other.mean(observations[:, 1:]), -1, 1))
    with pytest.raises(ValueError, match=r"give all 2 agents"):
        both.act(seen(5, 1), np.ones((5, 1), bool))
    with pytest.raises(ValueError, match=r"networks for seats \[0, 0\] cannot play the 2 of 2 agents that learn"):
        Learned(scenario, [one, network((0,))])


def test_run_folder_goes_round(scenario, tmp_path):
    write_networks(tmp_path / POLICY_FILE, [network()])
    policy = make_policy(tmp_path, scenario)
    assert isinstance(policy, Policy)
    assert policy.name == tmp_path.name
    expected = Learned(scenario, [network()]).act(seen(7, 2), np.ones((7, 2), bool))
    assert np.array_equal(policy.act(seen(7, 2), np.ones((7, 2), bool)), expected)
    assert np.array_equal(make_policy(str(tmp_path), scenario).act(seen(7, 2), np.ones((7, 2), bool)), expected)


def test_of_several_seeds_the_first_is_taken(scenario, tmp_path):
    for seed in (10, 9):
        (tmp_path / f"seed_{seed}").mkdir()
        write_networks(tmp_path / f"seed_{seed}" / POLICY_FILE, [network(seed=seed)])
    actions = make_policy(tmp_path, scenario).act(seen(3, 2), np.ones((3, 2), bool))
    expected = Learned(scenario, [network(seed=9)]).act(seen(3, 2), np.ones((3, 2), bool))
    assert np.array_equal(actions, expected)


def test_wrong_folders_and_scenarios_are_named(scenario, tmp_path):
    with pytest.raises(ValueError, match="holds no trained policy"):
        make_policy(tmp_path, scenario)
    (tmp_path / POLICY_FILE).write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match="damaged"):
        make_policy(tmp_path, scenario)
    write_networks(tmp_path / POLICY_FILE, [network(features=5)])
    with pytest.raises(ValueError, match=r"takes 5 features .* has 2"):
        make_policy(tmp_path, scenario)
    assert len(read_networks(tmp_path / POLICY_FILE)) == 1


def test_playing_a_run_needs_no_torch(scenario, tmp_path):
    write_networks(tmp_path / POLICY_FILE, [network()])
    code = (
        "import sys, econo_env; from econo_env.policies import make_policy;"
        f"make_policy({str(tmp_path)!r}, econo_env.load('first_price_v0'));"
        "assert 'torch' not in sys.modules and 'stable_baselines3' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_batch_is_played_in_one_call_of_each_network(scenario, monkeypatch):
    mean, asked = Network.mean, []
    monkeypatch.setattr(Network, "mean", lambda self, seen: asked.append(seen.shape) or mean(self, seen))
    mask = np.ones((8192, 2), bool)
    Learned(scenario, [network()]).act(seen(8192, 2), mask)
    assert asked == [(8192, 2, 2)]
    asked.clear()
    Learned(scenario, [network((0,)), network((1,))]).act(seen(8192, 2), mask)
    assert asked == [(8192, 1, 2), (8192, 1, 2)]


@pytest.mark.parametrize("networks", [[network()], [network((0,)), network((1,))]], ids=["shared", "roles"])
@pytest.mark.parametrize("deterministic", [True, False])
def test_learned_policies_obey_the_mask(networks, deterministic, scenario):
    mask = np.random.default_rng(3).random((40, 2)) < 0.5
    actions = Learned(scenario, networks, deterministic=deterministic).act(seen(40, 2), mask)
    assert not actions[~mask].any()
    assert actions[mask].all()
