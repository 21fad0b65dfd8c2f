"""Events: BLAKE2b is BLAKE2b, what is written is read back, and an outsider with the schema alone comes to the same."""

import hashlib

import numpy as np
import pytest

from econo_env.audit.blake2b import DIGEST_WORDS, WORK_WORDS, digest_words
from econo_env.audit.events import (
    AWARD,
    BID,
    FACT,
    FIRST_OPERATION,
    GENESIS,
    HEADER,
    KEYS,
    OPENING,
    POLICY,
    close_event,
    number,
    numbers_of,
    width_of,
)
from econo_env.audit.kernels import kernels
from tests.audit.logs import Outsider, a_log

WORK = WORK_WORDS + DIGEST_WORDS


def random_event(generator, words, cursor, kind):
    """Writes an event of random numbers, from small to the largest there are; returns them."""
    rows, width = int(generator.integers(0, 6)) if kind != OPENING else 3, width_of(kind)
    largest = 2 ** int(generator.choice([8, 31, 32, 63])) - 1
    payload = generator.integers(-largest - 1, largest, rows * width, dtype=np.int64, endpoint=True)
    if payload.size and generator.random() < 0.3:
        payload[generator.integers(payload.size)] = generator.choice([2**31 - 1, 2**31, -(2**31), -(2**31) - 1])
    words[cursor[0] + HEADER : cursor[0] + HEADER + payload.size] = payload
    keys = generator.integers(0, 2**40, 4)
    close_event(words, cursor, kind, *keys.tolist(), rows)
    return keys.tolist(), payload.reshape(rows, width)


@pytest.mark.parametrize("length", [*range(34), 100, 1000])
def test_the_hash_is_blake2b(length):
    generator = np.random.default_rng(length)
    for _ in range(20):
        before = generator.integers(0, 2**64, DIGEST_WORDS, dtype=np.uint64)
        words = generator.integers(0, 2**64, length + 5, dtype=np.uint64)
        first = int(generator.integers(0, 6))
        digest, work = np.zeros(DIGEST_WORDS, np.uint64), generator.integers(0, 2**64, WORK_WORDS, dtype=np.uint64)
        text = before.tobytes() + words[first : first + length].tobytes()
        for is_node, person in ((False, b""), (True, b"node")):
            digest_words(before, words, first, first + length, is_node, digest, work)
            assert digest.tobytes() == hashlib.blake2b(text, digest_size=32, person=person).digest()


def test_any_numbers_are_read_back_and_take_the_fewest_bytes():
    generator = np.random.default_rng(0)
    outsider = Outsider.__new__(Outsider)
    outsider.header = {"kinds": ["genesis", "actions", "snapshot", "episode", "bid", "award", "fact", "policy", "x.y"]}
    for _ in range(2000):
        words, cursor = np.full(400, 7, dtype=np.int64), np.zeros(2, dtype=np.int64)
        cursor[1] = int(generator.integers(0, 2**40))
        written, starts = [], []
        for kind in generator.choice([GENESIS, OPENING, BID, AWARD, FACT, POLICY, FIRST_OPERATION], 4):
            starts.append(int(cursor[0]))
            written.append((int(kind), *random_event(generator, words, cursor, int(kind))))
        text = words[: cursor[0]].astype("<i8").tobytes()
        for start, (kind, keys, payload), (_, read, numbers) in zip(starts, written, outsider.cut(text), strict=True):
            assert [read[key] for key in ("market", "episode", "tick", "op")] == keys
            assert read["kind"] == kind
            small = all(-(2**31) <= entry < 2**31 for entry in payload.ravel().tolist())
            assert read["bytes"] == (4 if small else 8)
            assert list(numbers) == payload.ravel().tolist()
            np.testing.assert_array_equal(numbers_of(words, start), payload)
            assert [number(words, start, at) for at in range(payload.size)] == payload.ravel().tolist()
        found = np.zeros(len(starts), dtype=np.int64)
        kernels().find_events(words[: cursor[0]], found)
        assert found.tolist() == starts
    assert sorted(KEYS) == list(KEYS)


def test_roots_of_any_number_of_events_are_those_of_the_schema():
    generator = np.random.default_rng(1)
    for count in [*range(1, 40), 127, 128, 129]:
        hashes = generator.integers(0, 2**64, (count, DIGEST_WORDS), dtype=np.uint64)
        nodes, work = np.zeros(hashes.size, dtype=np.uint64), np.zeros(WORK, dtype=np.uint64)
        kernels().merkle_root(hashes, count, nodes, work)
        assert nodes[:DIGEST_WORDS].tobytes() == Outsider.root([row.tobytes() for row in hashes])


def test_an_outsider_with_the_schema_alone_verifies_a_log(tmp_path):
    heads = a_log(tmp_path / "log.db")
    outsider, before, seq, seen = Outsider(tmp_path / "log.db"), bytes(32), 0, set()
    for (tick, first_seq, events, hashes, root), head in zip(outsider.rows(), heads, strict=True):
        chained = outsider.chained(before, events)
        assert b"".join(chained) == hashes
        assert (tick, first_seq) == (head.tick, seq)
        assert outsider.root(chained) == root
        before = chained[-1]
        assert (before.hex(), root.hex()) == (head.hash, head.root)
        for _, keys, numbers in outsider.cut(events):
            assert keys["seq"] == seq
            identity = (keys["market"], keys["episode"], keys["tick"], keys["op"])
            assert identity not in seen, "every operation has a name of its own"
            seen.add(identity)
            if seq == 0:
                digest = np.array(numbers, dtype="<i8").tobytes()
                assert digest == hashlib.blake2b(outsider.header_text, digest_size=32).digest()
            seq += 1
    assert seq == heads[-1].seq + 1 > 200
