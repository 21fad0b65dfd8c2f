"""The deterrence identity in played markets: at its bond no fault pays, a little below it one does, partners or not.

Everybody is truthful and reports what it sees; one agent looks for the best it can do at the first of two ticks, in
which a fault can still be reported and settled. Its gain is measured with common random numbers.
"""

from itertools import product

import numpy as np
import pytest

from econo_env.economy.deterrence import bond_needed, detection_within
from econo_env.economy.ledger import PLEDGED, balances_of
from econo_env.economy.proportions import MILLION
from econo_env.engine.engine import Engine
from econo_env.policies import make_policy
from tests.economy.staking.played import place, sale, tasks

MARKETS, AGENTS = 6_000, 4
OFFENDER, PARTNER = 0, 1
ERRORS = 3.0  # standard errors


def market(pledge, seen, reward):
    return tasks(
        {"num_agents": AGENTS, "max_cycles": 2},
        contracts={"detection": 0.0},
        endowment=400.0,
        enforcement_pledge=pledge,
        enforcement_grace=100,
        enforcement_correlation=2,
        enforcement_multiplier=0,
        bonding_delay=9,
        evidence_seen=seen,
        evidence_age=4,
        evidence_dispute=0,
        evidence_bond=0.0,
        evidence_reward=reward,
    )


def earned(scenario, members, changes):
    """What the members earn together in each market; `changes` are what they send, by (tick, agent, name)."""
    engine, policy = Engine(scenario, MARKETS), make_policy("truthful", scenario)
    report, total = place(scenario, "report"), np.zeros(MARKETS)
    engine.reset(7)
    for tick in range(2):
        actions = policy.act(engine.buffers.observations, engine.buffers.action_mask)
        actions[..., report] = engine.world.evidence.culprit >= 0
        for (when, agent, name), value in changes.items():
            if when == tick:
                actions[:, agent, place(scenario, name)] = value
        engine.step(actions)
        total += engine.buffers.rewards[:, members].sum(axis=1)
    return total


def plays(partner):
    """What the offender and its partner may try."""
    for forgery, effort, bond, later in product((0.0, 1.0), (None, -1.0, 0.5), (-1.0, 0.0), (-1.0, 0.0)):
        own = {(0, OFFENDER, "forgery"): forgery, (0, OFFENDER, "bond"): bond, (1, OFFENDER, "bond"): later}
        if effort is not None:
            own[0, OFFENDER, "effort"] = effort
        yield own
        if partner and forgery and effort is None:
            yield own | {(1, PARTNER, "report"): 0.0}  # it saw, and is silent


def best_gain(scenario, members):
    """The best of the plays, chosen on half of the markets and measured on the rest: mean and standard error."""
    own, half = earned(scenario, members, {}), MARKETS // 2
    gains = [earned(scenario, members, play) - own for play in plays(len(members) > 1)]
    best = max(gains, key=lambda gain: gain[:half].mean())[half:]
    return best.mean(), best.std(ddof=1) / np.sqrt(half)


def gain_undetected():
    """What a forgery that nobody sees brings whoever wins and forges, credits, and how often the offender wins."""
    scenario = market(1.0, 0.0, 0.0)
    own = earned(scenario, [OFFENDER], {})
    gain = earned(scenario, [OFFENDER], {(0, OFFENDER, "forgery"): 1.0}) - own
    engine, policy = Engine(scenario, MARKETS), make_policy("truthful", scenario)
    engine.reset(7)
    engine.step(policy.act(engine.buffers.observations, engine.buffers.action_mask))
    won = engine.state.award.units[:, OFFENDER] != 0
    assert not gain[~won].any()
    return gain[won].mean(), won.mean()


@pytest.mark.parametrize(
    ("seen", "reward", "members"),
    [
        (0.3, 0.1, [OFFENDER, PARTNER]),
        pytest.param(0.1, 0.0, [OFFENDER], marks=pytest.mark.slow),
        pytest.param(0.5, 0.1, [OFFENDER], marks=pytest.mark.slow),
        pytest.param(1.0, 0.1, [OFFENDER], marks=pytest.mark.slow),
        pytest.param(1.0, 0.1, [OFFENDER, PARTNER], marks=pytest.mark.slow),
    ],
)
def test_at_the_bond_of_the_identity_no_fault_pays_and_below_it_one_does(seen, reward, members):
    gain, won = gain_undetected()
    assert gain > 0.1, "there must be something to gain"
    witnesses = AGENTS - len(members)  # a partner need not report
    caught = detection_within(seen, witnesses)
    returned = reward if len(members) > 1 else 0.0
    bond = bond_needed(gain * 1e6, caught, MILLION, returned=returned) / 1e6
    above, error = best_gain(market(round(1.1 * bond, 6), seen, reward), members)
    assert above <= ERRORS * error
    # where nothing flows back and all others report, the identity is exact, and so is the gain below it
    alone = bond_needed(gain * 1e6, detection_within(seen, AGENTS - 1), MILLION) / 1e6
    below, error = best_gain(market(round(0.8 * alone, 6), seen, reward), members[:1])
    assert below > ERRORS * error
    assert abs(below - 0.2 * gain * won) < 5 * error


def test_a_partner_that_reports_brings_back_less_than_the_slash():
    """Whoever forges and is reported by its partner alone loses at every pledge, against being honest."""
    gain, _ = gain_undetected()
    for pledge in (gain, 2 * gain, 10 * gain):
        scenario = market(round(pledge / 0.9, 6), 1.0, 0.1)
        members = [OFFENDER, PARTNER]
        silent = {(1, agent, "report"): 0.0 for agent in range(AGENTS) if agent != PARTNER}
        own = earned(scenario, members, silent)
        together = earned(scenario, members, silent | {(0, OFFENDER, "forgery"): 1.0}) - own
        assert together.mean() <= ERRORS * together.std() / np.sqrt(MARKETS)


@pytest.mark.parametrize(("seen", "repeat"), [(0.2, 1), (0.6, 1), (0.6, 3), (1.0, 2)])
def test_winners_who_choose_count_on_what_they_lose_on_average(seen, repeat):
    """A winner counts on p times the slash of its next fault, and so much it loses when the others report."""
    scenario = sale(
        {"num_agents": 3, "max_cycles": 60}, enforcement_grace=0, enforcement_jail=0, enforcement_multiplier=0,
        enforcement_correlation=2, enforcement_window=1000, enforcement_pledge=1.0, bonding_delay=9,
        evidence_seen=seen, evidence_age=1, evidence_dispute=0, evidence_bond=0.0,
    )  # fmt: skip
    engine, generator = Engine(scenario, 2000), np.random.default_rng(0)
    engine.reset(1)
    report, counted, lost, rates = place(scenario, "report"), [], [], []
    rate = min(0.5, 0.1 * 1.5 ** (repeat - 1))
    walked, known = np.zeros((2000, 3), dtype=bool), np.zeros((2000, 3), dtype=int)
    for _ in range(40):
        actions = generator.uniform(-1.0, 1.0, engine.buffers.actions.shape).astype(np.float32)
        actions[..., 1:] = 0.0
        actions[..., report] = engine.world.evidence.culprit >= 0
        faults = (engine.world.enforcement.repeats >= 0).sum(axis=-1)
        staked = balances_of(engine.world.ledger.balances, PLEDGED).copy()
        at = walked & (faults == repeat - 1) & (known == faults)  # nothing was settled since it counted
        penalty = engine.world.default.penalty.copy()
        engine.step(actions)
        counted += penalty[at].tolist()
        rates += (penalty[at] / staked[at]).tolist()
        lost += engine.world.enforcement.forfeited[at].tolist()
        walked, known = engine.world.default.walked.copy(), faults
    caught = detection_within(seen, 2)
    assert len(lost) > 100
    np.testing.assert_allclose(rates, caught * rate, rtol=1e-4)
    error = np.std(lost) / np.sqrt(len(lost))
    assert abs(np.mean(lost) - np.mean(counted)) <= 4 * error + 2
