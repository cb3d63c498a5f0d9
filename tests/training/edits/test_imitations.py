import numpy as np
import pytest

from training.edits.imitations import HELD_OUT_IMITATIONS, IMITATIONS, LEAST_CHANGE, any_imitation, change, imitate
from training.edits.redrawn import ImpossibleEditError, take_apart
from training.synthesis.logos import Logo, rasterise

WORD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 30">'
    '<path fill="#d22" d="M0 0h18v6h-12v6h10v6h-10v12h-6z"/>'
    '<path fill="#222" d="M24 0h6v24h12v6h-18zM48 0h20v30h-20zM53 5v20h10v-20z"/>'
    '<path fill="#26c" d="M74 0h6l8 20l6-20h6l-9 30h-7z"/></svg>'
)
LOGO = Logo(brand="flov", name="flov", package="test", svg=WORD, monochrome=False)
BAR = Logo(
    brand="bar",
    name="bar",
    package="test",
    svg='<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v3h-7z"/></svg>',
    monochrome=True,
)


@pytest.mark.parametrize("kind", IMITATIONS)
def test_an_imitation_is_visible_and_still_looks_like_the_mark(kind):
    genuine = rasterise(LOGO, width=320)
    for seed in range(3):
        edited = imitate(LOGO, kind=kind, rng=np.random.default_rng(seed), others=[BAR])
        assert edited.dtype == np.uint8
        assert LEAST_CHANGE <= change(genuine, edited) <= 0.9


def test_a_letter_with_its_hole_is_one_part():
    parts = take_apart(LOGO).parts
    assert [len(part.outlines) for part in parts] == [1, 1, 2, 1]


def test_taking_apart_and_putting_together_changes_nothing():
    again = Logo(**{**LOGO.__dict__, "svg": take_apart(LOGO).svg()})
    assert change(rasterise(LOGO, width=200), rasterise(again, width=200)) < 0.01


def test_a_removed_part_is_missing():
    whole = take_apart(LOGO)
    genuine = rasterise(LOGO, width=320)
    edited = imitate(LOGO, kind="part_removed", rng=np.random.default_rng(0))
    assert len(whole.parts) == 4
    share = (edited[..., 3] > 127).sum() / edited.shape[1] ** 2
    assert share != pytest.approx((genuine[..., 3] > 127).sum() / genuine.shape[1] ** 2, rel=0.05)


@pytest.mark.parametrize("kind", ["part_removed", "letters_swapped", "colours_swapped", "half_mirrored"])
def test_what_a_logo_does_not_offer_is_refused(kind):
    with pytest.raises(ImpossibleEditError):
        imitate(BAR, kind=kind, rng=np.random.default_rng(0))


def test_any_imitation_finds_a_kind_that_works():
    kind, picture = any_imitation(BAR, kinds=["letters_swapped", "shape_added"], rng=np.random.default_rng(2))
    assert kind == "shape_added"
    assert picture.shape[-1] == 4


def test_the_same_seed_gives_the_same_imitation():
    for kind in IMITATIONS:
        first, second = (imitate(LOGO, kind=kind, rng=np.random.default_rng(5), others=[BAR]) for _ in range(2))
        assert first.shape == second.shape
        assert (first == second).all()


def test_an_unknown_kind_is_named():
    with pytest.raises(KeyError, match="abracadabra"):
        imitate(LOGO, kind="abracadabra", rng=np.random.default_rng(0))


def test_some_kinds_are_kept_out_of_fitting():
    assert len(HELD_OUT_IMITATIONS) >= 3
    assert set(HELD_OUT_IMITATIONS) < set(IMITATIONS)
