import re

import cv2
import numpy as np
import pytest

from demo.brands import BRANDS, NOBODYS_BRANDS, REFERENCE_SIDE, colour_of, references, rgb
from training.synthesis.logos import Logo, load_logos


@pytest.fixture(scope="module")
def logos():
    return {logo.name: logo for logo in load_logos()}


def test_at_least_forty_brands_are_registered_and_none_of_nobodys(logos):
    assert len(BRANDS) >= 40
    assert len(set(BRANDS.values())) == len(BRANDS)
    assert not BRANDS.keys() & NOBODYS_BRANDS.keys()
    assert logos.keys() >= BRANDS.keys() | NOBODYS_BRANDS.keys()


def test_references_show_the_mark_on_both_grounds_with_a_margin(logos):
    on_white, black, on_colour = (
        cv2.imdecode(np.frombuffer(reference.png, np.uint8), cv2.IMREAD_COLOR_RGB)
        for reference in references(logos["ferrari"])
    )
    colour = rgb(colour_of(logos["ferrari"]))
    for picture, ground in ((on_white, (255, 255, 255)), (black, (255, 255, 255)), (on_colour, colour)):
        assert picture.shape == (REFERENCE_SIDE, REFERENCE_SIDE, 3)
        assert (picture[[0, -1]] == ground).all() and (picture[:, [0, -1]] == ground).all()
        assert 0.02 < (np.abs(picture.astype(int) - ground).max(axis=-1) > 60).mean() < 0.7
    assert np.array_equal(np.unique(black[..., 0] == black[..., 1]), [True])


def test_every_brand_has_a_colour_that_is_seen_on_white(logos):
    for slug in BRANDS:
        assert np.linalg.norm(np.subtract(rgb(colour_of(logos[slug])), (255, 255, 255))) > 80, slug


def test_a_logo_without_a_colour_is_refused(logos):
    plain = re.sub(r'color="#[0-9A-Fa-f]{6}"', "", logos["nike"].svg)
    with pytest.raises(ValueError, match="names no colour"):
        colour_of(Logo("nike", "nike", "simpleicons", plain, True))
