from __future__ import annotations

import hashlib
import threading

import cv2
import numpy as np
import pytest
from mosaics import jpeg, large_photo, mosaic, png
from service_client import Client
from sqlalchemy import text

from model.decode import DecodeLimits, decode
from model.regions import Box
from serve.genuine import references
from serve.scanning import copied_photo


def path(brand: str, reference: str = "") -> str:
    return f"/v1/brands/{brand}/references" + (f"/{reference}" if reference else "")


def test_a_reference_is_searchable_when_the_reply_arrives(client: Client) -> None:
    brand = client.brand()
    for seed in range(5):
        assert client.brands_in(jpeg(mosaic(seed))) == []
        client.reference(brand, png(mosaic(seed)))
        assert client.brands_in(jpeg(mosaic(seed))) == [brand]


def test_each_mark_on_a_sheet_is_found(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    marks = [Box(20.0, 30.0, 96.0, 96.0), Box(180.0, 30.0, 96.0, 96.0)]
    sheet = np.full((150, 300, 3), 240, np.uint8)
    for seed, mark in enumerate(marks, start=120):
        mark.crop(sheet)[:] = mosaic(seed)
    brand = client.brand()
    client.reference(brand, png(sheet))
    assert client.brands_in(jpeg(mosaic(121))) == []
    monkeypatch.setattr(copied_photo, "logo_marks", lambda picture, *, detect: marks)
    client.reference(brand, png(sheet))
    for seed in (120, 121):
        assert client.brands_in(jpeg(mosaic(seed))) == [brand]


def test_disabling_and_enabling_take_effect_at_once(client: Client) -> None:
    brand, picture = client.brand(), png(mosaic(20))
    reference = client.reference(brand, picture)
    for status, found in (("disabled", []), ("active", [brand]), ("disabled", []), ("disabled", [])):
        answer = client.patch(path(brand, reference), json={"status": status})
        assert answer.json()["status"] == status
        assert client.brands_in(picture) == found


def test_a_deleted_reference_is_gone(client: Client) -> None:
    brand, picture = client.brand(), png(mosaic(21))
    reference = client.reference(brand, picture)
    assert client.delete(path(brand, reference)).status_code == 204
    assert client.brands_in(picture) == []
    assert client.get(path(brand, reference)).status_code == 404
    assert client.get(path(brand, reference) + "/picture").status_code == 404
    assert client.delete(path(brand, reference)).status_code == 404
    assert client.get(f"/v1/brands/{brand}/references").json()["items"] == []


def test_what_was_deleted_is_kept_no_longer_than_the_scans_that_saw_it(client: Client) -> None:
    brand, service = client.brand(), client.service
    old, new = (client.reference(brand, png(mosaic(seed))) for seed in (24, 25))
    for reference in (old, new):
        client.delete(path(brand, reference))
    with service.database.write() as session:
        move = text("UPDATE \"references\" SET removed = now() - interval '31 days' WHERE id = :id")
        session.execute(move, {"id": old})
    assert references.forget_removed(service.database, service.objects, days=30) == 1
    kept = {file.stem for file in (service.settings.home / "objects" / "references" / brand).iterdir()}
    assert kept == {new}


def test_every_change_takes_the_next_version(client: Client) -> None:
    brand, picture = client.brand(), png(mosaic(22))
    before = client.scan(picture)["index_version"]
    reference = client.reference(brand, picture)
    client.patch(path(brand, reference), json={"status": "disabled"})
    client.patch(path(brand, reference), json={"note": "says nothing about the search"})
    client.delete(path(brand, reference))
    assert client.scan(picture)["index_version"] == before + 3


def test_writers_at_once_leave_no_gap(client: Client) -> None:
    brand = client.brand()
    before = client.scan(png(mosaic(23)))["index_version"]
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda seed=seed: made.append(client.reference(brand, png(mosaic(seed)))))
        for seed in range(30, 38)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 8
    assert client.scan(png(mosaic(23)))["index_version"] == before + 8
    assert all(client.brands_in(png(mosaic(seed))) == [brand] for seed in range(30, 38))


def test_what_was_uploaded_can_be_read_back(client: Client) -> None:
    brand = client.brand()
    data = png(mosaic(24, side=60))
    reference = client.reference(brand, data, kind="product", sku="A-1", note=" from the catalogue ")
    answer = client.get(path(brand, reference)).json()
    expected = {"kind": "product", "sku": "A-1", "note": "from the catalogue", "width": 60, "height": 60}
    assert answer.items() >= {**expected, "id": reference, "brand_id": brand, "status": "active"}.items()
    picture = client.get(path(brand, reference) + "/picture")
    assert picture.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(decode(picture.content), mosaic(24, side=60))


def test_null_clears_and_absence_keeps(client: Client) -> None:
    brand = client.brand()
    reference = client.reference(brand, png(mosaic(25)), sku="A-1", note="old")
    answer = client.patch(path(brand, reference), json={"note": None}).json()
    assert (answer["sku"], answer["note"], answer["status"]) == ("A-1", None, "active")


def test_lists_page_in_order_and_filter(client: Client) -> None:
    brand = client.brand()
    made = [client.reference(brand, png(mosaic(40 + n)), kind=("logo", "product")[n % 2]) for n in range(5)]
    client.patch(path(brand, made[0]), json={"status": "disabled"})
    seen, cursor = [], None
    while True:
        page = client.get(path(brand), params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == made
    products = client.get(path(brand), params={"kind": "product"}).json()["items"]
    assert [item["id"] for item in products] == [made[1], made[3]]
    disabled = client.get(path(brand), params={"status": "disabled"}).json()["items"]
    assert [item["id"] for item in disabled] == [made[0]]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (np.full((64, 64, 3), 255, np.uint8), "reference-blank"),
        (np.full((64, 64, 3), (10, 20, 200), np.uint8), "reference-blank"),
        (mosaic(1, side=96)[:12], "reference-too-small"),
    ],
)
def test_a_picture_that_shows_nothing_is_refused(client: Client, picture: np.ndarray, code: str) -> None:
    answer = client.post(path(client.brand()), data={"kind": "logo"}, files={"image": ("a.png", png(picture))})
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:hallmark:problem:{code}")


def test_a_white_logo_on_a_transparent_ground_is_seen(client: Client) -> None:
    brand = client.brand()
    mark = mosaic(61)
    drawing = np.dstack([np.full_like(mark, 255), mark[..., 0]])
    reference = client.reference(brand, cv2.imencode(".png", drawing)[1].tobytes())
    picture = decode(client.get(f"{path(brand, reference)}/picture").content)
    assert picture.min() < 60
    assert picture.max() > 200


def test_an_upload_that_fails_leaves_nothing_behind(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    brand, picture = client.brand(), png(mosaic(26))

    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("no more versions")

    monkeypatch.setattr(references, "record_change", fail)
    answer = client.post(path(brand), data={"kind": "logo"}, files={"image": ("a.png", picture)})
    assert answer.status_code == 500
    assert client.get(path(brand)).json()["items"] == []
    assert not list((client.service.settings.home / "objects" / "references").glob(f"{brand}/*"))
    assert client.brands_in(picture) == []


def test_the_stored_hash_is_that_of_the_uploaded_file(client: Client) -> None:
    brand, data = client.brand(), png(mosaic(27))
    reference = client.reference(brand, data)
    with client.service.database.read() as session:
        row = session.get(references.Reference, reference)
    assert row is not None
    assert row.sha256 == hashlib.sha256(data).digest()


def test_a_photo_whose_file_grows_when_it_is_stored_is_found(client: Client) -> None:
    brand, photo = client.brand(), jpeg(large_photo())
    reference = client.reference(brand, photo)
    assert len(client.get(path(brand, reference) + "/picture").content) > DecodeLimits().max_bytes > len(photo)
    assert client.brands_in(photo) == [brand]


def test_a_reference_whose_file_is_damaged_is_no_fault_of_the_picture_that_is_scanned(client: Client) -> None:
    brand, picture = client.brand(), png(mosaic(28))
    reference = client.reference(brand, picture)
    client.service.objects.put(f"references/{brand}/{reference}.png", picture[:-20])
    assert client.brands_in(picture) == []
