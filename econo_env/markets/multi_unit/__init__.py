"""The multi-unit market: identical units at once, decreasing marginal values, one bid for each unit wanted."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.multi_unit import (
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
from econo_env.markets.multi_unit.scenario import MultiUnitScenario, built_in

MARKET = Market(
    name="multi_unit",
    config=MultiUnitScenario,
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
        names=layout.type_names,
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
    solver=Solver(
        solution=equilibria.numerical_solution,
        expected_outcome=equilibria.expected_outcome,
        unit_bids=equilibria.offers_unit_bids,
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
