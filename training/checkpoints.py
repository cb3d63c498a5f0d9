"""What all trainers share: what tells their files apart, checkpoints, and how the rate of learning goes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.whole_files import written_whole


def digest_of_file(path: Path | None) -> str | None:
    """What tells the weights that a training begins from: SHA-256; None for none."""
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_arrays(arrays: Iterable[NDArray[Any]]) -> str:
    """What tells the pictures or numbers that a training learns from: SHA-256 of their shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.shape, array.dtype.str)).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def digest_of_network(network: torch.nn.Module) -> str:
    """What tells the weights of a network: SHA-256."""
    return digest_of_arrays(value.detach().cpu().numpy() for value in network.state_dict().values())


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write `state`; an interruption leaves the old checkpoint whole."""
    with written_whole(path) as beside:
        torch.save(state, beside)


def rate_share(step: int, *, steps: int, warm_up_steps: int) -> float:
    """The share of the peak rate at a step from 0: a linear warm-up, then a half cosine down to 2 %."""
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    along = (step - warm_up_steps) / max(1, steps - warm_up_steps)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * along))
