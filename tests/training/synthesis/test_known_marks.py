import csv
from pathlib import Path

import numpy as np
import pytest

from model.encoding import jpeg
from training.synthesis.grounds import Backgrounds, is_training_photo
from training.synthesis.known_marks import MARKS, shows_any_of, shows_held_out


@pytest.fixture
def photos_of() -> dict[str, str]:
    """Of some brands a boxed photo, by its file name, that is among those that may be trained on."""
    with MARKS.open(encoding="utf-8", newline="") as lines:
        return {row["mark"]: row["file"] for row in csv.DictReader(lines) if is_training_photo(row["file"])}


def test_a_garment_with_the_mark_of_a_reported_brand_is_no_ground(tmp_path: Path, photos_of: dict[str, str]) -> None:
    folder = tmp_path / "clothing" / "images"
    folder.mkdir(parents=True)
    for brand in ("adidas", "asics"):
        (folder / photos_of[brand]).write_bytes(jpeg(np.full((64, 48, 3), 200, np.uint8)))
    assert shows_held_out(photos_of["adidas"])
    assert not shows_held_out(photos_of["asics"])
    assert [file.name for file in Backgrounds.found_in(tmp_path).files] == [photos_of["asics"]]


def test_which_brands_a_garment_shows_is_told_by_the_keys_of_logos(photos_of: dict[str, str]) -> None:
    photo = photos_of["tommy hilfiger"]
    assert shows_any_of(photo, {"puma", "tommyhilfiger"})
    assert not shows_any_of(photo, {"puma"})
    assert not shows_any_of("a photo that nobody looked at.jpg", {"puma"})
