"""The traders of the literature once more, in plain Python from their formulas, one trader and one shout at a time."""

import math
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq

from econo_env.engine.rng import LEARNING, two_uniforms
from econo_env.policies.traders.tape import ASK, ASK_TAKEN, BID, BID_TAKEN, NOTHING


class Zip:
    """Cliff (1997)."""

    def __init__(self, key, call, agent, sells, coarse, keeps):
        first, second = two_uniforms(key, 1 << 20, call, LEARNING, agent)
        self.margin, self.sells, self.agent, self.coarse = (
            (0.05 + 0.3 * first) * (1 if sells else -1),
            sells,
            agent,
            coarse,
        )
        self.rate, self.momentum = 0.1 + 0.4 * second, 0.1 * two_uniforms(key, (1 << 20) + 1, call, LEARNING, agent)[0]
        self.change, self.limit, self.keeps = 0.0, None, keeps

    def hear(self, shouts, value, free, key, call):
        if free:  # else that of the last unit
            price = None if self.limit is None else self.limit * (1 + self.margin)
            if self.keeps and price is not None and value != self.limit:
                kept = price / max(value, 1e-6) - 1
                self.margin = max(0.0, kept) if self.sells else min(0.0, kept)
            self.limit = max(value, 1e-6)
        limit = self.limit
        for entry, (kind, _, q) in enumerate(shouts):
            if kind == NOTHING:
                continue
            price, taken, bid = limit * (1 + self.margin), kind in (BID_TAKEN, ASK_TAKEN), kind in (BID, BID_TAKEN)
            fits = price <= q if self.sells else price >= q
            raises = taken and fits
            if taken:
                lowers = free and not fits and bid == self.sells
            elif self.sells:
                lowers = free and not bid and price > q - self.coarse
            else:
                lowers = free and bid and price < q + self.coarse
            if not raises and not lowers:
                continue
            one, two = two_uniforms(key, entry, call, LEARNING, self.agent)
            up = self.sells if raises else not self.sells  # where the own price is to go
            sign = 1 if up else -1
            delta = self.rate * (q * (1 + sign * 0.05 * one) + sign * 0.05 * two - price)
            self.change = self.momentum * self.change + (1 - self.momentum) * delta
            margin = (price + self.change) / limit - 1
            self.margin = max(0.0, margin) if self.sells else min(0.0, max(-1.0, margin))

    def quote(self):
        return min(1.0, self.limit * (1 + self.margin))


def beliefs(history, points):
    """Gjerstad and Dickhaut's beliefs (q, p) at the points of a grid on [0, 1], from (kind, limit) of shouts."""
    grid = np.arange(points)
    at = np.array([int(limit * (points - 1) + 0.5) for _, limit in history], dtype=int)
    kinds = np.array([kind for kind, _ in history], dtype=int)
    bids, asks = np.isin(kinds, (BID, BID_TAKEN)), np.isin(kinds, (ASK, ASK_TAKEN))
    q, p = np.full(points, np.nan), np.full(points, np.nan)
    for g in grid:
        low, high = at <= g, at >= g
        tb_a, rb = (low & (kinds == BID_TAKEN)).sum() + (low & asks).sum(), (high & (kinds == BID)).sum()
        ta_b, ra = (high & (kinds == ASK_TAKEN)).sum() + (high & bids).sum(), (low & (kinds == ASK)).sum()
        here = kinds[at == g]
        if np.isin(here, (BID, BID_TAKEN, ASK, ASK_TAKEN)).any():
            q[g] = tb_a / (tb_a + rb) if tb_a + rb else np.nan
            p[g] = ta_b / (ta_b + ra) if ta_b + ra else np.nan
    q[0], q[-1], p[0], p[-1] = 0.0, 1.0, 1.0, 0.0
    for belief in (q, p):
        known = np.flatnonzero(~np.isnan(belief))
        for first, last in pairwise(known):
            t = (np.arange(first, last + 1) - first) / (last - first)
            belief[first : last + 1] = belief[first] + (belief[last] - belief[first]) * t**2 * (3 - 2 * t)
    return q, p


def best(value, sells, bid, ask, later, belief):
    """The offer of the largest expected gain among the grid's prices and the best of the other side."""
    found = [(0.0, 1.0 if sells else 0.0)]
    step = 1.0 / (len(belief) - 1)
    for g, chance in enumerate(belief):
        price = g * step
        if sells:
            takes = 1.0 if bid > 0 and price <= bid else 0.0 if price > ask else chance
        else:
            takes = 1.0 if price >= ask else 0.0 if price < bid else chance
        surplus = (price - value if sells else value - price) - later
        found.append((surplus * takes, price))
    met = bid if sells else ask
    if 0 < met < 1:
        found.append(((met - value if sells else value - met) - later, met))
    return max(found, key=lambda pair: pair[0])


def plan(value, sells, bid, ask, units, ticks, gamma, belief):
    """Tesauro and Bredin's recursion."""

    def worth(x, n):
        if x == 0 or n == 0:
            return 0.0
        stays, goes = gamma * worth(x, n - 1), gamma * worth(x - 1, n - 1)
        return stays + best(value, sells, 0.0, 1.0, stays - goes, belief)[0]

    return best(value, sells, bid, ask, gamma * (worth(units, ticks - 1) - worth(units - 1, ticks - 1)), belief)


class Aggressive:
    """Vytelingum, Cliff and Jennings (2008), equations of buyers and of sellers apart; prices up to 1."""

    def __init__(self, coarse):
        self.r, self.coarse = 0.0, coarse

    @staticmethod
    def part(r, theta):
        return (math.exp(r * theta) - 1) / (math.exp(theta) - 1)

    def passive(self, theta, gain, room):
        """Theta of the passive side: the slopes at r = 0 agree."""

        def gap(x):
            slope = 1.0 if abs(x) < 1e-9 else x / math.expm1(x)
            return room * slope - gain * theta / math.expm1(theta)

        return brentq(gap, -1e5, 600, xtol=1e-13, rtol=1e-14)

    def target(self, r, theta, limit, p, sells):
        if sells:
            if limit >= p:
                return limit if r >= 0 else limit + (1 - limit) * self.part(-r, theta)
            if r >= 0:
                return limit + (p - limit) * (1 - self.part(r, theta))
            return p + (1 - p) * self.part(-r, self.passive(theta, p - limit, 1 - p))
        if limit <= p:
            return limit if r >= 0 else limit * (1 - self.part(-r, theta))
        if r >= 0:
            return p + (limit - p) * self.part(r, theta)
        return p * (1 - self.part(-r, self.passive(theta, limit - p, p)))

    def r_of(self, price, theta, limit, p, sells):
        price = max(price, limit) if sells else min(price, limit)
        if abs(price - limit) < 1e-12 and (limit >= p if sells else limit <= p):
            return 0.0
        return brentq(lambda r: self.target(r, theta, limit, p, sells) - price, -1, 1, xtol=1e-14)

    def hear(self, shouts, limit, theta, p, sells):
        for kind, _, price in shouts:
            q = price
            if kind in (BID_TAKEN, ASK_TAKEN):
                aims = self.target(self.r, theta, limit, p, sells)
                up = not (aims <= q if sells else aims >= q)
            elif kind == (ASK if sells else BID):
                aims = self.target(self.r, theta, limit, p, sells)
                if not (aims > q - self.coarse if sells else aims < q + self.coarse):
                    continue
                up, q = True, min(q, aims) if sells else max(q, aims)
            else:
                continue
            shout = self.r_of(q, theta, limit, p, sells)
            delta = shout + (1 if up else -1) * (0.05 * abs(shout) + 0.01)
            self.r = min(1.0, max(-1.0, self.r + 0.5 * (delta - self.r)))


class Competitive:
    """What all that are aggressive hold alike: p*, Smith's alpha, theta."""

    def __init__(self):
        self.prices, self.theta, self.alphas = [], -3.0, []

    def hear(self, shouts):
        for kind, _, q in shouts:
            if kind in (BID_TAKEN, ASK_TAKEN):
                self.prices.append(q)
                last = np.array(self.prices[-5:])
                weights = 0.9 ** np.arange(len(last))[::-1]
                self.p = float((weights * last).sum() / weights.sum())
                self.alphas.append(math.sqrt(((last - self.p) ** 2).mean()) / self.p)
                low, high = min(self.alphas), max(self.alphas)
                if high - low > 1e-9:
                    share = (self.alphas[-1] - low) / (high - low)
                    wished = 10.0 * (1 - share * math.exp(2.0 * (share - 1))) - 8.0
                    self.theta += 0.5 * (wished - self.theta)
