"""The task market: a stream of tasks, a scoring auction, contracts backed by stake, four grades, reputation."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, Judging, Market, Types, View
from econo_env.markets.task_market import (
    analysis,
    auction,
    docs,
    document,
    enforcement,
    episode,
    state,
    strategies,
    view,
)
from econo_env.markets.task_market.scenario import TaskMarketScenario, built_in

MARKET = Market(
    name="task_market",
    config=TaskMarketScenario,
    built_in=built_in,
    state=state.State,
    axes=state.axes,
    params=state.params,
    kernels=Stages(
        reset=episode.reset,
        eligibility=auction.eligibility,
        bids=auction.bids,
        clear=auction.clear,
        execute=enforcement.execute,
        grade=enforcement.grade,
        settle=enforcement.settle,
        reputation=enforcement.reputation,
        observe=episode.observe,
        finish=episode.finish,
    ),
    actions=state.action_names,
    features=docs.features,
    types=Types(
        names=analysis.type_names,
        now=analysis.types,
        at=analysis.types_at,
        put=analysis.set_types,
    ),
    welfare=analysis.welfare,
    roles=analysis.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
    ),
    judging=Judging(expected_rewards=analysis.expected_rewards, wronged=analysis.wronged),
    clear=document.clear_document,
    view=View(
        info=view.info,
        picture=view.picture,
        docs=docs.docs,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
