"""`econo-env play`: a person bids, on the terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from econo_env.training.outputs import Outputs
from econo_env.training.stopping import Stopped

if TYPE_CHECKING:
    from econo_env.policy import Named
    from econo_env.scenario import Scenario


def play(
    scenario: Annotated[str, typer.Argument(help="A scenario id or YAML file.")],
    against: Annotated[
        str | None,
        typer.Option(
            help="Who plays the others: a policy's name, such as equilibrium or truthful, the folder of a run, or "
            "pretrained; by default what is pretrained for the scenario, else truthful.",
            show_default=False,
        ),
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Your agent; the first by default.", show_default=False)] = None,
    episodes: Annotated[int, typer.Option(min=1, help="Episodes to play.")] = 5,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of the market's luck; a fresh one by default.", show_default=False)
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write every move and its cost here.")] = None,
) -> None:
    r"""You bid, on the terminal: what you see, your move, how the market clears and why, and what your move cost.

    The cost is found by playing the market again from before the move, with the same luck and rivals, once for every
    other move. Lines are read from standard input: numbers, or a JSON object; ? shows the rules, q or the end of input
    ends.

    Example: `econo-env play first_price_v0 --against equilibrium --seed 7`

    Example: `printf "0.3\n0.4\n" | econo-env play first_price_v0 --json moves.json`
    """
    from econo_env.catalogue import load
    from econo_env.interfaces.spaces import fresh_seed
    from econo_env.market import agents_of
    from econo_env.training.game import Game

    with Outputs({"--json": json_file}, reads=[scenario]) as outputs:
        market = load(scenario)
        others = _others(against, market)
        luck = fresh_seed() if seed is None else seed
        game = Game(market, agent or agents_of(market)[0], others, seed=luck, say=outputs.show, ask=_line)
        outputs.show(f"{market.id} against {others.name}, --seed {luck}; ? shows the rules, q ends")
        try:
            game.play(episodes)
        except Stopped as stopped:
            outputs.show(f"\n{game.summary()}")
            raise Stopped(stopped.number, f"stopped: {_plural(game.score.episodes)} played to the end") from None
        finally:
            known = {"scenario": market.id, "agent": game.agent, "against": others.name, "seed": luck}
            outputs.write_json("--json", known | game.to_json())
        outputs.show(f"\n{game.summary()}")


def _others(against: str | None, scenario: "Scenario") -> "Named":
    from econo_env.policies import make_policy
    from econo_env.policies.pretrained import pretrained_ids

    by_default = "pretrained" if scenario.id in pretrained_ids() else "truthful"
    return make_policy(against or by_default, scenario)


def _line(prompt: str) -> str | None:
    """A line of standard input without its end; None where there is none. Who is not looking sees no prompt."""
    if sys.stdin.isatty():
        sys.stdout.write(prompt)
        sys.stdout.flush()
    line = sys.stdin.readline()
    return line.strip() if line else None


def _plural(episodes: int) -> str:
    return f"{episodes} episode{'s' * (episodes != 1)}"
