"""From findings to a decision.

A match alone is never proof: a shop sells genuine goods too, so a genuine mark is allowed, and only what was done to
a mark or to a brand's photo is held up; a reused photo not where its brand authorised the seller. Without adjudicated
outcomes nobody can bound the share of genuine listings that a block would hit; the first policy therefore knows
`review` only. serve/loop/policy/policy_fit.py learns thresholds from outcomes, for each brand.

What its text says of brands may hold a listing up too, whatever is in its pictures: the policy says which rules count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Final, Literal, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from serve.scanning.results import Decision, Finding
from serve.text.listing import RULES, BrokenRule, Rule, Where

AnyFinding = TypeVar("AnyFinding", bound=Finding)
Threshold = Annotated[float, Field(gt=0.0, le=1.0)]

DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)
"""From the weakest to the strongest."""

ListingRules = Mapping[Rule, Literal["review", "block"]]
"""What follows for a listing whose text breaks a rule; one that is left out holds nothing up."""

WORDS = {
    "smear": "a mark of {brand} was made hard to read",
    "imitation": "a mark made to be taken for {brand}'s",
    "copied_photo": "an official product photo of {brand} was reused",
}

AUTHORISED: Final = "{brand} authorised the seller to use its photos"

WHERE: Final[Mapping[Where, str]] = {"title": "title", "description": "description", "brand_claimed": "claimed brand"}

TEXT_WORDS: Final[Mapping[Rule, str]] = {
    "comparison": "the {where} compares the goods with a brand's",
    "replica": "the {where} offers a copy of a brand's goods",
    "stacked_names": "the {where} stacks the names of brands",
    "hidden_name": "the {where} hides the name of a brand",
}


class Thresholds(BaseModel):
    """The strengths of a finding from which its listing is reviewed, and blocked; without `block_at`, never blocked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    review_at: Threshold = 0.5
    block_at: Threshold | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.block_at is not None and self.block_at < self.review_at:
            raise ValueError("block_at must not be below review_at")
        return self


class Policy(Thresholds):
    """Thresholds for all brands, and others for some; stored with a version, which every scan names.

    `model` names the model whose strengths the thresholds were learnt from; None where they were not learnt.
    """

    version: Annotated[int, Field(ge=1)] = 1
    model: str | None = None
    brands: Mapping[str, Thresholds] = {}
    listing_rules: ListingRules = {}

    @classmethod
    def first(cls) -> Self:
        """The policy of a new installation."""
        return cls(listing_rules=dict.fromkeys(RULES, "review"))

    def thresholds(self, brand_id: str) -> Thresholds:
        """What holds for findings of the brand."""
        return self.brands.get(brand_id, self)

    def under(self, model: str) -> Policy:
        """The policy as it applies to findings of `model`.

        Thresholds learnt from another model's strengths do not carry over: then nothing is blocked, and the thresholds
        for review are the defaults.
        """
        if self.model in (None, model):
            return self
        return Policy(version=self.version, model=self.model, listing_rules=self.listing_rules)

    def decide(self, findings: Sequence[Finding]) -> tuple[Decision, list[str]]:
        """The decision for an image and the reasons for it, strongest finding first."""
        held = self.held(findings)
        permissions = list(dict.fromkeys(AUTHORISED.format(brand=one.brand) for one in findings if one.authorised))
        if not held:
            return "allow", permissions
        reasons = [f"{WORDS[one.kind].format(brand=one.brand)} ({strength(one):.2f})" for one in held]
        return ("block" if any(self._blocks(one) for one in held) else "review"), [*reasons, *permissions]

    def held(self, findings: Sequence[AnyFinding]) -> list[AnyFinding]:
        """The findings that hold a listing up, strongest first."""
        held = [
            one
            for one in findings
            if one.kind in WORDS and not one.authorised and strength(one) >= self.thresholds(one.brand_id).review_at
        ]
        return sorted(held, key=lambda one: -strength(one))

    def decide_text(self, broken: Sequence[BrokenRule]) -> tuple[Decision, list[str]]:
        """The decision for a listing whose text breaks these rules, and the reasons for it."""
        held = self.held_rules(broken)
        if not held:
            return "allow", []
        decision: Decision = "block" if any(self.listing_rules[one.rule] == "block" for one in held) else "review"
        return decision, [text_reason(one) for one in held]

    def held_rules(self, broken: Sequence[BrokenRule]) -> list[BrokenRule]:
        """Of the rules that are broken, those that hold a listing up."""
        return [one for one in broken if one.rule in self.listing_rules]

    def _blocks(self, finding: Finding) -> bool:
        block_at = self.thresholds(finding.brand_id).block_at
        return block_at is not None and strength(finding) >= block_at


def strength(finding: Finding) -> float:
    """How strongly a finding speaks against its listing, 0..1; of a genuine mark, how sure that is.

    Where the finding does not say, its own kind's score does. A copied photo shows the genuine mark, so that score
    carries it.
    """
    if finding.strength is not None:
        return finding.strength
    if finding.kind == "copied_photo":
        return finding.scores.genuine
    return float(getattr(finding.scores, finding.kind))


def text_reason(broken: BrokenRule) -> str:
    """Why the rule holds a listing up, in words."""
    return f"{TEXT_WORDS[broken.rule].format(where=WHERE[broken.where])}: {broken.text!r}"


def strongest(decisions: Iterable[Decision]) -> Decision:
    """The strongest of several decisions; `allow` without any."""
    return max(decisions, key=DECISIONS.index, default="allow")
