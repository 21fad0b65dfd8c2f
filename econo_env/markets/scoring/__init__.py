"""The scoring auction: a buyer scores offers of price and quality."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, Market, Types, View
from econo_env.markets import rounds
from econo_env.markets.scoring import analysis, docs, document, features, kernels, state, strategies, view
from econo_env.markets.scoring.scenario import ScoringScenario, built_in

MARKET = Market(
    name="scoring",
    config=ScoringScenario,
    built_in=built_in,
    state=state.State,
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
        names=analysis.type_names,
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
    ),
    clear=document.clear_document,
    view=View(
        info=state.info,
        picture=view.picture,
        docs=docs.docs,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
