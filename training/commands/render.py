"""`econo-env render`: pictures of an episode."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econo_env.training.outputs import Outputs

if TYPE_CHECKING:
    from econo_env.interfaces.pettingzoo import MarketEnv
    from econo_env.player import Player

RUN_CONFIG = "config.yaml"
SECONDS_A_ROUND = 0.8
LONGEST = 4096
"""Rounds of an episode that are played to find those to show."""


def render(
    what: Annotated[str, typer.Argument(help="A scenario id, a scenario file, or the folder of a run.")],
    out: Annotated[Path, typer.Option(help="FILE.gif for an animation, FILE.png for the rounds on a strip.")] = Path(
        "episode.gif"
    ),
    ansi: Annotated[bool, typer.Option("--ansi", help="Print the rounds instead.")] = False,
    cycles: Annotated[
        int,
        typer.Option(min=1, help="Rounds to show: of one long episode, its last among them, or of several short."),
    ] = 8,
    policy: Annotated[
        str | None,
        typer.Option(
            help="Who bids; a run brings its own, else the population that the scenario lists, else truthful."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episode.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write what each agent earned here.")] = None,
) -> None:
    """Draws rounds of a market as a GIF or PNG, or prints them: bids, prices, who wins and who pays what and why.

    Example: `econo-env render first_price_v0 --cycles 5 --policy shading --out episode.gif`
    """
    from econo_env.training.evaluation.groups import in_words, who_is_who

    if not ansi and out.suffix not in (".gif", ".png"):
        raise ValueError(f"--out {out}: give a file that ends in .gif or .png, or print with --ansi")
    with Outputs({"--out": None if ansi else out, "--json": json_file}, reads=[what]) as outputs:
        scenario, name = _source(what, policy)
        frames, earned = _play(scenario, name, cycles, seed, "ansi" if ansi else "rgb_array")
        document = {"scenario": scenario.id, "policy": name, "seed": seed, "rounds": cycles, "earned": earned}
        who = who_is_who(scenario) if name == "population" or Path(name).is_dir() else []
        document |= {"population": who} if who else {}
        outputs.write_json("--json", document)
        told = [in_words(group) for group in who]
        if ansi:
            outputs.show("\n\n".join(["\n".join(told), *frames] if told else frames))
        else:
            outputs.write("--out", _picture(frames, out.suffix))
            outputs.show("\n".join([f"{len(frames)} round(s) of {scenario.id} drawn to {out}", *told]))


def _source(what: str, policy: str | None) -> tuple[Any, str]:
    """The scenario, and the name or path of the policy that plays it."""
    from econo_env.catalogue import load
    from econo_env.training.config import scenario_of_run

    run = Path(what)
    if not run.is_dir():
        scenario = load(what)
        return scenario, policy or ("truthful" if scenario.population is None else "population")
    for folder in (run, run.parent):  # the folder of one seed stands in that of its run
        if (folder / RUN_CONFIG).is_file():
            return scenario_of_run(folder), policy or what
    raise ValueError(f"{what!r} is no run of a training: it holds no {RUN_CONFIG}")


def _play(scenario: Any, policy_name: str, rounds: int, seed: int, mode: str) -> tuple[list[Any], dict[str, float]]:
    from econo_env.interfaces.pettingzoo import MarketEnv
    from econo_env.player import Player
    from econo_env.policies import make_policy

    player = Player(make_policy(policy_name, scenario))
    env = MarketEnv(scenario, render_mode=mode, on_removal="mask")
    env.reset(seed=seed)
    earned = dict.fromkeys(env.possible_agents, 0.0)
    frames: list[Any] = []
    while len(frames) < rounds:
        if frames:
            env.reset()
        frames += _episode(env, player, rounds - len(frames), earned)
    return frames, earned


def _episode(env: "MarketEnv", player: "Player", most: int, earned: dict[str, float]) -> list[Any]:
    """Plays an episode and adds what is earned; at most so many of its rounds, evenly spread, the last one too."""
    kept: list[Any] = []
    played, every = 0, 1
    while env.agents and played < LONGEST:
        for agent, reward in env.step(_actions(env, player))[1].items():
            earned[agent] += reward
        buffers = env.engine.buffers
        player.observe(buffers.rewards, buffers.ended)
        over = not env.agents or played + 1 == LONGEST
        if played % every == 0 or over:
            kept.append(env.render())
        if len(kept) > 2 * most and not over:
            kept, every = kept[::2], 2 * every
        played += 1
    if env.agents:
        player.break_off(~env.engine.buffers.ended, len(env.possible_agents))
    last = len(kept) - 1
    chosen = {last - round(place * last / max(1, most - 1)) for place in range(most)}
    return [kept[place] for place in sorted(chosen)]


def _actions(env: "MarketEnv", player: "Player") -> dict[str, Any]:
    buffers = env.engine.buffers
    rows = player.act(buffers.observations, buffers.action_mask)[0]
    return dict(zip(env.possible_agents, rows, strict=True))


def _picture(frames: list[Any], suffix: str) -> bytes:
    """An animated GIF, or a PNG with the rounds below each other."""
    import numpy as np
    from PIL import Image

    content = io.BytesIO()
    if suffix == ".png":
        Image.fromarray(np.concatenate(frames)).save(content, format="PNG")
        return content.getvalue()
    images = [Image.fromarray(frame).quantize(64) for frame in frames]
    milliseconds = round(1000 * SECONDS_A_ROUND)
    images[0].save(content, format="GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0)
    return content.getvalue()
