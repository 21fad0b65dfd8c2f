"""The market with a limit order book: a continuous double auction, tick by tick."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, BidActions, Judging, Market, Types, View
from econo_env.markets import rounds
from econo_env.markets.order_book import features, form, layout, manual, outcome, phases, picture, strategies
from econo_env.markets.order_book.scenario import OrderBookScenario, built_in

MARKET = Market(
    name="order_book",
    config=OrderBookScenario,
    built_in=built_in,
    state=layout.State,
    axes=layout.axes,
    params=layout.terms,
    kernels=Stages(
        reset=phases.reset,
        bids=phases.bids,
        clear=phases.clear,
        settle=phases.settle,
        observe=phases.observe,
        finish=rounds.finish,
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
        bids=BidActions(values=strategies.private_values, place=strategies.bid_actions),
    ),
    judging=Judging(one_round=True),
    two_sided=True,
    clear=form.clear_form,
    view=View(
        info=layout.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
