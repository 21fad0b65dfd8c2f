"""`econo-env evaluate`: judges a policy beside the baselines."""

from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from econo_env.training.outputs import Outputs
from econo_env.training.seeds import parsed_seeds
from econo_env.training.tables import fitted, terminal_width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from econo_env.policies.population import Population
    from econo_env.training.evaluation import EpisodeRegret, Evaluation, Identities, Metric, Regret


def evaluate(
    policy: Annotated[
        str,
        typer.Argument(
            help="A policy's name, e.g. truthful, or population: the agents as the scenario lists them; the folder of "
            "a run; my_policy.py:MyPolicy, your own class; or model.zip, saved by Stable-Baselines3."
        ),
    ],
    scenario: Annotated[
        str | None,
        typer.Option(
            help="A scenario id or YAML file; a run, and what is pretrained, brings its own.", show_default=False
        ),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(help="Who plays all seats but the first of each role; by default everybody plays the policy."),
    ] = None,
    mix: Annotated[
        str | None, typer.Option(help="The same with several policies, by shares, e.g. truthful=2,shading=1.")
    ] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Named seeds, e.g. 0,1,2 or 0-9; intervals are over them.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="The first of ten seeds, where --seeds is not given.")] = 0,
    markets: Annotated[int, typer.Option(help="Episodes for each seed.")] = 1024,
    regret: Annotated[bool, typer.Option(help="Search for profitable deviations.")] = True,
    agents: Annotated[str, typer.Option(help="Search for one agent of each role: roles; or for: all.")] = "roles",
    method: Annotated[str, typer.Option(help="Of the search: auto, bid_grid or action_grid.")] = "auto",
    identities: Annotated[
        int, typer.Option(help="Also search for what an agent gains under 1 to so many identities, up to 16.")
    ] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the result here.")] = None,
) -> None:
    """Judges a policy: welfare, revenue, incentive compatibility, fairness, beside the baselines, with 95 % intervals.

    Every policy meets the same draws. Deviations are chosen on one sample and their gain is measured on others.

    With --against or --mix the policy plays the first seat of each role among others; then its utility stands beside
    what other policies earn in its seats, and regret is what a deviation gains there. Files run their code.

    Example: `econo-env evaluate shading --scenario first_price_v0 --seeds 0-9 --json evaluation.json`

    Example: `econo-env evaluate truthful --scenario combinatorial_v1 --identities 16`

    Example: `econo-env evaluate my_policy.py:MyPolicy --scenario first_price_v0 --against equilibrium`
    """
    from econo_env.training.evaluation import evaluate as judged

    others = _others(against, mix)
    with Outputs({"--json": json_file}, reads=[policy.partition(".py:")[0], scenario or policy]) as outputs:
        population = _population(policy, scenario, others) if others else None
        result = judged(
            population or policy,
            scenario if population is None else population.scenario,
            seeds=range(seed, seed + 10) if seeds is None else parsed_seeds(seeds),
            markets=markets,
            regret=regret,
            agents=agents,
            method=method,
            most_identities=identities,
            progress=lambda line: typer.echo(line, err=True),
        )
        result = result if population is None else _of_its_seats(result)
        document, lines = result.to_json(), _table(result, terminal_width())
        if population is not None:
            seated = _in_its_seats(result, population, others)
            document |= {"played_by": _seats(population), "utility_in_its_seats": _plain(seated)}
            lines += _told(seated, population)
        outputs.write_json("--json", document)
        outputs.show("\n".join(lines))


def _others(against: str | None, mix: str | None) -> "Mapping[str, float]":
    """Who plays the other seats, with their shares; nobody where everybody plays the policy."""
    from econo_env.training.evaluation.populations import shares_of

    if against is not None and mix is not None:
        raise ValueError("give --against POLICY or --mix POLICY=SHARE,..., not both")
    return {against: 1.0} if against is not None else shares_of(mix) if mix is not None else {}


def _population(policy: str, scenario: str | None, others: "Mapping[str, float]") -> "Population":
    from econo_env.policies import make_policy
    from econo_env.policies.population import make_population
    from econo_env.training.evaluation.evaluation import scenario_of_policy

    market = scenario_of_policy(policy, scenario)
    return make_population(make_policy(policy, market), market, others)


def _of_its_seats(result: "Evaluation") -> "Evaluation":
    """In a population the agent that deviates stands for itself: others of its role play something else."""
    return replace(
        result,
        regrets=[replace(regret, members=(regret.agent,)) for regret in result.regrets],
        episodes=[replace(regret, members=(regret.agent,)) for regret in result.episodes],
    )


def _in_its_seats(result: "Evaluation", population: "Population", others: "Mapping[str, float]") -> "dict[str, Metric]":
    from econo_env.training.evaluation import BASELINES
    from econo_env.training.evaluation.populations import in_its_seats

    markets = result.provenance["markets_per_seed"]
    return in_its_seats(result.scenario, population, others, BASELINES, result.seeds, markets)


def _seats(population: "Population") -> dict[str, str]:
    """Who played each agent."""
    from econo_env.market import agents_of

    return dict(zip(agents_of(population.scenario), population.played_by, strict=True))


def _plain(metrics: "Mapping[str, Metric]") -> dict[str, object]:
    return {name: metric.to_json() for name, metric in metrics.items()}


def _told(seated: "Mapping[str, Metric]", population: "Population") -> list[str]:
    """The seats, and what a policy earns in those that are judged."""
    from econo_env.market import agents_of

    played = ", ".join(f"{agent} {name}" for agent, name in list(_seats(population).items())[:12])
    more = len(population.played_by) - 12
    own = ", ".join(agents_of(population.scenario)[seat] for seat in population.own)
    lines = [f"played by: {played}{f' and {more} more' if more > 0 else ''}; figures are of this market,"]
    lines += [f"regret is of {own}; below, credits per episode in {own} among the same others:"]
    return lines + [
        f"{name:<44} {_figure(metric):>12} {f'[{metric.ci95[0]:.5g}, {metric.ci95[1]:.5g}]':>25}"
        for name, metric in seated.items()
    ]


def _table(result: "Evaluation", width: int | None = None) -> list[str]:
    """What matters in sentences, then one line a figure: the policy with its interval, and the baselines' means."""
    names = list(result.baselines)
    count = len(result.seeds)
    lines = [
        f"{result.policy} in {result.scenario.id}, {count} seed{'s' if count > 1 else ''}, "
        f"{result.provenance['markets_per_seed']} markets each, {result.provenance['seconds']:.1f} s",
        *_sentences(result),
    ]
    rows = [("", result.policy[-12:], "95 % interval", *(name[:17] for name in names))]
    for name, metric in result.metrics.items():
        low, high = metric.ci95
        interval = "" if isnan(low) else f"[{low:.5g}, {high:.5g}]"
        beside = (_figure(found[name]) if name in found else "-" for found in result.baselines.values())
        rows.append((f"{name} ({metric.unit})", _figure(metric), interval, *beside))
    lines += ["", *fitted(rows, width, kept=3), ""]
    lines += [f"{name}: {note}" for name, note in result.provenance["notes"].items()]
    return lines + [f"{name} left out: {reason}" for name, reason in result.skipped.items()]


def _sentences(result: "Evaluation") -> list[str]:
    """Efficiency and revenue, and what deviations gain; of several training seeds each."""
    from econo_env.market import agents_of

    agents = agents_of(result.scenario)
    lines = [*_groups(result), _in_short(result.metrics)]
    if result.training_seeds:
        lines += [f"training seed {seed}: {_in_short(metrics)}" for seed, metrics in result.training_seeds.items()]
        lines.append(f"mean and interval below: over these {len(result.training_seeds)} training seeds")
        for seed, found in result.training_regrets.items():
            lines += [f"training seed {seed}, {_deviation(regret, agents)}" for regret in found]
    else:
        lines += [_deviation(regret, agents) for regret in result.regrets]
    lines += [_under_names(found, agents) for found in result.identities]
    return lines + [_through_episodes(found, agents) for found in result.episodes]


def _groups(result: "Evaluation") -> list[str]:
    """Who is who, and what each earned, where the scenario lists a population."""
    from econo_env.training.evaluation.groups import PREFIX, in_words, who_is_who

    lines = []
    for group in who_is_who(result.scenario):
        earned = result.metrics[f"{PREFIX}{group['name']}"]
        low, high = earned.ci95
        between = "" if isnan(low) else f" [{low:.5g}, {high:.5g}]"
        lines.append(f"{in_words(group)}: {_figure(earned)}{between} credits an episode")
    return lines


def _in_short(metrics: "Mapping[str, Metric]") -> str:
    named = ("efficiency", "revenue", "bidder_surplus", "utility_loss")
    return ", ".join(f"{name} {_figure(metrics[name])}" for name in named if name in metrics)


def _deviation(regret: "Regret", agents: "Sequence[str]") -> str:
    """What the best deviation of an agent gains, in one line."""
    gain, own = regret.mean_gain.mean(), regret.mean_utility.mean()
    return f"best deviation of {_who(regret.members, agents)} in one tick: mean gain {_gain(gain, own)}"


def _under_names(found: "Identities", agents: "Sequence[str]") -> str:
    """What an agent gains under several identities, in one line."""
    who, gains = _who(found.members, agents), found.gain.mean(axis=0)
    if found.break_even.mean() <= 0.0:
        return f"{who} under up to {len(gains)} identities: none gains beyond what one does"
    most = found.costliest
    gain = _gain(gains[most - 1], found.utility.mean())
    return f"{who} under {most} identities: mean gain {gain}; {found.break_even.mean():.4g} credits a name deter it"


def _through_episodes(regret: "EpisodeRegret", agents: "Sequence[str]") -> str:
    """What the best deviation through whole episodes gains, in one line."""
    who, own = _who(regret.members, agents), regret.own_utility.mean()
    if not regret.taken:
        tried = f"the nearest, {regret.deviation}, gains {regret.measured_gain.mean():.4g}"
        return f"best deviation of {who} through whole episodes: none found ({tried})"
    gain = _gain(regret.gain.mean(), own)
    return f"best deviation of {who} through whole episodes: mean gain {gain}: {regret.deviation}"


def _who(members: "Sequence[int]", agents: "Sequence[str]") -> str:
    """The first few of the agents that one stands for."""
    more = f" and {len(members) - 4} like it" if len(members) > 4 else ""
    return ", ".join(agents[member] for member in members[:4]) + more


def _gain(gain: float, own: float) -> str:
    """A gain in credits, and as a share of the own utility where that is positive."""
    return f"{gain:.4g}" + (f", {gain / own:.2%} of its own utility" if own > 1e-9 else "")


def _figure(metric: "Metric") -> str:
    return "-" if isnan(metric.mean) else f"{metric.mean:.5g}"
