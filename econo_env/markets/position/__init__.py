"""The position auction: advertising slots with click rates, private values of a click, one sealed bid each."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.market import BidSearch, Judging, Market, Solver, View
from econo_env.markets import rounds
from econo_env.markets.position import analysis, docs, kernels, strategies
from econo_env.markets.position.scenario import PositionScenario, built_in
from econo_env.markets.private_value import one_value
from econo_env.markets.sealed_bid import analysis as sealed_analysis
from econo_env.markets.sealed_bid import kernels as sealed_kernels
from econo_env.markets.sealed_bid import state as sealed_state
from econo_env.markets.sealed_bid import strategies as sealed_strategies
from econo_env.markets.sealed_bid.features import features

MARKET = Market(
    name="position",
    config=PositionScenario,
    built_in=built_in,
    state=sealed_state.State,
    axes=kernels.axes,
    params=kernels.params,
    kernels=Stages(
        reset=sealed_kernels.reset,
        forget=sealed_kernels.forget,
        bids=sealed_kernels.bids,
        clear=sealed_kernels.clear,
        settle=kernels.settle,
        observe=sealed_kernels.observe,
        finish=rounds.finish,
        expose=sealed_kernels.expose,
        withdraw=sealed_kernels.withdraw,
        quote=kernels.quote,
    ),
    actions=sealed_state.action_names,
    features=features,
    types=one_value("value"),
    welfare=analysis.welfare,
    roles=sealed_strategies.roles,
    baselines=Baselines(
        truthful=sealed_strategies.truthful_actions,
        scaled=sealed_strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=sealed_strategies.private_values, place=sealed_strategies.bid_actions),
    ),
    judging=Judging(
        bids=BidSearch(made=sealed_analysis.bids_made, highest=sealed_analysis.highest_bid, curves=analysis.bid_curves)
    ),
    solver=Solver(
        solution=strategies.numerical_solution, expected_outcome=analysis.expected_outcome, bidding=analysis.bidding
    ),
    view=View(
        info=kernels.info,
        docs=docs.docs,
        series=strategies.series,
        drawn_ahead=("values",),
    ),
)
