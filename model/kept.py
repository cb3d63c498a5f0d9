"""What is worked out of a reference when it is first asked for, and kept as long as the reference itself."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from model.alignment import PreparedReference

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
