"""What the service said of each listing, and how often it was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from demo.listings import NAMES, Expected, Listing

Verdict = Literal["genuine", "smear", "imitation", "copied_photo", "nothing", "wrong brand", "failed"]
VERDICTS: tuple[Verdict, ...] = ("genuine", "smear", "imitation", "copied_photo", "nothing", "wrong brand", "failed")
EXPECTED: tuple[Expected, ...] = ("genuine", "smear", "imitation", "other brand", "no mark")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scan: the service's answer (None when it failed, and then why) and the evidence of its findings."""

    listing: Listing
    answer: dict[str, Any] | None
    failure: str = ""
    evidence: list[bytes] = field(default_factory=list)

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings, strongest first."""
        return list(self.answer["findings"]) if self.answer else []

    @property
    def verdict(self) -> Verdict:
        """What the strongest finding says; `wrong brand` where it names a brand whose mark is not there."""
        if self.answer is None:
            return "failed"
        if not self.findings:
            return "nothing"
        brand = self.listing.plan.brand
        if brand is None or self.findings[0]["brand"] != NAMES[brand]:
            return "wrong brand"
        verdict: Verdict = self.findings[0]["kind"]
        return verdict

    @property
    def is_right(self) -> bool:
        """Whether the strongest finding has the expected brand and kind, or nothing was found where nothing is."""
        wanted = self.listing.plan.expected
        return self.verdict == ("nothing" if wanted in ("other brand", "no mark") else wanted)

    @property
    def strays(self) -> int:
        """Findings, after the strongest, of brands that are not in the picture."""
        brand = self.listing.plan.brand
        own = NAMES[brand] if brand else None
        return sum(finding["brand"] != own for finding in self.findings[1:])


def confusion(outcomes: Iterable[Outcome]) -> dict[Expected, Counter[Verdict]]:
    """How often each verdict was given for each expected kind; every outcome is counted once."""
    counts: dict[Expected, Counter[Verdict]] = {expected: Counter() for expected in EXPECTED}
    for outcome in outcomes:
        counts[outcome.listing.plan.expected][outcome.verdict] += 1
    return counts


def right(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """How many outcomes are right, and how many there are."""
    verdicts = [outcome.is_right for outcome in outcomes]
    return sum(verdicts), len(verdicts)
