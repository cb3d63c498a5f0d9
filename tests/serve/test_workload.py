from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine

import pytest
from prometheus_client import Gauge

from serve.protocol.problems import Problem
from serve.workload import Workload


def run(steps: Callable[[Workload, threading.Event], Coroutine[None, None, None]], *, waiting: int) -> None:
    """Run `steps` with a workload of one at a time; the event lets blocked work end."""

    async def inside() -> None:
        gauge = Gauge("pending", "pending", registry=None)
        workload = Workload(at_once=1, waiting=waiting, timeout_seconds=0.2, gauge=gauge)
        go_on = threading.Event()
        try:
            await steps(workload, go_on)
        finally:
            go_on.set()
            await asyncio.to_thread(workload.close)

    asyncio.run(inside())


def test_answers_and_errors_come_through() -> None:
    async def steps(workload: Workload, _: threading.Event) -> None:
        assert await workload.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await workload.run(divmod, 7, 0)
        assert await workload.run(int, "11", base=2) == 3

    run(steps, waiting=0)


def test_what_finds_no_place_is_told_to_come_back() -> None:
    async def steps(workload: Workload, go_on: threading.Event) -> None:
        first = asyncio.create_task(workload.run(go_on.wait, 5))
        await asyncio.sleep(0.01)
        with pytest.raises(Problem) as refused:
            await workload.run(int)
        assert (refused.value.status_code, refused.value.code) == (503, "overloaded")
        assert int((refused.value.headers or {})["Retry-After"]) >= 1
        go_on.set()
        assert await first
        assert await workload.run(int) == 0

    run(steps, waiting=0)


def test_what_waits_too_long_is_told_to_come_back() -> None:
    async def steps(workload: Workload, go_on: threading.Event) -> None:
        first = asyncio.create_task(workload.run(go_on.wait, 5))
        await asyncio.sleep(0.01)
        with pytest.raises(Problem):
            await workload.run(int)
        go_on.set()
        assert await first
        assert await workload.run(int) == 0

    run(steps, waiting=1)


def test_a_caller_that_leaves_does_not_free_its_place_before_the_work_ends() -> None:
    async def steps(workload: Workload, go_on: threading.Event) -> None:
        first = asyncio.create_task(workload.run(go_on.wait, 5))
        await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(Problem):
            await workload.run(int)
        go_on.set()
        await asyncio.sleep(0.05)
        assert await workload.run(int) == 0

    run(steps, waiting=0)
