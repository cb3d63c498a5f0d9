"""What a seller says in a listing, and the rules that its text may break."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serve.protocol.answers import Answer
from serve.text.wording import clean

Rule = Literal["comparison", "replica", "stacked_names", "hidden_name"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
"""What a listing's text must not do with brands' names (`serve/text/listing_rules.py`)."""

Where = Literal["title", "description", "brand_claimed"]
"""The fields of a listing that sellers write names in."""


class BrokenRule(Answer):
    """A rule that the listing's text breaks."""

    rule: Rule
    brand_ids: Annotated[list[str], Field(description="The brands that it is broken with")]
    where: Annotated[Where, Field(description="The field of the listing")]
    text: Annotated[str, Field(description="What breaks it, as a reader sees it")]


class Listing(BaseModel):
    """What the seller says about the picture; every field is optional in a scan."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: Annotated[str | None, Field(max_length=2_000)] = None
    description: Annotated[str | None, Field(max_length=50_000)] = None
    brand_claimed: Annotated[str | None, Field(max_length=500)] = None
    seller: Annotated[str | None, Field(max_length=500)] = None
    category: Annotated[str | None, Field(max_length=500)] = None
    price: Annotated[float | None, Field(ge=0, allow_inf_nan=False)] = None
    url: Annotated[str | None, Field(max_length=4_000)] = None


class SentListing(Listing):
    """The same, as somebody sends it: its texts are put in one form, and what no database holds is refused."""

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        return clean(value.replace("\r\n", "\n")) if isinstance(value, str) else value

    @field_validator("price", mode="before")
    @classmethod
    def _number(cls, value: object) -> object:
        """The given value; true would be a price of 1."""
        if isinstance(value, bool):
            raise ValueError(f"expected a number, got {str(value).lower()}")
        return value
