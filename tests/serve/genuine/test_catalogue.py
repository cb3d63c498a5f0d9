from __future__ import annotations

from mosaics import mosaic, png
from service_client import Open

from model.alignment import prepare_reference
from model.decode import decode
from model.regions import Region, RgbImage
from serve.genuine.catalogue import Catalogue
from serve.pictures.objects import Objects


def nothing(picture: RgbImage) -> list[Region]:
    return []


def test_it_keeps_the_last_used_and_forgets_what_it_is_told(open_client: Open) -> None:
    client = open_client()
    brand = client.brand("Before")
    ids = [client.reference(brand, png(mosaic(seed))) for seed in range(3)]
    prepared = 0

    def counted(picture):
        nonlocal prepared
        prepared += 1
        return prepare_reference(picture)

    service = client.service
    catalogue = Catalogue(
        service.database, Objects(service.settings), decode=decode, prepare=counted, detect=nothing, most=2
    )
    for name in (ids[0], ids[1], ids[0]):
        assert catalogue.get(name) is not None
    assert prepared == 2
    catalogue.get(ids[2])  # makes room: ids[1] was used longest ago
    catalogue.get(ids[0])
    assert prepared == 3
    catalogue.get(ids[1])
    assert prepared == 4

    client.patch(f"/v1/brands/{brand}", json={"name": "After"})
    found = catalogue.get(ids[1])
    assert found is not None
    assert found.brand == "Before", "nobody told it"
    catalogue.forget_brand(brand)
    found = catalogue.get(ids[1])
    assert found is not None
    assert found.brand == "After"

    client.delete(f"/v1/brands/{brand}/references/{ids[1]}")
    catalogue.forget(ids[1])
    assert catalogue.get(ids[1]) is None


def test_what_was_forgotten_while_it_was_read_is_not_kept(open_client: Open) -> None:
    client = open_client()
    reference = client.reference(client.brand(), png(mosaic(1)))
    service = client.service
    prepared = 0

    def forgetful(picture):
        nonlocal prepared
        prepared += 1
        catalogue.forget(reference)
        return prepare_reference(picture)

    catalogue = Catalogue(
        service.database, Objects(service.settings), decode=decode, prepare=forgetful, detect=nothing, most=2
    )
    assert catalogue.get(reference) is not None
    assert catalogue.get(reference) is not None
    assert prepared == 2
