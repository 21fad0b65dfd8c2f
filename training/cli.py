"""The command line: `econo-env train | evaluate | calibrate | ...`.

Commands stand in `econo_env.training.commands`, one file each: a function of its name, or a group. Whatever goes
wrong ends in one sentence on standard error and an exit status: 2 for what the user can mend, 130 after Ctrl-C, 143
after SIGTERM. docs/commands.md has the whole. Imports wait until signals are taken care of.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from econo_env.training.stopping import Stopped, stopping_at_once

if TYPE_CHECKING:
    import typer

MISTAKE = 2


def build() -> "typer.Typer":
    """The command line with every module of `econo_env.training.commands` as a command."""
    import importlib
    import pkgutil

    import typer

    from econo_env.training import commands
    from econo_env.version import __version__

    app = typer.Typer(
        name="econo-env",
        help="Train and judge agents that coordinate through markets.",
        invoke_without_command=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )

    @app.callback()
    def about(
        context: typer.Context,
        version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
    ) -> None:
        """Train and judge agents that coordinate through markets."""
        if version:
            typer.echo(__version__)
            raise typer.Exit
        if context.invoked_subcommand is None:
            typer.echo(context.get_help())
            raise typer.Exit(MISTAKE)

    for module in pkgutil.iter_modules(commands.__path__):
        found = vars(importlib.import_module(f"{commands.__name__}.{module.name}"))
        command = found.get(module.name)  # a command is the function that has its file's name, or a group of them
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=module.name)
        elif command is not None:
            app.command(module.name)(command)
    return app


def main() -> None:
    """Runs the command line and exits."""
    try:
        with stopping_at_once():
            _tell_on_a_terminal()
            status = _run()
    except Stopped as stopped:
        status = stopped.status
        _say(str(stopped))
    except OSError as error:
        status = MISTAKE
        _say(_cannot(error))
    except MemoryError as error:
        status = MISTAKE
        _say(f"there is not enough memory: {error or 'ask for less'}")
    except ValueError as error:
        status = MISTAKE
        _say(str(error))
    _flush()
    sys.exit(status)


def _tell_on_a_terminal() -> None:
    """Shows what the engine has to say, such as that it compiles, where somebody may be waiting."""
    import logging

    engine = logging.getLogger("econo_env")
    if sys.stderr.isatty() and not engine.handlers:
        engine.addHandler(logging.StreamHandler())
        engine.setLevel(logging.INFO)


def _run() -> int:
    import typer

    # typer brings its own copy of click, or stands on click, by its version: the base of what both raise
    usage_error: Any = typer.BadParameter.__bases__[0]
    try:
        status = typer.main.get_command(build()).main(prog_name="econo-env", standalone_mode=False)
    except usage_error as error:
        command = error.ctx.command_path if error.ctx is not None else "econo-env"
        _say(f"{error.format_message().rstrip('.')}; see `{command} --help`")
        return MISTAKE
    return status if isinstance(status, int) else 0


def _cannot(error: OSError) -> str:
    """The sentence of an operating system's refusal."""
    what = "standard output" if error.filename is None else repr(str(error.filename))
    return f"{what} cannot be read or written: {error.strerror or error}"


def _say(sentence: str) -> None:
    if not sentence:
        return
    try:
        sys.stderr.write(f"econo-env: {' '.join(sentence.split())}\n")
    except OSError:
        return


def _flush() -> None:
    """Empties standard output; where nobody takes it, Python must not complain about it once more at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
