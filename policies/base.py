"""The policies that go by a name, and making one by its name or from a file."""

import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from econo_env.catalogue import load
from econo_env.policy import POLICIES as _NAMED
from econo_env.policy import Named, Row
from econo_env.scenario import Scenario

_FILE = re.compile(r".+\.zip|.+\.py(:.*)?", re.DOTALL)
_PRETRAINED = re.compile(r"pretrained(?::(?P<id>.*))?", re.DOTALL)


def _own() -> Iterator[Row]:
    package = importlib.import_module("econo_env.policies")
    for found in pkgutil.iter_modules(package.__path__):
        yield from vars(importlib.import_module(f"{package.__name__}.{found.name}")).get("POLICIES", ())


table = _NAMED.rows
"""Every named policy: the `POLICIES` of each module of this package, and those registered."""

_NAMED.fill(_own)


def policy_names() -> list[str]:
    """The names that `make_policy` knows."""
    return list(table())


def make_policy(name: str | Path, scenario: Scenario | None = None, seed: int = 0, **options: Any) -> Named:
    """A policy by name, of one's own class, or the one that a training run or Stable-Baselines3 learned.

    Args:
        name: A name of `policy_names()`, the folder of a run (`runs/first_price`, or one seed of it), a class in a file
            (`my_policy.py:MyPolicy`), a model that Stable-Baselines3 saved (`model.zip`), or what comes with
            the package, `pretrained:first_price_v0` (`pretrained`: for this scenario). Files run their code.
        scenario: The market it is to play in; a pretrained policy plays in its own by default.
        seed: Fixes the policy's own luck, where it has any.
        **options: Options of that policy, e.g. `factor=0.7` for `shading`.

    Raises:
        ValueError: No such policy or run, an unknown option, or a policy that cannot play this scenario.
    """
    pretrained = _PRETRAINED.fullmatch(str(name))
    if pretrained is not None:
        return _pretrained(pretrained["id"], scenario, seed, options)
    if scenario is None:
        raise ValueError(f"policy {str(name)!r} belongs to no scenario: give one, e.g. first_price_v0")
    if str(name) in table():
        row = table()[str(name)]
    elif Path(name).is_dir():
        row, options = table()["proactive"], {"run": name, **options}
    elif _FILE.fullmatch(str(name)):
        return _from_file(str(name), scenario, seed, options)
    else:
        close = difflib.get_close_matches(str(name), policy_names(), n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(
            f"unknown policy {str(name)!r}: {hint}choose one of {', '.join(policy_names())}, or give a run's folder, "
            f"my_policy.py:MyPolicy, model.zip or pretrained{_NAMED.but(str(name))}"
        )
    unknown = sorted(set(options) - set(row.options))
    if unknown:
        allowed = ", ".join(row.options) or "none"
        raise ValueError(f"policy {row.name!r} has no option {unknown[0]!r}: its options are {allowed}")
    return row.make(scenario, seed, **options)


def _from_file(spec: str, scenario: Scenario, seed: int, options: Mapping[str, Any]) -> Named:
    from econo_env.policies.own import from_class, from_sb3_file

    if options:
        raise ValueError(f"policy {spec!r} has no option {min(options)!r}: policies from files take none")
    return from_sb3_file(spec, scenario) if spec.endswith(".zip") else from_class(spec, scenario, seed)


def _pretrained(scenario_id: str | None, scenario: Scenario | None, seed: int, options: Mapping[str, Any]) -> Named:
    from econo_env.policies.pretrained import read_pretrained

    if options:
        raise ValueError(f"policy 'pretrained' has no option {min(options)!r}: pretrained policies take none")
    if scenario_id:
        own = load(scenario_id)
        return read_pretrained(own.id, scenario or own, seed)
    if scenario is None:
        raise ValueError("policy 'pretrained' belongs to no scenario: name one, e.g. pretrained:first_price_v0")
    return read_pretrained(scenario.id, scenario, seed)
