"""Ids with Gymnasium and PettingZoo, the factory trio, the documentation page, and what importing costs."""

import subprocess
import sys

import gymnasium
import numpy as np
import pettingzoo
import pytest

import econo_env
from econo_env.interfaces.gymnasium import SingleAgentEnv, SingleAgentVectorEnv
from econo_env.interfaces.pettingzoo import MarketEnv
from econo_env.interfaces.registry import registered_id
from econo_env.market import market_of

SCENARIOS = econo_env.scenarios()
HEADINGS = [
    "Description",
    "Action Space",
    "Observation Space",
    "Rewards",
    "Starting State",
    "Episode End",
    "Arguments",
    "Vectorized environment",
    "Equilibrium",
    "References",
    "Version History",
]


def test_ids_follow_gymnasiums_grammar():
    assert registered_id("first_price_v0") == "econo/first_price-v0"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_made_by_id(scenario):
    name = registered_id(scenario)
    env = gymnasium.make(name, num_agents=4)
    assert isinstance(env.unwrapped, SingleAgentEnv)
    assert env.unwrapped.view.scenario == econo_env.load(scenario, num_agents=4)
    envs = gymnasium.make_vec(name, num_envs=3)
    assert isinstance(envs, SingleAgentVectorEnv)
    assert envs.num_envs == 3


@pytest.mark.skipif(not hasattr(pettingzoo, "register"), reason="PettingZoo has a registry from 1.27 on")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_made_by_pettingzoo(scenario):
    name = registered_id(scenario)
    parallel = pettingzoo.make("parallel", name, max_cycles=4)
    assert isinstance(parallel, MarketEnv)
    assert parallel.scenario.max_cycles == 4
    assert isinstance(pettingzoo.make("aec", name), pettingzoo.AECEnv)


def test_the_factory_trio():
    raw = econo_env.raw_env("first_price_v0")
    checked = econo_env.env("first_price_v0")
    assert isinstance(raw.unwrapped, MarketEnv)
    with pytest.raises(AttributeError, match="cannot be accessed before reset"):
        _ = checked.agents
    checked.reset(seed=0)
    with pytest.raises(AssertionError, match="not in action space"):
        checked.step(np.array([2.0], np.float32))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_metadata(scenario):
    env = econo_env.parallel_env(scenario)
    assert env.metadata["name"] == scenario
    assert env.metadata["is_parallelizable"]
    assert set(env.metadata["render_modes"]) == {"human", "ansi", "rgb_array"}
    assert len(set(env.possible_agents)) == env.max_num_agents == env.unwrapped.scenario.num_agents


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("max_cycles", [1, 9])
def test_the_page_has_every_heading_feature_and_argument(scenario, max_cycles):
    page = econo_env.describe(scenario, max_cycles=max_cycles)
    loaded = econo_env.load(scenario, max_cycles=max_cycles)
    market = market_of(loaded)
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == HEADINGS
    for name in (*market.observations(loaded), *market.actions(loaded)):
        assert f"| `{name}`: " in page
    rows = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 4]
    assert [row.split("`")[1] for row in rows] == [
        name for name, field in type(loaded).model_fields.items() if not field.exclude
    ]
    assert all(row.rsplit("|", 2)[1].strip() for row in rows), "an argument is not documented"
    parallel = econo_env.parallel_env(loaded)
    assert f"float32 ({parallel.state_space.shape[0]},)" in page


def test_the_class_page_has_the_same_headings():
    text = MarketEnv.__doc__
    positions = [text.find(f"## {heading}\n") for heading in HEADINGS if heading not in ("Equilibrium", "References")]
    assert -1 not in positions
    assert positions == sorted(positions)


def test_import_leaves_learning_libraries_alone():
    program = (
        "import econo_env, sys; "
        "heavy = {'torch', 'stable_baselines3', 'pandas', 'matplotlib', 'plotly', 'PIL'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
