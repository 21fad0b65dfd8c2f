"""Clock auctions: one item, a price that moves tick by tick, bidders who see it and say yes or no."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, BidSearch, Judging, Market, Solver, Types, View
from econo_env.markets.clock import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.clock.scenario import ClockScenario, built_in

MARKET = Market(
    name="clock",
    config=ClockScenario,
    built_in=built_in,
    state=layout.State,
    params=layout.terms,
    kernels=Stages(
        reset=phases.reset,
        bids=phases.bids,
        clear=phases.clear,
        settle=phases.settle,
        observe=phases.observe,
        finish=phases.finish,
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
    roles=strategies.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=strategies.private_values, place=strategies.bid_actions),
        sale_begins=strategies.sale_begins,
        keeps_limits=True,
    ),
    judging=Judging(
        bids=BidSearch(
            made=outcome.bids_made,
            highest=outcome.highest_bid,
            curves=outcome.bid_curves,
            reveal=outcome.reveal_bids,
        ),
        one_round=True,
    ),
    solver=Solver(solution=strategies.numerical_solution, bid_function=strategies.equilibrium_bids),
    clear=form.clear_form,
    view=View(
        info=layout.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
    ),
)
