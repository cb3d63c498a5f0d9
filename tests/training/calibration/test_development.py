from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from model.decode import decode
from model.encoding import jpeg
from model.regions import Box
from training.calibration import development
from training.calibration.development import CLAIMING_SHARE, DevelopmentBrands, development_photos
from training.evaluation.datasets import ALTERED_PHOTOS, Mark, Photo
from training.synthesis.logos import Logo

OTHER = Mark("nobodys", Box(40, 60, 120, 80))


@pytest.fixture
def garments(tmp_path, monkeypatch) -> list[Photo]:
    """Two grey garments, and no shop photos."""
    photos = []
    for number in range(2):
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(jpeg(np.full((300, 260, 3), 130 + number, np.uint8)))
        photos.append(Photo(path))
    monkeypatch.setattr(development, "plain_photos", lambda name: photos)
    monkeypatch.setattr(development, "is_for_tuning", lambda path: True)
    monkeypatch.setattr(development, "is_for_thresholds", lambda name: True)
    monkeypatch.setattr(development, "grocery_products", list)
    return photos


def logo(brand: str, colour: str) -> Logo:
    body = f'<rect x="10" y="10" width="80" height="30" fill="{colour}"/><circle cx="50" cy="70" r="20"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    return Logo(brand=brand, name=brand, package="drawn", svg=svg, monochrome=False)


def brands(**drawings: list[Logo]) -> DevelopmentBrands:
    strangers = {"stranger": [logo("stranger", "#222222")]}
    return DevelopmentBrands(registered=drawings, shown=drawings, strangers=strangers, others={}, packaged={})


def test_photos_tell_whose_mark_is_in_them_and_what_was_done(garments):
    known = brands(fuma=[logo("fuma", "#cc2222")], hike=[logo("hike", "#2222cc")])
    photos = list(development_photos(known, placed=120, packages=0, without=2, rng=np.random.default_rng(0)))
    shown = Counter(photo.brand for photo in photos)
    assert shown[None] == 30 + 2
    assert set(shown) == {None, "fuma", "hike"}
    assert {photo.kind for photo in photos if photo.brand is not None} == {"genuine", "smear", "imitation"}
    assert {photo.kind for photo in photos[120:]} == {None}, "a garment without a mark"


def test_where_garments_are_few_they_come_once_more_mirrored(garments):
    half = np.full((300, 260, 3), 40, np.uint8)
    half[:, 130:] = 220
    garments[0].path.write_bytes(jpeg(half))
    known = brands(fuma=[logo("fuma", "#cc2222")])
    photos = list(development_photos(known, placed=0, packages=0, without=7, rng=np.random.default_rng(4)))
    assert len(photos) == 4
    left = sorted(int(decode(photo.data)[:, :100].mean()) for photo in photos)
    assert left == pytest.approx([40, 131, 131, 220], abs=3)


def test_about_half_of_the_listings_name_a_brand_and_never_a_strangers(garments):
    known = brands(fuma=[logo("fuma", "#cc2222")], hike=[logo("hike", "#2222cc")])
    photos = list(development_photos(known, placed=120, packages=0, without=2, rng=np.random.default_rng(0)))
    naming = [photo for photo in photos if photo.claims is not None]
    assert len(naming) / len(photos) == pytest.approx(CLAIMING_SHARE, abs=0.15)
    assert all(photo.claims == photo.brand for photo in naming if photo.brand is not None)
    assert {photo.claims for photo in naming} == {"fuma", "hike"}


def test_the_same_seed_gives_the_same_photos(garments):
    known = brands(fuma=[logo("fuma", "#cc2222")])
    first, second = (
        list(development_photos(known, placed=8, packages=0, without=1, rng=np.random.default_rng(3))) for _ in range(2)
    )
    assert first == second


def test_real_photos_come_as_they_are_and_then_smeared(garments, monkeypatch):
    mark = Mark("fuma", Box(40, 60, 120, 80))
    altered = Photo(garments[0].path.with_name(min(ALTERED_PHOTOS)), (mark,))
    seen = [altered, Photo(garments[0].path, (mark,)), Photo(garments[1].path, (OTHER,))]
    monkeypatch.setattr(development, "real_photos", lambda *, tuning: seen if tuning else [])
    known = replace(brands(), pictured={"fuma": [logo("fuma", "#cc2222")]})
    photos = list(development_photos(known, placed=0, packages=0, without=0, real=2, rng=np.random.default_rng(0)))
    assert [(photo.brand, photo.kind) for photo in photos] == [("fuma", "genuine"), ("fuma", "smear")]
    assert photos[0].data == garments[0].path.read_bytes()
    assert not np.array_equal(decode(photos[0].data), decode(photos[1].data))
