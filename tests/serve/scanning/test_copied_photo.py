from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_garment import COPIES, PLACE, WIPES, is_garment, product, smeared
from mosaics import png
from plain_bundle import plain_bundle
from service_client import Client, Open
from sqlalchemy import text

from index.exact import ExactIndex
from index.interface import Entry
from model.alignment import prepare_reference
from model.bundle import ModelBundle
from model.cut_out import product_inside
from model.decode import decode
from model.logo_marks import MARGIN as MARK_MARGIN
from model.logo_places import MARGIN
from model.photo_copy import PhotoMatch, photo_match
from model.regions import Box, Region, RgbImage
from serve import service
from serve.database.migrations.versions.r0020_how_sure_places_are import FIND_ANEW
from serve.database.tables import Reference
from serve.scanning.candidates import StoredReference
from serve.scanning.copied_photo import found_places, ready_places, wiped_places
from serve.scanning.evidence import draw_evidence
from serve.scanning.policy import Policy
from serve.scanning.replay import replay
from serve.scanning.results import Finding
from serve.scanning.scan import Scan, Scanner
from serve.text.brand_words import BrandWords

WIPED = png(smeared(product(), WIPES["painted"]))


class PlaceDetector:
    """Finds the word in the whole garment, and is so `sure` of it."""

    def __init__(self, sure: float = 0.9) -> None:
        self.sure = sure

    score_threshold = 0.5

    def detect(self, image: RgbImage, *, score_threshold: float = 0.5) -> list[Region]:
        return [Region(PLACE, self.sure)] if is_garment(image) and self.sure >= score_threshold else []

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        return self.detect(image)[:most]


def bundle_with_detector(name: str = "plain", *, sure: float = 0.9) -> ModelBundle:
    return replace(plain_bundle(name), detector=PlaceDetector(sure))  # type: ignore[arg-type]


class OneProduct:
    """The only reference: the product photo of one brand."""

    def __init__(self, *, with_places: bool = True, logo: Box | None = None) -> None:
        picture = product()
        prepared = prepare_reference(picture)
        found = found_places(picture, kind="product", detect=PlaceDetector().detect) if with_places else []
        found = found if logo is None else [[*logo, 0.9]]
        places = ready_places(found, picture=picture, prepared=prepared)
        self._one = StoredReference("ref_1", "brd_1", "Fuma", "product", prepared, places)

    def get(self, reference_id: str) -> StoredReference:
        return self._one


def scan(
    image: RgbImage, *, with_places: bool = True, logo: Box | None = None, bundle: ModelBundle | None = None
) -> Scan:
    bundle, index = plain_bundle() if bundle is None else bundle, ExactIndex()
    # Colours at 9 × 9 pixels know a cropped copy less well than the real embedder does.
    bundle = replace(bundle, calibration=replace(bundle.calibration, candidate_similarity=-1.0))
    index.add([Entry(1, "ref_1", "brd_1", "product", bundle.embedder.embed([product()])[0])], version=1)
    references = OneProduct(with_places=with_places, logo=logo)
    scanner = Scanner(bundle, state=index.view(), references=references, words=BrandWords())
    return scanner.scan(image, scan_id="scan_1", policy=Policy())


def by_kind(done: Scan) -> dict[str, Finding]:
    assert len({one.kind for one in done.findings}) == len(done.findings)
    return {one.kind: one for one in done.findings}


def test_a_wiped_logo_is_a_smear_beside_the_copied_photo() -> None:
    done = scan(smeared(product(), WIPES["painted"]))
    found = by_kind(done)
    assert set(found) == {"smear", "copied_photo"}
    smear = found["smear"]
    assert Box(*smear.box).iou(PLACE.grown(MARGIN)) > 0.85
    assert (smear.brand_id, smear.reference_id) == ("brd_1", "ref_1")
    assert smear.scores.smear > 0.9
    assert sum(smear.scores.model_dump().values()) == pytest.approx(1.0)
    assert "of its detail is left" in smear.reasons[0]
    assert done.decision == "review"
    assert any("made hard to read" in reason for reason in done.reasons)


def test_what_agrees_but_for_the_logo_is_another_shot_unless_it_was_wiped_there() -> None:
    chest, bundle = Box(110, 130, 180, 150), plain_bundle()
    other = product()
    chest.crop(other)[...] = np.random.default_rng(3).integers(0, 256, (150, 180, 3))
    never = replace(bundle, wiped_places=replace(bundle.wiped_places, finding_probability=1.1))
    assert set(by_kind(scan(other, logo=chest, bundle=never))) == set()
    assert "copied_photo" in by_kind(scan(other, logo=chest))
    assert set(by_kind(scan(product(), logo=chest, bundle=never))) == {"copied_photo"}


def test_of_a_wiped_place_the_detector_says_nothing() -> None:
    smear = by_kind(scan(smeared(product(), WIPES["painted"])))["smear"]
    assert (smear.detected, smear.whole) == (None, False)


def test_the_box_lies_right_in_a_cropped_copy() -> None:
    found = by_kind(scan(COPIES["cropped"](smeared(product(), WIPES["stickered"]))))
    truth = Box(PLACE.x - 60, PLACE.y - 90, PLACE.width, PLACE.height)
    assert Box(*found["smear"].box).iou(truth.grown(MARGIN)) > 0.85


def test_an_untouched_copy_is_a_copied_photo_alone() -> None:
    for edit in ("same", "recompressed"):
        assert set(by_kind(scan(COPIES[edit](product())))) == {"copied_photo"}


def test_without_places_nothing_is_compared() -> None:
    assert set(by_kind(scan(smeared(product(), WIPES["painted"]), with_places=False))) == {"copied_photo"}


def test_the_evidence_shows_the_place_beside_the_genuine_one() -> None:
    image = smeared(product(), WIPES["painted"])
    (smear,) = (one for one in scan(image).verified if one.kind == "smear")
    assert smear.genuine is not None
    assert smear.aligned is not None
    assert smear.genuine.shape == smear.aligned.shape
    assert max(smear.genuine.shape) <= 65, "the place, not the whole reference"
    shown, whole = (decode(draw_evidence(image, one)) for one in (smear, replace(smear, genuine=None)))
    assert not np.array_equal(shown, whole)


EDGE = Box(296, 180, 100, 70)
"""Half on the garment and half on its ground."""


@pytest.mark.parametrize(("how", "smeared_places"), [(None, 0), ("painted", 1)])
def test_another_ground_is_no_smear_and_hides_none(how: str | None, smeared_places: int) -> None:
    bundle, picture = plain_bundle(), product()
    prepared = prepare_reference(picture)
    places = ready_places([[*PLACE, 0.9], [*EDGE, 0.9]], picture=picture, prepared=prepared)
    ground = cv2.resize(np.random.default_rng(9).integers(30, 220, (60, 50, 3), dtype=np.uint8), (400, 480))
    sent = picture if how is None else smeared(picture, WIPES[how])
    copy = np.where((picture < 250).any(axis=-1, keepdims=True), sent, ground)
    match = photo_match(copy, prepared, places=[one.place.box for one in places], weights=bundle.photo_copy)
    assert match.inside is None, "this garment leaves so little ground that all of it is a copy still"

    def found(match: PhotoMatch) -> int:
        whole = Box(0, 0, 400, 480)
        return len(wiped_places(copy, whole, match=match, places=places, weights=bundle.wiped_places))

    assert found(match) == smeared_places + 1
    assert found(replace(match, inside=product_inside(prepared.picture))) == smeared_places


def test_the_places_of_a_logo_are_the_marks_within_it() -> None:
    page = np.full_like(product(), 245)
    PLACE.crop(page)[:] = PLACE.crop(product())
    page[4, 4:20] = page[-5, -20:-4] = 30  # with something in the corners
    found = found_places(page, kind="logo", detect=lambda _: [Region(PLACE, 0.9)])
    assert np.allclose(found, [PLACE.grown(MARK_MARGIN)], atol=0.1)


@pytest.fixture
def with_detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "load_bundle", lambda folder, threads: bundle_with_detector(folder.name))


@pytest.fixture
def uploaded(with_detector: None, open_client: Open) -> tuple[Client, str]:
    """A client, and a product reference of the only brand."""
    client = open_client()
    return client, client.reference(client.brand("Fuma"), png(product()), kind="product")


def stored(client: Client, reference: str) -> list[list[float]] | None:
    with client.service.database.read() as session:
        return session.get_one(Reference, reference).logo_places


def kinds(client: Client) -> list[str]:
    return sorted(finding["kind"] for finding in client.scan(WIPED)["findings"])


def test_places_are_stored_at_the_upload(uploaded: tuple[Client, str]) -> None:
    client, reference = uploaded
    assert stored(client, reference) == [[*(round(value, 1) for value in PLACE.grown(MARGIN)), 0.9]]
    assert kinds(client) == ["copied_photo", "smear"]


def test_a_brand_s_own_logo_is_a_place_however_faintly_it_is_seen(
    monkeypatch: pytest.MonkeyPatch, open_client: Open
) -> None:
    monkeypatch.setattr(service, "load_bundle", lambda folder, threads: bundle_with_detector(folder.name, sure=0.1))
    client = open_client()
    brands = [client.brand("Fuma"), client.brand("Other")]
    client.reference(brands[0], png(PLACE.crop(product())))
    for brand, expected in zip(brands, (1, 0), strict=True):
        reference = client.reference(brand, png(product()), kind="product")
        assert len(stored(client, reference) or []) == expected


def test_an_older_reference_gets_its_places_when_it_is_loaded(uploaded: tuple[Client, str]) -> None:
    client, reference = uploaded
    with client.service.database.write() as session:
        session.execute(text(FIND_ANEW))
    assert stored(client, reference) is None
    assert kinds(client) == ["copied_photo", "smear"]
    assert stored(client, reference) == [[*(round(value, 1) for value in PLACE.grown(MARGIN)), 0.9]]


def test_a_replay_finds_the_same_smear(uploaded: tuple[Client, str]) -> None:
    client, _ = uploaded
    scanned = client.scan(WIPED)["scan_id"]
    held = client.service
    # Another detector would find other places: those of the upload hold.
    done = replay(held.database, held.objects, scanned, load=plain_bundle, picture=WIPED)
    assert done.differences == []
    assert sorted(one.kind for one in done.again.findings) == ["copied_photo", "smear"]
