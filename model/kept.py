"""What is worked out of a reference when it is first asked for, and kept as long as the reference itself.

And what is worked out of a picture, and kept until another one comes.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np

from model.alignment import PreparedReference
from model.regions import RgbImage

Answer = TypeVar("Answer")


class Kept(Generic[Answer]):
    """Answers by reference; safe to use from several threads, of which two may work out the same at a time."""

    def __init__(self, work_out: Callable[[PreparedReference], Answer]) -> None:
        self._work_out = work_out
        self._lock = threading.Lock()
        self._answers: weakref.WeakKeyDictionary[PreparedReference, Answer] = weakref.WeakKeyDictionary()

    def of(self, reference: PreparedReference) -> Answer:
        """The answer for `reference`."""
        with self._lock:
            if reference in self._answers:
                return self._answers[reference]
        answer = self._work_out(reference)
        with self._lock:
            self._answers[reference] = answer
        return answer


class Latest(Generic[Answer]):
    """The answer for the picture that a thread asked about last: one picture is compared with several references."""

    def __init__(self, work_out: Callable[[RgbImage], Answer]) -> None:
        self._work_out = work_out
        self._latest = threading.local()

    def of(self, picture: RgbImage) -> Answer:
        """The answer for `picture`, which may be told from the last one by its pixels alone."""
        kept: tuple[RgbImage, Answer] | None = getattr(self._latest, "kept", None)
        if kept is None or not np.array_equal(kept[0], picture):
            kept = self._latest.kept = (picture.copy(), self._work_out(picture))
        return kept[1]


class Lazy(Generic[Answer]):
    """An answer that is worked out when it is first asked for; for one thread."""

    def __init__(self, work_out: Callable[[], Answer]) -> None:
        self._work_out = work_out

    @cached_property
    def value(self) -> Answer:
        """The answer."""
        return self._work_out()
