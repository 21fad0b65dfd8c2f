"""Local and global bidders: the small games in which core-selecting auctions are studied."""

from econo_env.money import MICRO
from econo_env.valuations.xor_bids import XorBids, xor_bids


def local_global(num_locals: int, ring: bool = False) -> XorBids:
    """Who may bid on what among locals and globals, with the highest values as amounts.

    Without a ring every local wants one item of its own, worth up to 1, and one global bidder all of them, worth up to
    their number: LLG with two locals (Ausubel and Milgrom 2002). With a ring, LLLLGG: on eight items every one of four
    locals wants either of two overlapping pairs, worth up to 1, and two globals either of two halves, worth up to 2
    (Bosshard, Buenz, Lubin and Seuken 2020).

    Raises:
        ValueError: The ring is asked for with other than 4 locals, or there is no local.
    """
    if num_locals < 1 or (ring and num_locals != 4):
        raise ValueError(f"num_locals = {num_locals}: LLG has at least 1 local bidder, the ring of LLLLGG has 4")
    if not ring:
        parts = [(i, [i], MICRO) for i in range(num_locals)]
        return xor_bids([*parts, (num_locals, list(range(num_locals)), num_locals * MICRO)], num_locals, num_locals + 1)
    pairs = [(p // 2, [p, (p + 1) % 8], MICRO) for p in range(8)]
    halves = [(4 + h // 2, [(2 * (h // 2) + 4 * (h % 2) + i) % 8 for i in range(4)], 2 * MICRO) for h in range(4)]
    return xor_bids([*pairs, *halves], 8, 6)
