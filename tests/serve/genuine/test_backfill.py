from __future__ import annotations

import pytest
from mosaics import jpeg, large_photo, mosaic, png
from service_client import Open
from sqlalchemy import func, select

from model.regions import RgbImage
from serve.database.tables import ReferenceVector
from serve.genuine import backfill


def test_a_new_model_embeds_what_an_earlier_one_did(open_client: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    one = open_client(model="plain")
    brand = one.brand()
    pictures = [png(mosaic(seed)) for seed in range(5)]
    for picture in pictures:
        one.reference(brand, picture)
    disabled = one.reference(brand, png(mosaic(7)))
    one.patch(f"/v1/brands/{brand}/references/{disabled}", json={"status": "disabled"})
    monkeypatch.setattr(backfill, "BATCH", 2)

    other = open_client(model="plain-2")
    assert other.scan(pictures[0])["model"] == "plain-2"
    assert [other.brands_in(picture) for picture in pictures] == [[brand]] * 5
    other.patch(f"/v1/brands/{brand}/references/{disabled}", json={"status": "active"})
    assert other.brands_in(png(mosaic(7))) == [brand]
    count = select(ReferenceVector.model, func.count()).group_by(ReferenceVector.model)
    with other.service.database.read() as session:
        counts = {model: number for model, number in session.execute(count)}  # noqa: C416 (rows are no pairs to mypy)
    assert counts["plain"] == counts["plain-2"] > 0


def test_a_second_start_has_nothing_to_do(open_client: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    one = open_client()
    one.reference(one.brand(), png(mosaic(1)))

    def never(*_: object, **__: object) -> tuple[list[str], RgbImage]:
        raise RuntimeError("embedded again")

    monkeypatch.setattr(backfill, "embed_views", never)
    assert open_client().brands_in(png(mosaic(1)))


def test_a_new_model_embeds_photos_of_every_size_and_goes_round_damaged_ones(open_client: Open) -> None:
    one = open_client(model="plain")
    brand = one.brand()
    one.reference(brand, jpeg(large_photo()))
    damaged = one.reference(brand, png(mosaic(1)))
    one.service.objects.put(f"references/{brand}/{damaged}.png", b"no picture")
    other = open_client(model="plain-2")
    assert other.brands_in(jpeg(large_photo())) == [brand]
    assert other.brands_in(png(mosaic(1))) == []
