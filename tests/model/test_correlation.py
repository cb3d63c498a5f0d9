from __future__ import annotations

import numpy as np
import pytest

from model.correlation import correlated


def test_one_channel_is_pearsons() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 50, 1))
    assert correlated(one, other) == pytest.approx(np.corrcoef(one[:, 0], other[:, 0])[0, 1])


def test_level_and_scale_say_nothing_and_channels_have_levels_of_their_own() -> None:
    picture = np.random.default_rng(1).normal(size=(6, 7, 2))
    assert correlated(picture, 3 * picture + np.array([40.0, -9.0])) == pytest.approx(1.0)
    assert correlated(picture, -picture) == pytest.approx(-1.0)


def test_what_is_flat_is_like_nothing() -> None:
    assert correlated(np.ones((5, 2)), np.random.default_rng(2).normal(size=(5, 2))) == 0.0
