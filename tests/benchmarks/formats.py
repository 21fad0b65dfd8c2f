"""Figures of every sealed-bid and clock format through the array API."""

import econo_env
from econo_env.market import market_of
from tests.benchmarks.engine import AGENTS, MARKETS, settings
from tests.benchmarks.measure import rate, seconds_of

KINDS = ("sealed_bid", "multi_unit", "position", "sequential", "clock", "double_auction", "scoring")
ELSEWHERE = ("first_price_v0", "second_price_v0")  # measured with the engine


def sealed_formats(threads):
    """One figure for each built-in scenario of those kinds, 4,096 markets of 8 agents."""
    for scenario_id in econo_env.scenarios():
        scenario = econo_env.load(scenario_id)
        if scenario.market not in KINDS or scenario_id in ELSEWHERE:
            continue
        envs = econo_env.vector_env(scenario, MARKETS, num_agents=AGENTS, num_threads=threads)
        observations, _ = envs.reset(0)
        actions = market_of(scenario).baselines.truthful(envs.scenario, observations).copy()
        times = seconds_of(lambda envs=envs, actions=actions: envs.step(actions), repetitions=100)
        resets = int(envs.engine.state.episode.sum())
        note = f"{resets} episodes ended inside the time"
        yield rate(
            f"{scenario_id} vector_env",
            "agent-steps/s",
            MARKETS * AGENTS,
            times,
            bar=40e6,
            settings=settings(MARKETS, AGENTS, threads, note),
        )
        envs.close()
