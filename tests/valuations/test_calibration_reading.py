"""Files as people have them: labels stay labels, numbers are read as written or refused, and it is said how."""

import numpy as np
import pandas as pd
import pytest

from econo_env.valuations.calibration import TableOptions
from econo_env.valuations.calibration.amounts import Column, Place, Writing, find_writing
from econo_env.valuations.calibration.cleaning import table_from_frame
from econo_env.valuations.calibration.sources import read_bids

BIDS = np.round(np.random.default_rng(4).uniform(400.0, 2400.0, (60, 3)), 2)
"""60 auctions of 3 bids, some below and most above 1000."""


def write(path, rows, header="auction,bid", *, end="\n", encoding="utf-8"):
    path.write_bytes((end.join([header, *rows]) + end).encode(encoding))
    return path


def plain(values=BIDS):
    return [f"{i + 1},{bid}" for i, auction in enumerate(values) for bid in auction]


def bids_of(table):
    return np.sort(np.exp(table.log_bids).reshape(table.num_auctions, -1), axis=1)


# labels -------------------------------------------------------------------------------------------------------------


def test_big_ids_beside_a_blank_stay_apart(tmp_path):
    first = 2**53
    rows = [",310", *(f"{first + i},{bid}" for i, auction in enumerate(BIDS) for bid in auction)]
    table = read_bids(write(tmp_path / "s13.csv", rows))
    assert (table.num_auctions, set(table.num_bidders.tolist())) == (60, {3})
    ((reason, first_cell),) = [(d.reason, d.first) for d in table.dropped]
    assert reason == "no auction id"
    assert "line 2" in first_cell


@pytest.mark.parametrize("other", ["{:03d}", "{}.0", "{}e0", "+{}", "{} b"])
def test_ids_equal_as_numbers_only_are_two_auctions(tmp_path, other):
    rows = [f"{i},{a}" for i in range(1, 9) for a in BIDS[i, :2]]
    rows += [f"{other.format(i)},{a}" for i in range(1, 9) for a in BIDS[20 + i, :2]]
    table = read_bids(write(tmp_path / "b.csv", rows))
    assert table.num_auctions == 16
    assert any("equal as numbers" in said for said in table.warnings) is (other != "{} b")


def test_discrete_levels_are_text(tmp_path):
    levels = ["01", "1", "1e0", "NA"]
    rows = [f"{i},{bid},{levels[i % 4]}" for i, auction in enumerate(BIDS) for bid in auction]
    table = read_bids(write(tmp_path / "b.csv", rows, "auction,bid,region"), TableOptions(discrete=("region",)))
    assert np.bincount(table.discrete["region"]).tolist() == [15, 15, 15, 15]
    assert table.dropped == ()


def test_floats_that_lost_digits_are_no_ids():
    frame = pd.DataFrame({"auction": [2.0**53, 2.0**53 + 2, np.nan], "bid": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="read it as text"):
        table_from_frame(frame, TableOptions())


def test_numbers_and_text_give_the_same_table():
    frame = pd.DataFrame({"auction": np.repeat(np.arange(60), 3), "bid": BIDS.ravel()})
    text = frame.astype(str)
    assert np.array_equal(
        table_from_frame(frame, TableOptions()).log_bids, table_from_frame(text, TableOptions()).log_bids
    )


# numbers ------------------------------------------------------------------------------------------------------------


def spaced(bid, mark):
    return f"{bid:,.2f}".replace(",", mark)


STYLES = {
    "thousands, in large ones only": lambda bid: f"{bid:,.2f}",
    "european": lambda bid: f"{bid:,.2f}".replace(",", "~").replace(".", ",").replace("~", "."),
    "decimal comma": lambda bid: f"{bid:.2f}".replace(".", ","),
    "swiss": lambda bid: spaced(bid, "'"),
    "swiss, typographic": lambda bid: spaced(bid, "\u2019"),
    "spaces": lambda bid: spaced(bid, " ").replace(".", ","),
    "no-break spaces": lambda bid: spaced(bid, "\u00a0"),
    "narrow no-break spaces": lambda bid: spaced(bid, "\u202f").replace(".", ","),
    "dollars": lambda bid: f"${bid:,.2f}",
    "euros behind": lambda bid: f"{bid:.2f} €".replace(".", ","),
    "codes": lambda bid: f"EUR {bid:,.2f}",
    "codes behind": lambda bid: f"{bid:,.2f} CHF",
    "exponents": lambda bid: f"{bid:.10e}",
    "blanks around": lambda bid: f"  {bid:.2f}\u00a0",
    "plus": lambda bid: f"+{bid:.2f}",
}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
@pytest.mark.parametrize("style", STYLES)
def test_numbers_are_read_as_people_write_them(style, separator, tmp_path):
    rows = [f"{i + 1}{separator}{STYLES[style](bid)}" for i, auction in enumerate(BIDS) for bid in auction]
    table = read_bids(write(tmp_path / "b.csv", rows, f"auction{separator}bid"))
    assert table.dropped == ()
    assert bids_of(table) == pytest.approx(np.sort(BIDS, axis=1))
    assert {";": "semicolon", "\t": "tab", "|": "pipe"}[separator] in table.assumed[0]
    assert "numbers of 'bid'" in table.assumed[1]


def test_thousands_in_whole_numbers_are_read_where_only_large_ones_carry_them(tmp_path):
    whole = np.round(BIDS)
    rows = [f'{i},"{bid:,.0f}"' for i, auction in enumerate(whole) for bid in auction]
    table = read_bids(write(tmp_path / "b.csv", rows))
    assert bids_of(table) == pytest.approx(np.sort(whole, axis=1))
    assert any("thousands separated by comma" in said for said in table.assumed)


def test_indian_groups_are_read(tmp_path):
    rows = [f'{i},"12,34,5{j}7.5{i % 10}"' for i in range(10) for j in range(3)]
    assert np.exp(read_bids(write(tmp_path / "b.csv", rows)).log_bids).max() == pytest.approx(1_234_527.59)


AMBIGUOUS = [f'{i},"{1 + j},{100 + 7 * i + j}"' for i in range(20) for j in range(3)]


@pytest.mark.parametrize("mark", [",", "."])
def test_a_number_that_can_be_two_is_refused_until_it_is_said(mark, tmp_path):
    rows = [row.replace(",", "~", 1).replace(",", mark).replace("~", ",") for row in AMBIGUOUS]
    path = write(tmp_path / "b.csv", rows)
    with pytest.raises(ValueError, match=rf"'1\{mark}100' in column 'bid', line 2, can be .* --decimal"):
        read_bids(path)
    small = read_bids(path, TableOptions(decimal=mark))
    large = read_bids(path, TableOptions(thousands=mark))
    assert np.exp(small.log_bids).min() == pytest.approx(1.1)
    assert np.exp(large.log_bids).min() == pytest.approx(1100.0)


def test_another_column_settles_how_the_bids_are_written(tmp_path):
    rows = [f'{row},"12,{50 + int(row.split(",")[0])}"' for row in AMBIGUOUS]
    table = read_bids(write(tmp_path / "b.csv", rows, "auction,bid,size"), TableOptions(continuous=("size",)))
    assert np.exp(table.log_bids).min() == pytest.approx(1.1)


def test_two_ways_of_writing_are_refused(tmp_path):
    rows = [f'{i},"{bid:.2f}"'.replace(".", "." if i % 2 else ",") for i, a in enumerate(BIDS[:, :2]) for bid in a]
    with pytest.raises(ValueError, match="mixes two ways of writing numbers, as line 2"):
        read_bids(write(tmp_path / "b.csv", rows))


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("(1200.50)", r"'\(1200.50\)' in column 'bid', line 5, is how accountants write a negative amount"),
        ("12.5%", "'12.5%' in column 'bid', line 5, is a share of something"),
        ("€ 1200.50", r"mixes .* \(first: .*line"),
    ],
)
def test_what_is_no_plain_amount_is_refused_with_its_line(cell, sentence, tmp_path):
    rows = [f"{i + 1},${bid}" for i, auction in enumerate(BIDS) for bid in auction]
    rows[3] = f"2,{cell}"
    with pytest.raises(ValueError, match=sentence):
        read_bids(write(tmp_path / "b.csv", rows))


@pytest.mark.parametrize(("bad", "refused"), [(5, False), (6, True)])
def test_a_tenth_of_the_table_is_not_dropped_for_unreadable_numbers(bad, refused, tmp_path):
    rows = plain()
    for i in range(bad):
        rows[3 * i] = f"{i + 1},withdrawn"
    path = write(tmp_path / "b.csv", rows)
    if refused:
        with pytest.raises(ValueError, match=r"no number in 6 of 180 bids, first line 2, 'withdrawn', .* cost 10%"):
            read_bids(path)
    else:
        (gone,) = read_bids(path).dropped
        assert (gone.reason, gone.auctions, gone.first) == ("a bid that is not a number", 5, "line 2, 'withdrawn'")


@pytest.mark.parametrize("cell", ["", "N/A", "-", "—", "null", "#N/A"])
def test_words_for_nothing_are_missing_bids(cell, tmp_path):
    rows = plain()
    rows[0] = f"1,{cell}"
    (gone,) = read_bids(write(tmp_path / "b.csv", rows)).dropped
    assert gone.reason == "a bid that is missing"


def test_large_bids_that_cannot_be_read_are_said_to_bias_the_estimate(tmp_path):
    values = np.round(np.random.default_rng(1).uniform(400, 900, (400, 3)), 2)
    values[:12] *= 3.0
    rows = plain(values)
    for i in range(12):
        rows[3 * i] = f"{i + 1},unclear"
    (warning,) = read_bids(write(tmp_path / "b.csv", rows)).warnings
    assert "are not like the others" in warning
    assert "biased downward" in warning


def test_every_writing_reads_its_own_numbers_only():
    european = Writing(",", ".")
    assert european.read("1.234,5") == "1234.5"
    assert (european.read("12.34,5"), european.read("1,234.5"), european.read("1.2345")) == (None, None, None)
    place = Place("row", np.arange(3))
    for cells, decimal in ((["1,5", "2,25"], ","), (["0.125"], "."), (["1234.567"], "."), (["1,234.5"], ".")):
        column = Column("x", np.array(cells, dtype=object))
        assert find_writing({"x": column}, None, None, place)["x"].decimal == decimal


# files --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings_and_line_ends(encoding, end, tmp_path):
    rows = [f"{i},{bid},Forêt n° {i % 3}" for i, auction in enumerate(BIDS) for bid in auction]
    path = write(tmp_path / "b.csv", rows, "auction,bid,forêt", end=end, encoding=encoding)
    table = read_bids(path, TableOptions(discrete=("forêt",)))
    assert bids_of(table) == pytest.approx(np.sort(BIDS, axis=1))
    assert int(table.discrete["forêt"].max()) == 2
    assert {"utf-16": "UTF-16", "latin-1": "Windows-1252"}.get(encoding, "UTF-8") in table.assumed[0]


def test_a_header_below_a_title_and_a_line_that_names_the_separator(tmp_path):
    rows = ["Bids of 2024;;", ";;", "auction;bid;", *(row.replace(",", ";") + ";" for row in plain())]
    table = read_bids(write(tmp_path / "b.csv", rows, "sep=;"))
    assert bids_of(table) == pytest.approx(np.sort(BIDS, axis=1))
    assert "header stands on line 4" in table.notes[0]


def test_lines_that_repeat_the_header_or_name_a_total_are_left_out(tmp_path):
    rows = plain()
    rows.insert(30, "auction,bid")
    rows.append("Total,123456.00")
    table = read_bids(write(tmp_path / "b.csv", rows))
    assert (table.num_auctions, table.dropped) == (60, ())
    assert "repeat the header (first: line 32)" in table.notes[0]
    assert "named 'Total'" in table.notes[1]


@pytest.mark.parametrize(
    ("rows", "header", "sentence"),
    [
        (
            ["1,1,5"],
            "auction,bid",
            "line 2 of .* has 3 cells where the header has 2: put a number that holds a comma in",
        ),
        (["1,2"], "auction,Bid", r"did you mean 'Bid'\?"),
        (["3,4"], "1,2", "the first line looks like a row of the table"),
        (["1,2,3"], "auction,bid_1,bid_2", r"give --bid-columns 'bid\*'"),
        (["1,2,3"], "auction,bid,bid", "2 columns 'bid': give each its own name"),
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_sentence(rows, header, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        read_bids(write(tmp_path / "b.csv", rows, header))


def test_a_workbook_is_told_to_be_saved_as_csv(tmp_path):
    (tmp_path / "b.csv").write_bytes(b"PK\x03\x04" + bytes(60))
    with pytest.raises(ValueError, match=r"a workbook or an archive .*: save the table as CSV"):
        read_bids(tmp_path / "b.csv")


# wide tables --------------------------------------------------------------------------------------------------------


def wide_rows():
    return [f"lot {i},{a},{b},{'' if i % 4 == 0 else c}" for i, (a, b, c) in enumerate(BIDS)]


@pytest.mark.parametrize("columns", [("Acme", "Bolt", "Crane"), ("[A-C]*",)])
def test_wide_tables_have_a_column_a_bidder_and_a_blank_is_no_bid(columns, tmp_path):
    table = read_bids(
        write(tmp_path / "b.csv", wide_rows(), "auction,Acme,Bolt,Crane"), TableOptions(bid_columns=columns)
    )
    assert np.bincount(table.num_bidders).tolist() == [0, 0, 15, 45]
    assert table.bidders.names == ("Acme", "Bolt", "Crane")
    assert np.exp(table.log_bids[:2]) == pytest.approx(BIDS[0, :2])
    assert table.dropped == ()


def test_a_wide_table_needs_no_id_and_an_id_stands_once(tmp_path):
    rows = [row.split(",", 1)[1] for row in wide_rows()]
    path = write(tmp_path / "b.csv", rows, "bid_1,bid_2,bid_3")
    table = read_bids(path, TableOptions(bid_columns=("bid*",)))
    assert table.num_auctions == 60
    assert "each row is taken as an auction" in table.notes[0]
    with pytest.raises(ValueError, match="column 'lot' is not in"):
        read_bids(path, TableOptions(bid_columns=("bid*",), auction_column="lot"))
    twice = write(tmp_path / "c.csv", [*wide_rows(), "lot 3,1,2,3"], "auction,bid_1,bid_2,bid_3")
    with pytest.raises(ValueError, match=r"'lot 3' stands in 2 rows \(again: line 62\)"):
        read_bids(twice, TableOptions(bid_columns=("bid*",)))
