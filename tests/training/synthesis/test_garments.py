"""The marks boxed by hand on garments."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from model.decode import decode
from training.evaluation.datasets import is_for_tuning, plain_photos
from training.refusals import DataMissing
from training.synthesis.garments import MARKS, boxed_garments
from training.synthesis.grounds import data_folder
from training.synthesis.packages import IGNORED


def test_nothing_is_found_where_the_photos_are_not(tmp_path: Path) -> None:
    assert boxed_garments(tmp_path) == []


def test_no_photo_that_is_only_reported_on_is_in_the_table() -> None:
    with MARKS.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len({row["file"] for row in rows}) > 150
    assert all(is_for_tuning(Path(row["file"])) for row in rows)


def test_marks_of_reported_brands_are_ignored_and_boxes_lie_in_their_photos() -> None:
    try:
        plain_photos("clothing", limit=1)
    except DataMissing as missing:
        pytest.skip(str(missing))
    garments = boxed_garments(data_folder())
    with MARKS.open(encoding="utf-8", newline="") as lines:
        named = {(row["file"], row["mark"]) for row in csv.DictReader(lines)}
    assert any(name == "adidas" for _, name in named)
    for garment in garments:
        height, width = decode(garment.path.read_bytes()).shape[:2]
        for box in (*garment.marks, *garment.ignored):
            assert box.clipped(width=width, height=height) == box
        if (garment.path.name, "adidas") in named:
            assert garment.is_held_out
        if {name for file, name in named if file == garment.path.name} <= {IGNORED, "adidas"}:
            assert garment.marks == ()
