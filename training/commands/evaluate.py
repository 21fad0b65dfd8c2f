"""`econo-env evaluate`: judges a policy beside the baselines."""

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from training.outputs import Outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from training.evaluation import Evaluation, Metric, Regret


def evaluate(
    policy: Annotated[str, typer.Argument(help="A policy's name, e.g. truthful, or the folder of a run.")],
    scenario: Annotated[
        str | None, typer.Option(help="A scenario id or YAML file; a run brings its own.", show_default=False)
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Named seeds, e.g. 0,1,2 or 0-9; intervals are over them.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="The first of ten seeds, where --seeds is not given.")] = 0,
    markets: Annotated[int, typer.Option(help="Episodes for each seed.")] = 1024,
    regret: Annotated[bool, typer.Option(help="Search for profitable deviations.")] = True,
    agents: Annotated[str, typer.Option(help="Search for one agent of each role: roles; or for: all.")] = "roles",
    method: Annotated[str, typer.Option(help="Of the search: auto, bid_grid or action_grid.")] = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the result here.")] = None,
) -> None:
    """Judges a policy: welfare, revenue, incentive compatibility, fairness, beside the baselines, with 95 % intervals.

    Every policy meets the same draws. Deviations are chosen on one sample and their gain is measured on others.

    Example: `econo-env evaluate shading --scenario first_price_v0 --seeds 0-9 --json evaluation.json`
    """
    from training.evaluation import evaluate as judged

    with Outputs({"--json": json_file}, reads=[policy, scenario or policy]) as outputs:
        result = judged(
            policy,
            scenario,
            seeds=range(seed, seed + 10) if seeds is None else parsed_seeds(seeds),
            markets=markets,
            regret=regret,
            agents=agents,
            method=method,
            progress=lambda line: typer.echo(line, err=True),
        )
        outputs.write_json("--json", result.to_json())
        outputs.show("\n".join(_table(result)))


def parsed_seeds(text: str) -> list[int]:
    """`0,1,5-9` as numbers.

    Raises:
        ValueError: The text is no such list.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"seeds = {text!r}: give numbers from 0, such as 0,1,2 or 0-9")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _table(result: "Evaluation") -> list[str]:
    """One line a figure: the policy with its interval, then the baselines' means."""
    names = list(result.baselines)
    count = len(result.seeds)
    lines = [
        f"{result.policy} in {result.scenario.id}, {count} seed{'s' if count > 1 else ''}, "
        f"{result.provenance['markets_per_seed']} markets each, {result.provenance['seconds']:.1f} s",
        f"{'':<44} {result.policy[-12:]:>12} {'95 % interval':>25} " + " ".join(f"{name[:17]:>17}" for name in names),
    ]
    for name, metric in result.metrics.items():
        beside = " ".join(f"{_figure(result.baselines[other][name]):>17}" for other in names)
        low, high = metric.ci95
        interval = "" if isnan(low) else f"[{low:.5g}, {high:.5g}]"
        lines.append(f"{f'{name} ({metric.unit})':<44} {_figure(metric):>12} {interval:>25} {beside}")
    if result.training_seeds:
        lines += [f"training seed {seed}: {_in_short(metrics)}" for seed, metrics in result.training_seeds.items()] + [
            f"mean and interval above: over these {len(result.training_seeds)} training seeds"
        ]
        for seed, found in result.training_regrets.items():
            lines += [f"training seed {seed}, {line}" for line in map(_deviation, found)]
    else:
        lines += map(_deviation, result.regrets)
    lines += [f"{name}: {note}" for name, note in result.provenance["notes"].items()]
    return lines + [f"{name} left out: {reason}" for name, reason in result.skipped.items()]


def _in_short(metrics: "Mapping[str, Metric]") -> str:
    named = ("efficiency", "revenue", "bidder_surplus", "utility_loss")
    return ", ".join(f"{name} {_figure(metrics[name])}" for name in named if name in metrics)


def _deviation(regret: "Regret") -> str:
    """What the best deviation of an agent gains, in one line."""
    own = regret.mean_utility.mean()
    relative = f", {regret.mean_gain.mean() / own:.2%} of its own utility" if own > 1e-9 else ""
    who = ", ".join(f"bidder_{agent}" for agent in regret.members[:4])
    more = f" and {len(regret.members) - 4} like it" if len(regret.members) > 4 else ""
    return f"best deviation of {who}{more}: mean gain {regret.mean_gain.mean():.4g}{relative}"


def _figure(metric: "Metric") -> str:
    return "-" if isnan(metric.mean) else f"{metric.mean:.5g}"
