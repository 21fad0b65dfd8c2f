"""Free slots and newcomers, recomputed; and what it is worth to throw a name away, against the closed form."""

import numpy as np
import pytest

import econo_env
from econo_env.economy.entry_dues import fee_needed, reputational_loss
from econo_env.economy.invariants import violations
from econo_env.economy.ledger import AGENT_ACCOUNTS, FREE, PLEDGED, TREASURY, balances_of
from econo_env.economy.reputation import CONFIDENCE, lower_bound
from econo_env.engine.engine import Engine
from tests.economy.lasting.played import fixed
from tests.economy.played import wealth
from tests.economy.staking.played import sections, tasks, ticks

DUES, PLEDGE, ENDOWMENT = 0.3, 0.5, 3.0


def market(most=6, vacancy=2, lasting=False, **options):
    """A task market that agents fail, leave and are banned from often."""
    scenario = tasks(
        {"num_agents": 4, "max_cycles": 40}, {"poor": -1.0, "byzantine": -2.0, "detection": 0.5}, ENDOWMENT,
        enforcement_pledge=PLEDGE, enforcement_grace=0, enforcement_correlation=2, bonding_delay=7, evidence_seen=1.0,
        evidence_age=4, evidence_dispute=1, enforcement_jail=0, **options,
    )  # fmt: skip
    economy = scenario.model_dump(mode="json")["economy"]
    if lasting:
        economy["lasting_contracts"] = economy.pop("contracts") | {"capacity": 2, "duration": 2, "noise": 0.1}
        economy["appeals"] = {"window": 2, "fee": 0.01}
        del economy["insurance"]
    economy |= {"identities": {"dues": DUES, "least": 2.0}, "newcomers": {"most": most, "vacancy": vacancy}}
    return scenario.replace(economy=economy | {"change_detection": {}, "audit": {}})


@pytest.mark.parametrize(("most", "vacancy", "lasting"), [(40, 2, False), (3, 0, False), (40, 1, True)])
def test_slots_fall_vacant_and_newcomers_come_in_as_is_said(most, vacancy, lasting):
    scenario = market(most, vacancy, lasting)
    came, ways, types, for_good = 0, set(), 0, 0
    expected, still = np.zeros(8, dtype=int), ("collateral", "insure", "exertion", "abandon", "appeal")
    for engine, before, _ in ticks(scenario, 4, 8, 60, still=still):
        world, slots, was = engine.world, engine.world.newcomers, before.newcomers
        expected[before.market.tick == 0] = 0
        assert violations(scenario, world, before) == []
        horizon = world.market.tick >= scenario.max_cycles
        fell = slots.vacant & ~was.vacant | slots.born & ~was.vacant
        expected += fell.sum(axis=1)
        assert (expected <= most).all()
        np.testing.assert_array_equal(slots.expected, expected)
        assert not engine.buffers.terminated[fell & ~horizon[:, None]].any(), "the slot goes on"
        out = world.conduct.banned & ~before.conduct.banned
        assert (expected[out.any(axis=1)] == most).all(), "nobody is out for good while newcomers are to come"
        assert not engine.buffers.action_mask[slots.vacant].any()
        there = "vacant", "age"
        seen = {
            name: engine.buffers.observations[..., scenario.kind.observations(scenario).index(name)] for name in there
        }
        here = engine.state.active
        np.testing.assert_array_equal(seen["vacant"][here], slots.vacant[here])
        reborn = slots.born
        assert (seen["age"][reborn & ~horizon[:, None]] == 0).all()
        waited = before.market.tick[:, None] - was.since
        assert (waited[reborn & was.vacant] >= vacancy).all()
        balances = [balances_of(world.ledger.balances, kind) for kind in range(AGENT_ACCOUNTS)]
        assert (sum(balances)[reborn] == round((ENDOWMENT - DUES) * 1e6)).all()
        assert (balances[PLEDGED][reborn] == round(PLEDGE * 1e6)).all()
        assert (balances[FREE][reborn] == round((ENDOWMENT - DUES - PLEDGE) * 1e6)).all()
        for column in (world.reputation.positive, world.reputation.negative, world.change_detection.total):
            assert not column[reborn].any()
        assert (world.reputation.bound[reborn] == CONFIDENCE).all()
        assert (world.enforcement.repeats[reborn] < 0).all()
        if lasting:
            held = world.lasting_contracts.running
            assert not held.grade[reborn].any()
            assert not (held.status[reborn] == 1).any()
        assert not world.enforcement.leaving.amount[reborn].any()
        assert not world.enforcement.joint.any(axis=1)[reborn].any()
        for k, i in zip(*np.nonzero(reborn), strict=True):
            assert not (world.evidence.culprit[k] == i).any()
            pending = world.enforcement.docket.status[k] == 1
            assert not (pending & (world.enforcement.docket.accused[k] == i)).any()
            types += engine.state.reliability[k, i] != before.market.reliability[k, i]
        gap = engine.buffers.rewards * 1e6 - world.market.award.worth
        gap -= wealth(world) - wealth(before) - slots.brought - (world.credit.debt - before.credit.debt)
        assert np.abs(gap)[(before.market.tick > 0)].max(initial=0) < 1e-2, "what is brought and taken is no gain"
        assert (slots.brought[~reborn] == 0).all()
        ways |= set(before.identities.status[reborn & was.vacant].tolist())
        came, for_good = came + int(reborn.sum()), for_good + int(out.sum())
    assert came > 10
    assert (for_good > 0) == (most == 3)
    assert types > 0.9 * came if vacancy == 0 else types >= 0
    assert not ways or ways >= {1, 3}


def test_slots_stay_among_the_agents_of_pettingzoo_while_newcomers_come():
    scenario = market(40, 1)
    env, came, names = econo_env.parallel_env(scenario), 0, scenario.kind.action_names(scenario)
    still = [names.index(name) for name in ("bond", "collateral", "insure")]
    for seed in range(3):
        env.reset(seed=seed)
        while env.agents:
            assert env.agents == env.possible_agents
            actions = {agent: env.action_space(agent).sample() for agent in env.agents}
            for action in actions.values():
                action[still] = 0.0
            _, _, ended, _, infos = env.step(actions)
            vacant = env.engine.world.newcomers.vacant[0]
            came += int(env.engine.world.newcomers.born[0].sum())
            for at, agent in enumerate(env.possible_agents):
                assert not (vacant[at] and infos[agent]["action_mask"].any())
                assert not (ended[agent] and env.agents), "no name ends before the episode does"
    assert came > 3


def test_dues_go_to_the_treasury_for_every_newcomer():
    scenario = market(40, 0, credit_pool=20.0)
    for engine, before, _ in ticks(scenario, 5, 8, 30):
        world, born = engine.world, engine.world.newcomers.born
        fines = world.evidence.fined.sum(axis=1)
        gained = world.ledger.balances[:, TREASURY] - before.ledger.balances[:, TREASURY]
        np.testing.assert_array_equal(gained - fines, round(DUES * 1e6) * born.sum(axis=1))


def test_a_newcomer_brings_the_stake_that_the_population_gives_its_slot():
    scenario = market(40, 0)
    people = [{"count": 2, "bidding_strategy": "truthful", **stake} for stake in ({"initial_stake": 4.0}, {})]
    scenario, seen = scenario.replace(population=people), set()
    for engine, _, _ in ticks(scenario, 6, 8, 40):
        world = engine.world
        owned = sum(balances_of(world.ledger.balances, kind) for kind in range(AGENT_ACCOUNTS))
        for k, i in zip(*np.nonzero(world.newcomers.born), strict=True):
            assert owned[k, i] == round(((4.0 if i < 2 else ENDOWMENT) - DUES) * 1e6)
            seen.add(i)
    assert seen & {0, 1}
    assert seen & {2, 3}


VALUE, COST, OWES, NEEDED = 1.0, 0.5, 0.4, 3
"""Sure work that earns 0.1 a contract and costs 0.5; so many contracts open the other tasks to a newcomer."""
CHEATS, OPEN = 20, 0.5


def whitewash(dues, cheats, markets=60, seed=0, cycles=60, share=OPEN, **newcomers):
    """What one agent earns in all after it has, or has not, forged one proof; open ticks, and when it came back."""
    threshold = lower_bound(NEEDED - 0.25, 0.0, 0.2)  # excellent work counts for 1.25: three will do, and two never
    own = sections(evidence_seen=1.0, evidence_dispute=0, evidence_age=20, enforcement_pledge=0.000001,
                   enforcement_jail=0, enforcement_correlation=2, bonding_delay=21)  # fmt: skip
    economy = {"ledger": {"endowment": 5.0}, "staking": {}, "contracts": {"excellent": 1.0, "detection": 0.0}}
    economy |= {"reputation": {"forgetting": 1.0}, "eligibility": {"threshold": threshold, "open_share": share}}
    economy |= {name: own[name] for name in ("enforcement", "bonding", "evidence")}
    economy |= {"identities": {"dues": dues}, "newcomers": {"vacancy": 0} | newcomers}
    scenario = econo_env.load(
        "task_market_v0", num_agents=2, max_cycles=cycles, economy=economy,
        **{"tasks.value": fixed(VALUE), "agents.cost": fixed(COST), "agents.reliability": fixed(1.0 - 1e-9),
           "mechanism.reserve": OWES},
    )  # fmt: skip
    engine, names = Engine(scenario, markets, autoreset=False), scenario.kind.action_names(scenario)
    engine.reset(seed)
    total, opened, back = np.zeros(markets), [], np.full(markets, -1)
    for tick in range(cycles):
        actions = np.zeros(engine.buffers.actions.shape, dtype=np.float32)
        actions[:, 0, 2] = 1.0
        actions[:, 0, 3] = 1.0 if cheats and tick == CHEATS else -1.0
        actions[:, 1, 0] = np.nan
        actions[:, 1, names.index("report")] = (engine.world.evidence.culprit[:, 1] == 0) & (tick > CHEATS)
        opened.append(engine.state.openness < share)
        engine.step(actions)
        back[(back < 0) & engine.world.newcomers.born[:, 0]] = tick
        total += engine.buffers.rewards[:, 0]
    return total, np.array(opened), back


def test_throwing_a_name_away_earns_what_the_closed_form_says_and_nothing_beyond_the_dues():
    """An offence brings g = c; then a newcomer earns a share of what the known one does, for so many open tasks."""
    earning = VALUE - COST - OWES
    honest, opened, _ = whitewash(0.0, cheats=False)
    cheated, _, back = whitewash(0.0, cheats=True)
    gains = cheated - honest
    assert (back > CHEATS).mean() > 0.95, "reported in an open tick, for the witness has no standing"
    for k in np.flatnonzero(back > 0):
        ticks_open = np.flatnonzero(opened[:, k])
        assert (ticks_open < CHEATS).sum() >= NEEDED, "it was known when it offended"
        known = ticks_open[ticks_open > back[k]][NEEDED - 1]
        missed = (~opened[back[k] + 1 : known + 1, k]).sum()
        assert gains[k] == pytest.approx(COST - earning * missed, abs=5e-6)
    periods = NEEDED / OPEN  # until so many tasks are open, on average; a newcomer has one in a share OPEN of them
    loss, fee = (
        rule(*given, earning, OPEN * earning, round(periods), 1.0) for rule, given in
        ((reputational_loss, ()), (fee_needed, (COST,)))
    )  # fmt: skip
    gains = gains[back > 0]
    error = 4 * gains.std() / np.sqrt(len(gains))
    assert gains.mean() == pytest.approx(COST - loss, abs=error)
    assert fee == pytest.approx(COST - loss)
    assert gains.mean() > error, "free names are thrown away"
    dear = whitewash(2 * fee, cheats=True)[0] - (honest - 2 * fee)
    np.testing.assert_allclose(dear[back > 0], gains - 2 * fee, atol=5e-6)
    assert dear[back > 0].mean() < -error, "dear ones are kept"


def test_without_a_standing_to_lose_all_is_gained_and_out_for_long_all_is_lost():
    """Rows 6.44, H = N: the dues have to be g; and 6.45, no income afterwards, here for as long as a slot is vacant."""
    earning, cycles = VALUE - COST - OWES, 40
    known = {"markets": 6, "cycles": cycles, "share": 1.0}
    honest = whitewash(0.0, cheats=False, **known)[0]
    gains = whitewash(0.0, cheats=True, **known)[0] - honest
    assert fee_needed(COST, earning, earning, 10, 0.95) == COST
    np.testing.assert_allclose(gains, COST, atol=5e-6)
    np.testing.assert_allclose(whitewash(COST, cheats=True, **known)[0], honest - COST, atol=5e-6)
    out = whitewash(0.0, cheats=True, vacancy=cycles, **known)[0] - honest
    left = cycles - CHEATS - 2  # it is convicted with the tick after the offence
    assert reputational_loss(earning, 0.0, left, 1.0) > COST
    np.testing.assert_allclose(out, COST - reputational_loss(earning, 0.0, left, 1.0), atol=5e-6)
    soon = whitewash(0.0, cheats=True, vacancy=4, **known)[0] - honest
    np.testing.assert_allclose(soon, COST - reputational_loss(earning, 0.0, 4, 1.0), atol=5e-6)
