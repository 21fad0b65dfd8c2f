"""Registers the built-in scenarios with Gymnasium and PettingZoo: `econo/first_price-v0` and so on."""

import gymnasium

from econo_env.catalogue import scenarios

NAMESPACE = "econo"


def registered_id(scenario_id: str) -> str:
    """`first_price_v0` as `econo/first_price-v0`."""
    name, version = scenario_id.rsplit("_v", 1)
    return f"{NAMESPACE}/{name}-v{version}"


def register_with_gymnasium() -> None:
    """Makes every built-in scenario known to `gymnasium.make` and `gymnasium.make_vec`."""
    for scenario in scenarios():
        name = registered_id(scenario)
        if name not in gymnasium.registry:
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
        for scenario in scenarios():
            name = registered_id(scenario)
            if name not in known:
                pettingzoo.register(kind, name, f"econo_env:{factory}", kwargs={"scenario": scenario})
