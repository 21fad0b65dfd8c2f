"""One rule for each kind of market that no explanation knows: strange in whom it serves and in what it charges.

Run as a program, in plain Python: clears each from a file, plays each in the engine, and writes as JSON what was said.
"""

import json
import sys
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field

import econo_env
from econo_env.market import market_of
from econo_env.mechanisms import mechanism, mechanisms
from econo_env.mechanisms.document import clear_document
from econo_env.mechanisms.parameters import Tick, Units

ODD = 123_457  # micro-credits, no amount of any file


class Nothing(NamedTuple):
    """No reserve, no units, no rank, no power, no price."""

    whim: Annotated[float, Field(ge=0.0)] = 0.5


class OnlyUnits(NamedTuple):
    """Units for sale, and nothing else."""

    units: Units = 2


class OnlyStep(NamedTuple):
    """A tick, as a book needs one, and nothing else."""

    tick_size: Tick = 0.01


def lowest_wins(bids, weights, lottery, params, allocation, payments):
    """The lowest bid wins and is paid; everybody else pays."""
    allocation[:], payments[:] = 0, ODD + np.arange(len(bids))
    winner = int(np.argmin(np.where(bids < 0, 2**62, bids)))
    allocation[winner], payments[winner] = 1, -ODD


def lowest_wins_the_round(bids, lottery, params, allocation, payments):
    """The same without weights, among those who are there."""
    lowest_wins(bids, None, lottery, params, allocation, payments)
    payments[bids < 0] = 0


def lowest_unit(bids, lottery, params, allocation, payments):
    """A unit for the lowest first bid; all pay."""
    lowest_wins(bids[:, 0], None, lottery, params, allocation, payments)


def last_slot(bids, weights, lottery, params, allocation, payments):
    """The lowest bid takes the last slot, the others are left empty; all pay."""
    lowest_wins(bids, weights, lottery, params, allocation, payments)
    allocation *= params.click_rates.shape[0]


def lowest_score(scores, prices, lottery, params, allocation, payments):
    """The lowest score is bought; all are paid."""
    lowest_wins(scores, None, lottery, params, allocation, payments)
    payments[allocation > 0] = ODD


def task_for_the_lowest(scores, weights, lottery, params, allocation, second_scores):
    """The lowest score takes the task."""
    lowest_wins(scores, weights, lottery, params, allocation, second_scores)
    second_scores[:] = ODD * allocation


def first_in_the_list(limits, standing, lottery, params, clock):
    """The first tick sends bidder 0 away; the second sells to bidder 1."""
    standing[0] = 0
    return clock._replace(best=ODD, leader=1 if clock.tick else -1, sold=clock.tick > 0, price=clock.price + ODD)


def worst_pair(bids, asks, lottery, params, order, allocation, payments):
    """The lowest bid buys of the highest ask; all pay the market maker."""
    allocation[:], payments[:] = 0, ODD
    allocation[int(np.argmin(bids))], allocation[len(bids) + int(np.argmax(asks))] = 1, -1


def half_the_price(book, trader, side, level):
    """The usual book, at half the price of the order that was there."""
    matched, at = mechanism("continuous_double_auction").rule(book, trader, side, level)
    return matched, max(at // 2, 1) if matched >= 0 else at


def first_offer(game, bids, lottery, params, allocation, payments, scratch):
    """The first offer of the first bidder wins; all pay."""
    allocation[:], payments[:] = -1, ODD
    allocation[0] = game.first[0]


OF_EACH_MARKET = {  # the market's usual rule whose file and scenario are taken, the rule, its parameters
    "sealed_bid": ("first_price", lowest_wins, Nothing),
    "sequential": ("sequential_first_price", lowest_wins_the_round, Nothing),
    "multi_unit": ("uniform_price", lowest_unit, OnlyUnits),
    "position": ("gsp", last_slot, Nothing),
    "scoring": ("second_score", lowest_score, Nothing),
    "task_market": ("contingent_second_score", task_for_the_lowest, Nothing),
    "clock": ("english", first_in_the_list, Nothing),
    "double_auction": ("mcafee", worst_pair, Nothing),
    "order_book": ("continuous_double_auction", half_the_price, OnlyStep),
    "combinatorial": ("combinatorial", first_offer, Nothing),
}


def strange(market):
    """Puts the strange rule of a market on the table: a row with nothing but what every row must have."""
    usual, rule, parameters = OF_EACH_MARKET[market]
    kind, name = type(mechanism(usual)), f"strange_{market}"
    mechanisms()[name] = kind(name, "A strange rule.", market, rule, parameters, (), "none", "none")


def said_by_clear(market):
    """The explanation of the market's example file under the strange rule, with the result."""
    from tests.markets.test_clearing import document_of

    document = document_of(OF_EACH_MARKET[market][0])
    document["mechanism"] = {"name": f"strange_{market}"}
    cleared = clear_document(document)
    return {"lines": cleared.explanation, "paid": [float(paid) for paid in cleared.payments]}


def said_by_the_picture(market):
    """The page and the pictures of a round of the market under the strange rule."""
    name = OF_EACH_MARKET[market][0]
    made = map(econo_env.load, econo_env.scenarios())
    usual = next(one for one in made if (one.market, one.mechanism.name) == (market, name))
    options = mechanism(f"strange_{market}").options()
    scenario = usual.replace(mechanism=options.model_dump(), max_cycles=3)
    env = econo_env.parallel_env(scenario, render_mode="ansi")
    env.reset(seed=1)
    rows = market_of(scenario).baselines.truthful(scenario, env.engine.buffers.observations)[0]
    pages = [econo_env.describe(scenario), env.render()]
    for _ in range(2):
        env.step({agent: row for agent, row in zip(env.possible_agents, rows, strict=True) if agent in env.agents})
        pages.append(env.render())
    image = econo_env.parallel_env(scenario, render_mode="rgb_array")
    image.reset(seed=1)
    image.step(dict(zip(image.possible_agents, rows, strict=True)))
    assert image.render().ndim == 3
    return pages


if __name__ == "__main__":
    told = {}
    for market in OF_EACH_MARKET:
        strange(market)
        told[market] = {"clear": said_by_clear(market), "pages": said_by_the_picture(market)}
    json.dump(told, sys.stdout)
