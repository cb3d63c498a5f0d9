from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.regions import RgbImage
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos, may_be_one_brand
from training.verifier.drawing import Drawn, draw_pairs
from training.verifier.pairs import Pair
from training.verifier.proposed import PROPOSED
from training.verifier.rivals import AGAIN, beside_nearest, with_hard_references, with_rivals


def mean_colours(pictures: Sequence[RgbImage]) -> NDArray[np.float32]:
    """Unit vectors by which pictures of one colour are alike."""
    means = np.array([picture.reshape(-1, 3).mean(axis=0) - 127 for picture in pictures], np.float32)
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw_pairs(load_logos()[200:240], count=60, seed=3, backgrounds=Backgrounds())


@pytest.fixture(scope="module")
def settled(drawn: Drawn) -> list[Pair]:
    frames = np.stack([reference.frame for reference in drawn.prepared()])
    return with_rivals(drawn, frames, embed=mean_colours, seed=2)


def test_every_pair_gets_a_reference_and_what_is_unrelated_one_of_another_brand(
    drawn: Drawn, settled: list[Pair]
) -> None:
    for pair in settled:
        assert pair.reference >= 0
        if pair.label == "unrelated":
            assert not may_be_one_brand(drawn.brands[pair.reference], pair.brand)
            assert np.isnan(pair.quad).all()
            assert pair.changed.max() == 0
        else:
            assert drawn.brands[pair.reference] == pair.brand


def test_regions_stand_again_beside_what_they_do_not_show(drawn: Drawn, settled: list[Pair]) -> None:
    again = [pair for pair in settled if pair.edit == AGAIN]
    related = [pair for pair in settled if pair.label != "unrelated"]
    assert 0.2 * len(related) < len(again) < 0.6 * len(related)
    assert len(settled) == len(drawn.pairs) + len(again)
    shown = [pair.region for pair in related]
    assert all(any(pair.region is region for region in shown) for pair in again)


def test_a_seed_chooses_the_same_references(drawn: Drawn, settled: list[Pair]) -> None:
    frames = np.stack([reference.frame for reference in drawn.prepared()])
    again = with_rivals(drawn, frames, embed=mean_colours, seed=2)
    assert [pair.reference for pair in again] == [pair.reference for pair in settled]


def test_where_one_brand_is_known_any_other_is_taken(drawn: Drawn) -> None:
    pair = replace(drawn.pairs[0], label="unrelated", reference=-1, brand="Acme")
    few = Drawn([pair] * 8, drawn.pictures[:2], ["acme", "other"])
    frames = np.stack([reference.frame for reference in few.prepared()])
    assert {pair.reference for pair in with_hard_references(few, frames, seed=1)} == {1}


def test_what_is_proposed_stands_beside_the_likest_unless_it_may_show_one(drawn: Drawn) -> None:
    def plain(red: int, green: int) -> RgbImage:
        return np.full((40, 60, 3), (red, green, 30), np.uint8)

    known = Drawn([], [plain(250, green) for green in range(0, 250, 25)], ["any"] * 10)
    proposal = replace(drawn.pairs[0], brand="", reference=-1, label="unrelated", edit=PROPOSED)
    shows_one, shows_none = replace(proposal, region=plain(250, 0)), replace(proposal, region=plain(120, 250))
    assert beside_nearest([shows_one], known, embed=mean_colours, seed=1) == []
    found = beside_nearest([shows_none], known, embed=lambda pictures: mean_colours(pictures) * 0.8, seed=1)
    assert len(found) == 2
    assert len({pair.reference for pair in found}) == 2
    assert min(pair.reference for pair in found) >= 2, "the two that are least alike are not among the nearest eight"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("google", "googlechrome", True),
        ("Arla Ko", "arla", True),
        ("MILD & CREAMY", "Mild", True),
        ("go", "google", False),
        ("bmw", "nike", False),
        ("", "nike", False),
        ("3m", "3M", True),
    ],
)
def test_names_that_may_be_one_brands(one: str, other: str, same: bool) -> None:
    assert may_be_one_brand(one, other) is same
    assert may_be_one_brand(other, one) is same
