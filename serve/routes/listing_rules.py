"""/v1/listing-rules"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from serve.protocol.answers import Answer
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, RuleReader
from serve.scanning.results import Decision
from serve.text.listing import Rule
from serve.text.listing_rules import rules_for_sellers

router = APIRouter(prefix="/v1/listing-rules", tags=["listing texts"])


class RuleView(Answer):
    """A rule for listings' texts, to be made known to sellers."""

    rule: Rule
    decision: Annotated[Decision, Field(description="What follows for a listing that breaks it; `allow`: nothing")]
    words: Annotated[dict[str, str], Field(description="The rule for sellers, by language (BCP 47)")]
    example: Annotated[str, Field(description="A title that breaks it")]


class RulesView(Answer):
    """The rules, as the policy that is in force has them."""

    policy_version: int
    rules: list[RuleView]


@router.get("", responses=documented())
def get_listing_rules(caller: RuleReader, service: OpenService) -> RulesView:
    """What listings' texts must not say of brands, in words for sellers, and what follows."""
    policy = service.policies.current
    return RulesView(
        policy_version=policy.version,
        rules=[
            RuleView(
                rule=rule, decision=policy.listing_rules.get(rule, "allow"), words=told.words, example=told.example
            )
            for rule, told in rules_for_sellers().items()
        ],
    )
