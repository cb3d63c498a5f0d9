"""Numbers too small to be normal, which make convolutions on a CPU ten times slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def denormals_as_zero() -> Iterator[None]:
    """Within, torch takes denormal numbers for 0; afterwards they are numbers again, for whatever runs next."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
