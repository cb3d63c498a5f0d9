import numpy as np
import pytest

from training.synthesis.fittings import _KINDS, fitting


@pytest.mark.parametrize("seed", range(12))
def test_a_part_is_about_as_large_as_asked_and_partly_opaque(seed: int) -> None:
    part = fitting(np.random.default_rng(seed), side=60)
    assert part.dtype == np.uint8
    assert 20 <= max(part.shape[:2]) <= 60
    assert part[..., 3].max() == 255


@pytest.mark.parametrize("kind", _KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_can_be_drawn_small(kind) -> None:
    for seed in range(20):
        drawn = kind(np.random.default_rng(seed), 20)
        assert drawn.ndim == 3
        assert drawn.shape[2] == 4


def test_a_seed_draws_the_same_part_again() -> None:
    first, second = (fitting(np.random.default_rng(5), side=80) for _ in range(2))
    assert np.array_equal(first, second)
