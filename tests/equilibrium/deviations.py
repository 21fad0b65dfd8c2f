"""The best deviation from a policy, by formulas of expected outcomes that share no code with rules or solvers.

Everybody's bids are read off the engine after one round of the policy, types from a low-discrepancy sample of the law
that is drawn. Rivals bid independently, so the chance to win with a bid follows from the distributions of bids.
"""

from dataclasses import dataclass

import numpy as np

from econo_env.engine.engine import Engine
from training.evaluation.sampling import act, sampled_engine

MARKETS = 8192
CANDIDATES, TYPES = 1500, 256
RISE = 1e-6


@dataclass
class Role:
    """Who bids alike: values and bids of a sample, and the increasing bids of it."""

    values: np.ndarray
    bids: np.ndarray
    count: int

    def below(self, bids):
        """The share of bids below, ties counting half; no bid is below all."""
        placed = np.sort(np.where(np.isnan(self.bids), -1.0, self.bids))
        low, high = (np.searchsorted(placed, bids, side=side) for side in ("left", "right"))
        return (low + high) / (2.0 * len(placed))


def played(scenario, policy, seed=3, markets=MARKETS):
    """The roles after one round: amounts as the rule ranks them, in procurement what bids leave of the ceiling."""
    market = scenario.market_module()
    engine = sampled_engine(scenario, markets, seed)
    policy.reset(seed)
    values = np.array(engine.state.values, dtype=float).reshape(markets, scenario.num_agents, -1)[..., 0] / 1e6
    actions = act(policy, engine)
    if getattr(scenario, "participation", None) and scenario.participation.probability < 1.0:
        everybody = np.ones_like(engine.exchange.action_mask)
        actions = np.asarray(policy.act(engine.exchange.observations, everybody), dtype=np.float32)
        engine = _all_there(scenario, engine, markets, values)
    engine.step(actions)
    bids = market.bids_made(scenario, engine.state).reshape(markets, scenario.num_agents, -1)[..., 0]
    if getattr(scenario, "procurement", None) is not None:
        values, bids = scenario.ceiling - values, scenario.ceiling - bids
        bids = np.where(values < 0.0, np.nan, bids)
    groups = market.roles(scenario)
    return [Role(values[:, group].ravel(), bids[:, group].ravel(), len(group)) for group in groups]


def _all_there(scenario, engine, markets, values):
    there = Engine(scenario.replace(**{"participation.probability": 1.0}), markets)
    there.reset(0)
    there.state.values[:] = np.rint(values * 1e6)
    return there


def above(below, ranks):
    """The chance that s rivals stand above, s = 0 .. ranks - 1, given each one's chance to stand below."""
    chances = [np.ones_like(below[0])] + [np.zeros_like(below[0]) for _ in range(ranks - 1)]
    for one in below:
        chances = [chance * one + (chances[s - 1] * (1.0 - one) if s else 0.0) for s, chance in enumerate(chances)]
    return chances


def money(scenario, roles, role, bids):
    """Expected units and payment of each bid."""
    section, name = scenario.mechanism, scenario.mechanism.name
    weights = getattr(scenario, "weights", None) or (1.0,) * scenario.num_agents
    groups = scenario.market_module().roles(scenario)
    own = weights[groups[role][0]]
    there = scenario.participation.probability
    below = []
    for other, rival in enumerate(roles):
        chance = 1.0 - there * (1.0 - rival.below(bids * own / weights[groups[other][0]]))
        below += [chance] * (rival.count - (other == role))
    reserve = section.reserve
    rates = getattr(scenario, "click_rates", None) or (1.0,) * int(getattr(section, "units", 1))
    chances = above(below, len(rates)) if below else [np.ones_like(bids)] + [np.zeros_like(bids)] * (len(rates) - 1)
    units = np.where(bids >= reserve, sum(rate * chance for rate, chance in zip(rates, chances)), 0.0)
    if name == "all_pay":
        return units, np.where(bids >= reserve, bids, 0.0)
    if name in ("second_price_all_pay", "kth_price", "second_price"):
        return units, _by_others(scenario, roles[role], bids, units, reserve)
    return units, bids * units


def _by_others(scenario, one, bids, wins, reserve):
    """Payments that others set, of alike bidders who are all there."""
    made, n = np.sort(np.where(np.isnan(one.bids), 0.0, one.bids)), scenario.num_agents
    shares = (np.arange(len(made)) + 0.5) / len(made)
    if scenario.mechanism.name == "second_price_all_pay":
        weights = (n - 1) * shares ** (n - 2) / len(made)
        paid = np.concatenate([[0.0], np.cumsum(weights * np.maximum(made, reserve))])
        return np.where(bids >= reserve, paid[np.searchsorted(made, bids)] + (1.0 - wins) * bids, 0.0)
    rank = getattr(scenario.mechanism, "rank", 2)
    points = (np.arange(400) + 0.5) / 400
    # the (rank - 1)-th highest of n - 1 places below one's own
    a, b = n - rank + 1, rank - 1
    density = points ** (a - 1) * (1 - points) ** (b - 1)
    density /= density.sum()
    place = np.searchsorted(made, bids) / len(made)
    price = np.interp(place[:, None] * points, shares, np.maximum(made, reserve)) @ density
    return wins * price


def best_deviation(scenario, policy, role=None):
    """Mean gain of the best bid over the policy's own, over its own mean utility; the largest over roles."""
    roles = played(scenario, policy)
    worst = -np.inf
    for number, one in enumerate(roles):
        order = np.argsort(one.values, kind="stable")
        pick = order[((np.arange(TYPES) + 0.5) / TYPES * len(order)).astype(int)]
        values, own = one.values[pick], one.bids[pick]
        worst = max(worst, _relative(scenario, roles, number, values, own))
    return worst


def _relative(scenario, roles, number, values, own):
    made = np.concatenate([one.bids[~np.isnan(one.bids)] for one in roles])
    top = values.max()
    quantiles = np.quantile(made, np.linspace(0.0, 1.0, CANDIDATES)) if made.size else np.zeros(1)
    weights = np.array(getattr(scenario, "weights", None) or (1.0,))
    tried = [ratio * quantiles for ratio in np.unique(weights[:, None] / weights)]
    tried = np.unique(np.concatenate([*tried, np.linspace(0.0, max(top, quantiles[-1]), CANDIDATES // 2)]))
    tried = np.unique(np.concatenate([tried, tried + RISE, [scenario.mechanism.reserve]]))
    mine = np.where(np.isnan(own), -1.0, own)
    bids = np.concatenate([tried, mine])
    units, paid = money(scenario, roles, number, bids)
    utility = _felt(scenario, values, bids, units, paid)
    gain = np.maximum(utility[:, : len(tried)].max(axis=1), 0.0)
    kept = utility[np.arange(len(values)), len(tried) + np.arange(len(values))]
    kept = np.where(mine < 0.0, 0.0, kept)
    mean = kept.mean()
    return float((np.maximum(gain, kept) - kept).mean() / max(mean, 1e-9))


def _felt(scenario, values, bids, units, paid):
    model, entry = scenario.utility, scenario.participation.entry_fee + scenario.participation.entry_cost
    if model.name in ("risk_neutral", "budget"):
        charged = np.where(bids > 0.0, entry, 0.0) if scenario.procurement is None else entry
        return values[:, None] * units - paid - charged
    surplus = values[:, None] - bids
    if model.name == "crra":
        return units * np.sign(surplus) * np.abs(surplus) ** model.rho
    if model.name == "cara":
        return units * (1.0 - np.exp(np.minimum(-model.a * surplus, 700.0))) / model.a
    return units * surplus / np.maximum(bids, model.least_payment)
