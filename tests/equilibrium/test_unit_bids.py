"""Pay-as-bid with two bidders who want both of two units: the game, the measure of its loss, and what is solved for."""

import numpy as np
import pytest

import econo_env
from econo_env.engine.engine import Engine
from econo_env.equilibrium import UnitBids, solved
from econo_env.equilibrium.grids import Choices, edges, type_cells
from econo_env.equilibrium.unit_bids import UnitBidsGame
from econo_env.equilibrium.unit_solve import unit_loss
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.training.evaluation import Budget, evaluate, regrets
from econo_env.valuations.priors import Uniform

QUICK = Budget(types=12, actions=289, luck=512, finals=4)


def uniform(low, high):
    return {"name": "uniform", "low": low, "high": high}


def game(tops, stays_out, bids=9):
    ends = edges(0.2 if stays_out else 0.0, 0.8, bids)
    return UnitBidsGame(
        tuple(Choices(*type_cells(Uniform(high=top).quantile_table(), 7), ends, stays_out) for top in tops)
    )


def some_chances(game, seed):
    drawn = [np.random.default_rng((seed, i)).random(len(one)) for i, one in enumerate(game.even)]
    return [one / one.sum() for one in drawn]


@pytest.mark.parametrize("tops", [(1.0,), (1.0, 1.5)])
@pytest.mark.parametrize("stays_out", [False, True])
def test_slopes_of_the_response_are_those_of_its_differences(tops, stays_out):
    playing = game(tops, stays_out)
    chances = some_chances(playing, 0)
    _, slopes = playing.response(chances, 0.02, True)
    ends = np.cumsum([len(one) for one in chances])[:-1]
    for column in range(len(slopes)):
        step = np.zeros(len(slopes))
        step[column] = 1e-6
        up, down = (
            playing.response(list(np.split(np.concatenate(chances) + sign * step, ends)), 0.02, False)[0]
            for sign in (1, -1)
        )
        np.testing.assert_allclose((up - down) / 2e-6, slopes[:, column], atol=1e-7)


@pytest.mark.parametrize("noise", [0.3, 0.02])
def test_the_response_is_that_of_every_pair_of_bids(noise):
    """By enumeration: exp(utility / noise) and the widths, over pairs with the first bid at or above the second."""
    playing = game((1.0,), False)
    choices, (first, second) = playing.choices, some_chances(playing, 1)
    below = choices.share_below(choices.bids)
    width = np.exp(choices.log_width)
    made = np.zeros((2, len(width)))
    for (high, low), mass in zip(*playing.pairs[0], strict=True):
        one = (high - choices.bids) * (below @ second)
        two = (low - choices.bids) * (below @ first)
        joint = np.tril(np.exp((one[:, None] + two) / noise) * np.outer(width, width))
        made += mass * np.stack([joint.sum(axis=1), joint.sum(axis=0)]) / joint.sum()
    np.testing.assert_allclose(playing.response([first, second], noise, False)[0], made.ravel(), atol=1e-12)


def linear(share):
    points = np.linspace(0.0, 1.0, 201)
    high, low = np.maximum.outer(points, points), np.minimum.outer(points, points)
    return UnitBids(points, share * np.stack([high, low], axis=2), 0.0, Uniform().quantile_table())


def test_the_distribution_of_bids_is_that_of_sorted_draws():
    """Of two uniform draws the higher one lies below x with chance x^2, the lower one with 1 - (1 - x)^2."""
    bids = np.linspace(0.0, 0.5, 101)
    np.testing.assert_allclose(linear(0.5).share_below(0, bids), (2 * bids) ** 2, atol=1e-4)
    np.testing.assert_allclose(linear(0.5).share_below(1, bids), 1 - (1 - 2 * bids) ** 2, atol=1e-4)


def test_the_loss_of_truth_against_half_the_value():
    """Truth earns nothing. The best pair of bids, by brute force over a grid, is all that it loses."""
    loss = unit_loss(linear(1.0), linear(0.5))
    bids = np.linspace(0.0, 0.5, 201)
    by_first, by_second = 1 - (1 - 2 * bids) ** 2, (2 * bids) ** 2
    middles = (np.arange(48) + 0.5) / 48
    draws = np.sort(np.stack(np.meshgrid(middles, middles), axis=2).reshape(-1, 2), axis=1)
    best = [
        np.where(bids[:, None] >= bids, ((high - bids) * by_first)[:, None] + (low - bids) * by_second, 0.0).max()
        for low, high in draws
    ]
    assert loss.utility == pytest.approx(0.0, abs=1e-12)
    assert loss.mean == pytest.approx(np.mean(best), abs=2e-4)
    assert loss.certificate is None


@pytest.fixture(scope="module")
def scenario():
    return econo_env.load("discriminatory_v0")


def test_an_independent_search_finds_next_to_nothing(scenario):
    policy = make_policy("equilibrium", scenario)
    assert policy.note.startswith("solved numerically: the best deviation gains")
    (found,) = regrets(scenario, policy, (0, 1), budget=QUICK, method="action_grid")
    assert found.mean_gain.mean() <= 1e-3 * found.mean_utility.mean()
    # the same search does find what half the value for both units leaves on the table
    (found,) = regrets(scenario, make_policy("shading", scenario, factor=0.5), (0,), budget=QUICK, method="action_grid")
    assert found.mean_gain.mean() > 1e-2 * found.mean_utility.mean()


def test_bids_are_flat_on_a_region_and_units_are_wasted(scenario):
    """Engelbrecht-Wiggans and Kahn (1998): who values both units nearly alike bids the same for both."""
    bids, grid = solved(scenario).functions[0], np.linspace(0.0, 1.0, 101)
    alike = bids(np.stack([grid, grid], axis=1))
    np.testing.assert_allclose(alike[25:, 0], alike[25:, 1], atol=1e-3)
    apart = bids(np.stack([grid, grid / 4], axis=1))
    assert np.all(apart[20:, 0] > apart[20:, 1] + 0.02)
    np.testing.assert_allclose(bids([0.8, 0.0])[0], bids([0.8, 0.4])[0], atol=1e-3)  # each bid by its own value there
    assert np.all(np.diff(alike[:, 0]) >= -1e-9)
    assert np.all(alike <= grid[:, None])
    engine = Engine(scenario, 50_000)
    engine.reset(1)
    values, market = engine.state.values / 1e6, market_of(scenario)
    engine.step(make_policy("equilibrium", scenario).act(engine.buffers.observations, engine.buffers.action_mask))
    welfare = market.welfare(scenario, engine.state, values)
    assert welfare.realised["value"].sum() / welfare.optimal["value"].sum() == pytest.approx(0.980, abs=2e-3)
    assert welfare.revenue.mean() == pytest.approx(0.675, abs=3e-3)
    assert engine.buffers.rewards.mean() == pytest.approx(solved(scenario).losses[0].utility, abs=4e-3)


def test_the_evaluation_has_it_as_a_baseline(scenario):
    result = evaluate("truthful", scenario, seeds=[0, 1], markets=64, regret=False, baselines=["equilibrium"])
    assert result.to_json()["provenance"]["notes"]["equilibrium"].startswith("solved numerically")


@pytest.mark.parametrize(
    "fields",
    [
        {"demand": 1, "num_agents": 3, "values": [uniform(0, 1), uniform(0, 1), uniform(0, 2)]},
        pytest.param({"mechanism.reserve": 0.3}, marks=pytest.mark.slow),
        pytest.param({"values": [uniform(0, 1), uniform(0, 1.5)]}, marks=pytest.mark.slow),
        pytest.param({"values": uniform(0.5, 1)}, marks=pytest.mark.slow),
        pytest.param({"values": {"name": "power", "exponent": 0.5}}, marks=pytest.mark.slow),
    ],
)
def test_reserves_and_other_priors(fields):
    changed = econo_env.load("discriminatory_v0", **fields)
    policy = make_policy("equilibrium", changed)
    assert policy.note.startswith("solved numerically")
    for found in regrets(changed, policy, (0, 1), budget=QUICK, method="action_grid"):
        assert found.mean_gain.mean() <= 1e-3 * found.mean_utility.mean()


def test_other_rules_and_more_bidders_are_refused():
    for name, fields in (("uniform_price_v0", {}), ("discriminatory_v0", {"num_agents": 3})):
        with pytest.raises(ValueError, match="two bidders want both of two units and pay what they bid"):
            solved(econo_env.load(name, **fields))
    with pytest.raises(ValueError, match=r"reserve=1\.2 leaves no bid to place: values end at 1"):
        solved(econo_env.load("discriminatory_v0", **{"mechanism.reserve": 1.2}))
