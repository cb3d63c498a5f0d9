"""Real photos to tamper with: none that is only reported on, no split shares a photo with the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.regions import Box, Region, RgbImage, whole_image
from training.evaluation.datasets import is_for_tuning
from training.evaluation.report import quietly
from training.refusals import DataMissing
from training.synthesis.garments import boxed_garments
from training.synthesis.grounds import data_folder, is_for_thresholds
from training.tampering.photos import PhotosToTamper, photos_to_tamper


def top_left(image: RgbImage) -> list[Region]:
    """Marks in the top left corner of whatever is seen, and everywhere."""
    return [Region(Box(0, 0, 8, 8), 0.9), whole_image(image)]


def found(split: str) -> PhotosToTamper:
    try:
        return photos_to_tamper(top_left, split=split, progress=quietly)
    except DataMissing as missing:
        pytest.skip(str(missing))


def test_what_is_reported_on_is_left_out_and_the_splits_are_apart() -> None:
    train, dev = found("train"), found("dev")
    reported = {garment.path for garment in boxed_garments(data_folder()) if garment.is_held_out}
    assert len(train) > 4 * len(dev) > 0
    assert not set(train.paths) & set(dev.paths)
    for path in (*train.paths, *dev.paths):
        assert path not in reported
        assert is_for_tuning(Path(path))
        assert path.parent.parent.name != "clothing" or not is_for_thresholds(path.name), "thresholds are chosen on it"


def test_a_scene_is_the_photo_with_the_detected_regions() -> None:
    photos = found("dev")
    scene = photos.scene(0)
    height, width = scene.image.shape[:2]
    assert scene.image.dtype == np.uint8
    assert scene.boxes == (Box(0, 0, 8, 8), Box(0, 0, width, height))
