"""Every mechanism clears from a file and by name, with the payments that one finds by hand."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

import econo_env
from econo_env.mechanisms import clear, mechanisms
from econo_env.mechanisms.document import clear_document

FILES = Path(__file__).parents[2] / "configs" / "markets"

BY_HAND = {  # file: payments and a reason, worked out by hand from the file
    "all_pay": ([0.4, 0.9, 0.7], "bidder_0 loses: 0.4 is below bidder_1's 0.9; pays 0.4, its own bid"),
    "combinatorial": ([17, 15, 0, 0, 0], "pays 17, the core payment nearest to VCG"),
    "continuous_double_auction": ([10, 0, -10, -11, 11], "5. Dan would buy at 11.5: trades with Cy at 11"),
    "discriminatory": ([0.9, 0.8], "pays 0.9, its own bids"),
    "double_auction": ([5.5, 5.5, 5.5, -5.5, -5.5, -5.5], "pays 5.5, 0.5 x 4 + 0.5 x 7"),
    "dutch": ([0, 0.9, 0], "pays 0.9, within its limit of 0.9: the first price of the falling clock"),
    "english": ([0, 0.8, 0], "pays 0.8, within its limit of 0.9: the price at which the last rival left"),
    "english_open": ([0, 0.7, 0], "its standing bid, which nobody outbid"),
    "first_price": ([0, 0.9, 0], "pays 0.9, its own bid"),
    "gsp": ([4, 1, 0], "the least bid that keeps the slot: bidder_1's bid 4"),
    "kth_price": ([2, 0, 0, 0], "pays 2, the highest bid but 2"),
    # e^2, e and 1 of e^2 + e + 1: what the goods leave consumers, 0.5 and 0.25, over 0.25
    "logit_demand": ([-0.997861, -0.428275], "firm_0 asks 1.5: 66.52% of consumers buy of it"),
    "mcafee": ([7, 7, 0, -4, -4, 0], "pays 7, the bid 7 of the least valuable pair, which is left out"),
    "position_first_price": ([10, 2, 0], "pays 2 for 0.5 clicks, 4 each, its own bid"),
    "position_vcg": ([3, 1, 0], "what those below lose by its presence: (1 - 0.5) x 4 + 0.5 x 2"),
    "posted_price": ([5, 5, 0, -5, -5, 0], "buyer_2 bids 4, below the posted price, and does not trade"),
    "procurement_discriminatory": ([-2, -3, -4], "bidder_1 wins 1 unit: bids 3; is paid 3, its own bids"),
    "procurement_first_price": ([0, -4, 0], "lowest bid 4; is paid 4, its own bid"),
    "procurement_kth_price": ([0, -7, 0], "is paid 7, the lowest bid but 2"),
    "procurement_second_price": ([0, -5.5, 0], "is paid 5.5, the best losing bid (bidder_2)"),
    "procurement_uniform_price": ([-5, -5, -5], "is paid 5, 5 a unit, the lowest losing bid (bidder_0)"),
    "procurement_vickrey": ([-9, -5, -5], "is paid 9, the rivals' bids (or the ceiling) that its units displace: 9"),
    "second_price": ([0, 0.7, 0], "pays 0.7, the best losing bid (bidder_2)"),
    "second_price_all_pay": ([0.4, 0.7, 0.7], "highest bid 0.9; pays 0.7, the best losing bid (bidder_2)"),
    "first_score": ([1.5, 0], "a score of 3 - 1.5 = 1.5"),
    "second_score": ([2.0, 0], "falls to bidder_1's 1"),
    "contingent_second_score": ([0.3375, 0], "satisfactory 0.6625, poor -0.8375"),
    "sequential_first_price": ([0, 0.45, 0.6], "round 2: bidder_2 wins: highest bid 0.6; pays 0.6, its own bid"),
    "sequential_second_price": (
        [0, 0.4, 0.5],
        "round 2: bidder_2 wins: highest bid 0.6; pays 0.5, the best losing bid",
    ),
    "tullock": ([1, 3], "(its chance: 0.25); pays 1, its own bid"),
    "uniform_price": ([0.4, 0.4], "0.4 a unit, the highest losing bid (bidder_0)"),
    "vcg_double_auction": (
        [4, 4, 0, -7, -7, 0],
        "gets 7, the lower of the last bid that trades, 8, and the next ask, 7",
    ),
    "vickrey": ([13, 0], "that its units displace: 7 + 6"),
}


def document_of(name):
    return yaml.safe_load((FILES / f"{name}.yaml").read_text())


def test_every_mechanism_and_every_built_in_scenario_has_a_file():
    names = {path.stem for path in FILES.glob("*.yaml")}
    played = {econo_env.load(scenario).mechanism.name for scenario in econo_env.scenarios()}
    no_bids = ("donation", "default")  # rules of gifts and of what follows a sale: they clear nothing
    told = {name for name, row in mechanisms().items() if row.market not in no_bids}
    assert names >= told | played
    assert names >= {s.rpartition("_v")[0] for s in econo_env.scenarios() if s.startswith("procurement")}
    for name in names:
        assert document_of(name)["mechanism"]["name"] == name.removeprefix("procurement_")


@pytest.mark.parametrize("name", sorted(path.stem for path in FILES.glob("*.yaml")))
def test_the_example_files_clear_to_what_one_finds_by_hand(name):
    payments, reason = BY_HAND[name]
    cleared = clear_document(document_of(name))
    assert cleared.payments == pytest.approx(payments, abs=1e-9)
    assert any(reason in line for line in cleared.explanation), cleared.explanation
    assert list(cleared.to_json())[:6] == ["winners", "allocation", "payments", "welfare", "optimal", "gap"]
    assert 0.0 <= cleared.gap <= 1.0
    assert cleared.welfare <= cleared.optimal + 1e-9


@pytest.mark.parametrize("name", sorted(path.stem for path in FILES.glob("*.yaml")))
def test_by_name_it_is_the_same_clearing(name):
    document = document_of(name)
    section = {key: value for key, value in document.pop("mechanism").items() if key != "name"}
    outcome = clear(name.removeprefix("procurement_"), **document, **section)
    cleared = clear_document(document_of(name))
    assert outcome.payments.tolist() == cleared.payments
    assert outcome.welfare == cleared.welfare
    assert len(outcome.winners) == len(cleared.winners)
    assert len(outcome.allocation) == len(cleared.allocation)


@pytest.mark.parametrize(
    ("name", "bids", "keys", "payments", "winners"),
    [
        ("mcafee", {"buyers": [9, 8], "sellers": [1, 2]}, {}, [8, 0, -2, 0], [0, 2]),
        ("combinatorial", [{"bidder": "a", "bundle": ["X"], "amount": 2}], {"items": ["X", "Y"]}, [0], [0]),
        ("continuous_double_auction", [{"trader": 5, "side": "buy", "price": 1}], {}, [0], []),
        ("contingent_second_score", [{"cost": 0, "reliability": 1}, None], {}, [0, 0], [0]),
        ("english", np.array([0.25, np.nan]), {"reserve": 0.2}, [0.2, 0], [0]),
        ("second_price", (3.0, 5.0), {"procurement": {"ceiling": 9}}, [-5, 0], [0]),
    ],
)
def test_bids_of_every_kind_are_taken(name, bids, keys, payments, winners):
    outcome = clear(name, bids, **keys)
    assert outcome.payments.tolist() == payments
    assert outcome.winners == winners


@pytest.mark.parametrize(
    ("payment", "payments"),
    [("vcg", [0.3, 0.2, 0]), ("nearest_vcg", [0.45, 0.35, 0]), ("nearest_zero", [0.4, 0.4, 0]),
     ("nearest_bid", [0.45, 0.35, 0]), ("first_price", [0.6, 0.5, 0])],
)  # fmt: skip
def test_two_locals_and_a_global(payment, payments):
    bids = [("l1", "A", 0.6), ("l2", "B", 0.5), ("g", "AB", 0.8)]
    rows = [{"bidder": who, "bundle": list(what), "amount": amount} for who, what, amount in bids]
    outcome = clear("combinatorial", rows, items=["A", "B"], payment=payment)
    assert outcome.payments == pytest.approx(payments, abs=1e-6)
    assert outcome.allocation.tolist() == [[1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize("name", [row.name for row in mechanisms().values() if row.reversible])
def test_procurement_is_what_the_engine_plays(name):
    env = econo_env.vector_env(f"procurement_{name}", num_markets=64, num_agents=4, autoreset=False)
    env.reset(seed=1)
    actions = np.random.default_rng(0).uniform(-1, 0.2, env.engine.buffers.actions.shape).astype(np.float32)
    env.step(actions)
    state = env.engine.state
    for k in range(64):
        bids = np.where(state.bids[k] < 0, np.nan, state.bids[k] / 1e6)
        outcome = clear(name, bids, procurement={"ceiling": 1.0}, **env.scenario.mechanism.model_dump(exclude={"name"}))
        assert outcome.payments.tolist() == (state.award.pays[k] / 1e6).tolist()
        assert outcome.allocation.tolist() == np.abs(state.award.units[k]).tolist()


def test_a_lone_bidder_is_paid_the_ceiling_and_true_costs_are_counted():
    said = {"mechanism": {"name": "second_price"}, "procurement": {"ceiling": 10}}
    assert clear_document(said | {"bids": [10.0]}).payments == [-10.0], "a bid at the ceiling counts"
    assert clear_document(said | {"bids": [10.1]}).winners == []
    alone = clear_document(said | {"costs": [7]})
    assert (alone.payments, alone.welfare) == ([-10.0], 3.0)
    other = clear_document(said | {"bids": [7, 4, 11], "costs": [1, 3, 2]})
    assert (other.winners, other.welfare, other.optimal) == ([1], 7.0, 9.0)
    assert other.explanation[2] == "bidder_2 loses: 11 is above the ceiling 10"


def test_the_book_keeps_price_and_time_priority():
    orders = [
        ("a", "sell", 5),
        ("b", "sell", 4),
        ("c", "sell", 4),
        ("d", "buy", 6),
        ("e", "buy", 6),
        ("c", "sell", None),
    ]
    rows = [
        {"trader": who, "side": side, "price": price}
        for who, side, price in [*orders, ("f", "buy", 2), ("g", "buy", 3)]
    ]
    cleared = clear_document({"mechanism": {"name": "continuous_double_auction"}, "orders": rows})
    json = cleared.to_json()
    assert [(t["order"], t["buyer"], t["seller"], t["price"]) for t in json["trades"]] == [
        (4, "d", "b", 4.0),
        (5, "e", "c", 4.0),
    ]
    assert json["book"] == {
        "bids": [{"trader": "g", "price": 3.0}, {"trader": "f", "price": 2.0}],
        "asks": [{"trader": "a", "price": 5.0}],
    }
    assert cleared.winners == ["b", "c", "d", "e"]
    assert cleared.allocation == [0, -1, -1, 1, 1, 0, 0]
    assert (cleared.welfare, cleared.optimal) == (4.0, 4.0)


def test_a_winner_of_a_sequential_sale_bids_no_more():
    said = {"mechanism": {"name": "sequential_first_price"}, "bids": [[5, 4, 1], [9, 3, 2]], "values": [6, 5, 7]}
    cleared = clear_document(said)
    assert (cleared.allocation, cleared.payments) == ([1, 1, 0], [5.0, 3.0, 0.0])
    assert (cleared.welfare, cleared.optimal, cleared.details["prices"]) == (11.0, 13.0, [5.0, 3.0])
    assert not [line for line in cleared.explanation if line.startswith("round 2: bidder_0")]


def test_a_task_pays_v_of_the_grade_less_the_second_score():
    reports = [{"cost": 0.2, "reliability": 0.9}, {"cost": 0.1, "reliability": 0.6}]
    cleared = clear_document({"mechanism": {"name": "contingent_second_score"}, "task_value": 2.0, "reports": reports})
    # success is worth 0.25 x 1.25 + 0.75 = 1.0625 of the value, failure -0.5
    scores = [2 * (0.9 * 1.0625 - 0.05) - 0.2, 2 * (0.6 * 1.0625 - 0.2) - 0.1]
    assert cleared.details["scores"] == pytest.approx(scores)
    transfers = {"excellent": 2.5, "satisfactory": 2.0, "poor": -1.0, "byzantine": -2.0}
    assert cleared.details["transfers"] == pytest.approx({g: v - scores[1] for g, v in transfers.items()})
    assert cleared.details["stake"] == pytest.approx(scores[1] + 2.0)
    capped = clear_document(
        {"mechanism": {"name": "contingent_second_score"}, "contract": {"stake_cap": 0.5}, "reports": reports}
    )
    assert capped.details["transfers"]["byzantine"] == -0.5


def test_the_chances_of_a_contest_are_those_that_the_lottery_keeps():
    document = {"mechanism": {"name": "tullock", "power": 2.0}, "bids": [1.0, 2.0]}
    wins = np.mean([clear_document(document, seed).winners == [1] for seed in range(2000)])
    assert "(its chance: 0.8)" in clear_document(document).explanation[1]
    assert wins == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 2000))


ORDER = {"trader": 1, "side": "buy", "price": 1.0}
CDA = {"name": "continuous_double_auction"}
TASK = {"name": "contingent_second_score"}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"mechanism": CDA}, "the key 'orders' is missing"),
        ({"mechanism": CDA, "orders": [ORDER | {"price": -1}]}, "orders.0.price = -1"),
        ({"mechanism": CDA, "orders": [ORDER | {"price": 0.005}]}, "a price of 0.005 is no whole number of ticks"),
        ({"mechanism": CDA, "orders": [ORDER | {"side": "bid"}]}, "choose one of buy, sell"),
        ({"mechanism": CDA, "orders": [ORDER | {"price": 1e8}]}, "choose a larger tick_size"),
        ({"mechanism": CDA, "orders": [ORDER | {"units": 2}]}, "unknown key 'orders.0.units'"),
        ({"mechanism": TASK, "reports": [{"cost": 1}]}, "reports.0.reliability"),
        ({"mechanism": TASK, "reports": [{"cost": -1, "reliability": 0.5}]}, "reports.0.cost = -1"),
        ({"mechanism": TASK, "reports": [{"cost": 1, "reliability": 1.5}]}, "less than or equal to 1"),
        ({"mechanism": TASK, "reports": [None], "contract": {"poor": 1}}, "contract.poor = 1"),
        ({"mechanism": TASK, "reports": [None], "task_value": 0}, "task_value = 0"),
        ({"mechanism": {"name": "sequential_first_price"}, "bids": [[1, 2], [1]]}, "round 2 lists 1 bids"),
        ({"mechanism": {"name": "sequential_first_price"}, "bids": [[1, -2]]}, "-2 among the bids of round 1"),
        ({"mechanism": {"name": "all_pay"}, "bids": [1], "procurement": {"ceiling": 1}}, "has no procurement form"),
        ({"mechanism": {"name": "first_price"}, "bids": [1], "costs": [1]}, "costs are for procurement"),
        ({"mechanism": {"name": "first_price"}, "bids": [1], "procurement": {}}, "'procurement.ceiling' is missing"),
        ({"mechanism": {"name": "first_price"}}, "the key 'bids' is missing"),
        ({"mechanism": {"name": "first_price"}, "bids": [float("inf")]}, "inf among the bids"),
        ({"mechanism": {"name": "first_price"}, "bids": [1e9], "weights": [2]}, "leaves the range of money"),
        ({"mechanism": {"name": "gsp"}, "bids": [1], "click_rates": [1], "weights": [float("nan")]}, "a weight of nan"),
    ],
)  # fmt: skip
def test_mistakes_get_one_clear_sentence(document, said):
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        clear_document(document)
    assert "\n" not in str(caught.value)


def test_a_misspelt_parameter_is_corrected():
    with pytest.raises(ValueError, match="did you mean 'reserve'"):
        clear("gsp", [1.0], click_rates=[1.0], reserves=0.5)
