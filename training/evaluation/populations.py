"""A policy among others: what it earns in its seats, beside what other policies would earn there."""

from collections.abc import Mapping
from typing import Any

from econo_env.policies import make_policy
from econo_env.policies.population import Population
from econo_env.scenario import Scenario
from econo_env.training.evaluation.metrics import Metric, over_seeds
from econo_env.training.evaluation.play import play


def shares_of(text: str) -> dict[str, float]:
    """`truthful=2,shading=1` as policies with their shares; a name alone has a share of 1.

    Raises:
        ValueError: A share is no positive number, or a policy stands there twice.
    """
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.strip().rpartition("=") if "=" in part else (part.strip(), "", "1")
        try:
            number = float(share)
        except ValueError:
            number = float("nan")
        if not name or not 0.0 < number < float("inf"):
            raise ValueError(f"mix = {text!r}: give policies with positive shares, such as truthful=2,shading=1")
        if name in shares:
            raise ValueError(f"mix = {text!r}: {name!r} stands there twice")
        shares[name] = number
    return shares


def in_its_seats(
    scenario: Scenario, population: Population, others: Mapping[str, float], candidates: tuple[str, ...],
    seeds: tuple[int, ...], markets: int,
) -> dict[str, Metric]:  # fmt: skip
    """The utility of a policy among others, and of each candidate in the same seats against the same others.

    Args:
        scenario: The market.
        population: The policy among others.
        others: Their shares, by what `make_policy` takes.
        candidates: Policies by name; one that cannot play the scenario is left out.
        seeds: One sample of markets each; everybody meets the same draws.
        markets: Episodes a seed.

    Returns:
        Credits per episode of one seat, by policy.
    """
    subject = population.policies[0]
    found = {subject.name: _utility(scenario, population, seeds, markets)}
    for name in candidates:
        if name in found:
            continue
        try:
            candidate = make_policy(name, scenario)
        except ValueError:
            continue
        seated = Population(scenario, candidate, [(make_policy(key, scenario), share) for key, share in others.items()])
        found[name] = _utility(scenario, seated, seeds, markets)
    return found


def _utility(scenario: Scenario, population: Population, seeds: tuple[int, ...], markets: int) -> Metric:
    own = list(population.own)
    earned: list[Any] = [play(scenario, population, seed, markets).utility[own].mean() / markets for seed in seeds]
    return over_seeds(earned, "credits per episode")
