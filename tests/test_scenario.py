"""Scenarios: typed, complete in YAML, and clear about mistakes."""

import numpy as np
import pytest
import yaml

import econo_env
from econo_env.catalogue import from_mapping, load

every_scenario = pytest.mark.parametrize("scenario_id", econo_env.scenarios())


@every_scenario
def test_a_scenario_survives_the_round_trip_through_yaml(scenario_id, tmp_path):
    scenario = load(scenario_id)
    path = tmp_path / "scenario.yaml"
    scenario.to_yaml(path)
    assert load(path) == scenario
    assert load(scenario) is scenario


@every_scenario
def test_overrides_reach_fields_and_sections(scenario_id):
    if type(load(scenario_id)).model_fields["mechanism"].exclude:
        pytest.skip("its mechanism follows from other keys")
    amounts = [name for name, value in load(scenario_id).mechanism if isinstance(value, float)]
    scenario = load(scenario_id, num_agents=7, **{f"mechanism.{name}": 0.25 for name in amounts[:1]})
    assert scenario.num_agents == 7
    assert [getattr(scenario.mechanism, name) for name in amounts[:1]] == [0.25] * len(amounts[:1])
    assert load(scenario_id).num_agents != 7, "the built-in scenario is not changed"


@pytest.mark.parametrize(
    ("source", "changes", "message"),
    [
        ("first_prize_v0", {}, "did you mean 'first_price_v0'"),
        ("zzz", {}, "choose one of"),
        ("nowhere.yaml", {}, "no scenario file"),
        ("first_price_v0", {"num_agnets": 3}, "did you mean 'num_agents'"),
        ("first_price_v0", {"num_agents": 0}, "num_agents = 0: .*greater than or equal to 1"),
        ("first_price_v0", {"num_agents": 2.5}, "num_agents = 2.5"),
        ("first_price_v0", {"mechanism.reserve": -1}, "mechanism.reserve|reserve"),
        ("first_price_v0", {"mechanism.reserve": float("nan")}, "finite"),
        ("first_price_v0", {"mechanism": {"name": "third_prize"}}, "choose one of"),
        ("first_price_v0", {"mechanism": {"name": "contingent_second_score"}}, "played in a task_market"),
        ("first_price_v0", {"mechanism": "first_price"}, "section with its name"),
        ("first_price_v0", {"values.hihg": 2.0}, "hihg"),
        ("first_price_v0", {"sale.reserve": 1.0}, "no section"),
        ("first_price_v0", {"weights": [1.0]}, "1 entries for 2 bidders"),
        ("first_price_v0", {"weights": [1.0, 0.0005]}, "steps of 0.001"),
        ("first_price_v0", {"values": [{"name": "uniform"}]}, "1 entries for 2 bidders"),
        ("first_price_v0", {"max_cycles": 0}, "max_cycles"),
        ("first_price_v0", {"end_of_episode": "death"}, "termination"),
        ("second_price_v0", {"mechanism.payment": "generous"}, "critical, naive"),
    ],
)
def test_a_mistake_names_value_and_fix(source, changes, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(source, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", "holds no mapping"),
        ("a: [", "not readable YAML"),
        ("market: bazaar", "choose one of .*sealed_bid"),
        ("num_agents: 3", "market = None is unknown"),
        ("{market: sealed_bid, id: x_v0, num_agents: 2}", "the key 'mechanism' is missing"),
    ],
)
def test_a_broken_file_is_named(text, message, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load(path)


def test_a_mapping_as_written_in_a_file():
    document = yaml.safe_load("""
        id: timber_v0
        market: sealed_bid
        num_agents: 3
        mechanism: {name: second_price, reserve: 0.1, payment: naive}
        values: [{name: uniform}, {name: power, exponent: 3.0}, {name: uniform, high: 2.0}]
        weights: [1.0, 0.5, 1.5]
    """)
    scenario = from_mapping(document)
    assert scenario.mechanism.payment == 1
    assert scenario.highest_value == 2.0
    assert yaml.safe_load(scenario.to_yaml())["mechanism"]["payment"] == "naive"


def test_asymmetric_bidders_draw_from_their_own_priors():
    values = [{"name": "uniform", "low": 0.0, "high": 1.0}, {"name": "uniform", "low": 2.0, "high": 3.0}]
    envs = econo_env.vector_env("first_price_v0", 500, values=values)
    observations, _ = envs.reset(0)
    assert "prior" in envs.observation_names
    drawn = observations[..., 0] * 3.0
    assert drawn[:, 0].max() <= 1.0 + 1e-6
    assert drawn[:, 1].min() >= 2.0 - 1e-6
    assert np.unique(observations[..., envs.observation_names.index("prior")]).size == 2


@pytest.mark.parametrize(
    ("scenario_id", "change", "said"),
    [
        ("first_price_v0", {"values": {"name": "uniform", "high": 4e-7}}, "ends at 4e-07"),
        ("second_price_v0", {"values": {"name": "empirical", "quantiles": [0.0, 3e-7]}}, "ends at 3e-07"),
        ("double_auction_v1", {"costs": {"name": "exponential", "scale": 1e-8, "high": 1e-7}}, "ends at 1e-07"),
        ("first_price_v0", {"mechanism.reserve": 4e-7}, "mechanism.reserve = 4e-07: it is less than half"),
        ("procurement_first_price_v1", {"procurement.ceiling": 3e-7}, "procurement.ceiling.*less than half"),
        ("first_price_v0", {"participation.entry_fee": 1e-7}, "entry_fee.*less than half"),
        ("task_market_v0", {"economy.ledger.endowment": 1e-9}, "endowment.*less than half"),
    ],
)
def test_what_is_less_than_a_micro_credit_is_refused_with_the_least_allowed(scenario_id, change, said):
    with pytest.raises(ValueError, match=said) as refused:
        econo_env.load(scenario_id, **change)
    assert "0.000001" in str(refused.value)


@pytest.mark.parametrize("name", ["first_price_v0", "double_auction_v1", "english_v0", "discriminatory_v0"])
def test_values_of_one_micro_credit_are_played(name):
    change = {"values": {"name": "uniform", "high": 1e-6}}
    if name == "double_auction_v1":
        change["costs"] = change["values"]
    envs = econo_env.vector_env(name, 8, **change)
    observations, _ = envs.reset(0)
    observations, rewards, *_ = envs.step(np.zeros_like(envs.engine.buffers.actions))
    assert np.isfinite(observations).all()
    assert np.isfinite(rewards).all()
