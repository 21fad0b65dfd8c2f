"""The combinatorial market: XOR bids for bundles by local and global bidders, cleared exactly every round."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.games.false_names import FalseNames
from econo_env.market import Interdependence, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.combinatorial import (
    analysis,
    docs,
    false_names,
    features,
    kernels,
    state,
    strategies,
)
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
        now=analysis.types,
        at=analysis.types_at,
        put=analysis.set_types,
        interdependence=Interdependence(applies=analysis.types_hang_together, put=analysis.set_types_given),
    ),
    welfare=analysis.welfare,
    agents=strategies.agents,
    roles=strategies.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=strategies.private_values, place=strategies.bid_actions),
    ),
    judging=Judging(
        false_names=FalseNames(
            misfit=false_names.misfit,
            reports=false_names.reports,
            splits=false_names.splits,
            play=false_names.play,
        ),
    ),
    solver=Solver(
        solution=strategies.numerical_solution,
        outcome_tables=analysis.outcome_tables,
        expected_curves=analysis.expected_curves,
    ),
    view=View(
        info=state.info,
        docs=docs.docs,
        series=strategies.series,
        drawn_ahead=("values", "items", "bundle"),
    ),
)
