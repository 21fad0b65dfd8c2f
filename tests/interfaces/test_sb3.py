import warnings

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecCheckNan, VecFrameStack, VecMonitor, VecNormalize

import econo_env
from econo_env.interfaces.sb3 import make_sb3_env
from econo_env.policies import make_policy

N = 3


def env_of(num_markets=4, seed=7, **overrides):
    env = make_sb3_env("first_price_v0", num_markets, **{"num_agents": N, **overrides})
    env.seed(seed)
    return env


def actions_for(env, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (env.num_envs, 1)).astype(np.float32)


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("end", ["termination", "truncation"])
def test_shapes_types_and_ranges(rounds, end):
    env = env_of(max_cycles=rounds, end_of_episode=end)
    observations = env.reset()
    for _ in range(5):
        assert observations.shape == (env.num_envs, *env.observation_space.shape)
        assert observations.dtype == np.float32
        assert all(env.observation_space.contains(row) for row in observations)
        observations, rewards, dones, infos = env.step(actions_for(env))
        assert rewards.shape == dones.shape == (env.num_envs,)
        assert (rewards.dtype, dones.dtype) == (np.float32, np.bool_)
        assert len(infos) == env.num_envs


def test_seats_are_the_engines_seats_in_order():
    env = env_of(num_markets=5)
    observations = env.reset()
    vector = econo_env.vector_env("first_price_v0", num_markets=5, num_agents=N)
    expected, _ = vector.reset(seed=7)
    assert np.array_equal(observations, expected.reshape(15, -1))
    actions = actions_for(env)
    got = env.step(actions)
    expected, rewards, terminated, *_ = vector.step(actions.reshape(5, N, 1))
    assert np.array_equal(got[0], expected.reshape(15, -1))
    np.testing.assert_allclose(got[1], rewards.reshape(-1), rtol=1e-6)
    assert np.array_equal(got[2], terminated.reshape(-1))


def test_every_copy_differs_and_a_seed_repeats():
    env = env_of(num_markets=64)
    first = env.reset()
    assert len(np.unique(first[:, 0])) == env.num_envs
    env.seed(7)
    assert np.array_equal(first, env.reset())
    env.seed(8)
    assert not np.isin(env.reset()[:, 0], first[:, 0]).any()


def test_unseeded_resets_go_on_to_new_episodes():
    env = env_of()
    first, second = env.reset(), env.reset()
    assert not np.array_equal(first, second)
    again = env_of()
    np.testing.assert_array_equal(again.reset(), first)
    np.testing.assert_array_equal(again.reset(), second, err_msg="the seed tells the episodes that follow, too")
    fresh, other = make_sb3_env("first_price_v0", 4), make_sb3_env("first_price_v0", 4)
    assert not np.array_equal(fresh.reset(), other.reset())


def test_returned_arrays_are_not_overwritten():
    env = env_of()
    kept = env.reset()
    copy = kept.copy()
    observations, rewards, dones, _ = env.step(actions_for(env))
    copies = [array.copy() for array in (observations, rewards, dones)]
    env.step(actions_for(env, 1))
    assert np.array_equal(kept, copy)
    assert all(np.array_equal(a, b) for a, b in zip((observations, rewards, dones), copies, strict=True))


def test_terminated_seats_carry_no_truncation():
    env = env_of()
    env.reset()
    _, _, dones, infos = env.step(actions_for(env))
    assert dones.all()
    assert all(set(info) == {"terminal_observation"} for info in infos)


def test_infos_are_fresh_at_every_step():
    env = env_of(max_cycles=3)
    env.reset()
    env.reset_infos[0]["mine"] = 1
    for _ in range(4):
        infos = env.step(actions_for(env))[3]
        assert not any("mine" in info for info in infos)
        assert len({id(info) for info in infos}) == env.num_envs
        for info in infos:
            info["mine"] = 1
    env.reset()
    assert env.reset_infos == [{}] * env.num_envs


def test_truncated_seats_say_so_and_keep_their_last_observation():
    env = env_of(max_cycles=2, end_of_episode="truncation")
    env.reset()
    _, _, dones, infos = env.step(actions_for(env))
    assert not dones.any()
    assert all(info == {} for info in infos)
    after, _, dones, infos = env.step(actions_for(env))
    assert dones.all()
    for number, info in enumerate(infos):
        assert info["TimeLimit.truncated"] is True
        last = info["terminal_observation"]
        assert last[1] == 0.0  # no rounds left
        assert after[number, 1] == 1.0  # a new episode has begun
    *_, infos = env.step(actions_for(env))
    assert all(info == {} for info in infos)


@pytest.mark.parametrize("end", ["termination", "truncation"])
def test_sb3_bootstraps_truncated_episodes_only(end):
    """The return of the last tick holds the value of the last observation exactly where TimeLimit.truncated is set."""
    env = env_of(max_cycles=1, end_of_episode=end)
    model = PPO("MlpPolicy", env, n_steps=2, batch_size=24, gamma=0.9, gae_lambda=1.0, seed=0, device="cpu")
    value = 10.0
    for parameter in model.policy.value_net.parameters():
        parameter.data.zero_()
    model.policy.value_net.bias.data.fill_(value)
    rewards = []
    step = env.step

    def watched_step(actions):
        result = step(actions)
        rewards.append(result[1].copy())
        return result

    env.step = watched_step
    model.collect_rollouts(env, model._setup_learn(24)[1], model.rollout_buffer, 2)
    expected = np.stack(rewards) + (0.9 * value if end == "truncation" else 0.0)
    np.testing.assert_allclose(model.rollout_buffer.returns, expected, rtol=1e-5)


def test_one_seat_learns_against_the_others():
    opponent = make_policy("shading", econo_env.load("first_price_v0", num_agents=N), factor=0.5)
    env = env_of(seats=[1], opponents=opponent)
    whole = env_of()
    mine, all_seats = env.reset(), whole.reset()
    assert env.num_envs == 4
    assert np.array_equal(mine, all_seats.reshape(4, N, -1)[:, 1])
    joint = np.full((4, N, 1), -0.5, np.float32)
    joint[:, 1] = -0.25
    _, rewards, *_ = env.step(np.full((4, 1), -0.25, np.float32))
    _, expected, *_ = whole.step(joint.reshape(-1, 1))
    assert np.array_equal(rewards, expected.reshape(4, N)[:, 1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seats": [0]}, "seats \\[1, 2\\] have no player"),
        ({"seats": [3]}, "from 0 to 2"),
        ({"seats": []}, "at least one"),
        ({"seats": [1, 1]}, "different seats"),
        ({"seats": [0], "opponents": {1: None}}, "leaves seats \\[2\\]"),
    ],
)
def test_unplayed_and_unknown_seats_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        make_sb3_env("first_price_v0", 2, num_agents=N, **options)


def test_state_goes_on_to_the_last_bit():
    env = env_of(max_cycles=3)
    env.reset()
    env.step(actions_for(env))
    state = env.get_state()
    expected = [env.step(actions_for(env, k)) for k in range(4)]
    other = env_of(max_cycles=3, seed=99)
    other.reset()
    other.set_state(state)
    for k, step in enumerate(expected):
        assert all(np.array_equal(a, b) for a, b in zip(step[:3], other.step(actions_for(other, k))[:3], strict=True))


def test_vec_env_methods():
    env = env_of()
    assert env.get_attr("num_markets", [0, 3]) == [4, 4]
    assert env.get_attr("render_mode") == [None] * 12
    with pytest.raises(AttributeError):
        env.get_attr("no_such_thing")
    env.set_attr("label", "x")
    assert env.get_attr("label", 2) == ["x"]
    with pytest.raises(ValueError, match="share one engine"):
        env.set_attr("label", "y", [0])
    assert env.env_method("get_state", indices=[1])[0].keys() == env.get_state().keys()
    assert env.env_is_wrapped(VecMonitor) == [False] * 12
    assert not env.has_attr("no_such_thing")


@pytest.mark.parametrize("end", ["termination", "truncation"])
@pytest.mark.parametrize("wrapper", [VecMonitor, VecNormalize, VecCheckNan])
def test_sb3_wrappers_work(wrapper, end):
    env = wrapper(env_of(max_cycles=2, end_of_episode=end))
    model = PPO("MlpPolicy", env, n_steps=4, batch_size=48, n_epochs=1, seed=0, device="cpu").learn(96)
    if wrapper is VecMonitor:
        assert {info["l"] for info in model.ep_info_buffer} == {2}


def test_ppo_with_a_seed_twice_gives_identical_weights():
    def weights(seed):
        env = make_sb3_env("first_price_v0", 8)
        model = PPO("MlpPolicy", env, n_steps=4, batch_size=64, n_epochs=2, seed=seed, device="cpu").learn(128)
        return np.concatenate([p.detach().numpy().ravel() for p in model.policy.parameters()])

    assert np.array_equal(weights(0), weights(0))
    assert not np.array_equal(weights(0), weights(1))


def test_the_option_first_market_plays_what_later_markets_of_a_batch_play():
    whole, part = env_of(num_markets=6, max_cycles=3), env_of(num_markets=2, max_cycles=3)
    expected = whole.reset().reshape(6, N, -1)[4:]
    part.set_options({"first_market": 4})
    np.testing.assert_array_equal(part.reset().reshape(2, N, -1), expected)
    part.seed(7)
    assert not np.array_equal(part.reset().reshape(2, N, -1), expected), "an option outlives its reset"


def test_options_that_cannot_hold_are_refused():
    env = env_of()
    before = env.reset()
    env.set_options({"first_market": 4})
    with pytest.raises(ValueError, match="first_market=4 comes without a seed"):
        env.reset()
    env.set_options([{"first_market": 1}] + [{}] * (env.num_envs - 1))
    env.seed(7)
    with pytest.raises(ValueError, match="differ between sub-environments"):
        env.reset()
    env.set_options({"first_market": 0.5})
    with pytest.raises(ValueError, match=r"first_market=0\.5"):
        env.reset()
    env.set_options()
    np.testing.assert_array_equal(env.reset(), before)


@pytest.mark.parametrize("end", ["termination", "truncation"])
def test_frame_stacks_end_with_the_last_observation(end):
    """SB3 warns where a terminal observation is missing; a stack holds no frame of another episode."""
    env = VecFrameStack(env_of(max_cycles=2, end_of_episode=end), 3)
    seen = [env.reset()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            observations, _, dones, infos = env.step(actions_for(env))
            seen.append(observations)
    assert dones.all()
    features = env.venv.features
    for number, info in enumerate(infos):
        np.testing.assert_array_equal(info["terminal_observation"][: 2 * features], seen[1][number, features:])
        assert not seen[2][number, : 2 * features].any()
        assert seen[2][number, 2 * features :].any()
