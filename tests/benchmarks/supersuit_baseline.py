"""PPO end to end: the native SB3 API against SuperSuit on the PettingZoo API, same learner, same process."""

import time
from typing import Any

LEARNER = {"n_steps": 8, "batch_size": 4096, "n_epochs": 4, "gamma": 0.0, "learning_rate": 1e-3, "seed": 0}
"""Equal on both paths: SB3's PPO, a tanh network of 64 x 64, one torch thread."""


def supersuit_env(num_markets: int, num_agents: int) -> Any:
    """The public recipe: PettingZoo's ParallelEnv, made a VecEnv by SuperSuit, with the seed repaired.

    SuperSuit's own wrapper fails on `PPO(seed=...)`: it drops the seed.
    """
    import supersuit
    from supersuit.vector.sb3_vector_wrapper import SB3VecEnvWrapper

    import econo_env

    class Seeded(SB3VecEnvWrapper):  # type: ignore[misc]  # SuperSuit ships no types
        _seed: int | None = None

        def seed(self, seed: int | None = None) -> list[int | None]:
            self._seed = seed
            return [seed]

        def reset(self, seed: int | None = None, options: Any = None) -> Any:
            chosen = self._seed if seed is None else seed
            self._seed = None
            observations, self.reset_infos = self.venv.reset(seed=chosen, options=options)
            return observations

        def get_attr(self, name: str, indices: Any = None) -> list[Any]:
            return [getattr(self.venv, name, None)] * self.num_envs

    env = econo_env.parallel_env("first_price_v0", num_agents=num_agents)
    copies = supersuit.concat_vec_envs_v1(
        supersuit.pettingzoo_env_to_vec_env_v1(env), num_markets, num_cpus=0, base_class="gymnasium"
    )
    return Seeded(copies)


def native_env(num_markets: int, num_agents: int) -> Any:
    """The native API."""
    from econo_env.interfaces.sb3 import make_sb3_env

    return make_sb3_env("first_price_v0", num_markets, num_agents=num_agents)


def agent_steps_per_second(env: Any, timesteps: int) -> dict[str, float]:
    """Trains PPO and times it, after one iteration that warms everything up.

    Returns:
        Agent-steps a second by the clock (`wall`) and by processor time (`cpu`).
    """
    import torch
    from stable_baselines3 import PPO

    torch.set_num_threads(1)
    model = PPO("MlpPolicy", env, device="cpu", policy_kwargs={"net_arch": [64, 64]}, **LEARNER)  # type: ignore[arg-type]
    rollout = LEARNER["n_steps"] * env.num_envs
    model.learn(int(rollout))
    iterations = max(1, round(timesteps / rollout))
    wall, cpu = time.perf_counter(), time.process_time()
    model.learn(int(iterations * rollout))
    steps = iterations * rollout
    return {"wall": steps / (time.perf_counter() - wall), "cpu": steps / (time.process_time() - cpu)}


def compare(num_markets: int = 256, num_agents: int = 2, timesteps: int = 60_000, repeats: int = 3) -> dict[str, Any]:
    """Both paths, taking turns so that a busy machine hits them alike; medians of `repeats`.

    Returns:
        `supersuit` and `native` in agent-steps a second by the clock, and `ratio`, native over SuperSuit.
    """
    runs: dict[str, list[float]] = {"supersuit": [], "native": []}
    for _ in range(repeats):
        for name, make in (("supersuit", supersuit_env), ("native", native_env)):
            runs[name].append(agent_steps_per_second(make(num_markets, num_agents), timesteps)["wall"])
    medians = {name: sorted(rates)[len(rates) // 2] for name, rates in runs.items()}
    return {**medians, "ratio": medians["native"] / medians["supersuit"], "num_markets": num_markets, **LEARNER}
