"""One seat of each of many markets as a Gymnasium vector environment, in one engine."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import ArrayLike, NDArray

from econo_env.engine.levers import EngineLevers
from econo_env.engine.state import Bools, Float32s, each_array
from econo_env.interfaces.action_forms import LEVELS, ActionKind, Levels, action_form, checked_rows
from econo_env.interfaces.agent_view import AgentView
from econo_env.interfaces.spaces import check_render_mode, drawn, load_for_keywords, observation_box
from econo_env.market import agents_of
from econo_env.policy import Policy
from econo_env.scenario import Scenario
from econo_env.telemetry.render import Recorder

VectorStep = tuple[Float32s, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]


class SingleAgentVectorEnv(VectorEnv[Float32s, Any, NDArray[Any]]):
    """One seat of each of many markets, in one engine; market k equals `SingleAgentEnv` with `first_market=k`.

    What follows the end of the seat's episode in a market is Gymnasium's `autoreset_mode`, an argument:

    - `NextStep`, Gymnasium's own default: the step gives the last observation; the next step starts the next episode in
      that market, whatever its action, with reward 0. Wrappers such as `NormalizeObservation` want it.
    - `SameStep`: the observation is the first of the next episode already, and `infos` carries `final_obs` and
      `final_info` under their masks. No step is without a round, which makes twice as many of sales of one round.
    - `Disabled`: `reset(options={"reset_mask": mask})` starts the next episodes before the next step.

    Attributes:
        view: The engine, the agent and the opponents.
        autoreset_mode: Gymnasium's `AutoresetMode`, also in `metadata`.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium reads it from the class
        "autoreset_mode": AutoresetMode.NEXT_STEP,
        "render_modes": ["human", "ansi", "rgb_array"],
        "render_fps": 2,
    }

    def __init__(
        self,
        scenario: str | Scenario,
        num_envs: int = 1,
        *,
        agent: int = 0,
        opponents: Policy | None = None,
        num_threads: int = 1,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        actions: ActionKind = "box",
        action_levels: Levels = LEVELS,
        **overrides: Any,
    ) -> None:
        """Makes `num_envs` markets.

        Args:
            scenario: A scenario id, the path of a scenario file, or a scenario.
            num_envs: Markets.
            agent: The seat that learns, 0 to num_agents - 1.
            opponents: Acts for all other seats; truthful agents by default.
            num_threads: Threads of the engine.
            autoreset_mode: `NextStep`, `SameStep` or `Disabled`, as a string or Gymnasium's `AutoresetMode`.
            render_mode: What `render` gives of each market: `ansi`, `rgb_array`, `human` (prints), or None.
            actions: `box`, or a grid of choices: `discrete` or `multi_discrete`, see `action_forms`.
            action_levels: Levels of that grid.
            **overrides: Scenario fields to change.

        Raises:
            ValueError: The scenario, a field or a choice is unknown or out of range.
            TypeError: A keyword is unknown.
        """
        self.autoreset_mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        check_render_mode(render_mode, self.metadata["render_modes"])
        loaded = load_for_keywords(scenario, overrides)
        self.metadata = drawn(self.metadata, loaded)
        check_render_mode(render_mode, self.metadata["render_modes"])
        form = action_form(loaded, actions, action_levels)
        self.view = AgentView(loaded, num_envs, agent, opponents, form=form, num_threads=num_threads)
        self.num_envs = self.view.engine.num_markets
        self.render_mode = render_mode
        self.single_observation_space = observation_box(loaded)
        self.single_action_space = form.space()
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        names = agents_of(loaded)
        self._recorders = [Recorder(loaded, names) for _ in range(self.num_envs if render_mode else 0)]
        self._over = np.zeros(self.num_envs, dtype=np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Float32s, dict[str, Any]]:
        """Starts an episode in every market; market k plays market `first_market + k` of the seed.

        Args:
            seed: Integer from 0 to 2^64 - 1 for episode 0 of that seed; None for the next episodes.
            options: `reset_mask`, bool (num_envs,), starts episodes in these markets only; `first_market` with a seed.

        Raises:
            ValueError: `seed` or an option is out of range.
            RuntimeError: A `reset_mask` leaves markets out that have never been started.
        """
        super().reset(seed=seed)
        mask = _reset_mask(options, self.num_envs)
        self.view.reset(seed, options, mask)
        started = np.ones(self.num_envs, dtype=np.bool_) if mask is None else mask
        self._begin(started)
        return self.view.observations(), _with_masks(self.view.infos(), started)

    def step(self, actions: ArrayLike) -> VectorStep:
        """Plays one round in every market; see the class for those whose episode is over.

        Raises:
            ValueError: `actions` is not within the action space; nothing has changed then.
            RuntimeError: With autoreset `Disabled`, an episode is over and has not been reset.
        """
        given = checked_rows(actions, self.view.form, (self.num_envs,))
        fresh = self._over
        if self.autoreset_mode is AutoresetMode.DISABLED and fresh.any():
            raise RuntimeError(
                f"the episodes of markets {np.flatnonzero(fresh)[:8].tolist()} are over: "
                "call reset(options={'reset_mask': mask}) with their mask first"
            )
        self._play(given, fresh)
        rewards = self.view.rewards()
        terminated, truncated = self.view.flags()
        self._over = terminated | truncated
        final: dict[str, Any] = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._over.any():
            final = self._final(self._over)
            self.view.start_next(self._over)
            self._begin(self._over)
        infos = _with_masks(self.view.infos(), np.ones(self.num_envs, dtype=np.bool_))
        return self.view.observations(), rewards, terminated, truncated, infos | final

    def render(self) -> tuple[Any, ...] | None:
        """The last round of each market as in `SingleAgentEnv`, num_envs of them."""
        if not self._recorders:
            raise RuntimeError("choose a render_mode when making the environment: 'human', 'ansi' or 'rgb_array'")
        return tuple(recorder.show(self.render_mode) for recorder in self._recorders)

    @property
    def levers(self) -> EngineLevers:
        """The scenario's levers by name, see `Engine.levers`."""
        return self.view.engine.levers

    def close_extras(self, **kwargs: Any) -> None:
        """Ends the engine's worker threads."""
        self.view.engine.close()

    def _play(self, given: NDArray[Any], fresh: Bools) -> None:
        """One round where no episode is over, and a new episode where one is."""
        if not fresh.any():
            self._record_before()
            self.view.step(given)
            self._record_after(~fresh)
            return
        if not fresh.all():
            self._record_before()
            self.view.step(given, ~fresh)
            self._record_after(~fresh)
        self.view.start_next(fresh)
        self._begin(fresh)

    def _begin(self, started: Bools) -> None:
        self._over = self._over & ~started
        for k, recorder in enumerate(self._recorders):
            if started[k]:
                recorder.start(self._market(k), self.view.engine.scenario_of(k))

    def _record_before(self) -> None:
        for k, recorder in enumerate(self._recorders):
            recorder.before(self._market(k), self.view.engine.scenario_of(k))

    def _record_after(self, played: Bools) -> None:
        for k, recorder in enumerate(self._recorders):
            if played[k]:
                recorder.after(self._market(k), self.view.engine.buffers.rewards[k])
        if self.render_mode == "human":
            self.render()

    def _market(self, k: int) -> Any:
        state = self.view.engine.state
        return each_array(state, lambda array: array[k : k + 1])

    def _final(self, over: Bools) -> dict[str, Any]:
        last = np.full(self.num_envs, None, dtype=object)
        seen = self.view.observations()
        for k in np.flatnonzero(over):
            last[k] = seen[k]
        facts = _with_masks(self.view.infos(), over)
        return {"final_obs": last, "_final_obs": over.copy(), "final_info": facts, "_final_info": over.copy()}


def _autoreset_mode(given: str | AutoresetMode) -> AutoresetMode:
    try:
        return AutoresetMode(given)
    except ValueError:
        allowed = ", ".join(repr(mode.value) for mode in AutoresetMode)
        raise ValueError(f"autoreset_mode={given!r} is unknown: choose one of {allowed}") from None


def _reset_mask(options: Mapping[str, Any] | None, num_envs: int) -> Bools | None:
    if not options or "reset_mask" not in options:
        return None
    mask = np.asarray(options["reset_mask"])
    if mask.shape != (num_envs,) or mask.dtype != np.bool_ or not mask.any():
        raise ValueError(
            f"reset_mask of shape {mask.shape}, type {mask.dtype}: give a bool array of shape ({num_envs},), "
            "with one entry set or more"
        )
    return mask


def _with_masks(columns: Mapping[str, NDArray[Any]], present: Bools) -> dict[str, Any]:
    """Gymnasium's form of a vector's infos: beside each column, under `_name`, which markets have it; 0 elsewhere."""
    infos: dict[str, Any] = {}
    for name, column in columns.items():
        column[~present] = 0
        infos |= {name: column, f"_{name}": present.copy()}
    return infos
