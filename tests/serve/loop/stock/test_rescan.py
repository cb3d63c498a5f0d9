from __future__ import annotations

from datetime import UTC, datetime

import pytest
from marketplace import Marketplace
from mosaics import mosaic, png
from service_client import Client
from sqlalchemy import select
from waiting import eventually

from serve.database.loop_tables import ListingImage, ListingRecord
from serve.stock_scan import rescan_stock


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def hold_smears_up(brand: Marketplace) -> None:
    policies = brand.client.service.policies
    made = brand.client.post("/v1/policies", json={"reason": "r", "brands": {brand.brand: {"review_at": 0.5}}})
    eventually(lambda: policies.current.version >= made.json()["version"])


def test_what_passed_under_another_policy_is_held_up_and_told(
    brand: Marketplace, capsys: pytest.CaptureFixture[str]
) -> None:
    brand.let_smears_pass()
    seller = f"rescans {brand.seed}"
    for number in range(2):
        assert brand.listing(id=f"{seller} {number}", seller=seller)["decision"] == "allow"
    brand.listing(png(mosaic(brand.seed)), id=f"{seller} genuine", seller=seller)
    others = brand.listing()["listing"]
    hold_smears_up(brand)
    rescan_stock(brand.client.service, seller=seller, before=datetime.now(UTC))
    told = capsys.readouterr().out.splitlines()
    assert told == [
        f"{seller} 0: allow → review", f"{seller} 1: allow → review",
        "3 of 3 listings scanned again, 2 decisions changed",
    ]  # fmt: skip
    opened = brand.client.get("/v1/cases", params={"brand": brand.brand}).json()["items"]
    assert {one["listing"]["id"] for one in opened} == {f"{seller} 0", f"{seller} 1"}
    with brand.client.service.database.read() as session:
        untouched = select(ListingRecord.decision).where(ListingRecord.marketplace_id == others["id"])
        assert session.scalar(untouched) == "allow"


def test_a_run_is_gone_on_with_by_its_moment(brand: Marketplace, capsys: pytest.CaptureFixture[str]) -> None:
    seller, before = f"goes on {brand.seed}", datetime.now(UTC)
    brand.listing(seller=seller)
    rescan_stock(brand.client.service, seller=seller, before=before)
    assert capsys.readouterr().out == "0 of 0 listings scanned again, 0 decisions changed\n"


def test_a_picture_that_is_gone_is_told_and_the_rest_goes_on(
    brand: Marketplace, capsys: pytest.CaptureFixture[str]
) -> None:
    seller, service = f"lost {brand.seed}", brand.client.service
    for number in range(2):
        brand.listing(id=f"{seller} {number}", seller=seller)
    with service.database.read() as session:
        keys = select(ListingImage.object_key).join(ListingRecord).where(ListingRecord.seller == seller)
        service.objects.delete(session.scalars(keys.order_by(ListingRecord.id)).all()[0])
    rescan_stock(service, seller=seller, before=datetime.now(UTC))
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"{seller} 0: review → not scanned again", "1 of 2 listings scanned again, 0 decisions changed",
    ]  # fmt: skip
    assert f"{seller} 0: the picture" in told.err
