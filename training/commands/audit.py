"""`econo-env audit`: the log of an audited economy."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econo_env.training.outputs import Outputs

if TYPE_CHECKING:
    from econo_env.engine.engine import Engine

audit = typer.Typer(
    help="Records an economy in a log that cannot be changed unseen, and checks, replays and explains such a log.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Log = Annotated[Path, typer.Argument(help="The log, as `audit record` wrote it.")]
AnchorFile = Annotated[Path | None, typer.Option(help="The file of anchors: head and root of every tick.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Also write the result here.")]


@audit.command()
def record(
    scenario: Annotated[str, typer.Argument(help="A scenario id or file with an economy that has a ledger.")],
    out: Annotated[Path, typer.Option(help="The log to write, a new file.")] = Path("audit.db"),
    policy: Annotated[str, typer.Option(help="Who bids.")] = "truthful",
    ticks: Annotated[int, typer.Option(min=1, help="Ticks to record.")] = 100,
    markets: Annotated[int, typer.Option(min=1, help="Markets side by side.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the episodes.")] = 0,
    snapshots: Annotated[int, typer.Option(min=1, help="Ticks from one snapshot to the next.")] = 1000,
    anchor: AnchorFile = None,
    json_file: JsonFile = None,
) -> None:
    """Plays a scenario and records every tick.

    Example: `econo-env audit record configs/scenarios/first_price_economy.yaml --ticks 200 --out first_price.db`
    """
    from econo_env.audit import record_to
    from econo_env.catalogue import load
    from econo_env.engine.engine import Engine
    from econo_env.player import Player
    from econo_env.policies import make_policy

    files = {"--out": out, "--anchor": anchor, "--json": json_file}
    with Outputs(files, reads=[scenario]) as outputs:
        played = _audited(load(scenario))
        engine = Engine(played, markets)
        player = Player(make_policy(policy, played))
        player.reset(seed)
        with record_to(out, engine, seed=seed, snapshot_every=snapshots, anchor=anchor) as recorder:
            for _ in range(ticks):
                buffers = engine.buffers
                rewards, ended = buffers.rewards, buffers.ended
                recorder.step(player.act(buffers.observations, buffers.action_mask))
                player.observe(rewards, ended)
            head = recorder.head
        document = {"scenario": played.id, "policy": policy, "seed": seed, "markets": markets, "head": asdict(head)}
        outputs.write_json("--json", document)
        outputs.show(
            f"{ticks} tick(s) of {markets} market(s) of {played.id} are in {out}: {head.seq + 1} events\n"
            f"head {head.hash}"
        )


@audit.command()
def verify(log: Log, anchor: AnchorFile = None, json_file: JsonFile = None) -> None:
    """Checks that a log is what was written: every hash, every root, the order, and the anchor if there is one.

    Example: `econo-env audit verify first_price.db --anchor first_price.anchor`
    """
    from econo_env.audit import verify as check

    with Outputs({"--json": json_file}, reads=[log]) as outputs:
        found = check(log, anchor)
        outputs.write_json("--json", asdict(found))
        head = "nothing" if found.head is None else found.head.hash
        vouched = f"the anchor vouches for {found.anchored} tick(s)" if anchor else "no anchor was given"
        outputs.show(f"{found.events} events of {found.ticks} tick(s) are what was written; {vouched}\nhead {head}")


@audit.command()
def replay(
    log: Log,
    rules: Annotated[bool, typer.Option("--rules", help="Also play the recorded actions again by the rules.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Folds the events into the state, and compares it with every state that was recorded.

    Example: `econo-env audit replay first_price.db --rules`
    """
    from econo_env.audit import replay as fold
    from econo_env.audit import rerun

    with Outputs({"--json": json_file}, reads=[log]) as outputs:
        found = fold(log)
        if rules:
            rerun(log, _engine_of(log))
        document = {"ticks": found.ticks, "events": found.events, "snapshots": found.snapshots}
        outputs.write_json("--json", document | {"state_hash": found.state_hash, "rules": rules})
        again = "; played again by the rules, every event comes out as it was written" if rules else ""
        outputs.show(
            f"{found.events} events lead to the state at each of {found.snapshots} snapshot(s){again}\n"
            f"state {found.state_hash}"
        )


@audit.command()
def recover(log: Log, anchor: AnchorFile = None, json_file: JsonFile = None) -> None:
    """Opens a log after a crash: verifies it, cuts a torn end and says so, folds the state, checks the invariants.

    Example: `econo-env audit recover first_price.db --anchor first_price.anchor`
    """
    from econo_env.audit import recover as open_again

    with Outputs({"--json": json_file}, reads=[log]) as outputs:
        found = open_again(log, anchor)
        kept = {name: value for name, value in vars(found).items() if name not in ("books", "head")}
        outputs.write_json("--json", kept | {"head": asdict(found.head)})
        lines = [*found.said, f"{found.events} events of {found.ticks} tick(s) stand; {found.seconds:.2f} s"]
        outputs.show("\n".join([*lines, f"head {found.head.hash}", f"state {found.state_hash}"]))


@audit.command()
def explain(
    op: Annotated[str, typer.Argument(help="MARKET.EPISODE.TICK.OP, .AGENT behind it for one agent; or a seq.")],
    log: Log,
    json_file: JsonFile = None,
) -> None:
    """Says why an operation took place: bid, stake, award, payment, reputation, in the order in which they came.

    Example: `econo-env audit explain 0.0.3.1 first_price.db`
    """
    from econo_env.audit import explain as tell

    with Outputs({"--json": json_file}, reads=[log]) as outputs:
        text = tell(op, log, agent_names(log))
        outputs.write_json("--json", {"op": op, "lines": text.splitlines()})
        outputs.show(text)


def agent_names(log: Path) -> tuple[str, ...]:
    """The names of the agents of a log, in seat order."""
    from econo_env.audit import read_header
    from econo_env.catalogue import from_mapping
    from econo_env.market import agents_of

    return agents_of(from_mapping(read_header(log).scenario))


def _engine_of(log: Path) -> "Engine":
    from econo_env.audit import read_header
    from econo_env.catalogue import from_mapping
    from econo_env.engine.engine import Engine

    header = read_header(log)
    return Engine(from_mapping(header.scenario), header.num_markets)


def _audited(scenario: Any) -> Any:
    """The scenario with a journal of its transfers."""
    economy = scenario.economy or {}
    if "ledger" not in economy:
        raise ValueError(f"{scenario.id} has no accounts to audit: give a scenario with `economy: {{ledger: {{}}}}`")
    return scenario if "audit" in economy else scenario.replace(economy={**economy, "audit": {}})
