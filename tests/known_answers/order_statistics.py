"""Revenue of the standard formats in equilibrium: mean and variance by quadrature of order statistics.

Written from the formulas of Krishna, "Auction Theory" (2009), chapters 2, 3 and 12 to 15, and of Krishna and Morgan
(1997), on the quantile function Q of the prior; nothing here calls the equilibria or the rules that it is to test.
"""

import numpy as np
from scipy.stats import beta, binom

POINTS = 40_000
U = (np.arange(POINTS) + 0.5) / POINTS


def upto(density):
    """The integral of the density from 0 to each point of `U`."""
    return (np.cumsum(density) - 0.5 * density) / POINTS


class Symmetric:
    """Independent values of n bidders from one prior; for sale are `units` units, one each."""

    def __init__(self, prior, n, units=1):
        self.n, self.units, self.values = n, units, np.asarray(prior.quantile(U))

    def highest(self, j, of=None):
        """Weights of `U` for the quantile of the j-th highest of so many draws; they sum to 1."""
        weights = beta((self.n if of is None else of) + 1 - j, j).pdf(U)
        return weights / weights.sum()

    def mean(self):
        """Revenue of every efficient format in which the lowest type earns nothing: k E[Y_(k+1)]."""
        if self.n <= self.units:
            return 0.0
        return self.units * float(self.highest(self.units + 1) @ self.values)

    def pay_as_bid(self):
        """E[best losing value | it lies below one's own]."""
        rivals = self.n - 1
        density = beta(rivals + 1 - self.units, self.units).pdf(U)
        return upto(self.values * density) / binom.cdf(self.units - 1, rivals, 1.0 - U)

    def all_pay(self):
        return upto(self.values * (self.n - 1) * U ** (self.n - 2))

    def war_of_attrition(self):
        return upto(self.values * (self.n - 1) * U ** (self.n - 2) / (1.0 - U ** (self.n - 1)))

    def third_price(self):
        return self.values + U * np.gradient(self.values, U) / (self.n - 2)

    def moments(self, name):
        """Mean and variance of revenue."""
        return getattr(self, f"_{name}")()

    def _of(self, revenue, weights, variance=0.0):
        """Of a revenue that, given a quantile, has this mean and variance."""
        mean = float(weights @ revenue)
        return mean, float(weights @ (variance + revenue**2)) - mean**2

    def _others(self, bids, count, above):
        """Mean and variance of the sum of so many bids, each above (or below) the quantile."""
        first, second = upto(bids), upto(bids**2)
        if above:
            first, second, share = bids.mean() - first, (bids**2).mean() - second, 1.0 - U
        else:
            share = U
        mean = first / share
        return count * mean, count * np.maximum(second / share - mean**2, 0.0)

    def _first_price(self):
        bids = self.pay_as_bid()
        sum_above, variance = self._others(bids, self.units - 1, above=True)
        return self._of(bids + sum_above, self.highest(self.units), variance)

    def _second_price(self):
        return self._of(self.units * self.values, self.highest(self.units + 1))

    def _kth_price(self):
        return self._of(self.third_price(), self.highest(3))

    def _all_pay(self):
        mean, variance = self._of(self.all_pay(), np.full(POINTS, 1.0 / POINTS))
        return self.n * mean, self.n * variance

    def _second_price_all_pay(self):
        bids = self.war_of_attrition()
        sum_below, variance = self._others(bids, self.n - 2, above=False)
        return self._of(2.0 * bids + sum_below, self.highest(2), variance)


def sequential_moments(name, n, k):
    """Mean and variance of the sum of prices of k rounds, U[0,1]: prices are multiples of order statistics.

    The price of round l is (n - k) / (n - l + 1) times the l-th highest value in first price, and (n - k) / (n - l)
    times the next one in second price, in the last round that value itself.
    """
    rounds = np.arange(1, k + 1)
    if name == "sequential_first_price":
        ranks, shares = rounds, (n - k) / (n - rounds + 1)
    else:
        ranks, shares = rounds + 1, np.where(rounds < k, (n - k) / (n - rounds), 1.0)
    low = n + 1 - np.maximum.outer(ranks, ranks)  # the j-th highest is the (n + 1 - j)-th lowest
    high = n + 1 - np.minimum.outer(ranks, ranks)
    covariance = low * (n + 1 - high) / ((n + 1) ** 2 * (n + 2))
    return float(shares @ (n + 1 - ranks)) / (n + 1), float(shares @ covariance @ shares)
