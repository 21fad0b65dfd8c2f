"""The whole judgement: figures beside the baselines, the form of the JSON, choices and mistakes."""

import json

import numpy as np
import pytest
import yaml

import econo_env
from econo_env.training.evaluation import BASELINES, Budget, evaluate

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
    from econo_env.policies import make_policy

    policy = make_policy("truthful", econo_env.load("second_price_v0", num_agents=3))
    result = evaluate(policy, seeds=[7], markets=50, budget=QUICK, baselines=())
    assert result.policy == "truthful"
    assert result.scenario.num_agents == 3
    assert result.to_json()["metrics"]["efficiency"]["ci95"] == [None, None]  # one seed has no interval


def test_a_run_brings_its_scenario(tmp_path):
    from econo_env.policies.networks import Network, write_networks

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


@pytest.fixture(scope="module")
def three_seeds(tmp_path_factory):
    """A run whose three training seeds bid 0.5, 0.6 and 1.0 times the value in first price."""
    from econo_env.policies.networks import Network, write_networks

    run = tmp_path_factory.mktemp("run")
    scenario = econo_env.load("first_price_v0")
    (run / "config.yaml").write_text(yaml.safe_dump({"scenario": scenario.model_dump(mode="json")}))
    for seed, factor in ((0, 0.5), (2, 0.6), (10, 1.0)):
        (run / f"seed_{seed}").mkdir()
        layer = (np.zeros((2, 1), np.float32), np.full(1, factor - 1.0, np.float32))
        network = Network((0, 1), (layer,), "tanh", np.ones(1, np.float32))
        write_networks(run / f"seed_{seed}" / "policy.npz", [network])
    return judged(run, None)


def test_every_training_seed_is_judged(three_seeds):
    assert list(three_seeds.training_seeds) == [0, 2, 10]
    revenue = [figures["revenue"].mean for figures in three_seeds.training_seeds.values()]
    np.testing.assert_allclose(revenue, np.array([0.5, 0.6, 1.0]) * 2 / 3, atol=0.01)
    loss = [figures["utility_loss"].mean for figures in three_seeds.training_seeds.values()]
    assert loss[0] == pytest.approx(0.0, abs=1e-3)
    assert loss[2] == pytest.approx(1.0)


def test_the_interval_is_over_training_seeds(three_seeds):
    pooled, parts = three_seeds.metrics["revenue"], three_seeds.training_seeds.values()
    means = np.array([figures["revenue"].mean for figures in parts])
    half = 4.302653 * means.std(ddof=1) / np.sqrt(3)  # Student t, 2 degrees of freedom
    assert pooled.mean == pytest.approx(means.mean())
    assert pooled.ci95 == pytest.approx((means.mean() - half, means.mean() + half))
    share = three_seeds.metrics["invalid_action_share"]  # without an event the bound of the parts stays
    assert (share.mean, share.ci95[1]) == (0.0, pytest.approx(next(iter(parts))["invalid_action_share"].ci95[1]))


def test_the_json_of_several_training_seeds(three_seeds):
    document = json.loads(json.dumps(three_seeds.to_json(), allow_nan=False))
    assert {"scenario", "policy", "seeds", "metrics", "baselines", "provenance"} <= set(document)
    assert set(document["metrics"]["revenue"]) == {"mean", "ci95", "unit"}
    assert list(document["training_seeds"]) == ["0", "2", "10"]
    assert set(document["training_seeds"]["2"]["metrics"]) == set(document["metrics"])
    assert document["training_seeds"]["10"]["regret"][0]["mean_gain_by_seed"][0] == pytest.approx(1 / 12, abs=2e-3)
    middle = document["interquartile_means"]["revenue"]
    assert middle["mean"] == pytest.approx(document["metrics"]["revenue"]["mean"])
    assert middle["ci95"][0] < middle["mean"] < middle["ci95"][1]
    beside = document["differences"]["truthful"]
    # against truth, loss 1: two seeds do better, the third the same
    assert beside["utility_loss"]["probability_of_improvement"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert beside["utility_loss"]["mean"] < 0
    assert "probability_of_improvement" not in beside["revenue"]


def test_the_command_names_every_training_seed(three_seeds):
    from econo_env.training.commands.evaluate import _table

    lines = _table(three_seeds)
    assert any(line.startswith("training seed 10: efficiency 1, revenue 0.6") for line in lines)
    assert any("over these 3 training seeds" in line for line in lines)


@pytest.mark.parametrize(("name", "best"), [("first_price_v0", 5 / 12), ("all_pay_v0", 5 / 12), ("dutch_v0", 5 / 12)])
def test_revenue_stands_beside_that_at_the_best_reserve(name, best):
    """U[0,1], n = 2: 5/12 at the reserve of 1/2, where equilibrium without one earns 1/3."""
    metrics = evaluate("equilibrium", name, seeds=SEEDS, markets=5000, regret=False, baselines=()).metrics
    assert metrics["revenue_at_best_reserve"].mean == pytest.approx(best, abs=0.006)
    assert metrics["revenue_over_best_reserve"].mean == pytest.approx(0.8, abs=0.02)


def test_with_the_best_reserve_nothing_is_left():
    scenario = econo_env.load("second_price_v0", num_agents=4, **{"mechanism.reserve": 0.5, "mechanism.units": 2})
    metrics = judged("truthful", scenario, regret=False, baselines=()).metrics
    assert metrics["revenue_over_best_reserve"].mean == pytest.approx(1.0, abs=1e-9)


def test_unlike_bidders_have_no_one_best_reserve():
    scenario = econo_env.load("second_price_v0", weights=[1.0, 2.0])
    assert "revenue_at_best_reserve" not in judged("truthful", scenario, regret=False, baselines=()).metrics


@pytest.mark.parametrize(
    ("clock", "sealed", "policy", "step"),
    [("english_v0", "second_price_v0", "truthful", 0.01), ("dutch_v0", "first_price_v0", "equilibrium", 0.012)],
)
def test_a_clock_is_judged_sale_by_sale_as_the_sealed_bid_is(clock, sealed, policy, step):
    ours, theirs = (
        evaluate(policy, name, seeds=SEEDS, markets=2000, regret=False, baselines=()).metrics
        for name in (clock, sealed)
    )
    np.testing.assert_allclose(ours["revenue"].by_seed, theirs["revenue"].by_seed, atol=step)
    assert ours["revenue"].mean == pytest.approx(1 / 3, abs=step)
    assert ours["welfare"].mean == pytest.approx(theirs["welfare"].mean, rel=1e-3)
    assert ours["imbalance"].mean < 1e-9
