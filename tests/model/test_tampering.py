from __future__ import annotations

import cv2
import drawn_sheets
import numpy as np
import pytest

from model.regions import Box, RgbImage
from model.released import bundle_folder
from model.tampering import Tampering, TamperingMap, surroundings


def map_of(*places: tuple[slice, slice], probability: float = 0.9) -> TamperingMap:
    """A map of 20 × 40 cells for a photo of 400 × 800 px, tampered with in `places`."""
    probabilities = np.zeros((20, 40), np.float32)
    for rows, columns in places:
        probabilities[rows, columns] = probability
    return TamperingMap(probabilities, (0.05, 0.05))


def test_patches_are_in_pixels_of_the_photo_the_largest_first() -> None:
    seen = map_of((slice(0, 3), slice(0, 3)), (slice(10, 20), slice(20, 30)))
    large, small = seen.patches()
    assert np.allclose(large.box, (400, 200, 200, 200))
    assert large.probability == pytest.approx(0.9)
    assert large.share == pytest.approx(100 / 800)
    assert np.allclose(small.box, (0, 0, 60, 60))


def test_specks_and_doubtful_places_are_no_patches() -> None:
    assert map_of((slice(0, 1), slice(0, 3))).patches() == []
    assert map_of((slice(0, 9), slice(0, 9)), probability=0.4).patches() == []


def test_a_box_is_as_tampered_as_its_cells_are_on_average() -> None:
    seen = map_of((slice(0, 10), slice(0, 10)))
    assert seen.within(Box(0, 0, 200, 200)) == pytest.approx(0.9)
    assert seen.within(Box(100, 0, 200, 200)) == pytest.approx(0.45)
    assert seen.within(Box(790, 390, 50, 50)) == 0.0  # beyond the edge: its last cells


def test_surroundings_lie_in_the_photo() -> None:
    assert np.allclose(surroundings(Box(100, 100, 40, 20), (300, 400), context=1.6), (88, 78, 64, 64))
    assert np.allclose(surroundings(Box(-5, 290, 40, 20), (300, 400), context=1.6), (0, 236, 64, 64))
    assert np.allclose(surroundings(Box(0, 0, 400, 300), (300, 400), context=1.6), (0, 0, 400, 300))


@pytest.fixture(scope="module")
def released() -> Tampering:
    return Tampering(bundle_folder() / "tampering.onnx")


@pytest.mark.parametrize("shape", [(400, 300), (90, 640), (33, 31), (1, 1)])
def test_the_released_network_takes_any_size(released: Tampering, shape: tuple[int, int]) -> None:
    seen = released.map(np.full((*shape, 3), 140, np.uint8))
    rows, columns = seen.probabilities.shape
    assert rows / columns == pytest.approx(shape[0] / shape[1], rel=0.5)
    assert 0 <= seen.within(Box(0, 0, shape[1], shape[0])) <= 1


def test_a_mosaic_on_cloth_is_seen_where_it_is(released: Tampering) -> None:
    rng = np.random.default_rng(3)
    photo = cv2.GaussianBlur(rng.integers(60, 200, (480, 480, 3), dtype=np.uint8), (0, 0), 0.8)
    cv2.putText(photo, "GENUINE", (130, 260), cv2.FONT_HERSHEY_DUPLEX, 1.6, (230, 30, 30), 4, cv2.LINE_AA)
    place = (slice(200, 290), slice(120, 370))
    small = cv2.resize(photo[place], (10, 4), interpolation=cv2.INTER_AREA)
    hidden = photo.copy()
    hidden[place] = cv2.resize(small, (250, 90), interpolation=cv2.INTER_NEAREST)
    box = Box(120, 200, 250, 90)
    assert released.map(hidden).within(box) > released.map(photo).within(box) + 0.4
    assert released.within(hidden, box) > released.within(photo, box) + 0.4
    (patch, *_) = released.places(hidden)
    assert patch.box.iou(box) > 0.4
    assert patch.probability == released.within(hidden, patch.box)


def test_a_place_is_as_tampered_as_the_odds_from_near_and_amid_its_surroundings_are_on_average() -> None:
    class Seen(Tampering):
        """Is surer of what it sees from near; remembers how much it saw."""

        def map(self, image: RgbImage) -> TamperingMap:
            widths.append(image.shape[1])
            return TamperingMap(np.full((4, 4), 0.9 if image.shape[1] < 200 else 0.5, np.float32), (0.01, 0.01))

    widths: list[int] = []
    seen, photo = Seen(bundle_folder() / "tampering.onnx"), np.zeros((400, 400, 3), np.uint8)
    assert seen.within(photo, Box(150, 150, 100, 60)) == pytest.approx(0.75, abs=1e-3)  # odds of 9 and 1: 3
    assert widths == [160, 400]
    assert seen.within(photo, Box(0, 0, 400, 400)) == 0.5
    assert widths == [160, 400, 400], "what fills the photo is seen once"


def test_a_face_that_was_made_private_is_no_place(released: Tampering) -> None:
    rng = np.random.default_rng(4)
    grain = cv2.GaussianBlur(rng.integers(60, 200, (480, 480), dtype=np.uint8), (0, 0), 0.8)
    cloth = np.dstack([grain] * 3)
    person = cloth.copy()
    person[50:260, 185:285] = np.clip(cloth[50:260, 185:285] * np.array((1.2, 0.85, 0.7)), 0, 255)
    hidden = {}
    for name, photo in (("cloth", cloth), ("person", person)):
        tile = cv2.resize(photo[70:160, 190:280], (6, 6), interpolation=cv2.INTER_AREA)
        tile = np.clip(tile.astype(np.int16) + rng.integers(-25, 25, (6, 6, 1)), 0, 255).astype(np.uint8)
        photo[70:160, 190:280] = cv2.resize(tile, (90, 90), interpolation=cv2.INTER_NEAREST)
        hidden[name] = released.map(photo).patches(), released.places(photo)
    for name, (patches, places) in hidden.items():
        assert patches, "both are seen"
        assert bool(places) == (name == "cloth")


def test_a_panel_is_looked_at_as_if_it_stood_alone(released: Tampering) -> None:
    sheet, (left, right) = drawn_sheets.sheet(rows=1, columns=2, gap=12)
    place = Box(right.x + 90, right.y + 70, 120, 80)
    patch = place.crop(sheet)
    patch[:] = cv2.resize(cv2.resize(patch, (5, 3)), (120, 80), interpolation=cv2.INTER_NEAREST)
    alone = np.ascontiguousarray(right.crop(sheet))
    inside = Box(90, 70, 120, 80)
    assert released.within(sheet, place, panels=[left, right]) == released.within(alone, inside)
    there = [one._replace(box=one.box.moved(*right.corner())) for one in released.places(alone)]
    assert [one for one in released.places(sheet, panels=[left, right]) if right.intersection(one.box)] == there
    across = Box(200, 20, 300, 200)
    assert released.within(sheet, across, panels=[left, right]) == released.within(sheet, across)


def test_another_network_is_refused() -> None:
    with pytest.raises(ValueError, match="tells no tampered places"):
        Tampering(bundle_folder() / "embedder.onnx")
