"""From findings to a decision.

A match alone is never proof: a shop sells genuine goods too, so a genuine mark is allowed, and only what was done to
a mark or to a brand's photo is held up. Without adjudicated outcomes nobody can bound the share of genuine listings
that a block would hit; the first policy therefore knows `review` only, and `block` must be switched on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from serve.results import Decision, Finding

AnyFinding = TypeVar("AnyFinding", bound=Finding)
Threshold = Annotated[float, Field(gt=0.0, le=1.0)]

WORDS = {
    "smear": "a mark of {brand} was made hard to read",
    "imitation": "a mark made to be taken for {brand}'s",
    "copied_photo": "an official product photo of {brand} was reused",
}


class Policy(BaseModel):
    """Thresholds on a finding's strength; stored with a version, which every scan names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[int, Field(ge=1)] = 1
    review_at: Threshold = 0.5
    block_at: Threshold | None = None

    def decide(self, findings: Sequence[Finding]) -> tuple[Decision, list[str]]:
        """The decision for an image and the reasons for it, strongest finding first."""
        held = self.held(findings)
        if not held:
            return "allow", []
        reasons = [f"{WORDS[one.kind].format(brand=one.brand)} ({strength(one):.2f})" for one in held]
        if self.block_at is not None and strength(held[0]) >= self.block_at:
            return "block", reasons
        return "review", reasons

    def held(self, findings: Sequence[AnyFinding]) -> list[AnyFinding]:
        """The findings that hold a listing up, strongest first."""
        held = [one for one in findings if one.kind in WORDS and strength(one) >= self.review_at]
        return sorted(held, key=lambda one: -strength(one))


def strength(finding: Finding) -> float:
    """How sure the finding's own kind is, 0..1. A copied photo shows the genuine mark, so that score carries it."""
    if finding.kind == "copied_photo":
        return finding.scores.genuine
    return float(getattr(finding.scores, finding.kind))
