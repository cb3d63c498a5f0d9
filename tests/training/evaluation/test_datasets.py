from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluation.datasets import ALTERED_PHOTOS, TUNING_BRANDS, boxed_photos, real_photos
from training.refusals import DataMissing
from training.synthesis.logos import is_held_out


def test_no_network_is_trained_on_the_brands_for_tuning() -> None:
    assert all(is_held_out(brand) for brand in TUNING_BRANDS)


def test_a_real_photo_is_tuned_on_or_reported_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "flickrlogos27"
    folder.mkdir()
    rows = ("a.jpg,BMW,1,2,3,4", "b.jpg,Ferrari,1,2,3,4", "c.jpg,Ferrari,1,2,3,4", "c.jpg,Pepsi,5,6,9,9")
    (folder / "boxes.csv").write_text("\n".join(["file,brand,x1,y1,x2,y2", *rows]) + "\n")
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path))
    tuning, reported = ({photo.path.name for photo in real_photos(tuning=value)} for value in (True, False))
    assert tuning == {"a.jpg", "c.jpg"}, "a photo that shows a brand for tuning was looked at"
    assert reported == {"b.jpg"}
    assert tuning | reported == {photo.path.name for photo in boxed_photos("flickrlogos27")}


def test_data_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match="flickrlogos27"):
        real_photos(tuning=True)


def test_altered_photos_are_there() -> None:
    try:
        photos = {photo.path.name for tuning in (False, True) for photo in real_photos(tuning=tuning)}
    except DataMissing:
        pytest.skip("needs flickrlogos27")
    assert photos >= ALTERED_PHOTOS


def test_marks_that_the_data_set_does_not_box_lie_in_its_photos() -> None:
    try:
        photos = boxed_photos("flickrlogos27")
    except DataMissing as missing:
        pytest.skip(str(missing))
    besides = [photo for photo in photos if photo.besides]
    assert sum(len(photo.besides) for photo in besides) == 1416, "a file of the list is none of the photos"
    for photo in besides[::40]:
        height, width = photo.read().shape[:2]
        assert all(box.clipped(width=width, height=height) == box for box in photo.besides)
        assert all(box.area > 0 for box in photo.besides)
