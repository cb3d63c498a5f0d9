from __future__ import annotations

from io import StringIO

from rich.console import Console

from benchmarks.command_line import parser_of, table_of_shares


def test_every_benchmark_knows_quick() -> None:
    parser = parser_of("What is measured?", quick="in a minute")
    assert not parser.parse_args([]).quick
    assert parser.parse_args(["--quick"]).quick
    assert "in a minute" in parser.format_help()


def test_shares_stand_below_their_columns() -> None:
    written = StringIO()
    table = table_of_shares("Found", ["what", "alone", "named"], {"a mark": [0.25, 1.0]})
    Console(file=written, width=60).print(table)
    lines = [line.replace("│", " ").replace("┃", " ").split() for line in written.getvalue().splitlines()]
    assert lines[0] == ["Found"]
    assert ["what", "alone", "named"] in lines
    assert ["a", "mark", "0.250", "1.000"] in lines
