"""The coordination market recomputed, in plain Python: `test_coordination.py` runs these without compiling."""

import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import beta

import econo_env
from econo_env.documents import read_yaml
from econo_env.economy.contracts import score, value_of
from econo_env.economy.ledger import BONDED, ESCROW, balances_of
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from econo_env.markets.coordination.auctions import AUCTION_TYPES
from econo_env.policies import make_policy

ROOT = Path(__file__).parents[2]
MICRO = 1_000_000
OPEN = {
    "ledger": {},
    "staking": {},
    "contracts": {},
    "reputation": {"epoch": 16},
    "eligibility": {"open_share": 1.0},
}
"""An economy in which every request is open to all and goes by auction."""


def load(auction_type="vickrey", **overrides):
    base = econo_env.load("coordination_market_v0", auction_type=auction_type, economy=OPEN)
    return base.replace(**overrides)


def started(scenario, markets=4, seed=1):
    engine = Engine(scenario, markets)
    engine.reset(seed)
    return engine


def ticks(engine, act):
    """Plays an episode of `act(engine)`, and after each tick yields what stood before it."""
    for _ in range(engine.scenario.max_cycles):
        state = engine.state
        before = {name: state._asdict()[name].copy() for name in ("cost", "task_value", "demand", "offered", "reserve")}
        engine.step(act(engine))
        yield before


def at_random(rng):
    def act(engine):
        return rng.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)

    return act


def truth(scenario):
    policy = make_policy("truthful", scenario)
    policy.reset(0)
    return lambda engine: policy.act(engine.buffers.observations, engine.buffers.action_mask)


def books_balance(engine):
    ledger = engine.world.ledger
    np.testing.assert_array_equal(ledger.balances.sum(axis=1), ledger.minted)
    assert (ledger.balances >= 0).all()
    assert not ledger.refused.any()
    assert not balances_of(ledger.balances, ESCROW).any()
    assert not balances_of(ledger.balances, BONDED).any()
    assert (engine.state.award.pays <= engine.world.market.award.exposure).all()


@pytest.mark.parametrize("auction_type", ["scoring", "vickrey"])
def test_one_task_by_score_is_the_task_market_to_the_micro_credit(auction_type):
    """The same draws, bids and luck lead to the same awards, transfers, reputations, masks and ends."""
    one = started(econo_env.load("task_market_v1"), 3)
    other = started(econo_env.load("coordination_market_v0", auction_type=auction_type), 3)
    rng, contracts = np.random.default_rng(1), 0
    for _ in range(one.scenario.max_cycles):
        actions = rng.uniform(-1.0, 1.0, (3, 5, 4)).astype(np.float32)
        if auction_type == "vickrey":  # bids are what the score of a true report is
            actions[..., :2] = 0.0
        one.step(actions)
        other.step(actions if auction_type == "scoring" else actions[..., 1:])
        contracts += np.count_nonzero(one.state.award.units)
        for name in ("units", "pays", "worth"):
            np.testing.assert_array_equal(one.state.award._asdict()[name], other.state.award._asdict()[name])
        np.testing.assert_array_equal(one.state.second_scores, other.state.owes)
        for name in ("surplus", "best_surplus", "first_best"):
            np.testing.assert_array_equal(one.state._asdict()[name], other.state._asdict()[name])
        np.testing.assert_array_equal(one.world.ledger.balances, other.world.ledger.balances)
        np.testing.assert_array_equal(one.world.reputation.bound, other.world.reputation.bound)
        for name in ("rewards", "action_mask", "terminated", "truncated", "ended", "invalid_actions"):
            np.testing.assert_array_equal(one.buffers._asdict()[name], other.buffers._asdict()[name])
    assert contracts > 20


def worths(scenario, state, before, k):
    """Expected surplus of contracts of 1, 2, ... tasks for each agent, micro-credits, shape (agents, sizes)."""
    later = 1.0 - scenario.agents.synergy
    return np.array(
        [
            [
                score(
                    float(before["cost"][k, i]) * (1.0 + (tasks - 1) * later),
                    state.reliability[k, i],
                    tasks * float(before["task_value"][k]),
                    scenario.contracts.schedule,
                )
                for tasks in range(1, scenario.sizes + 1)
            ]
            for i in range(scenario.num_agents)
        ]
    )


def paid_by_grade(engine, before, k, i, owes):
    """What a holder is paid: V(realised grade) less what it owes, as far down as full liability goes."""
    state, graded, schedule = engine.state, int(engine.world.conduct.grade[k, i]), engine.scenario.contracts.schedule
    value = float(before["task_value"][k] * -state.award.units[k, i])
    liability = (schedule.excellent - schedule.byzantine) * value
    return max(value_of(graded, value, schedule) - owes, -liability)


@pytest.mark.parametrize("supply", [1, 2])
@pytest.mark.parametrize("auction_type", ["vickrey", "sealed_bid", "scoring"])
def test_sealed_bids_win_and_owe_what_the_rule_says(auction_type, supply):
    scenario = load(auction_type, available_supply=supply, max_cycles=16, **{"auction.reserve": 0.1})
    engine, won = started(scenario), 0
    for before in ticks(engine, at_random(np.random.default_rng(2))):
        state = engine.state
        books_balance(engine)
        for k in range(4):
            bids = state.bids[k]
            bidding = np.flatnonzero(bids >= 100_000)
            order = bidding[np.argsort(-bids[bidding], kind="stable")]
            winners, others = order[:supply], order[supply:]
            assert set(np.flatnonzero(state.award.units[k])) == set(winners)
            for i in winners:
                owes = bids[i] if auction_type == "sealed_bid" else max(100_000, *bids[others], 0)
                assert state.owes[k, i] == owes
                assert -state.award.pays[k, i] == pytest.approx(paid_by_grade(engine, before, k, i, owes), abs=1.0)
            won += len(winners)
            if len(winners):
                assert state.award.price[k] == pytest.approx(np.mean(state.owes[k, winners]), abs=0.51)
    assert won > 20


@pytest.mark.parametrize("supply", [1, 2])
def test_english_ends_within_an_increment_of_vickrey(supply):
    scenario = load("english", available_supply=supply, max_cycles=96, **{"auction.increment": 0.05})
    engine, sales = started(scenario), 0
    step = 50_000
    for before in ticks(engine, truth(scenario)):
        books_balance(engine)
        for k in np.flatnonzero(engine.state.over):
            value = worths(scenario, engine.state, before, k)[:, 0]
            entered = np.flatnonzero(engine.state.entered[k] & (value >= 0.0))
            order = entered[np.argsort(-value[entered])]
            winners = np.flatnonzero(engine.state.award.units[k])
            assert len(winners) == min(supply, len(order))
            losing = value[order[supply]] if len(order) > supply else 0.0
            assert (np.abs(engine.state.owes[k, winners] - losing) <= step + 1).all()
            assert (value[winners] >= losing - step - 1).all()
            for i in winners:
                paid = paid_by_grade(engine, before, k, i, engine.state.owes[k, i])
                assert -engine.state.award.pays[k, i] == pytest.approx(paid, abs=1.0), "all of it is liable"
            sales += len(winners)
    assert sales > 10


@pytest.mark.parametrize("supply", [1, 2])
def test_dutch_sells_to_whoever_says_yes_first(supply):
    scenario = load("dutch", available_supply=supply, max_cycles=96, **{"auction.increment": 0.05})
    engine, sold = started(scenario), dict.fromkeys(range(4), 0)
    sales = 0
    for before in ticks(engine, truth(scenario)):
        books_balance(engine)
        for k in range(4):
            winners = np.flatnonzero(engine.state.award.units[k])
            value = worths(scenario, engine.state, before, k)[:, 0]
            for i in winners:
                assert engine.state.owes[k, i] <= value[i] + 1.0 < engine.state.owes[k, i] + 50_002
                paid = paid_by_grade(engine, before, k, i, engine.state.owes[k, i])
                assert -engine.state.award.pays[k, i] == pytest.approx(paid, abs=1.0), "all of it is liable"
            sold[k] += len(winners)
            if engine.state.over[k]:
                takers = np.count_nonzero(engine.state.entered[k] & (value >= 0.0))
                assert sold[k] == min(supply, takers)
                sold[k] = 0
            sales += len(winners)
    assert sales > 10


def best_split(amounts, supply, without=None):
    """The most that agents' amounts for 0, 1, ... tasks add up to, by trying all."""
    best = (0.0, ())
    for tasks in product(range(amounts.shape[1]), repeat=len(amounts)):
        if sum(tasks) <= supply and (without is None or tasks[without] == 0):
            best = max(best, (sum(amounts[i, t] for i, t in enumerate(tasks)), tasks))
    return best


@pytest.mark.parametrize("synergy", [0.6, -0.6])
def test_bundles_go_where_they_are_worth_most_at_what_others_lose(synergy):
    scenario = load(
        "combinatorial",
        num_agents=3,
        available_supply=3,
        max_cycles=8,
        **{"agents.synergy": synergy, "auction.reserve": 0.05, "economy.ledger.endowment": 40.0},
    )
    engine, several = started(scenario), 0
    for before in ticks(engine, truth(scenario)):
        books_balance(engine)
        for k in range(4):
            over = worths(scenario, engine.state, before, k) - 50_000 * np.arange(1, 4)
            amounts = np.concatenate([np.zeros((3, 1)), np.where(over >= 0.0, over, -np.inf)], axis=1)
            most, tasks = best_split(amounts, 3)
            won = -engine.state.award.units[k]
            assert sum(amounts[i, t] for i, t in enumerate(won)) == pytest.approx(most, abs=3.0)
            assert tuple(won) == tasks, "equal splits are not drawn"
            several += (won > 1).sum()
            for i in np.flatnonzero(won):
                harm = best_split(amounts, 3, without=i)[0] - (most - amounts[i, won[i]])
                assert engine.state.owes[k, i] == pytest.approx(harm + 50_000 * won[i], abs=6.0)
                paid = paid_by_grade(engine, before, k, i, engine.state.owes[k, i])
                assert -engine.state.award.pays[k, i] == pytest.approx(paid, abs=1.0)
    assert several > (5 if synergy > 0 else 0)


@pytest.mark.parametrize("auction_type", AUCTION_TYPES)
def test_truth_reaches_the_best_split(auction_type):
    if auction_type in ("dutch", "english", "sealed_bid"):
        pytest.skip("a clock does within an increment, and truth is no equilibrium of a first price")
    scenario = econo_env.load(str(ROOT / f"configs/scenarios/coordination_{auction_type}.yaml"), max_cycles=24)
    economy = {name: section for name, section in scenario.economy.items() if name != "lottery"}
    scenario = scenario.replace(economy=economy)
    engine, market = started(scenario), market_of(scenario)
    reached = best = 0.0
    for _ in ticks(engine, truth(scenario)):
        welfare = market.welfare(scenario, engine.state, None)
        reached += welfare.realised["value"]
        best += welfare.optimal["value"]
    assert (reached <= best * (1.0 + 1e-6)).all()
    assert reached.sum() > 0.99 * best.sum(), "but for contracts that are worth less than the reserve"


@pytest.mark.parametrize("auction_type", AUCTION_TYPES)
def test_no_request_is_worth_more_than_its_best_split_also_where_it_goes_by_lot(auction_type):
    """A lot takes the request from a clock in its first tick, before that has come to its end."""
    scenario = econo_env.load(
        str(ROOT / f"configs/scenarios/coordination_{auction_type}.yaml"),
        max_cycles=40,
        **{"economy.lottery.share": 0.4, "current_demand.arrivals": 1.0},
    )
    engine, lots = started(scenario, 8), 0
    for _ in ticks(engine, truth(scenario)):
        state, over = engine.state, engine.state.over
        assert (state.surplus[over] <= state.best_surplus[over] + 2.0).all()
        assert (state.best_surplus[over] <= state.first_best[over] + 2.0).all()
        lots += (engine.world.lottery.went & over & (state.first_best > 0.0)).sum()
    assert lots > 10


def test_files_of_the_auction_types_differ_in_one_key():
    files = {name: read_yaml(ROOT / f"configs/scenarios/coordination_{name}.yaml", "file") for name in AUCTION_TYPES}
    assert {document.pop("auction_type") for document in files.values()} == set(AUCTION_TYPES)
    first, *others = files.values()
    assert all(other == first for other in others)
    assert {
        name: econo_env.load(str(ROOT / f"configs/scenarios/coordination_{name}.yaml")).auction_type for name in files
    } == {name: name for name in files}


@pytest.mark.parametrize("auction_type", ["vickrey", "english"])
def test_requests_arrive_and_wait_and_the_price_follows(auction_type):
    demand = {"waiting": 2, "arrivals": 0.4, "most": 4}
    price = {"start": 0.1, "weight": 0.25, "reserve_share": 0.5}
    scenario = load(auction_type, max_cycles=48, current_demand=demand, market_price=price)
    engine, known = started(scenario), np.full(4, 100_000.0)
    waiting, idle, turned_away = np.full(4, 2), 0, 0
    for before in ticks(engine, at_random(np.random.default_rng(3))):
        state = engine.state
        np.testing.assert_array_equal(before["demand"], waiting)
        np.testing.assert_array_equal(before["offered"], waiting > 0)
        idle += (waiting == 0).sum()
        assert not state.award.units[waiting == 0].any()
        assert (
            state.owes[state.award.units != 0] >= np.repeat(before["reserve"][:, None], 5, 1)[state.award.units != 0]
        ).all()
        waiting = waiting - state.over
        came = state.demand - waiting
        assert np.isin(came, (0, 1)).all()
        turned_away += (waiting == 4).sum()
        assert (state.demand <= 4).all()
        waiting = state.demand.copy()
        paid = state.award.price.astype(float)
        known = np.where(paid > 0, known + 0.25 * (paid - known), known)
        np.testing.assert_allclose(state.market_price, known, rtol=1e-12)
        starts = state.offered & (state.sale_tick == 0) & (state.tick < 48)
        np.testing.assert_array_equal(state.reserve[starts], (0.5 * known[starts]).astype(np.int64))
        shut = ~state.offered & (state.tick < 48)
        assert not engine.buffers.action_mask[shut].any(), "nobody may act where nothing is asked for"
    assert idle > 5 if auction_type == "vickrey" else turned_away > 5


def test_masked_and_invalid_actions_are_no_bids():
    scenario = load("vickrey", max_cycles=4)
    engine = started(scenario)
    actions = truth(scenario)(engine)
    actions[:, 0] = np.nan
    actions[:, 1, 2] = 1.5
    engine.step(actions)
    assert (engine.state.bids[:, :2] == -1).all()
    assert (engine.buffers.invalid_actions == 2).all()


@pytest.mark.parametrize("auction_type", AUCTION_TYPES)
def test_anything_played_keeps_the_books(auction_type):
    """Random bids, efforts, forgeries, little money and a lot of requests by lot: no micro-credit is made or lost."""
    economy = {
        "ledger": {"endowment": 3.0},
        "staking": {},
        "contracts": {},
        "reputation": {"epoch": 8},
        "eligibility": {"open_share": 0.6},
        "lottery": {"share": 0.3, "owes": 0.1},
    }
    for seed, bids in enumerate(("share_of_value", "amount")):
        scenario = econo_env.load(
            "coordination_market_v0",
            auction_type=auction_type,
            available_supply=2,
            max_cycles=40,
            bids=bids,
            economy=economy,
            current_demand={"waiting": 3, "arrivals": 0.7, "most": 5},
            **{"auction.increment": 0.1},
        )
        engine = started(scenario, 4, seed)
        for _ in ticks(engine, at_random(np.random.default_rng(seed))):
            books_balance(engine)
            assert (-engine.state.award.units.sum(axis=1) <= 2).all()
            assert np.isfinite(engine.buffers.observations).all()
            assert (engine.buffers.observations >= 0.0).all()
            assert (engine.buffers.observations <= 1.0).all()
        assert engine.world.conduct.banned.any()
        assert engine.buffers.ended.all()


def request_at_random(rng, auction_type):
    sizes = 2 if auction_type == "combinatorial" else 1
    agents, value = [], round(float(rng.uniform(0.5, 2.0)), 6)
    for _ in range(4):
        agent = {
            "cost": round(float(rng.uniform(0.0, 1.0)), 6),
            "reliability": round(float(rng.uniform(0.3, 1.0)), 3),
            "stake": round(float(rng.uniform(2.0, 30.0)), 6),
            "kept": float(rng.integers(12)),
            "broken": float(rng.integers(3)),
            "effort": [None, None, 0.5][rng.integers(3)],
            "forges": bool(rng.random() < 0.1),
        }
        if rng.random() < 0.5 and auction_type not in ("scoring", "combinatorial"):
            agent["bid"] = round(float(rng.uniform(0.0, 2.0 * value)), 6)
        agents.append(agent)
    supply = int(rng.integers(1, 3))
    request = {
        "auction_type": auction_type,
        "available_supply": supply,
        "value": value,
        "market_price": 0.4,
        "reserve_share": 0.25,
        "reputation": 0.35,
        "auction": {"reserve": 0.05, "increment": 0.02},
    }
    return request, agents, supply if sizes == 2 else 1


def worth_by_hand(request, agent, tasks):
    """Expected surplus of an honest contract at the best effort, credits."""
    value, cost, chance = tasks * request["value"], tasks * agent["cost"], agent["reliability"]
    success = 0.25 * 1.25 + 0.75 * 1.0
    efforts = np.linspace(0.0, 1.0, 200_001)
    done = chance * efforts
    return float((value * (done * success - 0.5 * (1.0 - done)) - cost * efforts**2).max())


@pytest.mark.parametrize("auction_type", AUCTION_TYPES)
def test_a_coordination_by_hand_is_what_its_steps_say(auction_type):
    rng, taken = np.random.default_rng(11), 0
    for seed in range(25):
        request, agents, sizes = request_at_random(rng, auction_type)
        found = econo_env.coordinate(request, agents, seed=seed)
        liability = 2.25 * request["value"]
        assert found.market.liability == pytest.approx(liability, abs=2e-6)
        assert found.market.reserve == pytest.approx(0.1)
        bounds = [beta.ppf(0.05, one["kept"] + 1.0, one["broken"] + 1.0) for one in agents]
        may = [
            bound >= 0.35 and one["stake"] >= sizes * liability - 2e-6
            for bound, one in zip(bounds, agents, strict=True)
        ]
        assert [one.eligible for one in found.standings] == may
        assert all(bool(one.why) != one.eligible for one in found.standings)
        bids = {one.agent: one for one in found.bids}
        assert set(bids) == {f"bidder_{i}" for i in range(4) if may[i]}
        for i, agent in enumerate(agents):
            if not may[i]:
                continue
            bid = bids[f"bidder_{i}"]
            for tasks in range(1, sizes + 1):
                worth = worth_by_hand(request, agent, tasks)
                assert bid.worths[tasks - 1] == pytest.approx(worth, abs=5e-6)
                said = agent.get("bid", worth)
                if said >= 1e-6:
                    assert bid.amounts[tasks - 1] == pytest.approx(said, abs=5e-6)
        holders_owe_what_the_auction_says(auction_type, request, bids, found)
        for contract in found.contracts:
            agent = agents[int(contract.agent[-1])]
            bond_and_pay_follow(request, agent, contract)
            taken += 1
        assert sum(one.tasks for one in found.contracts) <= request["available_supply"]
        told = "\n".join(found.told)
        assert all(one.agent in told for one in found.standings)
    assert taken > 10


def holders_owe_what_the_auction_says(auction_type, request, bids, found):
    supply, least = request["available_supply"], 0.1
    asked = sorted(((one.amounts[0] or 0.0, name) for name, one in bids.items()), reverse=True)
    served = [(amount, name) for amount, name in asked if amount >= least]
    if auction_type == "combinatorial":
        gain = sum(bids[one.agent].worths[one.tasks - 1] - least * one.tasks for one in found.contracts)
        amounts = np.array([[0.0, *(w - least * (t + 1) for t, w in enumerate(one.worths))] for one in bids.values()])
        if len(amounts):
            amounts = amounts[:, : supply + 1]
            assert gain == pytest.approx(best_split(np.maximum(amounts, 0.0), supply)[0], abs=2e-5)
        return
    losing = max(least, served[supply][0] if len(served) > supply else 0.0)
    step = {"english": 0.02, "dutch": 0.02}.get(auction_type, 0.0) + 5e-6
    assert len(found.contracts) == min(supply, len(served))
    for contract in found.contracts:
        own = bids[contract.agent].amounts[0]
        assert own >= losing - step
        target = own if auction_type in ("sealed_bid", "dutch") else losing
        if auction_type == "dutch":  # who would say yes earlier has it where the clock starts
            target = min(own, found.prices[0])
        assert contract.owes == pytest.approx(target, abs=step)


def bond_and_pay_follow(request, agent, contract):
    value = contract.tasks * request["value"]
    schedule = {"excellent": 1.25, "satisfactory": 1.0, "poor": -0.5, "byzantine": -1.0}
    bond = min(contract.owes + value, 2.25 * value)
    assert contract.bond == pytest.approx(bond, abs=3e-6)
    for grade, times in schedule.items():
        assert contract.pays[grade] == pytest.approx(max(times * value - contract.owes, -bond), abs=3e-6)
    assert contract.paid == pytest.approx(contract.pays[contract.grade], abs=2e-6)
    assert contract.slashed == max(0.0, -contract.paid)
    assert contract.forged == agent["forges"]
    if contract.forged:
        assert contract.grade in ("satisfactory", "byzantine")
        assert contract.cost == 0.0
    else:
        good = ["poor", "satisfactory", "excellent"][(contract.quality >= 0.6) + (contract.quality >= 0.9)]
        assert contract.grade == good
        assert contract.cost == pytest.approx(contract.tasks * agent["cost"] * contract.effort**2, abs=2e-6)
    assert contract.banned == (contract.grade == "byzantine")
    if agent["effort"] is not None and not contract.forged:
        assert contract.effort == pytest.approx(0.5)
    before, after = contract.reputation
    if not contract.banned:
        assert (after > before) == (contract.grade in ("excellent", "satisfactory"))


ANY = {"cost": 0.1, "reliability": 0.5}
WEIGHTED = {"auction_type": "dutch", "economic_incentives": {"reputation_weight": 1.0}}
WRONG = [
    ({"auction_type": "vikrey"}, [ANY], "did you mean 'vickrey'"),
    ({"value": -1.0}, [ANY], "value = -1"),
    ({}, [], "at least one"),
    ({}, [{"cost": 0.1}], "'reliability' is missing"),
    ({}, [{**ANY, "bid": 9.0}], "at most 2.125"),
    ({}, [{**ANY, "bid": (0.1, 0.2)}], "2 bids, give one for each number of tasks, 1"),
    ({}, [{**ANY, "reported_cost": 0.1}], "reports are for scoring"),
    ({"auction_type": "scoring"}, [{**ANY, "bid": 0.1}], "leave bid out"),
    ({"auction_type": "scoring"}, [{**ANY, "reported_cost": 0.3}], "above twice the cost"),
    (WEIGHTED, [ANY], "no weighted bids"),
]


@pytest.mark.parametrize(("request_", "agents", "said"), WRONG)
def test_what_cannot_be_coordinated_is_said(request_, agents, said):
    with pytest.raises(ValueError, match=said):
        econo_env.coordinate(request_, agents)


def test_an_incentive_is_said_in_two_places_that_agree():
    base = econo_env.load("coordination_market_v0")
    more = base.replace(**{"economic_incentives.performance_bonus_multiplier": 1.5})
    assert more.contracts.excellent == 1.5
    assert base.replace(**{"economy.contracts.excellent": 1.5}) == more
    weighty = base.replace(**{"economic_incentives.reputation_weight": 0.5})
    assert weighty.economy["weighting"].reputation_weight == 0.5
    assert weighty.replace(**{"economic_incentives.reputation_weight": 0.0}) == base
    naive = more.replace(**{"economic_incentives.naive": ["performance_bonus"]})
    assert naive.contracts.excellent == 1.0
    assert naive.replace(**{"economic_incentives.naive": []}) == more
    assert base.replace(economic_incentives={"staking_requirement": 2.0}).economy["staking"].requirement == 2.0
    for scenario in (more, weighty, naive):
        document = scenario.model_dump(mode="json")
        assert "mechanism" not in document
        assert econo_env.catalogue.from_mapping(document) == scenario
    document = base.model_dump(mode="json")
    document["economic_incentives"]["performance_bonus_multiplier"] = 2.0
    with pytest.raises(ValueError, match="say different things of one: leave one of the two out"):
        econo_env.catalogue.from_mapping(document)
    with pytest.raises(ValueError, match="mechanism follows from auction_type"):
        econo_env.catalogue.from_mapping({**base.model_dump(mode="json"), "mechanism": {"name": "english"}})
    with pytest.raises(ValueError, match="naive"):
        base.replace(auction_type="english", **{"economic_incentives.naive": ["reputation_weight"]})
    with pytest.raises(ValueError, match="ranks no bids"):
        econo_env.load("task_market_v1", economy={**econo_env.load("task_market_v1").economy, "weighting": {}})


def with_reputations(scenario, rng):
    """A batch in which agents have pasts, one tick on, so that weights have been set by them."""
    engine = started(scenario, 8)
    reputation = engine.world.reputation
    reputation.bound[:] = rng.uniform(0.05, 0.95, reputation.bound.shape)
    engine.step(np.full(engine.buffers.actions.shape, -1.0, dtype=np.float32))
    return engine


@pytest.mark.parametrize("naive", [False, True])
@pytest.mark.parametrize("auction_type", ["vickrey", "sealed_bid", "scoring"])
def test_bids_are_ranked_by_weight_and_owe_the_critical_value(auction_type, naive):
    incentives = {"reputation_weight": 1.5, "naive": ["reputation_weight"] if naive else []}
    scenario = load(auction_type, economic_incentives=incentives, max_cycles=8)
    rng, sold = np.random.default_rng(4), 0
    engine = with_reputations(scenario, rng)
    for _ in range(6):
        weights = np.floor(1000.0 * (1.0 + 1.5 * (engine.world.reputation.bound - 0.5)) + 0.5).astype(np.int64)
        np.testing.assert_array_equal(engine.state.weights, np.maximum(weights, 1))
        engine.step(at_random(rng)(engine))
        for k in range(8):
            bids = engine.state.bids[k]
            ranked = np.where(bids >= 0, weights[k] * bids, -1)
            first, second = np.argsort(-ranked)[:2]
            if ranked[first] < 0:
                continue
            assert set(np.flatnonzero(engine.state.award.units[k])) == {first}
            divisor = 1000 if naive else weights[k, first]
            owes = -(-max(ranked[second], 0) // divisor)
            assert engine.state.owes[k, first] == (bids[first] if auction_type == "sealed_bid" else owes)
            sold += 1
    assert sold > 20


def test_naive_forms_are_what_they_say():
    """The bonus comes off what is owed, in proportion to the own bid; the stake follows the own bid."""
    rng = np.random.default_rng(5)
    for naive in ("performance_bonus", "staking_requirement"):
        scenario = load(
            "vickrey", economic_incentives={"naive": [naive], "performance_bonus_multiplier": 1.5}, max_cycles=8
        )
        engine, sold = started(scenario, 8), 0
        for _ in range(8):
            engine.step(at_random(rng)(engine))
            state, world = engine.state, engine.world
            for k, i in np.argwhere(state.award.units != 0):
                second = np.sort(state.bids[k])[-2]
                assert state.owes[k, i] == max(second, 0)
                bonus = np.floor(0.5 * state.bids[k, i] + 0.5) if naive == "performance_bonus" else 0
                assert world.contracts.work.owes[k, i] == max(0, state.owes[k, i] - bonus)
                if naive == "staking_requirement":
                    assert world.staking.locked[k, i] == state.bids[k, i]
                sold += 1
        assert sold > 20


def test_the_page_runs_and_prints_what_it_shows(capsys):
    page = (ROOT / "docs" / "coordination.md").read_text()
    for block in re.findall(r"<!-- run -->\n```python\n(.*?)```", page, re.DOTALL):
        exec(block, {})
    shown = re.search(r"<!-- printed -->\n```text\n(.*?)```", page, re.DOTALL).group(1)
    assert capsys.readouterr().out == shown
