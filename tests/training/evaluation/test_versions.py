from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from model.encoding import jpeg
from model.regions import RgbImage
from training.evaluation import versions
from training.evaluation.datasets import TracedMark, boxed_photos, real_photos, traced_marks
from training.evaluation.references import as_uploaded
from training.evaluation.versions import drawings_in_use, traced, traced_versions
from training.refusals import DataMissing
from training.synthesis.logos import Logo, is_held_out


def roundel() -> RgbImage:
    picture = np.full((200, 240, 3), 255, np.uint8)
    cv2.circle(picture, (120, 100), 80, (20, 40, 160), -1)
    cv2.circle(picture, (120, 100), 40, (240, 200, 30), -1)
    return picture


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data set of two photos of one brand, after the second of which a reference is drawn."""
    folder = tmp_path / "flickrlogos27" / "images"
    folder.mkdir(parents=True)
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(jpeg(roundel()))
    rows = ("a.jpg,Fuma,30,10,210,190", "b.jpg,Fuma,0,0,9,9", "b.jpg,Fuma,30,10,210,190")
    (folder.parent / "boxes.csv").write_text("\n".join(["file,brand,x1,y1,x2,y2", *rows]) + "\n")
    marks = (TracedMark("fuma", "roundel", "b.jpg", 1, 3),)
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path))
    monkeypatch.setattr(versions, "traced_marks", lambda: marks)
    monkeypatch.setattr("training.evaluation.datasets.traced_marks", lambda: marks)
    return tmp_path


def test_a_trace_has_the_flat_colours_of_a_noisy_photo() -> None:
    noise = np.random.default_rng(0).normal(0, 12, (200, 240, 3))
    noisy = np.clip(roundel() + noise, 0, 255).astype(np.uint8)
    drawn = as_uploaded(Logo("fuma", "fuma", "traced", traced(noisy, colours=3), monochrome=False))
    assert drawn is not None
    height, width = drawn.shape[:2]
    flat = np.mean(
        [
            np.abs(drawn.astype(int) - colour).max(axis=-1) < 24
            for colour in ((20, 40, 160), (240, 200, 30), (255,) * 3)
        ],
        axis=(1, 2),
    )
    assert flat.sum() > 0.95, "flat but for the edges"
    assert np.abs(drawn[height // 2, width // 2].astype(int) - (240, 200, 30)).max() < 24


def test_versions_in_use_come_after_the_drawings_of_packages(photos: Path) -> None:
    packaged = Logo("fuma", "fuma", "package", "<svg/>", monochrome=True)
    (first, second) = drawings_in_use(["fuma"], [packaged])["fuma"]
    assert first is packaged
    assert second.name == "fuma roundel"
    assert drawings_in_use(["nike"], []) == {}
    assert [logo.svg for logo in traced_versions()["fuma"]] == [second.svg], "drawn the same each time"


def test_a_photo_that_a_reference_is_drawn_after_is_not_measured_on(photos: Path) -> None:
    assert [photo.path.name for photo in boxed_photos("flickrlogos27")] == ["a.jpg", "b.jpg"]
    assert [photo.path.name for photo in real_photos(tuning=False)] == ["a.jpg"]


def test_every_traced_mark_is_there_and_of_a_brand_that_no_network_knows() -> None:
    assert all(is_held_out(one.brand) for one in traced_marks())
    try:
        photos = {photo.path.name: photo for photo in boxed_photos("flickrlogos27")}
    except DataMissing as error:
        pytest.skip(str(error))
    for one in traced_marks():
        mark = photos[one.file].marks[one.mark]
        assert mark.brand == one.brand
        assert mark.box.width >= 140
