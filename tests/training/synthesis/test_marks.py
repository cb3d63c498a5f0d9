from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np

from training.synthesis.logos import load_logos
from training.synthesis.marks import draw_mark, turned

FACE = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
LOGOS = load_logos()[::100]


def test_one_seed_gives_one_mark_and_marks_differ() -> None:
    first, second, other = (draw_mark(LOGOS, fonts=[FACE], rng=np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert np.array_equal(first, second)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_every_mark_has_ink_and_no_empty_picture_around_it() -> None:
    for seed in range(60):
        mark = draw_mark(LOGOS, fonts=[FACE], rng=np.random.default_rng(seed))
        assert mark.dtype == np.uint8
        assert mark.shape[2] == 4
        rows, columns = (np.flatnonzero(mark[..., 3].max(axis=axis) > 30) for axis in (1, 0))
        assert rows.size > 0.5 * len(mark)
        assert columns.size > 0.5 * mark.shape[1]


def test_without_logos_every_mark_is_a_word() -> None:
    marks = [draw_mark([], fonts=[FACE], rng=np.random.default_rng(seed)) for seed in range(12)]
    assert np.mean([mark.shape[1] / mark.shape[0] for mark in marks]) > 2


def test_a_turned_mark_loses_no_ink() -> None:
    mark = np.full((40, 90, 4), 255, np.uint8)
    inks = [float(turned(mark, np.random.default_rng(seed))[..., 3].sum()) for seed in range(20)]
    assert np.allclose(inks, float(mark[..., 3].sum()), rtol=0.03)
    assert {turned(mark, np.random.default_rng(seed)).shape for seed in range(20)} > {mark.shape}
