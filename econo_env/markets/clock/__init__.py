"""Clock auctions: one item, a price that moves tick by tick, bidders who see it and say yes or no."""

from dataclasses import replace

from econo_env.engine.program import Stages
from econo_env.market import BidSearch, Judging, Market, Solver, View, always
from econo_env.markets import rounds
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.analysis import bids_made
from econo_env.markets.clock import analysis, docs, features, kernels, strategies
from econo_env.markets.clock.scenario import ClockScenario, built_in, levers
from econo_env.markets.private_value import by_prior, one_value
from econo_env.markets.sealed_bid import kernels as sealed_kernels

MARKET = Market(
    name="clock",
    config=ClockScenario,
    built_in=built_in,
    state=kernels.State,
    params=kernels.params,
    kernels=Stages(
        reset=kernels.reset,
        bids=sealed_kernels.bids,
        clear=kernels.clear,
        settle=kernels.settle,
        observe=kernels.observe,
        finish=kernels.finish,
        expose=kernels.expose,
        withdraw=kernels.withdraw,
        hold=kernels.hold,
        revoke=kernels.revoke,
        asked=kernels.asked,
        decided=kernels.decided,
        indicated=kernels.indicated,
    ),
    actions=kernels.action_names,
    features=features.features,
    types=one_value("value"),
    levers=levers,
    welfare=analysis.welfare,
    roles=by_prior,
    baselines=replace(
        bidding_baselines(strategies.private_values, strategies.bid_actions, strategies.equilibrium_actions),
        sale_begins=strategies.sale_begins,
        keeps_limits=True,
    ),
    undone_by_award=False,
    sale_goes_on=always,
    judging=Judging(
        bids=BidSearch(
            made=bids_made,
            highest=analysis.highest_bid,
            curves=analysis.bid_curves,
            reveal=analysis.reveal_bids,
        ),
        one_round=True,
    ),
    solver=Solver(solution=strategies.numerical_solution, bid_function=strategies.equilibrium_bids),
    view=View(info=rounds.info, docs=docs.docs, series=strategies.series),
)
