"""The best deviation from a policy, by formulas of expected outcomes that share no code with rules or solvers.

Everybody's bids are those of the policy's actions; types come from a low-discrepancy sample of the law that is drawn.
Rivals bid independently, so the chance to win with a bid follows from the distributions of bids.
"""

from dataclasses import dataclass

import numpy as np

from econo_env.market import market_of
from econo_env.markets.position.scenario import PositionScenario
from econo_env.mechanisms.parameters import units_of
from econo_env.training.evaluation.sampling import points

MARKETS = 65536
SEEDS = (3, 4)
CANDIDATES, TYPES = 1000, 128
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
    """The roles after one round: amounts as the rule ranks them, in procurement what bids leave of the ceiling.

    What is mixed over is drawn as evenly as the types: by lot, the noise of so many markets would be up to a fifth of
    the utility of an all-pay auction among eight bidders most of whom share a value.
    """
    market = market_of(scenario)
    names, agents = market.observations(scenario), scenario.num_agents
    uniforms = points(markets, 2 * agents, seed)
    values = np.stack([market.types.at(scenario, i, uniforms[:, [i]])[:, 0] for i in range(agents)], axis=1)
    policy._draw = uniforms[:, agents:].reshape
    values = np.rint(values * 1e6) / 1e6
    shown = np.zeros((markets, agents, len(names)), dtype=np.float32)
    shown[..., 0] = values / scenario.highest_value
    weights = np.array(scenario.weights or (1.0,) * agents)
    if "prior" in names:
        distinct = list(dict.fromkeys(scenario.priors()))
        numbers = np.array([distinct.index(one) + 1 for one in scenario.priors()])
        shown[..., names.index("prior")] = numbers / len(distinct)
        shown[..., names.index("weight")] = weights / weights.max()
    policy.reset(seed)
    actions = np.asarray(policy.act(shown, np.ones((markets, agents), dtype=bool)))[..., 0].astype(float)
    unit = np.full_like(values, scenario.highest_value) if scenario.bids == "amount" else values
    bids = np.floor((1.0 + actions) * scenario.largest_bid / 2.0 * unit * 1e6 + 0.5) / 1e6
    if scenario.utility.name == "budget":
        bids = np.minimum(bids, scenario.utility.amount - scenario.participation.entry_fee)
    if scenario.procurement is not None:
        ceiling = round(scenario.ceiling * 1e6) / 1e6
        values, bids = ceiling - values, np.round(ceiling - bids, 6)
        bids = np.where(bids < 0.0, np.nan, bids)
    elif scenario.entry_costs > 0.0:
        bids = np.where(bids == 0.0, np.nan, bids)
    groups = market.roles(scenario)
    return [Role(values[:, group].ravel(), bids[:, group].ravel(), len(group)) for group in groups]


def above(below, ranks):
    """The chance that s rivals stand above, s = 0 .. ranks - 1, given each one's chance to stand below."""
    chances = [np.ones_like(below[0])] + [np.zeros_like(below[0]) for _ in range(ranks - 1)]
    for one in below:
        chances = [chance * one + (chances[s - 1] * (1.0 - one) if s else 0.0) for s, chance in enumerate(chances)]
    return chances


def money(scenario, roles, role, bids):
    """Expected units and payment of each bid."""
    section, name = scenario.mechanism, scenario.mechanism.name
    weights = scenario.weights or (1.0,) * scenario.num_agents
    groups = market_of(scenario).roles(scenario)
    own = weights[groups[role][0]]
    there = scenario.participation.probability
    below = []
    for other, rival in enumerate(roles):
        chance = 1.0 - there * (1.0 - rival.below(bids * own / weights[groups[other][0]]))
        below += [chance] * (rival.count - (other == role))
    reserve = section.reserve
    rates = scenario.click_rates if isinstance(scenario, PositionScenario) else (1.0,) * units_of(section)
    chances = above(below, len(rates)) if below else [np.ones_like(bids)] + [np.zeros_like(bids)] * (len(rates) - 1)
    units = np.where(bids >= reserve, sum(rate * chance for rate, chance in zip(rates, chances, strict=True)), 0.0)
    if name == "all_pay":
        return units, np.where(bids >= reserve, bids, 0.0)
    if name in ("second_price_all_pay", "kth_price"):
        return units, _by_others(scenario, roles[role], bids, units, reserve)
    return units, bids * units


def _by_others(scenario, one, bids, wins, reserve):
    """Payments that others set, of alike bidders who are all there."""
    made, n = np.where(np.isnan(one.bids), 0.0, one.bids), scenario.num_agents
    made = np.sort(made)
    shares = (np.arange(len(made)) + 0.5) / len(made)
    if scenario.mechanism.name == "second_price_all_pay":
        weights = (n - 1) * shares ** (n - 2) / len(made)
        paid = np.concatenate([[0.0], np.cumsum(weights * np.maximum(made, reserve))])
        return np.where(bids >= reserve, paid[np.searchsorted(made, bids)] + (1.0 - wins) * bids, 0.0)
    rank = scenario.mechanism.rank
    points = (np.arange(400) + 0.5) / 400
    # the (rank - 1)-th highest of n - 1 places below one's own
    a, b = n - rank + 1, rank - 1
    density = points ** (a - 1) * (1 - points) ** (b - 1)
    density /= density.sum()
    place = np.searchsorted(made, bids) / len(made)
    price = np.interp(place[:, None] * points, shares, np.maximum(made, reserve)) @ density
    alone = place ** (n - 1)
    return alone * price + (wins - alone) * np.maximum(bids, reserve)


def best_deviation(scenario, policy, markets=MARKETS):
    """Mean gain of the best bid over the policy's own, over its own mean utility; the largest over roles.

    Bids are chosen on one sample of the rivals and judged on another, so that nothing of the first one's noise counts.
    """
    chosen, judged = (played(scenario, policy, seed, markets) for seed in SEEDS)
    worst = -np.inf
    for number, one in enumerate(chosen):
        order = np.argsort(one.values, kind="stable")
        pick = order[((np.arange(TYPES) + 0.5) / TYPES * len(order)).astype(int)]
        worst = max(worst, _relative(scenario, (chosen, judged), number, one.values[pick], one.bids[pick]))
    return worst


def _relative(scenario, samples, number, values, own):
    made = np.concatenate([one.bids[~np.isnan(one.bids)] for one in samples[0]])
    quantiles = np.quantile(made, np.linspace(0.0, 1.0, CANDIDATES)) if made.size else np.zeros(1)
    weights = np.array(scenario.weights or (1.0,))
    tried = [ratio * quantiles for ratio in np.unique(weights[:, None] / weights)]
    tried = np.unique(np.concatenate([*tried, np.linspace(0.0, max(values.max(), quantiles[-1]), CANDIDATES // 2)]))
    tried = np.unique(np.concatenate([tried, tried + RISE, [scenario.mechanism.reserve]]))
    bids, rows = np.concatenate([tried, np.where(np.isnan(own), -1.0, own)]), np.arange(len(values))
    utilities = []
    for roles in samples:
        utility = _felt(scenario, values, bids, *money(scenario, roles, number, bids))
        # the last choice is to place no bid
        utilities.append(np.hstack([utility, np.zeros((len(values), 1))]))
    mine = np.where(np.isnan(own), len(bids), len(tried) + rows)
    allowed = np.append(np.arange(len(bids)) < len(tried), True)
    best = np.where(allowed, utilities[0], -np.inf).argmax(axis=1)
    better = utilities[0][rows, best] > utilities[0][rows, mine]
    gain = np.where(better, utilities[1][rows, best] - utilities[1][rows, mine], 0.0)
    return float(gain.mean() / max(utilities[1][rows, mine].mean(), 1e-9))


def _felt(scenario, values, bids, units, paid):
    model, entry = scenario.utility, scenario.participation.entry_fee + scenario.participation.entry_cost
    if model.name in ("risk_neutral", "budget"):
        return values[:, None] * units - paid - entry
    surplus = values[:, None] - bids
    if model.name == "crra":
        return units * np.sign(surplus) * np.abs(surplus) ** model.rho
    if model.name == "cara":
        return units * (1.0 - np.exp(np.minimum(-model.a * surplus, 700.0))) / model.a
    return units * surplus / np.maximum(bids, model.least_payment)
