import numpy as np
import pytest

from demo.camera import box_of, laid_on, photograph, printed
from demo.goods import GOODS
from demo.products import rectangle
from demo.surfaces import SIDE

RED = np.full((40, 80, 4), (200, 0, 0, 255), np.uint8)


def test_a_mark_keeps_its_proportions_in_the_middle_of_its_place():
    ink, cover = laid_on(RED, rectangle(100, 50, 200, 200), shape=(300, 400), share=0.5)
    box = box_of(cover)
    assert box is not None
    assert np.allclose(box, (150, 125, 100, 50), atol=1.5)
    assert np.allclose(ink[150, 200], (200, 0, 0), atol=1)
    assert cover[20, 20] == 0


def test_nothing_has_no_box():
    assert box_of(np.zeros((5, 5), np.float32)) is None


def test_a_print_on_a_cylinder_bends_but_stays_in_its_place():
    product = GOODS["can"]("#ffffff", np.random.default_rng(0))
    _, cover = printed(product, RED, share=1.0, rng=np.random.default_rng(0))
    flat = laid_on(RED, product.place, shape=(SIDE, SIDE), share=1.0)[1]
    bent, straight = box_of(cover), box_of(flat)
    assert bent is not None and straight is not None
    assert bent.width < straight.width
    assert bent.height > straight.height
    assert bent.iou(straight) > 0.7


@pytest.mark.parametrize("name", ["mug", "phone case"])
def test_a_photo_differs_with_its_mark_only_around_its_box(name):
    product = GOODS[name]("#e0e0e0", np.random.default_rng(1))
    backdrop = np.full((SIDE, SIDE, 3), 120, np.float32)
    with_mark, box = photograph(product, RED, backdrop=backdrop, share=0.9, rng=np.random.default_rng(2))
    without, nothing = photograph(product, None, backdrop=backdrop, share=0.9, rng=np.random.default_rng(2))
    assert box is not None and nothing is None
    assert with_mark.shape == without.shape == (SIDE, SIDE, 3) and with_mark.dtype == np.uint8
    redness = box.crop(with_mark)[..., 0].astype(int) - box.crop(with_mark)[..., 1]
    assert (redness > 60).mean() > 0.5
    outside = np.ones((SIDE, SIDE), bool)
    box.grown(0.2).crop(outside)[...] = False
    reds = with_mark[..., 0].astype(int) - with_mark[..., 1]
    assert (reds[outside] > 60).mean() < 0.001
