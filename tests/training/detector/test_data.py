from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.regions import Box
from training.detector.data import SceneStore, draw_batch, draw_scenes
from training.synthesis.logos import load_logos
from training.synthesis.scenes import SceneMaterial


def shown(items: range, _total: int, _name: str) -> range:
    return items


def square_store(*, box: Box, side: int = 100) -> SceneStore:
    """Black scenes with one white mark that fills `box`."""
    image = np.zeros((1, side, side, 3), np.uint8)
    box.crop(image[0])[:] = 255
    return SceneStore(image, ((side, side),), ((box,),), ((),))


def test_drawn_scenes_can_be_opened_again_and_are_not_drawn_twice(tmp_path: Path) -> None:
    material = SceneMaterial(load_logos()[::200])
    drawn = draw_scenes(tmp_path, material=material, count=3, seed=4, progress=shown)
    written = (tmp_path / "scenes.npy").stat().st_mtime_ns
    again = draw_scenes(tmp_path, material=material, count=3, seed=4, progress=shown)
    assert (tmp_path / "scenes.npy").stat().st_mtime_ns == written
    assert again.boxes == drawn.boxes
    assert np.array_equal(again.scene(2).image, drawn.scene(2).image)
    with pytest.raises(ValueError, match="holds 3 scenes of seed 4, not 5"):
        draw_scenes(tmp_path, material=material, count=5, seed=4, progress=shown)
    with pytest.raises(ValueError, match="of seed 4, not 3 of seed 5"):
        draw_scenes(tmp_path, material=material, count=3, seed=5, progress=shown)


def test_boxes_follow_the_pixels_through_every_change() -> None:
    store = square_store(box=Box(30, 40, 30, 20))
    checked = 0
    for seed in range(40):
        batch = draw_batch(store, rng=np.random.default_rng(seed), size=2, side=96)
        assert batch.images.shape == (2, 96, 96, 3)
        for image, boxes in zip(batch.images, batch.boxes, strict=True):
            for x0, y0, x1, y1 in boxes:
                assert 0 <= x0 < x1 <= 96.01
                assert 0 <= y0 < y1 <= 96.01
                inside = image[round(y0) + 1 : round(y1) - 1, round(x0) + 1 : round(x1) - 1].astype(int)
                if min(inside.shape[:2]) < 2:
                    continue
                checked += 1
                assert np.ptp(inside, axis=(0, 1)).max() <= 40, "the box holds more than the plain mark"
    assert checked > 40


def test_one_seed_gives_one_batch() -> None:
    store = square_store(box=Box(30, 40, 30, 20))
    first, second = (draw_batch(store, rng=np.random.default_rng(3), size=4, side=64) for _ in range(2))
    assert np.array_equal(first.images, second.images)
    assert all(np.array_equal(left, right) for left, right in zip(first.boxes, second.boxes, strict=True))
