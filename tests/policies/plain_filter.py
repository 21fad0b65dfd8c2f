"""The regime filter in plain Python: every payoff is kept in a list, beliefs are worked out from the lists."""

import math

import numpy as np

BINS = 10


def bin_of(payoff):
    return int(min(BINS - 1, max(0.0, payoff * BINS)))


class Filter:
    """One agent's; options as those of `regime_filter`, payoffs from 0 to 1, nothing is halved."""

    def __init__(self, arms, regimes, hazard, novelty, surprise, exploration, patience, width, floor=0.0):
        self.paid = [[[] for _ in range(arms)] for _ in range(regimes)]
        self.belief = np.eye(regimes)[0]
        self.hazard, self.novelty, self.surprise, self.width = hazard, novelty, surprise, width
        self.exploration, self.patience, self.floor = exploration, patience, floor
        self.ages, self.held, self.again, self.calm, self.moves = [], None, False, 0, 0

    def tries(self, regime):
        return sum(len(paid) for paid in self.paid[regime])

    def chance(self, regime, arm, seen):
        """Of a bin: its share of those seen, or an equal part of the chance of one that was not."""
        paid = self.paid[regime][arm]
        if not paid:
            return 1 / BINS
        bins = [bin_of(one) for one in paid]
        alike = [new for age, new in self.ages if age == min(7, int(math.log2(len(paid))))]
        new = 0.0 if len(set(bins)) == BINS else (sum(alike) + 0.5) / (len(alike) + 1)
        return (1 - new) * bins.count(seen) / len(bins) if seen in bins else new / (BINS - len(set(bins)))

    def learn(self, arm, payoff):
        seen, before, everyone = bin_of(payoff), int(self.belief.argmax()), range(len(self.paid))
        empty = min((r for r in everyone if r != before), key=self.tries)
        if self.tries(empty):
            self.paid[empty], self.belief[empty] = [[] for _ in self.paid[empty]], 0.0
        known = [r for r in everyone if r in (empty, before) or self.tries(r)]
        comes = [self.novelty if r == empty else self.hazard / max(1, len(self.paid) - 2) for r in everyone]
        chances = [self.chance(r, arm, seen) for r in everyone]
        likely = [(self.belief[r] + comes[r] * (1 - self.belief[r])) * chances[r] * (r in known) for r in everyone]
        self.belief = np.array(likely) / sum(likely)
        best = int(self.belief.argmax())
        self.moves += best != before
        self.calm = 0 if best == empty else self.calm + 1
        if self.held is not None:
            paid, earlier = self.paid[best][self.held[0]], self.held[1]
            if paid:
                self.ages.append((min(7, int(math.log2(len(paid)))), bin_of(earlier) not in [bin_of(p) for p in paid]))
            paid.append(earlier)
        self.again = best == before and chances[before] * BINS < self.surprise and not self.again
        self.held = arm, payoff

    def choose(self, first, second):
        if self.again:
            return self.held[0]
        arms = len(self.paid[0])
        lot, start = self.exploration / (1 + self.calm / self.patience), int(second * arms)
        order = [(start + step) % arms for step in range(arms)]
        likeliest = int(self.belief.argmax())
        drawn = int(np.searchsorted(np.cumsum(self.belief), (first - lot) / (1 - lot), "right"))
        table = self.paid[likeliest if first < lot else drawn]
        total = sum(len(paid) for paid in table)
        left = [arm for arm in order if len(table[arm]) < 10 or np.mean(table[arm]) >= self.floor]
        if not left:
            return max(order, key=lambda arm: np.mean(table[arm]))
        if first < lot:
            return left[0]
        untried = [arm for arm in left if not table[arm]]
        return (untried or [max(left, key=lambda arm: self.bound(table[arm], total))])[0]

    def bound(self, paid, total):
        return np.mean(paid) + 2 * math.sqrt(self.width * max(0.0, math.log(total)) / len(paid))
