"""What a training takes of memory, told before any of it is taken."""

from itertools import pairwise

from econo_env.engine.state import StepBuffers, bytes_of
from econo_env.memory import in_words, require_memory
from econo_env.training.config import TrainingConfig
from econo_env.training.probe import LONGEST_LOOK

_FLOAT, _COPIES = 4, 2
"""Bytes of a float32; SB3 keeps a rollout as it comes, and once more in order."""
_SCALARS = 7
"""Numbers of a sample beside observation and action: reward, value, log-probability, advantage, return, two flags."""
_OF_ADAM = 4
"""A parameter, its gradient and two moments."""
_SERIES = 8
"""Float64 series an agent that a market shows to a look, about."""


def training_bytes(config: TrainingConfig) -> dict[str, int]:
    """About the bytes that a training takes at most, by the settings that they grow with."""
    scenario, learner = config.scenario, config.learner
    program = scenario.program()
    sizes = program.sizes
    roles = config.roles()
    learning = len(scenario.learning_seats())
    agents, features, components = scenario.num_agents, sizes["features"], sizes["actions"]
    one_market = sum(bytes_of(arrays, 1, sizes) for arrays in (program.state, StepBuffers))
    # difference rewards step a second engine, between two snapshots
    engines = (4 if config.difference_rewards() else 1) * len(roles)
    memory = 4 * config.recurrent.units if config.algorithm == "recurrent_ppo" else 0  # actor's and critic's, twice
    sample = _COPIES * _FLOAT * (features + components + _SCALARS + memory)
    numbers = 0
    for layers, heads in zip(config.hidden_layers().values(), (components, 1), strict=True):
        numbers += sum(above * (below + 1) for below, above in pairwise((features, *layers, heads)))
    ticks = min(scenario.max_cycles, LONGEST_LOOK)
    return {
        f"learner.num_markets={learner.num_markets:,}": engines * learner.num_markets * one_market,
        f"learner.n_steps={learner.n_steps:,} of {learner.num_markets:,} markets": (
            learner.n_steps * learner.num_markets * learning * sample
        ),
        f"learner.net_arch={list(learner.net_arch)}": numbers * _FLOAT * _OF_ADAM * len(roles),
        f"evaluation.num_markets={config.evaluation.num_markets:,}": (
            config.evaluation.num_markets * (one_market + 8 * _SERIES * ticks * agents)
        ),
    }


def check_size(config: TrainingConfig) -> None:
    """Refuses a training that does not fit into memory.

    Raises:
        ValueError: It does not; the message names the setting that takes the most.
    """
    parts = training_bytes(config)
    largest = max(parts, key=lambda name: parts[name])
    require_memory(
        sum(parts.values()),
        f"this training, with {config.scenario.num_agents:,} agents,",
        f"{largest} takes {in_words(parts[largest])} of it, make it smaller",
    )
