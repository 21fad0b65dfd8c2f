"""The dict API beyond PettingZoo's own tests: types, masks, bad input, endings, seeds, memory."""

import gc
import weakref
from itertools import pairwise

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence

import econo_env
from econo_env.interfaces.pettingzoo import MarketEnv
from tests.interfaces.banning_market import BanningScenario
from tests.scenarios import by_form


def banning_env(*, num_agents=4, max_cycles=6, end_of_episode="truncation", **options):
    scenario = BanningScenario(
        id="banning_v0", num_agents=num_agents, max_cycles=max_cycles, end_of_episode=end_of_episode
    )
    return MarketEnv(scenario, **options)


def constant(env, **misdeeds):
    return {agent: np.array([misdeeds.get(agent, 0.0), 0.0], np.float32) for agent in env.agents}


def random_actions(env, generator):
    return {a: generator.uniform(-1, 1, env.action_space(a).shape).astype(np.float32) for a in env.agents}


def everything(env):
    snapshot = env.engine.snapshot()
    return [*snapshot.state, *snapshot.buffers]


@pytest.mark.parametrize("scenario", by_form())
@pytest.mark.parametrize("observation", ["box", "dict"])
def test_results_have_the_promised_types(scenario, observation):
    env = econo_env.parallel_env(scenario, observation=observation, max_cycles=6)
    generator = np.random.default_rng(0)
    observations, infos = env.reset(seed=0)
    while env.agents:
        present = env.agents
        for agent in present:
            assert env.observation_space(agent).contains(observations[agent])
            assert ("action_mask" in infos[agent]) == (observation == "box"), "the mask is in one place"
            holder = observations[agent] if observation == "dict" else infos[agent]
            assert holder["action_mask"].dtype == np.int8
            assert holder["action_mask"].shape == (1,)
            seen = observations[agent]["observation"] if observation == "dict" else observations[agent]
            assert seen.dtype == np.float32
        assert env.state_space.contains(env.state())
        results = env.step(random_actions(env, generator))
        observations, rewards, terminations, truncations, infos = results
        for result in results:
            assert list(result) == present
        assert {type(reward) for reward in rewards.values()} == {float}
        assert {type(flag) for flags in (terminations, truncations) for flag in flags.values()} == {bool}


@pytest.mark.parametrize("scenario", by_form())
def test_results_stay_as_they_were_when_the_env_goes_on(scenario):
    env = econo_env.parallel_env(scenario, max_cycles=6)
    generator = np.random.default_rng(0)
    env.reset(seed=0)
    kept = env.step(random_actions(env, generator))
    text = repr(kept)
    again = env.step(random_actions(env, generator))
    assert repr(kept) == text
    assert all(old is not new for old, new in zip(kept, again, strict=True))
    assert all(not np.shares_memory(kept[0][a], env.engine.buffers.observations) for a in kept[0])


@pytest.mark.parametrize("scenario", by_form())
def test_a_seed_fixes_whole_episodes_and_another_seed_differs(scenario):
    def play(seed):
        env = econo_env.parallel_env(scenario, max_cycles=20)
        generator = np.random.default_rng(7)
        record = [env.reset(seed=seed)]
        for _ in range(45):
            if not env.agents:
                record.append(env.reset())
            record.append(env.step(random_actions(env, generator)))
        return record

    assert data_equivalence(play(1), play(1), exact=True)
    assert not data_equivalence(play(1), play(2), exact=True)


def test_the_global_generators_change_nothing():
    env = econo_env.parallel_env("first_price_v0", max_cycles=5)
    runs = []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002 - the point of the test
        env.reset(seed=3)
        runs.append([env.step(dict.fromkeys(env.agents, (0.5,))) for _ in range(5)])
    assert data_equivalence(*runs, exact=True)


def test_reset_without_a_seed_goes_to_the_next_episode():
    env = econo_env.parallel_env("first_price_v0")
    seeded = [env.reset(seed=1)[0], env.reset()[0], env.reset()[0]]
    assert not data_equivalence(seeded[0], seeded[1])
    assert data_equivalence(seeded[1], [env.reset(seed=1), env.reset()[0]][1], exact=True)
    fresh = [econo_env.parallel_env("first_price_v0").reset()[0]["bidder_0"][0] for _ in range(8)]
    assert len(set(fresh)) == 8, "unseeded environments play the same episode"


def test_spaces_are_the_same_objects_and_one_for_each_agent():
    env = econo_env.parallel_env("first_price_v0", num_agents=3)
    for space in (env.observation_space, env.action_space):
        assert space("bidder_0") is space("bidder_0")
        assert space("bidder_0") is not space("bidder_1")
        assert space("bidder_0") == space("bidder_1")
        with pytest.raises(ValueError, match=r"bidder_9.*bidder_0, bidder_1, bidder_2"):
            space("bidder_9")


def test_an_environment_that_nobody_holds_is_freed():
    env = econo_env.parallel_env("first_price_v0", render_mode="ansi")
    env.reset(seed=0)
    env.observation_space("bidder_0")
    env.step(dict.fromkeys(env.agents, (0.0,)))
    env.render()
    gone = weakref.ref(env)
    del env
    gc.collect()
    assert gone() is None


BAD = {
    "nan": ({"bidder_1": [np.nan]}, "bidder_1.*nan"),
    "infinite": ({"bidder_1": [np.inf]}, "bidder_1.*inf"),
    "above": ({"bidder_1": [1.25]}, r"bidder_1.*1\.25.*-1 to 1"),
    "below": ({"bidder_0": np.array([-2], np.int64)}, "bidder_0.*-2"),
    "wrapping integer": ({"bidder_0": np.array([-128], np.int8)}, "bidder_0.*-128"),
    "wrong shape": ({"bidder_1": [0.1, 0.2]}, r"bidder_1.*shape \(1,\)"),
    "complex": ({"bidder_1": [0.5j]}, r"bidder_1.*shape \(1,\)"),
    "scalar above": ({"bidder_1": 1.5}, r"bidder_1.*1\.5"),
    "text": ({"bidder_1": ["0.5"]}, "bidder_1.*'0.5'"),
    "none": ({"bidder_1": None}, "bidder_1.*None"),
    "unknown agent": ({"bidder_7": [0.0]}, "'bidder_7' is no agent.*bidder_0, bidder_1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_actions_raise_before_anything_changes(case):
    change, message = BAD[case]
    env = econo_env.parallel_env("first_price_v0", max_cycles=3)
    env.reset(seed=0)
    env.step(dict.fromkeys(env.agents, (0.1,)))
    before = everything(env)
    with pytest.raises(ValueError, match=message):
        env.step({"bidder_0": [0.0], "bidder_1": [0.0]} | change)
    for kept, now in zip(before, everything(env), strict=True):
        np.testing.assert_array_equal(kept, now)
    assert env.agents == ["bidder_0", "bidder_1"]


def test_a_missing_action_and_no_dict_raise():
    env = econo_env.parallel_env("first_price_v0")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="bidder_1 is missing"):
        env.step({"bidder_0": [0.0]})
    with pytest.raises(ValueError, match="give a dict"):
        env.step([[0.0], [0.0]])


@pytest.mark.parametrize("bad", [-1, 2**64, 1.5, "7"])
def test_bad_seeds_raise(bad):
    with pytest.raises(ValueError, match="seed"):
        econo_env.parallel_env("first_price_v0").reset(seed=bad)


@pytest.mark.parametrize("choice", [{"render_mode": "movie"}, {"on_removal": "vanish"}, {"observation": "tensor"}])
def test_unknown_choices_name_what_is_allowed(choice):
    (name, value), *_ = choice.items()
    with pytest.raises(ValueError, match=f"{name}='{value}' is unknown: choose one of .*'"):
        econo_env.parallel_env("first_price_v0", **choice)


def test_steps_before_reset_and_after_the_end():
    env = econo_env.parallel_env("first_price_v0")
    with pytest.raises(RuntimeError, match=r"call reset\(\)"):
        env.step({})
    env.reset(seed=0)
    actions = dict.fromkeys(env.agents, (0.0,))
    env.step(actions)
    before = everything(env)
    assert env.step({}) == ({}, {}, {}, {}, {})
    with pytest.raises(RuntimeError, match="episode is over"):
        env.step(actions)
    for kept, now in zip(before, everything(env), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_banned_agent_leaves():
    env = banning_env()
    env.reset(seed=0)
    observations, rewards, terminations, truncations, _ = env.step(constant(env, bidder_2=1.0))
    assert terminations == {"bidder_0": False, "bidder_1": False, "bidder_2": True, "bidder_3": False}
    assert not any(truncations.values())
    assert env.agents == ["bidder_0", "bidder_1", "bidder_3"]
    assert env.num_agents == 3
    assert observations["bidder_2"][0] == 0.0
    observations, rewards, *_ = env.step(constant(env) | {"bidder_2": np.array([np.nan, 0.0])})
    assert rewards == {"bidder_0": 1.0, "bidder_1": 2.0, "bidder_3": 4.0}
    assert list(observations) == env.agents
    assert not env.engine.buffers.actions[0, 2].any(), "an agent that left still acts"
    assert env.reset()[0].keys() == set(env.possible_agents)


def test_a_banned_agent_stays_under_a_mask():
    env = banning_env(on_removal="mask")
    env.reset(seed=0)
    env.step(constant(env, bidder_2=1.0))
    while env.agents:
        assert env.agents == env.possible_agents
        _, rewards, terminations, truncations, infos = env.step(constant(env))
        assert rewards == {"bidder_0": 1.0, "bidder_1": 2.0, "bidder_2": 0.0, "bidder_3": 4.0}
        assert infos["bidder_2"]["action_mask"] == 0
    assert all(truncations.values())
    assert not any(terminations.values())


@pytest.mark.parametrize("on_removal", ["terminate", "mask"])
@pytest.mark.parametrize("end_of_episode", ["termination", "truncation"])
def test_all_who_are_there_at_the_end_end_alike(on_removal, end_of_episode):
    env = banning_env(max_cycles=3, end_of_episode=end_of_episode, on_removal=on_removal)
    env.reset(seed=0)
    env.step(constant(env, bidder_0=1.0))
    env.step(constant(env))
    *_, terminations, truncations, _ = env.step(constant(env, bidder_3=1.0))
    assert len(terminations) == (3 if on_removal == "terminate" else 4)
    assert set(terminations.values()) == {end_of_episode == "termination"}
    assert set(truncations.values()) == {end_of_episode == "truncation"}
    assert env.agents == []


def test_when_everybody_is_banned_nobody_is_left_to_step():
    env = banning_env()
    env.reset(seed=0)
    *_, terminations, _, _ = env.step(constant(env, **dict.fromkeys(env.agents, 1.0)))
    assert all(terminations.values())
    assert env.agents == []
    assert env.step({}) == ({}, {}, {}, {}, {})


def test_masks_say_who_may_act_and_the_space_samples_the_no_op():
    env = banning_env()
    _, infos = env.reset(seed=0)
    assert {agent: int(info["action_mask"][0]) for agent, info in infos.items()} == dict.fromkeys(env.agents, 1)
    *_, infos = env.step(constant(env))
    assert [int(infos[agent]["action_mask"][0]) for agent in env.agents] == [1, 0, 1, 1]
    space = env.action_space("bidder_1")
    assert not space.sample(infos["bidder_1"]["action_mask"]).any()
    assert space.sample(infos["bidder_0"]["action_mask"]).all()
    *_, terminations, _, infos = env.step(constant(env, bidder_1=1.0))
    assert not terminations["bidder_1"], "an agent under a mask acted"


def test_state_holds_observations_masks_and_the_clock():
    env = banning_env()
    observations, _ = env.reset(seed=0)
    env.step(constant(env, bidder_2=1.0))
    observations, *_ = env.step(constant(env))
    state = env.state()
    np.testing.assert_array_equal(state[:4], np.concatenate([observations[a] for a in ("bidder_0", "bidder_1")]))
    np.testing.assert_array_equal(state[8:12], [1, 1, 0, 1])
    assert state[12] == np.float32(2 / 6)


def test_max_cycles_can_be_set_and_holds_from_the_next_reset():
    env = econo_env.parallel_env("first_price_v0")
    env.reset(seed=4)
    env.reset()
    env.max_cycles = 3
    observations, _ = env.reset()
    assert env.observation_space("bidder_0").contains(observations["bidder_0"])
    values = [observations["bidder_0"][0]]
    for _ in range(3):
        assert env.agents
        values.append(env.step(dict.fromkeys(env.agents, (0.0,)))[0]["bidder_0"][0])
    assert not env.agents
    made_so = econo_env.parallel_env("first_price_v0", max_cycles=3)
    made_so.reset(seed=4)
    made_so.reset()
    assert made_so.reset()[0]["bidder_0"][0] == values[0]
    env.max_cycles = 0
    with pytest.raises(ValueError, match="max_cycles"):
        env.reset()


@pytest.mark.parametrize("observation", ["box", "dict"])
@pytest.mark.parametrize("chosen", [True, False])
def test_masks_in_infos_can_be_chosen(observation, chosen):
    env = banning_env(observation=observation, mask_in_infos=chosen)
    _, infos = env.reset(seed=0)
    observations, *_, infos = env.step(constant(env))
    for agent, info in infos.items():
        assert ("action_mask" in info) == chosen
        assert "present" in info, "a fact of the market is gone with the mask"
        holders = [holder for holder in (info, observations[agent]) if "action_mask" in holder]
        masks = [holder["action_mask"] for holder in holders]
        assert [int(mask[0]) for mask in masks] == [agent != "bidder_1"] * len(holders)
        assert not any(np.shares_memory(one, other) for one, other in pairwise(masks))
    assert ("action_mask" in observations["bidder_0"]) == (observation == "dict")


class TestNumbersOfAnyKind:
    """What is within bounds is taken by the parallel and by the AEC API, and means the same."""

    GIVEN = (
        np.array([0.5]),
        np.array([0.5], np.float16),
        np.array(0.5),
        np.float32(0.5),
        0.5,
        [0.5],
        (0.5,),
    )

    @pytest.mark.parametrize("given", GIVEN, ids=repr)
    def test_one_component(self, given):
        parallel, aec = econo_env.parallel_env("first_price_v0"), econo_env.env("first_price_v0")
        parallel.reset(seed=0)
        aec.reset(seed=0)
        assert parallel.action_space("bidder_0").contains(given)
        rewards = parallel.step(dict.fromkeys(parallel.agents, given))[1]
        while not any(aec.terminations.values()):
            aec.step(given)
        assert aec.rewards == rewards
        usual = econo_env.parallel_env("first_price_v0")
        usual.reset(seed=0)
        assert rewards == usual.step(dict.fromkeys(usual.agents, np.array([0.5], np.float32)))[1]

    def test_agents_may_differ_in_kind(self):
        env, usual = (econo_env.parallel_env("first_price_v0", num_agents=3) for _ in range(2))
        env.reset(seed=0)
        usual.reset(seed=0)
        mixed = env.step({"bidder_0": -0.25, "bidder_1": np.array([0.5]), "bidder_2": [0]})
        same = usual.step({"bidder_0": [-0.25], "bidder_1": [0.5], "bidder_2": [0.0]})
        assert data_equivalence(mixed, same, exact=True)

    def test_one_number_for_several_components_is_refused(self):
        env = banning_env()
        env.reset(seed=0)
        with pytest.raises(ValueError, match=r"shape \(2,\)"):
            env.step(dict.fromkeys(env.agents, 0.0))


def test_the_option_first_market_wants_a_seed():
    env = econo_env.parallel_env("first_price_v0")
    env.reset(seed=0)
    before = everything(env)
    for bad, message in ((2, "without a seed"), (-1, "0 or more"), (0.5, "whole number")):
        with pytest.raises(ValueError, match=message):
            env.reset(options={"first_market": bad})
    for kept, now in zip(before, everything(env), strict=True):
        np.testing.assert_array_equal(kept, now)
