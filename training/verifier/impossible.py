"""What cannot be drawn is left out, up to a point: from there on something is wrong with what draws."""

from __future__ import annotations

from typing import Final

MOST: Final = 50
"""Times as many as are wanted, that may be impossible: a logo may lack what every second imitation needs."""


class Impossible:
    """Counts what could not be drawn, of so many that are `wanted`."""

    def __init__(self, wanted: int) -> None:
        self._left = MOST * max(wanted, 1)

    def note(self, error: ValueError) -> None:
        """One more was impossible. Raises `RuntimeError`, from `error`, where hardly any is possible."""
        self._left -= 1
        if self._left < 0:
            raise RuntimeError(f"hardly anything can be drawn; the last time because: {error}") from error
