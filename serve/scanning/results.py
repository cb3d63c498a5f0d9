"""What a scan answers: the contract's JSON, typed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from serve.protocol.answers import Answer
from serve.text.listing import BrokenRule

Kind = Literal["genuine", "smear", "imitation", "copied_photo"]
Decision = Literal["allow", "review", "block"]

Probability = Annotated[float, Field(ge=0.0, le=1.0)]


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
    brands_claimed: Annotated[list[str], Field(description="Ids of the brands that the listing names")] = Field([])
    brands_denied: Annotated[
        list[str],
        Field(description="Ids of those of them that it names only to deny that its goods are theirs"),
    ] = Field([])
    known_fakes_of: Annotated[
        list[str],
        Field(
            description="Ids of the brands of whose known fakes it is the photo, or of whose the listing, which names "
            "the brand, has the words; asked of listings alone"
        ),
    ] = Field([])
    shown_beside: Annotated[
        list[str],
        Field(description="Ids of the brands that other pictures of the listing show; asked of listings alone"),
    ] = Field([])
    infringed_before: Annotated[
        list[str],
        Field(
            description="Ids of the brands whose marks the seller was found to infringe, where they are looked for for "
            "that reason; asked of listings alone"
        ),
    ] = Field([])
    broken_rules: Annotated[
        list[BrokenRule], Field(description="Rules that the listing's text breaks, whatever the policy makes of them")
    ] = Field([])
    model: str
    index_version: int
    policy_version: int
    timings_ms: Timings
