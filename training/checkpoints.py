"""What all trainers share: a checkpoint that is whole or not there, and how the rate of learning goes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch


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
