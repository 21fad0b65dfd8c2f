"""The scoring auction: a buyer scores offers of price and quality."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, Market, Types, View
from econo_env.markets import rounds
from econo_env.markets.scoring import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.scoring.scenario import ScoringScenario, built_in

MARKET = Market(
    name="scoring",
    config=ScoringScenario,
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
        expose=phases.expose,
        withdraw=phases.withdraw,
    ),
    actions=layout.action_names,
    features=features.features,
    types=Types(
        names=outcome.type_names,
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
