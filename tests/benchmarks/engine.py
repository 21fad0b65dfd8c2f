"""Figures of the engine and its array face."""

import os
import subprocess
import sys
import time

import numpy as np

import econo_env
from econo_env.engine.engine import Engine
from tests.benchmarks.baselines import NumpyFirstPrice
from tests.benchmarks.measure import Figure, rate, seconds_of

MARKETS, AGENTS = 4096, 8


def truthful(engine):
    scenario = engine.scenario
    return scenario.market_module().truthful_actions(scenario, engine.exchange.observations)


def array_face(threads):
    """first_price_v0 and second_price_v0 through `vector_env`, a NumPy version beside them."""
    actions = np.random.default_rng(0).uniform(-1, 0, (MARKETS, AGENTS, 1)).astype(np.float32)
    plain = NumpyFirstPrice(MARKETS, AGENTS)
    baseline = MARKETS * AGENTS / np.median(seconds_of(lambda: plain.step(actions), repetitions=100))
    for scenario in ("first_price_v0", "second_price_v0"):
        envs = econo_env.vector_env(scenario, MARKETS, num_agents=AGENTS, num_threads=threads)
        envs.reset(0)
        times = seconds_of(lambda envs=envs: envs.step(actions), repetitions=300)
        assert envs.engine.state.episode.min() > 300, "every market is reset every step, inside the time"
        yield rate(
            f"{scenario} vector_env",
            "agent-steps/s",
            MARKETS * AGENTS,
            times,
            bar=50e6,
            baseline=("vectorised NumPy, 1 thread", baseline),
            settings=settings(MARKETS, AGENTS, threads, "every step ends an episode; resets inside the time"),
        )
        envs.close()


def task_market(threads):
    """task_market_v0 through `vector_env`, all of the economy on, truthful agents that act on what they see."""
    envs = econo_env.vector_env("task_market_v0", MARKETS, num_agents=AGENTS, num_threads=threads)
    envs.reset(0)
    prepared = []
    for _ in range(64):
        prepared.append(truthful(envs.engine))
        envs.step(prepared[-1])
    alive = float(envs.engine.state.active.mean())
    turn = iter(prepared * 100)
    times = seconds_of(lambda: envs.step(next(turn)), repetitions=192)
    yield rate(
        "task_market_v0 vector_env",
        "agent-steps/s",
        MARKETS * AGENTS,
        times,
        bar=10e6,
        settings=settings(MARKETS, AGENTS, threads, f"agents alive {alive:.0%}, 3 resets of every market"),
    )
    envs.close()


def large_market():
    """One market of 10,000 bidders: eligibility, escrow, scores, clearing, work, grade, settlement, reputation."""
    engine = Engine(econo_env.load("task_market_v0", num_agents=10_000, max_cycles=100_000), 1)
    engine.reset(0)
    actions = truthful(engine)
    times = seconds_of(lambda: engine.step(actions), repetitions=2000, warm_up=50)
    p99 = float(np.quantile(times, 0.99))
    yield Figure(
        "one task market, 10,000 bidders, p99",
        "ms",
        1e3 * p99,
        1e3 * float(times.max()),
        1e3 * float(np.median(times)),
        bar=2.0,
        settings=settings(1, 10_000, 1, "low = max, high = median"),
    )


def scaling():
    """Slope of log time per tick over log agents, from 10^3 to 10^6, in one market and in markets of 8."""
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    for label, shape in (("one market", lambda n: (1, n)), ("markets of 8 agents", lambda n: (n // 8, 8))):
        medians = []
        for size in sizes:
            markets, agents = shape(size)
            engine = Engine(econo_env.load("task_market_v0", num_agents=agents), markets)
            engine.reset(0)
            actions = truthful(engine)
            times = seconds_of(lambda e=engine, a=actions: e.step(a), repetitions=max(9, 200_000 // size))
            medians.append(float(np.median(times)))
        slope, _ = np.polyfit(np.log(sizes), np.log(medians), 1)
        held = sum(array.nbytes for array in (*engine.state, *engine.exchange)) / sizes[-1]
        yield Figure(
            f"slope of time per tick, {label}",
            "d log time / d log agents",
            float(slope),
            float(slope),
            float(slope),
            bar=1.05,
            settings={
                "agents": sizes,
                "ms_per_tick": [round(1e3 * median, 3) for median in medians],
                "threads": 1,
                "note": f"{held:.0f} bytes/agent, arrays and exchange",
            },
        )


def compilation(cache):
    """Seconds from a fresh process to the first step: compiling, and with compiled code on disk."""
    program = (
        "import time; start = time.perf_counter()\n"
        "import econo_env; envs = econo_env.vector_env('task_market_v0', 2); envs.reset(0)\n"
        "import numpy as np; envs.step(np.zeros_like(envs.engine.exchange.actions))\n"
        "print(time.perf_counter() - start)"
    )
    environment = os.environ | {"ECONO_ENV_CACHE": str(cache)}
    for label, bar in (("compiling", 20.0), ("from the cache on disk", None)):
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        seconds = float(run.stdout)
        yield Figure(f"task_market_v0, first step of a process, {label}", "s", seconds, seconds, seconds, bar=bar)


def importing():
    """Seconds of `import econo_env` in fresh processes, less the bare interpreter."""
    program = "import time; start = time.perf_counter(); import econo_env; print(time.perf_counter() - start)"
    times = [
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    yield Figure("import econo_env", "s", float(np.median(times)), max(times), min(times), bar=1.0)


def settings(markets, agents, threads, note=""):
    return {
        "markets": markets,
        "agents": agents,
        "dtype": "int64 money, float32 observations and actions",
        "threads": threads,
        "note": note,
        "at": time.strftime("%Y-%m-%d"),
    }
