"""Adaptive aggressiveness: a target between the limit and what is held to be the competitive price.

Vytelingum, "The structure and behaviour of the continuous double auction" (thesis, Southampton 2006); Vytelingum, Cliff
and Jennings, "Strategic bidding in continuous double auctions", Artificial Intelligence 172 (2008). With p* the mean of
the last trades, recent ones weighing more, an aggressiveness r in [-1, 1] says where between the worst price (r = -1),
p* (0) and the own limit (1) the target lies, along curves (e^(r theta) - 1) / (e^theta - 1); who has no gain to expect
at p* has its limit for r >= 0. r moves towards what the last shout would have taken, a little beyond it:

    r <- r + beta_1 (delta - r),   delta = r_shout +- (lambda_r |r_shout| + lambda_a),

(the paper has lambda_r r_shout, which leads the passive, whose r_shout is below 0, the wrong way) and theta towards
(theta_max - theta_min) (1 - A e^(gamma (A - 1))) + theta_min, A being the spread of trades around p* (Smith's alpha)
between its least and its largest so far. Offers go a share 1 / eta of the way from the best of the own side to the
target, at least a tick of the book; a target that the other side's best meets takes it. Sealed offers, for which no
best one stands, are the target itself.
"""

import math
from typing import Any, NamedTuple

from econo_env.engine.compiled import compiled
from econo_env.engine.state import Float64s
from econo_env.markets.order_book.scenario import OrderBookScenario
from econo_env.policies.options import between, whole
from econo_env.policies.traders.tape import ASK, BID, BID_TAKEN, Seen, Tape, coarseness, two_sided
from econo_env.policies.traders.trader import Memory, Strategy, Trader, starts_as_all
from econo_env.policy import Row
from econo_env.scenario import Scenario

COMPETITIVE, SPREAD, LEAST, LARGEST, CURVE, TRADES = range(6)
"""What traders hold in common: p*, alpha, its least and largest value so far, theta, trades heard."""
AGGRESSIVENESS = 0
_STRAIGHT = 1e-8
_SAME = 1e-9
"""Spreads nearer to each other than this differ by rounding alone."""


class AggressiveParams(NamedTuple):
    """Constants, under the names of the paper."""

    highest: float  # credits, the price that nobody exceeds
    coarse: float  # credits, by which a shout may lie beside the price that was meant
    rho: float  # weight of a trade against the one after it
    eta: float  # offers go 1 / eta of the way
    beta_1: float  # rate of r
    beta_2: float  # rate of theta
    lambda_r: float
    lambda_a: float
    gamma: float
    theta_min: float
    theta_max: float
    trades: int  # N, the trades that p* and alpha are of


@compiled
def part(r: float, theta: float) -> float:
    """(e^(r theta) - 1) / (e^theta - 1), from 0 to 1 as r goes there; r itself where theta is 0."""
    return r if abs(theta) < _STRAIGHT else math.expm1(r * theta) / math.expm1(theta)


@compiled
def part_inverse(share: float, theta: float) -> float:
    """The r at which `part` is a share."""
    return share if abs(theta) < _STRAIGHT else math.log1p(share * math.expm1(theta)) / theta


@compiled
def slope(theta: float) -> float:
    """Theta / (e^theta - 1), the slope of `part` at r = 0; it falls with theta."""
    return 1.0 - theta / 2.0 if abs(theta) < _STRAIGHT else theta / math.expm1(theta)


@compiled
def joined_theta(theta: float, above: float, below: float) -> float:
    """The theta of the passive side, so that targets have one slope at r = 0.

    It solves below slope(x) = above slope(theta), by Newton's method from the left of the root of a falling, convex
    function.

    Args:
        theta: Of the aggressive side.
        above: From p* to the limit.
        below: From p* to the worst price, above 0.
    """
    goal = above * slope(theta) / below
    x = -goal if goal > 1.0 else 0.0
    for _ in range(60):
        if x > 500.0:
            break
        grows = math.exp(x)
        less = math.expm1(x)
        steep = -0.5 if abs(x) < 1e-6 else (less - x * grows) / (less * less)
        move = (slope(x) - goal) / steep
        x -= move
        if abs(move) < 1e-12 * max(1.0, abs(x)):
            break
    return x


@compiled
def target(r: float, theta: float, limit: float, competitive: float, worst: float) -> float:
    """The price aimed at, for a buyer with `worst` 0; sellers' is the mirror image, see `aim`.

    Args:
        r: Aggressiveness, -1 to 1.
        theta: Of the curves.
        limit: The own value.
        competitive: P*, above `worst`.
        worst: The price that nobody goes below.
    """
    if limit <= competitive:
        return limit if r >= 0.0 else limit - (limit - worst) * part(-r, theta)
    if r >= 0.0:
        return competitive + (limit - competitive) * part(r, theta)
    passive = joined_theta(theta, limit - competitive, competitive - worst)
    return competitive - (competitive - worst) * part(-r, passive)


@compiled
def aggressiveness_of(price: float, theta: float, limit: float, competitive: float, worst: float) -> float:
    """The r whose target is a price; that of the limit for prices beyond it. The inverse of `target`."""
    wished = min(limit, max(worst, price))
    if limit <= competitive:
        return -part_inverse((limit - wished) / (limit - worst), theta) if wished < limit else 0.0
    if wished >= competitive:
        return part_inverse((wished - competitive) / (limit - competitive), theta)
    passive = joined_theta(theta, limit - competitive, competitive - worst)
    return -part_inverse((competitive - wished) / (competitive - worst), passive)


@compiled
def aa_study(k: int, memory: Memory, params: AggressiveParams, tape: Tape, room: Float64s) -> None:
    """P*, alpha and theta after each trade; behind these numbers stand the prices of the last ones, a ring."""
    common, kept = memory.common[k], params.trades
    if common[TRADES] == 0.0:
        common[CURVE] = (params.theta_min + params.theta_max) / 2.0
    prices = common[TRADES + 1 :]
    for entry in range(tape.kind.shape[1]):
        if tape.kind[k, entry] < BID_TAKEN:
            continue
        heard = int(common[TRADES])
        prices[heard % kept] = tape.price[k, entry]
        common[TRADES] += 1.0
        total, weights, weight = 0.0, 0.0, 1.0
        count = min(heard + 1, kept)
        for back in range(count):
            total += weight * prices[(heard - back) % kept]
            weights += weight
            weight *= params.rho
        mean = total / weights
        square = 0.0
        for back in range(count):
            square += (prices[(heard - back) % kept] - mean) ** 2
        alpha = math.sqrt(square / count) / mean
        common[COMPETITIVE], common[SPREAD] = mean, alpha
        common[LEAST] = alpha if heard == 0 else min(common[LEAST], alpha)
        common[LARGEST] = alpha if heard == 0 else max(common[LARGEST], alpha)
        width = common[LARGEST] - common[LEAST]
        if width > _SAME:
            share = (alpha - common[LEAST]) / width
            wished = 1.0 - share * math.exp(params.gamma * (share - 1.0))
            aim = params.theta_min + (params.theta_max - params.theta_min) * wished
            common[CURVE] += params.beta_2 * (aim - common[CURVE])


@compiled
def aa_hear(
    k: int, i: int, memory: Memory, params: AggressiveParams, tape: Tape, seen: Seen, free: bool, key: Any, call: int
) -> None:
    """More aggressive where a trade went to others at a price beyond the target, less where it was better than that."""
    common, own, sells = memory.common[k], memory.own[k, i], seen.sells[k, i]
    if common[TRADES] == 0.0:
        return
    highest, theta = params.highest, common[CURVE]
    limit = highest - seen.value[k, i] if sells else seen.value[k, i]
    competitive = highest - common[COMPETITIVE] if sells else common[COMPETITIVE]
    competitive = min(max(competitive, 1e-9 * highest), (1.0 - 1e-9) * highest)
    if limit <= 0.0:
        return
    aims = target(own[AGGRESSIVENESS], theta, limit, competitive, 0.0)
    for entry in range(tape.kind.shape[1]):
        kind = tape.kind[k, entry]
        traded = kind >= BID_TAKEN
        if not traded and kind != (ASK if sells else BID):
            continue
        price = highest - tape.price[k, entry] if sells else tape.price[k, entry]
        less = traded and aims >= price
        if not less and aims >= price + params.coarse:
            continue
        sign = -1.0 if less else 1.0
        # a bid that stood in vain at the target is one tick short of it at most
        shout = aggressiveness_of(price if less else max(price, aims), theta, limit, competitive, 0.0)
        delta = shout + sign * (params.lambda_r * abs(shout) + params.lambda_a)
        r = own[AGGRESSIVENESS] + params.beta_1 * (delta - own[AGGRESSIVENESS])
        own[AGGRESSIVENESS] = min(1.0, max(-1.0, r))
        aims = target(own[AGGRESSIVENESS], theta, limit, competitive, 0.0)


@compiled
def aa_quote(k: int, i: int, memory: Memory, params: AggressiveParams, seen: Seen, room: Float64s) -> float:
    """A step towards the target from the best offer of the own side, or what the other side offers.

    Sellers' prices are turned round, so that they too offer the more the less they want.
    """
    common, sells, highest = memory.common[k], seen.sells[k, i], params.highest
    limit = highest - seen.value[k, i] if sells else seen.value[k, i]
    mine = highest - seen.ask[k] if sells else seen.bid[k]
    theirs = highest - seen.bid[k] if sells else seen.ask[k]
    there = theirs < highest
    if limit <= mine:
        offer = 0.0
    elif common[TRADES] == 0.0:
        beyond = theirs + params.lambda_r * theirs + params.lambda_a * highest
        offer = mine + (min(limit, beyond) - mine) / params.eta
    else:
        competitive = highest - common[COMPETITIVE] if sells else common[COMPETITIVE]
        competitive = min(max(competitive, 1e-9 * highest), (1.0 - 1e-9) * highest)
        aims = target(memory.own[k, i, AGGRESSIVENESS], common[CURVE], limit, competitive, 0.0)
        step = max(0.0, aims - mine)
        offer = theirs if there and aims >= theirs else mine + max(step / params.eta, min(step, params.coarse))
    return float(highest - offer if sells else offer)


def aa_trader(
    scenario: Scenario,
    seed: int = 0,
    *,
    rho: float = 0.9,
    eta: float = 3.0,
    beta_1: float = 0.5,
    beta_2: float = 0.5,
    lambda_r: float = 0.05,
    lambda_a: float = 0.01,
    gamma: float = 2.0,
    theta_min: float = -8.0,
    theta_max: float = 2.0,
    trades: int = 5,
) -> Trader:
    """Adaptive aggressiveness.

    Args:
        scenario: The market.
        seed: Without effect: it draws nothing.
        rho: Weight of a trade against the one after it, in (0, 1].
        eta: Offers go 1 / eta of the way to the target, from 1 on; sealed ones go all of it.
        beta_1: Rate of r, in (0, 1].
        beta_2: Rate of theta, in (0, 1].
        lambda_r: Share by which r goes beyond what a shout took, 0 to 1.
        lambda_a: What it goes beyond that, 0 to 1.
        gamma: How fast theta falls with the spread of trades, from 0 on.
        theta_min: The least theta.
        theta_max: The largest.
        trades: Trades that the competitive price and the spread are of.

    Raises:
        ValueError: A number is out of range, or the market is none for it.
    """
    bends = between("eta", eta, 1.0, math.inf, open_high=True)
    if not -100.0 <= float(theta_min) < float(theta_max) <= 100.0:
        raise ValueError(f"theta_min={theta_min!r}, theta_max={theta_max!r}: -100 <= theta_min < theta_max <= 100")
    counted = whole("trades", trades, 1, 10_000, "trades")
    market = two_sided(scenario, "aa")
    params = AggressiveParams(
        highest=market.highest_value,
        coarse=coarseness(market),
        rho=between("rho", rho, 0.0, 1.0, open_low=True),
        eta=bends if isinstance(market, OrderBookScenario) else 1.0,
        beta_1=between("beta_1", beta_1, 0.0, 1.0, open_low=True),
        beta_2=between("beta_2", beta_2, 0.0, 1.0, open_low=True),
        lambda_r=between("lambda_r", lambda_r, 0.0, 1.0),
        lambda_a=between("lambda_a", lambda_a, 0.0, 1.0),
        gamma=between("gamma", gamma, 0.0, math.inf, open_high=True),
        theta_min=float(theta_min),
        theta_max=float(theta_max),
        trades=counted,
    )
    strategy = Strategy(starts_as_all, aa_study, aa_hear, aa_quote)
    return Trader("aa", scenario, strategy, params, seed=seed, own=1, common=TRADES + 1 + counted)


ROW = Row(
    "aa",
    "Adaptive aggressiveness (Vytelingum 2006), among buyers and sellers.",
    aa_trader,
    ("rho", "eta", "beta_1", "beta_2", "lambda_r", "lambda_a", "gamma", "theta_min", "theta_max", "trades"),
)
