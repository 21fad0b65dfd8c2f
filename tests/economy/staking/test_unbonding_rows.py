"""The known answers about stake that leaves against evidence that comes, through the real market.

One of two agents wins a task at the tick `fault` and forges a proof, takes its whole stake back at `leaves`, and is
reported at `told` by the other one, who saw it. Evidence is accepted up to 32 ticks after the offence and settled 16
ticks after the report.
"""

import numpy as np
import pytest

from econo_env.economy.ledger import PLEDGED, UNBONDING, balances_of
from econo_env.economy.parts import evidence
from econo_env.engine.engine import Engine
from tests.economy.staking.played import place, sale, tasks

AGE, DISPUTE, PLEDGE = 32, 16, 5.0
SLASHED, REJECTED, SPARED = "slashed", "rejected", "spared"
ROWS = {
    "6.13": (100, 101, 132, 64, (SLASHED, 148), (SLASHED, 148)),
    "6.14": (100, 101, 133, 64, (REJECTED, 133), (REJECTED, 133)),
    "6.15": (100, None, 120, 64, (SLASHED, 136), (SLASHED, 136)),
    "6.16": (100, 60, 120, 64, (SPARED, 136), (SPARED, 136)),
    "6.17, 32": (100, 100, 132, 32, (SPARED, 148), (SPARED, 148)),
    "6.17, 33": (100, 100, 132, 33, (SLASHED, 148), (SPARED, 148)),
    "6.18, 48": (100, 100, 132, 48, (SLASHED, 148), (SPARED, 148)),
    "6.18, 49": (100, 100, 132, 49, (SLASHED, 148), (SLASHED, 148)),
}
"""fault, leaves, told, the delay, and what becomes of it with and without freezing on submission."""
OUT_AT = {"6.17, 32": (132, 132), "6.17, 33": (None, 133), "6.18, 48": (None, 148), "6.18, 49": (None, None)}
"""When the stake is out, with and without freezing; None for never, as all of it is slashed."""


@pytest.fixture
def unchecked():
    """Delays that are too short load, so that it can be seen what happens under them."""
    kept = evidence.PART.check
    object.__setattr__(evidence.PART, "check", lambda scenario, section: None)
    yield
    object.__setattr__(evidence.PART, "check", kept)


def played(fault, leaves, told, delay, freeze):
    """What happens at the settlement or the rejection, its tick, and when the stake was out."""
    scenario = tasks(
        {"num_agents": 2, "max_cycles": 200, "mechanism.reserve": 0.0},
        contracts={"detection": 0.0},
        enforcement_pledge=PLEDGE,
        enforcement_multiplier=0,
        enforcement_correlation=2,
        enforcement_grace=100,
        bonding_delay=delay,
        evidence_age=AGE,
        evidence_dispute=DISPUTE,
        evidence_freeze=freeze,
        evidence_seen=1.0,
    )
    engine = Engine(scenario)
    engine.reset(4)
    forge, bond, report = (place(scenario, name) for name in ("forgery", "bond", "report"))
    out, end = None, (None, None)
    for tick in range(180):
        assert engine.state.tick[0] == tick
        actions = np.zeros(engine.buffers.actions.shape, np.float32)
        actions[0, :, 0] = np.nan
        if tick == fault:
            actions[0, 0, :2] = -1.0, 1.0  # the one task that anybody wants
        actions[0, 0, forge] = 1.0 if tick == fault else 0.0
        actions[0, 0, bond] = -1.0 if tick == leaves else 0.0
        actions[0, 1, report] = 1.0 if tick == told else 0.0
        engine.step(actions)
        world = engine.world
        if world.bonding.matured[0, 0]:
            out = tick
        if world.evidence.fined[0, 1]:
            end = REJECTED, tick
        if world.evidence.convicted[0, 0]:
            end = (SLASHED if world.enforcement.forfeited[0, 0] else SPARED), tick
            taken = world.enforcement.forfeited[0, 0]
            assert taken in (0, round(PLEDGE * 1e6))
            assert world.conduct.banned[0, 0]
    left = balances_of(engine.world.ledger.balances, PLEDGED) + balances_of(engine.world.ledger.balances, UNBONDING)
    assert (left[0, 0] == 0) == (leaves is not None or end[0] == SLASHED)
    return end, out


def test_what_joins_after_the_offence_is_not_slashed():
    scenario = tasks(
        {"num_agents": 2, "max_cycles": 60, "mechanism.reserve": 0.0}, contracts={"detection": 0.0},
        enforcement_pledge=PLEDGE, enforcement_multiplier=0, enforcement_correlation=2, evidence_seen=1.0,
        evidence_dispute=DISPUTE,
    )  # fmt: skip
    engine = Engine(scenario)
    engine.reset(4)
    forge, bond, report = (place(scenario, name) for name in ("forgery", "bond", "report"))
    for tick in range(30):
        actions = np.zeros(engine.buffers.actions.shape, np.float32)
        actions[0, :, 0] = np.nan
        if tick == 0:
            actions[0, 0, [0, 1, forge]] = -1.0, 1.0, 1.0
        actions[0, 0, bond] = 0.5 if tick == 1 else 0.0
        actions[0, 1, report] = 1.0 if tick == 2 else 0.0
        engine.step(actions)
        taken = engine.world.enforcement.forfeited[0, 0]
        assert taken == (PLEDGE * 1e6 if tick == 2 + DISPUTE else 0)
    assert balances_of(engine.world.ledger.balances, PLEDGED)[0, 0] > PLEDGE * 1e6


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("row", ROWS)
def test_stake_against_evidence_is_as_known(row, freeze, unchecked):
    fault, leaves, told, delay, frozen, free = ROWS[row]
    end, out = played(fault, leaves, told, delay, freeze)
    assert end == (frozen if freeze else free)
    if row in OUT_AT:
        assert out == OUT_AT[row][not freeze]


@pytest.mark.parametrize(
    ("delay", "freeze", "accepted"), [(32, True, False), (33, True, True), (48, False, False), (49, False, True)]
)
def test_delays_under_which_stake_escapes_are_refused(delay, freeze, accepted):
    def made():
        return sale(
            bonding_delay=delay, evidence_age=AGE, evidence_dispute=DISPUTE, evidence_freeze=freeze,
            enforcement_correlation=8,
        )  # fmt: skip

    if accepted:
        made()
        return
    with pytest.raises(ValueError, match=f"an unbonding delay of {delay} ticks is not longer than"):
        made()


def test_a_surcharge_finds_the_stake_and_rewards_stay_below_what_is_burned():
    with pytest.raises(ValueError, match="delay=32: surcharges are due 32 ticks after a fault"):
        sale(bonding_delay=32, enforcement_correlation=64)
    with pytest.raises(ValueError, match=r"evidence\.reward"):
        sale(evidence_reward=0.2)
