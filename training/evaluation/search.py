"""The search for the best deviation from a strategy, by the way that the market offers."""

from econo_env.market import market_of
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.evaluation.action_search import search_actions
from econo_env.training.evaluation.bid_search import search_bids
from econo_env.training.evaluation.budget import Budget, groups_of
from econo_env.training.evaluation.regret import Regret


def regrets(
    scenario: Scenario,
    policy: Policy,
    seeds: tuple[int, ...],
    *,
    budget: Budget | None = None,
    agents: str = "roles",
    method: str = "auto",
) -> list[Regret]:
    """The ex-interim regret of a strategy that everybody follows, at the first tick of an episode.

    Where not everybody may act at that tick, it is the regret of an agent that may.

    Args:
        scenario: The market.
        policy: What everybody does.
        seeds: One evaluation sample each.
        budget: How hard to search.
        agents: `roles`, one agent of each role under the rules, or `all`.
        method: `auto`, the bid grid where the market offers outcome curves; `bid_grid` or `action_grid`.

    Raises:
        ValueError: An unknown choice, or a market without outcome curves is asked for its bid grid.
    """
    bids = market_of(scenario).judging.bids
    searches = {"bid_grid": search_bids, "action_grid": search_actions}
    if method == "auto":
        curves = bids is not None and scenario.economy is None and bids.applies(scenario)
        method = "bid_grid" if curves else "action_grid"
    if method not in searches:
        raise ValueError(f"method={method!r} is unknown: choose auto, {', '.join(searches)}")
    if method == "bid_grid" and bids is None:
        raise ValueError(f"a {scenario.market} market has no outcome curves: use method='action_grid'")
    return searches[method](scenario, policy, groups_of(scenario, agents), seeds, budget or Budget())
