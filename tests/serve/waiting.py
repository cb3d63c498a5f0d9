"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def eventually(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Look until the condition holds; the last look begins `seconds` from now, however long a look takes."""
    end = time.monotonic() + seconds
    while True:
        last = time.monotonic() >= end
        if condition():
            return
        assert not last, f"not within {seconds} s"
        time.sleep(0.01)
