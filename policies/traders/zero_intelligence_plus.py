"""Zero intelligence plus: a margin over the limit price that follows what others shout.

Cliff, "Minimal-intelligence agents for bargaining behaviors in market-based environments", HP Laboratories HPL-97-91
(1997). A trader shouts p = limit (1 + margin); margins of sellers are at least 0, those of buyers -1 to 0. Of one at q:

* taken: sellers with p <= q and buyers with p >= q raise their margins; if it was a bid, other sellers with units left
  lower theirs, if an ask, other buyers;
* in vain: an ask makes sellers with p >= q lower their margins, a bid buyers with p <= q.

A change aims at tau = R q + A, R and A drawn a little above 1 and 0, or below, as the price is to rise or fall: by
Widrow and Hoff's rule with momentum, G <- gamma G + (1 - gamma) beta (tau - p), and the margin is (p + G) / limit - 1.

Cliff's traders have one limit a day. For the next unit the price to shout is kept and not the margin, so far as it
gives no loss: the price is what was learned. In sealed rounds, each with fresh values, the margin is kept.
"""

from typing import NamedTuple

import numpy as np

from econo_env.engine.compiled import compiled
from econo_env.engine.rng import LEARNING, two_uniforms
from econo_env.engine.state import Float64s
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.policies.options import between
from econo_env.policies.traders.tape import ASK, ASK_TAKEN, BID, BID_TAKEN, NOTHING, Seen, Tape, coarseness, two_sided
from econo_env.policies.traders.trader import Memory, Strategy, Trader, studies_nothing
from econo_env.policy import Row
from econo_env.scenario import Scenario

MARGIN, CHANGE, RATE, MOMENTUM, LIMIT = range(5)
"""A trader's own numbers; the limit is that of the last unit, for who has none left still moves its margin."""
_STARTS = 1 << 20
"""Number of the draw that a day starts with; shouts of a tick have those below."""


class ZipParams(NamedTuple):
    """Constants."""

    rate: float  # the largest beta; drawn from a fifth of it up
    momentum: float  # the largest gamma; drawn from 0 up
    shift: float  # R lies within 1 +- shift, A within +- shift credits of a highest price of 1
    highest: float  # credits
    coarse: float  # credits, by which a shout may lie beside the price that was meant
    keeps_price: bool  # and not the margin, where the limit is another
    least: float  # credits, what a limit of 0 counts as, for margins are shares of it


@compiled
def zip_start(k: int, i: int, memory: Memory, params: ZipParams, seen: Seen, key: np.uint64, call: int) -> None:
    """Margins of 5 to 35 %, rates and momenta, each by lot."""
    own = memory.own[k, i]
    margin, rate = two_uniforms(key, _STARTS, call, LEARNING, i)
    own[MARGIN] = (0.05 + 0.3 * margin) * (1.0 if seen.sells[k, i] else -1.0)
    own[RATE] = params.rate * (0.2 + 0.8 * rate)
    own[MOMENTUM] = params.momentum * two_uniforms(key, _STARTS + 1, call, LEARNING, i)[0]
    own[CHANGE] = 0.0
    own[LIMIT] = max(seen.value[k, i], params.least)


@compiled
def zip_aim(own: Float64s, limit: float, price: float, sells: bool) -> float:
    """Moves the margin towards a price by Widrow and Hoff's rule; the new price to shout."""
    now = limit * (1.0 + own[MARGIN])
    delta = own[RATE] * (price - now)
    own[CHANGE] = own[MOMENTUM] * own[CHANGE] + (1.0 - own[MOMENTUM]) * delta
    margin = (now + own[CHANGE]) / limit - 1.0
    own[MARGIN] = max(0.0, margin) if sells else min(0.0, max(-1.0, margin))
    return float(limit * (1.0 + own[MARGIN]))


@compiled
def zip_go_on(own: Float64s, limit: float, sells: bool, keeps_price: bool) -> None:
    """Another limit: of the next unit the price to shout stays, as far as the limit allows, else the margin."""
    if keeps_price:
        margin = own[LIMIT] * (1.0 + own[MARGIN]) / limit - 1.0
        own[MARGIN] = max(0.0, margin) if sells else min(0.0, margin)
    own[LIMIT] = limit


@compiled
def zip_hear(
    k: int, i: int, memory: Memory, params: ZipParams, tape: Tape, seen: Seen, free: bool, key: np.uint64, call: int
) -> None:
    """Raises or lowers the margin for each shout, see the top of the file."""
    own, sells = memory.own[k, i], seen.sells[k, i]
    if free and seen.value[k, i] != own[LIMIT]:
        zip_go_on(own, max(seen.value[k, i], params.least), sells, params.keeps_price)
    limit = own[LIMIT]
    price = limit * (1.0 + own[MARGIN])
    for entry in range(tape.kind.shape[1]):
        kind = tape.kind[k, entry]
        if kind == NOTHING:
            continue
        q = tape.price[k, entry]
        if kind in (BID, ASK):
            raises = False
            lowers = free and (
                kind == ASK and price > q - params.coarse if sells else kind == BID and price < q + params.coarse
            )
        else:
            raises = price <= q if sells else price >= q
            lowers = free and not raises and kind == (BID_TAKEN if sells else ASK_TAKEN)
        if raises or lowers:
            one, two = two_uniforms(key, entry, call, LEARNING, i)
            sign = 1.0 if raises == sells else -1.0
            target = q * (1.0 + sign * params.shift * one) + sign * params.shift * params.highest * two
            price = zip_aim(own, limit, target, sells)


@compiled
def zip_quote(k: int, i: int, memory: Memory, params: ZipParams, seen: Seen, room: Float64s) -> float:
    """The limit and the margin."""
    own = memory.own[k, i]
    return float(min(params.highest, own[LIMIT] * (1.0 + own[MARGIN])))


def zip_trader(
    scenario: Scenario, seed: int = 0, *, rate: float = 0.5, momentum: float = 0.1, shift: float = 0.05
) -> Trader:
    """Zero intelligence plus.

    Args:
        scenario: The market.
        seed: Of its luck.
        rate: The largest learning rate, in (0, 1]; each trader's is drawn between a fifth of it and all.
        momentum: The largest momentum, from 0 to below 1; each trader's is drawn from 0 up.
        shift: How far a target may lie beyond what was shouted, from 0 to 1: shares of it and of the highest price.

    Raises:
        ValueError: A number is out of range, or the market is none for it.
    """
    learns, keeps = (
        between("rate", rate, 0.0, 1.0, open_low=True),
        between("momentum", momentum, 0.0, 1.0, open_high=True),
    )
    beyond = between("shift", shift, 0.0, 1.0)
    market = two_sided(scenario, "zip")
    highest = market.highest_value
    of_a_book = isinstance(market, OrderBookScenario)
    params = ZipParams(learns, keeps, beyond, highest, coarseness(market), of_a_book, 1e-6 * highest)
    strategy = Strategy(zip_start, studies_nothing, zip_hear, zip_quote)
    return Trader("zip", scenario, strategy, params, seed=seed, own=5)


ROW = Row(
    "zip", "Zero intelligence plus (Cliff 1997), among buyers and sellers.", zip_trader, ("rate", "momentum", "shift")
)
