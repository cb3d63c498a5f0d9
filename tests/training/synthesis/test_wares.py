from __future__ import annotations

import numpy as np

from training.synthesis.wares import with_ware


def test_a_ware_changes_the_photo_and_its_middle_lies_inside() -> None:
    photo = np.full((240, 320, 3), 128, np.uint8)
    changed = []
    for seed in range(24):
        drawn, middle = with_ware(photo, rng=np.random.default_rng(seed))
        assert drawn.shape == photo.shape
        assert middle.x >= 0
        assert middle.y >= 0
        assert middle.x + middle.width <= 320
        assert middle.y + middle.height <= 240
        assert all(float(value).is_integer() for value in middle)
        assert min(middle.width, middle.height) >= 20
        changed.append(float((middle.crop(drawn) != 128).any(axis=-1).mean()))
    assert np.median(changed) > 0.5, "the middle is mostly the thing, not the ground"
    assert (photo == 128).all(), "the photo that was given is not written on"


def test_one_seed_draws_one_ware() -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    first, second = (with_ware(photo, rng=np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]
