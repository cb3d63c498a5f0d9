from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.encoding import png
from training.evaluation.datasets import Photo
from training.evaluation.matchers import Cosine, lab_thumbnails
from training.evaluation.products import EDITS, copies
from training.evaluation.report import quietly


@pytest.fixture
def photo() -> np.ndarray:
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return np.repeat(np.repeat(coarse, 20, axis=0), 20, axis=1)


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_changes_the_photo_the_same_way_again(name: str, photo: np.ndarray) -> None:
    once, again = (EDITS[name](photo, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert once.dtype == np.uint8
    assert once.shape != photo.shape or not np.array_equal(once, photo)


def test_recolouring_turns_the_hue_and_keeps_the_greys() -> None:
    picture = np.array([[[200, 30, 30], [128, 128, 128]]], np.uint8)
    red, grey = EDITS["recoloured"](picture, np.random.default_rng(0))[0]
    assert red.argmax() != 0
    assert len(set(grey.tolist())) == 1


def test_copies_are_found_among_all_originals(tmp_path: Path, photo: np.ndarray) -> None:
    for name, picture in {"a": photo, "b": photo[::-1], "c": 255 - photo}.items():
        (tmp_path / name).write_bytes(png(np.ascontiguousarray(picture)))
    photos = [Photo(tmp_path / name) for name in "abc"]
    table = copies(photos, matchers=[Cosine("thumbnail", lab_thumbnails)], progress=quietly)
    assert table.rows["thumbnail"]["recompressed"].value == 1.0
    assert set(table.rows["thumbnail"]) == set(EDITS)
