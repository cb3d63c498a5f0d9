"""A small marketplace: a brand with a reference, sellers with genuine and smeared goods."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from mosaics import mosaic, png
from plain_bundle import SimilarityVerifier, compared, plain_bundle
from service_client import Client
from sqlalchemy import func, select, text
from waiting import eventually

from model.bundle import ModelBundle
from model.decode import decode
from model.regions import RgbImage
from model.verifier import Compared, Laid, Scores
from serve.access.roles import Role
from serve.audit import SYSTEM
from serve.database.loop_tables import AuditEntry, ListingImage, ListingRecord, Suggestion
from serve.database.tables import Brand
from serve.identifiers import new_id
from serve.loop.deadlines import Deadlines, Fallback
from serve.loop.listing_pictures import PictureScans
from serve.loop.stock.known_fakes import KnownFakes
from serve.loop.stock.mark_search import MarkSearcher
from serve.loop.stock.stock_search import StockSearch
from serve.loop.stock.suggestions import cut_out_key

NUMBERS = itertools.count(1)


class SmearVerifier(SimilarityVerifier):
    """What differs from the reference was smeared on purpose."""

    def compare(self, laid: Laid, *, similarity: float) -> Compared:
        return compared(0.05, laid, similarity)

    def scores(self, pair: Compared) -> Scores:
        smear = 0.9 if pair.examined.judged[0] < 0.9999 else 0.0
        return Scores(genuine=0.95 - smear, smear=smear, imitation=0.0, unrelated=0.05)


def smear_bundle(name: str) -> ModelBundle:
    """Finds marks that are far from the genuine one too, and takes what differs for a smear."""
    plain = plain_bundle(name)
    return replace(plain, verifier=SmearVerifier(), calibration=replace(plain.calibration, candidate_similarity=0.5))


class RestingSearcher(MarkSearcher):
    """Searches nothing by itself: it would take back what tests suggest, and suggest what they do not expect."""

    async def search(self, brand_id: str) -> None:
        """Leave it to the tests."""


@contextmanager
def smears_found() -> Iterator[None]:
    """What is opened meanwhile runs with the smear bundle in place of the weights, and its searcher rests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serve.service.load_bundle", lambda folder, threads: smear_bundle(folder.name))
        patch.setattr("serve.service.MarkSearcher", RestingSearcher)
        yield


def smeared(seed: int, *, tile: int = 0) -> bytes:
    """The mark of `seed` with the colour of one tile moved, so that it is still the most similar one."""
    picture = mosaic(seed)
    _recolour(picture, tile=tile, by=60)
    return png(picture)


def disguised(seed: int, *, first: int = 0) -> bytes:
    """The mark of `seed` with the colours of eight tiles turned over: far from the genuine one, known all the same."""
    picture = mosaic(seed)
    for tile in range(first, first + 8):
        _recolour(picture, tile=tile, by=120)
    return png(picture)


def _recolour(picture: RgbImage, *, tile: int, by: int) -> None:
    x, y = 16 * (tile % 6), 16 * (tile // 6)
    place = picture[y : y + 16, x : x + 16]
    place[:] = np.where(place > 127, place - by, place + by)


def photographed(mark: bytes, *, seed: int) -> RgbImage:
    """The mark large, on things that are seen nowhere else."""
    picture = cv2.resize(decode(mark), (384, 384), interpolation=cv2.INTER_NEAREST)
    rng = np.random.default_rng(seed)
    for _ in range(250):
        x, y = (int(value) for value in rng.integers(10, 374, 2))
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        cv2.rectangle(picture, (x, y), (x + int(rng.integers(3, 9)), y + int(rng.integers(3, 9))), colour, -1)
    return picture


def strange_photo(market: Marketplace, *, seed: int = 0) -> RgbImage:
    """A photo in which a scan finds nothing of the brand's."""
    return photographed(png(mosaic(market.seed + 70_000)), seed=market.seed + seed)


def stock_search(market: Marketplace, *, bundle: ModelBundle | None = None) -> StockSearch:
    """What searches the stock, by the model that serves or by another `bundle`."""
    service = market.client.service
    fakes = KnownFakes(service.database, service.objects, decode=decode, bundle=lambda: bundle or service.bundle)
    return StockSearch(
        service.database, service.objects, listings=service.listings, fakes=fakes, decode=decode,
        bundle=lambda: bundle or service.bundle,
    )  # fmt: skip


def during_the_scan(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Have something happen once, when the next listing's pictures are scanned and nothing is stored yet."""
    scan, still = PictureScans.scan, [happens]

    def slow(self: PictureScans, *arguments: object, **named: object) -> object:
        done = scan(self, *arguments, **named)  # type: ignore[arg-type]
        if still:
            still.pop()()
        return done

    monkeypatch.setattr(PictureScans, "scan", slow)


class Marketplace:
    """One brand on the application behind `client`, and what happens to it; calls are made as an admin."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seed = 1_000 + next(NUMBERS)
        self.brand = client.brand()
        client.reference(self.brand, png(mosaic(self.seed)))
        self.brand_key = client.key(Role.BRAND, self.brand)
        self.holder: str = client.get(f"/v1/brands/{self.brand}").json()["rights_holder_id"]

    def be_answered_for_by_an_agency(self) -> None:
        """Have an agency be the brand's rights holder, which has to prove that it may."""
        made = self.client.post("/v1/rights-holders", json={"name": "An agency", "kind": "agency"})
        self.holder = made.json()["id"]
        with self.client.service.database.write() as session:
            session.get_one(Brand, self.brand).holder_id = self.holder

    def let_smears_pass(self) -> None:
        """Have the brand's policy hold up nothing that the tests' verifier finds."""
        policy = {"reason": "few cases", "brands": {self.brand: {"review_at": 0.99}}}
        made = self.client.post("/v1/policies", json=policy)
        assert made.status_code == 201, made.text
        policies = self.client.service.policies
        eventually(lambda: policies.current.version >= made.json()["version"])

    def trait(self, *, picture: bytes | None = None, **fields: str) -> str:
        """The id of a new fake trait of the brand's."""
        files = {} if picture is None else {"image": ("a.png", picture)}
        path = f"/v1/brands/{self.brand}/traits"
        added = self.client.post(path, data=fields, files=files, headers=self.brand_key)
        assert added.status_code == 201, added.text
        return str(added.json()["id"])

    def suggestion(self, *, cut_outs: int = 1) -> str:
        """The id of a mark that is suggested to the brand, as a search leaves it; its cut-outs are the same."""
        service, listing = self.client.service, self.listing(id=f"seen {next(NUMBERS)}")["listing"]
        suggestion_id = new_id("suggestion")
        with service.database.write() as session:
            image_id = session.scalars(
                select(ListingImage.id).join(ListingRecord).where(ListingRecord.marketplace_id == listing["id"])
            ).one()
            seen = {"listing_id": listing["id"], "image_id": image_id, "position": 0, "box": [0.0, 0.0, 96.0, 96.0]}
            session.add(
                Suggestion(
                    id=suggestion_id, brand_id=self.brand, photos=3, sellers=2, pictures=[seen] * cut_outs,
                    state="open", became=[],
                )
            )  # fmt: skip
        shown = png(mosaic(self.seed + next(NUMBERS)))
        for number in range(cut_outs):
            service.objects.put(cut_out_key(suggestion_id, number), shown)
        return suggestion_id

    def send(self, *pictures: bytes, **listing: Any) -> httpx2.Response:
        """Send a listing; by default a new one with a smeared mark."""
        number = next(NUMBERS)
        content = {"id": f"L-{number}", "seller": f"seller {number}", "title": "Cap", **listing}
        files = [("image", ("a.png", one)) for one in pictures or (smeared(self.seed),)]
        return self.client.post("/v1/listings", data={"listing": json.dumps(content)}, files=files)

    def listing(self, *pictures: bytes, **listing: Any) -> dict[str, Any]:
        """What became of a listing that was sent."""
        answer = self.send(*pictures, **listing)
        assert answer.status_code == 201, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def case(self) -> str:
        """The id of a new case."""
        return str(self.listing()["case"]["id"])

    def judge(self, case: str, verdict: str = "infringing", **more: Any) -> httpx2.Response:
        """The brand's answer to a case."""
        body = {"verdict": verdict, **more}
        return self.client.post(f"/v1/cases/{case}/judgement", json=body, headers=self.brand_key)

    def complaint(self, case: str | None = None) -> str:
        """The id of a new complaint."""
        case = case or self.case()
        assert self.judge(case).status_code == 200
        answer = self.client.post(f"/v1/cases/{case}/complaint", headers=self.brand_key)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def slip(self, case: str, **more: Any) -> str:
        """The id of the case that tests, under a cover, with the pictures of `case`."""
        number = next(NUMBERS)
        body = {"case_id": case, "cover": {"id": f"C-{number}", "seller": f"cover {number}"}, **more}
        answer = self.client.post("/v1/blind-tests", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["case_id"])

    def jury(self, case: str | None = None, *, jurors: int = 3) -> str:
        """The id of a jury about a case, or about a new one."""
        answer = self.client.post("/v1/juries", json={"case_id": case or self.case(), "jurors": jurors})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def doubt(self, case: str) -> httpx2.Response:
        """Trust & safety do not believe what the brand judged."""
        return self.client.post(f"/v1/cases/{case}/doubt", json={"reason": "the mark is painted over"})

    def release(self, case: str, reason: str = "a souvenir") -> httpx2.Response:
        """Trust & safety let a case be that nobody's word ended."""
        return self.client.post(f"/v1/cases/{case}/release", json={"reason": reason})

    def decide(self, complaint: str, outcome: str = "upheld") -> httpx2.Response:
        """Trust & safety's decision."""
        body = {"outcome": outcome, "reason": "the mark is painted over"}
        return self.client.post(f"/v1/complaints/{complaint}/decision", json=body)

    def end(self, case: str, *, fallback: Fallback = "allow") -> None:
        """Let the case's time pass; without an answer that counts `fallback` is what its listing is."""
        database = self.client.service.database
        with database.write() as session:
            session.execute(text("UPDATE cases SET expires = now() WHERE id = :id"), {"id": case})
        Deadlines(database, fallback=fallback)._expire(case)

    def counter(self, complaint: str) -> httpx2.Response:
        """The seller's answer."""
        return self.client.post(f"/v1/complaints/{complaint}/counter-notice", json={"statement": "it is genuine"})

    def reverse(self, complaint: str) -> httpx2.Response:
        """Trust & safety turn their decision round."""
        return self.client.post(f"/v1/complaints/{complaint}/reversal", json={"reason": "an invoice was shown"})

    def set_webhook(self, url: str) -> str:
        """Have the rights holder told at `url`; the secret of the signatures."""
        answer = self.client.put(f"/v1/rights-holders/{self.holder}/webhook", json={"url": url})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["secret"])

    def deliveries(self) -> list[dict[str, Any]]:
        """What the rights holder was told, with every try."""
        found: list[dict[str, Any]] = self.client.get(f"/v1/rights-holders/{self.holder}/deliveries").json()["items"]
        return found

    def logged(self) -> int:
        """The number of the last step in the audit log that somebody took: the service's own jobs go on meanwhile."""
        query = select(func.max(AuditEntry.number)).where(AuditEntry.actor != SYSTEM)
        with self.client.service.database.read() as session:
            return session.execute(query).scalar_one() or 0

    def document(self, kind: str = "trademark", *, expires: str = "2099-12-31", state: str = "accepted") -> str:
        """The id of a rights document that trust & safety looked at."""
        url = f"/v1/brands/{self.brand}/rights-documents"
        fields = {"kind": kind, "number": "1234567", "classes": "18, 25", "expires": expires}
        answer = self.client.post(url, data=fields, files={"file": ("a.pdf", b"%PDF")}, headers=self.brand_key)
        assert (answer.status_code, answer.json()["state"]) == (201, "pending"), answer.text
        found = {"state": state, "reason": "looked up in the register"}
        reviewed = self.client.post(f"{url}/{answer.json()['id']}/review", json=found)
        assert (reviewed.status_code, reviewed.json()["state"]) == (200, state)
        return str(answer.json()["id"])

    def suspend(self) -> None:
        """Trust & safety believe the rights holder no more."""
        tier = {"tier": "suspended", "reason": "forged letter"}
        assert self.client.put(f"/v1/rights-holders/{self.holder}/tier", json=tier).status_code == 200

    def decision_on(self, case: str) -> str:
        """The decision that now holds for the case's listing, as it is sent again with the same pictures."""
        listing = self.client.get(f"/v1/cases/{case}").json()["listing"]
        return str(self.listing(id=listing["id"], seller=listing["seller"])["decision"])
