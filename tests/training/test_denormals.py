from __future__ import annotations

import pytest
import torch

from training.denormals import denormals_as_zero

DENORMAL = 1e-310


def doubled() -> float:
    return float(torch.tensor(DENORMAL, dtype=torch.float64) * 2)


def test_denormal_numbers_are_nothing_within_and_numbers_afterwards() -> None:
    if not torch.set_flush_denormal(False):
        pytest.skip("this processor cannot take denormal numbers for 0")
    with denormals_as_zero():
        assert doubled() == 0
    assert doubled() > 0


def test_a_training_that_fails_leaves_numbers_as_they_were() -> None:
    with pytest.raises(KeyboardInterrupt), denormals_as_zero():
        raise KeyboardInterrupt
    assert doubled() > 0
