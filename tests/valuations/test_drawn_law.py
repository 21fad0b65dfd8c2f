"""The law that is named is the law that is drawn, up to both ends of the support."""

from itertools import pairwise

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy import special, stats

import econo_env
from econo_env.engine.engine import Engine
from econo_env.engine.rng import uniform
from econo_env.valuations.drawing import (
    draw_each,
    draw_from_table,
    draw_tables,
    fill_uniformly,
    is_uniform,
    quantile_from_table,
)
from econo_env.valuations.priors import AnyPrior, Empirical
from econo_env.valuations.quantile_table import QuantileTable

PRIOR = TypeAdapter(AnyPrior)


def truncated(law, low, high):
    """A law of scipy cut to [low, high]: mean and quantile from its own tails, without the code under test."""
    lower, upper = law.cdf(low), law.sf(high)
    mass = law.sf(low) - upper if lower > 0.5 else law.cdf(high) - lower

    def quantile(below, above):
        at_low, at_high = lower + mass * below, upper + mass * above
        return float(law.ppf(at_low) if at_low <= at_high else law.isf(at_high))

    # by octaves from both ends, so that no tail is missed
    ends = np.concatenate([[0.0], 2.0 ** np.arange(-52.0, 0.0)])
    nodes, weights = np.polynomial.legendre.leggauss(20)
    mean = 0.0
    for a, b in pairwise(ends):
        for u, weight in zip(a + (b - a) * (nodes + 1.0) / 2.0, weights * (b - a) / 2.0, strict=True):
            mean += weight * (quantile(u, 1.0 - u) + quantile(1.0 - u, u))
    return mean, lambda p: quantile(p, 1.0 - p)


def lognormal(scale, high):
    return {"name": "lognormal", "log_location": 0.0, "log_scale": scale, "high": high}


STEPPED = {"name": "empirical", "quantiles": [0.1, 0.2, 0.5, 0.5, 0.9, 2.0]}
LAWS = {
    "uniform": ({"name": "uniform", "low": 0.2, "high": 3.0}, stats.uniform(0.2, 2.8)),
    "power 50": ({"name": "power", "exponent": 50.0, "high": 2.0}, stats.powerlaw(50.0, scale=2.0)),
    "power 1/20": ({"name": "power", "exponent": 0.05, "high": 100.0}, stats.powerlaw(0.05, scale=100.0)),
    "beta": ({"name": "beta", "alpha": 2.0, "beta": 5.0, "low": 1.0, "high": 4.0}, stats.beta(2, 5, 1, 3)),
    "beta, rare highs": ({"name": "beta", "alpha": 0.05, "beta": 8.0, "high": 500.0}, stats.beta(0.05, 8, 0, 500)),
    "beta, U-shaped": ({"name": "beta", "alpha": 0.1, "beta": 0.2, "high": 10.0}, stats.beta(0.1, 0.2, 0, 10)),
    "normal": ({"name": "normal", "location": 0.4, "scale": 0.3}, stats.norm(0.4, 0.3)),
    "normal, far high": ({"name": "normal", "location": 0.0, "scale": 1.0, "high": 1e4}, stats.norm()),
    "normal, upper tail": ({"name": "normal", "location": 0.0, "scale": 1.0, "low": 7.0, "high": 1e3}, stats.norm()),
    "normal, lower tail": ({"name": "normal", "location": 50.0, "scale": 1.0, "high": 40.0}, stats.norm(50.0)),
    "lognormal(0, 1) on [0, 1000]": (lognormal(1.0, 1e3), stats.lognorm(1.0)),
    "lognormal(0, 1.5) on [0, 2000]": (lognormal(1.5, 2e3), stats.lognorm(1.5)),
    "lognormal(0, 3) on [0, 1e9]": (lognormal(3.0, 1e9), stats.lognorm(3.0)),
    "exponential, 50 means": ({"name": "exponential", "scale": 1.0, "high": 50.0}, stats.expon()),
    "exponential, 1e9 means": ({"name": "exponential", "scale": 1.0, "high": 1e9}, stats.expon()),
    "exponential from 5": ({"name": "exponential", "scale": 0.5, "low": 5.0, "high": 900.0}, stats.expon(5.0, 0.5)),
}
each_law = pytest.mark.parametrize(("section", "law"), LAWS.values(), ids=LAWS.keys())


def drawn_at(prior, probabilities):
    """What the engine's drawing makes of uniform draws, credits."""
    tables = draw_tables([prior.quantile_table()], 1.0)
    return np.array([quantile_from_table(tables, 0, p) for p in probabilities])


def equal_cells(prior):
    """The table of before: 4,096 cells of equal probability."""
    return QuantileTable.even(prior.quantile)


@each_law
def test_mean_and_far_quantiles_of_the_drawn_law(section, law):
    prior = PRIOR.validate_python(section)
    mean, quantile = truncated(law, prior.low, prior.high)
    assert prior.mean() == pytest.approx(mean, rel=1e-3)
    points = np.array([1e-9, 1e-4, 0.01, 0.3, 0.5, 0.77, 0.99, 0.9999, 1 - 1e-6, 1 - 1e-9])
    wanted = np.array([quantile(p) for p in points])
    assert drawn_at(prior, points) == pytest.approx(wanted, rel=0.005, abs=1e-9)


def test_a_table_of_equal_cells_would_be_told_from_the_law():
    for name in ("lognormal(0, 1) on [0, 1000]", "exponential, 50 means", "power 50"):
        section, law = LAWS[name]
        prior = PRIOR.validate_python(section)
        mean, quantile = truncated(law, prior.low, prior.high)
        wrong = equal_cells(prior)
        far = 1e-6 if name == "power 50" else 1 - 1e-6
        assert abs(wrong.mean() / mean - 1.0) > 1e-3 or abs(wrong.quantile(far) / quantile(far) - 1.0) > 0.01
    heavy = equal_cells(PRIOR.validate_python(lognormal(1.0, 1e3)))
    assert heavy.mean() == pytest.approx(1.07 * np.exp(0.5), rel=0.01), "the fault that the table mends"


@pytest.mark.parametrize("section", [*(section for section, _ in LAWS.values()), STEPPED])
def test_drawing_follows_the_table_that_everything_else_reads(section):
    prior = PRIOR.validate_python(section)
    rng, table = np.random.default_rng(0), prior.quantile_table()
    bits = np.concatenate([rng.integers(0, 2**53, 300), 2 ** np.arange(53), 2**53 - 2 ** np.arange(53), [0, 2**53 - 1]])
    edge = np.arange(30, 35)
    bits = np.concatenate([bits, edge * 2**41, edge * 2**41 - 1, 2**53 - edge * 2**41, 2**53 - edge * 2**41 - 1])
    points = np.sort(bits) / 2.0**53
    drawn = drawn_at(prior, points)
    assert np.all(np.diff(drawn) >= 0.0), "a larger draw never gives a smaller value"
    assert np.allclose(drawn, table.quantile(points), rtol=1e-12, atol=1e-12 * prior.highest)
    assert drawn[0] == prior.lowest


@pytest.mark.parametrize("name", ["lognormal(0, 1) on [0, 1000]", "exponential, 50 means", "beta, rare highs"])
def test_the_engine_draws_the_law(name):
    section, law = LAWS[name]
    engine = Engine(econo_env.load("first_price_v0", values=section, num_agents=50), 20_000)
    engine.reset(1)
    values = engine.state.values / 1e6
    prior = PRIOR.validate_python(section)
    mean, quantile = truncated(law, prior.low, prior.high)
    assert values.mean() == pytest.approx(mean, abs=4.5 * values.std() / np.sqrt(values.size))
    beyond = (values > quantile(0.9999)).mean()
    assert beyond == pytest.approx(1e-4, abs=4.5 * np.sqrt(1e-4 / values.size))
    best = values.max(axis=1)
    # E[max of n] = integral of Q d p^n, by the law's own quantile function
    nodes, weights = np.polynomial.legendre.leggauss(40)
    ends = np.concatenate([[0.0], 2.0 ** np.arange(-50.0, 1.0)])
    expected = 0.0
    for a, b in pairwise(ends):
        gaps = a + (b - a) * (nodes + 1.0) / 2.0
        at = np.array([quantile(1.0 - gap) for gap in gaps])
        expected += (b - a) / 2.0 * float((weights * 50 * (1.0 - gaps) ** 49) @ at)
    assert best.mean() == pytest.approx(expected, abs=4.5 * best.std() / np.sqrt(len(best)))


def test_an_empirical_prior_is_drawn_exactly_atoms_too():
    prior = PRIOR.validate_python(STEPPED)  # an atom of chance 1 / 5
    engine = Engine(econo_env.load("second_price_v0", values=prior.model_dump(), num_agents=4), 20_000)
    engine.reset(3)
    values = engine.state.values.ravel()
    assert (values == 500_000).mean() == pytest.approx(0.2, abs=4.5 * np.sqrt(0.16 / values.size))
    assert drawn_at(prior, [0.4, 0.5, 0.6 - 1e-9]) == pytest.approx([0.5, 0.5, 0.5], abs=0)
    assert drawn_at(prior, [0.4 - 1e-6, 0.6 + 1e-6]) == pytest.approx([0.5 - 1.5e-6, 0.5 + 2e-6])


def test_priors_of_unlike_layouts_stand_side_by_side():
    sections = [
        LAWS["exponential, 50 means"][0],
        {"name": "empirical", "quantiles": [1.0, 1.5, 3.0]},
        LAWS["uniform"][0],
    ]
    engine = Engine(econo_env.load("second_price_v0", values=sections, num_agents=3), 50_000)
    engine.reset(0)
    values = engine.state.values / 1e6
    for agent, mean in enumerate((1.0, 1.75, 1.6)):
        assert values[:, agent].mean() == pytest.approx(mean, abs=4.5 * values[:, agent].std() / np.sqrt(50_000))


def test_an_empirical_prior_takes_probabilities_of_its_own():
    prior = Empirical(quantiles=(0.0, 1.0, 100.0), probabilities=(0.0, 0.99, 1.0))
    assert prior.quantile([0.495, 0.995]) == pytest.approx([0.5, 50.5])
    assert prior.cdf([0.5, 50.5]) == pytest.approx([0.495, 0.995])
    assert prior.pdf([0.5, 50.5]) == pytest.approx([0.99, 0.01 / 99.0])
    assert prior.mean() == pytest.approx(0.99 * 0.5 + 0.01 * 50.5, rel=1e-3)
    for wrong in ((0.0, 1.0), (0.1, 0.5, 1.0), (0.0, 0.5, 0.9), (0.0, 1.5, 1.0)):
        with pytest.raises(ValueError, match="probabilities"):
            Empirical(quantiles=(0.0, 1.0, 100.0), probabilities=wrong)


def test_an_interval_of_no_mass_is_refused():
    with pytest.raises(ValueError, match="holds no probability"):
        PRIOR.validate_python({"name": "normal", "location": 0.0, "scale": 1.0, "low": 60.0, "high": 61.0})
    with pytest.raises(ValueError, match="rounding"):
        PRIOR.validate_python({"name": "normal", "location": 0.0, "scale": 1e12})


def test_the_common_value_signal_of_a_heavy_tail():
    section = lognormal(1.0, 1e3)
    for information, factor in (("common", 1.0), ("affiliated", 2.0)):
        scenario = econo_env.load("first_price_v0", values=section, information={"name": information}, num_agents=3)
        table = scenario.information.signal_table(scenario.priors()[0])
        assert table.mean() == pytest.approx(factor * np.exp(0.5), rel=2e-3), information
        engine = Engine(scenario, 100_000)
        engine.reset(0)
        signals = engine.state.values[:, 0] / 1e6
        for share in (0.5, 0.99, 0.999):
            beyond = (signals > table.quantile(share)).mean()
            assert beyond == pytest.approx(1 - share, abs=4.5 * np.sqrt(share * (1 - share) / len(signals))), (
                information
            )
    # the chance of a signal below x in closed form: F(x / 2) + x / 2 E[1 / V; V > x / 2]
    x, z = 6.0, np.log(3.0)
    table = econo_env.load("first_price_v0", values=section, information={"name": "common"}).information.signal_table(
        PRIOR.validate_python(section)
    )
    exact = special.ndtr(z) + x / 2.0 * np.exp(0.5) * special.ndtr(-z - 1.0)
    assert table.cdf(x) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize(
    "names", [["uniform"], ["uniform", "uniform"], ["beta"], ["exponential from 5", "uniform"]], ids=str
)
def test_all_draws_at_once_are_each_draw_alone(names):
    generator = np.random.default_rng(3)
    priors = [PRIOR.validate_python({**LAWS[name][0], "low": 0.1 * at}) for at, name in enumerate(names)]
    tables = draw_tables([prior.quantile_table() for prior in priors], 1e6)
    rows = generator.integers(len(names), size=500)
    draws = generator.integers(2**53, size=500)
    draws[:4] = 0, 1, 2**53 - 1, 2**52
    alone = [
        draw_from_table(tables, row, draw * 2.0**-53) for row, draw in zip(rows.tolist(), draws.tolist(), strict=True)
    ]
    at_once = draws.copy()
    draw_each(tables, rows, at_once, 1, 499)
    assert at_once.tolist() == [int(draws[0]), *alone[1:-1], int(draws[-1])]
    draw_each(tables, rows, draws, 0, 500)
    assert draws.tolist() == alone


def test_uniform_draws_of_many_are_each_draw_alone():
    table = PRIOR.validate_python({"name": "uniform", "low": 0.3, "high": 1.7}).quantile_table()
    tables = draw_tables([table], 1e6)
    values, clock = np.zeros(37, dtype=np.int64), (np.uint64(2**63 + 5), 3, 2, 1)
    fill_uniformly(tables, *clock, values)
    assert is_uniform(tables)
    assert not is_uniform(draw_tables([table, table], 1e6))
    assert values.tolist() == [draw_from_table(tables, 0, uniform(*clock, agent)) for agent in range(37)]
