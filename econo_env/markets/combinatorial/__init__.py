"""The combinatorial market: XOR bids for bundles by local and global bidders, cleared exactly every round."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, Interdependence, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.combinatorial import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.combinatorial.scenario import CombinatorialScenario, built_in

MARKET = Market(
    name="combinatorial",
    config=CombinatorialScenario,
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
    solver=Solver(
        solution=strategies.numerical_solution,
        outcome_tables=outcome.outcome_tables,
        expected_curves=outcome.expected_curves,
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
