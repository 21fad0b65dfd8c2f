"""What arms would have earned, worked out in a loop of the tests': by a rule's terms and by clearing every arm."""

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.kernels import bound
from econo_env.engine.rng import market_keys
from econo_env.engine.state import allocate
from econo_env.policies.adaptive.counterfactual import hearing
from econo_env.policies.adaptive.memory import Luck, Memory, Room, room_of


@compiled
def fill(  # noqa: PLR0917
    action_of, meet, hear, told_by, clears, rule, arms, rounds, memory, seen, luck, rooms, heard, cleared
):
    room = room_of(rooms, 0)
    for k in range(seen.shape[0]):
        meet(k, rounds, seen, luck, room)
        for i in range(seen.shape[1]):
            hear(told_by, action_of, k, i, memory, arms, rounds, luck, room)
            for arm in range(heard.shape[2]):
                heard[k, i, arm] = room.gains[arm]
            clears(rule, action_of, k, i, memory, arms, rounds, luck, room)
            for arm in range(heard.shape[2]):
                cleared[k, i, arm] = room.gains[arm]


def gains_of_arms(scenario, arms, before, after, seed=0, call=0):
    """Credits (markets, agents, arms) as a learner hears them, and by one clearing an arm.

    `before` is what agents saw as they chose, `after` what they see now, (markets, agents, features).
    """
    told, plain = hearing(scenario), hearing(scenario, cleared=True)
    markets, agents, count = *before.shape[:2], len(arms.levels)
    room = len(arms.compiled.constants[0])
    sizes = {"agents": agents, "situations": 1, "arms": count, "window": 0, "features": told.features}
    memory = allocate(Memory, markets, sizes | {"regimes": 0, "bins": 0, "notes": 0})
    memory.seen[:] = before[..., : told.features]
    rooms = allocate(Room, 1, {"agents": agents, "lanes": room, "places": told.places})
    heard, cleared = np.full((2, markets, agents, count), np.nan)
    run = bound(fill, arms.compiled.action_of, told.meet, told.hear, told.rule, plain.hear, plain.rule)
    run(
        arms.compiled.constants,
        told.rounds,
        memory,
        after,
        Luck(market_keys(seed, markets), call),
        rooms,
        heard,
        cleared,
    )
    return heard, cleared
