"""What all trainers share: files that are whole or not there, and how the rate of learning goes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


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


def write_whole(path: Path, text: str) -> None:
    """Write beside and rename, so that an interruption leaves what was there, or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write beside and rename, so that an interruption leaves the old checkpoint whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


def rate_share(step: int, *, steps: int, warm_up_steps: int) -> float:
    """The share of the peak rate at a step from 0: a linear warm-up, then a half cosine down to 2 %."""
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    along = (step - warm_up_steps) / max(1, steps - warm_up_steps)
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * along))
