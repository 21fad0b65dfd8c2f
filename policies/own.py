"""Policies from outside the package: a class in a file of one's own, or a model that Stable-Baselines3 saved."""

import importlib.util
import inspect
import json
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from econo_env.engine.state import Bools, Float64s
from econo_env.market import market_of
from econo_env.player import Player
from econo_env.policy import Actions, Mask, Memory, Named, Observations, Policy, masked
from econo_env.scenario import Scenario

Answer = TypeVar("Answer")

_SLACK = 1e-5
"""How far an action may be beyond -1 or 1, by rounding; it is cut back."""


class Own:
    """A policy of a class in a user's file; every answer is checked, and every mistake named with its line.

    The class is made as `Class(scenario)`, or `Class(scenario, seed)` if it takes a seed, and has `reset(seed)` and
    `act(observations, mask)`, as `econo_env.policy.Policy` says; one with memory has `observe(rewards, ended)`,
    `snapshot()` and `restore(memory)` too, as `econo_env.policy.Remembering` says. `name` may be left out.
    """

    def __init__(self, scenario: Scenario, seed: int, path: str | Path, class_name: str) -> None:
        """Makes the policy.

        Raises:
            ValueError: There is no such file or class, it cannot be made, or it lacks a method.
        """
        self._path, self.scenario = Path(path), scenario
        self._components = len(market_of(scenario).action_names(scenario))
        made_of = self._class(class_name)
        wants_seed = "seed" in inspect.signature(made_of).parameters
        made = self._asked("__init__", lambda: made_of(scenario, seed) if wants_seed else made_of(scenario))
        self._player = Player(made)
        self.name = str(made.name or class_name) if isinstance(made, Named) else class_name
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Starts the user's policy over."""
        self._asked("reset", lambda: self._player.reset(seed))

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The user's actions, checked.

        Raises:
            ValueError: They have another shape, are no numbers, NaN, or outside [-1, 1]; or the policy failed.
        """
        given = self._asked("act", lambda: np.asarray(self._player.act(observations, mask)))
        return checked(given, observations, mask, self._components, f"{self._path}: {self.name}.act")

    def observe(self, rewards: Float64s, ended: Bools) -> None:
        """Tells the user's policy of a tick, if it remembers."""
        self._asked("observe", lambda: self._player.observe(rewards, ended))

    def snapshot(self) -> Memory:
        """What the user's policy remembers."""
        return self._asked("snapshot", self._player.snapshot)

    def restore(self, memory: Memory) -> None:
        """Goes back to a snapshot of the user's policy."""
        self._asked("restore", lambda: self._player.restore(memory))

    def _class(self, name: str) -> Any:
        module = self._asked("the import", lambda: _loaded(self._path))
        classes = [key for key, value in vars(module).items() if isinstance(value, type) and key[0] != "_"]
        own = [key for key in classes if vars(module)[key].__module__ == module.__name__]
        if name not in classes:
            raise ValueError(f"{str(self._path)!r} has no class {name!r}: its classes are {', '.join(own) or 'none'}")
        found = vars(module)[name]
        if not issubclass(found, Policy):
            missing = "reset" if "reset" not in dir(found) else "act"
            raise ValueError(
                f"{str(self._path)!r}: {name} has no method {missing}: a policy has reset(seed) and "
                "act(observations, mask)"
            )
        return found

    def _asked(self, what: str, ask: Callable[[], Answer]) -> Answer:
        """An answer of the user's code, or a ValueError that names its mistake and the line."""
        try:
            return ask()
        except (MemoryError, KeyboardInterrupt):
            raise
        except (Exception, SystemExit) as error:
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame.lineno for frame in frames if Path(frame.filename) == self._path.absolute()]
            line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
            where = f"{str(self._path)!r}, line {line}" if line else repr(str(self._path))
            said = " ".join(str(error).split())
            raise ValueError(
                f"{where}: {what} failed with {type(error).__name__}{': ' if said else ''}{said}"
            ) from error


def checked(given: Any, observations: Observations, mask: Mask, components: int, who: str) -> Actions:
    """Actions as the engine takes them.

    Raises:
        ValueError: Their shape is not that of the observations with `components` at the end, they are no numbers, or
            one of an agent that may act is NaN or outside [-1, 1].
    """
    needed = (*np.shape(observations)[:-1], components)
    if np.shape(given) != needed:
        raise ValueError(f"{who} gave actions of shape {np.shape(given)}: {needed} is needed, one in [-1, 1] an agent")
    if given.dtype.kind not in "fiu":
        raise ValueError(f"{who} gave actions of type {given.dtype}: give numbers in [-1, 1]")
    actions = masked(given.astype(np.float32), mask)
    wrong = ~(np.abs(actions) <= 1.0 + _SLACK)
    if wrong.any():
        at = tuple(int(place) for place in np.argwhere(wrong)[0])
        raise ValueError(f"{who} gave the action {actions[at]} at {list(at)}: give finite numbers in [-1, 1]")
    return np.clip(actions, -1.0, 1.0)


def _loaded(path: Path) -> ModuleType:
    """The module of a file, which may import its neighbours."""
    name = f"_own_policy_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


class Sb3Model:
    """A saved Stable-Baselines3 model with continuous actions in every seat, by its `predict`."""

    def __init__(self, scenario: Scenario, model: Any, name: str) -> None:
        self.scenario, self.name, self._model = scenario, name, model
        self._components = len(market_of(scenario).action_names(scenario))

    def reset(self, seed: int) -> None:
        """Nothing to start over: the model plays its mean action."""

    def act(self, observations: Observations, mask: Mask) -> Actions:
        """The model's deterministic actions."""
        rows = np.asarray(observations, dtype=np.float32).reshape(-1, np.shape(observations)[-1])
        actions, _ = self._model.predict(rows, deterministic=True)
        shaped = np.asarray(actions).reshape(*np.shape(observations)[:-1], self._components)
        return checked(shaped, observations, mask, self._components, self.name)


def from_class(spec: str, scenario: Scenario, seed: int) -> Named:
    """The policy that `my_policy.py:MyPolicy` names.

    Raises:
        ValueError: There is no such file or class, or it is no policy.
    """
    path, _, name = spec.rpartition(":") if not spec.endswith(".py") else (spec, "", "")
    if not Path(path).is_file():
        raise ValueError(f"there is no file {path!r}")
    if not name:
        raise ValueError(f"{spec!r} names no class: give it behind a colon, such as {spec}:MyPolicy")
    return Own(scenario, seed, path, name)


def from_sb3_file(path: str | Path, scenario: Scenario) -> Named:
    """The policy of a model that Stable-Baselines3 saved. Loading runs code of the file, so trust where it is from.

    A PPO or A2C model with an `MlpPolicy` is played in NumPy, any other with continuous actions by its `predict`.

    Raises:
        ValueError: The file is no such model, or it was trained on other observations or actions.
    """
    from econo_env.policies.proactive import Learned

    model = _loaded_model(Path(path))
    market = market_of(scenario)
    wanted = (len(market.observations(scenario)),), (len(market.action_names(scenario)),)
    has = model.observation_space.shape, model.action_space.shape
    if has != wanted:
        raise ValueError(
            f"{str(path)!r} takes observations of shape {has[0]} and gives actions of shape {has[1]}; {scenario.id} "
            f"has {wanted[0]} and {wanted[1]}: play it in the scenario it was trained in"
        )
    name = Path(path).name
    try:
        learned = Learned.from_sb3(model, scenario)
    except (AttributeError, ValueError):
        return Sb3Model(scenario, model, name)
    learned.name = name
    return learned


def _loaded_model(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as saved:
            about = json.loads(saved.read("data"))
    except FileNotFoundError:
        raise ValueError(f"there is no file {str(path)!r}") from None
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        raise ValueError(f"{str(path)!r} is no model that Stable-Baselines3 saved") from None
    import stable_baselines3

    module = str(about.get("policy_class", {}).get("__module__", ""))
    kinds = {"sac": "SAC", "td3": "TD3", "dqn": "DQN", "common": "PPO" if "clip_range" in about else "A2C"}
    kind = kinds.get(module.split(".")[1]) if module.startswith("stable_baselines3.") else None
    if kind in (None, "DQN"):
        raise ValueError(
            f"{str(path)!r} is a model of {module or 'no known algorithm'}: PPO, A2C, SAC and TD3 are played here"
        )
    try:
        return vars(stable_baselines3)[str(kind)].load(path, device="cpu")
    except Exception as error:
        raise ValueError(f"{str(path)!r} cannot be loaded: {' '.join(str(error).split())}") from None
