"""Kinds of bundle values in the combinatorial market: draws, types, and what theory says of each."""

import warnings
from itertools import chain, combinations

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test

import econo_env
from econo_env.clearing.base import picture_of
from econo_env.engine.engine import Engine
from econo_env.engine.state import each_array
from econo_env.interfaces.page import page
from econo_env.market import market_of
from econo_env.markets.combinatorial.state import offers_at
from econo_env.mechanisms.combinatorial.batch import best_allocations, game_of
from econo_env.mechanisms.combinatorial.greedy import greedy_with_critical_payments
from econo_env.money import to_credits
from econo_env.policies.base import make_policy
from econo_env.training.evaluation import Budget, regrets
from econo_env.valuations.bundle_values import offered_bundles

KINDS = {
    "single_minded": {"name": "single_minded", "items": 4, "exponent": 0.5},
    "given bundles": {"name": "single_minded", "items": 3, "bundles": [[0], [1, 2], [0, 1, 2], [0]]},
    "additive": {"name": "additive", "items": 3, "prior": {"name": "power", "low": 1.0, "high": 3.0}},
    "complements": {"name": "complements", "items": 3, "synergy": 0.4},
    "substitutes": {"name": "substitutes", "items": 3, "later": 0.6},
    "many items": {"name": "complements", "items": 6},
}


def load(kind, payment="vcg", agents=4, **changes):
    section = KINDS[kind] if isinstance(kind, str) else kind
    return econo_env.load(
        "combinatorial_v1", num_agents=agents, bundle_values=section, **{"mechanism.payment": payment}, **changes
    )


def play(scenario, markets, seed=3):
    """One truthful round: the engine, the state before it, the types, and the welfare."""
    engine, market = Engine(scenario, markets), market_of(scenario)
    engine.reset(seed)
    before = each_array(engine.state, np.copy)
    types = market.types.now(scenario, engine.state)
    engine.step(market.baselines.truthful(scenario, engine.buffers.observations))
    return engine, before, types, market.welfare(scenario, engine.state, types)


@pytest.mark.parametrize("kind", KINDS)
def test_truth_under_vcg_is_efficient_pays_no_more_than_it_is_worth_and_the_books_agree(kind):
    scenario = load(kind, max_cycles=4)
    engine, _, types, welfare = play(scenario, 400)
    names = market_of(scenario).types.names(scenario)
    assert types.shape == (400, 4, len(names))
    assert welfare.realised["value"] == pytest.approx(welfare.optimal["value"], abs=1e-9)
    assert engine.buffers.rewards.sum(axis=1) + welfare.revenue == pytest.approx(welfare.realised["value"])
    assert engine.buffers.rewards.min() >= -1e-9
    assert 0.0 <= engine.buffers.observations.min() <= engine.buffers.observations.max() <= 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_types_given_by_hand_are_played_like_those_drawn(kind):
    scenario = load(kind)
    market = market_of(scenario)
    engine, other = Engine(scenario, 50), Engine(scenario, 50)
    engine.reset(1)
    other.reset(2)
    types = market.types.now(scenario, engine.state)
    for agent in range(4):
        market.types.put(scenario, other, agent, types[:, agent])
    other.show()
    assert np.array_equal(other.buffers.observations, engine.buffers.observations)
    for column in ("values", "items", "bundle"):
        assert np.array_equal(getattr(other.state, column), getattr(engine.state, column))


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_cube_gives_the_same_distribution_of_types_as_the_engine(kind):
    scenario = load(kind)
    market, engine = market_of(scenario), Engine(scenario, 20_000)
    engine.reset(8)
    drawn = market.types.now(scenario, engine.state)[:, 1]
    cube = np.random.default_rng(0).random((20_000, drawn.shape[1]))
    made = market.types.at(scenario, 1, cube)
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(made, share, axis=0) == pytest.approx(np.quantile(drawn, share, axis=0), rel=0.06, abs=0.02)


@pytest.mark.parametrize("kind", ["single_minded", "substitutes"])
def test_a_market_of_a_batch_is_that_market_alone(kind):
    scenario = load(kind, payment="nearest_vcg", max_cycles=3)
    batch, alone = Engine(scenario, 6), Engine(scenario, 1)
    batch.reset(4)
    alone.reset(4, first_market=5)
    for _ in range(3):
        for engine in (batch, alone):
            engine.step(market_of(scenario).baselines.truthful(scenario, engine.buffers.observations))
        assert np.array_equal(batch.state.values[5], alone.state.values[0])
        assert np.array_equal(batch.buffers.rewards[5], alone.buffers.rewards[0])


def test_additive_values_make_vcg_a_second_price_auction_of_every_item():
    engine, before, _, _ = play(load("additive"), 500)
    ranked = np.sort(before.items, axis=1)  # (markets, agents, items)
    wins = before.items == ranked[:, -1:, :]
    assert np.array_equal(engine.state.award.pays, (wins * ranked[:, -2:-1, :]).sum(axis=2))


def coalitions(agents):
    return chain.from_iterable(combinations(range(agents), size) for size in range(1, agents + 1))


def most_that_a_coalition_blocks(scenario, engine, before):
    """By how much the best coalition could do better than the payments, micro-credits (markets,); 0 in the core."""
    game, values = game_of(scenario.offers), before.values
    bundles = np.tile(game.bundle, (len(values), 1))
    kept, revenue = np.rint(engine.buffers.rewards * 1e6), engine.state.award.pays.sum(axis=1)
    worst = np.zeros(len(values))
    for members in coalitions(values.shape[1]):
        inside = np.isin(np.arange(values.shape[1]), members)
        bids = np.where(inside[None, :, None], values, -1).reshape(len(values), -1)
        worth = best_allocations(game, bundles, bids)
        worst = np.maximum(worst, worth - revenue - kept[:, inside].sum(axis=1))
    return worst


@pytest.mark.parametrize("later", [0.0, 0.35, 0.8, 1.0])
def test_with_gross_substitutes_vcg_payments_lie_in_the_core(later):
    scenario = load({"name": "substitutes", "items": 4, "later": later})
    assert scenario.bundles_each == 15
    engine, before, _, _ = play(scenario, 200)
    rounding = 4 * scenario.num_agents  # every value is rounded to whole micro-credits
    assert most_that_a_coalition_blocks(scenario, engine, before).max() <= rounding


def test_with_complements_they_need_not_but_core_payments_do():
    blocked = {}
    for payment in ("vcg", "nearest_vcg"):
        scenario = load({"name": "complements", "items": 3, "synergy": 0.1}, payment)
        engine, before, _, _ = play(scenario, 200)
        blocked[payment] = most_that_a_coalition_blocks(scenario, engine, before)
    assert (blocked["vcg"] > 1000).mean() > 0.1
    assert blocked["nearest_vcg"].max() <= 0


def test_values_of_bundles_by_hand():
    for kind, worth in (
        ("additive", lambda own: own.sum()),
        ("complements", lambda own: own.sum() * (1 + 0.4 * (len(own) - 1))),
        ("substitutes", lambda own: (np.sort(own)[::-1] * 0.6 ** np.arange(len(own))).sum()),
    ):
        scenario = load(kind)
        _, before, types, _ = play(scenario, 20)
        for b, bundle in enumerate(offered_bundles(3)):
            expected = [[worth(types[k, i, list(bundle)]) for i in range(4)] for k in range(20)]
            assert to_credits(before.values[:, :, b]) == pytest.approx(np.array(expected), abs=1e-6)


def test_random_wishes_are_all_bundles_alike_and_worth_more_the_larger():
    scenario = load({"name": "single_minded", "items": 3, "exponent": 2.0})
    _, before, _, _ = play(scenario, 20_000)
    bundle, value = before.bundle.ravel(), to_credits(before.values).ravel()
    assert np.bincount(bundle, minlength=8)[1:] / len(bundle) == pytest.approx(np.full(7, 1 / 7), abs=0.005)
    sizes = np.array([int(mask).bit_count() for mask in bundle])
    for size in (1, 2, 3):
        assert value[sizes == size].mean() == pytest.approx(0.5 * size**2, rel=0.02)


def test_single_minded_bidders_on_parts_and_the_whole_are_the_local_global_game():
    """With these bundles and exponent 1 locals draw U[0, 1] and the global bidder U[0, 2]: utilities 5/24 and 7/24."""
    scenario = load({"name": "single_minded", "items": 2, "bundles": [[0], [1], [0, 1]]}, agents=3)
    engine, _, _, welfare = play(scenario, 200_000)
    assert engine.buffers.rewards.mean(axis=0) == pytest.approx([5 / 24, 5 / 24, 7 / 24], abs=3e-3)
    assert welfare.revenue.mean() == pytest.approx(7 / 12, abs=3e-3)
    assert market_of(scenario).roles(scenario) == ((0,), (1,), (2,))


def test_greedy_with_critical_payments_is_truthful_for_single_minded_bidders():
    scenario = load({"name": "single_minded", "items": 5, "exponent": 0.5}, agents=6)
    _, before, _, welfare = play(scenario, 40)
    ratios = []
    for k in range(40):
        offers, values = offers_at(scenario, before, k), before.values[k, :, 0]

        def surplus(bids, agent, offers=offers, values=values):
            chosen, payments = greedy_with_critical_payments(type(offers)(offers.owner, offers.contains, bids, 6))
            paid = dict(zip(chosen.tolist(), payments.tolist(), strict=True))
            return values[agent] - paid[agent] if agent in paid else 0

        for agent in (0, 3):
            truth = surplus(values, agent)
            for factor in (0.3, 0.8, 0.95, 1.05, 2.0, 5.0):
                other = np.where(np.arange(6) == agent, (values * factor).astype(np.int64), values)
                assert surplus(other, agent) <= truth + 1
        chosen, _ = greedy_with_critical_payments(type(offers)(offers.owner, offers.contains, values, 6))
        ratios.append(to_credits(values[chosen].sum()) / welfare.optimal["value"][k])
    assert min(ratios) >= 1 / np.sqrt(5) - 1e-9


@pytest.mark.parametrize("kind", ["single_minded", "substitutes", "complements"])
def test_no_other_bids_serve_a_truthful_bidder_better_under_vcg(kind):
    scenario = load(kind, agents=3)
    truth = make_policy("truthful", scenario)
    quick = Budget(types=16, actions=64, selection=256, evaluation=256, luck=64)
    for found in regrets(scenario, truth, (0, 1), budget=quick, method="action_grid"):
        # bids are rounded to float32 shares of the value: a bid may miss the value by that much
        assert found.mean_gain.mean() <= 1e-6
        assert found.mean_utility.mean() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_parallel_env(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the spaces are those that tests/conformance looks at
        parallel_api_test(econo_env.parallel_env(load(kind, max_cycles=3)), num_cycles=10)


@pytest.mark.parametrize("kind", KINDS)
def test_people_can_read_every_kind(kind):
    scenario = load(kind, max_cycles=2)
    engine, before, _, _ = play(scenario, 2)
    market = market_of(scenario)
    picture = picture_of(scenario)(scenario, before, engine.state, 1)
    assert all(f"`{feature.name}`: {feature.meaning}" in page(scenario) for feature in market.seen(scenario))
    names = picture.columns[0].values
    for name, offer in zip(names, engine.state.won[1], strict=True):
        if offer >= 0 and kind == "single_minded":
            wanted = int(before.bundle[1, offer])
            assert name == " + ".join("ABCD"[item] for item in range(4) if wanted >> item & 1)
    series = market.view.series(
        scenario, engine.state._replace(**{name: getattr(before, name) for name in market.view.drawn_ahead})
    )
    assert series["efficiency"] == pytest.approx(1.0)


def test_bundles_on_offer():
    assert offered_bundles(2) == [(0,), (1,), (0, 1)]
    assert len(offered_bundles(4)) == 15
    assert len(offered_bundles(8)) == 17
    assert all(
        len(offered_bundles(items)) <= 20 and len(set(offered_bundles(items))) == len(offered_bundles(items))
        for items in range(1, 11)
    )


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"name": "substitute"}, "local_global"),
        ({"name": "additive", "items": 11}, "11 items: a market clears up to 10"),
        ({"name": "additive", "items": 2, "bundles": [[0, 2]]}, "name one or more of the items 0 to 1"),
        ({"name": "additive", "bundles": []}, "give 1 to 20"),
        ({"name": "single_minded", "bundles": [[0]]}, "bundles lists 1 bundles for 4 bidders"),
        ({"name": "complements", "synergi": 0.1}, "synergi"),
        ({"name": "substitutes", "later": 1.5}, "less than or equal to 1"),
        ({"name": "complements", "prior": {"name": "uniform", "high": 9e8}}, "rescale the prior"),
    ],
)
def test_mistakes_are_named(section, said):
    with pytest.raises(ValueError, match=said):
        load(section)


def test_no_equilibrium_is_invented():
    scenario = load("complements", payment="nearest_vcg")
    with pytest.raises(ValueError, match="not for 4 bidders of complements"):
        market_of(scenario).baselines.equilibrium(scenario, np.zeros((1, 4, 8)))
