from dataclasses import fields

import cv2
import numpy as np
import pytest

from model.alignment import FRAME_SIDE, picture_to_frame, prepare_reference
from model.comparison import CELLS, cells_of, compare
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


def compared(frame, reference):
    return compare(np.ascontiguousarray(frame), reference, matrix=picture_to_frame(reference))


def test_the_reference_beside_itself_agrees_everywhere(reference):
    same = compared(reference.frame, reference)
    assert same.missing == 0
    assert same.extra_cells.max() == 0
    assert same.hue_gap < 0.01
    assert same.mirror_gain < -0.1
    assert abs(same.stretch) < 0.05


def test_an_inverted_mark_still_agrees(reference):
    assert compared(255 - reference.frame, reference).missing == 0


def test_a_painted_half_is_missing_where_it_was_painted(reference):
    frame = reference.frame.copy()
    frame[:, HALF:] = 255
    painted = compared(frame, reference)
    assert painted.missing > 0.25
    assert painted.missing_cells[:, : CELLS // 2 - 1].sum() == 0
    changed = np.ones((CELLS, CELLS), np.float32)
    reasons = reasons_for("imitation", painted, changed=changed, region=frame, reference=reference)
    assert "part missing at the right" in reasons


def test_a_mosaic_repeats_its_steps(reference):
    small = cv2.resize(reference.frame, (14, 14), interpolation=cv2.INTER_AREA)
    frame = cv2.resize(small, (FRAME_SIDE, FRAME_SIDE), interpolation=cv2.INTER_NEAREST)
    tiled = compared(frame, reference)
    assert tiled.tiling > compared(reference.frame, reference).tiling + 0.2
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
    local = compared(smeared, reference)
    sharp = compared(photo, reference)
    assert local.sharpness - local.rim_sharpness < sharp.sharpness - sharp.rim_sharpness - 0.5


def test_a_mirrored_mark_gains_from_a_mirrored_reference(reference):
    mirrored = compared(reference.frame[:, ::-1], reference)
    assert mirrored.mirror_gain > 0.1
    frame, changed = reference.frame[:, ::-1], np.ones((CELLS, CELLS), np.float32)
    assert "mirrored" in reasons_for("imitation", mirrored, changed=changed, region=frame, reference=reference)


def test_swapped_colours_are_named(reference):
    swapped = np.ascontiguousarray(reference.frame[..., [2, 1, 0]])
    found = compared(swapped, reference)
    assert found.hue_gap > 0.22


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_region_gives_finite_numbers(reference, level):
    flat = compared(np.full((FRAME_SIDE, FRAME_SIDE, 3), level, np.uint8), reference)
    assert all(np.isfinite(getattr(flat, field.name)).all() for field in fields(flat))
    assert flat.missing == 1
    frame = np.full((FRAME_SIDE, FRAME_SIDE, 3), level, np.uint8)
    assert reasons_for("smear", flat, changed=flat.missing_cells, region=frame, reference=reference)
    assert reasons_for("genuine", flat, changed=flat.missing_cells, region=frame, reference=reference) == []


def test_cells_cover_the_references_rectangle_alone():
    frame_map = np.zeros((32, 32), np.float32)
    frame_map[3:29, 3:29] = 1
    assert cells_of(frame_map) == pytest.approx(np.ones((CELLS, CELLS)))
