import numpy as np
import pytest

from demo.listings import PRODUCTS
from demo.products import darker
from demo.scenery import TOPS, before_a_wall
from demo.surfaces import SIDE, draw, inflated, lit


@pytest.mark.parametrize("name", PRODUCTS)
def test_the_place_of_the_mark_lies_on_the_product(name):
    product = PRODUCTS[name]("#3060a0", np.random.default_rng(3))
    assert product.paint.shape == (SIDE, SIDE, 4)
    assert product.light.shape == product.shine.shape == (SIDE, SIDE)
    assert np.isfinite(product.light).all() and product.light.min() >= 0
    assert product.shine.min() >= 0 and product.shine.max() <= 1
    for x, y in product.place:
        assert product.paint[int(y), int(x), 3] > 0.99


@pytest.mark.parametrize("backdrop", [*TOPS, before_a_wall], ids=lambda backdrop: backdrop.__name__)
def test_backdrops_are_pictures_and_follow_their_seed(backdrop):
    first, again, other = (backdrop(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == (SIDE, SIDE, 3)
    assert 20 < first.mean() < 250
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_flat_surface_is_lit_as_it_is_and_a_cushion_is_brighter_towards_the_light():
    assert np.allclose(lit(np.zeros((20, 20), np.float32)), 1)
    mask = np.zeros((100, 100), np.float32)
    mask[20:80, 20:80] = 1
    light = lit(inflated(mask, radius=20, depth=15))
    assert light[30, 50] > 1 > light[70, 50]


def test_darker_mixes_with_black_and_white():
    assert darker("#808080", 0.5) == "#404040"
    assert darker("#000000", -1.0) == "#ffffff"


def test_what_is_not_svg_is_refused():
    with pytest.raises(ValueError):
        draw("<path d=")
