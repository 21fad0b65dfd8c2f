"""The sealed-bid market: private values, one simultaneous bid each, a rule that allocates and charges."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, BidSearch, Interdependence, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.sealed_bid import (
    equilibria,
    features,
    form,
    layout,
    manual,
    outcome,
    phases,
    picture,
    strategies,
)
from econo_env.markets.sealed_bid.scenario import SealedBidScenario, built_in

MARKET = Market(
    name="sealed_bid",
    config=SealedBidScenario,
    built_in=built_in,
    state=layout.State,
    axes=layout.axes,
    params=layout.terms,
    kernels=Stages(
        reset=phases.reset,
        bids=phases.bids,
        clear=phases.clear,
        settle=phases.settle,
        observe=phases.observe,
        finish=rounds.finish,
        expose=phases.expose,
        withdraw=phases.withdraw,
    ),
    actions=layout.action_names,
    features=features.features,
    types=Types(
        names=outcome.type_names,
        now=outcome.types,
        at=outcome.types_at,
        put=outcome.set_types,
        interdependence=Interdependence(applies=outcome.types_hang_together, put=outcome.set_types_given),
    ),
    welfare=outcome.welfare,
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
            made=outcome.bids_made,
            highest=outcome.highest_bid,
            curves=outcome.bid_curves,
            applies=outcome.offers_bid_curves,
        )
    ),
    solver=Solver(
        solution=equilibria.numerical_solution,
        bid_function=equilibria.equilibrium_bids,
        expected_outcome=outcome.expected_outcome,
    ),
    clear=form.clear_form,
    view=View(
        info=layout.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
