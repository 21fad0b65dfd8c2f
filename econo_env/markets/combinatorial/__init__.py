"""The combinatorial market: XOR bids for bundles by local and global bidders, cleared exactly every round."""

from econo_env.engine.program import Stages
from econo_env.market import Interdependence, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.combinatorial import analysis, docs, false_names, features, kernels, state, strategies
from econo_env.markets.combinatorial.scenario import CombinatorialScenario, built_in
from econo_env.markets.strategies import bidding_baselines

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
        now=analysis.types,
        at=analysis.types_at,
        put=analysis.set_types,
        interdependence=Interdependence(applies=analysis.types_hang_together, put=analysis.set_types_given),
    ),
    welfare=analysis.welfare,
    agents=strategies.agents,
    roles=strategies.roles,
    baselines=bidding_baselines(strategies.private_values, strategies.bid_actions, strategies.equilibrium_actions),
    judging=Judging(
        false_names=false_names.FALSE_NAMES,
    ),
    solver=Solver(
        solution=strategies.numerical_solution,
        outcome_tables=analysis.outcome_tables,
        expected_curves=analysis.expected_curves,
    ),
    view=View(info=state.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values", "items", "bundle")),
)
