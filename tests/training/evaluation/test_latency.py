from __future__ import annotations

import time

from training.evaluation.latency import timed
from training.evaluation.report import quietly


def test_waiting_costs_time_but_no_processor() -> None:
    shown = []
    # Threads that earlier tests left behind may still be at work, for a moment.
    found = [
        timed(lambda _: time.sleep(0.01), range(5), progress=lambda items, *about: shown.append(about) or items)
        for _ in range(10)
    ]
    assert all(one["median_ms"].value >= 10 for one in found)
    assert min(one["median_processor_ms"].value for one in found) < 5
    assert shown[0] == (5, "latency")


def test_the_warm_up_is_not_timed() -> None:
    calls: list[int] = []
    assert timed(calls.append, list(range(20)), progress=quietly)["median_ms"].count == 20
    assert calls[:3] == [0, 1, 0]
