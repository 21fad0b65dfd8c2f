"""Figures of the engine and its array API."""

import os
import subprocess
import sys
import time

import numpy as np

import econo_env
from econo_env.engine.engine import Engine
from econo_env.market import market_of
from tests.benchmarks.baselines import FullNumpyFirstPrice, NumpyFirstPrice
from tests.benchmarks.measure import Figure, in_turn, rate, seconds_of

MARKETS, AGENTS = 4096, 8


def truthful(engine):
    scenario = engine.scenario
    return market_of(scenario).baselines.truthful(scenario, engine.buffers.observations)


def array_face(threads):
    """first_price_v0 and second_price_v0 through `vector_env`, beside NumPy: a light version, and one of equal work.

    The light one has floats, no ties, checks, flags or seeds; the other gives the same numbers to the bit. All take
    turns, so that a busy moment meets them alike.
    """
    actions = np.random.default_rng(0).uniform(-1, 0, (MARKETS, AGENTS, 1)).astype(np.float32)
    light, full = NumpyFirstPrice(MARKETS, AGENTS), FullNumpyFirstPrice(MARKETS, AGENTS)
    for scenario in ("first_price_v0", "second_price_v0"):
        envs = econo_env.vector_env(scenario, MARKETS, num_agents=AGENTS, num_threads=threads)
        envs.reset(0)
        times = in_turn([lambda envs=envs: envs.step(actions), lambda: light.step(actions), lambda: full.step(actions)])
        assert envs.engine.state.episode.min() > 100, "every market is reset every step, inside the time"
        note = "every step ends an episode; resets inside the time"
        for name, baseline in (("light", times[1]), ("equal work", times[2])):
            if scenario == "second_price_v0" and name == "equal work":
                continue  # it plays first price
            yield rate(
                f"{scenario} vector_env",
                "agent-steps/s",
                MARKETS * AGENTS,
                times[0],
                bar=50e6,
                baseline=(f"NumPy first price, {name}, 1 thread", MARKETS * AGENTS / float(np.median(baseline))),
                settings=settings(MARKETS, AGENTS, threads, note),
            )
        envs.close()


def levers():
    """What a reserve that may be moved adds to a tick of first price, beside one that is a constant, in turns."""
    mechanism = {"name": "first_price", "reserve": 0.2}
    for cycles in (1, 64):
        scenario = econo_env.load("first_price_v0", mechanism=mechanism, num_agents=AGENTS, max_cycles=cycles)
        engines = [
            Engine(one, MARKETS, autoreset=True)
            for one in (scenario, scenario.replace(levers={"mechanism.reserve": [0.0, 1.0]}))
        ]
        for engine in engines:
            engine.reset(0)
            engine.buffers.actions[...] = -0.5
        times = in_turn([lambda engine=engine: engine.step(engine.buffers.actions) for engine in engines], rounds=60)
        constant, lever = times * 1e9 / MARKETS
        added = np.sort(lever) - np.sort(constant)  # of calls as undisturbed as each other
        yield Figure(
            "a reserve as a lever adds to a tick",
            "ns a market",
            float(np.quantile(lever, 0.1) - np.quantile(constant, 0.1)),
            float(added[: len(added) // 2].max()),
            float(added[: len(added) // 2].min()),
            bar=5.0,
            baseline=("the tick with a constant", float(np.quantile(constant, 0.1))),
            settings=settings(MARKETS, AGENTS, 1, f"episodes of {cycles} ticks; the fastest tenth of calls of each"),
        )


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
    """Slope of log time per tick over log agents, from 10^3 to 10^6, in one market and in markets of 8.

    Beside one market, what memory alone takes: as many bytes as its arrays hold, half of them copied onto the others.
    """
    sizes = [1_000, 10_000, 100_000, 1_000_000]
    for label, shape in (("one market", lambda n: (1, n)), ("markets of 8 agents", lambda n: (n // 8, 8))):
        medians, copied = [], []
        for size in sizes:
            markets, agents = shape(size)
            engine = Engine(econo_env.load("task_market_v0", num_agents=agents), markets)
            engine.reset(0)
            actions = truthful(engine)
            times = seconds_of(lambda e=engine, a=actions: e.step(a), repetitions=max(9, 200_000 // size))
            medians.append(float(np.median(times)))
            arrays = engine.arrays()
            half = np.ones((2, sum(array.nbytes for array in arrays) // 16))
            copied.append(float(np.median(seconds_of(lambda h=half: np.copyto(h[0], h[1]), repetitions=len(times)))))
        slope, of_memory = (float(np.polyfit(np.log(sizes), np.log(each), 1)[0]) for each in (medians, copied))
        held = sum(array.nbytes for array in engine.arrays()) / sizes[-1]
        yield Figure(
            f"slope of time per tick, {label}",
            "d log time / d log agents",
            slope,
            slope,
            slope,
            bar=1.05,
            baseline=("that of copying the same bytes", of_memory),
            settings={
                "agents": sizes,
                "ms_per_tick": [round(1e3 * median, 3) for median in medians],
                "ms_of_copying": [round(1e3 * median, 4) for median in copied],
                "threads": 1,
                "note": f"{held:.0f} bytes/agent, arrays and step buffers",
            },
        )


def compilation(cache):
    """Seconds from a fresh process to the first step: compiling, and with compiled code on disk."""
    program = (
        "import time; start = time.perf_counter()\n"
        "import econo_env; envs = econo_env.vector_env('task_market_v0', 2); envs.reset(0)\n"
        "import numpy as np; envs.step(np.zeros_like(envs.engine.buffers.actions))\n"
        "print(time.perf_counter() - start)"
    )
    environment = os.environ | {"ECONO_ENV_CACHE": str(cache)}
    for label, bar in (("compiling", 8.0), ("from the cache on disk", None)):
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
