"""The Gymnasium APIs: one seat of a market learns, the others act by a policy.

env = gymnasium.make("econo/first_price-v0", num_agents=4)                          # against truthful bidders
env = gymnasium.make("econo/first_price-v0", opponents=policy)                      # against any policy
envs = gymnasium.make_vec("econo/first_price-v0", num_envs=1024, opponents=policy)  # 1,024 markets in one engine
"""

from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium.spaces import Space
from numpy.typing import ArrayLike

from econo_env.engine.levers import EngineLevers
from econo_env.engine.state import Bools, Float32s
from econo_env.interfaces.action_forms import LEVELS, ActionKind, Levels, action_form
from econo_env.interfaces.actions import checked_action
from econo_env.interfaces.agent_view import AgentView, Truthful
from econo_env.interfaces.gymnasium_vector import SingleAgentVectorEnv
from econo_env.interfaces.spaces import check_render_mode, drawn, load_for_keywords, observation_box
from econo_env.market import agents_of
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.telemetry.render import Recorder

__all__ = ["AgentView", "SingleAgentEnv", "SingleAgentVectorEnv", "Truthful"]


class SingleAgentEnv(gymnasium.Env[Float32s, Any]):
    """One seat of one market as a `gymnasium.Env`; spaces, rewards and episode end as in `MarketEnv`.

    The episode also ends, by termination, when the seat's agent is banned.

    Attributes:
        view: The engine, the agent and the opponents.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "ansi", "rgb_array"], "render_fps": 2}  # noqa: RUF012 - Gymnasium reads it from the class

    def __init__(
        self,
        scenario: str | Scenario,
        *,
        agent: int = 0,
        opponents: Policy | None = None,
        render_mode: str | None = None,
        actions: ActionKind = "box",
        action_levels: Levels = LEVELS,
        **overrides: Any,
    ) -> None:
        """Makes the environment.

        Args:
            scenario: A scenario id, the path of a scenario file, or a scenario.
            agent: The seat that learns, 0 to num_agents - 1.
            opponents: Acts for all other seats; truthful agents by default.
            render_mode: `ansi`, `rgb_array`, `human` (prints every round), or None.
            actions: `box`, or a grid of choices: `discrete` or `multi_discrete`, see `action_forms`.
            action_levels: Levels of that grid.
            **overrides: Scenario fields to change.

        Raises:
            TypeError: A keyword is unknown.
            ValueError: The scenario, a field or a choice is unknown or out of range.
        """
        check_render_mode(render_mode, self.metadata["render_modes"])
        loaded = load_for_keywords(scenario, overrides)
        self.metadata = drawn(self.metadata, loaded)
        check_render_mode(render_mode, self.metadata["render_modes"])
        form = action_form(loaded, actions, action_levels)
        self.view = AgentView(loaded, 1, agent, opponents, form=form)
        self.observation_space = cast(Space[Float32s], observation_box(loaded))
        self.action_space = form.space()
        self.render_mode = render_mode
        names = agents_of(loaded)
        self._name = names[self.view.agent]
        self._recorder = None if render_mode is None else Recorder(loaded, names)
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32s, dict[str, Any]]:
        """Starts an episode; arguments as in `MarketEnv.reset`."""
        super().reset(seed=seed)
        self.view.reset(seed, options)
        self._over = False
        if self._recorder is not None:
            self._recorder.start(self.view.engine.world, self.view.engine.scenario_of(0))
        return self.view.observations()[0], self._facts()

    def step(self, action: ArrayLike) -> tuple[Float32s, float, bool, bool, dict[str, Any]]:
        """Plays one round.

        Raises:
            ValueError: The action is not within the action space; nothing has changed then.
            RuntimeError: The episode is over or `reset` has not been called.
        """
        if self._over:
            raise RuntimeError("the episode is over or has not begun: call reset()")
        given = checked_action(self._name, action, self.view.form)
        engine = self.view.engine
        if self._recorder is not None:
            self._recorder.before(engine.world, engine.scenario_of(0))
        self.view.step(given[None])
        terminated, truncated = (bool(flag[0]) for flag in self.view.flags())
        self._over = terminated or truncated
        if self._recorder is not None:
            self._recorder.after(engine.world, engine.buffers.rewards[0])
            if self.render_mode == "human":
                self.render()
        return self.view.observations()[0], float(self.view.rewards()[0]), terminated, truncated, self._facts()

    def action_masks(self) -> Bools:
        """Which choices there are in the coming step, bool (choices,): sb3-contrib's MaskablePPO asks."""
        mask: Bools = self.view.infos()["action_mask"][0].astype(np.bool_)
        return mask

    def render(self) -> Any:
        """The last round; see `MarketEnv.render`."""
        if self._recorder is None:
            raise RuntimeError("choose a render_mode when making the environment: 'human', 'ansi' or 'rgb_array'")
        return self._recorder.show(self.render_mode)

    @property
    def levers(self) -> EngineLevers:
        """The scenario's levers by name, see `Engine.levers`."""
        return self.view.engine.levers

    def close(self) -> None:
        """Ends the engine's worker threads."""
        self.view.engine.close()

    def _facts(self) -> dict[str, Any]:
        return {name: row[0] if row.ndim > 1 else row[0].item() for name, row in self.view.infos().items()}
