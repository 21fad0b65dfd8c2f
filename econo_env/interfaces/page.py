"""The documentation page of a scenario, with Gymnasium's headings, written from the scenario itself."""

import inspect
from collections.abc import Iterable

from econo_env.agents import by_role
from econo_env.economy.action import actions_of
from econo_env.interfaces.registry import registered_id
from econo_env.levers import moving, slots
from econo_env.market import agents_of, market_of, offered
from econo_env.scenario import Scenario
from econo_env.schema import attribute_meanings


def _of_the_economy(scenario: Scenario) -> str:
    if not scenario.parts():
        return ""
    told = "\n".join(f"* `{part.name}`: {part.summary}" for part in scenario.parts())
    return (
        "\n\nAround it stands an economy (docs/economy.md): rewards are the worth of what was won and what the own "
        f"accounts gained, so stake that is slashed and bonuses count.\n\n{told}"
    )


def _of_the_levers(scenario: Scenario) -> str:
    if not (levers := slots(scenario)):
        return ""
    told = "\n".join(
        f"* `{one.lever.name}`: {one.lever.meaning}, {one.low:g} to {one.high:g} {one.lever.unit}, from {one.start:g}"
        for one in levers
    )
    return f"\n\nWhat may be moved in each market between ticks, with `env.levers[name]` (docs/economy.md):\n\n{told}"


def page(scenario: Scenario) -> str:
    """The page as Markdown."""
    docs = offered(market_of(scenario).view.docs, "page", scenario)(scenario)
    name = registered_id(scenario.id)
    seen = market_of(scenario).seen(scenario)
    done = dict(docs.actions) | {action.name: action.meaning for action in actions_of(scenario.parts())}
    actions, features = len(done), len(seen)
    low, high = min([0.0, *(one.low for one in seen)]), max([1.0, *(one.high for one in seen)])
    endings = "\n".join(f"{number}. {text}" for number, text in enumerate(docs.end, start=1))
    version = scenario.id.rsplit("_v", 1)[1]
    sections = {
        "Description": docs.description + _of_the_levers(scenario),
        "Action Space": f"`Box(-1, 1, ({actions},), float32)` for each agent.\n\n"
        + _table(("Num", "Action", "Min", "Max"), _numbered((name, text, -1, 1) for name, text in done.items()))
        + '\n\n`actions="discrete"` or `"multi_discrete"` choose from a grid instead, see `docs/apis.md`.',
        "Observation Space": f"`Box({low:g}, {high:g}, ({features},), float32)` for each agent; "
        "the action mask is in the infos.\n\n"
        + _table(
            ("Num", "Observation", "Min", "Max"),
            _numbered((one.name, one.meaning, one.low, one.high) for one in seen),
        ),
        "Rewards": docs.rewards + _of_the_economy(scenario),
        "Starting State": docs.start,
        "Episode End": endings,
        "Arguments": _table(("Argument", "Default", "Meaning"), _arguments(scenario)),
        "Vectorized environment": f'`econo_env.vector_env("{scenario.id}", num_markets=4096)` for all agents, '
        f'`gymnasium.make_vec("{name}", num_envs=4096)` for one seat.',
        "Equilibrium": docs.equilibrium + (" It is that of parameters that nobody moves." if moving(scenario) else ""),
        "References": docs.references,
        "Version History": f"v{version}: this version. The number changes whenever results or names of agents do.",
    }
    front = _table(
        ("", scenario.id),
        [
            ("Parallel", f'`econo_env.parallel_env("{scenario.id}")`'),
            ("AEC", f'`econo_env.env("{scenario.id}")`'),
            ("One seat", f'`gymnasium.make("{name}")`'),
            ("Agents", f"{scenario.num_agents}: {_agents(scenario)}"),
            ("State", f"float32 ({(features + 1) * scenario.num_agents + 1},), each from {low:g} to {high:g}"),
        ],
    )
    body = "\n\n".join(f"## {heading}\n{text}" for heading, text in sections.items())
    return f"# {scenario.id}\n\n{front}\n\n{body}\n"


def _agents(scenario: Scenario) -> str:
    """The names of the agents, first and last of each role."""
    groups = by_role(agents_of(scenario)).values()
    return ", ".join(f"`{names[0]}`" if len(names) == 1 else f"`{names[0]}` to `{names[-1]}`" for names in groups)


def _numbered(entries: Iterable[tuple[str, str, float, float]]) -> list[tuple[str, ...]]:
    return [
        (str(number), f"`{name}`: {text}", f"{low:g}", f"{high:g}")
        for number, (name, text, low, high) in enumerate(entries)
    ]


def _arguments(scenario: Scenario) -> list[tuple[str, ...]]:
    meanings: dict[str, str] = {}
    for kind in reversed(type(scenario).__mro__):
        if issubclass(kind, Scenario):
            meanings |= attribute_meanings(inspect.getdoc(kind) or "")
    fields = scenario.model_dump(mode="json")
    return [(f"`{name}`", f"`{value}`", meanings.get(name, "")) for name, value in fields.items()]


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
