"""How long the networks take on one thread, each picture by itself, preprocessing included."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from model.bundle import ModelBundle
from training.evaluation.datasets import Photo
from training.evaluation.intervals import median_interval
from training.evaluation.report import Progress, Table

PHOTOS = 60
"""Photos that are timed, after as many as a tenth of them to warm up."""


def latency(photos: Sequence[Photo], *, bundle: ModelBundle, progress: Progress) -> Table:
    """Median milliseconds; `bundle` must have been loaded with one thread."""
    images = [photo.read() for photo in photos[:PHOTOS]]
    regions = [photo.marks[0].box.crop(image) for photo, image in zip(photos, images, strict=False)]
    embedding = timed(lambda region: bundle.embedder.embed([region]), regions, progress=progress)
    detection = timed(bundle.detector.detect, images, progress=progress)
    rows = {
        "embedding_one_region": {"median_ms": median_interval(embedding)},
        "detector_one_photo": {"median_ms": median_interval(detection)},
    }
    return Table("Latency on one thread", rows, {"note": "what else the machine does is in these figures"})


def timed(work: Callable[[Any], object], items: Sequence[Any], *, progress: Progress) -> list[float]:
    """Milliseconds of `work` on each item, after a tenth of them to warm up."""
    for item in items[: max(1, len(items) // 10)]:
        work(item)
    times = []
    for item in progress(items, len(items), "latency"):
        began = time.perf_counter()
        work(item)
        times.append((time.perf_counter() - began) * 1000)
    return times
