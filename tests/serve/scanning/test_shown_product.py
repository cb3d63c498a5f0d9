from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from drawn_garment import another, in_a_shop, product
from plain_bundle import FixedTampering, plain_bundle

from index.exact import ExactIndex
from index.interface import Entry
from model.alignment import prepare_reference
from model.calibration import Covered
from model.regions import RgbImage
from serve.scanning.candidates import StoredReference
from serve.scanning.policy import Policy
from serve.scanning.results import Finding
from serve.scanning.scan import Scanner
from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import Listing


class Shelf:
    """The picture of one brand's product."""

    def __init__(self, picture: RgbImage) -> None:
        self.picture = picture
        self._one = StoredReference("ref_1", "brd_1", "Fuma", "product", prepare_reference(picture))

    def get(self, reference_id: str) -> StoredReference:
        return self._one


def tampered(*, anywhere: bool = True) -> FixedTampering:
    probabilities = np.zeros((16, 16), np.float32)
    probabilities[6:9, 6:9] = 0.95 if anywhere else 0.0
    return FixedTampering(probabilities)


def findings(photo: RgbImage, shelf: Shelf, tampering: FixedTampering, listing: Listing | None = None) -> list[Finding]:
    """Every tampered place is a smear where something speaks for the brand; no photo passes for a copy of another."""
    bundle, index = plain_bundle(), ExactIndex()
    calibration = replace(
        bundle.calibration,
        candidate_similarity=-1.0,
        copy_probability=1.1,
        covered=Covered(2.0, (0.0, 0.0, 0.0, 0.0), 0.5),
    )
    bundle = replace(bundle, tampering=tampering, calibration=calibration)  # type: ignore[arg-type]
    index.add([Entry(1, "ref_1", "brd_1", "product", bundle.embedder.embed([shelf.picture])[0])], version=1)
    words = BrandWords({"brd_1": BrandNames("Fuma", ())})
    scanner = Scanner(bundle, state=index.view(), references=shelf, words=words)
    sought = scanner.sought_by(listing)
    return scanner.scan(photo, scan_id="scan_1", policy=Policy(), sought=sought).findings


def test_a_product_speaks_for_its_brand_where_the_photo_was_tampered_with() -> None:
    (finding,) = findings(in_a_shop(product()), Shelf(product()), tampered())
    assert (finding.kind, finding.brand, finding.claimed) == ("smear", "Fuma", False)
    assert finding.reasons[0].endswith("the photo shows a product of Fuma")


def test_another_product_does_not() -> None:
    assert findings(in_a_shop(another()), Shelf(product()), tampered()) == []


def printed() -> RgbImage:
    """The product, printed all over."""
    photo, rng = product(), np.random.default_rng(2)
    for _ in range(150):
        x, y = (int(value) for value in rng.integers([90, 90], [310, 420]))
        cv2.circle(photo, (x, y), int(rng.integers(3, 9)), tuple(int(v) for v in rng.integers(0, 256, 3)), -1)
    return photo


def in_another_shirt() -> RgbImage:
    """The studio photo of it with something else in its middle, where `tampered` is."""
    photo = printed()
    photo[140:320, 60:345] = 120
    return photo


def before_a_shelf(photo: RgbImage) -> RgbImage:
    shelf = np.where(np.arange(photo.shape[1]) // 12 % 2, 90, 160).astype(np.uint8)[None, :, None]
    return np.where((photo == 255).all(axis=2, keepdims=True), shelf, photo)


def test_in_a_studio_what_agrees_elsewhere_may_be_the_same_person_in_another_shirt() -> None:
    shelf = Shelf(printed())
    assert findings(in_another_shirt(), shelf, tampered()) == []
    (finding,) = findings(before_a_shelf(in_another_shirt()), shelf, tampered())
    assert finding.kind == "smear"


def test_in_a_studio_too_a_product_that_agrees_around_the_place_speaks_for_its_brand() -> None:
    photo = printed()
    photo[190:260, 160:220] = 90
    (finding,) = findings(photo, Shelf(printed()), tampered())
    assert finding.kind == "smear"


def test_in_a_studio_a_product_of_other_colours_does_not() -> None:
    photo = printed()
    photo[190:260, 160:220] = 90
    assert findings(np.ascontiguousarray(photo[..., ::-1]), Shelf(printed()), tampered()) == []


def test_a_product_alone_is_nothing() -> None:
    assert findings(in_a_shop(product()), Shelf(product()), tampered(anywhere=False)) == []


def test_where_the_listing_names_the_brand_that_is_what_is_said() -> None:
    named = Listing(brand_claimed="fuma")
    (finding,) = findings(in_a_shop(product()), Shelf(product()), tampered(), listing=named)
    assert finding.claimed
    assert finding.reasons[0].endswith("the listing names Fuma")
