"""Every mechanism keeps what its row of the table claims, and an example stands against all that the row denies."""

from pathlib import Path

import numpy as np
import pytest

import econo_env
from econo_env.market import market_of
from econo_env.mechanisms import claims, mechanisms
from econo_env.mechanisms.claims import Claim, table_line
from econo_env.mechanisms.combinatorial.auction import Payment, clear_auction
from econo_env.mechanisms.shill import shill_gain
from econo_env.valuations.xor_bids import xor_bids
from tests.markets.test_order_book import test_price_time_priority as follow_price_time_priority
from tests.mechanisms.combinatorial_games import coalition_worths, profits, random_bids
from tests.properties.games import one_agent, play, random_actions, strategy

MICRO = 1e-9
TWO_ROUNDINGS = 2.5e-6  # worth and cost of a quality are rounded one by one, so the next quality may seem better
VISIBLE = 1e-3  # credits or shares: an example against a claim shows at least so much
DEVIATIONS = 24
PAGE = (Path(__file__).parents[2] / "docs" / "mechanisms.md").read_text()

CLAIMS = [(name, claim) for name, row in mechanisms().items() for claim in row.claims]


def tolerance(scenario, claim):
    if scenario.market == "scoring":
        return TWO_ROUNDINGS
    return getattr(scenario.mechanism, claim.tolerance) * 1.001 if claim.tolerance else MICRO


def gains_over_truth(scenario, markets=256):
    """What deviations from truth gain, against rivals who do anything at all: largest one by agent and market."""
    best = []
    for members in market_of(scenario).roles(scenario):
        agent = members[0]
        for trial in range(DEVIATIONS):
            rivals = random_actions(scenario, markets, seed=trial, steady=trial % 2 == 0)
            own = random_actions(scenario, markets, seed=1000 + trial, steady=trial % 3 != 0)
            truth = play(scenario, one_agent(rivals, agent, strategy(scenario, "truthful")), markets)
            lie = play(scenario, one_agent(rivals, agent, own), markets)
            best.append((lie.rewards - truth.rewards)[:, agent].max())
    return max(best)


def truthful(scenario, claim):
    return gains_over_truth(scenario) <= tolerance(scenario, claim)


def efficient(scenario, claim, behaviour="truthful"):
    played = play(scenario, strategy(scenario, behaviour), 4096)
    lost = played.optimal - played.realised
    assert lost.min() >= -1e-6, "nothing is better than the optimum"
    if claim.tolerance:
        # a step of a price is a step of the value over the slope of the bids, (n - 1) / n at least
        return lost.max() <= 2 * tolerance(scenario, claim)
    # float32 actions may swap values that differ by less than 1e-6
    share = lost.sum() / played.optimal.sum()
    assert share < 1e-6 or share > VISIBLE
    return share < 1e-6


def efficient_in_equilibrium(scenario, claim):
    return efficient(scenario, claim, "equilibrium")


def ex_post_rational(scenario, claim):
    """Nobody who bids its value, or asks its cost, is worse off for it; where all pay: who bids in equilibrium."""
    pays_losing = mechanisms()[scenario.mechanism.name].losers_pay
    played = play(scenario, strategy(scenario, "equilibrium" if pays_losing else "truthful"), 2048)
    return played.rewards.min() >= -MICRO


def interim_rational(scenario, claim):
    played = play(scenario, strategy(scenario, "equilibrium"), 20_000)
    for agent in range(scenario.num_agents):
        order = np.argsort(played.types[:, agent, 0])
        for part in np.array_split(played.rewards[order, agent], 10):
            if part.mean() < -4 * part.std() / np.sqrt(part.size) - 1e-4:
                return False
    return True


def no_deficit(scenario, claim):
    behaviours = [random_actions(scenario, 512, seed) for seed in range(8)] + [strategy(scenario, "truthful")]
    return min(np.min(play(scenario, act).revenues) for act in behaviours) >= -MICRO


def budget_balanced(scenario, claim):
    behaviours = [random_actions(scenario, 512, seed) for seed in range(8)] + [strategy(scenario, "truthful")]
    return max(np.abs(play(scenario, act).revenues).max() for act in behaviours) <= MICRO


def pairs_of_outcomes(scenario, raised):
    """The same market twice, one agent's action changed, or raised if so asked: (agent, before, after)."""
    for members in market_of(scenario).roles(scenario):
        for trial in range(DEVIATIONS):
            everybody = random_actions(scenario, 512, trial)
            other = random_actions(scenario, 512, 1000 + trial)

            def changed(tick, shown, everybody=everybody, other=other):
                return np.maximum(everybody(tick, shown), other(tick, shown)) if raised else other(tick, shown)

            before, after = play(scenario, everybody), play(scenario, one_agent(everybody, members[0], changed))
            yield members[0], before, after


def monotone(scenario, claim):
    """A higher bid wins no less: more units, or a better slot, of which 1 is the best and 0 none."""

    def rank(won):
        return np.where(won > 0, -won, -np.inf) if scenario.market == "position" else won

    outcomes = pairs_of_outcomes(scenario, raised=True)
    return all(np.all(rank(after.allocation)[:, i] >= rank(before.allocation)[:, i]) for i, before, after in outcomes)


def priced_by_others(scenario, claim):
    """Who wins the same with another bid pays the same."""
    met = 0
    for i, before, after in pairs_of_outcomes(scenario, raised=False):
        same = before.allocation[:, i] == after.allocation[:, i]
        met += int((same & (before.allocation[:, i] != 0)).sum())
        if np.abs(before.payments - after.payments)[same, i].max() > MICRO:
            return False
    assert met > 100
    return True


def in_the_core(scenario, claim):
    payment = Payment(scenario.mechanism.payment)
    for seed in range(40):
        bids = random_bids(700 + seed, most_items=5, most_bidders=6)
        outcome = clear_auction(bids, payment)
        kept, revenue = profits(bids, outcome), int(outcome.payments.sum())
        if any(worth > revenue + kept[list(group)].sum() for group, worth in coalition_worths(bids).items()):
            return False
    return True


def false_name_proof(scenario, claim):
    """A bidder that wants any item, or both more, under one name with its values or two names with any bids."""
    payment, rng = Payment(scenario.mechanism.payment), np.random.default_rng(0)
    for _ in range(2000):
        one, two, both = rng.integers(1, 100, 3)
        own = {frozenset(): 0, frozenset([0]): int(one), frozenset([1]): int(two)}
        own[frozenset([0, 1])] = int(max(one, two) + both)
        rivals = [(bidder, [[0], [1], [0, 1]][rng.integers(3)], int(rng.integers(1, 200))) for bidder in (0, 1)]
        honest = [*rivals, *((2, sorted(items), worth) for items, worth in own.items() if items)]
        split = [*rivals, (2, [0], int(rng.integers(1, 200))), (3, [1], int(rng.integers(1, 200)))]
        earned = []
        for rows, names in ((honest, [2]), (split, [2, 3])):
            bids = xor_bids(rows, 2, 4)
            outcome = clear_auction(bids, payment)
            chosen = [int(outcome.won[name]) for name in names if outcome.won[name] >= 0]
            held = frozenset(np.flatnonzero(bids.contains[chosen].any(axis=0)).tolist()) if chosen else frozenset()
            earned.append(own[held] - int(outcome.payments[names].sum()))
        if earned[1] > earned[0]:
            return False
    return True


def shill_proof(scenario, claim):
    rng = np.random.default_rng(0)
    return max(shill_gain(scenario.mechanism.name, rng.random(5).round(6), seed=seed) for seed in range(200)) == 0.0


def price_time_priority(scenario, claim):
    follow_price_time_priority()
    return True


def loses_the_least_trade(scenario, claim):
    scenario = scenario.replace(num_agents=10)
    played = play(scenario, strategy(scenario, "truthful"), 4096)
    buyers = [i for i in range(10) if i < scenario.num_buyers]
    sellers = [i for i in range(10) if i >= scenario.num_buyers]
    values = -np.sort(-played.types[:, buyers, 0], axis=1)
    costs = np.sort(played.types[:, sellers, 0], axis=1)
    trades = (values >= costs).sum(axis=1)
    least = np.where(trades > 0, (1 - 1 / np.maximum(trades, 1)) * played.optimal, 0.0)
    return bool(np.all(played.realised >= least - MICRO))


CHECKS = {
    claims.TRUTHFUL.name: truthful,
    claims.EFFICIENT.name: efficient,
    claims.EFFICIENT_IN_EQUILIBRIUM.name: efficient_in_equilibrium,
    claims.EX_POST_RATIONAL.name: ex_post_rational,
    claims.INTERIM_RATIONAL.name: interim_rational,
    claims.NO_DEFICIT.name: no_deficit,
    claims.BUDGET_BALANCED.name: budget_balanced,
    claims.MONOTONE.name: monotone,
    claims.PRICED_BY_OTHERS.name: priced_by_others,
    claims.IN_THE_CORE.name: in_the_core,
    claims.FALSE_NAME_PROOF.name: false_name_proof,
    claims.SHILL_PROOF.name: shill_proof,
    claims.PRICE_TIME_PRIORITY.name: price_time_priority,
    claims.LOSES_THE_LEAST_TRADE.name: loses_the_least_trade,
}


def scenario_of(name, claim):
    fields = dict(claim.fields)
    own = [one for one in map(econo_env.load, econo_env.scenarios()) if one.market == one.row().market]
    scenario = next(one for one in own if one.mechanism.name == name)
    if scenario.market == "task_market":
        fields["max_cycles"] = 1  # what winning does for later tasks is another game
    return scenario.replace(**fields)


@pytest.mark.parametrize(("name", "claim"), CLAIMS, ids=[f"{name}: {claim}" for name, claim in CLAIMS])
def test_the_claim(name, claim):
    assert bool(CHECKS[claim.name](scenario_of(name, claim), claim)) is claim.holds


def test_every_property_has_a_check():
    known = {claim.name for claim in vars(claims).values() if isinstance(claim, Claim)}
    assert known == set(CHECKS)


@pytest.mark.parametrize("name", mechanisms())
def test_the_page_says_what_the_row_says(name):
    assert table_line(name, mechanisms()[name].claims) in PAGE


@pytest.mark.parametrize("theorem", [one for one in vars(claims).values() if isinstance(one, claims.Theorem)])
def test_the_page_states_every_theorem(theorem):
    page = " ".join(PAGE.split())
    assert theorem.statement in page
    assert theorem.reference in page
