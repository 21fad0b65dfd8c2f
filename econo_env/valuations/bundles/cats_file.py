"""The text file of the Combinatorial Auction Test Suite (CATS), in which published instances come.

Comments start with %; `goods 25`, `bids 200` and `dummy 40` give the numbers; every bid is a line of its number, its
price and its goods, ended by #. Goods from `goods` on are dummies: nobody sells them, but bids that share one exclude
each other, so they come from one bidder (XOR). A bid without a dummy comes from a bidder of its own.
"""

from pathlib import Path

from econo_env.money import MICRO, to_money
from econo_env.valuations.bundles.instance import Generator
from econo_env.valuations.xor_bids import XorBids, xor_bids

_HEADER = ("goods", "bids", "dummy")


def to_cats(bids: XorBids) -> str:
    """The file's text; prices in credits with six decimals, which is exact. Bidders without bids are not in it."""
    counts = [int(last - first) for first, last in zip(bids.first[:-1], bids.first[1:], strict=True)]
    several = [bidder for bidder, count in enumerate(counts) if count > 1]
    dummy = {bidder: bids.num_items + number for number, bidder in enumerate(several)}
    lines = [f"goods {bids.num_items}", f"bids {len(bids.owner)}", f"dummy {len(dummy)}", ""]
    for number, (bidder, contains, amount) in enumerate(zip(bids.owner, bids.contains, bids.amount, strict=True)):
        goods = [*contains.nonzero()[0].tolist(), *([dummy[int(bidder)]] if int(bidder) in dummy else [])]
        price = f"{int(amount) // MICRO}.{int(amount) % MICRO:06d}"
        lines.append("\t".join([str(number), price, *map(str, goods), "#"]))
    return "\n".join(lines) + "\n"


def from_cats(text: str) -> XorBids:
    """The XOR bids of a file's text; prices are rounded to micro-credits.

    Raises:
        ValueError: A line cannot be read, a number is missing or wrong, a bid names two dummies or no good.
    """
    numbers: dict[str, int] = {}
    rows: list[tuple[int, float, list[int]]] = []
    for at, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("%"):
            continue
        try:
            if words[0].lower() in _HEADER:
                numbers[words[0].lower()] = int(words[1])
            else:
                goods = words[2 : words.index("#")]
                rows.append((at, float(words[1]), [int(good) for good in goods]))
        except (ValueError, IndexError):
            raise ValueError(
                f"line {at}: {line.strip()!r} is no line of a CATS file: number, price, goods and # for a bid"
            ) from None
    if missing := [word for word in _HEADER[:2] if word not in numbers]:
        raise ValueError(f"the CATS file lacks the line {missing[0]!r} with its number")
    if len(rows) != numbers["bids"]:
        raise ValueError(f"the CATS file says bids {numbers['bids']} but lists {len(rows)}")
    return _with_bidders(rows, numbers["goods"], numbers.get("dummy", 0))


def _with_bidders(rows: list[tuple[int, float, list[int]]], num_goods: int, num_dummies: int) -> XorBids:
    of_dummy: dict[int, int] = {}
    bids, bidders = [], 0
    for at, price, named in rows:
        goods = [good for good in named if 0 <= good < num_goods]
        dummies = [good for good in named if num_goods <= good < num_goods + num_dummies]
        if len(goods) + len(dummies) != len(named) or len(dummies) > 1 or not goods or price < 0.0:
            raise ValueError(
                f"line {at}: a bid names at least one of the goods 0 to {num_goods - 1}, at most one of the "
                f"{num_dummies} dummies after them, and a price from 0"
            )
        bidder = of_dummy.get(dummies[0], bidders) if dummies else bidders
        bidders += bidder == bidders
        if dummies:
            of_dummy[dummies[0]] = bidder
        bids.append((bidder, goods, int(to_money(price))))
    return xor_bids(bids, num_goods, bidders)


def cats_file(path: str) -> XorBids:
    """The bids of a CATS file.

    Raises:
        ValueError: There is no such file, or it cannot be read.
    """
    try:
        return from_cats(Path(path).read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"path = {path!r} cannot be read: {error}") from None


GENERATORS = (Generator("cats_file", cats_file, "An instance from a text file of the suite", "CATS 2.0 read-me"),)
