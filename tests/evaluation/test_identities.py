"""False names: known answers, rules under which no split pays, and a search that finds what there is to find."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import econo_env
from econo_env.engine.rng import market_keys
from econo_env.market import market_of
from econo_env.markets.combinatorial.false_names import worth_of_sets
from econo_env.mechanisms.combinatorial.batch import clear_many
from econo_env.mechanisms.combinatorial.known_rivals import partitions
from econo_env.mechanisms.combinatorial.rule import Payment
from econo_env.mechanisms.combinatorial.small import Game
from econo_env.policies import make_policy
from econo_env.training.evaluation import IdentityBudget, IdentityCost, break_even_bond, evaluate, identities
from econo_env.training.evaluation.identities import Identities, names_of
from econo_env.training.evaluation.identity_metrics import identity_metrics
from econo_env.training.evaluation.name_search import Effort, best_by_names

SMALL = IdentityBudget(types=8, selection=64, evaluation=64, instances=16)


def bundles(payment, num_agents=3, **values):
    section = {"name": "combinatorial", "payment": payment}
    return econo_env.load("combinatorial_v1", num_agents=num_agents, mechanism=section, bundle_values=values)


def asks(scenario, *rows):
    """Reports of single-minded names in credits: (bundle as bits, amount)."""
    reports = np.full((len(rows), (1 << scenario.offers.num_items) - 1), -1, dtype=np.int64)
    for report, (bundle, amount) in zip(reports, rows, strict=True):
        report[bundle - 1] = round(amount * 1e6)
    return reports


def judged(scenario, seeds=(0, 1), policy="truthful", budget=SMALL, most=3):
    return identities(scenario, make_policy(policy, scenario), seeds, most=most, budget=budget)


# known answers


@pytest.mark.parametrize(
    ("offers", "paid"), [((1.00, 1.00), (0.0, 0.0)), ((0.60, 0.60), (0.4, 0.4)), ((0.50, 0.60), (0.4, 0.5))]
)
def test_each_identity_pays_what_the_rival_offers_beyond_the_others(offers, paid):
    """A rival offers 1 for {A, B}; an identity with one item pays max(0, 1 - the other identities' offers)."""
    cleared = econo_env.mechanisms.clear(
        "combinatorial",
        [
            {"bidder": 0, "bundle": ["A", "B"], "amount": 1.0},
            {"bidder": 1, "bundle": ["A"], "amount": offers[0]},
            {"bidder": 2, "bundle": ["B"], "amount": offers[1]},
        ],
        items=["A", "B"],
        payment="vcg",
    )
    assert cleared.payments.tolist() == pytest.approx([0.0, *paid])
    scenario = bundles("vcg", 2, name="single_minded", items=2, exponent=0, bundles=((0, 1), (0, 1)))
    own, rival = asks(scenario, (1, offers[0]), (2, offers[1])), asks(scenario, (3, 1.0))
    earned = names_of(scenario, 2).play(scenario, 0, np.array([0.9]), own[None], rival[None], market_keys(0, 1))
    assert earned[0, 0] == pytest.approx(0.9 - sum(paid))


@pytest.mark.slow
def test_two_names_for_a_pair_pay_nothing():
    """Two bidders want both of two items, U[0,1]: truth earns 1/6, two high names everything, 1/2: Pi(2) = 1/3."""
    scenario = bundles("vcg", 2, name="single_minded", items=2, exponent=0, bundles=((0, 1), (0, 1)))
    budget = IdentityBudget(types=64, selection=64, evaluation=256, instances=256)
    for found in judged(scenario, (0, 1, 2), budget=budget):
        assert found.utility.mean() == pytest.approx(1 / 6, abs=0.01)
        assert found.gain.mean(axis=0) == pytest.approx([0.0, 1 / 3, 1 / 3], abs=0.01)
        assert found.break_even.mean() == pytest.approx(1 / 3, abs=0.01)
        assert found.costliest == 2
        assert found.instance_gain.mean(axis=(0, 1)) == pytest.approx([0.0, 1 / 3, 1 / 3], abs=0.01)
    metrics = identity_metrics([found])
    assert metrics["identities_profit_2"].mean == pytest.approx(1 / 3, abs=0.01)
    assert metrics["identities_known_rivals_share"].mean > 0.99, "min(own, rival's value) is gained"


@pytest.mark.parametrize(("trader", "earned"), [(0, [-1.1, -0.1, 0.0]), (5, [-0.8, 0.2, 0.0])])
def test_what_a_name_sells_short_costs_the_highest_value(trader, earned):
    """Two names that ask 0.1 and 0.2 sell at 0.45 each, one of them at 0.9; a seller has one unit, worth 0.7 to it."""
    scenario = econo_env.load("mcafee_v1", num_agents=6)
    rivals = np.array([[[1_000_000, -1], [1_000_000, -1], [-1, -1], [-1, 900_000], [-1, -1]]])
    own = np.array([[[-1, 100_000], [-1, 200_000]], [[-1, 100_000], [-1, -1]], [[-1, -1], [-1, -1]]])
    played = names_of(scenario, 2).play(scenario, trader, np.array([0.7]), own, rivals, market_keys(0, 1))
    assert played[:, 0] == pytest.approx(earned)


def test_names_share_a_contest_whose_power_is_below_one():
    """k names at x / k win with chance k (x/k)^r / (k (x/k)^r + y^r) together; with r = 1 it is that of one."""
    profiles, x, y, names = 40_000, 0.4, 0.3, 4
    for power in (0.5, 1.0):
        scenario = econo_env.load("tullock_v0", mechanism={"name": "tullock", "power": power})
        own = np.full((1, names, 1), x / names * 1e6, dtype=np.int64)
        rivals = np.full((profiles, 1, 1), y * 1e6, dtype=np.int64)
        play = names_of(scenario, names).play
        earned = play(scenario, 0, np.array([1.0]), own, rivals, market_keys(3, profiles))
        effort = names * (x / names) ** power
        chance = effort / (effort + y**power)
        assert earned.mean() + x == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / profiles))


def test_every_way_to_deal_out_items_is_there_once():
    """Partitions of subsets into p parts: Stirling numbers of the second kind S(m + 1, p + 1)."""
    assert [len(partitions(3, parts)) for parts in range(1, 5)] == [7, 6, 1, 0]
    assert [len(partitions(4, parts)) for parts in range(1, 5)] == [15, 25, 10, 1]
    scenario = bundles("vcg", name="complements", items=3, synergy=0.5)
    names, type_ = names_of(scenario, 4), np.array([0.2, 0.4, 0.6])
    asked = [names.splits(scenario, 0, type_, np.full(7, -1), count) for count in (1, 2, 3, 4)]
    assert [{tuple(sorted(np.nonzero(row >= 0)[1] + 1)) for row in rows} for rows in asked] == [
        set(partitions(3, count)) for count in (1, 2, 3, 4)
    ]
    assert worth_of_sets(scenario, 0, type_).tolist() == [0, 2e5, 4e5, 9e5, 6e5, 12e5, 15e5, 24e5]


# rules under which no split pays, on random profiles


def random_names(scenario, rng, highest, strategies, profiles, components):
    names = int(rng.integers(2, 5))
    own = rng.integers(-highest // 3, highest, (strategies, names, components))
    rivals = rng.integers(-highest // 5, highest, (profiles, scenario.num_agents - 1, components))
    own, rivals = np.maximum(own, -1), np.maximum(rivals, -1)
    if scenario.market == "multi_unit":
        rivals = -np.sort(-rivals, axis=2)
    return own, rivals


def worst_split(scenario, seed, rounds=20, strategies=50, profiles=100):
    """The most that random splits gain over the truth, profile by profile, credits."""
    rng, play, worst = np.random.default_rng(seed), names_of(scenario, 4).play, -np.inf
    market = market_of(scenario)
    for _ in range(rounds):
        width = len(market.types.names(scenario))
        agent = int(rng.integers(scenario.num_agents))
        type_ = market.types.at(scenario, agent, rng.random((1, width)))[0]
        if scenario.market == "combinatorial":
            truth = worth_of_sets(scenario, agent, type_)[1:]
        else:
            truth = np.round(type_ * 1e6).astype(np.int64)
        if scenario.market == "double_auction":
            truth = np.insert(truth, 0 if agent >= scenario.num_buyers else 1, -1)
        own, rivals = random_names(scenario, rng, 2_000_000, strategies, profiles, len(truth))
        if scenario.market == "double_auction":
            sells = np.delete(np.arange(scenario.num_agents) >= scenario.num_buyers, agent)
            rivals = np.where(sells[:, None] == np.array([False, True]), rivals, -1)
        keys = market_keys(int(rng.integers(1 << 30)), profiles)
        gains = play(scenario, agent, type_, own, rivals, keys) - play(
            scenario, agent, type_, truth[None, None], rivals, keys
        )
        worst = max(worst, float(gains.max()))
    return worst


@pytest.mark.parametrize(
    "scenario",
    [
        econo_env.load("second_price_v0", num_agents=3),
        econo_env.load("second_price_v0", num_agents=4, mechanism={"name": "second_price", "units": 2, "reserve": 0.3}),
        econo_env.load("vickrey_v0", num_agents=3, demand=3, mechanism={"name": "vickrey", "units": 4}),
        bundles("grand_bundle", name="complements", items=3, synergy=0.5),
        bundles("grand_bundle", name="single_minded", items=4),
    ],
    ids=lambda scenario: f"{scenario.mechanism.name}_{scenario.num_agents}",
)
def test_no_split_pays_on_10_5_random_profiles(scenario):
    assert worst_split(scenario, 1) <= 0.0


def test_no_split_pays_where_rivals_and_the_own_values_are_additive():
    """VCG with additive values is a Vickrey auction an item: exact against additive rivals, any split."""
    scenario = bundles("vcg", name="additive", items=3)
    rng, play, sets = np.random.default_rng(0), names_of(scenario, 3).play, np.arange(8)
    inside = (sets[:, None] >> np.arange(3) & 1).astype(np.int64)
    for _ in range(20):
        values, rivals = rng.integers(1, 10**6, 3), rng.integers(1, 10**6, (100, 2, 3))
        truth, met, type_ = (inside @ values)[1:], (rivals @ inside.T)[:, :, 1:], values / 1e6
        own = np.maximum(rng.integers(-(10**6), 2 * 10**6, (50, 2, 7)), -1)
        keys = market_keys(int(rng.integers(1 << 30)), 100)
        gains = play(scenario, 0, type_, own, met, keys) - play(scenario, 0, type_, truth[None, None], met, keys)
        assert gains.max() <= 1e-9


def test_the_same_test_finds_splits_that_pay():
    assert worst_split(bundles("vcg", name="complements", items=3, synergy=0.5), 1) > 0.1
    assert worst_split(econo_env.load("mcafee_v1", num_agents=6), 1, strategies=400) > 0.01


def share_of_broken_sub_additivity(payment, profiles=100_000):
    """How often names pay less together than one that asks for all they hold (Todo et al. 2009), three items."""
    rng, items, rivals, names = np.random.default_rng(0), 3, 2, 3
    asked, bidders = (1 << items) - 1, rivals + names
    game = Game(np.arange(bidders + 1) * asked, np.tile(np.arange(1, asked + 1), bidders), items)
    bids = rng.integers(-500, 1000, (profiles, bidders * asked))
    won, paid = clear_many(game, bids, payment)
    held = np.where(won >= 0, game.bundle[np.maximum(won, 0)], 0)[:, rivals:]
    union = np.bitwise_or.reduce(held, axis=1)
    alone = bids.copy()
    alone[:, rivals * asked :] = -1
    rows = np.flatnonzero(union)
    alone[rows, rivals * asked + union[rows] - 1] = 10**6  # wins at whatever it must pay
    won_alone, paid_alone = clear_many(game, alone, payment)
    assert np.array_equal(won_alone[rows, rivals], rivals * asked + union[rows] - 1)
    return np.mean(paid[rows, rivals:].sum(axis=1) < paid_alone[rows, rivals])


def test_prices_of_the_grand_bundle_are_sub_additive_on_10_5_profiles():
    assert share_of_broken_sub_additivity(Payment.grand_bundle) == 0.0


def test_prices_of_vcg_are_not():
    assert share_of_broken_sub_additivity(Payment.vcg, 2000) > 0.1


@pytest.mark.parametrize("id_", ["uniform_price_v0", "discriminatory_v0"])
def test_a_rule_that_sees_bids_alone_gives_names_nothing(id_):
    """Dealt out to names, bids that one could make win and pay the same; reducing demand needs no second name."""
    scenario, rng = econo_env.load(id_, num_agents=3), np.random.default_rng(0)
    names, type_ = names_of(scenario, 3), np.array([0.8, 0.3])
    keys = market_keys(0, 200)
    for _ in range(50):
        bids = -np.sort(-rng.integers(0, 10**6, 2))
        rivals = -np.sort(-rng.integers(0, 10**6, (200, 2, 2)), axis=2)
        split = np.array([[bids[0], -1], [bids[1], -1], [-1, -1]])
        assert names.merged(scenario, split).tolist() == bids.tolist()
        one, two = (names.play(scenario, 0, type_, own[None], rivals, keys) for own in (bids[None], split))
        assert np.array_equal(one, two)


# the search


@pytest.mark.parametrize(
    ("id_", "policy"),
    [("second_price_v0", "truthful"), ("first_price_v0", "truthful"), ("uniform_price_v0", "truthful")],
)
def test_several_names_gain_what_one_does(id_, policy):
    for found in judged(econo_env.load(id_), policy=policy):
        assert (found.gain - found.gain[:, :1]).max() < 2e-3
        assert found.break_even.mean() < 1e-3
        assert found.instance_break_even.max() < 1e-5
        if id_ == "second_price_v0":
            assert not found.gain.any()
            assert not found.instance_gain.any()
        if id_ == "first_price_v0":
            assert found.gain[:, 0].mean() == pytest.approx(1 / 12, abs=0.02)
        if id_ == "uniform_price_v0":
            assert found.gain[:, 0].mean() > 0.03, "demand reduction"


def test_complements_break_vcg_and_substitutes_do_not():
    """ECONOMICS 7 in our values: +0.5 an item, and a second item at 0.75 of its value."""
    together = judged(bundles("vcg", name="complements", items=3, synergy=0.5))[0]
    assert together.gain[:, 1].mean() > 0.2
    assert together.gain[:, 2].mean() > 0.5
    assert together.costliest in (2, 3)
    assert np.mean(together.instance_break_even > 1e-5) > 0.5
    for values in ({"name": "substitutes", "later": 0.75}, {"name": "additive"}):
        apart = judged(bundles("vcg", items=3, **values))[0]
        assert apart.gain.max() <= 1e-9
        assert apart.instance_gain.max() <= 1e-9


def test_all_to_one_is_safe_from_names_at_a_loss_of_welfare():
    values = {"name": "complements", "items": 3, "synergy": 0.5}
    safe = judged(bundles("grand_bundle", **values))[0]
    assert not safe.gain.any()
    assert not safe.instance_gain.any()
    values = {"name": "additive", "items": 3}
    result = evaluate("truthful", bundles("grand_bundle", **values), seeds=range(2), regret=False, markets=500)
    assert 0.7 < result.metrics["efficiency"].mean < 0.95, "three bidders: items apart are worth 9/4, together E max"


def test_more_names_never_gain_less_where_they_are_chosen():
    found = judged(econo_env.load("mcafee_v1"), seeds=(0,), most=4)
    for role in found:
        assert np.all(np.diff(role.selected, axis=1) >= 0.0)
        assert np.all(np.diff(role.instance_gain, axis=2) >= 0.0)
        assert not role.gain[:, 0].any(), "truth is dominant for one name, which stands on one side"
        assert role.instance_gain[..., 1].mean() > 0.005, "an offer on the other side moves the losers' midpoint"


def test_gains_are_measured_on_other_rivals_than_they_are_chosen_on():
    """With one profile to choose on, luck looks like skill there and not on fresh ones."""
    scenario = econo_env.load("first_price_v0")
    budget = IdentityBudget(types=32, selection=1, evaluation=64, instances=1)
    found = judged(scenario, (0, 1), "equilibrium", budget, most=1)[0]
    assert found.selected.mean() > 0.1
    assert found.gain.mean() < 0.0


def test_what_several_names_do_idly_is_credited_to_one():
    """A game in which the highest bid alone counts: 3 names cannot gain over 1, however the search went."""

    def play(own, first=0):
        return np.minimum(own.max(axis=(1, 2)), 700)[:, None] / 1000

    def splits(count):
        return np.full((1, count, 1), 700 if count == 3 else 10)

    game = SimpleNamespace(play=play, splits=splits, merged=lambda own: None, thresholds=lambda: np.zeros(0, dtype=int))
    effort = Effort(rounds=0)
    strategies, gains = best_by_names(game, np.array([10]), 3, effort, np.random.default_rng(0))
    assert gains == pytest.approx([0.69] * 3)
    assert [len(own) for own in strategies] == [1, 1, 1]


# figures


def made(gain, members=(0,), selected=None):
    gain = np.array(gain, dtype=float)
    chosen = gain if selected is None else np.array(selected, dtype=float)
    profiles = np.repeat(gain[:, None], 2, axis=1)
    return Identities(members[0], members, chosen, gain, np.ones(len(gain)), profiles, np.ones((len(gain), 2)))


def test_the_break_even_cost_is_that_of_the_best_number_of_names():
    """Gains 0.1, 0.5, 0.7, 0.7: further names bring 0.4, 0.6 / 2, 0.6 / 3 each, what one does alone not counted."""
    found = made([[0.1, 0.5, 0.7, 0.7], [0.1, 0.3, 0.7, 0.7]])
    assert found.costliest == 2, "0.3 on average against 0.3: the fewer"
    assert found.break_even == pytest.approx([0.4, 0.2])
    assert found.instance_break_even[:, 0] == pytest.approx([0.4, 0.3])
    found = made([[0.1, 0.9, 0.7]], selected=[[0.0, 0.1, 0.6]])
    assert found.costliest == 3, "by the samples of the choice"
    assert found.break_even == pytest.approx([0.3])


def test_noise_is_no_profit_of_splitting():
    """Seeds on both sides of 0 average out; a mean below 0 costs nothing to deter, and the interval tells the noise."""
    found = made([[0.1, 0.3], [0.1, 0.0]])
    assert found.break_even == pytest.approx([0.2, -0.1])
    metric = identity_metrics([found])["identities_break_even_cost"]
    assert metric.mean == pytest.approx(0.05)
    assert metric.ci95[0] == 0.0
    found = made([[0.1, 0.11], [0.1, 0.0], [0.1, 0.02]])
    metrics = identity_metrics([found])
    for name in ("identities_break_even_cost", "identities_break_even_bond"):
        assert metrics[name].mean == 0.0
        assert metrics[name].ci95[1] > 0.0


def test_figures_are_over_agents_and_costs_over_the_role_that_gains_most():
    found = [made([[0.0, 0.3], [0.0, 0.3]], (0, 1, 2)), made([[0.0, 0.7], [0.0, 0.7]], (3,))]
    metrics = identity_metrics(found, IdentityCost(rate=0.01, unbonding=9))
    assert metrics["identities_profit_2"].mean == pytest.approx(0.4)
    assert metrics["identities_break_even_cost"].mean == pytest.approx(0.7)
    assert metrics["identities_break_even_bond"].mean == pytest.approx(0.7 / (1.01**10 - 1))
    assert metrics["identities_profit_2"].unit == "credits per round"
    nothing = identity_metrics([made([[0.0, 0.0], [0.0, 0.0]])])["identities_known_rivals_share"]
    assert nothing.mean == 0.0
    assert nothing.ci95 == (0.0, pytest.approx(1 - 0.05 ** (1 / 4))), "the rule of three, four profiles"


def test_a_bond_deters_by_its_fee_and_its_capital():
    """A bond at the break-even costs in fee and capital what the identity gains; below it splitting pays."""
    for fee, rate, rounds, unbonding in ((0.0, 0.001, 1, 64), (0.5, 0.01, 20, 0), (0.1, 0.2, 3, 7)):
        bond = break_even_bond(0.3, IdentityCost(fee, rate, rounds, unbonding))
        assert fee + bond * ((1 + rate) ** (rounds + unbonding) - 1) == pytest.approx(max(0.3 * rounds, fee))
    assert break_even_bond(0.3, IdentityCost(fee=0.4)) == 0.0
    with pytest.raises(ValueError, match="give rate > 0"):
        break_even_bond(0.3, IdentityCost(rate=0.0))


# refusals and the command's document


@pytest.mark.parametrize(
    ("id_", "fields", "said"),
    [
        ("english_v0", {}, "not settled by one round"),
        ("task_market_v0", {}, "not settled by one round"),
        ("sequential_first_price_v0", {}, "not settled by one round"),
        ("first_price_v0", {"max_cycles": 5}, "rounds hang together"),
        ("first_price_v0", {"information": {"name": "affiliated"}}, "one type tells of the others"),
        ("first_price_v0", {"weights": (1.0, 0.5)}, "one weight for all"),
        ("procurement_vickrey_v1", {}, "not in procurement"),
        ("combinatorial_v1", {"num_agents": 6}, "5 items: names are judged with up to 4"),
    ],
)
def test_other_markets_are_refused_with_a_sentence(id_, fields, said):
    scenario = econo_env.load(id_, **fields)
    with pytest.raises(ValueError, match=said):
        names_of(scenario, 4)
    with pytest.raises(ValueError, match=said):
        evaluate("truthful", scenario, seeds=(0,), most_identities=4)


@pytest.mark.parametrize("most", [-1, 17])
def test_1_to_16_identities(most):
    with pytest.raises(ValueError, match="give 1 to 16"):
        evaluate("truthful", "second_price_v0", seeds=(0,), most_identities=most)


def test_an_evaluation_tells_the_curve():
    options = {"regret": False, "markets": 50, "baselines": ("random", "truthful"), "most_identities": 2}
    result = evaluate("truthful", "second_price_v0", seeds=(0, 1), **options)
    document = json.loads(json.dumps(result.to_json()))
    assert document["metrics"]["identities_profit_2"] == {"mean": 0.0, "ci95": [0.0, 0.0], "unit": "credits per round"}
    assert document["identities"][0]["gain_by_identities"] == [0.0, 0.0]
    assert "identities_profit_2" not in document["baselines"]["random"]


@pytest.mark.slow
def test_the_claim_of_the_specification_on_many_profiles():
    """+0.5: at least 60 % of profiles, 2 names gain more than the truth earns; 16 add nothing."""
    budget = IdentityBudget(types=32, selection=256, evaluation=512, instances=256)
    found = judged(bundles("vcg", name="complements", items=3, synergy=0.5), range(4), budget=budget, most=16)[0]
    two = found.instance_gain[..., 1]
    assert np.mean(two > 1e-5) > 0.6
    assert two.mean() > found.instance_utility.mean()
    assert found.gain[:, 15].mean() == pytest.approx(found.gain[:, 2].mean(), abs=0.01)
    safe = judged(bundles("grand_bundle", name="complements", items=4, synergy=0.5), range(4), budget=budget, most=16)[
        0
    ]
    assert not safe.gain.any()
    assert not safe.instance_gain.any()
