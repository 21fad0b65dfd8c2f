"""The sealed two-sided market: buyers and sellers of one unit each, one simultaneous offer each."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.market import BidSearch, Judging, Market, Solver, View, always
from econo_env.markets import rounds
from econo_env.markets.analysis import bids_made
from econo_env.markets.double_auction import docs, false_names, features, kernels, strategies
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario, built_in
from econo_env.markets.private_value import one_value
from econo_env.markets.sealed_bid import kernels as sealed_kernels

MARKET = Market(
    name="double_auction",
    config=DoubleAuctionScenario,
    built_in=built_in,
    state=kernels.State,
    params=kernels.params,
    kernels=Stages(
        reset=kernels.reset,
        bids=kernels.bids,
        clear=kernels.clear,
        settle=rounds.settle,
        observe=rounds.observe,
        finish=rounds.finish,
        expose=kernels.expose,
        withdraw=sealed_kernels.withdraw,
    ),
    actions=kernels.action_names,
    features=features.features,
    types=one_value("value"),
    welfare=strategies.welfare,
    agents=strategies.agents,
    roles=strategies.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=strategies.private_values, place=strategies.bid_actions),
    ),
    judging=Judging(
        bids=BidSearch(
            made=bids_made, highest=strategies.highest_bid, curves=strategies.bid_curves, clearing=strategies.clearing
        ),
        false_names=false_names.FALSE_NAMES,
    ),
    solver=Solver(solution=strategies.numerical_solution, bidding=strategies.bidding),
    two_sided=True,
    fresh_values=always,
    view=View(info=rounds.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values",)),
)
