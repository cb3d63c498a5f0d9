from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from training.edits.imitations import HELD_OUT_IMITATIONS
from training.edits.smears import HELD_OUT_SMEARS
from training.synthesis.found_marks import FoundMark, View
from training.synthesis.grounds import Backgrounds
from training.verifier.found import FoundPairs, found_pairs
from training.verifier.pairs import Pair

CORNERS = np.array([[120, 90], [300, 70], [310, 170], [125, 180]], np.float32)


def patch() -> np.ndarray:
    """Three white letters of a kind on blue."""
    picture = np.full((100, 200, 3), (30, 50, 140), np.uint8)
    cv2.rectangle(picture, (20, 20), (55, 80), (240, 240, 240), -1)
    cv2.circle(picture, (100, 50), 30, (240, 240, 240), 12)
    cv2.line(picture, (150, 80), (180, 20), (240, 240, 240), 14)
    return picture


@pytest.fixture
def mark(tmp_path: Path) -> FoundMark:
    """The patch as a photo shows it, aslant on a mottled wall."""
    wall = np.random.default_rng(3).integers(90, 170, (30, 40, 3)).astype(np.uint8)
    photo = cv2.resize(wall, (400, 300), interpolation=cv2.INTER_CUBIC)
    corners = np.array([[0, 0], [200, 0], [200, 100], [0, 100]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, CORNERS)
    cv2.warpPerspective(patch(), matrix, (400, 300), dst=photo, borderMode=cv2.BORDER_TRANSPARENT)
    file = tmp_path / "wall.png"
    cv2.imwrite(str(file), cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))
    return FoundMark("III", "train", (patch(),), (View(file, CORNERS),), is_boxed=False)


def drawn(mark: FoundMark, label: str, *, count: int = 6, unseen: bool = False) -> list[tuple[Pair, np.ndarray]]:
    found, rng, pairs = FoundPairs([mark], Backgrounds()), np.random.default_rng(4), []
    while len(pairs) < count:
        try:
            pairs.append(found.draw(label=label, rng=rng, unseen=unseen))
        except ValueError:
            continue
    return pairs


def laid(pair: Pair, reference: np.ndarray) -> np.ndarray:
    """The region in the place of what the reference's picture shows, without the picture's border."""
    height, width = reference.shape[:2]
    border = round(0.04 / 1.08 * max(height, width))
    inner = width - 2 * border, height - 2 * border
    corners = (pair.quad * [pair.region.shape[1], pair.region.shape[0]]).astype(np.float32)
    target = np.array([[0, 0], [inner[0], 0], [*inner], [0, inner[1]]], np.float32)
    return cv2.warpPerspective(pair.region, cv2.getPerspectiveTransform(corners, target), inner)


def test_a_genuine_region_lies_on_its_drawing(mark: FoundMark) -> None:
    for pair, reference in drawn(mark, "genuine"):
        region = cv2.cvtColor(laid(pair, reference), cv2.COLOR_RGB2GRAY)
        border = (reference.shape[0] - region.shape[0]) // 2
        known = cv2.cvtColor(reference, cv2.COLOR_RGB2GRAY)[border:, border:][: region.shape[0], : region.shape[1]]
        # Cut out, a light mark may stand on white in another ink: then the two are each other's negative.
        assert abs(float(np.corrcoef(region.ravel(), known.ravel())[0, 1])) > 0.6
        assert pair.changed.max() == 0
        assert pair.edit == ""


def test_an_imitations_drawing_says_where_it_differs(mark: FoundMark) -> None:
    for pair, _ in drawn(mark, "imitation"):
        assert 0 < float((pair.changed > 64).mean()) < 0.9
        assert pair.edit not in HELD_OUT_IMITATIONS
    assert {pair.edit for pair, _ in drawn(mark, "imitation", unseen=True)} <= set(HELD_OUT_IMITATIONS)


def test_a_smear_changes_the_photo(mark: FoundMark) -> None:
    for pair, _ in drawn(mark, "smear", unseen=True):
        assert pair.edit in HELD_OUT_SMEARS
        assert pair.changed.max() > 0


def test_a_seed_draws_the_same_pairs(mark: FoundMark) -> None:
    once, again = (drawn(mark, "imitation", count=2) for _ in range(2))
    for (one, its), (other, their) in zip(once, again, strict=True):
        assert np.array_equal(one.region, other.region)
        assert np.array_equal(its, their)


def test_each_related_pair_names_its_own_drawing(mark: FoundMark) -> None:
    shares = {"genuine": 0.5, "unrelated": 0.5}
    drawn = found_pairs(FoundPairs([mark], Backgrounds()), count=12, shares=shares, seed=1)
    related = [pair for pair in drawn.pairs if pair.label == "genuine"]
    assert 0 < len(related) < 12
    assert [pair.reference for pair in related] == list(range(len(related)))
    assert drawn.brands == ["III"] * len(related)
    for pair in drawn.pairs:
        assert (pair.reference < 0) == (pair.label == "unrelated") == bool(np.isnan(pair.quad).any())


def test_there_must_be_a_mark() -> None:
    with pytest.raises(ValueError, match="no found mark"):
        FoundPairs([], Backgrounds())
