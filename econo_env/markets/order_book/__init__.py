"""The market with a limit order book: a continuous double auction, tick by tick."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.market import Judging, Market, Types, View
from econo_env.markets import rounds
from econo_env.markets.double_auction import strategies as two_sided
from econo_env.markets.order_book import features, kernels, strategies
from econo_env.markets.order_book.scenario import OrderBookScenario, built_in
from econo_env.markets.private_value import amounts
from econo_env.markets.wording import numbered

MARKET = Market(
    name="order_book",
    config=OrderBookScenario,
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
        confine=kernels.confine,
        call=kernels.call,
        quote=kernels.quote,
    ),
    actions=kernels.action_names,
    features=features.features,
    types=Types(
        names=lambda scenario: numbered("value", scenario.units, first=1),
        now=amounts,
        at=strategies.types_at,
        put=strategies.set_types,
    ),
    welfare=strategies.welfare,
    agents=two_sided.agents,
    roles=two_sided.roles,
    baselines=Baselines(
        truthful=two_sided.truthful_actions,
        scaled=two_sided.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=two_sided.private_values, place=two_sided.bid_actions),
    ),
    judging=Judging(one_round=True),
    two_sided=True,
    undone_by_award=False,
    view=View(info=rounds.info, docs=strategies.docs, series=strategies.series),
)
