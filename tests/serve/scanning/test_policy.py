from __future__ import annotations

import pytest
from pydantic import ValidationError

from serve.scanning.policy import Policy, strength
from serve.scanning.results import Finding, FindingScores, Kind


def finding(kind: Kind, *, genuine: float = 0.0, smear: float = 0.0, imitation: float = 0.0) -> Finding:
    unrelated = 1.0 - genuine - smear - imitation
    return Finding(
        brand_id="brd_1",
        brand="Fuma",
        kind=kind,
        scores=FindingScores(genuine=genuine, smear=smear, imitation=imitation, unrelated=unrelated),
        box=(0, 0, 10, 10),
        reference_id="ref_1",
        similarity=0.8,
        margin=0.3,
        reasons=[],
        evidence="/v1/scans/1/evidence/0.png",
    )


def test_a_genuine_mark_is_no_proof_of_anything() -> None:
    assert Policy().decide([finding("genuine", genuine=1.0)]) == ("allow", [])


def test_a_photo_that_the_seller_may_use_holds_nothing_up_and_is_told() -> None:
    permitted = finding("copied_photo", genuine=0.9).model_copy(update={"authorised": True})
    assert Policy(block_at=0.6).decide([permitted]) == ("allow", ["Fuma authorised the seller to use its photos"])
    decision, reasons = Policy().decide([permitted, finding("smear", smear=0.9)])
    assert (decision, len(reasons)) == ("review", 2)
    assert reasons[1] == "Fuma authorised the seller to use its photos"


def test_no_finding_is_allowed() -> None:
    assert Policy().decide([]) == ("allow", [])


@pytest.mark.parametrize("kind", ["smear", "imitation"])
def test_what_was_done_to_a_mark_is_reviewed(kind: Kind) -> None:
    decision, reasons = Policy(review_at=0.5).decide([finding(kind, **{kind: 0.5})])
    assert decision == "review"
    assert "Fuma" in reasons[0]


def test_a_reused_product_photo_is_reviewed() -> None:
    decision, reasons = Policy().decide([finding("copied_photo", genuine=0.9)])
    assert (decision, len(reasons)) == ("review", 1)


def test_a_doubt_below_the_threshold_is_allowed() -> None:
    assert Policy(review_at=0.5).decide([finding("smear", smear=0.49, genuine=0.4)]) == ("allow", [])


def test_what_a_finding_says_of_its_strength_counts_instead_of_its_kind_s_score() -> None:
    either_way = finding("smear", smear=0.3, imitation=0.25, genuine=0.25).model_copy(update={"strength": 0.6})
    decision, (reason,) = Policy(review_at=0.5, block_at=0.6).decide([either_way])
    assert (decision, reason[-5:-1]) == ("block", "0.60")
    assert Policy(review_at=0.65).decide([either_way]) == ("allow", [])


def test_nothing_is_blocked_until_a_threshold_was_set() -> None:
    sure = [finding("smear", smear=1.0)]
    assert Policy().decide(sure)[0] == "review"
    assert Policy(block_at=0.95).decide(sure)[0] == "block"


def test_the_strongest_reason_comes_first() -> None:
    _, reasons = Policy().decide([finding("smear", smear=0.6), finding("imitation", imitation=0.8)])
    assert [reason[-5:-1] for reason in reasons] == ["0.80", "0.60"]


def test_a_copied_photo_is_as_strong_as_the_mark_it_shows() -> None:
    assert strength(finding("copied_photo", genuine=0.7)) == pytest.approx(0.7)


@pytest.mark.parametrize("threshold", [0.0, 1.1])
def test_a_threshold_that_is_no_probability_is_refused(threshold: float) -> None:
    with pytest.raises(ValidationError):
        Policy(review_at=threshold)
