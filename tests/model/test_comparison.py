import cv2
import numpy as np
import pytest

from model.alignment import FRAME_SIDE, Alignment, picture_to_frame, prepare_reference
from model.comparison import CELLS, Evidence, cells_of, compare
from model.reasons import reasons_for

HALF = FRAME_SIDE // 2


def mark() -> np.ndarray:
    """Four coloured letters on white, 120 × 240."""
    picture = np.full((120, 240, 3), 255, np.uint8)
    colours = [(200, 20, 30), (20, 20, 20), (20, 60, 200), (20, 20, 20)]
    for place, (letter, colour) in enumerate(zip("FALK", colours, strict=True)):
        cv2.putText(picture, letter, (5 + place * 58, 105), cv2.FONT_HERSHEY_DUPLEX, 3.2, colour, 14, cv2.LINE_AA)
    return picture


@pytest.fixture
def reference():
    return prepare_reference(mark())


def compared(frame, reference, *, similarity=0.8):
    aligned = Alignment(picture_to_frame(reference), agreement=0.9, agreement_of_box=0.6, doubt=-2.0)
    return compare(np.ascontiguousarray(frame), reference, alignment=aligned, similarity=similarity)


def test_the_reference_beside_itself_agrees_everywhere(reference):
    same = compared(reference.frame, reference)
    assert same.evidence.mean_cell > 0.99
    assert same.evidence.missing == 0
    assert same.evidence.extra == 0
    assert same.evidence.hue_gap < 0.01
    assert same.evidence.mirror_gain < -0.1


def test_the_vector_holds_every_measurement_in_order(reference):
    evidence = compared(reference.frame, reference, similarity=0.25).evidence
    vector = evidence.vector()
    assert vector[0] == pytest.approx(0.25)
    assert vector.shape == (len(Evidence.__dataclass_fields__),)
    assert np.isfinite(vector).all()


def test_an_inverted_mark_still_agrees(reference):
    assert compared(255 - reference.frame, reference).evidence.mean_cell > 0.95


def test_a_painted_half_is_missing_where_it_was_painted(reference):
    frame = reference.frame.copy()
    frame[:, HALF:] = 255
    painted = compared(frame, reference)
    assert painted.evidence.missing > 0.25
    assert painted.missing[:, : CELLS // 2 - 1].sum() == 0
    changed = np.ones((CELLS, CELLS), np.float32)
    reasons = reasons_for("imitation", painted, changed=changed, region=frame, reference=reference)
    assert "part missing at the right" in reasons


def test_a_mosaic_repeats_its_steps(reference):
    small = cv2.resize(reference.frame, (14, 14), interpolation=cv2.INTER_AREA)
    frame = cv2.resize(small, (FRAME_SIDE, FRAME_SIDE), interpolation=cv2.INTER_NEAREST)
    tiled = compared(frame, reference)
    assert tiled.evidence.tiling > compared(reference.frame, reference).evidence.tiling + 0.2
    whole = np.ones((CELLS, CELLS), np.float32)
    assert reasons_for("smear", tiled, changed=whole, region=frame, reference=reference) == [
        "mosaic over 100 % of the mark"
    ]


def test_blur_of_the_mark_alone_shows_beside_its_surroundings(reference):
    rng = np.random.default_rng(0)
    photo = np.clip(reference.frame + rng.normal(0, 12, reference.frame.shape), 0, 255).astype(np.uint8)
    inside = slice(12, FRAME_SIDE - 12)
    smeared = photo.copy()
    smeared[inside, inside] = cv2.GaussianBlur(photo, (0, 0), 6)[inside, inside]
    local = compared(smeared, reference).evidence
    sharp = compared(photo, reference).evidence
    assert local.sharpness - local.rim_sharpness < sharp.sharpness - sharp.rim_sharpness - 0.5


def test_a_mirrored_mark_gains_from_a_mirrored_reference(reference):
    mirrored = compared(reference.frame[:, ::-1], reference)
    assert mirrored.evidence.mirror_gain > 0.1
    frame, changed = reference.frame[:, ::-1], np.ones((CELLS, CELLS), np.float32)
    assert "mirrored" in reasons_for("imitation", mirrored, changed=changed, region=frame, reference=reference)


def test_swapped_colours_are_named(reference):
    swapped = np.ascontiguousarray(reference.frame[..., [2, 1, 0]])
    found = compared(swapped, reference)
    assert found.evidence.hue_gap > 0.22


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_region_gives_finite_numbers(reference, level):
    flat = compared(np.full((FRAME_SIDE, FRAME_SIDE, 3), level, np.uint8), reference)
    assert np.isfinite(flat.evidence.vector()).all()
    assert flat.evidence.missing == 1
    frame = np.full((FRAME_SIDE, FRAME_SIDE, 3), level, np.uint8)
    assert reasons_for("smear", flat, changed=flat.missing, region=frame, reference=reference)
    assert reasons_for("genuine", flat, changed=flat.missing, region=frame, reference=reference) == []


def test_cells_cover_the_references_rectangle_alone():
    frame_map = np.zeros((32, 32), np.float32)
    frame_map[3:29, 3:29] = 1
    assert cells_of(frame_map) == pytest.approx(np.ones((CELLS, CELLS)))
