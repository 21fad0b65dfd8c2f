"""Mistakes in settings: the key, what was given, what is allowed; of a union only the branch that was meant speaks."""

import pytest

import econo_env
from econo_env.catalogue import from_mapping
from econo_env.training.config import config_from, read_config

BASE = {"id": "mine_v0", "market": "sealed_bid", "num_agents": 2, "mechanism": {"name": "first_price"}}
PRIORS = "uniform, power, beta, normal, lognormal, exponential, empirical"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": {"name": "uniform", "low": 2}}, "values: the support of uniform is [2.0, 1.0] credits"),
        ({"values": {"name": "unifrm"}}, f"values.name = 'unifrm': did you mean 'uniform'? choose one of {PRIORS}"),
        ({"values": {"low": 0}}, f"the key 'values.name' is missing: choose one of {PRIORS}"),
        ({"values": {"name": "beta", "alpha": -1, "beta": 2}}, "values.alpha = -1: give a number greater than 0"),
        ({"values": {"name": "beta", "beta": -1}}, "values.beta = -1: give a number greater than 0"),
        ({"values": {"name": "beta", "alfa": 1}}, "unknown key 'values.alfa', did you mean 'alpha'?"),
        ({"values": 3}, f"values = 3: give a section with a name ({PRIORS}) or a list"),
        ({"values": [{"name": "uniform", "low": "a"}, {"name": "uniform"}]}, "values.0.low = 'a': give a number"),
        ({"values": [3, {"name": "uniform"}]}, f"values.0 = 3: give a section with a name ({PRIORS})"),
        ({"mechanism": {"name": "first_prise"}}, "unknown mechanism 'first_prise': did you mean 'first_price'?"),
        (
            {"mechanism": {"name": "first_price", "rezerve": 1}},
            "unknown key 'mechanism.rezerve', did you mean 'reserve'?",
        ),
        (
            {"mechanism": {"name": "first_price", "reserve": -1}},
            "reserve = -1: give a number greater than or equal to 0",
        ),
        ({"utility": {"name": "crra", "r": 1}}, "unknown key 'utility.r', known keys are name, rho"),
        ({"seller": {"secret_reserve": "a"}}, "seller.secret_reserve = 'a': give a number or a section with a name ("),
        ({"seller": {"secret_reserve": {"name": "unifom"}}}, "seller.secret_reserve.name = 'unifom': did you mean"),
        ({"seller": 3}, "seller = 3: give a section with keys (secret_reserve, shill_bids)"),
        ({"weights": [1, "a"]}, "weights.1 = 'a': give a number"),
        ({"bids": "amovnt"}, "bids = 'amovnt': did you mean 'amount'? choose one of share_of_value, amount"),
        ({"num_agents": 2.5}, "num_agents = 2.5: give a whole number"),
        ({"num_agents": 10**9}, "num_agents = 1000000000: give a number less than or equal to 10,000,000"),
        ({"participation": {"probability": 2}}, "participation.probability = 2: give a number less than or equal to 1"),
        ({"default": {"shock": 1}}, "the key 'default.stake' is missing"),
        ({"id": "Mine"}, "id = 'Mine': give small letters, digits and _, ending in a version, such as my_market_v0"),
        ({"market": "sealed"}, "market = 'sealed' is unknown: did you mean 'sealed_bid'?"),
    ],
)
def test_the_sentence_of_a_mistake(change, said):
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole sentence is compared
        from_mapping({**BASE, **change})
    sentence = str(raised.value).removeprefix("mine_v0: ")
    assert said in sentence
    for internal in ("tagged-union", "function-after", "Input should", "valid dictionary", "instance of"):
        assert internal not in sentence
    assert sentence.count(";") == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("learner.learning_rate=0.1", "learner.learning_rate = 0.1: give a section with keys (initial, final,"),
        ("learner.std.schedule=linea", "learner.std.schedule = 'linea': did you mean 'linear'?"),
        ("learner.epochs=3", "unknown key 'learner.epochs', did you mean 'n_epochs'?"),
        ("scenario.values.name=unifrm", "scenario.values.name = 'unifrm': did you mean 'uniform'?"),
        ("scenario.mechansm.reserve=1", "'scenario.mechansm' is no section: did you mean 'mechanism'?"),
        ("scenario.num_agent=3", "unknown key 'scenario.num_agent', did you mean 'num_agents'?"),
        ("scenario=first_prise_v0", "scenario = 'first_prise_v0': unknown scenario 'first_prise_v0': did you mean"),
        ("learner.num_markets=1000", "learner.batch_size=4096 does not divide the rollout of 8000 samples"),
        ("seeds=a", "seeds = 'a': give numbers from 0, such as 0,1,2 or 0-9"),
        ("seeds=[1, 1]", "seeds=[1, 1]: give different whole numbers"),
    ],
)
@pytest.mark.parametrize("source", ["first_price_v0", "mine.yaml"])
def test_a_change_is_blamed_and_no_file_that_the_user_never_named(source, change, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    econo_env.load("first_price_v0").to_yaml("mine.yaml")
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the whole sentence is compared
        read_config(source, [change])
    assert str(raised.value).startswith(said)
    assert "one_round" not in str(raised.value)


def test_a_mistake_in_the_users_own_file_names_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text("{id: x_v0, market: sealed_bid, num_agents: 0, mechanism: {name: first_price}}")
    (tmp_path / "t.yaml").write_text("{scenario: s.yaml, total_timesteps: 1}")
    (tmp_path / "u.yaml").write_text("{scenario: first_price_v0, total_timesteps: 0}")
    for source, changes, said in (
        ("s.yaml", [], r"^s\.yaml: num_agents = 0: give a number greater than or equal to 1$"),
        ("t.yaml", [], r"^t\.yaml: scenario: s\.yaml: num_agents = 0: give a number greater than or equal to 1$"),
        ("u.yaml", ["seeds=a"], r"^u\.yaml: total_timesteps = 0: give a number greater than or equal to 1$"),
        ("u.yaml", ["total_timesteps=-1"], r"^total_timesteps = -1: give a number greater than or equal to 1$"),
    ):
        with pytest.raises(ValueError, match=said):
            read_config(source, changes)


@pytest.mark.parametrize("seeds", ["seeds=0-3", "seeds=0,1,2,3", "seeds=[0, 1, 2, 3]", "seeds=0-1,2,3"])
def test_seeds_are_read_as_in_evaluate(seeds):
    assert config_from({"scenario": "first_price_v0", "total_timesteps": 1}, [seeds]).seeds == (0, 1, 2, 3)
