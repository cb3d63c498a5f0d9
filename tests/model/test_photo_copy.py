import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from model.alignment import PreparedReference, orb_features, prepare_reference
from model.photo_agreement import NAMES
from model.photo_copy import CopyWeights, PhotoMatch, load_copy_weights, measured_agreement, photo_match
from model.photo_looks import LEAST_LEFT, rests
from model.regions import Box, RgbImage
from model.released import bundle_folder

WEIGHTS = load_copy_weights(bundle_folder() / "photo_copy.json")


def matched(image: RgbImage, reference: PreparedReference, *, places: tuple[Box, ...] = ()) -> PhotoMatch:
    return photo_match(image, reference, places=places, weights=WEIGHTS)


def product(seed: int, *, shift: int = 0) -> np.ndarray:
    """A drawn product on white: a body, a strap and a print, 300 × 240."""
    rng = np.random.default_rng(seed)
    photo = np.full((300, 240, 3), 255, np.uint8)
    body = (np.array([[50, 80], [190, 70], [205, 260], [40, 265]]) + rng.normal(0, 14, (4, 2))).astype(np.int32)
    cv2.fillPoly(photo, [body], tuple(int(v) for v in rng.integers(40, 160, 3)), cv2.LINE_AA)
    for _ in range(14):
        x, y = (int(v) for v in rng.integers([60, 100], [180, 240]))
        colour = tuple(int(v) for v in rng.integers(0, 256, 3))
        cv2.circle(photo, (x + shift, y), int(rng.integers(4, 18)), colour, -1, cv2.LINE_AA)
    cv2.ellipse(photo, (120, 80), (40, 55), 0, 180, 360, (60, 60, 60), 6, cv2.LINE_AA)
    return photo


def printed(photo: np.ndarray) -> np.ndarray:
    """With a print that has more edges than all of the rest."""
    out = photo.copy()
    for x in range(64, 180, 12):
        cv2.line(out, (x, 100), (x, 220), (250, 250, 250), 4)
    return out


def recoloured(photo: np.ndarray) -> np.ndarray:
    hsv = cv2.cvtColor(photo, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(int) + 60) % 180
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def recompressed(photo: np.ndarray) -> np.ndarray:
    small = cv2.resize(photo, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    return cv2.imdecode(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR)


def creased(photo: np.ndarray, seed: int) -> np.ndarray:
    """With soft folds in everything that is not white: what no second shot on the same dummy repeats."""
    coarse = np.random.default_rng(seed).normal(0, 9, (20, 16)).astype(np.float32)
    folds = cv2.resize(coarse, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.where((photo < 250).any(axis=-1, keepdims=True), np.clip(photo + folds, 0, 255), photo).astype(np.uint8)


COPIES = {
    "same": lambda photo: photo,
    "cropped": lambda photo: photo[60:280, 20:200],
    "flipped": lambda photo: photo[:, ::-1],
    "recoloured": recoloured,
    "recompressed": recompressed,
    "all": lambda photo: recompressed(recoloured(photo[:, ::-1][50:290, 20:225])),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_reused_photo_is_found(how):
    photo = product(1)
    match = matched(np.ascontiguousarray(COPIES[how](photo)), prepare_reference(photo))
    assert match.probability > 0.9
    assert match.mirrored == (how in ("flipped", "all"))
    assert match.aligned is not None
    assert match.difference is not None
    assert match.difference.shape == match.aligned.shape[:2]
    assert ("mirrored" in match.reasons) == match.mirrored
    if how == "cropped":
        assert match.overlap < 0.9


def cut_out(photo: np.ndarray) -> np.ndarray:
    """The product on a ground full of edges."""
    coarse = np.random.default_rng(9).integers(30, 220, (30, 24, 3), dtype=np.uint8)
    ground = cv2.resize(coarse, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.where((photo < 250).any(axis=-1, keepdims=True), photo, ground)


@pytest.mark.parametrize("side", [1, -1])
def test_a_product_that_was_cut_out_and_laid_on_another_ground_is_a_copy(side):
    photo = creased(product(1), 1)
    match = matched(np.ascontiguousarray(cut_out(photo)[:, ::side]), prepare_reference(photo))
    assert match.probability > 0.8
    assert match.mirrored == (side < 0)
    assert match.inside is not None, "its ground was exchanged"
    assert matched(photo, prepare_reference(photo)).inside is None


@pytest.mark.parametrize("other", [creased(product(1), 2), *(creased(product(seed), 1) for seed in (2, 3))])
def test_another_one_that_was_cut_out_is_none(other):
    assert matched(cut_out(other), prepare_reference(creased(product(1), 1))).probability < 0.5


def test_a_frame_over_what_was_cropped_away_does_not_hide_a_copy():
    photo = creased(product(1), 1)
    framed = cv2.copyMakeBorder(photo[40:270, 40:220], 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(200, 40, 60))
    match = matched(framed, prepare_reference(photo))
    assert match.probability > 0.9
    assert match.inside is not None
    assert not match.inside.all(), "the frame's place is left out"


def slanted(photo: np.ndarray) -> np.ndarray:
    """As a screen shows it that is looked at from one side."""
    height, width = photo.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = np.array([[12, 4], [width - 6, 22], [width - 14, height - 20], [2, height - 4]], np.float32)
    size = (width, height)
    return cv2.warpPerspective(photo, cv2.getPerspectiveTransform(corners, seen), size, borderValue=(255, 255, 255))


def test_a_copy_at_a_slant_is_recognised_and_another_shot_is_not():
    reference = prepare_reference(creased(product(1), 1))
    assert matched(slanted(creased(product(1), 1)), reference).probability > 0.9
    assert matched(slanted(creased(product(1), 2)), reference).probability < 0.5


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_product_is_no_copy(seed):
    match = matched(product(seed), prepare_reference(product(1)))
    assert match.probability < 0.01
    assert match.aligned is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (40, 3)])
def test_tiny_pictures_are_no_copy(shape):
    assert matched(np.full((*shape, 3), 128, np.uint8), prepare_reference(product(1))).probability < 0.01


def test_equal_pictures_give_equal_matches():
    photo, reference = recompressed(product(3)), prepare_reference(product(3))
    first, second = matched(photo, reference), matched(photo, reference)
    assert first.correlation == second.correlation
    assert first.reasons == second.reasons


def test_a_copy_whose_logo_is_gone_is_recognised_by_the_rest():
    photo, reference, place = printed(product(1)), prepare_reference(printed(product(1))), Box(60, 95, 125, 130)
    in_reference = Box(*(value * 256 / 200 for value in (place.x - 36, place.y - 20, place.width, place.height)))
    wiped = photo.copy()
    place.crop(wiped)[...] = (90, 90, 90)
    assert matched(wiped, reference).probability < 0.5
    match = matched(wiped, reference, places=(in_reference,))
    assert match.probability > 0.9
    assert match.matrix is not None


@pytest.mark.parametrize("side", [1, -1])
def test_with_its_logo_places_an_untouched_copy_agrees_as_well_and_another_print_does_not(side):
    photo, place = printed(product(1)), Box(60, 95, 125, 130)
    reference = prepare_reference(photo)
    in_reference = Box(*(value * 256 / 200 for value in (place.x - 36, place.y - 20, place.width, place.height)))
    reprinted = photo.copy()
    place.crop(reprinted)[...] = np.random.default_rng(3).integers(0, 256, (130, 125, 3))
    same, other = (
        matched(np.ascontiguousarray(one[:, ::side]), reference, places=(in_reference,)) for one in (photo, reprinted)
    )
    assert same.whole > 0.9
    assert other.whole < 0.5 < other.probability


def test_places_that_cover_most_of_the_goods_are_left_out_in_turn():
    reference = prepare_reference(product(1))
    height, width = reference.picture.shape[:2]
    bands = [Box(0, top * height, width, 0.15 * height) for top in (0.1, 0.4, 0.7)]
    left = rests(reference, bands)
    hidden = [[not rest[round(128 * (band.y / height + 0.07)), 64] for band in bands] for rest in left]
    assert hidden == [[True, True, False], [False, False, True]]
    assert all(rest.mean() >= LEAST_LEFT for rest in left)
    assert len(rests(reference, bands[:2])) == len(rests(reference, [])) == 1


def test_where_the_logo_places_leave_plain_ground_alone_they_are_compared_too():
    def on_a_ground(seed: int) -> np.ndarray:
        """The goods in the middle of a photo whose ground gets lighter downwards."""
        photo = np.repeat(np.linspace(150, 200, 300).astype(np.uint8)[:, None, None], 240, axis=1).repeat(3, axis=2)
        goods = cv2.resize(creased(product(seed), seed), (120, 90), interpolation=cv2.INTER_AREA)
        photo[105:195, 60:180] = np.where((goods < 250).any(axis=-1, keepdims=True), goods, photo[105:195, 60:180])
        return photo

    reference = prepare_reference(on_a_ground(1))
    height, width = reference.picture.shape[:2]
    goods = Box(0.22 * width, 0.32 * height, 0.56 * width, 0.36 * height)
    assert rests(reference, (goods,))[0].mean() >= LEAST_LEFT
    assert matched(on_a_ground(1), reference, places=(goods,)).probability > 0.9
    for other in range(2, 8):
        assert matched(on_a_ground(other), reference, places=(goods,)).probability < 0.5


@pytest.mark.parametrize("wiped_band", [0, 1, 2])
def test_a_wiped_place_is_forgiven_in_whichever_turn_it_is(wiped_band):
    photo = creased(product(1), 1)
    reference = prepare_reference(photo)
    left, top, right, _ = reference.whole
    scale = photo.shape[1] / (right - left)
    height, width = reference.picture.shape[:2]
    bands = [Box(0, start * height, width, 0.15 * height) for start in (0.1, 0.4, 0.7)]
    wiped, band = photo.copy(), bands[wiped_band]
    Box(-left * scale, (band.y - top) * scale, width * scale, band.height * scale).crop(wiped)[...] = (90, 90, 90)
    assert matched(wiped, reference, places=tuple(bands)).probability > 0.9 > matched(wiped, reference).probability


@pytest.mark.parametrize("seed", range(2, 8))
def test_another_product_is_no_copy_outside_of_the_logo_either(seed):
    match = matched(product(seed), prepare_reference(product(1)), places=(Box(80, 90, 60, 60),))
    assert match.probability < 0.01


def test_a_caption_beyond_the_product_does_not_hide_a_copy():
    photo = product(1)
    captioned = photo.copy()
    cv2.putText(captioned, "SALE", (2, 292), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (200, 0, 0), 2, cv2.LINE_AA)
    plain = cv2.GaussianBlur(captioned, (0, 0), 2.5)  # too soft for keypoints: its frame alone says where it lies
    assert matched(plain, prepare_reference(photo)).correlation > 0.8


@pytest.mark.parametrize("side", [1, -1])
def test_a_small_piece_in_which_orb_finds_too_little_is_recognised(side):
    photo = np.full((300, 240, 3), 255, np.uint8)
    cv2.fillPoly(photo, [np.array([[55, 72], [185, 64], [200, 255], [38, 262]])], (90, 110, 140), cv2.LINE_AA)
    photo = creased(photo, 2)
    piece = cv2.resize(photo[100:200, 80:160], None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    piece = np.ascontiguousarray(piece[:, ::side])
    assert len(orb_features(cv2.cvtColor(piece, cv2.COLOR_RGB2GRAY)).places) < 10
    match = matched(piece, prepare_reference(photo))
    assert match.probability > 0.9
    assert match.mirrored == (side < 0)


def test_another_shot_with_the_same_outline_is_no_copy():
    reference, again = prepare_reference(creased(product(1), 1)), creased(product(1), 2)
    assert measured_agreement(again, reference) is not None, "its edges agree, so that the blocks must tell"
    match = matched(again, reference)
    assert match.probability < 0.5
    assert match.aligned is None
    assert match.matrix is None
    assert matched(recompressed(creased(product(1), 1)), reference).probability > 0.9


def test_a_mirrored_copy_of_symmetric_goods_is_recognised():
    """Its outline agrees as it is, beyond doubt; what the mirror turned are soft folds alone."""
    half = product(1)[:, :120]
    photo = creased(np.concatenate([half, half[:, ::-1]], axis=1), 3)
    match = matched(np.ascontiguousarray(photo[:, ::-1]), prepare_reference(photo))
    assert match.mirrored
    assert match.probability > 0.9


def test_agreement_is_measured_only_where_edges_agree():
    assert measured_agreement(product(2), prepare_reference(product(1))) is None
    assert measured_agreement(product(1), prepare_reference(product(1))) is not None


def test_weights_are_read_by_name(tmp_path):
    written = CopyWeights(0.5, tuple(float(place) for place in range(len(NAMES))))
    content = written.as_json()
    content["weights"] = dict(reversed(content["weights"].items()))
    (tmp_path / "weights.json").write_text(json.dumps(content))
    assert load_copy_weights(tmp_path / "weights.json") == written
    del content["weights"]["colour"]
    (tmp_path / "weights.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"weights\.json"):
        load_copy_weights(tmp_path / "weights.json")


@pytest.mark.parametrize(
    ("probability", "whole", "may_be"), [(0.6, 0.6, True), (0.6, 0.1, False), (0.9, 0.1, True), (0.4, 0.4, False)]
)
def test_what_agrees_outside_its_logo_places_alone_must_do_so_surely(probability, whole, may_be):
    match = replace(matched(product(1), prepare_reference(product(1))), probability=probability, whole=whole)
    assert match.may_be_wiped(0.5) == may_be
