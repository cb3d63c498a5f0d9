"""`hallmark`: the commands of every part that is installed."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import typer

GROUP = "hallmark.commands"
OWN_PACKAGES = frozenset({"model", "index", "serve", "training", "client", "demo"})
NEEDED = frozenset({"serve"})


def main() -> None:
    """Run the command line."""
    build()()


def build() -> typer.Typer:
    """The command line, with the commands of the parts whose packages are there."""
    app = typer.Typer(
        name="hallmark",
        help="Finds counterfeit listings: whose mark is in a photo, and is it genuine, smeared or imitated?",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        _register(point, app)
    return app


def _register(point: EntryPoint, app: typer.Typer) -> None:
    """Add a part's commands; a part that misses a package of its extra (such as torch) adds none."""
    try:
        register = point.load()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if point.name in NEEDED or missing in OWN_PACKAGES:
            raise
        return
    register(app)
