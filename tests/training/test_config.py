from itertools import pairwise

import pytest
import yaml

import econo_env
from econo_env.catalogue import known_id
from econo_env.training.config import (
    CONFIG_FOLDERS,
    TrainingConfig,
    config_from,
    read_config,
    settings_for,
)
from econo_env.training.ppo import scheduled
from econo_env.training.sections import Decay, Evaluation


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["learner.n_epoch=2"], "unknown key 'learner.n_epoch', did you mean 'n_epochs'"),
        (["learnr.n_epochs=2"], "unknown key 'learnr', did you mean 'learner'"),
        (["scenario.num_agent=3"], "unknown key 'scenario.num_agent', did you mean 'num_agents'"),
        (["scenario=first_prize_v0"], "did you mean 'first_price_v0'"),
        (["scenario={num_agents: 3}"], "name the scenario that these change"),
        (["sharing=everyone"], "choose one of shared, per_role, per_seat"),
        (["total_timesteps=0"], "total_timesteps = 0"),
        (["learner.batch_size=33"], "33 does not divide the rollout of 64 samples"),
        (["learner.learning_rate.initial=0"], "learner.learning_rate.initial = 0"),
        (["seeds=[1, 1]"], "different whole numbers"),
        (["seeds=[]"], "at least one"),
        (["n_epochs"], "write key=value"),
    ],
)
def test_mistakes_are_named(changes, message, small):
    with pytest.raises(ValueError, match=message):
        small(*changes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("zzz", "'zzz': choose one of clock, .*one_round.*kth_price_v0"),
        ("first_prise", "did you mean 'first_price_v0'"),
    ],
)
def test_missing_file_lists_the_files_and_scenarios_there_are(name, said):
    with pytest.raises(ValueError, match=said):
        read_config(name)


@pytest.mark.parametrize("name", econo_env.scenarios())
def test_every_scenario_has_settings(name):
    """Those of its kind of market, for as many agents of a role as there may be."""
    config = read_config(name)
    assert config.scenario == econo_env.load(name)
    assert read_config(name, ["scenario.max_cycles=7"]).scenario.max_cycles == 7
    short = name.rpartition("_v")[0]
    assert read_config(short).scenario.id == known_id(short)
    if config.scenario.max_cycles == 1:
        assert config.gamma() == 0.0
        assert config.difference_rewards()
    else:
        assert (config.gamma() > 0.9) == config.scenario.reports_change_later_ticks


def test_a_scenario_file_takes_the_settings_of_its_kind(tmp_path):
    scenario = econo_env.load("gsp_v0", num_agents=4)
    scenario.to_yaml(tmp_path / "mine.yaml")
    assert read_config(tmp_path / "mine.yaml").scenario == scenario
    assert settings_for(scenario).stem == "one_round"
    assert settings_for(econo_env.load("task_market_v0")).stem == "task_market"


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "\xff"])
def test_unreadable_files_are_the_users_mistake(content, tmp_path):
    (tmp_path / "c.yaml").write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=r"c\.yaml"):
        read_config(tmp_path / "c.yaml")


def test_changes_reach_every_depth(small):
    config = small(
        "scenario.num_agents=4",
        "scenario.mechanism.reserve=0.25",
        "learner.learning_rate.initial=1e-2",
        "learner.net_arch=[16, 16]",
        "total_timesteps=1_000",
    )
    assert config.scenario.num_agents == 4
    assert config.scenario.mechanism.reserve == 0.25
    assert config.learner.learning_rate.initial == 0.01
    assert config.learner.learning_rate.final == TrainingConfig.model_fields["learner"].default.learning_rate.final
    assert config.learner.net_arch == (16, 16)
    assert config.total_timesteps == 1000


def test_resolved_config_reads_back_as_itself(small):
    config = small("scenario.num_agents=3", "scenario.mechanism.reserve=0.1", "seeds=[4, 5]")
    assert config_from(yaml.safe_load(config.to_yaml())) == config
    assert config_from(yaml.safe_load(config.to_yaml()), ["scenario.num_agents=5"]).scenario.num_agents == 5


def test_scenario_by_path(small, tmp_path):
    econo_env.load("second_price_v0", num_agents=3).to_yaml(tmp_path / "s.yaml")
    assert small(scenario=str(tmp_path / "s.yaml")).scenario.num_agents == 3
    assert small(scenario={"id": str(tmp_path / "s.yaml"), "num_agents": 4}).scenario.num_agents == 4


@pytest.mark.parametrize(("rounds", "gamma", "differences"), [(1, 0.0, True), (10, 0.99, False)])
def test_one_shot_scenarios_do_not_look_ahead(rounds, gamma, differences, small):
    config = small(f"scenario.max_cycles={rounds}")
    assert config.gamma() == gamma
    assert config.difference_rewards() is differences
    assert small(f"scenario.max_cycles={rounds}", "learner.gamma=0.5").gamma() == 0.5


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("shared", {"shared": (0, 1, 2)}),
        ("per_role", {"bidder_group_0": (0, 2), "bidder_group_1": (1,)}),
        ("per_seat", {"bidder_0": (0,), "bidder_1": (1,), "bidder_2": (2,)}),
    ],
)
def test_roles_are_groups_of_alike_agents(sharing, expected, small):
    strong = {"name": "uniform", "low": 0.0, "high": 2.0}
    weak = {"name": "uniform", "low": 0.0, "high": 1.0}
    config = small(
        f"sharing={sharing}", scenario={"id": "first_price_v0", "num_agents": 3, "values": [weak, strong, weak]}
    )
    assert config.roles() == expected


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("first_price", {"bidder": (0, 1)}),
        ("double_auction", {"buyer": (0, 1), "seller": (2, 3)}),
        (
            {"id": "double_auction", "values": [{"name": "uniform"}, {"name": "uniform", "high": 2.0}]},
            {"buyer_group_0": (0,), "buyer_group_1": (1,), "seller": (2, 3)},
        ),
    ],
)
def test_networks_of_roles_are_named_by_them(scenario, expected, small):
    assert small("sharing=per_role", scenario=scenario).roles() == expected


@pytest.mark.parametrize(
    ("sharing", "kept", "expected"),
    [
        ("shared", ["shared"], ["shared"]),
        ("per_seat", ["bidder_0", "bidder_1", "bidder_2", "bidder_3"], ["buyer_0", "buyer_1", "seller_0", "seller_1"]),
        ("per_seat", ["buyer_0", "buyer_1", "seller_0", "seller_1"], ["buyer_0", "buyer_1", "seller_0", "seller_1"]),
        ("per_role", ["role_0", "role_1"], ["buyer", "seller"]),
        ("per_role", ["role_0", "role_2"], ["buyer", "role_2"]),
    ],
)
def test_networks_of_old_checkpoints_get_the_names_of_today(sharing, kept, expected, small):
    config = small(f"sharing={sharing}", scenario="double_auction")
    found = config.by_network({name: place for place, name in enumerate(kept)})
    assert found == {name: place for place, name in enumerate(expected)}


@pytest.mark.parametrize("schedule", ["linear", "cosine", "exponential"])
def test_schedules_go_from_initial_to_final_without_turning(schedule):
    decay = Decay(initial=1.0, final=0.01, schedule=schedule)
    values = [scheduled(decay, k / 50) for k in range(51)]
    assert values[0] == 1.0
    assert values[-1] == pytest.approx(0.01)
    assert all(later < earlier for earlier, later in pairwise(values))
    middle = {"linear": 0.505, "cosine": 0.505, "exponential": 0.1}[schedule]
    assert values[25] == pytest.approx(middle)
    assert scheduled(Decay(initial=0.5), 0.7) == 0.5
    early = Decay(initial=1.0, final=0.01, schedule=schedule, until=0.5)
    assert scheduled(early, 0.25) == pytest.approx(middle)
    assert scheduled(early, 0.5) == scheduled(early, 1.0) == pytest.approx(0.01)


def test_shipped_files_are_valid_and_every_line_is_explained():
    paths = sorted(CONFIG_FOLDERS[0].glob("*.yaml"))
    assert {"one_round", "many_rounds", "clock", "dutch"} <= {path.stem for path in paths}
    for path in paths:
        read_config(path)
        for line in path.read_text().splitlines():
            assert "#" in line, f"{path}: {line!r} has no comment"


def test_looks_fall_on_the_steps_they_are_promised_at():
    looks = Evaluation(every=128, early=1)
    due = [after for after in range(1, 400) if looks.is_due(after - 1, after)]
    assert due == [64, 128, 256, 384]
    assert looks.is_due(50, 200), "one iteration may pass two of them"
    assert not looks.is_due(128, 255)
    assert not any(Evaluation(every=0).is_due(step, step + 100) for step in range(0, 1000, 100))
