"""The best deviation where one bid is not all there is: scores, sales one after another, and what `evaluate` finds."""

import numpy as np

from econo_env.market import market_of
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.sampling import act, points, sampled_engine

MARKETS, TYPES = 65536, 128
QUICK = Budget(types=32, bids=192, selection=16384, evaluation=4096, actions=96, luck=192, finals=2)
RISE = 1e-6


def kind_deviation(scenario, policy, times=1):
    """Mean gain of the best deviation over the policy's own mean utility; the largest over roles.

    In scoring and sequential sales by formulas on samples `times` as large as usual; elsewhere what the search of
    `evaluate` finds for sure: the lower end of the interval.
    """
    if scenario.market == "scoring":
        return _of_scores(scenario, policy, MARKETS * times)
    if scenario.market == "sequential":
        return _of_rounds(scenario, policy, MARKETS // 32 * times)
    found = regret_metrics(regrets(scenario, policy, (0, 1, 2), budget=QUICK))["relative_gain"]
    return found.ci95[0] if np.isfinite(found.ci95[0]) else 0.0


def _of_scores(scenario, policy, markets):
    """A supplier wins with a score above all others; for a given score its best quality is that of truth."""
    chosen, judged = (_offers(scenario, policy, markets, seed) for seed in (3, 4))
    worst = -np.inf
    for members in market_of(scenario).roles(scenario):
        agent = members[0]
        order = np.argsort(chosen[0][:, agent], kind="stable")
        pick = order[((np.arange(TYPES) + 0.5) / TYPES * markets).astype(int)]
        theta, scores, earned = (column[pick, agent] for column in chosen)
        steps = np.linspace(0.0, scenario.buyer.highest_quality, 1001)
        most = (scenario.scored(steps) - theta[:, None] * scenario.work(steps)).max(axis=1)
        rivals = [np.sort(np.delete(sample[1], agent, axis=1).max(axis=1)) for sample in (chosen, judged)]
        tried = np.quantile(rivals[0], np.linspace(0.0, 1.0, 1500))
        tried = np.concatenate([tried, tried + RISE, np.linspace(0.0, max(most.max(), RISE), 500)])
        tried = np.append(tried, [scenario.mechanism.reserve, -1.0])
        own = [_earned(scenario, earned, scores, one) for one in rivals]
        best = [_earned(scenario, most[:, None], np.broadcast_to(tried, (TYPES, len(tried))), one) for one in rivals]
        at, rows = best[0].argmax(axis=1), np.arange(TYPES)
        gain = np.where(best[0][rows, at] > own[0], best[1][rows, at] - own[1], 0.0)
        worst = max(worst, float(gain.mean() / max(own[1].mean(), 1e-9)))
    return worst


def _offers(scenario, policy, markets, seed):
    """Cost parameters, scores, and what the offer would earn at a score of 0, each (markets, agents), in credits."""
    engine = sampled_engine(scenario, markets, seed)
    theta = market_of(scenario).types.now(scenario, engine.state)[..., 0]
    luck = points(markets, scenario.num_agents, seed + 100)
    policy.reset(seed)
    policy._draw = luck.reshape
    engine.step(act(policy, engine))
    state = engine.state
    quality = state.qualities / 1000.0 * scenario.buyer.highest_quality
    scores = np.where(state.prices >= 0, state.scores / 1e6, -1.0)
    return theta, scores, scores + state.prices / 1e6 - theta * scenario.work(quality)


def _earned(scenario, worth, scores, rivals):
    """Expected profit of offers that earn `worth` at a score of 0, against sorted best scores of the rivals."""
    reserve = scenario.mechanism.reserve
    low, high = (np.searchsorted(rivals, scores, side=side) for side in ("left", "right"))
    wins = np.where(scores >= reserve, (low + high) / (2.0 * len(rivals)), 0.0)
    if scenario.mechanism.name == "first_score":
        return (worth - scores) * wins
    to_match = np.concatenate([[0.0], np.cumsum(np.maximum(rivals, reserve))]) / len(rivals)
    return worth * wins - np.where(scores >= reserve, (to_match[low] + to_match[high]) / 2.0, 0.0)


def _of_rounds(scenario, policy, markets):
    """Another bid in one round, the policy in all others; by the policy's bids in every situation."""
    chosen, judged = (_Rounds(scenario, policy, markets, seed) for seed in (3, 4))
    types = np.asarray(scenario.priors()[0].quantile((np.arange(32) + 0.5) / 32))
    types = np.rint(types * 1e6) / 1e6
    gains, utilities = [], []
    for value in types:
        own = [sample.earned(value, None, np.zeros(1)) for sample in (chosen, judged)]
        gain = 0.0
        for number in range(chosen.rounds):
            tried = np.unique(np.concatenate([chosen.worth_trying(number), [0.0, scenario.mechanism.reserve]]))
            first = chosen.earned(value, number, tried)
            if first.max() > own[0][0]:
                gain = max(gain, judged.earned(value, number, tried[[first.argmax()]])[0] - own[1][0])
        gains.append(gain)
        utilities.append(own[1][0])
    return float(np.mean(gains) / max(np.mean(utilities), 1e-9))


class _Rounds:
    """Rivals' values from the highest down, and their bids by round and by how many have left."""

    def __init__(self, scenario, policy, markets, seed):
        self.scenario, self.policy, self.markets = scenario, policy, markets
        rivals = scenario.num_agents - 1
        drawn = np.asarray(scenario.priors()[0].quantile(points(markets, rivals, seed)))
        self.values = -np.sort(-np.rint(drawn * 1e6) / 1e6, axis=1)
        self.rounds = scenario.max_cycles
        self.bids = {
            (number, gone): self.bid(self.values[:, gone], number, gone)
            for number in range(self.rounds)
            for gone in range(min(number + 1, rivals))
        }

    def bid(self, values, number, gone):
        """What the policy bids in a round before which so many have left."""
        scenario, names = self.scenario, market_of(self.scenario).observations(self.scenario)
        shown = np.zeros((len(values), 1, len(names)), dtype=np.float32)
        shown[..., 0] = values[:, None] / scenario.highest_value
        shown[..., 1] = (self.rounds - number) / self.rounds
        shown[..., 2] = (scenario.num_agents - 1 - gone) / max(1, scenario.num_agents - 1)
        action = self.policy.act(shown, np.ones((len(values), 1), dtype=bool))[:, 0, 0].astype(float)
        unit = scenario.highest_value if scenario.bids == "amount" else values
        return np.floor((1.0 + action) * unit * 1e6 + 0.5) / 1e6

    def worth_trying(self, number):
        """Bids of the strongest rival in a round, and just above them."""
        made = np.concatenate([bids for (one, _), bids in self.bids.items() if one == number])
        quantiles = np.quantile(made, np.linspace(0.0, 1.0, 32))
        return np.concatenate([quantiles, quantiles + RISE])

    def earned(self, value, deviates, tried):
        """Mean utility of the policy, and in round `deviates` of each of the tried bids instead, shape (tried,)."""
        markets, reserve = np.arange(self.markets), self.scenario.mechanism.reserve
        there = np.ones((len(tried), self.markets), dtype=bool)
        gone, total = np.zeros_like(there, dtype=int), np.zeros(there.shape)
        for number in range(self.rounds):
            most = min(number, self.scenario.num_agents - 2)
            rival = np.stack([self.bids[number, g] for g in range(most + 1)] + [np.full(self.markets, -1.0)])
            alone = gone > most  # nobody else is left
            against = rival[np.where(alone, most + 1, gone), markets]
            own = np.array([self.bid(np.array([value]), number, g)[0] for g in range(most + 2)])[
                np.minimum(gone, most + 1)
            ]
            mine = np.broadcast_to(tried[:, None], there.shape) if number == deviates else own
            ahead = (mine > against) | ((mine == against) & (markets % 2 == 0))
            wins = there & ahead & (mine >= reserve)
            second = np.maximum(against, reserve)
            price = mine if self.scenario.mechanism.name == "sequential_first_price" else second
            total += np.where(wins, value - price, 0.0)
            there &= ~wins
            gone += there & ~wins & (against >= reserve) & ~alone
        return total.mean(axis=1)
