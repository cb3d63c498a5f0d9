from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from mosaics import mosaic
from numpy.typing import NDArray
from plain_bundle import FixedReader, FixedTampering, SimilarityVerifier, compared, plain_bundle

from index.exact import ExactIndex
from index.interface import Entry
from model.agreeing_keypoints import region_features
from model.alignment import CROP_MARGIN, Features, PreparedReference, prepare_reference, working_size
from model.bundle import ModelBundle
from model.calibration import Covered, Readable, Recognition, Shares
from model.decode import decode
from model.photo_copy import photo_size
from model.reading import Line, Reading
from model.regions import Box, Region, RgbImage
from model.tampering import TamperedPatch
from model.verifier import Compared, Laid, Scores
from serve.scanning.candidates import MAX_CANDIDATES, StoredReference
from serve.scanning.covered_mark import unreadable
from serve.scanning.evidence import MARKER, TILE, draw_evidence
from serve.scanning.policy import Policy
from serve.scanning.proposals import MAX_REGIONS
from serve.scanning.results import Finding
from serve.scanning.scan import Scan, Scanner
from serve.scanning.seen import SeenRegions
from serve.scanning.sought import NOBODY, Sought
from serve.scanning.verification import rounded_scores
from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import Listing


class FixedDetector:
    """Takes `boxes` for the likeliest places whatever it is shown."""

    def __init__(self, *boxes: Box) -> None:
        self._regions = [Region(box, 0.9 - 0.01 * number) for number, box in enumerate(boxes)]

    def likeliest(self, image: RgbImage, *, most: int) -> list[Region]:
        return self._regions[:most]


class FixedVerifier(SimilarityVerifier):
    """Gives the same scores to every pair, keeps the regions that were laid, and counts those compared and scored."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        self.regions: list[RgbImage] = []
        self.compared = self.scored = 0

    def lay(self, region: RgbImage, reference: PreparedReference) -> Laid:
        self.regions.append(region)
        return super().lay(region, reference)

    def compare(self, laid: Laid, *, similarity: float) -> Compared:
        self.compared += 1
        return compared(self._scores.unrelated, laid)

    def scores(self, pair: Compared) -> Scores:
        self.scored += 1
        return self._scores


class Shelf:
    """References by id, each a mosaic of one brand."""

    def __init__(self, bundle: ModelBundle, **seeds: int) -> None:
        self.index = ExactIndex()
        self.words = BrandWords({f"brd_{name}": BrandNames(name, ()) for name in seeds})
        self._references = {}
        for number, (name, seed) in enumerate(seeds.items(), start=1):
            picture = mosaic(seed)
            vector = bundle.embedder.embed([picture])[0]
            self.index.add([Entry(number, f"ref_{name}", f"brd_{name}", "whole", vector)], version=number)
            self._references[f"ref_{name}"] = StoredReference(
                f"ref_{name}", f"brd_{name}", name, "logo", prepare_reference(picture)
            )

    def get(self, reference_id: str) -> StoredReference | None:
        return self._references.get(reference_id)

    def add(
        self, reference: StoredReference, *, number: int, vector: NDArray[np.float32], view: str | None = None
    ) -> None:
        view = view or ("product" if reference.kind == "product" else "trimmed")
        entry = Entry(number, reference.reference_id, reference.brand_id, view, vector)
        self.index.add([entry], version=number)
        self._references[reference.reference_id] = reference

    def forget(self, name: str) -> None:
        del self._references[f"ref_{name}"]


def photo(*marks: tuple[int, int, int]) -> RgbImage:
    """Grey before a wall that is a little darker, with the mosaic of each (seed, x, y) at that place."""
    image = np.full((400, 500, 3), 120, np.uint8)
    image[:20] = 90
    for seed, x, y in marks:
        image[y : y + 96, x : x + 96] = mosaic(seed)
    return image


def scan(
    image: RgbImage, bundle: ModelBundle, shelf: Shelf, *, listing: Listing | None = None, sought: Sought = NOBODY
) -> Scan:
    scanner = Scanner(bundle, state=shelf.index.view(), references=shelf, words=shelf.words)
    named = scanner.sought_by(listing)
    sought = replace(sought, claimed=list(named.claimed), denied=named.denied)
    return scanner.scan(image, scan_id="scan_1", policy=Policy(version=7), sought=sought)


def bundle_of(*boxes: Box, verifier: FixedVerifier | None = None) -> ModelBundle:
    bundle = replace(plain_bundle(), detector=FixedDetector(*boxes))  # type: ignore[arg-type]
    return replace(bundle, verifier=verifier) if verifier else bundle  # type: ignore[arg-type]


def lies_at(finding: Finding, box: Box) -> bool:
    """Whether it is about `box`, give or take what cutting at whole pixels moves."""
    return Box(*finding.box).iou(box) > 0.9


def test_the_answer_names_brand_place_reference_and_versions() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1, hike=2))
    (finding,) = done.findings
    assert (finding.brand, finding.brand_id, finding.reference_id) == ("fuma", "brd_fuma", "ref_fuma")
    assert finding.kind == "genuine"
    assert lies_at(finding, Box(40, 60, 96, 96))
    assert finding.evidence == "/v1/scans/scan_1/evidence/0.png"
    assert (done.model, done.index_version, done.policy_version, done.decision) == ("plain", 2, 7, "allow")


def test_the_whole_image_is_a_region_too() -> None:
    bundle = bundle_of()
    (finding,) = scan(mosaic(1), bundle, Shelf(bundle, fuma=1)).findings
    assert finding.whole


def test_a_photo_of_nothing_has_no_finding() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    done = scan(photo(), bundle, Shelf(bundle, fuma=1))
    assert (done.findings, done.decision, done.reasons) == ([], "allow", [])


def test_an_empty_index_finds_nothing() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    assert scan(photo((1, 40, 60)), bundle, Shelf(bundle)).findings == []


def test_two_brands_in_two_places_are_two_findings() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96), Box(300, 200, 96, 96))
    done = scan(photo((1, 40, 60), (2, 300, 200)), bundle, Shelf(bundle, fuma=1, hike=2))
    assert {finding.brand for finding in done.findings} == {"fuma", "hike"}


def test_one_place_is_one_finding() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96), Box(42, 62, 94, 94))
    assert len(scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings) == 1


class Upright(SimilarityVerifier):
    """Takes the mosaic of `seed` for genuine as it stands and for an imitation turned; so does its second look."""

    def __init__(self, seed: int) -> None:
        self._mosaic = mosaic(seed)

    def similarities(self, laid: Sequence[Laid]) -> list[float]:
        return [self.similarity(one) for one in laid]

    def similarity(self, laid: Laid) -> float:
        edge = (laid.region.shape[0] - self._mosaic.shape[0]) // 2
        seen = laid.region[edge:, edge:][: len(self._mosaic), : len(self._mosaic)]
        return float(np.corrcoef(seen.ravel(), self._mosaic.ravel())[0, 1])

    def scores(self, pair: Compared) -> Scores:
        genuine = 0.97 if self.similarity(pair.examined) > 0.5 else 0.02
        return Scores(genuine=genuine, smear=0.0, imitation=0.99 - genuine, unrelated=0.01)


@pytest.mark.parametrize("stands", [0, 1, 2, 3])
@pytest.mark.parametrize("nearest", [1, 2, 3])
def test_a_mark_is_compared_as_it_stands_and_turned_back_where_it_is_turned(stands: int, nearest: int) -> None:
    """The nearest view may be a turned one although the mark stands upright; another quarter is not looked for."""
    verifier = Upright(1)
    bundle = replace(bundle_of(Box(40, 60, 96, 96), verifier=verifier), second_look=verifier)
    shelf, seen = Shelf(bundle), photo()
    seen[60:156, 40:136] = np.rot90(mosaic(1), stands)
    reference = StoredReference("ref_fuma", "brd_fuma", "fuma", "logo", prepare_reference(mosaic(1)))
    (vector,) = bundle.embedder.embed([np.rot90(mosaic(1), stands)])
    shelf.add(reference, number=1, vector=vector, view=f"turned_{90 * nearest}")
    (finding,) = scan(seen, bundle, shelf).findings
    assert (finding.brand, finding.kind) == ("fuma", "genuine" if stands in (0, nearest) else "imitation")
    assert lies_at(finding, Box(40, 60, 96, 96))


@pytest.mark.parametrize("named", [False, True])
def test_a_product_photo_that_is_more_alike_does_not_hide_the_mark(named: bool) -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    shelf, seen = Shelf(bundle, fuma=1, hike=2), photo((1, 40, 60))
    seen[60:156, 40:136] //= np.uint8(16)
    seen[60:156, 40:136] *= np.uint8(15)
    product = StoredReference("ref_product", "brd_fuma", "fuma", "product", prepare_reference(mosaic(5)))
    for number, place in ((8, seen[60:156, 40:136]), (9, seen)):
        shelf.add(
            replace(product, reference_id=f"ref_{number}"), number=number, vector=bundle.embedder.embed([place])[0]
        )
    listing = Listing(title="by Fuma") if named else None
    (finding,) = scan(seen, bundle, shelf, listing=listing).findings
    assert finding.reference_id == "ref_fuma"
    assert lies_at(finding, Box(40, 60, 96, 96))


def test_unrelated_pairs_are_no_findings() -> None:
    verifier = FixedVerifier(Scores(genuine=0.1, smear=0.1, imitation=0.1, unrelated=0.7))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    assert scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings == []
    assert len(verifier.regions) > 0
    assert verifier.scored == 0, "what was done to another's mark nobody asks"


@pytest.mark.parametrize(("intercept", "compared"), [(-9.0, 0), (-3.0, 1)])
def test_what_cannot_be_a_finding_once_it_is_laid_is_not_compared(intercept: float, compared: int) -> None:
    verifier = FixedVerifier(Scores(genuine=0.95, smear=0.0, imitation=0.0, unrelated=0.05))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    unlikely = replace(bundle.calibration.unclaimed, intercept=intercept)
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=unlikely))
    scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1))
    assert len(verifier.regions) == 1
    assert verifier.compared == compared


def test_a_smear_is_reviewed_with_the_reason_in_words() -> None:
    verifier = FixedVerifier(Scores(genuine=0.05, smear=0.9, imitation=0.04, unrelated=0.01))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1))
    assert (done.decision, done.findings[0].kind) == ("review", "smear")
    assert done.findings[0].reasons == ["mosaic over 60 % of the mark"]


def test_keypoints_that_agree_are_evidence() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    agreement = bundle.calibration.unclaimed
    agreement = replace(agreement, intercept=-2.0, weights=tuple(float(name == "agreeing") for name in agreement.NAMES))
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=agreement))
    (finding,) = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings
    assert finding.agreeing is not None
    assert finding.agreeing > 6
    assert finding.scores.unrelated == pytest.approx(1 / (1 + np.exp(-2.0) * (1 + finding.agreeing)), abs=2e-4)


def test_how_sure_the_detector_was_is_evidence() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    confidence = bundle.calibration.unclaimed
    confidence = replace(confidence, intercept=0.0, weights=tuple(float(n == "detected") for n in confidence.NAMES))
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=confidence))
    (finding,) = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings
    assert (finding.detected, finding.whole) == (0.9, False)
    assert finding.scores.unrelated == pytest.approx(0.1, abs=2e-4)


def test_of_the_whole_photo_the_detector_says_nothing() -> None:
    bundle = bundle_of()
    (finding,) = scan(mosaic(1), bundle, Shelf(bundle, fuma=1)).findings
    assert (finding.detected, finding.whole) == (None, True)


def test_a_region_is_scaled_once_and_its_keypoints_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[tuple[int, ...]] = []

    def counting(region: RgbImage) -> Features:
        sought.append(region.shape)
        return region_features(region)

    monkeypatch.setattr("serve.scanning.seen.region_features", counting)
    image, box = photo((1, 40, 60)), Box(40, 60, 300, 200)
    seen = SeenRegions(image)
    for asked in (seen.features, seen.mark, seen.photo):
        assert asked(box) is asked(box)
    region = box.grown(CROP_MARGIN).crop(image)
    assert sought == [region.shape]
    np.testing.assert_array_equal(seen.mark(box), working_size(region))
    np.testing.assert_array_equal(seen.photo(box), photo_size(box.crop(image)))


@pytest.mark.parametrize(("intercept", "found"), [(-8.0, 0), (-1.0, 1)])
def test_keypoints_are_sought_only_where_they_could_decide(
    intercept: float, found: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sought: list[tuple[int, ...]] = []

    def counting(region: RgbImage) -> Features:
        sought.append(region.shape)
        return region_features(region)

    monkeypatch.setattr("serve.scanning.seen.region_features", counting)
    bundle = bundle_of(Box(40, 60, 96, 96))
    by_keypoints = Recognition(intercept, (0.0,) * 5 + (1.0,) + (0.0,) * 5, 0.5)  # log(201) is 5.3
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=by_keypoints))
    findings = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings
    assert len(findings) == found
    assert bool(sought) == bool(found)


@pytest.mark.parametrize("unrelated", [0.0, 1e-5, 0.01, 0.4])
def test_scores_sum_to_one_however_they_are_rounded(unrelated: float) -> None:
    """Three that are rounded up would be a ten-thousandth too much where little is left for `unrelated`."""
    for shares in np.random.default_rng(5).dirichlet((0.4, 0.4, 0.4), size=2_000):
        given = [float(share) * (1.0 - unrelated) for share in shares]
        scores = list(rounded_scores(*given).model_dump().values())
        assert sum(scores) == pytest.approx(1.0, abs=1e-9)
        assert scores == pytest.approx([*given, unrelated], abs=1.6e-4)
        assert [round(score, 4) for score in scores] == scores


def test_scores_are_rounded_and_still_sum_to_one() -> None:
    verifier = FixedVerifier(Scores(genuine=1 / 3, smear=1 / 3, imitation=1 / 6, unrelated=1 / 6))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    scores = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings[0].scores
    assert scores.genuine + scores.smear + scores.imitation + scores.unrelated == pytest.approx(1.0, abs=1e-9)


def test_work_is_bounded_however_many_regions_there_are() -> None:
    boxes = [Box(40, 60, 96, 96)] + [Box(5 * number, 200, 96, 96) for number in range(30)]
    verifier = FixedVerifier(Scores(genuine=1.0, smear=0.0, imitation=0.0, unrelated=0.0))
    bundle = bundle_of(*boxes, verifier=verifier)
    scan(photo((1, 40, 60)), bundle, Shelf(bundle, **{f"brand{n}": n for n in range(1, 9)}))
    assert len(verifier.regions) <= MAX_CANDIDATES < MAX_REGIONS


def test_a_reference_removed_during_the_scan_is_no_finding() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    shelf = Shelf(bundle, fuma=1)
    shelf.forget("fuma")
    assert scan(photo((1, 40, 60)), bundle, shelf).findings == []


def test_the_same_pixels_give_the_same_answer() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96), Box(300, 200, 96, 96))
    shelf = Shelf(bundle, fuma=1, hike=2)
    image = photo((1, 40, 60), (2, 300, 200))
    assert scan(image, bundle, shelf).findings == scan(image, bundle, shelf).findings


def test_the_evidence_is_a_picture_that_marks_the_difference() -> None:
    verifier = FixedVerifier(Scores(genuine=0.05, smear=0.9, imitation=0.04, unrelated=0.01))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    image = photo((1, 40, 60))
    picture = decode(draw_evidence(image, scan(image, bundle, Shelf(bundle, fuma=1)).verified[0])).astype(int)
    redness = picture[..., 0] - picture[..., 1:].max(axis=2)
    thirds = [part.mean() for part in np.array_split(redness[28:284], 3, axis=1)]
    assert thirds[2] > max(thirds[:2]) + 50


def test_a_mark_that_cannot_be_laid_on_its_reference_is_shown_in_the_photo() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    image = photo((1, 40, 60))
    (found,) = scan(image, bundle, Shelf(bundle, fuma=1)).verified
    picture = decode(draw_evidence(image, replace(found, aligned=None, difference=None))).astype(int)
    marked = np.argwhere((np.abs(picture - MARKER).max(axis=2) < 20)[:, -TILE:])
    scale = TILE / max(image.shape[:2])
    assert np.ptp(marked[:, 1]) == pytest.approx(found.place.width * scale, abs=6)
    assert np.ptp(marked[:, 0]) == pytest.approx(found.place.height * scale, abs=6)


def test_a_brand_that_the_listing_names_is_looked_for() -> None:
    """The mark is like nobody's; who sells it says fuma, and what the seller says counts a lot here."""
    bundle = bundle_of(Box(40, 60, 96, 96))
    claimed = Recognition(8.0, (1.0, *(0.0,) * 10), 0.5)
    bundle = replace(bundle, calibration=replace(bundle.calibration, claimed=claimed))
    shelf, image = Shelf(bundle, fuma=1, hike=2), photo((3, 40, 60))
    assert scan(image, bundle, shelf).findings == []
    done = scan(image, bundle, shelf, listing=Listing(title="new FUMA shoes"))
    assert done.sought.claimed == ["brd_fuma"]
    assert [(one.brand, one.claimed) for one in done.findings] == [("fuma", True)]
    assert scan(image, bundle, shelf, listing=Listing(title="new shoes")).findings == []


def test_more_places_are_looked_at_where_the_listing_names_a_brand() -> None:
    elsewhere = [Box(300 + number, 300, 20, 20) for number in range(MAX_REGIONS - 1)]
    bundle = bundle_of(*elsewhere, Box(40, 60, 96, 96))
    shelf, image = Shelf(bundle, fuma=1, hike=2), photo((1, 40, 60))
    assert scan(image, bundle, shelf).findings == []
    (finding,) = scan(image, bundle, shelf, listing=Listing(title="new FUMA shoes")).findings
    assert finding.brand == "fuma"


def reading_bundle(reader: FixedReader, *boxes: Box) -> ModelBundle:
    """A bundle that takes every region for words, and a word for a mark, exactly read or not."""
    bundle = bundle_of(*boxes)
    by_word = Recognition(-4.0, (1.0, *(0.0,) * 5, 12.0, 12.0, 0.0, 0.0, 0.0), 0.5)
    everywhere = Readable(np.zeros(256, np.float32), 0.0)
    calibration = replace(bundle.calibration, unclaimed=by_word, worth_unclaimed=by_word, readable=everywhere)
    return replace(bundle, reader=reader, calibration=calibration)  # type: ignore[arg-type]


def test_a_brand_whose_word_is_read_is_looked_for() -> None:
    bundle = reading_bundle(FixedReader(Line("FUMA", Box(50, 90, 60, 20))), Box(40, 60, 96, 96))
    (finding,) = scan(photo((2, 40, 60)), bundle, Shelf(bundle, fuma=1, hike=2)).findings
    assert finding.brand == "fuma"
    assert finding.read is not None
    assert (finding.read.seen, finding.read.word) == ("fuma", "fuma")


def test_a_word_is_found_where_no_mark_was_proposed() -> None:
    box = Box(200, 200, 60, 20)
    bundle = reading_bundle(FixedReader(Line("FUMA", box), Line("summer", Box(10, 10, 80, 20))), Box(40, 60, 96, 96))
    (finding,) = scan(photo((2, 40, 60)), bundle, Shelf(bundle, fuma=1, hike=2)).findings
    assert finding.brand == "fuma"
    assert lies_at(finding, Box(200, 200, 60, 20))


def test_a_region_that_holds_a_word_rightly_and_wrongly_spelled_counts_as_rightly() -> None:
    lines = Line("adedas", Box(50, 70, 60, 20)), Line("ADIDAS", Box(50, 110, 60, 20))
    bundle = reading_bundle(FixedReader(*lines), Box(40, 60, 96, 96))
    found = scan(photo((1, 40, 60)), bundle, Shelf(bundle, adidas=1)).findings
    assert [one.read.seen for one in found if one.read is not None] == ["adidas"]


def test_a_picture_whose_regions_do_not_look_like_words_is_not_read() -> None:
    reader = FixedReader(Line("FUMA", Box(50, 90, 60, 20)))
    bundle = reading_bundle(reader, *(Box(5 * number, 200, 96, 96) for number in range(7)))
    scan(photo(), bundle, Shelf(bundle, fuma=1))
    assert reader.calls == 1
    scan(photo(), replace(bundle, calibration=plain_bundle().calibration), Shelf(bundle, fuma=1))
    assert reader.calls == 1


@pytest.mark.parametrize(("unrelated", "found"), [(0.02, ["imitation"]), (0.4, [])])
def test_another_word_is_an_imitation_where_the_mark_is_surely_the_brands(unrelated: float, found: list[str]) -> None:
    class ReadingVerifier(FixedVerifier):
        def read(self, pair: Compared, *, shares: Shares, lines: Sequence[Line]) -> Reading:
            return Reading("FUMA", "SUMMER", 0.99)

        def after_reading(self, shares: Shares, reading: object) -> Shares:
            return Shares(0.1, 0.0, 0.9)

    verifier = ReadingVerifier(Scores((1 - unrelated) / 2, 0.0, (1 - unrelated) / 2, unrelated))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1))
    assert [one.kind for one in done.findings] == found


def test_the_lines_of_the_photo_that_lie_in_a_mark_are_asked_of_it() -> None:
    class AskedVerifier(FixedVerifier):
        def read(self, pair: Compared, *, shares: Shares, lines: Sequence[Line]) -> None:
            asked.append([line.text for line in lines])

    asked: list[list[str]] = []
    reader = FixedReader(Line("ABIDAS", Box(50, 90, 60, 20)), Line("SUMMER SALE", Box(250, 300, 60, 20)))
    bundle = reading_bundle(reader, Box(40, 60, 96, 96))
    verifier = AskedVerifier(Scores(0.9, 0.0, 0.08, 0.02))
    scan(photo((1, 40, 60)), replace(bundle, verifier=verifier), Shelf(bundle, adidas=1))  # type: ignore[arg-type]
    assert asked == [["ABIDAS"]]


@pytest.mark.parametrize(("kind", "found"), [("imitation", []), ("smear", ["smear"]), ("genuine", ["genuine"])])
def test_what_differs_and_is_likelier_none_of_the_brands_is_no_imitation(kind: str, found: list[str]) -> None:
    shares = {"genuine": 0.1, "smear": 0.1, "imitation": 0.1, kind: 0.8}
    verifier = FixedVerifier(Scores(*(0.45 * share for share in shares.values()), unrelated=0.55))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    less_sure = replace(bundle.calibration.unclaimed, finding_probability=0.3)
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=less_sure))
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1))
    assert [one.kind for one in done.findings] == found


def test_thresholds_that_are_being_chosen_see_all_that_was_compared() -> None:
    """What a scan leaves out for its kind is a stranger all the same, which they have to refuse."""
    verifier = FixedVerifier(Scores(0.05, 0.05, 0.35, unrelated=0.55))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    takes_any = replace(bundle.calibration.unclaimed, finding_probability=0.0)
    bundle = replace(bundle, calibration=replace(bundle.calibration, unclaimed=takes_any))
    (finding,) = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings
    assert finding.kind == "imitation"
    assert finding.scores.imitation < finding.scores.unrelated


def test_agreeing_with_any_version_is_genuine() -> None:
    """The photo shows the second version, as is seen once it is laid; the first, which is nearer, says imitation."""
    bundle = bundle_of(Box(40, 60, 96, 96))
    shelf = Shelf(bundle, fuma=1)
    other = StoredReference("ref_old", "brd_fuma", "fuma", "logo", prepare_reference(mosaic(5)))
    shelf.add(other, number=9, vector=bundle.embedder.embed([mosaic(1) // 2 + mosaic(5) // 2])[0])

    class ByVersion(FixedVerifier):
        def similarities(self, laid: Sequence[Laid]) -> list[float]:
            return [0.9 if one.reference is other.prepared else 0.8 for one in laid]

        def scores(self, pair: Compared) -> Scores:
            self.scored += 1
            genuine, imitation = (0.9, 0.05) if pair.examined.reference is other.prepared else (0.05, 0.9)
            return Scores(genuine, 0.0, imitation, 0.05)

    verifier = ByVersion(Scores(0.5, 0, 0.45, 0.05))
    bundle = replace(bundle, verifier=verifier, second_look=verifier)  # type: ignore[arg-type]
    (finding,) = scan(photo((1, 40, 60)), bundle, shelf).findings
    assert (finding.kind, finding.reference_id) == ("genuine", "ref_old")
    assert verifier.scored == 1, "the best explanation alone is asked what was done"


def tampered(rows: slice, columns: slice) -> FixedTampering:
    """Photos of which the part of 16 × 16 places in `rows` and `columns` was tampered with."""
    probabilities = np.zeros((16, 16), np.float32)
    probabilities[rows, columns] = 0.95
    return FixedTampering(probabilities)


def covering_bundle(seen: FixedTampering) -> ModelBundle:
    """A bundle that finds no mark, and takes every tampered place for a smear of the brand that is named."""
    bundle = bundle_of()
    never = replace(bundle.calibration.claimed, finding_probability=1.1)
    sure = Covered(2.0, (0.0, 0.0, 0.0, 0.0), 0.5)
    calibration = replace(bundle.calibration, claimed=never, unclaimed=never, covered=sure)
    return replace(bundle, tampering=seen, calibration=calibration)  # type: ignore[arg-type]


@dataclass
class FixedCohort:
    """Everything is as alike to it; it keeps what it was asked."""

    alike: float
    asked: list[tuple[int, bool]] = field(default_factory=list)

    def likeness(
        self, vectors: NDArray[np.float32], *, marks: int, known: Callable[[str], bool]
    ) -> NDArray[np.float32]:
        self.asked.append((marks, known("fuma") and not known("nobody")))
        return np.full(len(vectors), self.alike, np.float32)


def test_marks_stand_in_for_the_brands_that_are_missing() -> None:
    bundle, cohort = bundle_of(Box(40, 60, 96, 96)), FixedCohort(0.4)
    few = replace(bundle, cohort=cohort, calibration=replace(bundle.calibration, fewest_brands=2))  # type: ignore[arg-type]
    (alone,) = scan(photo((1, 40, 60)), few, Shelf(bundle, fuma=1)).findings
    assert alone.margin == pytest.approx(alone.similarity - 0.4, abs=1e-3)
    assert cohort.asked == [(1, True)], "for one brand, and under no name that is registered"
    beside = scan(photo((1, 40, 60)), few, Shelf(bundle, fuma=1, other=2)).findings
    without = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1, other=2)).findings
    assert beside == without
    assert len(cohort.asked) == 1


def test_a_mark_that_was_changed_is_as_strong_as_the_bundle_weighs_it() -> None:
    verifier = FixedVerifier(Scores(genuine=0.3, smear=0.4, imitation=0.3, unrelated=0.0))
    bundle = bundle_of(Box(40, 60, 96, 96), verifier=verifier)
    (alone,) = scan(photo((1, 40, 60)), bundle, Shelf(bundle, fuma=1)).findings
    weighed = replace(bundle, calibration=replace(bundle.calibration, genuine_weight=1.0))
    (together,) = scan(photo((1, 40, 60)), weighed, Shelf(bundle, fuma=1)).findings
    assert (alone.kind, alone.strength) == ("smear", None)
    assert together.strength == pytest.approx(0.7, abs=1e-3)
    assert together.scores == alone.scores


def test_of_a_tampered_place_the_detector_says_nothing() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    (finding,) = scan(photo(), bundle, Shelf(bundle, fuma=1), listing=Listing(brand_claimed="fuma")).findings
    assert (finding.detected, finding.whole) == (None, False)


def test_where_nothing_is_to_be_seen_no_brand_is_looked_for() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    blank = np.full((400, 500, 3), 255, np.uint8)
    assert scan(blank, bundle, Shelf(bundle, fuma=1), listing=Listing(brand_claimed="fuma")).findings == []


def test_a_picture_too_small_to_read_hides_no_mark() -> None:
    bundle, claims = covering_bundle(tampered(slice(4, 8), slice(8, 12))), Listing(brand_claimed="fuma")
    kinds = {
        side: [one.kind for one in scan(photo()[:side, :side], bundle, Shelf(bundle, fuma=1), listing=claims).findings]
        for side in (48, 64)
    }
    assert kinds == {48: [], 64: ["smear"]}


def test_a_tampered_place_counts_only_for_a_brand_that_the_listing_names():
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    shelf = Shelf(bundle, fuma=1)
    (finding,) = scan(photo(), bundle, shelf, listing=Listing(brand_claimed="fuma")).findings
    assert finding.kind == "smear"
    assert finding.claimed
    assert finding.scores.smear == pytest.approx(1 / (1 + np.exp(-2.0)), abs=1e-4)
    height, width = photo().shape[:2]
    assert finding.box == pytest.approx((width / 2, height / 4, width / 4, height / 4), abs=0.1)
    assert "made unreadable" in finding.reasons[0]
    assert scan(photo(), bundle, shelf).findings == []


def test_a_tampered_place_does_not_count_for_a_brand_that_the_listing_denies() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    shelf, denies = Shelf(bundle, fuma=1), Listing(title="Plain shirt, not Fuma")
    denied = scan(photo(), bundle, shelf, listing=denies)
    assert (denied.findings, denied.sought.claimed, denied.sought.denied) == ([], ["brd_fuma"], ["brd_fuma"])
    infringed = scan(photo(), bundle, shelf, listing=denies, sought=Sought(infringed_before=["brd_fuma"]))
    assert [one.kind for one in infringed.findings] == ["smear"], "the seller speaks for it"
    claims = Listing(title="Plain shirt, not Fuma", brand_claimed="fuma")
    assert [one.kind for one in scan(photo(), bundle, shelf, listing=claims).findings] == ["smear"]


def test_a_mark_that_is_found_counts_whatever_the_listing_denies() -> None:
    bundle = bundle_of(Box(40, 60, 96, 96))
    shelf, marked = Shelf(bundle, fuma=1), photo((1, 40, 60))
    named, denied = (scan(marked, bundle, shelf, listing=Listing(title=said)) for said in ("Fuma", "not Fuma"))
    assert [(one.brand, one.claimed) for one in denied.findings] == [("fuma", True)]
    assert denied.findings == named.findings


def test_what_a_tampered_place_hides_is_shown_by_a_logo_and_not_by_a_product() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    shelf = Shelf(bundle, fuma=1)
    vector = bundle.embedder.embed([photo()[100:200, 250:375]])[0]
    product = StoredReference("ref_shoe", "brd_fuma", "fuma", "product", prepare_reference(mosaic(9)))
    shelf.add(product, number=2, vector=vector)
    (finding,) = scan(photo(), bundle, shelf, listing=Listing(brand_claimed="fuma")).findings
    assert finding.reference_id == "ref_fuma"


def test_in_the_photo_of_a_known_fake_the_brand_is_found_however_unsurely() -> None:
    bundle = covering_bundle(tampered(slice(0, 0), slice(0, 0)))
    shelf = Shelf(bundle, fuma=1, other=2)
    assert scan(photo(), bundle, shelf, listing=Listing(brand_claimed="fuma")).findings == []
    found = scan(photo(), bundle, shelf, sought=Sought(known_fakes_of=["brd_fuma"]))
    assert (found.sought.claimed, found.sought.known_fakes_of) == ([], ["brd_fuma"])
    (finding,) = found.findings
    assert (finding.brand, finding.claimed) == ("fuma", True)
    assert scan(photo(), bundle, shelf, sought=Sought(known_fakes_of=["brd_away"])).findings == [], (
        "it has no reference"
    )


def test_in_the_photo_of_a_known_fake_a_tampered_place_is_what_is_found() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    (finding,) = scan(photo(), bundle, Shelf(bundle, fuma=1), sought=Sought(known_fakes_of=["brd_fuma"])).findings
    assert finding.kind == "smear"
    assert "the photo is that of a known fake of fuma" in finding.reasons[0]


def test_a_tampered_place_counts_for_a_brand_that_the_seller_infringed_before() -> None:
    bundle = covering_bundle(tampered(slice(4, 8), slice(8, 12)))
    found = scan(photo(), bundle, Shelf(bundle, fuma=1), sought=Sought(infringed_before=["brd_fuma"]))
    (finding,) = found.findings
    assert (finding.kind, finding.claimed, found.sought.infringed_before) == ("smear", True, ["brd_fuma"])
    assert finding.reasons[0].endswith("the seller was found to infringe marks of fuma")


def test_where_the_brand_is_shown_a_tampered_place_says_nothing():
    seen = tampered(slice(4, 8), slice(8, 12))
    bundle = replace(bundle_of(), tampering=seen)
    sure = Covered(2.0, (0.0, 0.0, 0.0, 0.0), 0.5)
    bundle = replace(bundle, calibration=replace(bundle.calibration, covered=sure))
    findings = scan(mosaic(1), bundle, Shelf(bundle, fuma=1), listing=Listing(brand_claimed="fuma")).findings
    assert [finding.kind for finding in findings] == ["genuine"]


def test_a_genuine_mark_of_another_brand_was_not_made_unreadable() -> None:
    """The listing names who it fits; what was taken for tampered with is the mark of somebody else, plain to see."""
    bundle = replace(bundle_of(Box(40, 60, 96, 96)), tampering=tampered(slice(3, 6), slice(2, 4)))
    sure = Covered(2.0, (0.0, 0.0, 0.0, 0.0), 0.5)
    calibration = replace(
        bundle.calibration, covered=sure, claimed=replace(bundle.calibration.claimed, finding_probability=0.9)
    )
    bundle, listing = replace(bundle, calibration=calibration), Listing(title="Case, fits fuma")
    shown = scan(photo((1, 40, 60)), bundle, Shelf(bundle, other=1, fuma=2), listing=listing).findings
    assert [(one.brand, one.kind) for one in shown] == [("other", "genuine")]
    beside = replace(bundle, tampering=tampered(slice(10, 14), slice(10, 14)))
    found = scan(photo((1, 40, 60)), beside, Shelf(bundle, other=1, fuma=2), listing=listing).findings
    assert sorted((one.brand, one.kind) for one in found) == [("fuma", "smear"), ("other", "genuine")]


def test_a_mark_of_which_no_detail_agrees_is_not_plain_to_see() -> None:
    """A bar is as much like a mark that is a plain frame as that mark is."""
    bundle = bundle_of(Box(40, 60, 96, 96))
    (mark,) = scan(photo((1, 40, 60)), bundle, Shelf(bundle, other=1)).verified
    place = TamperedPatch(mark.place, 0.9, 1.0)
    assert unreadable([place], beside=[replace(mark, agreeing=7)]) == []
    assert unreadable([place], beside=[replace(mark, agreeing=0)]) == [place]


def test_a_tampered_place_at_the_rim_lies_in_the_photo_and_takes_what_it_takes_of_it() -> None:
    bundle = covering_bundle(tampered(slice(12, 16), slice(12, 16)))
    image = photo()[:-7, :-9]
    (finding,) = scan(image, bundle, Shelf(bundle, fuma=1), listing=Listing(brand_claimed="fuma")).findings
    x, y, width, height = finding.box
    assert (x + width, y + height) <= (image.shape[1], image.shape[0])
    assert finding.reasons[0].startswith(f"a place that takes {100 * width * height / image[..., 0].size:.0f} % of")


def test_a_photo_without_a_finding_of_an_unnamed_brand_is_not_searched_for_tampering():
    seen = tampered(slice(4, 8), slice(8, 12))
    bundle = covering_bundle(seen)
    scan(photo(), bundle, Shelf(bundle, fuma=1))
    assert seen.calls == 0


def test_the_name_with_another_letter_is_an_imitation_where_the_listing_names_the_brand() -> None:
    """Set anew in another typeface, it is like none of the brand's marks."""
    line = Line("ADOBAS", Box(200, 200, 60, 20), 0.99)
    bundle = misspelling_bundle(FixedReader(line))
    shelf = Shelf(bundle, adidas=1, hike=2)
    assert scan(photo(), bundle, shelf).findings == []
    (finding,) = scan(photo(), bundle, shelf, listing=Listing(title="Adidas shoes")).findings
    assert (finding.brand, finding.kind, finding.box) == ("adidas", "imitation", (200, 200, 60, 20))
    assert finding.scores.imitation == 0.9
    assert finding.reasons == ["letter 3 differs: O for i, and the listing names adidas"]


@pytest.mark.parametrize(
    ("lines", "known"),
    [
        ([Line("ADOBAS", Box(200, 200, 60, 20), 0.9)], ""),
        ([Line("ADOBAS", Box(200, 200, 60, 20), 0.99)], "ADOBAS"),
        ([Line("ADOBAS", Box(200, 200, 60, 20), 0.99), Line("Adidas", Box(20, 20, 60, 20), 0.99)], ""),
        ([Line("ADIOS", Box(200, 200, 60, 20), 0.99)], ""),
        ([Line("ADIDA", Box(200, 200, 60, 20), 0.99)], ""),
    ],
    ids=["unsurely read", "so the brand's own reference reads", "the name stands there too", "another brand's", "cut"],
)
def test_a_name_is_not_misspelt_where_something_else_explains_it(lines: list[Line], known: str) -> None:
    bundle = misspelling_bundle(FixedReader(*lines, known=known))
    shelf = Shelf(bundle, adidas=1, adios=2)
    assert scan(photo(), bundle, shelf, listing=Listing(title="Adidas shoes")).findings == []


def test_beside_the_brands_own_symbol_its_name_with_another_letter_is_an_imitation() -> None:
    line = Line("ADOBAS", Box(300, 300, 60, 20), 0.99)
    bundle = replace(misspelling_bundle(FixedReader(line)), detector=FixedDetector(Box(40, 60, 96, 96)))  # type: ignore[arg-type]
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, adidas=1))
    assert sorted((one.kind, one.claimed) for one in done.findings) == [("genuine", False), ("imitation", False)]
    assert ["letter 3 differs: O for i, and it stands beside a mark of adidas"] in [
        one.reasons for one in done.findings
    ]


def test_beside_the_symbol_of_a_brand_that_the_listing_names_that_is_what_is_said() -> None:
    line = Line("ADOBAS", Box(300, 300, 60, 20), 0.99)
    bundle = replace(misspelling_bundle(FixedReader(line)), detector=FixedDetector(Box(40, 60, 96, 96)))  # type: ignore[arg-type]
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, adidas=1), listing=Listing(title="Adidas shoes"))
    assert sorted((one.kind, one.claimed) for one in done.findings) == [("genuine", True), ("imitation", True)]
    assert ["letter 3 differs: O for i, and the listing names adidas"] in [one.reasons for one in done.findings]


def test_a_word_within_a_mark_that_has_words_was_compared_with_them() -> None:
    line = Line("ADOBAS", Box(60, 90, 60, 20), 0.99)
    bundle = replace(misspelling_bundle(FixedReader(line, known="adidas")), detector=FixedDetector(Box(40, 60, 96, 96)))  # type: ignore[arg-type]
    done = scan(photo((1, 40, 60)), bundle, Shelf(bundle, adidas=1))
    assert [one.kind for one in done.findings] == ["genuine"]


def misspelling_bundle(reader: FixedReader) -> ModelBundle:
    """A bundle that takes every region for words, and holds what reads nearly as known for an imitation at 0.9."""

    class ReadingVerifier(SimilarityVerifier):
        def after_reading(self, shares: Shares, reading: object) -> Shares:
            return shares if reading is None else Shares(0.1, 0.0, 0.9)

    bundle = replace(bundle_of(Box(10, 10, 30, 30)), verifier=ReadingVerifier(), reader=reader)  # type: ignore[arg-type]
    everywhere = Readable(np.zeros(256, np.float32), 0.0)
    return replace(bundle, calibration=replace(bundle.calibration, readable=everywhere))
