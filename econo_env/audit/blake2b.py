"""BLAKE2b-256 (RFC 7693) of 64-bit words, compiled, for chains of millions of small events.

`hashlib` has the same function; calling it once for each event from Python takes several times as long. In plain
Python it is what is called.
"""

import hashlib
from typing import Any

import numba
import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.state import UInt64s

DIGEST_WORDS = 4
BLOCK_WORDS = 16
WORK_WORDS = 8 + BLOCK_WORDS
"""Scratch: eight words of state and one block."""

_U = np.uint64
_IV = tuple(
    np.uint64(word)
    for word in (
        0x6A09E667F3BCC908,
        0xBB67AE8584CAA73B,
        0x3C6EF372FE94F82B,
        0xA54FF53A5F1D36F1,
        0x510E527FADE682D1,
        0x9B05688C2B3E6C1F,
        0x1F83D9ABFB41BD6B,
        0x5BE0CD19137E2179,
    )
)
NODE = b"node"
"""What sets the hash of a node of a tree apart from that of an event."""
_NODE = np.uint64(int.from_bytes(NODE, "little"))
_PARAMETERS = np.uint64(0x01010000 ^ 32)  # digest of 32 bytes, no key
_WORD_OF = np.uint64(8) + np.array(
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    ],
    dtype=np.uint64,
)
"""Where in the scratch each round finds its words; unsigned, for an index that may be negative costs a comparison."""


@compiled
def _mix(a: Any, b: Any, c: Any, d: Any, x: Any, y: Any) -> tuple[Any, Any, Any, Any]:
    """The function G of RFC 7693, section 3.1."""
    a = a + b + x
    d = d ^ a
    d = (d >> _U(32)) | (d << _U(32))
    c = c + d
    b = b ^ c
    b = (b >> _U(24)) | (b << _U(40))
    a = a + b + y
    d = d ^ a
    d = (d >> _U(16)) | (d << _U(48))
    c = c + d
    b = b ^ c
    b = (b >> _U(63)) | (b << _U(1))
    return a, b, c, d


@compiled
def _compress(work: UInt64s, bytes_so_far: Any, is_last: bool) -> None:
    """The function F of RFC 7693, section 3.2: state in work[:8], the block in work[8:]."""
    v0, v1, v2, v3 = work[0], work[1], work[2], work[3]
    v4, v5, v6, v7 = work[4], work[5], work[6], work[7]
    v8, v9, v10, v11 = _IV[0], _IV[1], _IV[2], _IV[3]
    v12, v13, v14, v15 = _IV[4] ^ bytes_so_far, _IV[5], _IV[6], _IV[7]
    if is_last:
        v14 = ~v14
    for r in range(12):
        s = _WORD_OF[r]
        v0, v4, v8, v12 = _mix(v0, v4, v8, v12, work[s[0]], work[s[1]])
        v1, v5, v9, v13 = _mix(v1, v5, v9, v13, work[s[2]], work[s[3]])
        v2, v6, v10, v14 = _mix(v2, v6, v10, v14, work[s[4]], work[s[5]])
        v3, v7, v11, v15 = _mix(v3, v7, v11, v15, work[s[6]], work[s[7]])
        v0, v5, v10, v15 = _mix(v0, v5, v10, v15, work[s[8]], work[s[9]])
        v1, v6, v11, v12 = _mix(v1, v6, v11, v12, work[s[10]], work[s[11]])
        v2, v7, v8, v13 = _mix(v2, v7, v8, v13, work[s[12]], work[s[13]])
        v3, v4, v9, v14 = _mix(v3, v4, v9, v14, work[s[14]], work[s[15]])
    work[0] ^= v0 ^ v8
    work[1] ^= v1 ^ v9
    work[2] ^= v2 ^ v10
    work[3] ^= v3 ^ v11
    work[4] ^= v4 ^ v12
    work[5] ^= v5 ^ v13
    work[6] ^= v6 ^ v14
    work[7] ^= v7 ^ v15


@compiled
def _own(before: UInt64s, words: UInt64s, first: int, last: int, is_node: bool, digest: UInt64s, work: UInt64s) -> None:
    for i in range(8):
        work[i] = _IV[i]
    work[0] ^= _PARAMETERS
    if is_node:
        work[6] ^= _NODE
    filled = DIGEST_WORDS
    for i in range(DIGEST_WORDS):
        work[8 + i] = before[i]
    done = 0
    for at in range(first, last):
        if filled == BLOCK_WORDS:
            done += BLOCK_WORDS
            _compress(work, _U(8 * done), False)
            filled = 0
        work[8 + filled] = words[at]
        filled += 1
    for i in range(filled, BLOCK_WORDS):
        work[8 + i] = _U(0)
    _compress(work, _U(8 * (done + filled)), True)
    for i in range(DIGEST_WORDS):
        digest[i] = work[i]


def _by_hashlib(
    before: UInt64s, words: UInt64s, first: int, last: int, is_node: bool, digest: UInt64s, work: UInt64s
) -> None:
    text = before.tobytes() + words[first:last].tobytes()
    found = hashlib.blake2b(text, digest_size=32, person=NODE if is_node else b"")
    digest[:] = np.frombuffer(found.digest(), np.uint64)


digest_words = _by_hashlib if numba.config.DISABLE_JIT else _own
"""`(before, words, first, last, is_node, digest, work)`: BLAKE2b-256 of `before`, 4 words, and words[first:last].

The digest is written into `digest`. Words are little-endian; the hash of a node of a tree is personalised by `NODE`;
`work` is scratch of `WORK_WORDS` words.
"""


def digest_of_bytes(text: bytes) -> UInt64s:
    """BLAKE2b-256 of bytes as four words."""
    return np.frombuffer(hashlib.blake2b(text, digest_size=32).digest(), np.uint64)
