"""Clock auctions: one item, a price that moves tick by tick, bidders who see it and say yes or no."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.market import BidSearch, Judging, Market, Solver, View
from econo_env.markets import rounds
from econo_env.markets.clock import analysis, docs, features, kernels, state, strategies
from econo_env.markets.clock.scenario import ClockScenario, built_in, levers
from econo_env.markets.private_value import one_value

MARKET = Market(
    name="clock",
    config=ClockScenario,
    built_in=built_in,
    state=state.State,
    params=state.params,
    kernels=Stages(
        reset=kernels.reset,
        bids=kernels.bids,
        clear=kernels.clear,
        settle=kernels.settle,
        observe=kernels.observe,
        finish=kernels.finish,
        expose=kernels.expose,
        withdraw=kernels.withdraw,
    ),
    actions=state.action_names,
    features=features.features,
    types=one_value("value"),
    levers=levers,
    welfare=analysis.welfare,
    roles=strategies.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=strategies.private_values, place=strategies.bid_actions),
        sale_begins=strategies.sale_begins,
        keeps_limits=True,
    ),
    undone_by_award=False,
    judging=Judging(
        bids=BidSearch(
            made=analysis.bids_made,
            highest=analysis.highest_bid,
            curves=analysis.bid_curves,
            reveal=analysis.reveal_bids,
        ),
        one_round=True,
    ),
    solver=Solver(solution=strategies.numerical_solution, bid_function=strategies.equilibrium_bids),
    view=View(
        info=rounds.info,
        docs=docs.docs,
        series=strategies.series,
    ),
)
