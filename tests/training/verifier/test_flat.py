from __future__ import annotations

import numpy as np
import pytest

from model.regions import RgbImage
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos, rasterise
from training.verifier.flat import LONGER_SIDE, Flat
from training.verifier.layout import rectangle
from training.verifier.pairs import draw_pair

LOGOS = load_logos()[200:240]


@pytest.mark.parametrize("seed", range(12))
def test_a_flat_mark_lies_where_its_box_and_corners_say(seed: int) -> None:
    mark = rasterise(LOGOS[seed], width=256)
    placed = Flat().placed(mark, rectangle(mark.shape), rng=np.random.default_rng(seed), plain=False)
    photo, box = placed.photo, placed.box
    assert placed.corners[0] == pytest.approx([box.x, box.y])
    assert placed.corners[2] == pytest.approx([box.x + box.width, box.y + box.height])
    assert max(box.width, box.height) <= LONGER_SIDE[1]
    assert _contrast(box.crop(photo)) > 40, "it can be seen"
    beside = photo[: max(int(box.y), 1)]
    assert _contrast(beside) <= _contrast(photo)


def _contrast(part: RgbImage) -> int:
    return int(np.ptp(part, axis=(0, 1)).max())


def test_what_is_looked_at_is_the_mark_or_a_picture_that_is_hardly_more() -> None:
    rng, mark = np.random.default_rng(2), rasterise(LOGOS[3], width=256)
    shares = set()
    for _ in range(60):
        placed = Flat().placed(mark, rectangle(mark.shape), rng=rng, plain=True)
        found = Flat().found(placed, rng)
        shares.add(found == placed.box)
        assert found.width < 1.8 * placed.box.width
        assert found.height < 1.8 * placed.box.height
    assert shares == {True, False}


@pytest.mark.parametrize("label", ["genuine", "smear", "imitation"])
def test_a_flat_pair_is_drawn_from_its_seed(label: str) -> None:
    first, second = (
        draw_pair(
            LOGOS, 5, label=label, rng=np.random.default_rng(9), backgrounds=Backgrounds(), unseen=False, showing=Flat()
        )
        for _ in range(2)
    )
    assert (first.region == second.region).all()
    assert (first.changed.max() > 0) == (label != "genuine")
