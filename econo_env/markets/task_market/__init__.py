"""The task market: a stream of tasks, each sold in a scoring auction; what follows is played under contracts."""

from econo_env.baselines import Baselines
from econo_env.engine.program import Stages
from econo_env.market import Market, Types, View
from econo_env.markets.task_market import auction, docs, episode, features, state, strategies
from econo_env.markets.task_market.scenario import TaskMarketScenario, built_in

MARKET = Market(
    name="task_market",
    config=TaskMarketScenario,
    built_in=built_in,
    state=state.State,
    params=state.params,
    kernels=Stages(
        reset=episode.reset,
        maturities=auction.forget_last_task,
        bids=auction.bids,
        expose=auction.expose,
        withdraw=auction.withdraw,
        clear=auction.clear,
        winners=auction.winners,
        engage=auction.engage,
        revalue=auction.revalue,
        expel=auction.expel,
        admit=episode.admit,
        accepts=auction.accepts,
        assign=auction.assign,
        revoke=auction.revoke,
        asked=auction.asked,
        quote=auction.quote,
        openness=episode.openness,
        foresee=episode.foresee,
        observe=episode.observe,
        present=episode.present,
        finish=episode.finish,
    ),
    actions=lambda _: tuple(state.ACTIONS),
    features=lambda _: features.FEATURES,
    arranged=features.ARRANGED,
    undone_by_award=False,
    contract_value=lambda scenario: scenario.tasks.value.highest,
    types=Types(names=strategies.type_names, now=strategies.types, at=strategies.types_at, put=strategies.set_types),
    welfare=strategies.welfare,
    baselines=Baselines(
        truthful=strategies.truthful_actions,
        scaled=strategies.scaled_actions,
        equilibrium=strategies.equilibrium_actions,
        holds_with=strategies.HOLDS_WITH,
    ),
    view=View(info=strategies.info, docs=docs.docs, series=strategies.series, drawn_ahead=strategies.DRAWN_AHEAD),
)
