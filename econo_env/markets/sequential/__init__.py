"""The sequential sale: one unit a round, single-unit demand, winners leave, losers see the price and bid on."""

from typing import Any

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, Judging, Market, Types, View
from econo_env.markets import rounds
from econo_env.markets.sealed_bid import outcome as sealed_outcome
from econo_env.markets.sealed_bid import phases as sealed_phases
from econo_env.markets.sealed_bid import strategies as sealed_strategies
from econo_env.markets.sequential import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.sequential.scenario import SequentialScenario, built_in

MARKET: Market[SequentialScenario, Any] = Market(
    name="sequential",
    config=SequentialScenario,
    built_in=built_in,
    state=layout.State,
    params=layout.terms,
    kernels=Stages(
        reset=phases.reset,
        bids=phases.bids,
        clear=phases.clear,
        settle=phases.settle,
        observe=phases.observe,
        finish=rounds.finish,
        expose=sealed_phases.expose,
        withdraw=sealed_phases.withdraw,
        present=features.present,
    ),
    actions=layout.action_names,
    features=features.features,
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
    judging=Judging(played_out=True),
    clear=form.clear_form,
    view=View(
        info=layout.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
