"""How the benchmarks are asked and answer: the flag --quick that all take, and tables of shares."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence

from rich.table import Table


def parser_of(
    about: str | None, *, quick: str = "under a minute, with little of everything"
) -> argparse.ArgumentParser:
    """A parser that says what the benchmark is `about` and knows --quick, which is `quick`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--quick", action="store_true", help=quick)
    return parser


def table_of_shares(title: str, columns: Sequence[str], rows: Mapping[str, Iterable[float]]) -> Table:
    """A table of `rows`, their names below the first of the `columns`, their shares below the others."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for name, shares in rows.items():
        table.add_row(name, *(f"{share:.3f}" for share in shares))
    return table
