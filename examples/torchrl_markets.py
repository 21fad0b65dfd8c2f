"""A batch of markets as one environment of TorchRL, all agents in the group `agents`; BenchMARL takes it too."""

from typing import Any

import torch
from tensordict import TensorDict, TensorDictBase
from torchrl.data import Bounded, Categorical, Composite, Unbounded
from torchrl.envs import EnvBase

import econo_env

GROUP = "agents"


class Markets(EnvBase):  # type: ignore[misc]  # without TorchRL its types are unknown
    """Markets by the array API; who is banned stays in the group, does nothing and earns nothing.

    An episode is done for a market as a whole: `terminated` where its agents were terminated.
    """

    batch_locked = True

    def __init__(self, scenario: str, num_markets: int, seed: int = 0) -> None:
        super().__init__(batch_size=[num_markets])
        self.envs = econo_env.vector_env(scenario, num_markets=num_markets, autoreset=False)
        self.names = list(self.envs.possible_agents)
        agents = (num_markets, len(self.names))
        seen, sent = self.envs.observation_space.shape, self.envs.action_space.shape
        self.observation_spec = Composite(
            {GROUP: Composite({"observation": Unbounded(seen, dtype=torch.float32)}, shape=agents)}, shape=agents[:1]
        )
        self.action_spec = Composite(
            {GROUP: Composite({"action": Bounded(-1.0, 1.0, sent, dtype=torch.float32)}, shape=agents)},
            shape=agents[:1],
        )
        self.reward_spec = Composite(
            {GROUP: Composite({"reward": Unbounded((*agents, 1), dtype=torch.float32)}, shape=agents)}, shape=agents[:1]
        )
        flag = Categorical(2, shape=(num_markets, 1), dtype=torch.bool)
        self.done_spec = Composite({"done": flag, "terminated": flag.clone()}, shape=agents[:1])
        self.set_seed(seed)

    def _set_seed(self, seed: int | None) -> None:
        self._seed, self._started = seed or 0, False

    def _reset(self, tensordict: TensorDictBase | None = None, **_: Any) -> TensorDictBase:
        which = None if tensordict is None else tensordict.get("_reset", None)
        if not self._started:
            self.envs.reset(seed=self._seed)
            self._started = True
        elif which is None:
            self.envs.engine.reset_markets()
        else:
            self.envs.engine.reset_markets(which.reshape(-1).numpy())
        return self._with_flags({})

    def _step(self, tensordict: TensorDictBase) -> TensorDictBase:
        actions = tensordict[GROUP, "action"].clamp(-1.0, 1.0).numpy()
        _, rewards, terminated, _, infos = self.envs.step(actions)
        earned = torch.from_numpy(rewards).to(torch.float32).unsqueeze(-1)
        ended = torch.from_numpy(infos["ended"].copy())
        over = ended & torch.from_numpy(terminated.all(axis=1))
        return self._with_flags({"reward": earned}, ended, over)

    def _with_flags(
        self, of_agents: dict[str, Any], ended: torch.Tensor | None = None, terminated: torch.Tensor | None = None
    ) -> TensorDictBase:
        """What agents see now, what they earned, and which markets are done."""
        seen = torch.from_numpy(self.envs.engine.buffers.observations.copy())
        agents = TensorDict({"observation": seen, **of_agents}, batch_size=seen.shape[:2])
        nobody = torch.zeros(len(seen), dtype=torch.bool)
        flags = {"done": nobody if ended is None else ended, "terminated": nobody if terminated is None else terminated}
        return TensorDict(
            {GROUP: agents, **{name: flag.unsqueeze(-1) for name, flag in flags.items()}}, batch_size=self.batch_size
        )
