"""What a scenario of a coordination market comes to: lengths of axes, the meaning of actions, constants."""

import numpy as np

from econo_env.engine.state import Int64s
from econo_env.markets.coordination.scenario import CoordinationScenario
from econo_env.markets.coordination.state import AuctionParams, Bundles, Params
from econo_env.markets.wording import numbered
from econo_env.mechanisms.combinatorial.batch import game_of
from econo_env.mechanisms.combinatorial.room import room_axes
from econo_env.mechanisms.weighted_price import Payment
from econo_env.money import MICRO, to_money
from econo_env.valuations.drawing import draw_tables
from econo_env.valuations.xor_bids import XorBids, xor_bids


def _packages(scenario: CoordinationScenario) -> tuple[XorBids, Int64s]:
    """A bid of each agent for every set of the tasks, and the tasks in each set."""
    tasks = scenario.available_supply if scenario.sells_bundles else 0
    sets = [[task for task in range(tasks) if number >> task & 1] for number in range(1, 1 << tasks)]
    wanted = [(agent, bundle, 0) for agent in range(scenario.num_agents) for bundle in sets]
    return xor_bids(wanted, tasks, scenario.num_agents), np.array([len(bundle) for bundle in sets], dtype=np.int64)


def axes(scenario: CoordinationScenario) -> dict[str, int]:
    """Lengths of the named axes."""
    offers, _ = _packages(scenario)
    clears = offers.num_items > 0
    own = {
        "bids": scenario.num_agents * scenario.sizes,
        "tasks": scenario.available_supply + 1,
        "winners": scenario.num_agents if clears else 0,
    }
    room = room_axes(scenario.num_agents, len(offers.owner), offers.num_items)
    return own | (room if clears else dict.fromkeys(room, 0))


def action_names(scenario: CoordinationScenario) -> tuple[str, ...]:
    """What each component of an action in [-1, 1] means: bids or reports, efforts, forgery."""
    reports = ("cost_report", "reliability_report")
    asked = reports if scenario.auction_row.reports else numbered("bid", scenario.sizes, first=1)
    return (*asked, *numbered("effort", scenario.sizes, first=1), "forgery")


def params(scenario: CoordinationScenario) -> Params:
    """The scenario's constants for the compiled kernels."""
    contracts, incentives, auction = scenario.contracts, scenario.economic_incentives, scenario.auction
    offers, set_sizes = _packages(scenario)
    naive, reports = incentives.naive, scenario.auction_row.reports
    effort_at = 2 if reports else scenario.sizes
    highest_task = scenario.tasks.value.highest * MICRO
    weighted = Payment.naive if "reputation_weight" in naive else Payment.critical
    bonus = incentives.performance_bonus_multiplier - 1.0 if "performance_bonus" in naive else 0.0
    return Params(
        rule=AuctionParams(
            reserve=int(to_money(auction.reserve)),
            increment=int(to_money(auction.increment)),
            supply=scenario.available_supply,
            payment=int(weighted),
            core=int(auction.payment),
        ),
        game=Bundles(set_sizes, game_of(offers)),
        schedule=contracts.schedule,
        detection=contracts.detected,
        stake_cap=contracts.cap,
        max_cycles=scenario.max_cycles,
        truncates=scenario.end_of_episode == "truncation",
        task_values=draw_tables([scenario.tasks.value.quantile_table()], float(MICRO)),
        cost_shares=draw_tables([scenario.agents.cost.quantile_table()], float(MICRO)),
        reliabilities=draw_tables([scenario.agents.reliability.quantile_table()], 1.0),
        highest_task=highest_task,
        highest_pay=contracts.excellent * highest_task * scenario.sizes,
        highest_cost_share=scenario.agents.cost.highest,
        sizes=scenario.sizes,
        reports=reports,
        bids_are_amounts=scenario.bids == "amount",
        clock=scenario.auction_row.clock,
        rises=scenario.auction_row.rises,
        effort_at=effort_at,
        forgery_at=effort_at + scenario.sizes,
        synergy=scenario.agents.synergy,
        naive_bonus=bonus,
        naive_stake="staking_requirement" in naive,
        waiting=scenario.current_demand.waiting,
        arrivals=scenario.current_demand.arrivals,
        most_waiting=scenario.current_demand.most,
        price_start=float(to_money(scenario.market_price.start)),
        price_weight=scenario.market_price.weight,
        reserve_share=scenario.market_price.reserve_share,
    )


def largest_contract(scenario: CoordinationScenario) -> float:
    """What V(satisfactory) of a request's tasks together is at most, credits."""
    return scenario.tasks.value.highest * scenario.available_supply
