"""Priors: quantile, cdf and density are one distribution, and the engine draws from it."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import integrate, stats

import econo_env
from econo_env.engine.engine import Engine
from econo_env.valuations.priors import AnyPrior, Empirical, Uniform

SECTIONS = {
    "uniform": {"name": "uniform", "low": 0.2, "high": 3.0},
    "power": {"name": "power", "exponent": 2.5, "high": 2.0},
    "concave power": {"name": "power", "exponent": 0.5},
    "beta": {"name": "beta", "alpha": 2.0, "beta": 5.0, "low": 1.0, "high": 4.0},
    "normal": {"name": "normal", "location": 0.4, "scale": 0.3},
    "lognormal": {"name": "lognormal", "log_location": 0.0, "log_scale": 0.7, "high": 8.0},
    "exponential": {"name": "exponential", "scale": 0.5, "high": 3.0},
    "empirical": {"name": "empirical", "quantiles": [0.1, 0.2, 0.5, 0.5, 0.9, 2.0]},
}
PRIOR = TypeAdapter(AnyPrior)
each_prior = pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS.keys())


@each_prior
def test_cdf_inverts_the_quantile(section):
    prior = PRIOR.validate_python(section)
    probability = np.linspace(0.001, 0.999, 500)
    values = prior.quantile(probability)
    assert np.all(np.diff(values) >= 0)
    atoms = section["name"] == "empirical"
    inside = np.abs(values - 0.5) > 1e-9 if atoms else np.ones(500, dtype=bool)
    assert np.allclose(prior.cdf(values[inside]), probability[inside], atol=1e-9)
    assert prior.cdf(prior.lowest - 1e-9) == pytest.approx(0.0, abs=1e-6)
    assert prior.cdf(prior.highest) == pytest.approx(1.0)


@each_prior
def test_the_density_integrates_to_the_cdf(section):
    prior = PRIOR.validate_python(section)
    if section["name"] == "empirical":
        pytest.skip("has an atom")
    middle = float(prior.quantile(0.6))
    start = float(prior.quantile(0.05))
    area, _ = integrate.quad(lambda v: float(prior.pdf(v)), start, middle, limit=200)
    assert area == pytest.approx(0.55, abs=1e-6)
    assert float(prior.pdf(prior.highest + 1.0)) == 0.0


@each_prior
def test_the_engine_draws_from_the_prior(section):
    scenario = econo_env.load("second_price_v0", values=section, num_agents=4)
    engine = Engine(scenario, 20_000)
    engine.reset(0)
    values = engine.state.values.ravel() / 1e6
    prior = scenario.priors()[0]
    assert values.min() >= prior.lowest - 1e-6
    assert values.max() <= prior.highest + 1e-6
    quantiles = (np.arange(values.size) + 0.5) / values.size
    distance = np.abs(np.sort(values) - prior.quantile(quantiles))
    assert distance.mean() < 0.01 * (prior.highest - prior.lowest)
    assert abs(values.mean() - prior.mean()) < 4 * values.std() / np.sqrt(values.size)
    if section["name"] != "empirical":
        assert stats.kstest(values, prior.cdf).pvalue > 1e-3


def test_values_of_different_bidders_are_independent():
    engine = Engine(econo_env.load("first_price_v0", num_agents=3), 20_000)
    engine.reset(0)
    correlation = np.corrcoef(engine.state.values.T)
    assert np.abs(correlation - np.eye(3)).max() < 4 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"name": "uniform", "low": 1.0, "high": 1.0}, "must lie below"),
        ({"name": "uniform", "low": -1.0, "high": 1.0}, "non-negative"),
        ({"name": "empirical", "quantiles": [1.0, 0.5]}, "entry 1 is 0.5 after 1.0"),
        ({"name": "empirical", "quantiles": [1.0]}, "at least 2"),
        ({"name": "power", "exponent": 0.0}, "greater than 0"),
        ({"name": "gumbel"}, "does not match any of the expected tags"),
        ({"name": "uniform", "hihg": 2.0}, "Extra inputs"),
        ({"name": "uniform", "high": 1e12}, "at most 1e"),
        ({"name": "normal", "location": 500.0, "scale": 0.1}, "holds no probability"),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused(section, message):
    with pytest.raises((ValidationError, ValueError), match=message):
        PRIOR.validate_python(section)


def test_an_empirical_prior_of_many_uniform_quantiles_is_the_uniform():
    table = Empirical(quantiles=tuple(np.linspace(0, 1, 201)))
    points = np.linspace(0, 1, 999)
    assert np.allclose(table.cdf(points), Uniform().cdf(points))
    assert np.allclose(table.quantile(points), Uniform().quantile(points))


@pytest.mark.parametrize(
    "values", [{"name": "uniform", "high": 1e-5}, {"name": "empirical", "quantiles": [0.0, 5e-6, 1e-5]}], ids=str
)
def test_a_draw_is_the_nearest_micro_credit(values):
    """From 0 to 10 micro-credits, without and with a table: the ends have half the chance of what lies between."""
    engine = Engine(econo_env.load("first_price_v0", values=values), 2000)
    engine.reset(1)
    counted = np.bincount(engine.state.values.ravel(), minlength=11)
    assert stats.chisquare(counted, 4000 * np.array([0.05] + [0.1] * 9 + [0.05])).pvalue > 1e-3


def test_the_cdf_at_an_atom_is_its_upper_end():
    prior = PRIOR.validate_python({"name": "empirical", "quantiles": [0.0, 0.5, 0.5, 0.5, 1.0]})
    assert prior.cdf([0.25, 0.5 - 1e-9, 0.5, 0.75, 1.0]) == pytest.approx([0.125, 0.25, 0.75, 0.875, 1.0], abs=1e-6)
