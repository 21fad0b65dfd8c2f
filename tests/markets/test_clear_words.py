"""What `clear` says is true: amounts in full, and every reason recomputed from the file, for files at random."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, BeforeValidator

from econo_env.clearing.clock import explain as clock_words
from econo_env.clearing.combinatorial.document import CombinatorialDocument
from econo_env.clearing.double_auction import explain as two_sided_words
from econo_env.clearing.multi_unit import explain as unit_words
from econo_env.clearing.order_book.document import OrderBookDocument
from econo_env.clearing.position import explain as slot_words
from econo_env.clearing.scoring import explain as scored_words
from econo_env.clearing.sealed_bid import explain as sealed_words
from econo_env.clearing.task_market import explain as task_words
from econo_env.documents import read_yaml
from econo_env.mechanisms import clear, mechanism
from econo_env.mechanisms.document import NAMES, clear_document
from econo_env.mechanisms.rounds import (
    ClockSale,
    ScoredRound,
    SealedRound,
    SlotRound,
    TaskRound,
    TwoSidedRound,
    UnitRound,
)
from econo_env.money import written

FILES = Path(__file__).parents[2] / "configs" / "markets"
NUMBER = r"-?\d+(?:\.\d+)?"
SCALES = [  # equal amounts often, cents of millions, single micro-credits, anything
    st.integers(1, 8).map(float),
    st.integers(0, 300).map(lambda cents: 1234567 + cents / 100),
    st.integers(0, 9).map(lambda micro: 37 + micro / 1e6),
    st.integers(1, 10**12).map(lambda micro: micro / 1e6),
]


def is_amount(path):
    """Whether the number at a place of a file is an amount that may be changed alone."""
    return path[0] in ("bids", "values", "costs", "buyers", "sellers") or path[-1] == "amount"


def amounts_replaced(part, draw, path=()):
    if isinstance(part, dict):
        return {key: amounts_replaced(entry, draw, (*path, key)) for key, entry in part.items()}
    if isinstance(part, list):
        return [amounts_replaced(entry, draw, (*path, number)) for number, entry in enumerate(part)]
    return (
        draw() if isinstance(part, int | float) and is_amount(path) and path[-1] not in ("bidder", "quality") else part
    )


def sorted_rows(document):
    """Marginal amounts in an order that is allowed."""
    falls = "procurement" not in document
    for name in ("bids", "values", "costs"):
        if isinstance(document.get(name, [0])[0], list):
            document[name] = [sorted(row, reverse=falls) for row in document[name]]


@st.composite
def markets(draw, names):
    name = draw(st.sampled_from(names))
    document = yaml.safe_load((FILES / f"{name}.yaml").read_text())
    amount = draw(st.sampled_from(SCALES))
    document = amounts_replaced(document, lambda: draw(amount))
    if name in UNITS:
        sorted_rows(document)
    if name in CLOCKS:
        document["mechanism"] |= {"increment": draw(st.sampled_from([1000.0, 54321.123456]))}
    if "procurement" in document:
        document["procurement"]["ceiling"] = draw(amount)
    if "reserve" in document["mechanism"] or (name in SEALED and draw(st.booleans())):
        document["mechanism"]["reserve"] = draw(amount)
    return document


SEALED = ["first_price", "second_price", "kth_price", "all_pay", "second_price_all_pay", "tullock"]
REVERSE = ["procurement_first_price", "procurement_second_price", "procurement_kth_price"]
UNITS = [
    "uniform_price",
    "vickrey",
    "discriminatory",
    "procurement_uniform_price",
    "procurement_vickrey",
    "procurement_discriminatory",
]
TWO_SIDED = ["double_auction", "mcafee", "posted_price", "vcg_double_auction"]
CLOCKS = ["english", "english_open", "dutch"]
REST = [path.stem for path in FILES.glob("*.yaml")]


def check_sums(line):
    """Every sum, product and comparison that is written out is right, to the micro-credit."""
    for said, result in re.findall(rf"((?:{NUMBER} [-x+] )+{NUMBER}) = ({NUMBER})", line):
        assert eval(said.replace("x", "*")) == pytest.approx(float(result), abs=1.5e-6, rel=1e-12), line
    for one, word, other in re.findall(rf"({NUMBER}) is (below|above) (?:\w+'s |[a-z ]+)({NUMBER})", line):
        assert float(one) < float(other) if word == "below" else float(one) > float(other), line


def check_paid(line, paid):
    said = re.search(rf"(?:pays|is paid|gets|owes) ({NUMBER})", line)
    assert said is None or float(said[1]) == abs(paid), line
    assert said is not None or paid == 0.0, line


@settings(max_examples=60)
@given(document=markets(SEALED + REVERSE), seed=st.integers(0, 99))
def test_sealed_bids(document, seed):
    cleared = clear_document(document, seed)
    bids, won = np.array(document["bids"]), np.array(cleared.allocation) > 0
    reverse = "procurement" in document
    reserve = document["mechanism"].get("reserve", 0.0)
    limit = document["procurement"]["ceiling"] - reserve if reverse else reserve
    accepted = bids <= limit if reverse else bids >= limit
    best = np.min if reverse else np.max
    assert len(cleared.explanation) == len(bids)
    for i, line in enumerate(cleared.explanation):
        paid = abs(cleared.payments[i])
        check_sums(line)
        check_paid(line, paid)
        assert line.startswith(f"bidder_{i} {'wins' if won[i] else 'loses'}: ")
        assert written(bids[i]) in line or "there was no sale" in line or "the draw fell to bidder" in line
        if rival := re.search(r"below bidder_(\d+)'s|above bidder_(\d+)'s", line):
            j = int(rival[1] or rival[2])
            assert won[j]
            assert (bids[i] > bids[j]) if reverse else (bids[i] < bids[j])
        if "lowest bid " in line.split(";")[0] or "highest bid " in line.split(";")[0]:
            assert bids[i] == best(bids[accepted])
        if tied := re.search(r"equals bidder_(\d+)'s, and the lot", line):
            assert bids[i] == bids[int(tied[1])]
        if loser := re.search(r"the best losing bid \(bidder_(\d+)\)", line):
            j = int(loser[1])
            assert not won[j]
            assert bids[j] == paid == best(bids[accepted & ~won])
        if "its own bid" in line:
            assert paid == bids[i]
        if re.search(r"the reserve(?! \d)|the ceiling(?! \d)(?! less the reserve \d)", line):
            assert paid == pytest.approx(limit, abs=5e-7)
        if "is below the reserve" in line or "is above the ceiling" in line:
            assert not accepted[i]
        if "there was no sale" in line:
            assert not won.any()


@settings(max_examples=40)
@given(document=markets(UNITS), seed=st.integers(0, 99))
def test_units(document, seed):
    cleared = clear_document(document, seed)
    reverse = "procurement" in document
    ceiling = document["procurement"]["ceiling"] if reverse else np.inf
    losing = sorted(
        (
            bid
            for row, won in zip(document["bids"], cleared.allocation, strict=True)
            for bid in row[won:]
            if bid <= ceiling
        ),
        reverse=not reverse,
    )
    for i, line in enumerate(cleared.explanation):
        paid, won = abs(cleared.payments[i]), cleared.allocation[i]
        check_sums(line)
        if not won:
            assert "wins nothing: its bid" in line or "made no bid" in line
            continue
        check_paid(line, paid)
        bids = re.search(rf"bids ({NUMBER}(?: \+ {NUMBER})*)", line)[1]
        assert [float(bid) for bid in bids.split(" + ")] == document["bids"][i][:won]
        if "its own bids" in line:
            assert paid == pytest.approx(sum(document["bids"][i][:won]), abs=1e-7)
        if unit := re.search(rf"({NUMBER}) a unit, the (?:highest|lowest) losing bid", line):
            assert float(unit[1]) == losing[0]
            assert paid == pytest.approx(won * losing[0], abs=1e-7)
        if displaced := re.search(rf"displace: ({NUMBER}(?: \+ {NUMBER})*)", line):
            assert paid == pytest.approx(sum(map(float, displaced[1].split(" + "))), abs=1e-7)


@settings(max_examples=40)
@given(document=markets(TWO_SIDED), seed=st.integers(0, 99))
def test_two_sided(document, seed):
    cleared = clear_document(document, seed)
    offers = document["buyers"] + document["sellers"]
    for i, line in enumerate(cleared.explanation[:-1]):
        check_sums(line)
        side = 1 if i < len(document["buyers"]) else -1
        assert re.search(rf"(?:bids|asks) ({NUMBER})", line)[1] == written(offers[i])
        if cleared.allocation[i]:
            check_paid(line, cleared.payments[i])
        for name, number in re.findall(r"(buyer|seller)_(\d+)", line.split(" ", 1)[1]):
            other = int(number) + (len(document["buyers"]) if name == "seller" else 0)
            said = offers[other]
            assert written(said) in line or abs(cleared.payments[i]) == said
        if last := re.search(rf"the last to trade is \w+ at its offer of ({NUMBER})", line):
            traded = [offers[j] for j in np.flatnonzero(np.array(cleared.allocation) == side)]
            assert float(last[1]) == (min(traded) if side == 1 else max(traded))
        if halfway := re.search(rf"halfway between the next bid ({NUMBER}) and the next ask ({NUMBER})", line):
            assert (float(halfway[1]) + float(halfway[2])) / 2 == pytest.approx(abs(cleared.payments[i]), abs=1.5e-6)
    left = sum(cleared.payments)
    if kept := re.search(rf"keeps ({NUMBER})|deficit of ({NUMBER})", cleared.explanation[-1]):
        assert float(kept[1] or kept[2]) == pytest.approx(abs(left), abs=1e-6)
    else:
        assert left == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=30)
@given(document=markets(CLOCKS), seed=st.integers(0, 99))
def test_clocks(document, seed):
    cleared = clear_document(document, seed)
    path = cleared.details["path"]
    for i, line in enumerate(cleared.explanation):
        check_sums(line)
        limit = document["bids"][i]
        if cleared.allocation[i]:
            check_paid(line, cleared.payments[i])
            assert cleared.payments[i] <= limit
        if left := re.search(rf"leaves at ({NUMBER}), the first price above its limit of ({NUMBER})", line):
            at = float(left[1])
            assert float(left[2]) == limit < at
            assert at in path
            assert all(price <= limit for price in path if price < at)


@settings(max_examples=60)
@given(document=markets(REST), seed=st.integers(0, 99))
def test_every_mechanism_names_amounts_of_the_file_or_of_the_result(document, seed):
    cleared = clear_document(document, seed)
    assert not re.search(r"\d[eE][+-]?\d", " ".join(cleared.explanation))
    text = " ".join(cleared.explanation)
    for paid in {abs(paid) for paid in cleared.payments if paid}:
        assert re.search(rf"(?<![\d.]){re.escape(written(paid))}(?![\d.]*\d)", text), (paid, text)
    for line in cleared.explanation:
        check_sums(line)


def test_amounts_are_written_in_full():
    for amount, said in [
        (1234567.89, "1234567.89"),
        (1e9, "1000000000"),
        (0.000001, "0.000001"),
        (-0.0, "0"),
        (37.0, "37"),
    ]:
        assert written(amount) == said
    micro = [number / 1e6 for number in range(999_999_999_990_000, 999_999_999_990_050)]
    assert all(float(written(amount)) == amount for amount in micro)
    assert all(one != other for one, other in pairwise(map(written, micro)))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mechanism": {"name": "second_price"}, "bids": [4e-7, 3e-7]}, "bids.0 = 4e-07: it is less than half"),
        ({"mechanism": {"name": "first_price", "reserve": 4e-7}, "bids": [1]}, "reserve = 4e-07: it is less"),
        ({"mechanism": {"name": "first_price"}, "bids": [1.0000001, 1.0000002]}, "differs from 1.0000001 by less than"),
        ({"mechanism": {"name": "first_price"}, "bids": [1, 1.0000002]}, "differs from 1.0 by less than 0.000001"),
        ({"mechanism": {"name": "first_price"}, "bids": [1, 2], "weights": [1, 1.0001]}, "weights.1 = 1.0001"),
        ({"mechanism": {"name": "mcafee"}, "buyers": [1e-8], "sellers": []}, "buyers.0 = 1e-08"),
        ({"mechanism": {"name": "uniform_price"}, "bids": [[0.4, 0.9]]}, "bidder_0: unit 2 at 0.9 is more"),
        ({"mechanism": {"name": "uniform_price"}, "bids": [[None, 1]]}, "unit 2 at 1 comes after a unit without"),
        (
            {"mechanism": {"name": "vickrey"}, "procurement": {"ceiling": 9}, "bids": [[3, 2]]},
            "unit 2 at 2 is less than the one before it, 3: amounts for further units may not fall",
        ),
        (
            {"mechanism": {"name": "english", "increment": 0.01}, "bids": [50000, 70000]},
            "increment = 0.01: more than 1,000,000 ticks would be played, choose an increment of at least 0.050001",
        ),
        ({"mechanism": {"name": "dutch", "increment": 1e-6}, "bids": [1], "mechanism_": 0}, "unknown key"),
        ({"mechanism": {"name": "dutch", "increment": 1e-6, "start": 9}, "bids": [1]}, "an increment of at least"),
        ({"mechanism": {"name": "english_open", "closing": 10**7}, "bids": [1]}, "closing = 10,000,000"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_apart_or_played_is_refused(document, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        clear_document(document)


@pytest.mark.parametrize("name", ["english", "dutch"])
def test_the_least_increment_that_is_named_plays(name):
    document = {"mechanism": {"name": name, "increment": 1e-6, "reserve": 2.0}, "bids": [7, 9.5, 3]}
    document["mechanism"] |= {"start": 15.0} if name == "dutch" else {}
    with pytest.raises(ValueError, match="at least") as caught:
        clear_document(document)
    least = float(re.search(r"at least ([\d.]+)$", str(caught.value))[1])
    assert 5 / 1e6 <= least <= 5.1 / 1e6 + 1e-6
    document["mechanism"]["increment"] = 1000 * least
    assert clear_document(document).winners == [1]


def test_amounts_finer_than_a_micro_credit_are_rounded_once_and_said():
    cleared = clear_document({"mechanism": {"name": "second_price"}, "bids": [1 / 3, 2 / 3, 0.5]})
    assert cleared.explanation[0] == "bidder_0 loses: 0.333333 is below bidder_1's 0.666667"
    assert cleared.explanation[-1].startswith("note: 2 numbers are finer than the steps")
    assert cleared.payments == [0.0, 0.5, 0.0]
    assert clear("first_price", [0.1 + 0.2]).payments.tolist() == [0.3]
    assert clear_document({"mechanism": {"name": "first_price"}, "bids": [0.1 + 0.2]}).explanation == [
        "bidder_0 wins: highest bid 0.3; pays 0.3, its own bid"
    ]


@pytest.mark.parametrize("name", ["mcafee", "double_auction", "vcg_double_auction", "posted_price"])
@pytest.mark.parametrize(("buyers", "sellers"), [([], [1, 2]), ([3], []), ([], []), ([None], [1])])
def test_an_empty_side_is_no_trade(name, buyers, sellers):
    document = {"mechanism": {"name": name}, "buyers": buyers, "sellers": sellers}
    cleared = clear_document(document)
    assert cleared.allocation == [0] * len(buyers + sellers)
    assert cleared.explanation[-1] == "0 trades; the books balance"
    assert (cleared.welfare, cleared.optimal, cleared.gap) == (0.0, 0.0, 0.0)


def test_a_book_without_orders_is_no_trade():
    cleared = clear_document({"mechanism": {"name": "continuous_double_auction"}, "orders": []})
    assert cleared.explanation == ["0 trades; left in the book, best first: bids: none; asks: none"]


def test_a_trader_who_turns_never_meets_itself():
    orders = [("Ann", "buy", 10), ("Ann", "sell", 9), ("Bob", "buy", 9.5), ("Ann", "buy", 8), ("Ann", "sell", None)]
    rows = [dict(zip(("trader", "side", "price"), order, strict=True)) for order in orders]
    cleared = clear_document({"mechanism": {"name": "continuous_double_auction"}, "orders": rows})
    assert cleared.details["trades"] == [{"order": 3, "buyer": "Bob", "seller": "Ann", "price": 9.0}]
    assert cleared.details["book"] == {"bids": [{"trader": "Ann", "price": 8.0}], "asks": []}
    assert cleared.explanation[1].startswith(
        "2. Ann would sell at 9 in place of its order to buy at 10: meets no order"
    )
    assert cleared.explanation[4] == "5. Ann has no order to sell to take back"
    rows.append({"trader": "Bob", "side": "sell", "price": 8})
    both = clear_document({"mechanism": {"name": "continuous_double_auction"}, "orders": rows})
    assert (both.allocation, both.winners) == ([0, 0], ["Ann", "Bob"])


def test_the_draw_of_a_contest_is_not_called_the_highest_bid():
    document = {"mechanism": {"name": "tullock"}, "bids": [1.0, 3.0]}
    lines = {tuple(clear_document(document, seed).explanation) for seed in range(30)}
    assert lines == {
        (
            "bidder_0 loses: the draw fell to bidder_1 (its chance: 0.25); pays 1, its own bid",
            "bidder_1 wins: the draw fell to its bid 3 (its chance: 0.75); pays 3, its own bid",
        ),
        (
            "bidder_0 wins: the draw fell to its bid 1 (its chance: 0.25); pays 1, its own bid",
            "bidder_1 loses: the draw fell to bidder_0 (its chance: 0.75); pays 3, its own bid",
        ),
    }


def test_the_example_files_are_read_with_names_as_text():
    for path in FILES.glob("*.yaml"):
        assert read_yaml(path, names=NAMES) == yaml.safe_load(path.read_text())


def unknown(name):
    """The row of a rule that says nothing of its payments, and its parameters."""
    row = replace(mechanism(name), name="new", sources=())
    return row, row.options()


def test_a_rule_that_says_nothing_of_its_payments_gets_no_reason_of_another():
    bids, one, nothing, never = np.array([3.0, 2.0, 1.0]), np.ones(3), np.zeros(3), np.full(3, np.nan)
    second_wins, paid = np.array([0, 1, 0]), np.array([0, 0.25, 0])
    row, options = unknown("first_price")
    sealed = sealed_words.explained(row, SealedRound(options, None, bids, one, second_wins, paid))
    assert sealed[0] == "bidder_0 loses: by its rule, which gives to bidder_1"
    assert sealed[1] == "bidder_1 wins: rank 2, bid 2; pays 0.25, by its rule"
    assert sealed[2] == "bidder_2 loses: 1 is below bidder_1's 2"
    row, options = unknown("vickrey")
    units = unit_words.explained(row, UnitRound(options, None, bids[:, None], second_wins, paid))
    assert units[0] == "bidder_0 wins nothing: its bid 3, by its rule"
    assert units[1] == "bidder_1 wins 1 unit: bids 2; pays 0.25, by its rule"
    row, options = unknown("gsp")
    slots = slot_words.explained(row, SlotRound(options, bids, one, np.ones(1), second_wins, paid))
    assert slots[0] == "bidder_0 gets no slot: 3 has none by its rule"
    assert slots[1].endswith("pays 0.25 for 1 clicks, 0.25 each, by its rule")
    row, options = unknown("first_score")
    scored = scored_words.explained(row, ScoredRound(options, nothing, one, bids, np.array([1, 0, 0]), 0.5 * one))
    assert scored[0].endswith("is paid 0.5, by its rule")
    assert scored[1].endswith("below bidder_0's 3; is paid 0.5, by its rule")
    row, _ = unknown("english")
    sale = clock_words.explained(row, ClockSale(bids, never, 1, 0, 0.5, 4, 0.5, 0.5, 0.5))
    assert sale[0].endswith("within its limit of 3: by its rule")
    assert sale[1] == "bidder_1 with a limit of 2 does not outbid 0.5: by its rule"
    row, options = unknown("mcafee")
    offers, paid = np.array([3.0, 1.0]), np.array([2.25, -2.25])
    round_ = TwoSidedRound(options, 1, offers, np.array([1, -1]), paid)
    traded = two_sided_words.explained(row, round_, ["buyer_0", "seller_0"])
    assert traded[0] == "buyer_0 bids 3 and trades: pays 2.25, by its rule"
    assert traded[1] == "seller_0 asks 1 and trades: gets 2.25, by its rule"
    row, options = unknown("contingent_second_score")
    task = task_words.explained(row, TaskRound(options, bids, 1, 3.0), {"poor": -1.0})
    assert task[0] == "bidder_0 loses by its rule: its score 3 does not take the task"
    assert task[1] == "bidder_1 takes the task by its rule"
    assert task[3] == "bidder_1 owes 3, by its rule, and is paid V(grade) less that: poor -1"


def name_keys(form):
    """The keys of a file's form under which names stand, as its types say."""
    for key, info in form.model_fields.items():
        alias = info.validation_alias
        for said in alias.choices if alias else [key]:
            stack = [info.annotation, *info.metadata]
            while stack:
                part = stack.pop()
                if isinstance(part, BeforeValidator) and part.func.__name__ == "_as_named":
                    yield said
                if isinstance(part, type) and issubclass(part, BaseModel):
                    yield from (f"{said}.{below}" for below in name_keys(part))
                stack += [*getattr(part, "__args__", ()), *getattr(part, "__metadata__", ())]


def test_every_key_under_which_a_name_stands_is_read_as_text():
    found = {key for form in (CombinatorialDocument, OrderBookDocument) for key in name_keys(form)}
    assert found == set(NAMES)


def test_of_many_mistakes_the_first_few_are_told():
    with pytest.raises(ValueError, match=r"and 2\d\d more mistakes") as caught:
        clear_document({"mechanism": {"name": "first_price"}, "bids": [1 + 1e-7 * step for step in range(300)]})
    assert len(str(caught.value)) < 500
