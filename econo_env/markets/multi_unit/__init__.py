"""The multi-unit market: identical units at once, decreasing marginal values, one bid for each unit wanted."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.games.false_names import FalseNames
from econo_env.market import Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.multi_unit import (
    analysis,
    docs,
    equilibria,
    false_names,
    features,
    kernels,
    state,
    strategies,
)
from econo_env.markets.multi_unit.scenario import MultiUnitScenario, built_in

MARKET = Market(
    name="multi_unit",
    config=MultiUnitScenario,
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
    ),
    actions=state.action_names,
    features=features.features,
    types=Types(
        names=state.type_names,
        now=analysis.types,
        at=analysis.types_at,
        put=analysis.set_types,
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
            merged=false_names.merged,
        ),
    ),
    solver=Solver(
        solution=equilibria.numerical_solution,
        expected_outcome=equilibria.expected_outcome,
        unit_bids=equilibria.offers_unit_bids,
        bidding=equilibria.bidding,
    ),
    view=View(
        info=state.info,
        docs=docs.docs,
        series=strategies.series,
        drawn_ahead=("values",),
    ),
)
