from __future__ import annotations

import cv2
import numpy as np
import pytest

from model.alignment import CROP_MARGIN, box_matrix, prepare_reference
from model.close_look import FILE, FURTHEST_ODDS, SQUARE, TALL, WIDE, CloseLook, close_pair, frame_size
from model.regions import RgbImage
from model.released import bundle_folder


def word(text: str = "FUMALOR") -> RgbImage:
    picture = np.full((70, 256, 3), 255, np.uint8)
    cv2.putText(picture, text, (6, 52), cv2.FONT_HERSHEY_DUPLEX, 1.7, (20, 20, 20), 3, cv2.LINE_AA)
    return picture


def with_margin(picture: RgbImage) -> RgbImage:
    down, across = (round(side * CROP_MARGIN) for side in picture.shape[:2])
    return cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_CONSTANT, value=(255, 255, 255))


@pytest.mark.parametrize(
    ("shape", "frame"), [((100, 100), SQUARE), ((100, 150), SQUARE), ((60, 256), WIDE), ((256, 60), TALL)]
)
def test_a_mark_is_seen_in_its_own_proportions(shape: tuple[int, int], frame: tuple[int, int]) -> None:
    assert frame_size(np.zeros((*shape, 3), np.uint8)) == frame


def test_the_same_picture_lies_on_its_reference() -> None:
    reference = prepare_reference(word())
    region = with_margin(reference.picture)
    seen, known = close_pair(region, box_matrix(region), reference.picture)
    assert seen.shape == (*WIDE, 3)
    assert float(np.corrcoef(seen.ravel(), known.ravel())[0, 1]) > 0.8


@pytest.fixture(scope="module")
def look() -> CloseLook:
    return CloseLook(bundle_folder() / FILE)


def test_a_letter_that_was_exchanged_looks_imitated(look: CloseLook) -> None:
    reference = prepare_reference(word())
    odds = [
        look.imitation_log_odds(region, box_matrix(region), reference)
        for region in (with_margin(prepare_reference(word(text)).picture) for text in ("FUMALOR", "FUNALOR", "HUMATOR"))
    ]
    assert odds[0] < min(odds[1:])
    assert all(abs(one) <= FURTHEST_ODDS for one in odds)


@pytest.mark.parametrize(("text", "letter"), [("HUMALOR", 0), ("FUMATOR", 4), ("FUMALOX", 6)])
def test_the_letter_that_was_exchanged_is_marked(look: CloseLook, text: str, letter: int) -> None:
    reference = prepare_reference(word())
    region = with_margin(prepare_reference(word(text)).picture)
    marked = look.imitated(region, box_matrix(region), reference)
    assert marked.shape == (WIDE[0] // 8, WIDE[1] // 8)
    assert marked.max() == pytest.approx(1.0)
    columns = np.argwhere(marked > 0.7)[:, 1] / marked.shape[1]
    place = (letter + 0.5) / len(text) / (1 + 2 * CROP_MARGIN) + CROP_MARGIN / (1 + 2 * CROP_MARGIN)
    assert abs(float(np.median(columns)) - place) < 0.12


def test_anything_may_be_laid_anyhow(look: CloseLook) -> None:
    reference, nothing = prepare_reference(word()), np.zeros((1, 1, 3), np.uint8)
    assert abs(look.imitation_log_odds(nothing, box_matrix(nothing), reference)) <= FURTHEST_ODDS
    assert abs(look.imitation_log_odds(word(), np.diag([1e-3, 1e-3, 1.0]), reference)) <= FURTHEST_ODDS
