"""The coordination market: requests for work, sold by any auction, done under contracts, stake and reputation."""

from econo_env.baselines import Baselines, BidActions
from econo_env.engine.program import Stages
from econo_env.market import Market, Types, View
from econo_env.markets.coordination import auction, docs, features, params, request, state, strategies
from econo_env.markets.coordination.auctions import AUCTION_TYPES
from econo_env.markets.coordination.scenario import CoordinationScenario, built_in, levers
from econo_env.markets.task_market import episode
from econo_env.markets.task_market import strategies as work
from econo_env.markets.task_market.auction import revalue

MARKET: Market[CoordinationScenario, state.State] = Market(
    name="coordination",
    config=CoordinationScenario,
    built_in=built_in,
    state=state.State,
    axes=params.axes,
    params=params.params,
    kernels=Stages(
        reset=request.reset,
        maturities=request.forget_last_tick,
        bids=auction.bids,
        expose=auction.expose,
        withdraw=auction.withdraw,
        clear=auction.clear,
        engage=auction.engage,
        revalue=revalue,
        expel=request.expel,
        admit=episode.admit,
        accepts=auction.accepts,
        assign=auction.assign,
        weigh=request.weigh,
        quote=auction.quote,
        decided=request.decided,
        hold=request.hold,
        revoke=request.revoke,
        asked=auction.asked,
        openness=episode.openness,
        foresee=request.foresee,
        observe=request.observe,
        present=episode.present,
        finish=request.finish,
    ),
    actions=params.action_names,
    features=features.features,
    arranged=features.ARRANGED,
    undone_by_award=False,
    sale_goes_on=lambda scenario: AUCTION_TYPES[scenario.auction_type].clock,
    contract_value=params.largest_contract,
    rule=lambda scenario: AUCTION_TYPES[scenario.auction_type].rule,
    levers=levers,
    types=Types(names=work.type_names, now=work.types, at=work.types_at, put=work.set_types),
    welfare=strategies.welfare,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        bids=BidActions(values=strategies.own_worths, place=strategies.bid_actions),
        holds_with=work.HOLDS_WITH | {"weighting"},
    ),
    view=View(info=strategies.info, docs=docs.docs, series=strategies.series, drawn_ahead=strategies.DRAWN_AHEAD),
)
