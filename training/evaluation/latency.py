"""How long the networks take on one thread, each picture by itself, preprocessing included.

Beside the time on the clock stands the processor's time, which other programs on the machine hardly change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import cv2

from model.bundle import ModelBundle
from training.evaluation.datasets import Photo
from training.evaluation.intervals import Estimate, median_interval
from training.evaluation.report import Progress, Table

PHOTOS = 60
"""Photos that are timed, after as many as a tenth of them to warm up."""


def latency(photos: Sequence[Photo], *, bundle: ModelBundle, progress: Progress) -> Table:
    """Median milliseconds; `bundle` must have been loaded with one thread."""
    images = [photo.read() for photo in photos[:PHOTOS]]
    regions = [photo.marks[0].box.crop(image) for photo, image in zip(photos, images, strict=False)]
    embedding = timed(lambda region: bundle.embedder.embed([region]), regions, progress=progress)
    detection = timed(bundle.detector.detect, images, progress=progress)
    return Table("Latency on one thread", {"embedding_one_region": embedding, "detector_one_photo": detection})


def timed(work: Callable[[Any], object], items: Sequence[Any], *, progress: Progress) -> dict[str, Estimate]:
    """Median milliseconds of `work` on an item, after a tenth of them to warm up: of the clock and of the processor.

    OpenCV has one thread meanwhile, as where scans are served.
    """
    clock, processor = [], []
    with _one_opencv_thread():
        for item in items[: max(1, len(items) // 10)]:
            work(item)
        for item in progress(items, len(items), "latency"):
            began, busy = time.perf_counter(), time.process_time()
            work(item)
            processor.append((time.process_time() - busy) * 1000)
            clock.append((time.perf_counter() - began) * 1000)
    return {"median_ms": median_interval(clock), "median_processor_ms": median_interval(processor)}


@contextmanager
def _one_opencv_thread() -> Iterator[None]:
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
