"""Whatever is done to a log is found, and where: flips, drops, repeats, moves, cuts, and edits hashed anew."""

import hashlib
import json
import shutil
import sqlite3
import struct
from contextlib import closing

import numpy as np
import pytest

from econo_env.audit import AuditError, IntegrityError, explain, export, recover, replay, rerun, verify
from tests.audit.logs import Outsider, a_log, engine_of

TICKS = 16


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("original")
    a_log(folder / "log.db", TICKS, every=6, anchor=folder / "anchor")
    return folder


@pytest.fixture
def log(original, tmp_path):
    shutil.copy(original / "log.db", tmp_path / "log.db")
    return tmp_path / "log.db"


class Tamper:
    """A log in pieces that can be changed and put back; events and hashes by tick."""

    def __init__(self, path):
        outsider = Outsider(path)
        self.path = path
        self.rows = [list(row) for row in outsider.rows()]
        self.events = [[text for text, _, _ in outsider.cut(row[2])] for row in self.rows]
        self.hashes = [[row[3][at : at + 32] for at in range(0, len(row[3]), 32)] for row in self.rows]
        outsider.file.close()

    def places(self):
        return [(t, i) for t, events in enumerate(self.events) for i in range(len(events))]

    def seq(self, tick, place):
        return self.rows[tick][1] + place

    def hash_anew(self):
        """Chain and roots of what the events are now."""
        before = bytes(32)
        for tick, events in enumerate(self.events):
            self.hashes[tick] = []
            for text in events:
                before = hashlib.blake2b(before + text, digest_size=32).digest()
                self.hashes[tick].append(before)
            self.rows[tick][4] = Outsider.root(self.hashes[tick])

    def put_back(self):
        with sqlite3.connect(self.path) as file:
            file.execute("DELETE FROM ticks")
            for row, events, hashes in zip(self.rows, self.events, self.hashes, strict=True):
                row[2:4] = b"".join(events), b"".join(hashes)
                file.execute("INSERT INTO ticks VALUES (?, ?, ?, ?, ?)", row)
        file.close()


def flipped(text, generator):
    at = int(generator.integers(len(text)))
    return text[:at] + bytes([text[at] ^ (1 << int(generator.integers(8)))]) + text[at + 1 :]


def flip_event(log, generator):
    tick, place = log.places()[generator.integers(len(log.places()))]
    log.events[tick][place] = flipped(log.events[tick][place], generator)
    return tick, log.seq(tick, place)


def flip_hash(log, generator):
    tick, place = log.places()[generator.integers(len(log.places()))]
    log.hashes[tick][place] = flipped(log.hashes[tick][place], generator)
    return tick, log.seq(tick, place)


def flip_root(log, generator):
    tick = int(generator.integers(len(log.rows)))
    log.rows[tick][4] = flipped(log.rows[tick][4], generator)
    return tick, log.rows[tick][1]


def drop_record(log, generator):
    """With its hash, so that only the chain and the order can tell; never the last of a tick, see `drop_last`."""
    tick, place = [p for p in log.places() if p[1] < len(log.events[p[0]]) - 1][generator.integers(TICKS)]
    del log.events[tick][place], log.hashes[tick][place]
    return tick, log.seq(tick, place)


def drop_last(log, generator):
    """The last record of a tick: the next tick begins too late."""
    tick = int(generator.integers(len(log.rows) - 1))
    del log.events[tick][-1], log.hashes[tick][-1]
    return tick, None


def repeat_record(log, generator):
    tick, place = log.places()[generator.integers(len(log.places()))]
    log.events[tick].insert(place, log.events[tick][place])
    log.hashes[tick].insert(place, log.hashes[tick][place])
    return tick, log.seq(tick, place + 1)


def add_record_without_a_hash(log, generator):
    tick = int(generator.integers(len(log.rows)))
    log.events[tick].append(log.events[tick][-1])
    return tick, log.seq(tick, len(log.hashes[tick]))


def swap_records(log, generator):
    tick, place = [p for p in log.places() if p[1] < len(log.events[p[0]]) - 1][generator.integers(TICKS)]
    for list_ in (log.events[tick], log.hashes[tick]):
        list_[place], list_[place + 1] = list_[place + 1], list_[place]
    return tick, log.seq(tick, place)


def cut_short(log, generator):
    """The end of the events of a tick is torn off, in the middle of one."""
    tick = int(generator.integers(len(log.rows)))
    log.events[tick][-1] = log.events[tick][-1][: int(generator.integers(1, len(log.events[tick][-1])))]
    return tick, log.seq(tick, len(log.events[tick]) - 1)


def drop_tick(log, generator):
    tick = int(generator.integers(len(log.rows) - 1))
    seq = log.rows[tick][1]
    for list_ in (log.rows, log.events, log.hashes):
        del list_[tick]
    return tick, seq


def swap_ticks(log, generator):
    tick = int(generator.integers(len(log.rows) - 1))
    seq = log.rows[tick][1]
    for list_ in (log.rows, log.events, log.hashes):
        list_[tick], list_[tick + 1] = list_[tick + 1], list_[tick]
    for place in (tick, tick + 1):
        log.rows[place][0] = place
    return tick, seq


def first_seq(log, generator):
    tick = int(generator.integers(len(log.rows)))
    seq = log.rows[tick][1]
    log.rows[tick][1] += int(generator.choice([-1, 1]))
    return tick, seq


KINDS = (
    flip_event,
    flip_hash,
    flip_root,
    drop_record,
    drop_last,
    repeat_record,
    add_record_without_a_hash,
    swap_records,
    cut_short,
    drop_tick,
    swap_ticks,
    first_seq,
)


@pytest.mark.parametrize("kind", KINDS)
def test_damage_anywhere_is_found_and_located(kind, log):
    generator = np.random.default_rng(KINDS.index(kind))
    verify(log)
    whole = log.read_bytes()
    for _ in range(40):
        log.write_bytes(whole)
        pieces = Tamper(log)
        tick, seq = kind(pieces, generator)
        pieces.put_back()
        with pytest.raises(IntegrityError) as found:
            verify(log)
        # of a root or the last record of a tick: that tick or, by what is missing before it, the next
        assert found.value.tick in ((tick, tick + 1) if kind is drop_last else (tick,)), str(found.value)
        if seq is not None:
            assert found.value.seq == seq, str(found.value)
        assert str(tick) in str(found.value) or str(tick + 1) in str(found.value)
        for reads in (replay, lambda path: explain("0", path), lambda path: export(path, f"{path}.csv", "csv")):
            if tick == 0 or reads is replay:
                with pytest.raises(IntegrityError):
                    reads(log)


def test_bits_of_the_file_itself_never_pass_for_what_was_written(log):
    generator = np.random.default_rng(99)
    sound, whole = verify(log), log.read_bytes()
    state = replay(log).state_hash
    found = 0
    for _ in range(240):
        log.write_bytes(flipped(whole, generator))
        try:
            same = verify(log) == sound and replay(log).state_hash == state
        except AuditError:
            found += 1
            continue
        assert same, "a bit that nobody reads, or a finding"
    assert found > 40, "what is free, and copies of the state that the events do without, are the rest"


def test_no_bit_of_the_tables_words_hides_what_is_in_them(log):
    sound, whole = verify(log), log.read_bytes()
    begin = whole.index(b"CREATE TABLE ticks")
    end = whole.index(b")", begin)
    for bit in np.random.default_rng(5).choice(8 * (end - begin), 200, replace=False):
        changed = bytearray(whole)
        changed[begin + bit // 8] ^= 1 << (bit % 8)
        log.write_bytes(changed)
        with pytest.raises(AuditError):
            assert verify(log) == sound, "nothing is told of a log that seems to be empty"
    log.write_bytes(whole)
    assert verify(log) == sound


def test_no_page_in_the_place_of_the_ticks_hides_them(log):
    """Where SQLite looks for the ticks on any other page, they are missed: pages stay that no table reaches."""
    sound, whole = verify(log), log.read_bytes()
    with closing(sqlite3.connect(log)) as file:
        [pages] = file.execute("PRAGMA page_count").fetchone()
        [own] = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ticks'").fetchone()
    for page in set(range(2, pages + 2)) - {own}:
        log.write_bytes(whole)
        with closing(sqlite3.connect(log)) as file:
            if page > pages:  # an empty one
                file.execute("CREATE TABLE more (number INTEGER)")
                file.execute("PRAGMA writable_schema = ON")
                file.execute("DELETE FROM sqlite_master WHERE name = 'more'")
            file.execute("PRAGMA writable_schema = ON")
            file.execute("UPDATE sqlite_master SET rootpage = ? WHERE name = 'ticks'", (page,))
            file.commit()
        with pytest.raises(AuditError):
            assert verify(log) == sound, "nothing is told of a log that seems to be empty"


def edit(pieces, generator, what):
    """Changes a number of an event and hashes everything anew, as somebody would who has the whole file."""
    outsider = Outsider(pieces.path)
    kinds = outsider.header["kinds"]
    outsider.file.close()
    found = []
    for tick, events in enumerate(pieces.events):
        for place, text in enumerate(events):
            kind = kinds[struct.unpack_from("<q", text, 16)[0]]
            rows = struct.unpack_from("<q", text, 40)[0]
            if (kind == what or ("." in kind and what == "transfer" and tick > 0)) and rows:
                found.append((tick, place))
    tick, place = found[generator.integers(len(found))]
    text = bytearray(pieces.events[tick][place])
    letter, size = ("<i", 4) if struct.unpack_from("<q", text, 0)[0] == 4 else ("<q", 8)
    (number,) = struct.unpack_from(letter, text, 64 + (size if what in ("bid", "award", "fact") else 0))
    struct.pack_into(letter, text, 64 + (size if what in ("bid", "award", "fact") else 0), number ^ 1)
    pieces.events[tick][place] = bytes(text)
    pieces.hash_anew()
    pieces.put_back()
    return tick


@pytest.mark.parametrize("what", ["transfer", "bid", "award", "fact", "actions", "snapshot"])
def test_an_edit_that_is_hashed_anew_as_a_whole_is_caught_by_the_anchor_and_by_the_rules(what, original, log):
    generator = np.random.default_rng(7)
    whole = log.read_bytes()
    caught = 0
    for _ in range(6):
        log.write_bytes(whole)
        tick = edit(Tamper(log), generator, what)
        verify(log)  # it agrees with itself: that is what the anchor is for
        with pytest.raises(IntegrityError, match="the log was made anew from this tick or before") as found:
            verify(log, original / "anchor")
        assert found.value.tick == tick
        if what != "actions":  # another action with the same outcome is allowed by the rules
            with pytest.raises(IntegrityError, match="played again"):
                rerun(log, engine_of())
        try:
            replay(log)
        except IntegrityError:
            caught += 1
    assert caught == {"snapshot": 6, "bid": 0, "award": 0, "actions": 0}.get(what, caught)
    assert caught > 0 or what in ("bid", "award", "actions"), "the fold has no use for these"


def test_a_log_that_lost_its_end_is_caught_by_the_anchor(original, log):
    pieces = Tamper(log)
    for list_ in (pieces.rows, pieces.events, pieces.hashes):
        del list_[-3:]
    pieces.put_back()
    assert verify(log).ticks == TICKS - 3
    for use in (verify, recover):
        with pytest.raises(IntegrityError, match=rf"ends with tick {TICKS - 3}, the anchor knows tick {TICKS}"):
            use(log, original / "anchor")


def test_a_torn_end_is_cut_and_said_but_never_what_the_anchor_vouches_for(original, log):
    whole = log.read_bytes()
    generator = np.random.default_rng(3)
    for kind in (flip_event, cut_short, flip_hash):
        log.write_bytes(whole)
        while True:
            pieces = Tamper(log)
            tick, _ = kind(pieces, generator)
            if tick == TICKS:
                break
        pieces.put_back()
        with pytest.raises(IntegrityError):
            recover(log, original / "anchor")
        found = recover(log)
        assert found.ticks == TICKS - 1
        (said,) = found.said
        assert said.startswith(f"tick {TICKS}, the last one, was damaged and is cut: ")
        assert recover(log).said == ()
        assert verify(log).ticks == TICKS - 1
    log.write_bytes(whole)
    pieces = Tamper(log)
    pieces.events[TICKS - 1][0] = flipped(pieces.events[TICKS - 1][0], generator)
    pieces.put_back()
    with pytest.raises(IntegrityError, match=f"tick {TICKS - 1}, event"):
        recover(log)
    assert Tamper(log).rows[-1][0] == TICKS, "damage before the end is not mended"


def test_a_changed_header_is_found(log):
    text = Outsider(log).header_text
    document = json.loads(text) | {"seed": 12345}
    with sqlite3.connect(log) as file:
        file.execute("UPDATE log SET value = ? WHERE key = 'header'", (json.dumps(document).encode(),))
    with pytest.raises(IntegrityError, match="tick 0: the header is not what was written"):
        verify(log)
    with sqlite3.connect(log) as file:
        file.execute("UPDATE log SET value = ? WHERE key = 'schema'", (b"2",))
    with pytest.raises(AuditError, match="its schema is b'2', this version reads 1"):
        verify(log)


def test_an_anchor_of_something_else_is_told(original, log, tmp_path):
    lines = (original / "anchor").read_text().splitlines(keepends=True)
    path = tmp_path / "anchor"
    path.write_text("".join(lines) + '{"head": "ab')  # a writer that was killed
    assert verify(log, path).anchored == TICKS + 1
    path.write_text("no anchor\n" + "".join(lines))
    with pytest.raises(AuditError, match="line 1: no anchor of a tick: 'no anchor'"):
        verify(log, path)
    path.write_text("".join(lines) + lines[3].replace('"seq": ', '"seq": 1'))
    with pytest.raises(IntegrityError, match="two heads for tick 3"):
        verify(log, path)
    path.write_text("".join(lines[:5]))
    assert verify(log, path).anchored == 5
    with pytest.raises(AuditError, match="cannot be read as an anchor"):
        verify(log, tmp_path / "nowhere")
