"""How fast a scan is, beside the plain way and a perceptual hash, in one interleaved run.

Every round sends one real photo through the running service, computes the same picture the plain way (torch eager
ResNet-50 on the same regions, FAISS Flat) and hashes it with PDQ. The service and the plain way each have one core.
The plain way's weights and index are random numbers: they change what it answers, not how long it takes.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import cv2
import faiss
import numpy as np
import pdqhash
import torch
import torchvision
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import listing_photos, reference_pictures
from client.api import Hallmark
from client.service import Service, running_service
from model.bundle import load_bundle
from model.panels import panels
from model.regions import Region, RgbImage, whole_image
from model.released import bundle_folder
from serve.scanning.proposals import proposed

SIDE_PIXELS = 1200
PLAIN_DIMENSION = 2048
STEPS = ("decode", "propose", "embed", "read", "search", "verify")
console = Console()

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    references: int
    rounds: int
    warm_up: int
    parallel_scans: int


FULL = Size(references=10_000, rounds=150, warm_up=10, parallel_scans=200)
QUICK = Size(references=150, rounds=15, warm_up=3, parallel_scans=20)


class PlainWay:
    """What one would write first: every region through ResNet-50, then exact nearest neighbours."""

    def __init__(self, *, references: int) -> None:
        torch.set_num_threads(1)
        faiss.omp_set_num_threads(1)
        self._network = torchvision.models.resnet50(weights=None).eval()
        self._network.fc = torch.nn.Identity()
        self._index = faiss.IndexFlatIP(PLAIN_DIMENSION)
        rng = np.random.default_rng(0)
        self._index.add(rng.standard_normal((references, PLAIN_DIMENSION), dtype=np.float32))

    def scan(self, data: bytes, regions: Sequence[Region]) -> None:
        """Decode, embed each region at 224 px and search."""
        image = _decoded(data)
        crops = np.stack([cv2.resize(region.box.crop(image), (224, 224)) for region in regions])
        with torch.inference_mode():
            pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float().div(255)
            vectors = torch.nn.functional.normalize(self._network(pixels)).numpy()
        self._index.search(vectors, 5)


def hash_whole_image(data: bytes) -> None:
    """Decode and compute the PDQ hash."""
    pdqhash.compute(_decoded(data))


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__, quick="under a minute, with few references: only a smoke test")
    size = QUICK if parser.parse_args().quick else FULL
    source, photos = listing_photos(count=size.rounds, side=SIDE_PIXELS, seed=1)
    with tempfile.TemporaryDirectory(prefix="hallmark-benchmark-") as folder:
        home = Path(folder)
        with pinned({0}), running_service(home, processes=1) as service:
            key = service.create_key("platform")
            with Hallmark(service.url, key=key) as api, pinned(_last_core()):
                _register(api, size.references)
                figures = _interleaved(api, photos, size)
            figures["images_per_second_1_process"] = _throughput(service, key, photos, size)
        with running_service(home, processes=2) as service:
            figures["images_per_second_2_processes"] = _throughput(service, key, photos, size)
    _print(figures, source=source, size=size)


def _register(api: Hallmark, count: int) -> None:
    pictures = reference_pictures(count=count)
    for name, picture in track(pictures, total=count, description="references", console=console):
        api.add_reference(api.create_brand(name)["id"], picture, kind="logo")


def _interleaved(api: Hallmark, photos: Sequence[bytes], size: Size) -> dict[str, Any]:
    bundle = load_bundle(bundle_folder())
    plain = PlainWay(references=size.references)
    for data in photos[: size.warm_up]:
        api.scan(data)
        plain.scan(data, [whole_image(_decoded(data))])
    ours, plainly, hashed, results = [], [], [], []
    for data in track(photos, description="scans", console=console):
        image = _decoded(data)
        regions = proposed(image, bundle, panels=panels(image))
        result, milliseconds = _timed(api.scan, data)
        results.append(result)
        ours.append(milliseconds)
        plainly.append(_timed(plain.scan, data, regions)[1])
        hashed.append(_timed(hash_whole_image, data)[1])
    steps = {step: statistics.median(result["timings_ms"][step] for result in results) for step in STEPS}
    return {
        **_percentiles("", ours),
        **_percentiles("plain_", plainly),
        **_percentiles("pdq_", hashed),
        "images_per_second": 1000.0 / statistics.fmean(ours),
        "plain_images_per_second": 1000.0 / statistics.fmean(plainly),
        "pdq_images_per_second": 1000.0 / statistics.fmean(hashed),
        "throughput_ratio": statistics.fmean(plainly) / statistics.fmean(ours),
        "steps_ms": steps,
        "findings_per_photo": statistics.fmean(len(result["findings"]) for result in results),
    }


def _throughput(service: Service, key: str, photos: Sequence[bytes], size: Size) -> float:
    """Images a second with four clients at once."""
    with Hallmark(service.url, key=key) as api, ThreadPoolExecutor(4) as clients:
        batch = [photos[number % len(photos)] for number in range(size.parallel_scans)]
        list(clients.map(api.scan, batch[: size.warm_up]))
        start = time.perf_counter()
        list(clients.map(api.scan, batch))
        return len(batch) / (time.perf_counter() - start)


def _print(figures: dict[str, Any], *, source: str, size: Size) -> None:
    table = Table(title=f"{size.rounds} {source}, {SIDE_PIXELS}×{SIDE_PIXELS}, {size.references} references, one core")
    for column in ("way", "p50 ms", "p95 ms", "p99 ms", "images/s"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way, prefix in (
        ("Hallmark, over HTTP", ""),
        ("plain: ResNet-50 + Flat", "plain_"),
        ("PDQ, whole image", "pdq_"),
    ):
        row = [figures[f"{prefix}{name}"] for name in ("p50_ms", "p95_ms", "p99_ms", "images_per_second")]
        table.add_row(way, *(f"{value:.1f}" for value in row))
    console.print(table)
    console.print("median ms by step: " + ", ".join(f"{step} {ms:.1f}" for step, ms in figures["steps_ms"].items()))
    console.print(
        f"four clients at once: {figures['images_per_second_1_process']:.1f} images/s on 1 process and core, "
        f"{figures['images_per_second_2_processes']:.1f} on 2"
    )
    print(json.dumps({"references": size.references, **figures}))


def _percentiles(prefix: str, milliseconds: Sequence[float]) -> dict[str, float]:
    return {f"{prefix}p{q}_ms": float(np.percentile(milliseconds, q)) for q in (50, 95, 99)}


def _timed(action: Callable[..., Answer], *content: Any) -> tuple[Answer, float]:
    """What `action` returns of `content`, and its milliseconds."""
    start = time.perf_counter()
    answer = action(*content)
    return answer, (time.perf_counter() - start) * 1000.0


def _decoded(data: bytes) -> RgbImage:
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError("a photo of the benchmark cannot be read; copy the data anew")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Keep this thread, and what it starts, on `cores` where the system can do that (Linux)."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores & before or before)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _last_core() -> set[int]:
    return {(os.cpu_count() or 1) - 1}


if __name__ == "__main__":
    main()
