"""The position auction: advertising slots with click rates, private values of a click, one sealed bid each."""

from dataclasses import replace

from econo_env.market import BidSearch, Judging, Market, Solver, View
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.analysis import bids_made
from econo_env.markets.position import kernels, strategies
from econo_env.markets.position.scenario import PositionScenario, built_in
from econo_env.markets.private_value import one_value
from econo_env.markets.sealed_bid import MARKET as SEALED_BID
from econo_env.markets.sealed_bid import analysis as sealed_analysis
from econo_env.markets.sealed_bid import strategies as sealed_strategies

MARKET = Market(
    name="position",
    config=PositionScenario,
    built_in=built_in,
    state=SEALED_BID.state,
    axes=kernels.axes,
    params=kernels.params,
    kernels=replace(SEALED_BID.kernels, settle=kernels.settle, quote=kernels.quote),
    actions=SEALED_BID.actions,
    features=SEALED_BID.features,
    types=one_value("value"),
    welfare=strategies.welfare,
    roles=SEALED_BID.roles,
    baselines=bidding_baselines(
        sealed_strategies.private_values, sealed_strategies.bid_actions, strategies.equilibrium_actions
    ),
    judging=Judging(
        bids=BidSearch(
            made=bids_made,
            highest=sealed_analysis.highest_bid,
            curves=strategies.bid_curves,
            clearing=strategies.clearing,
        )
    ),
    solver=Solver(
        solution=strategies.numerical_solution, expected_outcome=strategies.expected_outcome, bidding=strategies.bidding
    ),
    view=View(info=kernels.info, docs=strategies.docs, series=strategies.series, drawn_ahead=("values",)),
)
