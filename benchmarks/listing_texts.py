"""Which brands a listing's text is taken to name, and which rules to break.

The lines are of sellers who hide, compare and stack names, and of sellers who mean no harm.
`listing_texts.csv` was written before the words of the code were looked at; `brands` are those that a reader takes a
line to name. A line's hash says which half it is in: the code was mended on the one and is judged by the other. A brand
that is named is looked for in the photo, so a guilty line whose brand is not named may hide it, and an innocent line
that names another brand has its photo suspected of that. `broken` are lines whose text breaks a rule, so that the
listing is held up: of guilty ones the rule of their group, where it has one (`RULES_OF`), of innocent ones any. The
lines of `disguised-sound` and `sounds-like-none` were written beside the code that hears names: neither half judges it.
"""

# ruff: noqa: E402 - the path must be set before the service is loaded

from __future__ import annotations

import csv
import hashlib
import json
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

# Run as a file, this folder would come first.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from serve.scanning.candidates import MAX_CLAIMED
from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import RULES, Listing, Rule
from serve.text.listing_rules import broken_rules

HERE = Path(__file__).parent
MANY_BRANDS = 2_000

RULES_OF: dict[str, set[Rule]] = {
    "replica": {"replica", "comparison"},
    "comparison": {"replica", "comparison"},
    "stacked": {"stacked_names"},
}
"""The rules of which a line of a group breaks one; where a copy ends and a comparison begins is a matter of taste."""

_ESCAPED = re.compile(r"\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


class Line(NamedTuple):
    """A line of the corpus: who writes it, how it is written, the brands that it names, and its text."""

    side: str
    group: str
    language: str
    brands: frozenset[str]
    text: str

    @property
    def held_out(self) -> bool:
        """Whether the line was not looked at when the code was mended."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 2 == 1


class Counted(NamedTuple):
    """Of `lines` lines: those whose brands are all named (as many as a scan takes), and those that name others.

    `ruled` of them should break a rule, or none of them should; `broken` do.
    """

    lines: int
    named: int
    others: int
    ruled: int
    broken: int


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__, quick="under a minute: fewer rounds of the clock")
    parser.add_argument("--lines", action="store_true", help="print the lines of the tuned half that go wrong")
    asked = parser.parse_args()
    lines, words = read_lines(), BrandWords(read_brands())
    figures: dict[str, float] = {}
    console = Console(width=130)
    for side in ("guilty", "innocent"):
        columns = ("lines", "named", "others named", "of a rule", "broken")
        table = Table("group", *columns, "lines held out", *columns[1:], title=side)
        for group, of_group in by_group(line for line in lines if line.side == side).items():
            halves = [counted((one for one in of_group if one.held_out == held), words) for held in (False, True)]
            table.add_row(group, *(str(number) for half in halves for number in half))
            for half, numbers in zip(("tuned", "held_out"), halves, strict=True):
                if group == "all":
                    figures |= {f"{side}_{key}_{half}": value for key, value in numbers._asdict().items()}
        console.print(table)
    if asked.lines:
        show_wrong(lines, words)
    for what, milliseconds in milliseconds_a_listing(lines, rounds=3 if asked.quick else 20).items():
        console.print(f"{what}: {milliseconds:.3f} ms, with {MANY_BRANDS:,} brands")
        figures[f"{what.replace(' ', '_')}_ms"] = round(milliseconds, 4)
    sys.stdout.write(json.dumps(figures) + "\n")


def read_lines() -> list[Line]:
    """The corpus; in it, letters that cannot be seen or told apart are written as `\\u200b`."""
    with (HERE / "listing_texts.csv").open(encoding="utf-8", newline="") as file:
        return [
            Line(
                row["side"], row["group"], row["language"], frozenset(filter(None, row["brands"].split(";"))),
                _ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), row["text"]),
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def read_brands() -> dict[str, BrandNames]:
    """The brands that are registered, by name."""
    with (HERE / "listing_brands.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["brand"]: BrandNames(row["brand"], tuple(filter(None, row["aliases"].split(";"))))
            for row in csv.DictReader(file)
        }


def by_group(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """The lines of each group, and of all."""
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.group].append(line)
    groups["all"] = [line for of_group in list(groups.values()) for line in of_group]
    return groups


def counted(lines: Iterable[Line], words: BrandWords) -> Counted:
    """What a scan, which looks for the first `MAX_CLAIMED` brands, takes the lines to name."""
    lines = list(lines)
    judged = [judge(line, words) for line in lines]
    ruled = [line for line in lines if line.side == "innocent" or line.group in RULES_OF]
    return Counted(
        len(judged), sum(named for named, _ in judged), sum(bool(others) for _, others in judged), len(ruled),
        sum(breaks(line, words) for line in ruled),
    )  # fmt: skip


def judge(line: Line, words: BrandWords) -> tuple[bool, set[str]]:
    """Whether the line's brands are named, as many as a scan looks for, and the others that are named."""
    found = set(words.named_in(listing_of(line), most=MAX_CLAIMED))
    return len(found & line.brands) == min(len(line.brands), MAX_CLAIMED), found - line.brands


def breaks(line: Line, words: BrandWords) -> bool:
    """Whether the line breaks a rule of its group, or, an innocent one, any."""
    return bool(RULES_OF.get(line.group, set(RULES)) & {one.rule for one in broken_rules(listing_of(line), words)})


def listing_of(line: Line) -> Listing:
    """The line as the title of a listing; long ones as its description."""
    return Listing.model_validate({"description" if line.group == "long" else "title": line.text})


def show_wrong(lines: Sequence[Line], words: BrandWords) -> None:
    """Print the lines of the half that may be looked at that go wrong."""
    for line in lines:
        named, others = judge(line, words)
        wanted = line.group in RULES_OF and line.side == "guilty"
        ruled = breaks(line, words) == wanted or (line.side == "guilty" and line.group not in RULES_OF)
        if not line.held_out and (not named or others or not ruled):
            missed = "" if named else f"not {', '.join(sorted(line.brands))}"
            also = f"also {', '.join(sorted(others))}" if others else ""
            rule = "" if ruled else "breaks no rule" if wanted else "breaks a rule"
            sys.stdout.write(f"{line.side} {line.group}: {line.text!a} {missed} {also} {rule}\n")


def milliseconds_a_listing(lines: Sequence[Line], *, rounds: int) -> dict[str, float]:
    """How long the processor works on a listing's text among `MANY_BRANDS` brands, of each kind the median round."""
    others = {
        f"other {number}": BrandNames(f"Brand {number:04}", (f"maker{number:04}", f"牌{number:04}品"))
        for number in range(MANY_BRANDS)
    }
    words = BrandWords(read_brands() | others)
    texts = [line.text for line in lines]
    prose = " ".join(line.text for line in lines if line.group == "long")[:1_000]
    every_script = [" ".join(texts[start : start + 60])[:2_000] for start in range(0, len(texts) - 60, 40)]
    taken = {}
    for what, listings in {
        "a title": [Listing(title=text) for text in texts],
        "a title and 1000 letters": [Listing(title=text, description=prose) for text in texts],
        "2000 letters of every script": [Listing(description=text) for text in every_script],
    }.items():
        words.named_in(listings[0])  # what it looks up is made once
        of_rounds = []
        for _ in range(rounds):
            start = time.process_time()
            for listing in listings:
                words.named_in(listing, most=MAX_CLAIMED)
                broken_rules(listing, words)
            of_rounds.append((time.process_time() - start) * 1000 / len(listings))
        taken[what] = statistics.median(of_rounds)
    return taken


if __name__ == "__main__":
    main()
