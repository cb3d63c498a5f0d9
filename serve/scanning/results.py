"""What a scan answers: the contract's JSON, typed."""

from __future__ import annotations

from typing import Annotated, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serve.text.wording import clean

Kind = Literal["genuine", "smear", "imitation", "copied_photo"]
Decision = Literal["allow", "review", "block"]
Rule = Literal["comparison", "replica", "stacked_names", "hidden_name"]
RULES: Final[tuple[Rule, ...]] = get_args(Rule)
"""What a listing's text must not do with brands' names (`serve/text/listing_rules.py`)."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Answer(BaseModel):
    """Base of everything the API sends: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingScores(Answer):
    """Calibrated probabilities of the four explanations of a region; they sum to 1."""

    genuine: Probability
    smear: Probability
    imitation: Probability
    unrelated: Probability


class ReadWord(Answer):
    """A word of the brand that was read in the region."""

    seen: Annotated[str, Field(description="As it was read: letters and digits, lower case")]
    word: Annotated[str, Field(description="The brand's own word, written alike; one letter may differ")]


class Finding(Answer):
    """One region of the scanned image tied to one brand."""

    brand_id: str
    brand: str
    kind: Kind
    scores: FindingScores
    box: Annotated[
        tuple[float, float, float, float],
        Field(description="Where the mark lies: x, y, width, height in pixels, upright image"),
    ]
    reference_id: Annotated[str, Field(description="The genuine reference that explains the region best")]
    strength: Annotated[
        Probability | None,
        Field(
            description="How strongly a smear or an imitation speaks against the listing: how likely it is that the "
            "mark, if it is the brand's, was changed either way. A policy's thresholds are compared with it, and with "
            "the score of the finding's kind where it is null"
        ),
    ] = None
    similarity: Annotated[float, Field(ge=-1.0, le=1.0, description="Cosine of the two vectors")]
    margin: Annotated[
        float,
        Field(ge=-2.0, le=2.0, description="Similarity above that of the best other brand; 0 where none was compared"),
    ]
    realigned: Annotated[
        float | None, Field(ge=-1.0, le=1.0, description="The cosine once the region is laid on the reference")
    ] = None
    agreeing: Annotated[
        int | None, Field(ge=0, description="Keypoints of the region that match the reference's and lie on them")
    ] = None
    verified: Annotated[
        Probability | None,
        Field(description="What the comparison with the reference alone says: that the two belong together"),
    ] = None
    tampered: Annotated[
        Probability | None,
        Field(description="That the region was tampered with, whatever is in it: mean of its places"),
    ] = None
    detected: Annotated[
        Probability | None,
        Field(description="That the region is a mark of any brand, as the detector says; none where it was not asked"),
    ] = None
    whole: Annotated[bool, Field(description="Whether the region is the whole picture, or all of one of a collage")] = (
        False
    )
    read: Annotated[ReadWord | None, Field(description="The word of the brand that was read there, if any")] = None
    claimed: Annotated[
        bool,
        Field(
            description="Whether the listing names the brand, or shows it in another picture, or its seller infringed "
            "marks of it before, or its picture is the photo of a known fake of it"
        ),
    ] = False
    authorised: Annotated[
        bool,
        Field(description="Whether the brand lets the seller use its photos; such a copied photo holds nothing up"),
    ] = False
    reasons: Annotated[list[str], Field(description="What differs from the reference, in words")]
    evidence: Annotated[str, Field(description="Path of the picture that shows region and reference side by side")]


Where = Literal["title", "description", "brand_claimed"]
"""The fields of a listing that sellers write names in."""


class BrokenRule(Answer):
    """A rule that the listing's text breaks."""

    rule: Rule
    brand_ids: Annotated[list[str], Field(description="The brands that it is broken with")]
    where: Annotated[Where, Field(description="The field of the listing")]
    text: Annotated[str, Field(description="What breaks it, as a reader sees it")]


class Timings(Answer):
    """Milliseconds that each step took; `total` also counts what lies between the steps."""

    decode: float
    propose: float
    embed: float
    search: float
    read: float = 0.0
    verify: float
    total: float


class ScanResult(Answer):
    """The answer to one scanned image. Findings come strongest first; no brand's mark means none."""

    scan_id: str
    decision: Decision
    reasons: list[str]
    findings: list[Finding]
    brands_claimed: Annotated[list[str], Field(description="Ids of the brands that the listing names")] = []
    brands_denied: Annotated[
        list[str],
        Field(description="Ids of those of them that it names only to deny that its goods are theirs"),
    ] = []
    known_fakes_of: Annotated[
        list[str],
        Field(
            description="Ids of the brands of whose known fakes it is the photo, or of whose the listing, which names "
            "the brand, has the words; asked of listings alone"
        ),
    ] = []
    shown_beside: Annotated[
        list[str],
        Field(description="Ids of the brands that other pictures of the listing show; asked of listings alone"),
    ] = []
    infringed_before: Annotated[
        list[str],
        Field(
            description="Ids of the brands whose marks the seller was found to infringe, where they are looked for for "
            "that reason; asked of listings alone"
        ),
    ] = []
    broken_rules: Annotated[
        list[BrokenRule], Field(description="Rules that the listing's text breaks, whatever the policy makes of them")
    ] = []
    model: str
    index_version: int
    policy_version: int
    timings_ms: Timings


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
