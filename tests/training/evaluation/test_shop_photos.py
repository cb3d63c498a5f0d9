from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_garment import PLACE, product
from plain_bundle import plain_bundle

from model.decode import decode
from model.encoding import png
from model.regions import Region, RgbImage
from training.evaluation.shop_photos import WAYS, figures, hidden


class PlaceDetector:
    def detect(self, image: RgbImage) -> list[Region]:
        return [Region(PLACE, 0.9)]


def answer(*found: tuple[str, str]) -> dict:
    return {"findings": [{"brand": brand, "kind": kind} for brand, kind in found]}


def test_smears_are_counted_by_photo_and_by_whose_mark_they_hide() -> None:
    said = [
        (answer(("a", "smear")), answer(("a", "smear"))),
        (answer(("b", "smear"), ("a", "copied_photo")), answer(("a", "smear"))),
        (answer(), answer()),
    ]
    found = {name: one.value for name, one in figures(["a", "a", "b"], said).items()}
    assert found == {
        "smear_of_the_brand": pytest.approx(1 / 3),
        "smear_of_another": pytest.approx(1 / 3),
        "smear_of_the_brand_named_by_the_listing": pytest.approx(2 / 3),
    }


@pytest.mark.parametrize("way", WAYS)
def test_the_place_that_looks_most_like_a_mark_is_hidden(way: str) -> None:
    bundle = replace(plain_bundle(), detector=PlaceDetector())  # type: ignore[arg-type]
    made = decode(hidden(png(product()), WAYS[way], bundle, np.random.default_rng(0)))
    off = np.abs(made.astype(int) - product()).max(axis=-1)
    assert bool(PLACE.crop(off).max() > 60) is bool(WAYS[way])
    off[int(PLACE.y) - 20 : int(PLACE.y + PLACE.height) + 20, int(PLACE.x) - 20 : int(PLACE.x + PLACE.width) + 20] = 0
    assert off.mean() < 4, "the rest is compressed anew at most"
