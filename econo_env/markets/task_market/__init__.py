"""The task market: a stream of tasks, a scoring auction, contracts backed by stake, four grades, reputation."""

from econo_env.engine.program import Stages
from econo_env.market import Baselines, Judging, Market, Types, View
from econo_env.markets.task_market import (
    auction,
    enforcement,
    episode,
    form,
    layout,
    manual,
    outcome,
    picture,
    strategies,
)
from econo_env.markets.task_market.scenario import TaskMarketScenario, built_in

MARKET = Market(
    name="task_market",
    config=TaskMarketScenario,
    built_in=built_in,
    state=layout.State,
    axes=layout.axes,
    params=layout.terms,
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
    actions=layout.action_names,
    features=manual.features,
    types=Types(
        names=outcome.type_names,
        now=outcome.types,
        at=outcome.types_at,
        put=outcome.set_types,
    ),
    welfare=outcome.welfare,
    roles=outcome.roles,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
    ),
    judging=Judging(expected_rewards=outcome.expected_rewards, wronged=outcome.wronged),
    clear=form.clear_form,
    view=View(
        info=picture.info,
        picture=picture.picture,
        docs=manual.manual,
        series=strategies.series,
        drawn_ahead=strategies.DRAWN_AHEAD,
    ),
)
