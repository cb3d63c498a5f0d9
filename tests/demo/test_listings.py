import cv2
import numpy as np
import pytest

from demo.brands import BRANDS, NOBODYS_BRANDS, rgb
from demo.listings import LEAST_CONTRAST, PLANS, PRODUCTS, SEED, Plan, make, mark_of, seen_ink
from demo.photos import FILES, PLACES
from training.synthesis.logos import load_logos


@pytest.fixture(scope="module")
def logos():
    return {logo.name: logo for logo in load_logos()}


def opened(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def number_of(*, expected: str, source: str) -> int:
    return next(i for i, plan in enumerate(PLANS) if (plan.expected, plan.source) == (expected, source))


def test_there_are_listings_of_every_kind_and_more_than_twenty_four():
    assert len(PLANS) >= 24
    assert {plan.expected for plan in PLANS} == {"genuine", "smear", "imitation", "other brand", "no mark"}
    assert {plan.source for plan in PLANS} == {"drawn", "real photo", "real photo, drawn mark"}
    assert {plan.subject for plan in PLANS if plan.source == "drawn"} == set(PRODUCTS)


def test_plans_name_what_exists():
    for plan in PLANS:
        assert plan.subject in PRODUCTS or plan.subject in FILES
        if plan.brand is not None:
            assert plan.brand in (NOBODYS_BRANDS if plan.expected == "other brand" else BRANDS)
            assert plan.subject in PRODUCTS or plan.subject in PLACES
        assert (plan.edit is not None) == (plan.expected in ("smear", "imitation"))


@pytest.mark.parametrize("number", [i for i, plan in enumerate(PLANS) if plan.brand])
def test_every_mark_can_be_made(number, logos):
    mark = mark_of(PLANS[number], logos=logos, rng=np.random.default_rng([SEED, number]))
    assert mark is not None
    assert mark.ndim == 3 and mark.shape[2] == 4 and mark[..., 3].max() > 200


@pytest.mark.parametrize(
    "number",
    [
        number_of(expected="smear", source="drawn"),
        number_of(expected="imitation", source="drawn"),
        number_of(expected="genuine", source="real photo, drawn mark"),
    ],
)
def test_the_mark_lies_inside_the_photo(number, logos):
    listing = make(number, logos=logos)
    height, width = opened(listing.photo).shape[:2]
    assert listing.box is not None
    assert listing.box.clipped(width=width, height=height) == listing.box
    assert 0.001 < listing.box.area / (width * height) < 0.5


def test_a_listing_is_the_same_bytes_each_time(logos):
    number = number_of(expected="smear", source="drawn")
    assert make(number, logos=logos) == make(number, logos=logos)


def test_a_photo_without_a_mark_has_no_box(logos):
    listing = make(number_of(expected="no mark", source="real photo"), logos=logos)
    assert listing.box is None
    assert max(opened(listing.photo).shape) == 1200


def test_an_ink_that_would_not_be_seen_becomes_black_or_white():
    assert seen_ink("#0000ff", ground="#ffffff") == "#0000ff"
    assert seen_ink("#111111", ground="#202020") == "#f6f5f2"
    assert seen_ink("#ffffff", ground="#eeeeee") == "#16161a"
    assert np.linalg.norm(np.subtract(rgb("#16161a"), rgb("#eeeeee"))) > LEAST_CONTRAST


def test_titles_say_what_is_shown():
    assert Plan("smear", "tote bag", "#112233", "puma", "gaussian_blur").title == "Puma tote bag, gaussian blur"
    assert Plan("no mark", "mug").title == "plain mug"
    assert Plan("no mark", "cat").title == "cat"
