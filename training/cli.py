"""The command line: `econo-env train | evaluate | calibrate | ...`.

Commands stand in `training.commands`, one file each with a function of the command's name. A user's mistake, raised as
`ValueError`, ends with status 2 and one clear sentence on stderr.
"""

import importlib
import pkgutil
import sys

import typer

from econo_env.version import __version__
from training import commands


def build() -> typer.Typer:
    """The command line with every module of `training.commands` as a command."""
    app = typer.Typer(
        name="econo-env",
        help="Train and judge agents that coordinate through markets.",
        invoke_without_command=False,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )

    @app.callback()
    def about(
        version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
    ) -> None:
        """Train and judge agents that coordinate through markets."""
        if version:
            typer.echo(__version__)
            raise typer.Exit

    for module in pkgutil.iter_modules(commands.__path__):
        function = getattr(importlib.import_module(f"{commands.__name__}.{module.name}"), module.name, None)
        if function is not None:
            app.command(module.name)(function)
    return app


def main() -> None:
    """Runs the command line; a `ValueError` is the user's to mend."""
    try:
        build()()
    except ValueError as error:
        sys.stderr.write(f"econo-env: {' '.join(str(error).split())}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
