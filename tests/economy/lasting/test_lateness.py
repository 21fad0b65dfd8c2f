"""What contracts earn by the effort put into them, late ones among them, in closed form."""

import math

import numpy as np
import pytest

from econo_env.economy.lasting.running import RUNNING
from econo_env.engine.engine import Engine
from tests.economy.lasting.played import fixed, lasting

V = {1: 1.25, 2: 1.0, 3: -0.5, 4: -1.0}


VALUE, COST, RELIABILITY = 1.2, 0.8, 0.9
SUCCESS = (0.1 * 1.25 + 0.3 * 1.0) / 0.4


def utility(effort, duration, least, grace, forfeit=1.0):
    """Expected utility of a contract at S2 = 0, in closed form; cost is COST times the value at full effort."""
    spent = COST * effort**2
    if effort >= least - 1e-9:
        succeeds = RELIABILITY * effort
        return VALUE * (succeeds * SUCCESS + (1 - succeeds) * V[3] - spent)
    more = math.inf if effort == 0.0 else math.ceil(duration * least / effort - duration - 1e-5)
    if more <= grace:
        return VALUE * (V[3] - spent * (duration + more) / duration)
    return VALUE * (min(V[3], -forfeit * -V[4]) - spent * (duration + grace) / duration)


@pytest.mark.parametrize(
    ("duration", "least", "grace", "forfeit"), [(4, 0.6, 2, 1.0), (3, 0.5, 0, 0.3), (5, 0.0, 0, 1.0)]
)
def test_expected_utility_of_lateness_in_closed_form(duration, least, grace, forfeit):
    """One agent that works with a fixed effort: what a contract earns on average, and the best of all efforts."""
    contracts = {"duration": duration, "least_progress": least, "grace": grace, "forfeit": forfeit}
    scenario = lasting(
        {"eligibility": {"open_share": 1.0}, "ledger": {"endowment": 100.0}},
        contracts | {"detection": 1.0},
        num_agents=1,
        max_cycles=10 * (duration + grace),
        **{"tasks.value": fixed(VALUE), "agents.cost": fixed(COST), "agents.reliability": fixed(RELIABILITY)},
    )
    engine, efforts = Engine(scenario, 400, autoreset=False), np.linspace(0.0, 1.0, 11)
    found = []
    for effort in efforts:
        engine.reset(int(1000 * effort))
        actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
        actions[..., 0], actions[..., 2], actions[..., 3] = -1.0, 2 * effort - 1, -1.0
        total, settled = np.zeros(400), np.zeros(400)
        while not engine.buffers.ended.any():
            engine.step(actions)
            total += engine.buffers.rewards[:, 0]
            settled += (engine.world.lasting_contracts.running.status[:, 0] > RUNNING).sum(axis=-1)
        last_cut = engine.world.lasting_contracts.running.span[:, 0, 0] < duration
        assert settled.min() >= 8
        mean = total.sum() / settled.sum()
        error = total.std() / math.sqrt(len(total)) / settled.mean()
        if not last_cut.any():
            assert abs(mean - utility(effort, duration, least, grace, forfeit)) < 5 * error + 1e-6, effort
        found.append(mean)
    expected = [utility(effort, duration, least, grace, forfeit) for effort in efforts]
    best = min(1.0, RELIABILITY * (SUCCESS - V[3]) / (2 * COST))
    assert int(np.argmax(found)) == int(np.argmax(expected))
    assert abs(efforts[np.argmax(expected)] - max(best, least)) <= 0.05 + 1e-9
