"""Costs of suppliers, values behind a binding reserve, and bidders who are not alike come back or are named."""

import numpy as np
import pandas as pd
import pytest

from econo_env.catalogue import from_mapping
from econo_env.engine.engine import Engine
from econo_env.money import to_credits
from econo_env.policies import make_policy
from econo_env.valuations.calibration import EstimateOptions, TableOptions, calibrate
from econo_env.valuations.calibration.inversion import model_bids
from econo_env.valuations.calibration.reserve import share_excluded
from econo_env.valuations.calibration.symmetry import compare_bidders
from econo_env.valuations.calibration.tables import Bidders
from econo_env.valuations.priors import Beta, Lognormal, Normal, Prior, Uniform

FEW = EstimateOptions(bootstrap=20)
FINE = 20_001
COSTS: dict[str, Prior] = {
    "uniform": Uniform(low=1.0, high=2.0),
    "beta": Beta(low=1.0, high=3.0),
    "lognormal": Lognormal(log_location=0.0, log_scale=0.3, low=0.3, high=4.0),
    "normal": Normal(location=1.0, scale=0.2, low=0.4, high=1.6),
}


def market(prior, potential, auctions, seed, *, procurement=False, reserve=None):
    """Equilibrium bids of all who bid, one row each, and how many auctions there were."""
    share = np.linspace(0.0, 1.0, FINE)
    table = prior.quantile(share)
    drawn = np.random.default_rng([seed, potential]).random((auctions, potential))
    values = np.interp(drawn, share, table)
    bids = np.interp(drawn, share, model_bids(table, potential, procurement=procurement, reserve=reserve))
    there = np.ones_like(bids, dtype=bool)
    if reserve is not None:
        there = values <= reserve if procurement else values >= reserve
    number = np.repeat(np.arange(auctions), potential).reshape(auctions, potential)
    return pd.DataFrame({"auction": number[there], "bid": bids[there]})


def quantiles(found, num_bidders, probabilities):
    unit = found.homogenisation.amount_per_credit
    return np.array([found.estimates[num_bidders].value_at(p)[0] for p in probabilities]) * unit


# procurement --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_bidders", [2, 3, 6])
def test_asks_of_uniform_costs_are_the_known_ones(num_bidders):
    costs = np.linspace(1.0, 2.0, 4001)
    assert model_bids(costs, num_bidders, procurement=True)[:-40] == pytest.approx(
        (costs + (2.0 - costs) / num_bidders)[:-40], rel=1e-4
    )


@pytest.mark.parametrize("num_bidders", [3, 6])
@pytest.mark.parametrize("prior", COSTS)
def test_costs_come_back_within_two_percent(prior, num_bidders):
    found = calibrate(market(COSTS[prior], num_bidders, 5000, 1, procurement=True), TableOptions(procurement=True), FEW)
    shown = np.arange(1, 10) / 10
    assert quantiles(found, num_bidders, shown) == pytest.approx(COSTS[prior].quantile(shown), rel=0.02)
    estimate = found.estimates[num_bidders]
    assert np.all(np.diff(estimate.values) >= 0.0)
    assert np.all(estimate.values <= estimate.bids * (1.0 + 1e-12))
    assert estimate.fit.bid_distance < 0.02
    assert estimate.fit.money_on_table == pytest.approx(estimate.fit.model_money_on_table, rel=0.05)


def test_a_small_procurement_table_and_the_market_it_becomes():
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"auction": np.repeat(np.arange(200), 3), "bid": (4.0 + 2.0 * rng.random(600)) / 3.0})
    found = calibrate(frame, TableOptions(procurement=True), EstimateOptions(bootstrap=50))
    unit = found.homogenisation.amount_per_credit
    assert found.estimates[3].value_at(0.5)[0] * unit == pytest.approx(1.5, abs=0.03)
    # the second lowest of three U[1, 2] is 1.5 on average
    assert found.price().price.mean * unit == pytest.approx(1.5, abs=0.02)
    assert found.price().price.low * unit < 1.5 < found.price().price.high * unit
    assert "lowest bid" in found.winner
    scenario = from_mapping(found.scenario())
    policy, engine = make_policy("equilibrium", scenario), Engine(scenario, 20_000)
    engine.reset(0)
    policy.reset(0)
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    spent = -to_credits(engine.state.award.pays.sum(axis=1)).mean()
    assert spent == pytest.approx(found.price().price.mean, rel=0.005)
    with pytest.raises(ValueError, match="ask price"):
        found.what_if()


def test_sales_have_no_price_of_procurement():
    found = calibrate(market(COSTS["beta"], 3, 100, 0), options=FEW)
    assert "highest bid" in found.winner
    with pytest.raises(ValueError, match="ask what_if"):
        found.price()


def test_bands_of_costs_cover_the_truth():
    hits = []
    for seed in range(20):
        frame = market(COSTS["uniform"], 3, 200, seed, procurement=True)
        found = calibrate(frame, TableOptions(procurement=True), EstimateOptions(bootstrap=80, seed=seed))
        unit = found.homogenisation.amount_per_credit
        bands = np.array([found.estimates[3].value_at(p)[1:] for p in (0.25, 0.5, 0.75)]) * unit
        hits.append((bands[:, 0] <= [1.25, 1.5, 1.75]) & (bands[:, 1] >= [1.25, 1.5, 1.75]))
    # of 60 bands at 95 %, fewer than 48 are far below what chance allows
    assert np.sum(hits) >= 48


# reserves -----------------------------------------------------------------------------------------------------------


def test_the_share_kept_away_by_the_number_of_bids():
    # two potential bidders: the mean of those with a bid is 2 / (1 + F)
    assert share_excluded(np.array([2.0, 1.6, 1.25]), 2) == pytest.approx([0.0, 0.25, 0.6], abs=1e-4)
    rng = np.random.default_rng(0)
    counts = rng.binomial(5, 0.3, 200_000)
    assert float(share_excluded(counts[counts > 0].mean(), 5)) == pytest.approx(0.7, abs=0.005)


@pytest.mark.parametrize("procurement", [False, True])
@pytest.mark.parametrize(("potential", "kept_away"), [(3, 0.5), (5, 0.2)])
@pytest.mark.parametrize("prior", COSTS)
def test_values_behind_a_reserve_come_back(prior, potential, kept_away, procurement):
    law = COSTS[prior]
    reserve = float(law.quantile(1.0 - kept_away if procurement else kept_away))
    frame = market(law, potential, 4000, 2, procurement=procurement, reserve=reserve)
    found = calibrate(frame, TableOptions(procurement=procurement, reserve=reserve), FEW)
    estimate = found.estimates[potential]
    assert estimate.excluded == pytest.approx(kept_away, abs=0.02)
    assert estimate.reserve * found.homogenisation.amount_per_credit == pytest.approx(reserve)
    shown = np.array([p for p in np.arange(1, 20) / 20 if estimate.is_identified(p)])
    assert len(shown) >= 9
    assert quantiles(found, potential, shown) == pytest.approx(law.quantile(shown), rel=0.02)
    assert found.warnings == ()


@pytest.mark.parametrize("procurement", [False, True])
def test_without_the_reserve_the_same_values_are_a_tenth_off(procurement):
    law = Uniform(low=0.0, high=1.0)
    frame = market(law, 3, 4000, 2, procurement=procurement, reserve=0.5)
    told = calibrate(frame, TableOptions(procurement=procurement, reserve=0.5), FEW)
    blind = calibrate(frame, TableOptions(procurement=procurement), FEW)
    # the median of those who bid: 0.75, in procurement 0.25
    edge = 0.25 if procurement else 0.75
    assert quantiles(told, 3, [edge])[0] == pytest.approx(edge, abs=0.01)
    off = (quantiles(blind, 3, [0.5])[0] - edge) * (1.0 if procurement else -1.0)
    assert 0.08 < off / 0.75 < 0.17
    assert any("as if a" in warning for warning in blind.warnings)


def test_a_column_of_reserves_that_values_scale_with():
    frame = market(Uniform(), 3, 4000, 5, reserve=0.5)
    scale = np.random.default_rng(9).lognormal(5.0, 1.0, 4000)[frame["auction"]]
    frame = frame.assign(bid=frame["bid"] * scale, upset=0.5 * scale)
    found = calibrate(frame, TableOptions(reserve="upset"), FEW)
    estimate = found.estimates[3]
    assert estimate.excluded == pytest.approx(0.5, abs=0.02)
    assert np.array([estimate.value_at(p)[0] for p in (0.6, 0.75, 0.9)]) / estimate.reserve == pytest.approx(
        [1.2, 1.5, 1.8], rel=0.02
    )
    assert not any("scale with it" in warning for warning in found.warnings)
    # values that do not scale with it are noticed
    square = frame.assign(bid=frame["bid"] * frame["upset"] ** 0.3)
    found = calibrate(square, TableOptions(reserve="upset"), FEW)
    assert any("bids rise by 1.30 % when 'upset' rises by 1 %" in warning for warning in found.warnings)


def test_revenue_with_the_reserve_that_was_there():
    # U[0, 1], three bidders, reserve 1/2: revenue 17/32, and no reserve is better
    found = calibrate(
        market(Uniform(), 3, 8000, 3, reserve=0.5), TableOptions(reserve=0.5), EstimateOptions(bootstrap=40)
    )
    rule, unit = found.what_if(), found.homogenisation.amount_per_credit
    assert rule.revenue.mean * unit == pytest.approx(17.0 / 32.0, rel=0.02)
    assert rule.revenue.low * unit < 17.0 / 32.0 < rule.revenue.high * unit
    assert rule.best_reserve.mean * unit == pytest.approx(0.5, abs=0.03)
    assert rule.best_gain.mean < 0.005
    sections = found.scenario()
    assert sections["num_agents"] == 3
    assert sections["mechanism"]["reserve"] * unit == pytest.approx(0.5, rel=1e-3)
    from_mapping(sections)


def test_a_ceiling_becomes_the_ceiling_of_the_market():
    law = COSTS["uniform"]
    frame = market(law, 3, 3000, 4, procurement=True, reserve=1.5)
    found = calibrate(frame, TableOptions(procurement=True, reserve=1.5), EstimateOptions(bootstrap=40))
    unit = found.homogenisation.amount_per_credit
    scenario = from_mapping(found.scenario())
    assert scenario.ceiling * unit == pytest.approx(1.5, rel=1e-4)
    winning = frame.groupby("auction")["bid"].min().mean()
    assert found.price().price.mean * unit == pytest.approx(winning, rel=0.004)
    # the mean of the lowest equilibrium bid is the mean price at the second lowest cost
    assert found.price().price.mean == pytest.approx(found.estimates[3].fit.model_mean_winning_bid, rel=1e-4)
    assert found.price().unserved.mean == pytest.approx(1.0 / 8.0, abs=0.02)


def test_bands_of_the_share_kept_away_cover_it():
    hits = []
    for seed in range(20):
        frame = market(Uniform(), 3, 150, 100 + seed, reserve=0.4)
        found = calibrate(frame, TableOptions(reserve=0.4), EstimateOptions(bootstrap=80, seed=seed)).estimates[3]
        hits.append(found.excluded_low <= 0.4 <= found.excluded_high)
    assert sum(hits) >= 15


def test_potential_bidders_can_be_said():
    frame = market(Uniform(), 6, 3000, 3, reserve=0.8)
    told = calibrate(frame, TableOptions(reserve=0.8, potential_bidders=6), FEW)
    assert told.estimates[6].excluded == pytest.approx(0.8, abs=0.02)
    assert quantiles(told, 6, [0.9]) == pytest.approx([0.9], rel=0.02)
    with pytest.raises(ValueError, match=r"potential_bidders = 3, and \d bid in one auction"):
        calibrate(frame, TableOptions(reserve=0.8, potential_bidders=3), FEW)


def test_numbers_of_bids_that_no_reserve_makes_are_noticed():
    frame = pd.concat(
        [
            market(Uniform(), 2, 1500, 1, reserve=0.1),
            market(Uniform(), 8, 1500, 1, reserve=0.1).assign(auction=lambda f: f["auction"] + 5000),
        ]
    )
    found = calibrate(frame, TableOptions(reserve=0.1), FEW)
    assert any("the number of bids is not that of 8 potential bidders" in warning for warning in found.warnings)


def test_bids_at_the_reserve_are_noticed():
    frame = market(Uniform(), 3, 1000, 1, reserve=0.5)
    alone = frame.groupby("auction")["bid"].transform("size") == 1
    found = calibrate(frame.assign(bid=frame["bid"].where(~alone, 0.5)), TableOptions(reserve=0.5), FEW)
    assert any("exactly the reserve" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"reserve": 5.0, "continuous": ("size",)}, "a reserve goes without covariates"),
        ({"reserve": -1.0}, "reserve = -1: give an amount above 0"),
        ({"potential_bidders": 3}, "potential_bidders goes with a reserve"),
        ({"bid_columns": ("a", "b"), "bidder_column": "c"}, "leave bidder_column out"),
        ({"decimal": ",", "thousands": ","}, "decimal and thousands are both ','"),
    ],
)
def test_options_that_do_not_go_together(columns, sentence):
    with pytest.raises(ValueError, match=sentence):
        TableOptions(**columns)


def test_bids_below_the_reserve_drop_their_auction():
    frame = market(Uniform(), 3, 300, 1, reserve=0.5)
    frame.loc[7, "bid"] = 0.3
    (gone,) = calibrate(frame, TableOptions(reserve=0.5), FEW).dropped
    assert (gone.reason, gone.auctions) == ("a bid below the reserve", 1)
    assert "row 7" in gone.first


# bidders ------------------------------------------------------------------------------------------------------------


def two_classes(auctions, strong, seed=0):
    """One strong and two weak bidders in each auction, four persons of each class; a strong one bids `strong` more."""
    rng = np.random.default_rng(seed)
    logs = rng.normal(0.0, 0.3, (auctions, 3)) + rng.normal(0.0, 0.5, (auctions, 1))
    logs[:, 0] += np.log(strong)
    persons = np.stack(
        [rng.integers(0, 4, auctions), rng.integers(4, 6, auctions), rng.integers(6, 8, auctions)], axis=1
    )
    return pd.DataFrame(
        {
            "auction": np.repeat(np.arange(auctions), 3),
            "bid": 100.0 * np.exp(logs.ravel()),
            "firm": [f"firm {i}" for i in persons.ravel()],
            "kind": np.tile(["mill", "logger", "logger"], auctions),
        }
    )


@pytest.mark.parametrize("columns", [{"bidder_column": "firm"}, {"class_column": "kind"}])
def test_bidders_who_are_not_alike_are_named(columns):
    found = calibrate(two_classes(200, 1.4), TableOptions(**columns), FEW)
    assert found.symmetry.p_value < 0.01
    assert found.symmetry.strongest_by == pytest.approx(1.4, abs=0.15)
    assert found.symmetry.strongest in {"mill", *(f"firm {i}" for i in range(4))}
    assert any("are not alike" in warning and "nobody's distribution" in warning for warning in found.warnings)


def test_in_procurement_the_strongest_bids_lowest():
    found = calibrate(two_classes(200, 0.7), TableOptions(class_column="kind", procurement=True), FEW)
    assert (found.symmetry.strongest, found.symmetry.weakest) == ("mill", "logger")
    assert found.symmetry.strongest_by == pytest.approx(0.7, abs=0.06)


def test_the_test_of_symmetry_keeps_its_level():
    # names that mean nothing, in auctions that differ: p is uniform
    p = []
    for seed in range(60):
        frame = two_classes(60, 1.0, seed)
        codes = pd.factorize(frame["firm"])[0].astype(np.int64)
        found = compare_bidders(
            np.log(frame["bid"].to_numpy()),
            frame["auction"].to_numpy(),
            Bidders("bidder", tuple(f"{i}" for i in range(8)), codes),
            np.random.default_rng(seed),
        )
        p.append(found.p_value)
    assert np.mean(np.array(p) < 0.05) <= 0.15
    assert 0.35 < np.mean(p) < 0.65


def test_unlike_bidders_show_even_without_names():
    frame = two_classes(400, 1.0)[["auction", "bid"]]
    frame["bid"] = np.exp(np.random.default_rng(1).normal(0.0, 0.2, 1200) + np.tile([0.8, 0.0, 0.0], 400))
    found = calibrate(frame, options=FEW)
    assert any("differ more than bids of different auctions" in warning for warning in found.warnings)


def test_columns_of_bidders_are_compared_and_columns_of_ranks_are_not():
    bids = two_classes(200, 1.4)["bid"].to_numpy().reshape(-1, 3)
    wide = TableOptions(bid_columns=("a", "b", "c"))
    named = calibrate(pd.DataFrame(bids, columns=["a", "b", "c"]), wide, FEW)
    assert named.symmetry.strongest == "a"
    ranked = calibrate(pd.DataFrame(np.sort(bids, axis=1), columns=["a", "b", "c"]), wide, FEW)
    assert ranked.symmetry is None
    assert any("follow their rank" in note for note in ranked.notes)


@pytest.mark.parametrize("procurement", [False, True])
def test_of_several_bids_of_a_bidder_the_best_counts(procurement):
    best = market(COSTS["uniform"], 3, 200, 8, procurement=procurement).assign(
        bidder=lambda f: "b" + (f.groupby("auction").cumcount()).astype(str)
    )
    worse = 1.3 if procurement else 0.7
    history = pd.concat([best.assign(bid=best["bid"] * step) for step in (worse, (1.0 + worse) / 2.0, 1.0)])
    columns = TableOptions(bidder_column="bidder", procurement=procurement)
    found, alone = calibrate(history, columns, FEW), calibrate(best, columns, FEW)
    assert list(found.estimates) == [3]
    assert found.homogenisation.amount_per_credit == pytest.approx(alone.homogenisation.amount_per_credit)
    assert found.estimates[3].values == pytest.approx(alone.estimates[3].values)


def test_values_start_at_the_reserve_in_a_straight_line():
    # near the reserve the bid function is flat: too few bids tell its slope, but the first value is known
    frame = market(Uniform(), 3, 60, 2, reserve=0.5)
    estimate = calibrate(frame, TableOptions(reserve=0.5), FEW).estimates[3]
    first = int(np.ceil(estimate.excluded * 400.0))
    start = estimate.values[first : first + 12]
    assert np.ptp(np.diff(start)) < 1e-9
    assert start[0] - estimate.reserve == pytest.approx(
        (first / 400.0 - estimate.excluded) * 400.0 * (start[1] - start[0])
    )


def test_the_end_cells_of_asks_keep_the_mean_of_their_bids():
    bids = np.random.default_rng(5).lognormal(0.0, 1.0, (8000, 2))
    frame = pd.DataFrame({"auction": np.repeat(np.arange(8000), 2), "bid": bids.ravel()})
    estimate = calibrate(frame, TableOptions(procurement=True), EstimateOptions(bootstrap=20, outliers=0.0)).estimates[
        2
    ]
    ranked = np.sort(estimate.single_bids)
    cell = len(ranked) // 400
    assert estimate.bids[:2].mean() == pytest.approx(ranked[:cell].mean(), rel=0.02)
    assert estimate.bids[-2:].mean() == pytest.approx(ranked[-cell:].mean(), rel=0.02)


def test_auctions_that_differ_widely_do_not_hide_who_is_strong():
    frame = two_classes(150, 1.3)
    frame["bid"] *= np.exp(4.0 * np.random.default_rng(2).standard_normal(150))[frame["auction"]]
    found = calibrate(frame, TableOptions(bidder_column="firm"), EstimateOptions(bootstrap=20, outliers=0.0))
    assert found.symmetry.p_value < 0.01
