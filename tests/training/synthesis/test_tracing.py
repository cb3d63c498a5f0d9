from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.edits.redrawn import take_apart
from training.synthesis.logos import Logo, rasterise
from training.synthesis.tracing import Tracing, trace

GREEN, WHITE, RED = (30, 120, 40), (240, 240, 235), (200, 30, 30)


def label() -> np.ndarray:
    """Two white bars and a disc on green, and a red patch that the rim cuts, unevenly lit."""
    picture = np.full((90, 180, 3), GREEN, np.uint8)
    cv2.rectangle(picture, (30, 20), (55, 70), WHITE, -1)
    cv2.rectangle(picture, (75, 20), (100, 70), WHITE, -1)
    cv2.circle(picture, (135, 45), 22, WHITE, -1)
    picture[70:, 160:] = RED
    light = np.linspace(0.92, 1.0, 180)[None, :, None]
    noise = np.random.default_rng(1).normal(0, 4, picture.shape)
    return np.clip(picture * light + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def traced() -> Tracing:
    return trace(label(), colours=3)


def drawn(tracing: Tracing) -> np.ndarray:
    return rasterise(Logo("x", "x", "traced", tracing.svg(), monochrome=False), width=180)


def test_a_drawing_looks_like_its_picture(traced: Tracing) -> None:
    error = np.abs(drawn(traced)[..., :3].astype(int) - label())
    assert float(np.median(error)) < 10
    assert max(abs(a - b) for a, b in zip(traced.parts[0].colour, GREEN, strict=True)) < 12, "the ground comes first"


def test_what_the_rim_cuts_is_left_out(traced: Tracing) -> None:
    whole = traced.limited("whole")
    assert whole is not None
    assert len(whole.parts) == 4, "the ground, two bars and a disc"
    assert all(part.colour[0] > 200 and part.colour[1] > 200 for part in whole.parts[1:])


def test_a_mark_stands_without_its_ground(traced: Tracing) -> None:
    mark = traced.limited("mark")
    assert mark is not None
    pixels = drawn(mark)
    assert 0.4 < float((pixels[..., 3] > 127).mean()) < 0.9
    assert pixels.shape[1] / pixels.shape[0] == pytest.approx(127 / 51, rel=0.06), "trimmed to what is drawn"


def test_the_parts_lie_where_they_are_seen(traced: Tracing) -> None:
    """Edits take drawings apart by their path data alone."""
    parts = take_apart(Logo("x", "x", "traced", traced.svg(), monochrome=False)).parts
    scale = traced.width / 180
    middles = [part.middle / scale for part in parts]
    for wanted in ((42, 45), (87, 45), (135, 45)):
        assert min(float(np.linalg.norm(middle - wanted)) for middle in middles) < 3


def test_a_plain_patch_is_no_mark() -> None:
    plain = np.clip(np.random.default_rng(2).normal(120, 3, (60, 120, 3)), 0, 255).astype(np.uint8)
    assert trace(plain, colours=3).limited("mark") is None


def test_parts_are_recoloured_in_order(traced: Tracing) -> None:
    colours = np.arange(3 * len(traced.parts), dtype=np.uint8).reshape(-1, 3)
    assert [part.colour for part in traced.recoloured(colours).parts] == [tuple(row) for row in colours.tolist()]
