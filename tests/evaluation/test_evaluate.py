"""The whole judgement: figures beside the baselines, the form of the JSON, choices and mistakes."""

import json

import numpy as np
import pytest
import yaml

import econo_env
from training.evaluation import BASELINES, Budget, evaluate

QUICK = Budget(types=32, bids=256, actions=96, selection=4096, evaluation=2048, luck=256)
SEEDS = range(4)


def judged(policy, scenario, **options):
    return evaluate(policy, scenario, seeds=SEEDS, markets=400, budget=QUICK, **options)


@pytest.fixture(scope="module")
def shading():
    return judged("shading", "first_price_v0")


def test_the_json_has_the_promised_form(shading):
    document = json.loads(json.dumps(shading.to_json(), allow_nan=False))
    assert {"scenario", "policy", "seeds", "metrics", "baselines", "provenance"} <= set(document)
    assert document["scenario"] == "first_price_v0"
    assert document["policy"] == "shading"
    assert document["seeds"] == [0, 1, 2, 3]
    assert set(document["baselines"]) == set(BASELINES)
    for metrics in (document["metrics"], *document["baselines"].values()):
        assert set(metrics) == set(document["metrics"])
        for metric in metrics.values():
            assert set(metric) == {"mean", "ci95", "unit"}
            assert len(metric["ci95"]) == 2
    assert document["provenance"]["markets_per_seed"] == 400
    assert document["provenance"]["scenario"]["num_agents"] == 2


def test_the_figures_of_shading(shading):
    """Bids of 0.9 v in first price, n = 2: surplus 2/3 * 0.1; against 0.9 v the best bid is v/2."""
    figures = {name: metric.mean for name, metric in shading.metrics.items()}
    assert figures["efficiency"] == pytest.approx(1.0)
    assert figures["revenue"] == pytest.approx(0.6, abs=0.02)
    assert figures["bidder_surplus"] == pytest.approx(0.1 * 2 / 3, abs=0.003)
    assert figures["seller_share"] == pytest.approx(0.9, abs=1e-4)
    assert figures["regret_mean"] == pytest.approx((0.25 / 0.9 - 0.1) / 3, rel=0.01)
    assert figures["interim_rational_share"] == 1.0
    assert figures["deficit_share"] == figures["invalid_action_share"] == 0.0
    assert figures["jain_index"] == pytest.approx(1.0, abs=0.02)


def test_the_baselines_stand_where_theory_puts_them(shading):
    beside = {name: {key: metric.mean for key, metric in got.items()} for name, got in shading.baselines.items()}
    assert abs(beside["equilibrium"]["utility_loss"]) < 2e-3
    assert beside["equilibrium"]["revenue"] == pytest.approx(1 / 3, abs=0.02)
    assert beside["truthful"]["utility_loss"] == pytest.approx(1.0)
    assert beside["truthful"]["regret_mean"] == pytest.approx(1 / 12, abs=1e-3)
    floor = max(beside["random"]["normalised_efficiency"], beside["zero_intelligence"]["normalised_efficiency"])
    assert floor == pytest.approx(0.0, abs=1e-9)
    assert beside["random"]["ex_post_loss_share"] > 0.1
    assert beside["zero_intelligence"]["ex_post_loss_share"] == 0.0


def test_differences_are_paired_by_seed(shading):
    """Revenue varies with the draws, its difference to equilibrium (0.9 v against v/2) hardly does."""
    difference = shading.differences()["equilibrium"]["revenue"]
    assert difference["mean"] == pytest.approx(0.4 * 2 / 3, abs=0.02)
    alone = shading.metrics["revenue"].ci95
    assert difference["ci95"][1] - difference["ci95"][0] < 0.6 * (alone[1] - alone[0])


def test_intervals_are_over_the_named_seeds(shading):
    revenue = shading.metrics["revenue"]
    assert revenue.by_seed.shape == (4,)
    assert revenue.ci95[0] < revenue.by_seed.mean() < revenue.ci95[1]
    again = judged("shading", "first_price_v0", regret=False, baselines=())
    np.testing.assert_array_equal(again.metrics["revenue"].by_seed, revenue.by_seed)
    assert "regret_mean" not in again.metrics
    assert again.baselines == {}


def test_a_baseline_that_cannot_play_is_named_with_the_reason():
    result = judged("truthful", "configs/scenarios/weighted_second_price_naive.yaml", regret=False)
    assert "equilibrium" in result.skipped
    assert "equilibrium" not in result.baselines
    assert result.metrics["efficiency_of_weighted_value"].mean == pytest.approx(1.0)
    assert result.metrics["efficiency"].mean < 0.95


def test_a_repeated_market_with_truncation():
    scenario = econo_env.load("first_price_v0", max_cycles=5, end_of_episode="truncation", feedback="winning_bid")
    result = judged("truthful", scenario, baselines=())
    assert result.metrics["efficiency"].mean == pytest.approx(1.0)
    assert result.metrics["regret_mean"].mean == pytest.approx(1 / 12, abs=1e-3)


def test_a_policy_object_brings_its_scenario():
    from policies import make_policy

    policy = make_policy("truthful", econo_env.load("second_price_v0", num_agents=3))
    result = evaluate(policy, seeds=[7], markets=50, budget=QUICK, baselines=())
    assert result.policy == "truthful"
    assert result.scenario.num_agents == 3
    assert result.to_json()["metrics"]["efficiency"]["ci95"] == [None, None]  # one seed has no interval


def test_a_run_brings_its_scenario(tmp_path):
    from policies.proactive import Network, write_networks

    scenario = econo_env.load("second_price_v0", num_agents=3)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"scenario": scenario.model_dump(mode="json")}))
    zeros = (np.zeros((2, 1), np.float32), np.zeros(1, np.float32))
    write_networks(tmp_path / "policy.npz", [Network((0, 1, 2), (zeros,), "tanh", np.ones(1, np.float32))])
    result = evaluate(tmp_path, seeds=[0, 1], markets=50, budget=QUICK, baselines=())
    assert result.scenario == scenario
    assert result.metrics["efficiency"].mean == 1.0  # action 0 is the truth


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"policy": "truthful"}, "belongs to no scenario"),
        ({"policy": "truthfull", "scenario": "first_price_v0"}, "truthful"),
        ({"policy": "truthful", "scenario": "third_price_v0"}, "unknown scenario"),
        ({"policy": "truthful", "scenario": "first_price_v0", "seeds": []}, "at least one"),
        ({"policy": "truthful", "scenario": "first_price_v0", "seeds": [1, 1]}, "each once"),
        ({"policy": "truthful", "scenario": "first_price_v0", "markets": 0}, "at least 1"),
        ({"policy": "truthful", "scenario": "first_price_v0", "baselines": ["best"]}, "unknown policy"),
    ],
)
def test_mistakes_get_a_clear_sentence(arguments, said):
    options = {"seeds": [0], "markets": 10, "regret": False, **arguments}
    with pytest.raises(ValueError, match=said):
        evaluate(**options)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no config\.yaml"):
        evaluate(tmp_path, seeds=[0])
