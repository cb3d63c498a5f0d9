"""The demo's two tables: every picture, and the count of verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from demo.outcomes import VERDICTS, Outcome, confusion, right
from training.synthesis.logos import is_held_out

STYLES = {"genuine": "green", "smear": "red", "imitation": "dark_orange", "copied_photo": "medium_purple"}
SCORES = ("genuine", "smear", "imitation", "unrelated")


def pictures(outcomes: Sequence[Outcome]) -> Table:
    """One row for each picture: what it is, what was expected, what the service said, its scores and milliseconds."""
    table = Table(title="Scans", caption="scores: genuine / smear / imitation / unrelated, of the strongest finding")
    for column in ("picture", "kind of picture", "expected", "verdict"):
        table.add_column(column)
    table.add_column("scores", no_wrap=True)
    table.add_column("ms", justify="right")
    table.add_column("")
    for outcome in outcomes:
        plan = outcome.listing.plan
        table.add_row(
            plan.title,
            plan.source,
            plan.expected,
            _verdict(outcome),
            " ".join(f"{outcome.findings[0]['scores'][name]:.2f}" for name in SCORES) if outcome.findings else "",
            f"{outcome.answer['timings_ms']['total']:.0f}" if outcome.answer else "",
            Text("✓", "green") if outcome.is_right else Text("✗", "red"),
        )
    return table


def summary(outcomes: Sequence[Outcome]) -> Table:
    """Expected kinds against verdicts, right and wrong."""
    table = Table(title="Right and wrong", caption=_caption(outcomes))
    table.add_column("expected")
    for verdict in VERDICTS:
        table.add_column(verdict.replace("_", " "), justify="right")
    table.add_column("right", justify="right")
    for expected, counts in confusion(outcomes).items():
        good, total = right(outcome for outcome in outcomes if outcome.listing.plan.expected == expected)
        table.add_row(expected, *(str(counts[verdict] or "·") for verdict in VERDICTS), f"{good} of {total}")
    return table


def _caption(outcomes: Sequence[Outcome]) -> str:
    good, total = right(outcomes)
    unseen = [outcome for outcome in outcomes if is_held_out(outcome.listing.plan.brand or "")]
    good_unseen, total_unseen = right(unseen)
    strays = sum(outcome.strays for outcome in outcomes)
    return (
        f"{good} of {total} right; of the {total_unseen} with a brand that training never saw, {good_unseen}. "
        f"Weaker findings of brands that are not in the picture: {strays}"
    )


def _verdict(outcome: Outcome) -> Text:
    if not outcome.findings:
        return Text(outcome.failure or "nothing", "red" if outcome.failure else "dim")
    strongest = outcome.findings[0]
    more = f" (+{len(outcome.findings) - 1})" if len(outcome.findings) > 1 else ""
    return Text(f"{strongest['kind'].replace('_', ' ')}, {strongest['brand']}{more}", STYLES[strongest["kind"]])
