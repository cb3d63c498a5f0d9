"""What an evaluation prints: tables of estimates under the record of what they were measured on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable

from training.evaluation.intervals import Estimate

Progress = Callable[[Iterable[Any], int, str], Iterable[Any]]
"""Shows a bar: takes what is iterated, its length and a description."""


def quietly(items: Iterable[Any], total: int, description: str) -> Iterable[Any]:
    """A `Progress` that shows nothing."""
    return items


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of one part of an evaluation.

    `rows` holds the estimates by row and by figure; both names are keys of the JSON and stay the same from release to
    release. `facts` says what a reader must know to judge them (numbers of references, limits, definitions).
    """

    title: str
    rows: dict[str, dict[str, Estimate]]
    facts: dict[str, Any] = field(default_factory=dict)

    def columns(self) -> list[str]:
        """Every figure that some row has, in order of appearance."""
        return list(dict.fromkeys(name for figures in self.rows.values() for name in figures))


@dataclass(frozen=True, slots=True)
class Report:
    """A whole evaluation: provenance and its tables by key."""

    provenance: dict[str, str]
    tables: dict[str, Table]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; a figure that could not be measured is null."""
        return {"provenance": self.provenance, "tables": {key: _table_json(one) for key, one in self.tables.items()}}

    def print(self, console: Console) -> None:
        """Print every table, its facts below it."""
        console.print(", ".join(f"{key} {value}" for key, value in self.provenance.items()))
        for table in self.tables.values():
            console.print(_drawn(table))


def _table_json(table: Table) -> dict[str, Any]:
    rows = {row: {name: _plain(asdict(one)) for name, one in figures.items()} for row, figures in table.rows.items()}
    return {"rows": rows, "facts": table.facts}


def _plain(estimate: dict[str, Any]) -> dict[str, Any]:
    """JSON knows no NaN."""
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in estimate.items()}


def _drawn(table: Table) -> RenderableType:
    figures, rows = table.columns(), list(table.rows)
    if len(figures) > len(rows):  # terminals are higher than wide
        columns, lines = rows, {name: [table.rows[row].get(name) for row in rows] for name in figures}
    else:
        columns, lines = figures, {row: [table.rows[row].get(name) for name in figures] for row in rows}
    drawn = RichTable("", *(_words(name) for name in columns), title=table.title, title_justify="left")
    for name, cells in lines.items():
        drawn.add_row(_words(name), *(_cell(one) for one in cells))
    facts = [f"  {_words(name)}: {value}" for name, value in table.facts.items()]
    return Group(drawn, *facts)


def _cell(estimate: Estimate | None) -> str:
    if estimate is None:
        return ""
    if estimate.count == 0:
        return "not measured"
    return f"{estimate.value:.3f}, n {estimate.count}\n{estimate.low:.2f}–{estimate.high:.2f}"


def _words(key: str) -> str:
    return key.replace("_", " ")
