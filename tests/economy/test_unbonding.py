"""Unbonding and evidence: no schedule of offences, exits and reports lets stake escape under accepted delays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from econo_env.economy.slashing import slash
from econo_env.economy.unbonding import (
    ACCEPTED,
    EMPTY,
    KNOWN,
    NO_ROOM,
    NOT_YET,
    PENDING,
    SETTLED,
    TOO_OLD,
    Docket,
    Queue,
    begin_unbonding,
    check_delays,
    is_due,
    leaving,
    mature,
    reachable,
    record_stake,
    submit,
    take_leaving,
)

AGE, DISPUTE = 32, 16


def rooms(agents, slots, evidence, age):
    queue = Queue(np.zeros((1, agents, slots), np.int64), np.zeros((1, agents, slots), np.int64))
    docket = Docket(*(np.zeros((1, evidence), np.int64) for _ in Docket._fields))
    return queue, docket, np.zeros((1, age + 1, agents), np.int64)


class Chain:
    """The rules in the order of a tick: maturities, exits, submissions, settlements."""

    def __init__(self, stakes, delay, age, dispute, freeze, slots=8, evidence=8):
        self.bonded = list(stakes)
        self.delay, self.age, self.dispute, self.freeze = delay, age, dispute, freeze
        self.queue, self.docket, self.history = rooms(len(stakes), slots, evidence, age)
        self.free, self.slashed, self.tick = [0] * len(stakes), [], 0

    def run(self, exits=(), tops=(), reports=()):
        """One tick; exits and tops are (agent, amount), reports (operation, agent, offence)."""
        for i in range(len(self.bonded)):
            self.free[i] += mature(0, i, self.tick, self.delay, self.freeze, self.queue, self.docket)
        for i, amount in tops:
            self.bonded[i] += amount
        for i, amount in exits:
            part = min(amount, self.bonded[i])
            if begin_unbonding(0, i, part, self.tick, self.queue):
                self.bonded[i] -= part
        for i, bonded in enumerate(self.bonded):
            record_stake(0, i, self.tick, bonded, self.queue, self.history)
        answers = [submit(0, *report, self.tick, self.age, self.docket, self.history) for report in reports]
        slots = range(self.docket.status.shape[1])
        due = [at for at in slots if is_due(0, at, self.tick, self.dispute, self.docket)]
        for at in sorted(due, key=lambda at: self.docket.operation[0, at]):
            self.settle(at)
        self.tick += 1
        return answers

    def settle(self, at, rate=1_000_000):
        i, offence = int(self.docket.accused[0, at]), int(self.docket.offence[0, at])
        due = min(slash(int(self.docket.liable[0, at]), rate), reachable(0, i, offence, self.bonded[i], self.queue))
        taken = take_leaving(0, i, offence, due, self.queue)
        self.bonded[i] -= due - taken
        self.docket.status[0, at] = SETTLED
        self.slashed.append((self.tick, int(self.docket.operation[0, at]), due))


def outcome(offence, exit_at, evidence, delay, freeze):
    """What becomes of 1,000 of stake, all slashed on evidence: how it ended, and when."""
    chain = Chain([1000], delay, AGE, DISPUTE, freeze)
    answer = None
    while chain.tick < 260:
        tick = chain.tick
        reports = [(7, 0, offence)] if tick == evidence else []
        answers = chain.run(exits=[(0, 1000)] if tick == exit_at else [], reports=reports)
        answer = answers[0] if answers else answer
        if answer not in (None, ACCEPTED):
            return "rejected"
        if chain.slashed and chain.slashed[0][2] == 1000:
            return "slashed", chain.slashed[0][0]
        if chain.free[0] == 1000 and (answer == ACCEPTED or tick < evidence):
            return "escaped", tick
    return "kept"


@pytest.mark.parametrize(
    ("offence", "exit_at", "evidence", "delay", "frozen", "open_"),
    [
        (100, 101, 132, 64, ("slashed", 148), ("slashed", 148)),  # 6.13
        (100, 101, 133, 64, "rejected", "rejected"),  # 6.14
        (100, None, 120, 64, ("slashed", 136), ("slashed", 136)),  # 6.15
        (100, 100, 132, 32, ("escaped", 132), ("escaped", 132)),  # 6.17
        (100, 100, 132, 33, ("slashed", 148), ("escaped", 133)),  # 6.17
        (100, 100, 132, 48, ("slashed", 148), ("escaped", 148)),  # 6.18
        (100, 100, 132, 49, ("slashed", 148), ("slashed", 148)),  # 6.18
    ],
)
def test_stake_that_leaves_against_evidence_that_comes(offence, exit_at, evidence, delay, frozen, open_):
    assert outcome(offence, exit_at, evidence, delay, True) == frozen
    assert outcome(offence, exit_at, evidence, delay, False) == open_


@pytest.mark.parametrize("freeze", [True, False])
def test_stake_that_began_to_leave_before_the_offence_is_not_at_stake(freeze):
    """6.16: accepted, and nothing of what began to leave before can be taken; what stayed can."""
    chain = Chain([1000], 64, AGE, DISPUTE, freeze)
    while chain.tick < 200:
        answers = chain.run(
            exits=[(0, 600)] if chain.tick == 60 else [], reports=[(1, 0, 100)] if chain.tick == 120 else []
        )
        assert answers in ([], [ACCEPTED])
        assert chain.free[0] == (600 if chain.tick > 124 else 0), "it leaves on its day, frozen or not"
    assert chain.slashed == [(136, 1, 400)]


@pytest.mark.parametrize(
    ("delay", "freeze", "allowed"),
    [(48, False, False), (49, False, True), (32, True, False), (33, True, True), (64, False, True), (-1, True, False)],
)
def test_delays_that_let_stake_escape_are_refused(delay, freeze, allowed):
    if allowed:
        check_delays(delay, AGE, DISPUTE, freeze)
        return
    with pytest.raises(ValueError, match=f"{delay}"):
        check_delays(delay, AGE, DISPUTE, freeze)


def test_the_error_names_the_least_delay_and_the_other_cure():
    with pytest.raises(ValueError, match="give at least 49, or freeze on submission with a delay of at least 33"):
        check_delays(40, AGE, DISPUTE, False)
    with pytest.raises(ValueError, match=r"age limit 32: .*give at least 33"):
        check_delays(32, AGE, DISPUTE, True)


def test_one_infraction_is_settled_once_and_old_or_future_evidence_is_refused():
    chain = Chain([1000, 1000], 64, AGE, DISPUTE, True)
    while chain.tick < 50:
        chain.run()
    assert chain.run(reports=[(1, 0, 40), (1, 0, 40), (2, 0, 51), (3, 0, 17), (4, 0, 18)]) == [
        ACCEPTED,
        KNOWN,
        NOT_YET,
        TOO_OLD,
        ACCEPTED,
    ]
    told = [chain.run(reports=[(1, 0, 40)])[0] for _ in range(40)]
    assert told[:22] == [KNOWN] * 22
    assert told[22:] == [TOO_OLD] * 18
    assert [operation for _, operation, _ in chain.slashed] == [1, 4]


def test_a_full_docket_says_so_and_changes_nothing():
    chain = Chain([10], 64, AGE, DISPUTE, True, evidence=2)
    assert chain.run(reports=[(1, 0, 0), (2, 0, 0), (3, 0, 0)]) == [ACCEPTED, ACCEPTED, NO_ROOM]
    assert sorted(chain.docket.operation[0]) == [1, 2]
    while chain.tick < AGE + 1:
        assert chain.run(reports=[(3, 0, 0)]) in ([NO_ROOM], [TOO_OLD])
    assert chain.run(reports=[(5, 0, chain.tick)]) == [ACCEPTED], "what is settled and too old makes room"


def test_a_full_queue_refuses_and_a_dismissal_frees():
    chain = Chain([10], 33, AGE, DISPUTE, True, slots=2)
    chain.run(exits=[(0, 1), (0, 2), (0, 3), (0, 0)])
    assert (chain.bonded, leaving(0, 0, chain.queue)) == ([7], 3)
    chain.run(reports=[(1, 0, 0)])
    chain.docket.status[0] = EMPTY  # dismissed in the dispute window
    while chain.tick < 40:
        chain.run()
    assert (chain.free, chain.slashed) == ([3], [])


class Lots:
    """The same in plain Python, credit by credit: each remembers since when it has been leaving."""

    def __init__(self, stakes):
        self.units = [[{"leaves": None, "since": -1} for _ in range(stake)] for stake in stakes]
        self.free = [0] * len(stakes)
        self.pending, self.known, self.slashed = [], {}, []
        self.at_stake = {}

    def run(self, tick, delay, age, dispute, freeze, exits, tops, reports):
        for i, units in enumerate(self.units):
            stays = []
            for unit in units:
                began = unit["leaves"]
                stays_in = began is None or tick < began + delay
                if not stays_in and not (freeze and any(p[1] == i and p[2] <= began for p in self.pending)):
                    self.free[i] += 1
                else:
                    stays.append(unit)
            self.units[i] = stays
        for i, amount in tops:
            self.units[i] += [{"leaves": None, "since": tick} for _ in range(amount)]
        for i, amount in exits:
            for unit in [unit for unit in self.units[i] if unit["leaves"] is None][:amount]:
                unit["leaves"] = tick
        for i, units in enumerate(self.units):
            self.at_stake[i, tick] = sum(unit["leaves"] is None or unit["leaves"] == tick for unit in units)
        for operation, agent, offence in reports:
            if operation not in self.known and 0 <= tick - offence <= age:
                self.known[operation] = tick
                self.pending.append((operation, agent, offence, tick, self.at_stake[agent, offence]))
        for item in sorted(item for item in self.pending if tick >= item[3] + dispute):
            self.pending.remove(item)
            operation, agent, offence, _, liable = item
            reached = [unit for unit in self.units[agent] if unit["leaves"] is None or unit["leaves"] >= offence]
            reached.sort(key=lambda unit: tick + 1 if unit["leaves"] is None else unit["leaves"])
            gone = reached[:liable]
            self.units[agent] = [unit for unit in self.units[agent] if not any(unit is other for other in gone)]
            self.slashed.append((tick, operation, len(gone), liable, agent, offence))


delays = st.tuples(st.integers(0, 12), st.integers(0, 6), st.integers(0, 4), st.booleans())


@st.composite
def schedules(draw):
    """Delays, stakes of two agents, and for each tick exits, top-ups, and reports of earlier offences."""
    delay, age, dispute, freeze = draw(delays)
    agent = st.integers(0, 1)
    moves = st.lists(st.tuples(agent, st.integers(0, 9)), max_size=2)
    ticks = []
    for tick in range(draw(st.integers(1, 40))):
        offences = draw(st.lists(st.tuples(agent, st.integers(max(0, tick - age - 1), tick)), max_size=2))
        reports = [(2 * offence + i, i, offence) for i, offence in offences]  # one infraction an agent and tick
        ticks.append((draw(moves), draw(moves), reports))
    return delay, age, dispute, freeze, ticks


@settings(max_examples=200)
@given(schedules())
def test_random_schedules_agree_with_a_reference_and_nothing_escapes_under_accepted_delays(schedule):
    delay, age, dispute, freeze, ticks = schedule
    chain, lots = Chain([20, 20], delay, age, dispute, freeze, slots=64, evidence=32), Lots([20, 20])
    for exits, tops, reports in [*ticks, *[([], [], [])] * 23]:
        lots.run(chain.tick, delay, age, dispute, freeze, exits, tops, reports)
        chain.run(exits, tops, reports)
        assert chain.free == lots.free
        assert sorted(chain.slashed) == sorted(entry[:3] for entry in lots.slashed)
        totals = [chain.bonded[i] + leaving(0, i, chain.queue) for i in range(2)]
        assert totals == [len(units) for units in lots.units]
    try:
        check_delays(delay, age, dispute, freeze)
    except ValueError:
        return
    for tick, _, got, liable, agent, offence in lots.slashed:
        before = sum(
            other[2] for other in lots.slashed if other[4] == agent and offence <= other[0] <= tick and other[1] != _
        )
        assert liable - before <= got <= liable, "stake that was there at the offence left unslashed"


def test_the_same_search_finds_escapes_under_refused_delays():
    """The bar above is not empty: one tick less, and an offender that leaves at once is out in time."""
    rng, escaped = np.random.default_rng(0), {}
    for freeze, delay in ((False, AGE + DISPUTE), (True, AGE), (False, AGE + DISPUTE + 1), (True, AGE + 1)):
        ends = [outcome(100, 100 + int(rng.integers(2)), int(rng.integers(100, 133)), delay, freeze) for _ in range(60)]
        ends += [outcome(100, 100, 132, delay, freeze)]
        escaped[freeze, delay] = sum(end[0] == "escaped" for end in ends)
    assert escaped[False, 48] > 0
    assert escaped[True, 32] > 0
    assert escaped[False, 49] == escaped[True, 33] == 0
    assert PENDING != SETTLED
