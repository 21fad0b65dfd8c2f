"""The local-global auction by integration: what the bids of the two locals lead to under each payment rule.

Two locals with values U[0, 1] want one item each, a truthful global with value g of U[0, 2] wants both; with chance
gamma the locals share one draw. Payments follow their definition in Day and Cramton (2012): the core is p1 + p2 >= g,
0 <= p <= bids, and payments of least revenue lie nearest to a reference. Nothing here calls the rules it tests.
"""

import numpy as np

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)
RULES = ("vcg", "nearest_vcg", "nearest_zero", "nearest_bid")


def local_payment(rule, own, other, g):
    """What a winning local pays where the global bids g <= own + other."""
    least, most = np.maximum(0.0, g - other), np.minimum(own, g)
    if rule == "vcg":
        return least
    reference = {"nearest_vcg": least - np.maximum(0.0, g - own), "nearest_zero": 0.0, "nearest_bid": own - other}[rule]
    return np.clip((g + reference) / 2.0, least, most)


def bids_of(rule, v, gamma):
    """Equilibrium bids of the locals as the page states them, at gamma < 1, or their limits at gamma = 1."""
    apart = 1.0 - gamma
    if rule == "vcg" or (rule == "nearest_zero" and apart == 0.0):
        return v
    if rule == "nearest_zero":
        return np.maximum(0.0, 1.0 + np.log(gamma + apart * v) / apart)
    if rule == "nearest_bid":
        return v / 2.0 if apart == 0.0 else (np.log(2.0) - np.log(2.0 - apart * v)) / apart
    start = 0.0 if apart == 0.0 else (3.0 - np.sqrt(9.0 - apart**2)) / apart
    return np.maximum(0.0, 2.0 / (2.0 + gamma) * (v - start))


def kink(rule, gamma):
    """The value from which on a local bids more than 0."""
    apart = 1.0 - gamma
    if apart == 0.0 or rule in ("vcg", "nearest_bid"):
        return 0.0
    if rule == "nearest_zero":
        return max(0.0, (np.exp(-apart) - gamma) / apart)
    return (3.0 - np.sqrt(9.0 - apart**2)) / apart


def pieces(ends):
    """Quadrature points and weights of the integral from the first end to the last, exact within each piece."""
    ends = np.asarray(ends, dtype=float)
    half = np.diff(ends, axis=0)[..., None] / 2.0
    points = ends[:-1, ..., None] + half * (1.0 + NODES)
    return np.moveaxis(points, 0, -2), np.moveaxis(half * WEIGHTS, 0, -2)


def over_values(rule, gamma, pieces_each=4):
    """Values of one local and their weights, split where bids begin."""
    start = kink(rule, gamma)
    ends = np.unique(np.concatenate([[0.0], start + (1.0 - start) * np.linspace(0.0, 1.0, pieces_each) ** 2]))
    points, weights = pieces(ends)
    return points.ravel(), weights.ravel()


def over_prices(rule, own, other):
    """The global's bids at which the locals win, split at the kinks of the payments; density 1/2 in the weights."""
    total = own + other
    low, high = np.minimum(own, other), np.maximum(own, other)
    marks = [np.zeros_like(total), high - low, low, high, np.minimum(2.0 * low, total), total]
    points, weights = pieces(np.sort(np.stack(marks), axis=0))
    return points, weights / 2.0


def local_utility(rule, value, own, other):
    """A local's expected utility over the global's value, when it bids `own` against `other`; arrays."""
    own, other = np.broadcast_arrays(np.asarray(own, dtype=float), np.asarray(other, dtype=float))
    g, weights = over_prices(rule, own, other)
    paid = local_payment(rule, own[..., None, None], other[..., None, None], g)
    return ((np.asarray(value)[..., None, None] - paid) * weights).sum(axis=(-1, -2))


def interim_utility(rule, gamma, value, bid):
    """The same over the other local, who bids in equilibrium."""
    w, weights = over_values(rule, gamma)
    apart = local_utility(rule, np.full_like(w, value), np.full_like(w, bid), bids_of(rule, w, gamma)) @ weights
    together = local_utility(rule, np.array([value]), np.array([bid]), bids_of(rule, np.array([value]), gamma))[0]
    return (1.0 - gamma) * apart + gamma * together


def expectations(rule, gamma):
    """Expected utility of a local and of the global, revenue and its square, welfare and the best welfare."""
    v, weights = over_values(rule, gamma)
    one, other = (axis.ravel() for axis in np.meshgrid(v, v, indexing="ij"))
    mixed = [(one, other, np.outer(weights, weights).ravel() * (1.0 - gamma)), (v, v, weights * gamma)]
    totals = np.zeros(6)
    for first, second, weight in mixed:
        b1, b2 = bids_of(rule, first, gamma), bids_of(rule, second, gamma)
        g, inner = over_prices(rule, b1, b2)
        paid = sum(local_payment(rule, a[:, None, None], b[:, None, None], g) for a, b in ((b1, b2), (b2, b1)))
        s, t = b1 + b2, first + second
        local = local_utility(rule, first, b1, b2)
        whole = (2.0 - s) ** 2 / 4.0
        revenue = (paid * inner).sum(axis=(-1, -2)) + s * (2.0 - s) / 2.0
        square = (paid**2 * inner).sum(axis=(-1, -2)) + s**2 * (2.0 - s) / 2.0
        welfare = t * s / 2.0 + (4.0 - s**2) / 4.0
        best = t**2 / 2.0 + (4.0 - t**2) / 4.0
        totals += [weight @ part for part in (local, whole, revenue, square, welfare, best)]
    return totals
