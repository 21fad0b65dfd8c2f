"""The position auction: advertising slots with click rates, private values of a click, one sealed bid each."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, BidSearch, Judging, Market, Solver, Types, View
from econo_env.markets import rounds
from econo_env.markets.position import form, manual, outcome, phases, picture, strategies
from econo_env.markets.position.scenario import PositionScenario, built_in
from econo_env.markets.sealed_bid import layout as sealed_layout
from econo_env.markets.sealed_bid import outcome as sealed_outcome
from econo_env.markets.sealed_bid import phases as sealed_phases
from econo_env.markets.sealed_bid import strategies as sealed_strategies
from econo_env.markets.sealed_bid.features import features

MARKET = Market(
    name="position",
    config=PositionScenario,
    built_in=built_in,
    state=sealed_layout.State,
    axes=phases.axes,
    params=phases.terms,
    kernels=Stages(
        reset=sealed_phases.reset,
        bids=sealed_phases.bids,
        clear=sealed_phases.clear,
        settle=phases.settle,
        observe=sealed_phases.observe,
        finish=rounds.finish,
        expose=sealed_phases.expose,
        withdraw=sealed_phases.withdraw,
    ),
    actions=sealed_layout.action_names,
    features=features,
    types=Types(
        names=sealed_outcome.type_names,
        now=sealed_outcome.types,
        at=sealed_outcome.types_at,
        put=sealed_outcome.set_types,
    ),
    welfare=outcome.welfare,
    roles=sealed_strategies.roles,
    baselines=Baselines(
        truthful=sealed_strategies.truthful_actions,
        scaled=sealed_strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=sealed_strategies.private_values, place=sealed_strategies.bid_actions),
    ),
    judging=Judging(
        bids=BidSearch(made=sealed_outcome.bids_made, highest=sealed_outcome.highest_bid, curves=outcome.bid_curves)
    ),
    solver=Solver(solution=strategies.numerical_solution, expected_outcome=outcome.expected_outcome),
    clear=form.clear_form,
    view=View(
        info=phases.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=sealed_strategies.DRAWN_AHEAD,
    ),
)
