"""The sequential sale: one unit a round, single-unit demand, winners leave, losers see the price and bid on."""

from econo_env.engine.program import Stages
from econo_env.market import Judging, Market, View
from econo_env.markets import rounds
from econo_env.markets.actions import bidding_baselines
from econo_env.markets.private_value import one_value
from econo_env.markets.sealed_bid import kernels as sealed_kernels
from econo_env.markets.sealed_bid import strategies as sealed_strategies
from econo_env.markets.sealed_bid.state import action_names, params
from econo_env.markets.sequential import features, kernels, strategies
from econo_env.markets.sequential.scenario import SequentialScenario, built_in

MARKET = Market(
    name="sequential",
    config=SequentialScenario,
    built_in=built_in,
    state=kernels.State,
    params=params,
    kernels=Stages(
        reset=kernels.reset,
        bids=kernels.bids,
        clear=kernels.clear,
        settle=kernels.settle,
        observe=kernels.observe,
        finish=rounds.finish,
        expose=sealed_kernels.expose,
        withdraw=sealed_kernels.withdraw,
        present=features.present,
        revoke=kernels.revoke,
        asked=kernels.asked,
    ),
    actions=action_names,
    features=features.features,
    types=one_value("value"),
    welfare=strategies.welfare,
    roles=sealed_strategies.roles,
    baselines=bidding_baselines(
        sealed_strategies.private_values, sealed_strategies.bid_actions, strategies.equilibrium_actions
    ),
    undone_by_award=False,
    judging=Judging(played_out=True),
    view=View(info=rounds.info, docs=strategies.docs, series=strategies.series),
)
