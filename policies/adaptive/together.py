"""Learners that play every seat of their markets in one compiled loop, to the same bits as tick by tick from Python.

A session of Q-learning is a million ticks and more. Called tick by tick for many markets, each tick fetches every
market's tables anew; here a market plays on by itself, its tables stay in the cache, and threads share the markets.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.digest import plain
from econo_env.engine.engine import Engine
from econo_env.engine.kernels import Kernel, as_rule, load_generated, machine_code
from econo_env.engine.program import Rule
from econo_env.engine.rng import market_keys
from econo_env.engine.state import Bools, Int64s, StepBuffers, UInt64s
from econo_env.engine.threads import Threads
from econo_env.market import market_of
from econo_env.policies.adaptive.learner import Learner
from econo_env.policies.adaptive.memory import Luck, Memory
from econo_env.policies.adaptive.situations import Bins, situation_of
from econo_env.scenario import Scenario


class Course(NamedTuple):
    """How far each market is."""

    keys: UInt64s  # of the learners' luck, (markets,)
    periods: Int64s  # ticks played, (markets,)
    over: Bools  # plays no more, (markets,)
    fresh: Bools  # a choice is made in every tick, (markets,)
    situation: Int64s  # scratch, (markets, agents)
    steady: int  # choices of everybody without a change of a best arm that end a market's play; 0: none do
    longest: int  # ticks that do


@compiled
def begin_tick(k: int, bins: Bins, course: Course, buffers: StepBuffers) -> None:
    """Numbers what each agent of a market sees."""
    for i in range(course.situation.shape[1]):
        course.situation[k, i] = situation_of(buffers.observations[k, i], bins)


@compiled
def luck_of(k: int, course: Course) -> Luck:
    """The luck of a market's coming tick."""
    return Luck(course.keys, course.periods[k])


@compiled
def hear_rewards(k: int, memory: Memory, course: Course, buffers: StepBuffers) -> None:
    """Everybody hears what the tick has earned; a market whose best arms have long been the same is over."""
    course.periods[k] += 1
    least = memory.steady[k, 0]
    for i in range(memory.steady.shape[1]):
        memory.earned[k, i] += buffers.rewards[k, i]
        least = min(least, memory.steady[k, i])
    settled = course.steady > 0 and least >= course.steady
    course.over[k] = settled or course.periods[k] >= course.longest


_LOOP = """{source}

from econo_env.policies.adaptive.memory import learn_and_choose
from econo_env.policies.adaptive.together import begin_tick, hear_rewards, luck_of
{rules}


@cached
def play(
    first, last, mask, state, params, buffers, widths, memory, rooms, constants, arms, rounds, bins, course, ticks
):
    for k in range(first, last):
        for _ in range(ticks):
            if course.over[k]:
                break
            begin_tick(k, bins, course, buffers)
            learn_and_choose(
                rule_0, rule_1, rule_2, rule_3, rule_4, rule_5, rule_6, k, k + 1, memory, constants, arms,
                rounds, buffers.observations, luck_of(k, course), course.situation, course.fresh, buffers.action_mask,
                rooms, buffers.actions,
            )
            run(k, k + 1, mask, state, params, buffers, widths, 0, False)
            hear_rewards(k, memory, course, buffers)
"""


class Together:
    """A learner that plays every seat of an engine's markets.

    Attributes:
        periods: Ticks that each market has played, int64 (markets,).
        over: Which play no more, bool (markets,).
    """

    def __init__(
        self, engine: Engine, learner: Learner, *, steady: int = 0, longest: int, num_threads: int = 1
    ) -> None:
        """Begins where engine and learner stand: the one reset, the other knowing nothing, or what `begin` gave it.

        Args:
            engine: The markets; nothing but this plays them.
            learner: Who plays every seat.
            steady: Choices without a change of anybody's best arm that end a market's play; 0: none do.
            longest: Ticks after which every market has played.
            num_threads: Threads that share the markets; results do not depend on it.

        Raises:
            ValueError: The actions of arms are worked out in Python, or a sale takes several ticks.
        """
        scenario, markets = engine.scenario, engine.num_markets
        if not learner.acts_within or market_of(scenario).one_sale:
            raise ValueError(
                f"{scenario.id}: learners play together where a tick is a sale and compiled loops know the actions of "
                "arms: choose of=action, or another kind of market"
            )
        memory, rooms = learner.starts(markets)
        self._engine, self._threads = engine, Threads(num_threads)
        self._course = Course(
            keys=market_keys(learner.seed, markets),
            periods=np.zeros(markets, dtype=np.int64),
            over=np.zeros(markets, dtype=np.bool_),
            fresh=np.ones(markets, dtype=np.bool_),
            situation=np.zeros((markets, scenario.num_agents), dtype=np.int64),
            steady=steady,
            longest=longest,
        )
        self.periods, self.over = self._course.periods, self._course.over
        given = (np.ones(markets, dtype=np.bool_), engine.world, engine.params, engine.buffers, engine.widths)
        own = (memory, rooms, learner.params, learner.within.constants, learner.hears.rounds)
        kernel = _loop(scenario, learner.rules)
        self._code = machine_code(kernel, 0, 0, *given, *own, learner.situations.bins, self._course, 0)

    def play(self, ticks: int) -> None:
        """Plays so many ticks of every market that is not over."""
        self._threads.over(self._engine.num_markets, self._code.call, *self._code.given[2:-1], ticks)


def _loop(scenario: Scenario, rules: Sequence[Rule]) -> Kernel:
    program = market_of(scenario).program(scenario)
    names = [
        f"from {plain(one).__module__} import {plain(one).__name__} as rule_{number}"
        for number, one in enumerate(rules)
    ]
    text = _LOOP.format(source=as_rule(program.source), rules="\n".join(names))
    kernel: Kernel = load_generated(text, f"{program.name}_together").play
    return kernel
