"""The combinatorial market: XOR bids for bundles by local and global bidders, cleared exactly every round."""

from econo_env.agents import named
from econo_env.engine.program import Stages
from econo_env.market import Interdependence, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.combinatorial import docs, false_names, features, kernels, state, strategies
from econo_env.markets.combinatorial.scenario import CombinatorialScenario, built_in

MARKET = Market(
    name="combinatorial",
    config=CombinatorialScenario,
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
        finish=rounds.finish,
        expose=kernels.expose,
        withdraw=kernels.withdraw,
        quote=kernels.quote,
    ),
    actions=state.action_names,
    features=features.features,
    types=Types(
        names=state.type_names,
        now=strategies.types,
        at=strategies.types_at,
        put=strategies.set_types,
        interdependence=Interdependence(applies=strategies.types_hang_together, put=strategies.set_types_given),
    ),
    welfare=strategies.welfare,
    agents=lambda scenario: named(scenario.bundle_values.sides(scenario.num_agents)),
    roles=lambda scenario: scenario.bundle_values.roles(scenario.num_agents),
    baselines=bidding_baselines(strategies.private_values, strategies.bid_actions, strategies.equilibrium_actions),
    judging=Judging(
        false_names=false_names.FALSE_NAMES,
    ),
    solver=Solver(
        solution=strategies.numerical_solution,
        outcome_tables=strategies.outcome_tables,
        expected_curves=strategies.expected_curves,
    ),
    view=View(info=state.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values", "items", "bundle")),
)
