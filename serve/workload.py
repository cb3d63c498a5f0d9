"""How much work is taken on: so much at a time, so much waiting, and the rest is told to come back."""

from __future__ import annotations

import asyncio
import contextvars
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from prometheus_client import Gauge

from serve.protocol.problems import Problem, unavailable

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

SMOOTHING = 0.1
"""Weight of the newest duration in the running mean."""


class Workload:
    """Runs computations in threads, `at_once` of them, with at most `waiting` more in line.

    The networks, OpenCV and FAISS let go of Python's lock while they compute, so threads use all cores.
    Call `run` from one event loop.
    """

    def __init__(self, *, at_once: int, waiting: int, timeout_seconds: float, gauge: Gauge) -> None:
        self._at_once = at_once
        self._most = at_once + waiting
        self._timeout_seconds = timeout_seconds
        self._turns = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="scan")
        self._mean_seconds = 0.05
        self._gauge = gauge
        self._pending = 0

    async def run(
        self, function: Callable[Arguments, Answer], *arguments: Arguments.args, **named: Arguments.kwargs
    ) -> Answer:
        """`function(*arguments, **named)`, in a thread. Raises `Problem` (503) when there is too much to do."""
        if self._pending >= self._most:
            raise self._overloaded()
        self._count(1)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            self._count(-1)
            raise self._overloaded() from error
        except BaseException:
            self._count(-1)
            raise
        context = contextvars.copy_context()
        start = time.monotonic()
        future = asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: context.run(function, *arguments, **named)
        )
        # The turn ends with the thread's work, even when the caller went away before.
        future.add_done_callback(lambda _: self._done(time.monotonic() - start))
        return await asyncio.shield(future)

    def close(self) -> None:
        """Wait for what runs; nothing may be started afterwards."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _count(self, change: int) -> None:
        self._pending += change
        self._gauge.set(self._pending)

    def _done(self, seconds: float) -> None:
        self._mean_seconds += SMOOTHING * (seconds - self._mean_seconds)
        self._count(-1)
        self._turns.release()

    def _overloaded(self) -> Problem:
        seconds = max(1, math.ceil(self._pending * self._mean_seconds / self._at_once))
        return unavailable(
            "overloaded",
            f"More pictures arrive than can be read; send this one again in {seconds} seconds.",
            retry_seconds=seconds,
        )
