"""The scoring auction: a buyer scores offers of price and quality."""

from econo_env.agents import SUPPLIER, named
from econo_env.baselines import Baselines
from econo_env.engine.program import Stages
from econo_env.market import Market, View
from econo_env.markets import rounds
from econo_env.markets.private_value import by_prior, one_value
from econo_env.markets.scoring import docs, features, kernels, strategies
from econo_env.markets.scoring.scenario import ScoringScenario, built_in

MARKET = Market(
    name="scoring",
    config=ScoringScenario,
    built_in=built_in,
    state=kernels.State,
    params=kernels.params,
    kernels=Stages(
        reset=kernels.reset,
        bids=kernels.bids,
        clear=kernels.clear,
        settle=kernels.settle,
        observe=rounds.observe,
        finish=rounds.finish,
        expose=kernels.expose,
        withdraw=kernels.withdraw,
    ),
    actions=kernels.action_names,
    features=features.features,
    types=one_value("cost"),
    welfare=strategies.welfare,
    agents=lambda scenario: named([SUPPLIER] * scenario.num_agents),
    roles=by_prior,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
    ),
    view=View(info=kernels.info, docs=docs.docs, series=strategies.series, drawn_ahead=("values",)),
)
