import math
import tracemalloc

import numpy as np
import pytest

from model.reference_views import (
    ground_colour,
    is_blank,
    mark_shown,
    quarters_turned,
    reference_views,
    shows_product,
    trim,
)
from model.regions import Box

TURNED = ["turned_90", "turned_180", "turned_270"]
ASLANT = ["aside_0", "aside_45", "aside_90", "aside_135", "rolled_20", "rolled_340"]
PARTS = ["part_first", "part_last"]


def _logo() -> np.ndarray:
    picture = np.full((100, 200, 3), 255, np.uint8)
    picture[40:60, 50:150] = (200, 0, 0)
    return picture


def test_a_logo_is_trimmed_made_small_and_reversed() -> None:
    views = dict(reference_views(_logo(), kind="logo"))
    assert list(views) == ["trimmed", "small", *TURNED, *ASLANT, *PARTS, "small_negative", "small_white_on_black"]
    assert views["trimmed"].shape == (28, 108, 3)
    assert views["small"].shape == (11, 44, 3)
    assert tuple(views["small_negative"][5, 22]) == (55, 255, 255)
    assert tuple(views["small_white_on_black"][5, 22]) == (255, 255, 255)
    assert not views["small_white_on_black"][0].any()


def test_a_photo_without_a_plain_ground_stays_whole() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    assert ground_colour(photo) is None
    products = ["product", *(f"product_{name}" for name in TURNED)]
    for kind, names in (("logo", ["trimmed", "small", *TURNED, *ASLANT, *PARTS]), ("product", products)):
        views = reference_views(photo, kind=kind)
        assert [name for name, _ in views] == names
        assert views[0][1] is photo


def test_a_product_is_not_reversed() -> None:
    views = dict(reference_views(_logo(), kind="product"))
    assert [name for name in views if "turned" not in name] == ["product", "product_whole"]
    assert views["product_whole"].shape == (100, 200, 3)


def test_logos_and_products_are_known_turned_by_quarters() -> None:
    for kind, first in (("logo", "trimmed"), ("product", "product")):
        views = reference_views(_logo(), kind=kind)
        turned = {quarters_turned(name): view for name, view in views if "turned" in name}
        assert list(turned) == [1, 2, 3]
        for quarters, view in turned.items():
            assert np.array_equal(np.rot90(view, -quarters), dict(views)[first])


def square() -> np.ndarray:
    """100 px, of which 4 are its margin, red at the left end and blue at the right one."""
    picture = np.full((140, 140, 3), 255, np.uint8)
    picture[24:116, 24:116] = (0, 120, 0)
    picture[24:116, 24:34] = (200, 0, 0)
    picture[24:116, 106:116] = (0, 0, 200)
    return picture


def ends_of(view: np.ndarray) -> set[str]:
    """Which ends of the square a view shows."""
    found = {"red": (200, 0, 0), "blue": (0, 0, 200)}
    return {name for name, colour in found.items() if (np.abs(view.astype(int) - colour).max(axis=-1) < 40).sum() > 50}


def test_a_logo_is_seen_from_aside_and_rolled_whole() -> None:
    views = dict(reference_views(square(), kind="logo"))
    along = math.sqrt(0.5)
    sizes = {
        "aside_0": (100, 70),
        "aside_90": (70, 100),
        "aside_45": (100, 100),
        "aside_135": (100, 100),
        "rolled_20": (128, 128),
        "rolled_340": (128, 128),
    }
    for name, (height, width) in sizes.items():
        assert views[name].shape[:2] == pytest.approx((height, width), abs=2)
        assert ends_of(views[name]) == {"red", "blue"}
        assert (views[name][0, 0] == 255).all(), "its ground goes on"
    lies = {name: np.argwhere((views[name] != 255).any(axis=-1)) for name in ("aside_45", "aside_135")}
    for name, sign in (("aside_45", -1), ("aside_135", 1)):
        rows, columns = (lies[name] - lies[name].mean(axis=0)).T
        assert np.sign((rows * columns).mean()) == sign, "the shorter diagonal is the one that is looked along"
    spread = [np.std(lies["aside_45"] @ [along, sign * along]) for sign in (1, -1)]
    assert spread[0] / spread[1] == pytest.approx(0.7, abs=0.03)


def test_a_logos_ends_are_seen_by_themselves() -> None:
    wide = square()
    wide[80:] = 255
    for picture, sides in ((wide, (64, 60)), (np.ascontiguousarray(np.rot90(wide, 3)), (60, 64))):
        views = dict(reference_views(picture, kind="logo"))
        assert [ends_of(views[name]) for name in PARTS] == [{"red"}, {"blue"}]
        assert all(views[name].shape[:2] == sides for name in PARTS)


def test_a_large_logo_is_seen_from_aside_at_a_smaller_size() -> None:
    views = dict(reference_views(np.kron(_logo(), np.ones((9, 9, 1), np.uint8)), kind="logo"))
    assert views["trimmed"].shape[1] > 900
    assert max(views["aside_90"].shape) == 448


def test_a_view_that_is_not_turned_says_so() -> None:
    assert {quarters_turned(name) for name, _ in reference_views(_logo(), kind="logo") if "turned" not in name} == {0}


def test_a_views_name_says_whether_it_is_of_a_product() -> None:
    for kind in ("logo", "product"):
        names = [name for name, _ in reference_views(_logo(), kind=kind)]
        assert {shows_product(name) for name in names} == {kind == "product"}


def test_each_mark_within_a_logo_gives_the_views_of_a_logo() -> None:
    page = np.concatenate([_logo(), np.full((60, 200, 3), 30, np.uint8), _logo()])
    marks = [Box(0, 0, 200, 100), Box(0, 160, 200, 100)]
    views = dict(reference_views(page, kind="logo", marks=marks))
    assert {name for name in views if mark_shown(name) is None} == set(dict(reference_views(page, kind="logo")))
    for number in range(2):
        own = {name: view for name, view in views.items() if mark_shown(name) == number}
        alone = dict(reference_views(_logo(), kind="logo"))
        assert [name.removeprefix(f"mark_{number}_") for name in own] == list(alone)
        assert all(np.array_equal(*pair) for pair in zip(own.values(), alone.values(), strict=True))
        assert {quarters_turned(name) for name in own} == {0, 1, 2, 3}
        assert not any(shows_product(name) for name in own)


def test_an_empty_picture_is_left_alone() -> None:
    blank = np.full((10, 10, 3), 7, np.uint8)
    assert trim(blank) is blank
    assert reference_views(blank, kind="logo")


def test_a_large_picture_takes_no_more_memory_than_its_views() -> None:
    picture = np.full((2000, 2000, 3), 255, np.uint8)
    picture[100:1900, 100:1900] = (200, 0, 0)
    tracemalloc.start()
    try:
        assert not is_blank(picture)
        assert tracemalloc.get_traced_memory()[1] < 0.1 * picture.nbytes
        reference_views(picture, kind="logo")
        assert tracemalloc.get_traced_memory()[1] < 7 * picture.nbytes
    finally:
        tracemalloc.stop()
