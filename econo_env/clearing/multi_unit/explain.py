"""One sale of identical units in words: what each bidder wins, and where its payment comes from.

In procurement the same of suppliers: the lowest bids win, and are paid.
"""

from collections.abc import Sequence

import numpy as np

from econo_env.mechanisms.base import Mechanism
from econo_env.mechanisms.reasons import BY_ITS_RULE, paid_in_words, reason
from econo_env.mechanisms.rounds import Floats, UnitRound
from econo_env.money import written


def explained(row: Mechanism, cleared: UnitRound, only: Sequence[int] | None = None) -> list[str]:
    """One line a bidder, or for `only` some of them, of a round that the mechanism of that row has cleared."""
    called = [cleared.name_of(i) for i in range(len(cleared.bids))]
    return [_line(i, row, cleared, called) for i in (range(len(called)) if only is None else only)]


def _listed(amounts: Floats) -> str:
    return " + ".join(map(written, amounts.tolist()))


def _line(i: int, row: Mechanism, cleared: UnitRound, names: Sequence[str]) -> str:
    won, paid = int(cleared.allocation[i]), float(cleared.payments[i])
    own = cleared.bids[i][~np.isnan(cleared.bids[i])]
    if won:
        units = "1 unit" if won == 1 else f"{won} units"
        line = f"{names[i]} wins {units}: {f'bids {_listed(own[:won])}' if own.size else 'it made no bid'}"
    elif own.size == 0:
        line = f"{names[i]} made no bid"
    else:
        line = f"{names[i]} wins nothing: its bid {written(own[0])}, {_why_not(float(own[0]), cleared)}"
    if not (won or paid):
        return line
    return f"{line}; {paid_in_words(paid, cleared.reverse)}, {reason(row.sources, cleared, i, paid)}"


def _why_not(bid: float, cleared: UnitRound) -> str:
    """Why a bid for a first unit won nothing."""
    sign, worse = (-1.0, "above") if cleared.reverse else (1.0, "below")
    if not cleared.may_win(np.array([bid]))[0]:
        return f"{worse} {cleared.limit_name} {written(cleared.limit)}"
    winners = np.flatnonzero(cleared.allocation)
    last = [float(cleared.bids[w, min(int(cleared.allocation[w]), cleared.bids.shape[1]) - 1]) for w in winners]
    if bid in last:
        return "the lot fell to an equal bid"
    return f"{worse} the winning bids" if last and all(sign * bid < sign * other for other in last) else BY_ITS_RULE
