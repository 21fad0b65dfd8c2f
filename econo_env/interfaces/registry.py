"""Registers the built-in scenarios with Gymnasium and PettingZoo: `econo/first_price-v0` and so on.

Those of rules and kinds of market that are registered later are added then, and go when these are taken out.
"""

from collections.abc import MutableMapping
from typing import Any

import gymnasium

from econo_env.catalogue import MARKETS, scenarios
from econo_env.mechanisms.base import MECHANISMS

NAMESPACE = "econo"


def registered_id(scenario_id: str) -> str:
    """`first_price_v0` as `econo/first_price-v0`."""
    name, version = scenario_id.rsplit("_v", 1)
    return f"{NAMESPACE}/{name}-v{version}"


def keep_registered() -> None:
    """Makes every built-in scenario known to Gymnasium and PettingZoo, now and after every change of the tables."""
    for table in (MARKETS, MECHANISMS):
        table.watch(register_with_gymnasium)
        table.watch(register_with_pettingzoo)
    register_with_gymnasium()
    register_with_pettingzoo()


def _wanted(known: MutableMapping[str, Any]) -> dict[str, str]:
    """The scenarios that a registry does not know yet, by their names there; those gone are taken out of it."""
    names = {registered_id(scenario): scenario for scenario in scenarios()}
    for name in [name for name in known if name.startswith(f"{NAMESPACE}/") and name not in names]:
        del known[name]
    return {name: scenario for name, scenario in names.items() if name not in known}


def register_with_gymnasium() -> None:
    """Makes every built-in scenario known to `gymnasium.make` and `gymnasium.make_vec`."""
    for name, scenario in _wanted(gymnasium.registry).items():
        gymnasium.register(
            name,
            entry_point="econo_env.interfaces.gymnasium:SingleAgentEnv",
            vector_entry_point="econo_env.interfaces.gymnasium:SingleAgentVectorEnv",
            kwargs={"scenario": scenario},
        )


def register_with_pettingzoo() -> None:
    """Makes every built-in scenario known to `pettingzoo.make`, which PettingZoo has from 1.27 on."""
    import pettingzoo

    if not hasattr(pettingzoo, "register"):  # PettingZoo tells what it can do by what it has
        return
    for kind, known, factory in (
        ("parallel", pettingzoo.parallel_registry, "parallel_env"),
        ("aec", pettingzoo.aec_registry, "env"),
    ):
        for name, scenario in _wanted(known).items():
            pettingzoo.register(kind, name, f"econo_env:{factory}", kwargs={"scenario": scenario})
