import numpy as np

from model.reference_views import ground_colour, reference_views, shows_product, trim


def _logo() -> np.ndarray:
    picture = np.full((100, 200, 3), 255, np.uint8)
    picture[40:60, 50:150] = (200, 0, 0)
    return picture


def test_a_logo_is_trimmed_made_small_and_reversed() -> None:
    views = dict(reference_views(_logo(), kind="logo"))
    assert list(views) == ["trimmed", "small", "small_negative", "small_white_on_black"]
    assert views["trimmed"].shape == (28, 108, 3)
    assert views["small"].shape == (11, 44, 3)
    assert tuple(views["small_negative"][5, 22]) == (55, 255, 255)
    assert tuple(views["small_white_on_black"][5, 22]) == (255, 255, 255)
    assert not views["small_white_on_black"][0].any()


def test_a_photo_without_a_plain_ground_stays_whole() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    assert ground_colour(photo) is None
    turned = [f"product_turned_{degrees}" for degrees in (90, 180, 270)]
    for kind, names in (("logo", ["trimmed", "small"]), ("product", ["product", *turned])):
        views = reference_views(photo, kind=kind)
        assert [name for name, _ in views] == names
        assert views[0][1] is photo


def test_a_product_is_not_reversed() -> None:
    views = dict(reference_views(_logo(), kind="product"))
    assert [name for name in views if "turned" not in name] == ["product", "product_whole"]
    assert views["product_whole"].shape == (100, 200, 3)


def test_a_product_is_known_turned_by_quarters() -> None:
    views = dict(reference_views(_logo(), kind="product"))
    for degrees in (90, 180, 270):
        turned = views[f"product_turned_{degrees}"]
        assert np.array_equal(np.rot90(turned, -degrees // 90), views["product"])


def test_a_views_name_says_whether_it_is_of_a_product() -> None:
    for kind in ("logo", "product"):
        names = [name for name, _ in reference_views(_logo(), kind=kind)]
        assert {shows_product(name) for name in names} == {kind == "product"}


def test_an_empty_picture_is_left_alone() -> None:
    blank = np.full((10, 10, 3), 7, np.uint8)
    assert trim(blank) is blank
    assert reference_views(blank, kind="logo")
