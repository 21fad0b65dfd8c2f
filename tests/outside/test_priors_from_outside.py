"""A prior from outside may stand wherever a prior may, and counts in messages, schemas and the page of keys."""

import pickle
from typing import Literal

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.schema import reference, scenario_schema
from econo_env.valuations.priors import PRIORS, Prior, Uniform
from tests.outside.blocks import shown_in

PLACES = {
    "first_price": ("values", "values.1", "seller.secret_reserve"),
    "english": ("values", "values.1"),
    "double_auction": ("values", "costs"),
    "first_score": ("costs",),
    "task_market": ("tasks.value", "agents.cost", "agents.reliability"),
    "combinatorial": ("bundle_values.prior",),
}


@pytest.fixture
def triangle(monkeypatch):
    """The class of the page, as if its file were a module."""
    import sys
    from types import ModuleType

    module = ModuleType("my_priors")
    monkeypatch.setitem(sys.modules, "my_priors", module)
    exec(shown_in("docs/your_own.md")["my_priors.py"], vars(module))
    with PRIORS.registered(module.Triangle):
        yield module.Triangle


def changes(scenario, place, section):
    key, _, at = place.partition(".")
    return {key: [{"name": "uniform"}] * (scenario.num_agents - 1) + [section]} if at == "1" else {place: section}


@pytest.mark.parametrize(("name", "place"), [(name, place) for name, places in PLACES.items() for place in places])
def test_it_stands_wherever_a_prior_may_in_files_too(triangle, tmp_path, name, place):
    additive = {"bundle_values": {"name": "additive"}} if name == "combinatorial" else {}
    scenario = econo_env.load(name, **additive)
    given = scenario.replace(**changes(scenario, place, {"name": "triangle", "width": 0.5}))
    assert "triangle" in given.to_yaml(tmp_path / "it.yaml")
    read = econo_env.load(tmp_path / "it.yaml")
    assert read == given
    assert pickle.loads(pickle.dumps(read)) == given
    with pytest.raises(ValueError, match=r"'trianglo': did you mean 'triangle'\? choose one of uniform, .*, triangle$"):
        scenario.replace(**changes(scenario, place, {"name": "trianglo"}))
    with pytest.raises(ValueError, match=r"unknown key '[a-z0-9_.]+\.widths', did you mean 'width'\?"):
        scenario.replace(**changes(scenario, place, {"name": "triangle", "widths": 1.0}))
    with pytest.raises(ValueError, match=r"\.width = -1.0: give a number greater than 0"):
        scenario.replace(**changes(scenario, place, {"name": "triangle", "width": -1.0}))


def test_its_law_is_drawn(triangle):
    engine = Engine(econo_env.load("first_price_v0", values={"name": "triangle", "width": 2.0}), 20_000)
    engine.reset(0)
    values = np.sort(engine.state.values.ravel() / 1e6)
    assert np.abs(triangle(width=2.0).cdf(values) - (np.arange(values.size) + 0.5) / values.size).max() < 0.012


def test_schemas_and_the_page_of_keys_tell_of_it(triangle):
    schema = scenario_schema(econo_env.load("first_price_v0"))
    assert schema["$defs"]["Triangle"]["properties"]["width"]["description"].startswith("The upper end of the support")
    assert schema["$defs"]["Triangle"]["description"].startswith("Most likely in the middle")
    page = reference()
    assert "### Triangle" in page
    assert "[Empirical](#empirical) or [Triangle](#triangle)" in page


def test_it_is_gone_when_it_goes(triangle):
    PRIORS.take_out("triangle")
    with pytest.raises(ValueError, match=r"values.name = 'triangle': choose one of uniform, .*, empirical$"):
        econo_env.load("first_price_v0", values={"name": "triangle"})
    assert "Triangle" not in scenario_schema(econo_env.load("first_price_v0"))["$defs"]
    PRIORS.register(triangle)


class Nameless(Uniform):
    name: str = "nameless"


class Half(Prior):
    name: Literal["half"] = "half"

    def quantile(self, probability):
        return np.asarray(probability)


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        (Uniform(), TypeError, "is no prior: give a class made from econo_env.valuations.priors.Prior"),
        (dict, TypeError, "is no prior: give a class made from"),
        (Nameless, ValueError, "Nameless has no name: give it a line such as name: Literal"),
        (Half, ValueError, r"prior 'half' has no cdf\(\): a prior has quantile, cdf and pdf"),
        (type("Other", (Uniform,), {}), ValueError, "a prior named 'uniform' is there already"),
    ],
)
def test_what_is_no_prior_is_refused(kind, error, said):
    with pytest.raises(error, match=said):
        econo_env.register_prior(kind)
    assert [*PRIORS.rows()] == ["uniform", "power", "beta", "normal", "lognormal", "exponential", "empirical"]
