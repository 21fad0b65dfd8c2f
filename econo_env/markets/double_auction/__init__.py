"""The sealed two-sided market: buyers and sellers of one unit each, one simultaneous offer each."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, BidSearch, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.double_auction import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.double_auction.scenario import DoubleAuctionScenario, built_in

MARKET = Market(
    name="double_auction",
    config=DoubleAuctionScenario,
    built_in=built_in,
    state=layout.State,
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
    judging=Judging(bids=BidSearch(made=outcome.bids_made, highest=outcome.highest_bid, curves=outcome.bid_curves)),
    solver=Solver(solution=strategies.numerical_solution),
    two_sided=True,
    clear=form.clear_form,
    view=View(
        info=layout.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
