from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.reading import Line
from model.regions import Box, RgbImage
from training.synthesis import garments, packages
from training.synthesis.found_marks import FoundMark, found_marks
from training.synthesis.products import split_of_product

STUDIO_SIDE = 198
MARK = Box(70, 50, 60, 24)


class BlackWords:
    """Reads one word wherever a photo shows black."""

    def __init__(self, text: str) -> None:
        self.text = text

    def lines(self, photo: RgbImage) -> list[Line]:
        rows, columns = np.nonzero(photo.max(axis=-1) < 12)
        if rows.size < 200:
            return []
        left, top = float(columns.min()), float(rows.min())
        return [Line(self.text, Box(left, top, float(columns.max()) + 1 - left, float(rows.max()) + 1 - top))]


def studio_picture() -> np.ndarray:
    """A package with plenty of detail on white, a mark in two colours on it and a black word below."""
    rng = np.random.default_rng(5)
    picture = np.full((STUDIO_SIDE, STUDIO_SIDE, 3), 255, np.uint8)
    coarse = rng.integers(60, 200, (32, 20, 3)).astype(np.uint8)
    picture[10:190, 40:160] = cv2.resize(coarse, (120, 180), interpolation=cv2.INTER_NEAREST)
    picture[50:74, 70:130] = (220, 40, 40)
    picture[56:68, 76:94] = picture[56:68, 104:124] = (250, 250, 250)
    picture[100:112, 70:130] = 0
    return picture


def view(number: int) -> np.ndarray:
    """How the studio picture lies on one of the shop photos."""
    turn, grow = 0.05 * (number - 2), 1.5 + 0.08 * number
    return np.array([[grow, turn, 5 + 6 * number], [-turn, grow, 20], [0, 0.0001, 1]])


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six shop photos of a product with a boxed mark, and one garment with another."""
    (tmp_path / "grocery" / "natural").mkdir(parents=True)
    (tmp_path / "clothing" / "images").mkdir(parents=True)
    picture = studio_picture()
    files = {"studio.png": picture}
    for number in range(6):
        grey = np.full((420, 420, 3), 128, np.uint8)
        cv2.warpPerspective(picture, view(number), (420, 420), dst=grey, borderMode=cv2.BORDER_TRANSPARENT)
        files[f"natural/view{number}.png"] = grey
    for name, image in files.items():
        cv2.imwrite(str(tmp_path / "grocery" / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    with (tmp_path / "grocery" / "labels.csv").open("w", newline="") as lines:
        rows = [[name, "milk", "iconic" if name.startswith("studio") else "natural"] for name in files]
        csv.writer(lines).writerows([["file", "product", "kind"], *rows])
    garment = np.full((200, 200, 3), 150, np.uint8)
    garment[40:80, 50:120] = (20, 60, 160)
    cv2.imwrite(str(tmp_path / "clothing" / "images" / "shirt.jpg"), garment)
    for module, key, first, box in (
        (packages, "product", "milk", (70, 50, 130, 74)),
        (garments, "file", "shirt.jpg", (50, 40, 120, 80)),
    ):
        marks = tmp_path / f"{key}.csv"
        with marks.open("w", newline="") as lines:
            csv.writer(lines).writerows([[key, "mark", "x1", "y1", "x2", "y2"], [first, "brand", *box]])
        monkeypatch.setattr(module, "MARKS", marks)
    return tmp_path


def named(found: list[FoundMark], name: str) -> list[FoundMark]:
    return [mark for mark in found if mark.name == name]


def test_a_mark_is_found_on_the_photos_that_show_it(data: Path) -> None:
    found = found_marks(data, reader=BlackWords("oats"))
    (mark,) = (one for one in named(found, "brand") if len(one.views) > 1)
    assert mark.is_boxed
    assert mark.split == split_of_product("milk")
    assert len(mark.views) == 6
    room = 0.12 * MARK.height
    corners = np.array([[x, y] for x, y in ((70, 50), (130, 50), (130, 74), (70, 74))], np.float32)
    corners += np.array([[-room, -room], [room, -room], [room, room], [-room, room]], np.float32)
    for one in mark.views:
        wanted = cv2.perspectiveTransform(corners[None], view(int(one.path.stem.removeprefix("view"))))[0]
        assert one.corners == pytest.approx(wanted, abs=3)


def test_the_pictures_to_trace_show_the_mark(data: Path) -> None:
    (mark,) = (one for one in found_marks(data, reader=BlackWords("oats")) if len(one.views) > 1 and one.is_boxed)
    for picture in mark.pictures:
        height, width = picture.shape[:2]
        red = picture[height // 2, round(0.08 * width)].astype(int)
        assert red == pytest.approx([220, 40, 40], abs=40)
        assert picture[height // 2, round(0.27 * width)].min() > 190


def test_words_are_found_on_packages_and_alone(data: Path) -> None:
    words = named(found_marks(data, reader=BlackWords("oats")), "oats")
    assert {len(word.views) for word in words} == {1, 6}
    assert not any(word.is_boxed for word in words)
    assert {word.split for word in words} == {split_of_product("milk")}, "a product teaches or examines as a whole"


def test_a_garments_mark_has_the_one_view(data: Path) -> None:
    (mark,) = named(found_marks(data, reader=BlackWords("oats")), "shirt")
    assert mark.is_boxed
    (only,) = mark.views
    assert only.corners[0] == pytest.approx([45, 35], abs=1.5)
    assert mark.pictures[0].shape[1] == pytest.approx(80, abs=3)


def test_words_of_reported_brands_are_left_out(data: Path) -> None:
    assert not named(found_marks(data, reader=BlackWords("Adidas")), "Adidas")


def test_without_photos_nothing_is_found(tmp_path: Path) -> None:
    assert found_marks(tmp_path, reader=BlackWords("oats")) == []
