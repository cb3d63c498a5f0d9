from __future__ import annotations

import json
from typing import Any

import httpx2
import numpy as np
import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from service_client import Client

from model.decode import decode
from serve.scanning.scan import Scanner
from serve.scanning.sought import NOBODY


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def add(brand: Marketplace, *, picture: bytes | None = None, **fields: str) -> httpx2.Response:
    files = {} if picture is None else {"image": ("a.png", picture)}
    return brand.client.post(f"/v1/brands/{brand.brand}/traits", data=fields, files=files, headers=brand.brand_key)


def labels(brand: Marketplace) -> list[dict[str, Any]]:
    lines = map(json.loads, brand.client.get("/v1/labels").text.splitlines())
    return [label for label in lines if label["brand_id"] == brand.brand]


def test_a_picture_of_a_fake_is_a_label_of_what_the_scan_finds_in_it(brand: Marketplace) -> None:
    trait = add(brand, picture=smeared(brand.seed), text="the third tile is painted over")
    assert trait.status_code == 201, trait.text
    (label,) = labels(brand)
    assert (label["origin"], label["kind"], label["box"], label["model"]) == ("trait", "smear", [0, 0, 96, 96], "plain")
    assert label["target"] >= 0.5
    assert decode(brand.client.get(label["picture"]).content).shape == (96, 96, 3)
    shown = brand.client.get(trait.json()["picture"], headers=brand.brand_key)
    assert decode(shown.content).shape == (96, 96, 3)


def test_where_the_scan_finds_nothing_the_whole_picture_is_the_label(
    brand: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Scanner, "sought_by", lambda self, listing: NOBODY
    )  # whom it names, the plain model always finds
    add(brand, picture=png(mosaic(brand.seed + 7_000)))
    (label,) = labels(brand)
    (mark,) = brand.client.get(f"/v1/brands/{brand.brand}/references").json()["items"]
    assert (label["kind"], label["reference_id"], label["box"]) == ("imitation", mark["id"], [0, 0, 96, 96])


def test_the_picture_is_scanned_as_one_whose_seller_names_the_brand(brand: Marketplace) -> None:
    faded = (0.16 * mosaic(brand.seed) + 0.84 * mosaic(brand.seed + 7_000)).astype(np.uint8)
    assert brand.brand not in {one["brand_id"] for one in brand.client.scan(png(faded))["findings"]}
    add(brand, picture=png(faded))
    (label,) = labels(brand)
    assert (label["kind"], label["box"]) == ("smear", [0, 0, 96, 96])


def test_words_alone_are_a_trait_and_no_label(brand: Marketplace) -> None:
    trait = add(brand, text="two stitches", note="since May").json()
    assert (trait["text"], trait["note"], trait["picture"]) == ("two stitches", "since May", None)
    assert labels(brand) == []
    path = f"/v1/brands/{brand.brand}/traits"
    assert brand.client.get(path, headers=brand.brand_key).json() == [trait]
    assert brand.client.get(f"{path}/{trait['id']}/picture").status_code == 404


@pytest.mark.parametrize(
    ("words", "why_not"),
    [
        ("cotton", "everyday_word"), ("Hoodie", "everyday_word"), ("abc", "too_short"), ("假", "too_short"),
        ("假货", None), ("two stitches", None), ("abcd", None),
    ],
)  # fmt: skip
def test_it_is_said_whether_words_are_looked_for(brand: Marketplace, words: str, why_not: str | None) -> None:
    trait = add(brand, text=words).json()
    assert (trait["text_sought"], trait["text_not_sought"]) == (why_not is None, why_not)
    (listed,) = brand.client.get(f"/v1/brands/{brand.brand}/traits", headers=brand.brand_key).json()
    assert listed == trait


def test_a_picture_alone_has_no_words_to_look_for(brand: Marketplace) -> None:
    trait = add(brand, picture=smeared(brand.seed)).json()
    assert (trait["text_sought"], trait["text_not_sought"]) == (False, None)


def test_a_trait_that_is_taken_back_teaches_no_more(brand: Marketplace) -> None:
    path = f"/v1/brands/{brand.brand}/traits/{add(brand, picture=smeared(brand.seed)).json()['id']}"
    assert brand.client.delete(path, headers=brand.brand_key).status_code == 204
    assert labels(brand) == []
    assert brand.client.delete(path).status_code == 404


def test_a_trait_says_something(brand: Marketplace) -> None:
    answer = add(brand, note="nothing")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:trait-empty")
    assert add(brand, picture=b"no picture").status_code == 415
