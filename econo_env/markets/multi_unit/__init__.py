"""The multi-unit market: identical units at once, decreasing marginal values, one bid for each unit wanted."""

from econo_env.engine.program import Stages
from econo_env.market import Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.multi_unit import docs, equilibria, false_names, features, kernels, strategies
from econo_env.markets.multi_unit.scenario import MultiUnitScenario, built_in
from econo_env.markets.private_value import amounts, by_prior
from econo_env.markets.sealed_bid import strategies as sealed_strategies

MARKET = Market(
    name="multi_unit",
    config=MultiUnitScenario,
    built_in=built_in,
    state=kernels.State,
    axes=kernels.axes,
    params=kernels.params,
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
    actions=kernels.action_names,
    features=features.features,
    types=Types(names=kernels.type_names, now=amounts, at=strategies.types_at, put=strategies.set_types),
    welfare=strategies.welfare,
    agents=sealed_strategies.agents,
    roles=by_prior,
    baselines=bidding_baselines(strategies.private_values, strategies.bid_actions, strategies.equilibrium_actions),
    judging=Judging(false_names=false_names.FALSE_NAMES),
    solver=Solver(
        solution=equilibria.numerical_solution,
        expected_outcome=equilibria.expected_outcome,
        unit_bids=equilibria.offers_unit_bids,
        bidding=equilibria.bidding,
    ),
    view=View(info=kernels.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values",)),
)
