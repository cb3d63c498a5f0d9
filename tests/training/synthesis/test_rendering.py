from pathlib import Path

import cv2
import numpy as np
import pytest

from training.synthesis.grounds import Backgrounds, drawn_ground
from training.synthesis.inks import dressed, embossed, on_plate, outlined, stitched, worn
from training.synthesis.logos import RgbaImage
from training.synthesis.rendering import clean_mark, place_mark, render_mark


@pytest.fixture
def mark() -> RgbaImage:
    rgba = np.zeros((60, 120, 4), np.uint8)
    cv2.circle(rgba, (30, 30), 28, (220, 20, 20, 255), -1)
    cv2.circle(rgba, (30, 30), 12, (0, 0, 0, 0), -1)
    cv2.rectangle(rgba, (70, 5), (118, 54), (20, 20, 200, 255), -1)
    return rgba


@pytest.fixture
def photos(tmp_path: Path) -> Backgrounds:
    folder = tmp_path / "clothing" / "images"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.jpg"), np.full((90, 120, 3), (10, 200, 30), np.uint8))
    return Backgrounds.found_in(tmp_path)


def test_one_seed_one_picture(mark: RgbaImage) -> None:
    first, again = (render_mark(mark, rng=np.random.default_rng(7), size=160) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = render_mark(mark, rng=np.random.default_rng(8), size=160)
    assert other.shape != first.shape or (other != first).any()


def test_crops_are_pictures_of_the_asked_size(mark: RgbaImage, photos: Backgrounds) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        crop = render_mark(mark, rng=rng, size=96, backgrounds=photos, neighbours=[mark])
        assert crop.dtype == np.uint8
        assert crop.ndim == 3
        assert crop.shape[2] == 3
        assert 4 <= min(crop.shape[:2]) <= max(crop.shape[:2]) <= 97
        assert np.ptp(crop) > 10  # there is something to see


def test_drawings_of_one_colour_or_one_pixel_are_rendered() -> None:
    rng = np.random.default_rng(1)
    hairline = np.zeros((1, 90, 4), np.uint8)
    hairline[..., 3] = 255
    square = np.full((50, 50, 4), 255, np.uint8)
    for rgba in (hairline, square) * 20:
        assert render_mark(rgba, rng=rng, size=64).size > 0


def test_clean_mark_lies_on_its_ground(mark: RgbaImage) -> None:
    clean = clean_mark(mark, ground=(0, 0, 0), margin=0.1)
    assert clean.shape == (84, 144, 3)
    assert not clean[0].any()
    assert tuple(clean[12 + 30, 12 + 100]) == (20, 20, 200)


def test_a_placed_mark_lies_where_the_box_and_the_corners_say(mark: RgbaImage) -> None:
    rng = np.random.default_rng(2)
    photo = np.full((240, 320, 3), 120, np.uint8)
    for fraction in (0.03, 0.1, 0.4, 1.0):
        placed, box, corners = place_mark(mark, photo, rng=rng, width_fraction=fraction)
        rows, columns = np.nonzero(np.abs(placed.astype(int) - 120).max(axis=-1) > 25)
        assert abs(columns.min() - box.x) <= 2
        assert abs(columns.max() + 1 - box.x - box.width) <= 2
        assert abs(rows.min() - box.y) <= 2
        assert abs(rows.max() + 1 - box.y - box.height) <= 2
        assert corners.shape == (4, 2)
        assert corners.min() >= -1
        assert (corners <= np.array([321, 241])).all()
        assert box.x >= corners[:, 0].min() - 2
        assert box.width == pytest.approx(np.ptp(corners[:, 0]), rel=0.25, abs=3)


def test_placing_leaves_the_photo_and_what_is_outside_the_box_alone(mark: RgbaImage) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    kept = photo.copy()
    placed, box, _ = place_mark(mark, photo, rng=np.random.default_rng(3), width_fraction=0.3)
    np.testing.assert_array_equal(photo, kept)
    outside = np.ones((200, 200), bool)
    outside[int(box.y) - 3 : int(box.y + box.height) + 3, int(box.x) - 3 : int(box.x + box.width) + 3] = False
    np.testing.assert_array_equal(placed[outside], photo[outside])


def test_first_corner_is_the_top_left_of_the_drawing(mark: RgbaImage) -> None:
    photo = np.full((300, 300, 3), 255, np.uint8)
    placed, _, corners = place_mark(mark, photo, rng=np.random.default_rng(4), width_fraction=0.5)
    quarter = corners[0] * 0.625 + corners[1] * 0.125 + corners[2] * 0.125 + corners[3] * 0.125
    left = corners[0] * 0.45 + corners[3] * 0.45 + corners[1] * 0.05 + corners[2] * 0.05
    right = corners[1] * 0.4 + corners[2] * 0.4 + corners[0] * 0.1 + corners[3] * 0.1
    assert np.isfinite(quarter).all()
    assert placed[int(left[1]), int(left[0]), 0] > 150 > placed[int(left[1]), int(left[0]), 2]
    assert placed[int(right[1]), int(right[0]), 2] > 150 > placed[int(right[1]), int(right[0]), 0]


def test_inks_keep_the_mark(mark: RgbaImage) -> None:
    rng = np.random.default_rng(5)
    for made in (embossed(mark, rng=rng), stitched(mark, rng=rng), worn(mark, rng=rng)):
        assert made.shape == mark.shape
        assert not made[0, 65, 3]  # the gap stays a gap
    assert worn(mark, rng=rng)[..., 3].sum() < mark[..., 3].sum()
    rimmed = outlined(mark, colour=np.zeros(3, np.float32), pixels=3)
    assert rimmed.shape == (66, 126, 4)
    assert (rimmed[..., 3] > 127).sum() > (mark[..., 3] > 127).sum()
    assert all(on_plate(mark, rng=rng)[..., 3].mean() > mark[..., 3].mean() for _ in range(8))
    assert all(dressed(mark, rng=rng).shape[2] == 4 for _ in range(30))


def test_photos_are_used_when_there_are_some(photos: Backgrounds) -> None:
    piece = photos.piece(40, 50, rng=np.random.default_rng(0))
    assert piece.shape == (40, 50, 3)
    assert np.abs(piece.mean(axis=(0, 1)) - np.array([30, 200, 10])).max() < 6
    assert Backgrounds.found_in(Path("nowhere")).files == ()


def test_drawn_grounds_are_drawn() -> None:
    rng = np.random.default_rng(6)
    for _ in range(40):
        ground = drawn_ground(33, 47, rng=rng)
        assert ground.shape == (33, 47, 3)
        assert ground.dtype == np.float32
        assert ground.flags.c_contiguous
