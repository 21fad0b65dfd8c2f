"""Policies from files and mixed populations: what they play, and every mistake in one sentence."""

import re

import numpy as np
import pytest

import econo_env
from econo_env.market import market_of
from econo_env.policies import Policy, make_policy
from econo_env.policies.own import from_sb3_file
from econo_env.policies.population import Population, make_population
from econo_env.training.evaluation.populations import in_its_seats, shares_of

SCENARIO = econo_env.load("first_price_v0", num_agents=4)
START = """import numpy as np


class Mine:
    def __init__(self, scenario):
        self.calls = 0

    def reset(self, seed):
        self.calls = 0

    def act(self, observations, mask):
        shape = (*mask.shape, 1)
        {body}
"""


def seen(scenario=SCENARIO, markets=8):
    envs = econo_env.vector_env(scenario, num_markets=markets)
    observations, infos = envs.reset(seed=3)
    return observations, infos["action_mask"]


def written(tmp_path, body, start=START):
    path = tmp_path / "own_policy.py"
    path.write_text(start.replace("{body}", body))
    return f"{path}:Mine"


def test_a_class_in_a_file_plays(tmp_path):
    policy = make_policy(written(tmp_path, "return np.full(shape, -0.25)"), SCENARIO)
    assert isinstance(policy, Policy)
    assert policy.name == "Mine"
    observations, mask = seen()
    assert policy.act(observations, mask).dtype == np.float32
    assert (policy.act(observations, mask) == -0.25).all()
    mask = mask.copy()
    mask[0, 1] = False
    masked = policy.act(observations, mask)
    assert masked[0, 1] == 0.0
    assert (np.delete(masked.reshape(-1), 1) == -0.25).all()


def test_nan_where_nothing_may_be_done_is_no_mistake(tmp_path):
    policy = make_policy(written(tmp_path, "return np.where(mask[..., None], 0.5, np.nan)"), SCENARIO)
    observations, mask = seen()
    mask = mask.copy()
    mask[2] = False
    assert (policy.act(observations, mask)[2] == 0.0).all()


def test_a_seed_is_given_to_a_class_that_takes_one_and_neighbours_are_imported(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text("SHARE = 0.125\n")
    start = START.replace("(self, scenario)", "(self, scenario, seed)").replace("self.calls = 0", "self.seed = seed", 1)
    start = "from neighbour_of_mine import SHARE\n" + start
    spec = written(tmp_path, "return np.full(shape, SHARE * self.seed)", start)
    assert (make_policy(spec, SCENARIO, 4).act(*seen()) == 0.5).all()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return np.zeros(mask.shape)", "Mine.act gave actions of shape (8, 4): (8, 4, 1) is needed"),
        ("return np.full(shape, np.nan)", "gave the action nan at [0, 0, 0]: give finite numbers in [-1, 1]"),
        ("return np.full(shape, 1.5)", "gave the action 1.5 at [0, 0, 0]"),
        ("return np.full(shape, 'high')", "gave actions of type <U4: give numbers"),
        ("return None", "gave actions of shape ()"),
        ("return 1 / 0", "own_policy.py', line 13: act failed with ZeroDivisionError: division by zero"),
        ("return np.ones(3) @ np.ones(2)", "line 13: act failed with ValueError: matmul"),
        ("raise SystemExit", "line 13: act failed with SystemExit"),
        ("return [[1], [2, 3]]", "act failed with ValueError"),
    ],
)
def test_wrong_answers_are_named_with_their_line(tmp_path, body, said):
    policy = make_policy(written(tmp_path, body), SCENARIO)
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        policy.act(*seen())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (START, "Other", "has no class 'Other': its classes are Mine"),
        ("x = 1\n", "Mine", "its classes are none"),
        ("class Mine:\n    pass\n", "Mine", "Mine has no method reset: a policy has reset(seed) and act("),
        ("class Mine:\n  def reset(self, seed): 1\n", "Mine", "Mine has no method act"),
        (
            "import numpy\nimport no_such_module_anywhere\n",
            "Mine",
            "line 2: the import failed with ModuleNotFoundError",
        ),
        ("x = (\n", "Mine", "line 1: the import failed with SyntaxError"),
        (
            START.replace("self.calls = 0", "raise KeyError('k')", 1),
            "Mine",
            "line 6: __init__ failed with KeyError: 'k'",
        ),
        (START.replace("(self, scenario)", "(self)"), "Mine", "__init__ failed with TypeError"),
        (START, "", "names no class"),
    ],
)
def test_wrong_files_are_named(tmp_path, text, name, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        make_policy(written(tmp_path, "return 0", text).replace("Mine", name), SCENARIO)
    assert "\n" not in str(caught.value)


def test_missing_files_and_options_are_named(tmp_path):
    for spec, said in [
        (f"{tmp_path}/none.py:Mine", "there is no file"),
        (f"{tmp_path}/none.zip", "there is no file"),
        ("shadow", "did you mean 'shading'?"),
    ]:
        with pytest.raises(ValueError, match=re.escape(said)):
            make_policy(spec, SCENARIO)
    with pytest.raises(ValueError, match="has no option 'factor'"):
        make_policy(written(tmp_path, "return 0"), SCENARIO, factor=2)
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(ValueError, match="is no model that Stable-Baselines3 saved"):
        from_sb3_file(tmp_path / "text.zip", SCENARIO)


@pytest.mark.parametrize("algorithm", ["PPO", "A2C", "SAC", "TD3"])
def test_models_of_stable_baselines3_play_what_they_predict(tmp_path, algorithm):
    sb3 = pytest.importorskip("stable_baselines3")
    import gymnasium

    env = gymnasium.make("econo/first_price-v0", num_agents=4)
    small = {"buffer_size": 10} if algorithm in ("SAC", "TD3") else {}
    model = getattr(sb3, algorithm)("MlpPolicy", env, seed=1, policy_kwargs={"net_arch": [4]}, **small)
    model.save(tmp_path / "model.zip")
    policy = make_policy(str(tmp_path / "model.zip"), SCENARIO)
    observations, mask = seen(markets=2)
    rows = observations.reshape(-1, observations.shape[-1])
    expected = model.predict(rows, deterministic=True)[0].reshape(2, 4, 1)
    assert policy.name == "model.zip"
    assert policy.act(observations, mask) == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match="play it in the scenario it was trained in"):
        make_policy(str(tmp_path / "model.zip"), econo_env.load("task_market_v0"))


def test_a_population_seats_the_policy_first_and_the_others_by_shares():
    scenario = econo_env.load("first_price_v0", num_agents=8)
    population = make_population(make_policy("equilibrium", scenario), scenario, {"truthful": 2, "shading": 1})
    assert population.played_by == ["equilibrium", *["truthful"] * 5, *["shading"] * 2]
    assert population.own == (0,)
    observations, mask = seen(scenario)
    actions = population.act(observations, mask)
    for seats, name in [([0], "equilibrium"), (range(1, 6), "truthful"), ((6, 7), "shading")]:
        expected = make_policy(name, scenario).act(observations, mask)
        assert (actions[:, list(seats)] == expected[:, list(seats)]).all()
    with pytest.raises(ValueError, match="seats differ, give all 8 agents"):
        population.act(observations[:, :3], mask[:, :3])


def test_both_sides_of_a_market_have_a_seat_of_the_policy():
    scenario = econo_env.load("double_auction_v1", num_agents=6)
    population = make_population(make_policy("shading", scenario), scenario, {"truthful": 1})
    firsts = [role[0] for role in market_of(scenario).roles(scenario)]
    assert len(firsts) == 2
    assert [seat for seat, name in enumerate(population.played_by) if name == "shading"] == sorted(firsts)


def test_the_same_policy_on_both_sides_is_told_apart_and_plays_as_everybody():
    truthful = make_policy("truthful", SCENARIO)
    population = make_population(truthful, SCENARIO, {"truthful": 1})
    assert population.played_by == ["truthful", *["truthful (others)"] * 3]
    assert (population.act(*seen()) == truthful.act(*seen())).all()


def test_luck_of_the_others_is_their_own_and_starts_over():
    population = make_population(make_policy("random", SCENARIO), SCENARIO, {"random": 1})
    population.reset(5)
    one = population.act(*seen())
    population.reset(5)
    assert (population.act(*seen()) == one).all()
    alone = make_policy("random", SCENARIO)
    alone.reset(5)
    assert (one[:, 0] == alone.act(*seen())[:, 0]).all()
    assert (one[:, 1] != alone.act(*seen())[:, 1]).any()


@pytest.mark.parametrize(
    ("text", "said"),
    [("truthful=0", "positive shares"), ("truthful=x", "positive shares"), ("truthful=nan", "positive shares"),
     ("=2", "positive shares"), ("truthful=1,truthful=2", "stands there twice")],
)  # fmt: skip
def test_wrong_mixes_are_refused(text, said):
    with pytest.raises(ValueError, match=said):
        shares_of(text)


def test_shares_are_read_and_a_policy_without_a_seat_is_refused():
    assert shares_of("truthful=2, my.py:A=0.5,runs/x") == {"truthful": 2.0, "my.py:A": 0.5, "runs/x": 1.0}
    with pytest.raises(ValueError, match="none for 'random': name fewer policies"):
        make_population(make_policy("truthful", SCENARIO), SCENARIO, {"truthful": 9, "random": 1})
    with pytest.raises(ValueError, match="a share of -1 for truthful"):
        Population(SCENARIO, make_policy("truthful", SCENARIO), [(make_policy("truthful", SCENARIO), -1.0)])


def test_utility_in_its_seats_is_what_theory_says():
    """Against bids of 3/4 of the value, the best answer of one of four is 3/4 too; the truth earns nothing."""
    others = {"equilibrium": 1.0}
    population = make_population(make_policy("shading", SCENARIO), SCENARIO, others)
    found = in_its_seats(SCENARIO, population, others, ("truthful", "equilibrium"), tuple(range(4)), 4096)
    assert list(found) == ["shading", "truthful", "equilibrium"]
    assert found["truthful"].mean == pytest.approx(0.0, abs=1e-9)
    assert found["equilibrium"].mean == pytest.approx(1 / 20, rel=0.05)  # E[v^4] (1 - 3/4) = 1/5 * 1/4
    # 0.9 v beats three bids of 3/4 v_j surely from v = 5/6 on: E[0.1 v min(1, 1.2 v)^3]
    exact = 0.1 * (1.2**3 / 5 * (5 / 6) ** 5 + (1 - (5 / 6) ** 2) / 2)
    assert found["shading"].mean == pytest.approx(exact, rel=0.05)
