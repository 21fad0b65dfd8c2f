"""Trains the policies that come with the package: `python -m econo_env.training.pretrain [ID ...] [--runs FOLDER]`.

Each built-in scenario is trained with the settings shipped for it, judged as it is stored, and put beside its card.
Resumable: a run that was broken off goes on, a policy whose card is of the same settings is left alone.
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from econo_env.catalogue import load, scenarios
from econo_env.market import market_of
from econo_env.policies import make_policy
from econo_env.policies.networks import POLICY_FILE, read_networks
from econo_env.policies.pretrained.card import Card, Figure, Measured, limits
from econo_env.policies.pretrained.store import (
    HOME,
    digest,
    packed,
    pretrained_ids,
    read_card,
    unpacked,
    write_pretrained,
)
from econo_env.policies.proactive import Learned
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.training.config import TrainingConfig, config_from, read_config
from econo_env.training.evaluation import Budget, regrets
from econo_env.training.evaluation.incentives import regret_metrics
from econo_env.training.evaluation.metrics import Metric, market_metrics
from econo_env.training.evaluation.play import play
from econo_env.training.provenance import provenance
from econo_env.training.run import resume_run, start_run
from econo_env.training.run_folder import CONFIG_FILE, SUMMARY_FILE


class Recipe(NamedTuple):
    """What to train with where the settings shipped for the kind of market are not for this scenario.

    Attributes:
        settings: A training file.
        changes: `key=value`.
    """

    settings: str
    changes: tuple[str, ...] = ()


RECIPES = {
    "task_market_v0": Recipe("task_market_v0", ("total_timesteps=1500000",)),
    "continuous_double_auction_v1": Recipe("order_book", ("total_timesteps=1000000",)),
    "coordination_market_v0": Recipe("task_market"),  # the same work under the same contracts
    "first_score_v1": Recipe("first_score"),
    "english_open_v0": Recipe("clock", ("total_timesteps=500000",)),  # 256 ticks a sale
    # a price earns in its own round alone, and an episode of 1,000 rounds is too long to play on from each
    "logit_demand_v0": Recipe("many_rounds", ("learner.gamma=0.0", "learner.n_steps=8")),
}
SEEDS, MARKETS = tuple(range(5)), 512
"""The sample that a card's figures come from."""
BUDGET = Budget(types=48, bids=512, actions=512, selection=65536, evaluation=4096, luck=512, episodes=256)
SHOWN = ("utility_loss", "efficiency", "revenue", "bidder_surplus")
"""The figures of a card."""
BESIDE = ("truthful", "equilibrium")


def settings_of(scenario_id: str) -> TrainingConfig:
    """What a pretrained policy is trained with."""
    recipe = RECIPES.get(scenario_id)
    if recipe is None:
        return read_config(scenario_id)
    return read_config(recipe.settings, [f"scenario={scenario_id}", *recipe.changes])


def searched(scenario: Scenario) -> bool:
    """Whether the best deviation is looked for: in one round, and where a first move is followed to the end."""
    judging = market_of(scenario).judging
    return scenario.max_cycles == 1 or judging.bids is not None or judging.played_out


def measured(
    policy: Policy | str, scenario: Scenario, seeds: Iterable[int] = SEEDS, markets: int = MARKETS, *, regret: bool
) -> dict[str, Metric]:
    """The figures of a card, as `econo-env evaluate` has them."""
    named = tuple(seeds)
    player = make_policy(policy, scenario) if isinstance(policy, str) else policy
    records = [play(scenario, player, seed, markets) for seed in named]
    found = market_metrics(records, records)  # what is measured from a floor is not shown
    if regret:
        found |= regret_metrics(regrets(scenario, player, named, budget=BUDGET))
    return {name: found[name] for name in SHOWN if name in found}


def train_one(scenario_id: str, runs: Path, home: Path = HOME) -> Card:
    """Trains, judges and stores one policy; what was done before is not done again."""
    config = settings_of(scenario_id)
    if scenario_id in pretrained_ids(home):
        kept = read_card(scenario_id, home)
        if _settings(kept) == config:
            return kept
    folder = runs / scenario_id
    if not (folder / CONFIG_FILE).exists():
        start_run(config, folder)
    elif not (folder / SUMMARY_FILE).exists():
        resume_run(folder)
    weights = packed(read_networks(folder / POLICY_FILE))
    card = judged(config, weights)
    write_pretrained(card, weights, home)
    return card


def judged(config: TrainingConfig, weights: bytes) -> Card:
    """The card of stored networks."""
    scenario, market = config.scenario, market_of(config.scenario)
    learned, regret = Learned(scenario, unpacked(weights)), searched(scenario)
    figures = _figures(measured(learned, scenario, regret=regret))
    beside: dict[str, dict[str, Figure]] = {}
    for name in BESIDE:
        try:
            beside[name] = _figures(measured(name, scenario, regret=False))
        except ValueError:
            continue  # this market knows none
    origin = provenance(config.seeds)
    return Card(
        scenario=scenario.id,
        observations=tuple(market.observations(scenario)),
        actions=tuple(market.action_names(scenario)),
        settings=_plain(config),
        seed=config.seeds[0],
        timesteps=config.total_timesteps,
        figures=figures,
        beside=beside,
        measured=Measured(seeds=SEEDS, markets=MARKETS, regret=regret),
        not_for=limits(scenario, figures),
        version=origin["econo_env"],
        commit=origin["commit"],
        libraries=origin["libraries"],
        weights=digest(weights),
    )


def _settings(card: Card) -> TrainingConfig | None:
    """What a stored policy was trained with; None where such settings are no more allowed."""
    try:
        return config_from(card.settings)
    except ValueError:
        return None


def _plain(config: TrainingConfig) -> dict[str, Any]:
    return config.model_dump(mode="json")


def _figures(metrics: dict[str, Metric]) -> dict[str, Figure]:
    return {name: Figure.model_validate(metric.to_json()) for name, metric in metrics.items()}


PAGE_BEGINS, PAGE_ENDS = "<!-- cards -->", "<!-- end of cards -->"


def table(home: Path = HOME) -> str:
    """The cards as a table in Markdown: figures with their intervals, beside equilibrium and truthful play."""
    heads = ("scenario", "agent-steps", "loss, %", "all agents earn a round", "equilibrium", "truth", "efficiency")
    rows = [_row(read_card(scenario_id, home)) for scenario_id in pretrained_ids(home)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, ("---",) * len(heads), *rows])


def _row(card: Card) -> tuple[str, ...]:
    others = (card.beside.get(name, {}) for name in ("equilibrium", "truthful"))
    return (
        f"`{card.scenario}`",
        f"{card.timesteps / 1e6:g} M",
        _written(card.figures.get("utility_loss"), 100.0),
        _written(card.figures.get("bidder_surplus")),
        *(_written(found.get("bidder_surplus"), interval=False) for found in others),
        _written(card.figures.get("efficiency"), interval=False),
    )


def _written(figure: Figure | None, scale: float = 1.0, *, interval: bool = True) -> str:
    if figure is None or figure.mean is None:
        return "-"
    ends = [f"{scale * end:.3g}" for end in figure.ci95 if end is not None]
    return f"{scale * figure.mean:.3g}" + (f" [{', '.join(ends)}]" if interval and ends else "")


def write_page(page: Path, home: Path = HOME) -> None:
    """Puts the table of the cards where it stands in the page about them."""
    before, begins, rest = page.read_text().partition(PAGE_BEGINS)
    after = rest.partition(PAGE_ENDS)[2]
    page.write_text(f"{before}{begins}\n{table(home)}\n{PAGE_ENDS}{after}")


def main(words: Sequence[str] | None = None) -> None:
    """Trains all, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m econo_env.training.pretrain", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="built-in scenarios; all by default")
    parser.add_argument("--runs", type=Path, default=Path("runs/pretrained"), help="where the trainings run")
    parser.add_argument("--home", type=Path, default=HOME, help="where the policies are kept")
    parser.add_argument("--page", type=Path, help="also put the table of all cards into this page, docs/pretrained.md")
    asked = parser.parse_args(words)
    asked.home.mkdir(parents=True, exist_ok=True)
    for scenario_id in asked.ids or scenarios():
        card = train_one(load(scenario_id).id, asked.runs, asked.home)
        told = ", ".join(
            f"{name} {figure.mean:.4g}" for name, figure in card.figures.items() if figure.mean is not None
        )
        print(f"{scenario_id}: {told}", flush=True)  # noqa: T201 - a program of its own
    if asked.page is not None:
        write_page(asked.page, asked.home)


if __name__ == "__main__":
    main()
