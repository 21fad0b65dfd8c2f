"""A table that can be read and is wrong is never read in silence."""

import re

import numpy as np
import pandas as pd
import pytest

from econo_env.valuations.calibration import EstimateOptions, TableOptions, calibrate
from econo_env.valuations.calibration.cleaning import table_from_frame

FEW = EstimateOptions(bootstrap=20)


def table(auctions=60, bidders=3, seed=0, **columns):
    """Bids of `bidders` in each auction, and columns made from the frame."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"auction": np.repeat(np.arange(auctions), bidders), "bid": 100.0 * rng.lognormal(0.0, 0.3, auctions * bidders)}
    )
    return frame.assign(**columns)


def extreme(frame, which):
    best = frame.groupby("auction")["bid"].transform(which)
    return (frame["bid"] == best).astype(int)


def history(frame):
    """Each bidder raises twice; the last bid is the one of the frame."""
    steps = pd.concat([frame.assign(bid=frame["bid"] * share, step=k) for k, share in enumerate((0.6, 0.8, 1.0))])
    return steps.sort_values(["auction", "bid"]).drop(columns="step")


def in_thousands(frame, share):
    small = frame["auction"] < share * frame["auction"].nunique()
    return frame.assign(bid=np.where(small, frame["bid"] / 1000.0, frame["bid"]))


def with_totals(frame):
    sums = frame.groupby("auction", as_index=False)["bid"].sum()
    return pd.concat([frame, sums]).sort_values("auction")


def copied(frame, auctions):
    return pd.concat([frame, frame[frame["auction"] < auctions]])


def fair_tenders():
    """Costs U[1, 2] and their equilibrium bids, with names and a winner."""
    bids = (4.0 + 2.0 * np.random.default_rng(2).random(600)) / 3.0
    frame = pd.DataFrame({"auction": np.repeat(np.arange(200), 3), "bid": bids})
    return frame.assign(winner=lambda f: extreme(f, "min"), supplier=lambda f: "s" + (f.index % 7).astype(str))


WRONG = {
    "the lowest bid is flagged": (
        lambda: table(won=lambda f: extreme(f, "min")),
        {},
        r"'won' marks the lowest bid as the winner's in 100% of 60 auctions.*give --procurement",
    ),
    "the highest bid is flagged in procurement": (
        lambda: table(status=lambda f: np.where(extreme(f, "max"), "Awarded", "rejected")),
        {"procurement": True},
        r"'status' marks the highest bid .*leave --procurement out",
    ),
    "ranks by the lowest": (
        lambda: table(rank=lambda f: f.groupby("auction")["bid"].rank()),
        {},
        r"'rank' marks the lowest bid .*--procurement",
    ),
    "the award is the lowest bid": (
        lambda: table(award_value=lambda f: f.groupby("auction")["bid"].transform("min")),
        {},
        r"'award_value' marks the lowest bid .*--procurement",
    ),
    "more than the price decides": (
        lambda: table(winner=lambda f: (f.groupby("auction").cumcount() == 1).map({True: "yes", False: "no"})),
        {},
        r"'winner' marks (another|the lowest) bid",
    ),
    "words of procurement": (
        lambda: table(supplier=lambda f: [f"s{i}" for i in range(len(f))]),
        {},
        "'supplier' is one of procurement",
    ),
    "a history with bidders": (
        lambda: history(table(bidder=lambda f: "b" + f.groupby("auction").cumcount().astype(str))),
        {},
        r"'bidder' names the same bidder up to 3 times .*540 bids of 180 bidders.*--bidder-column",
    ),
    "a history with another name for bidders": (
        lambda: history(table(who=lambda f: f["auction"].astype(str) + f.groupby("auction").cumcount().astype(str))),
        {},
        "'who' names the same bidder up to 3 times",
    ),
    "a history with times": (
        lambda: history(table()).assign(time=lambda f: np.arange(len(f))),
        {},
        "bids rise along column 'time' in 100% of steps",
    ),
    "a history without anything": (
        lambda: history(table()),
        {},
        r"rise from row to row in .*: if this is a history",
    ),
    "a falling history": (
        lambda: history(table()).iloc[::-1].assign(time=lambda f: np.arange(len(f))),
        {"procurement": True},
        "bids fall along column 'time'",
    ),
    "raises are told even when they are collapsed": (
        lambda: history(table(bidder=lambda f: "b" + f.groupby("auction").cumcount().astype(str))),
        {"bidder_column": "bidder"},
        "360 of 540 bids were raised later by the same bidder",
    ),
    "bids without a bidder": (
        lambda: table(bidder=lambda f: np.where(f.index == 4, "", "b" + f.index.astype(str))),
        {"bidder_column": "bidder"},
        "1 bids name no bidder in 'bidder'",
    ),
    "a reserve column": (
        lambda: table(reserve_price=lambda f: f.groupby("auction")["bid"].transform("min") * 0.98),
        {},
        r"at or above column 'reserve_price' .*--reserve 'reserve_price'",
    ),
    "a ceiling column": (
        lambda: table(max_budget=0).assign(maximum=lambda f: f.groupby("auction")["bid"].transform("max") * 1.01),
        {"procurement": True},
        r"at or below column 'maximum' .*ceiling",
    ),
    "more offers than rows": (
        lambda: table(number_of_tenders=7),
        {},
        r"'number_of_tenders' counts other bidders than there are rows in 100% of auctions \(7.0 on average",
    ),
    "some auctions in thousands": (
        lambda: in_thousands(table(auctions=100), 0.3),
        {},
        "fall into two groups|and none lies between",
    ),
    "some bids in thousands": (
        lambda: table(auctions=100).assign(bid=lambda f: f["bid"] / np.where(f.index % 10 == 0, 1000.0, 1.0)),
        {},
        r"about 1000 times above or below the others of the auction \(first: row 0\)",
    ),
    "a lost decimal mark": (
        lambda: table(auctions=100).assign(bid=lambda f: f["bid"] * np.where(f.index % 40 == 7, 100.0, 1.0)),
        {},
        "about 100 times above or below",
    ),
    "totals without a name": (lambda: with_totals(table()), {}, "in 60 of 60 auctions the highest bid is the sum"),
    "copied auctions": (lambda: copied(table(), 12), {}, "in 12 auctions every bid stands there several times"),
    "copied rows": (
        lambda: copied(table(bidder=lambda f: "b" + f.index.astype(str)), 5),
        {},
        "15 rows repeat another row in every column",
    ),
    "dates as ids": (
        lambda: table(auction=lambda f: pd.date_range("2024-01-01", periods=60).astype(str).repeat(3)),
        {},
        "auction id '2024-01-01' looks like a date",
    ),
    "ids that a spreadsheet shortened": (
        lambda: table(auction=lambda f: (f["auction"] % 50).map(lambda i: f"1.{i:02d}E+15")),
        {},
        r"auction id '1.00E\+15' has an exponent",
    ),
    "ids that differ in capitals": (
        lambda: table(auction=lambda f: np.where(f.index < 2, "LOT 1", "Lot " + f["auction"].astype(str))),
        {},
        "'LOT 1' and 'Lot 1' are equal but for capitals",
    ),
    "no id in words": (
        lambda: table(auction=lambda f: np.where(f.index < 6, "N/A", f["auction"].astype(str))),
        {},
        r"6 rows have the auction id 'N/A' \(first: row 0\)",
    ),
    "mostly single bids": (
        lambda: pd.concat([table(), table(40, 1).assign(auction=lambda f: f["auction"] + 100)]),
        {},
        "40% of the auctions have one bid only",
    ),
    "huge auctions": (lambda: table(10, 50), {}, "an auction has 50 bids by 'auction'"),
    "years as bids": (
        lambda: table(40).assign(bid=lambda f: 1990 + np.arange(len(f)) % 31),
        {},
        "whole numbers from 1900 to 2100",
    ),
    "the amount of the auction as a bid, at times": (
        lambda: table().assign(bid=lambda f: np.where(f["auction"] < 15, 100.0 + f["auction"], f["bid"])),
        {},
        "all bids of an auction are equal in 25% of auctions",
    ),
    "zeros for no bid in a wide table": (
        lambda: pd.DataFrame(
            {f"b{k}": np.where(np.arange(60) % 4 == k, 0.0, 50.0 + np.arange(60) * (k + 1)) for k in range(3)}
        ),
        {"bid_columns": ["b*"]},
        r"75% of the bids stand in auctions dropped for a bid of 0 or less.*leave the cell blank",
    ),
    "many blanks": (
        lambda: table().assign(bid=lambda f: f["bid"].where((f["auction"] >= 12) | (f.index % 3 > 0))),
        {},
        "20% of the bids stand in auctions dropped for a bid that is missing",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_but_readable_warns(case):
    make, columns, sentence = WRONG[case]
    warnings = table_from_frame(make(), TableOptions(**columns)).warnings
    assert any(re.search(sentence, warning) for warning in warnings), warnings


REFUSED = {
    "currencies": (
        lambda: table(currency=lambda f: np.where(f.index % 2, "EUR", "USD")),
        {},
        r"in 2 currencies by column 'currency' \(EUR, USD\)",
    ),
    "signs of two currencies": (
        lambda: table().assign(bid=lambda f: [f"{'€' if i % 2 else '$'}{b:.1f}" for i, b in enumerate(f["bid"])]),
        {},
        r"mixes USD and EUR \(first: '€.*', row 1\)",
    ),
    "a column of the auction": (
        lambda: table().assign(bid=lambda f: 100.0 + f["auction"] % 7).iloc[:-1],
        {},
        "all bids of an auction are equal in 60 of 60",
    ),
    "ranks as bids": (
        lambda: table().assign(bid=lambda f: f.groupby("auction").cumcount() + 1.0),
        {},
        "numbers the bids of each auction 1, 2, ...: it is a rank",
    ),
    "winners only": (lambda: table(60, 1), {}, "all bids of each and not only the winning one"),
    "a whole table twice": (lambda: pd.concat([table()] * 2), {}, "stands there 2 times"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused(case):
    make, columns, sentence = REFUSED[case]
    with pytest.raises(ValueError, match=sentence):
        table_from_frame(make(), TableOptions(**columns))


RIGHT = {
    "plain": (table, {}),
    "uniform from near 0": (
        lambda: table(200).assign(bid=lambda f: 5.0 + 295.0 * np.random.default_rng(0).random(len(f))),
        {},
    ),
    "few": (lambda: table(6, 2), {}),
    "spread": (lambda: table().assign(bid=lambda f: f["bid"] ** 6), {}),
    "on a grid": (lambda: table().assign(bid=lambda f: f["bid"].round(-1) + 10.0), {}),
    "a winner who is the highest": (lambda: table(won=lambda f: extreme(f, "max")), {}),
    "suppliers in procurement": (
        fair_tenders,
        {"procurement": True, "bidder_column": "supplier"},
    ),
    "bids in columns of ranks": (
        lambda: pd.DataFrame(np.sort(table()["bid"].to_numpy().reshape(-1, 3)), columns=["b1", "b2", "b3"]),
        {"bid_columns": ["b*"]},
    ),
    "other columns": (
        lambda: table(
            species=lambda f: f["auction"] % 3, volume=lambda f: 50.0 + f["auction"], date=lambda f: f["auction"] // 5
        ),
        {},
    ),
    "an estimate far below": (lambda: table(estimate=30.0), {}),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_tables_do_not_warn(case):
    make, columns = RIGHT[case]
    assert calibrate(make(), TableOptions(**columns), FEW).warnings == ()


def test_a_reserve_that_nobody_named_is_noticed_by_the_bids_alone():
    # values U[0, 1], reserve 1/2, three potential bidders: b = (2 v + 1 / (4 v^2)) / 3
    rng = np.random.default_rng(3)
    values = rng.random((1500, 3))
    bids = np.where(values >= 0.5, (2.0 * values + 0.25 / values**2) / 3.0, np.nan)
    frame = pd.DataFrame({"auction": np.repeat(np.arange(1500), 3), "bid": bids.ravel()}).dropna()
    found = calibrate(frame, options=FEW)
    assert any("as if a reserve bound" in warning for warning in found.warnings)
    mirrored = frame.assign(bid=2.0 - frame["bid"])
    found = calibrate(mirrored, TableOptions(procurement=True), FEW)
    assert any("as if a ceiling bound" in warning for warning in found.warnings)
    free = pd.DataFrame({"auction": np.repeat(np.arange(1500), 3), "bid": 1.0 + rng.random(4500)})
    assert calibrate(free, options=FEW).warnings == ()
