"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges."""

from econo_env.engine.program import Stages
from econo_env.market import BidSearch, Interdependence, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.analysis import bids_made
from econo_env.markets.private_value import now, put
from econo_env.markets.sealed_bid import analysis, docs, equilibria, false_names, features, kernels, state, strategies
from econo_env.markets.sealed_bid.scenario import SealedBidScenario, built_in, levers

MARKET = Market(
    name="sealed_bid",
    config=SealedBidScenario,
    built_in=built_in,
    state=state.State,
    axes=state.axes,
    params=state.params,
    kernels=Stages(
        reset=kernels.reset,
        bids=kernels.bids,
        clear=kernels.clear,
        settle=kernels.settle,
        observe=kernels.observe,
        finish=rounds.close,
        flags=rounds.flags,
        forget=kernels.forget,
        expose=kernels.expose,
        withdraw=kernels.withdraw,
        quote=kernels.quote,
    ),
    actions=state.action_names,
    features=features.features,
    types=Types(
        names=lambda scenario: (state.type_name(scenario),),
        now=now,
        at=analysis.types_at,
        put=put,
        interdependence=Interdependence(applies=analysis.types_hang_together, put=analysis.set_types_given),
    ),
    levers=levers,
    elementwise=state.elementwise,
    fresh_values=lambda scenario: scenario.information.private,
    welfare=analysis.welfare,
    agents=strategies.agents,
    roles=strategies.roles,
    baselines=bidding_baselines(
        strategies.private_values, strategies.bid_actions, strategies.equilibrium_actions, strategies.multiples
    ),
    judging=Judging(
        bids=BidSearch(
            made=bids_made,
            highest=analysis.highest_bid,
            curves=analysis.bid_curves,
            applies=analysis.offers_bid_curves,
            clearing=analysis.clearing,
        ),
        false_names=false_names.FALSE_NAMES,
    ),
    solver=Solver(
        solution=equilibria.numerical_solution,
        bid_function=equilibria.equilibrium_bids,
        expected_outcome=analysis.expected_outcome,
        bidding=analysis.bidding,
    ),
    view=View(info=state.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values",)),
)
