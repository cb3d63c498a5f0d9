"""How fast the index answers beside plainer ways, what it misses, and how long a change takes while it is searched.

Vectors are synthetic, in tight clusters as one brand's marks are; a query is one more member of a cluster, about as far
from all the others, which is the hard case for coarse codes. Queries come in batches of 8, the regions of a picture, on
one core. The ways take turns batch by batch, so that whatever else the machine does falls on all of them alike.
"""

# ruff: noqa: E402 - threads and the path must be set before numpy and the index are loaded

from __future__ import annotations

import os

# numpy's and FAISS's threads are set when they are loaded: every way gets one core.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

# Run as a file, this folder would come first, and `index` would be this script.
sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.command_line import parser_of
from index.columns import Columns
from index.interface import DIMENSION, Entry
from index.live import LiveIndex, LiveOptions
from index.segment import Segment

REGIONS = 8
K = 10
VIEWS = 4
CLUSTER = 40
SIZES = (10_000, 100_000)

Vectors = NDArray[np.float32]
Answer = NDArray[np.int64]
"""The `K` nearest rows of each query, shape (n, K), best first."""


def main() -> None:
    """Measure and print."""
    quick = parser_of(__doc__, quick="under a minute: fewer queries and changes").parse_args().quick
    console = Console(stderr=False)
    figures: dict[str, float] = {}
    table = Table("vectors", "way", "ms a query (median)", "recall@1", f"recall@{K}", title="search")
    for size in SIZES:
        for way, (milliseconds, first, all_of_k) in search_figures(size, batches=25 if quick else 150).items():
            table.add_row(f"{size:,}", way, f"{milliseconds:.3f}", f"{first:.4f}", f"{all_of_k:.4f}")
            key = f"{way.replace(' ', '_')}_{size}"
            figures |= {f"{key}_ms": round(milliseconds, 4), f"{key}_recall_at_1": round(first, 4)}
    console.print(table)
    changes = Table("change", "p50 ms", "p99 ms", title=f"changes of {VIEWS} vectors while two threads search")
    for change, milliseconds_taken in change_figures(SIZES[0], changes=600 if quick else 3000).items():
        p50, p99 = np.percentile(milliseconds_taken, [50, 99])
        changes.add_row(change, f"{p50:.2f}", f"{p99:.2f}")
        figures |= {f"{change}_p50_ms": round(float(p50), 3), f"{change}_p99_ms": round(float(p99), 3)}
    console.print(changes)
    sys.stdout.write(json.dumps(figures) + "\n")


def search_figures(size: int, *, batches: int) -> dict[str, tuple[float, float, float]]:
    """For each way: median milliseconds a query, recall@1 and recall@K against the exact answer."""
    rng = np.random.default_rng(1)
    vectors = clustered(size, rng)
    ways = ways_over(vectors)
    taken: dict[str, list[float]] = {way: [] for way in ways}
    answers: dict[str, list[Answer]] = {way: [] for way in ways}
    for _ in track(range(batches), description=f"{size:,} vectors", console=Console(stderr=True), transient=True):
        queries = queries_near(vectors, rng)
        for way, ask in ways.items():
            start = time.perf_counter()
            answer = ask(queries)
            taken[way].append((time.perf_counter() - start) * 1000 / REGIONS)
            answers[way].append(answer)
    truth = np.concatenate(answers["numpy exact"])
    figures = {}
    for way in ways:
        found = np.concatenate(answers[way])
        shared = [len(set(mine) & set(right)) / K for mine, right in zip(found.tolist(), truth.tolist(), strict=True)]
        figures[way] = (
            statistics.median(taken[way]),
            float(np.mean(found[:, 0] == truth[:, 0])),
            statistics.mean(shared),
        )
    return figures


def ways_over(vectors: Vectors) -> dict[str, Callable[[Vectors], Answer]]:
    """Each way to answer, by name. The codes alone are here to show why the index never trusts them."""
    columns = Columns.of(entries_of(vectors))
    flat, coarse = (Segment.of(columns, vectors, flat_limit=limit) for limit in (len(vectors), 0))
    codes = coarse.coarse
    if codes is None:
        raise RuntimeError("a segment above its flat limit has no coarse codes")

    def by_numpy(queries: Vectors) -> Answer:
        scores = queries @ vectors.T
        near = np.argpartition(scores, -K, axis=1)[:, -K:]
        order = np.argsort(-np.take_along_axis(scores, near, axis=1), axis=1)
        return np.take_along_axis(near, order, axis=1)

    def by_index(base: Segment) -> Callable[[Vectors], Answer]:
        index = LiveIndex(LiveOptions())
        index.restore(base, version=1)
        return lambda queries: np.array([[hit.vector_id for hit in hits] for hits in index.search(queries, k=K)])

    def by_codes(queries: Vectors) -> Answer:
        rows: Answer = codes.search(queries, K)[1]
        return rows

    def by_brands(queries: Vectors) -> Answer:
        """The call that a scan makes. It answers another question: only its first hit compares with the others."""
        found = production.search_brands(queries, brands=K)
        return np.array([[hit.vector_id for hit in hits] for hits in found])

    production = LiveIndex(LiveOptions())
    production.restore(Segment.of(columns, vectors), version=1)
    return {
        "numpy exact": by_numpy,
        "flat": by_index(flat),
        "pq refined": by_index(coarse),
        "pq alone": by_codes,
        "brands": by_brands,
    }


def change_figures(size: int, *, changes: int) -> dict[str, list[float]]:
    """Milliseconds of each `add` and `remove` of a reference while two threads search without pause."""
    rng = np.random.default_rng(2)
    vectors = clustered(size + changes * VIEWS, rng)
    index = LiveIndex(LiveOptions())
    entries = entries_of(vectors)
    index.rebuild(entries[:size], version=1)
    done = threading.Event()

    def search(seed: int) -> None:
        draw = np.random.default_rng(seed)
        while not done.is_set():
            index.search_brands(queries_near(vectors, draw), brands=5)

    searchers = [threading.Thread(target=search, args=(seed,)) for seed in (3, 4)]
    for searcher in searchers:
        searcher.start()
    taken: dict[str, list[float]] = {"add": [], "remove": []}
    for number in track(range(changes), description="changes", console=Console(stderr=True), transient=True):
        new = entries[size + number * VIEWS : size + (number + 1) * VIEWS]
        start = time.perf_counter()
        index.add(new, version=2 * number + 2)
        added = time.perf_counter()
        index.remove(entries[number * VIEWS].reference_id, version=2 * number + 3)
        taken["add"].append((added - start) * 1000)
        taken["remove"].append((time.perf_counter() - added) * 1000)
    done.set()
    for searcher in searchers:
        searcher.join()
    index.close()
    return taken


def clustered(count: int, rng: np.random.Generator) -> Vectors:
    """`count` vectors of length 1, the members of `count / CLUSTER` clusters in turn; cosines in one are about 0.8."""
    centres = rng.normal(size=(count // CLUSTER, DIMENSION)).astype(np.float32)
    return unit(np.resize(centres, (count, DIMENSION)), noise=0.5, rng=rng)


def queries_near(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    """`REGIONS` new members of clusters of `vectors`; the mean of a cluster stands for its centre."""
    clusters = rng.integers(len(vectors) // CLUSTER, size=REGIONS)
    means = np.stack([vectors[cluster :: len(vectors) // CLUSTER].mean(axis=0) for cluster in clusters])
    return unit(means * DIMENSION**0.5, noise=0.5, rng=rng)


def unit(vectors: Vectors, *, noise: float, rng: np.random.Generator) -> Vectors:
    """`vectors` with normal noise of that standard deviation in each dimension, brought to length 1."""
    noisy: Vectors = vectors + noise * rng.normal(size=vectors.shape).astype(np.float32)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    return noisy


def entries_of(vectors: Vectors) -> Sequence[Entry]:
    """References of `VIEWS` vectors, brands of 5 references; the `vector_id` is the row."""
    return [
        Entry(row, f"reference-{row // VIEWS}", f"brand-{row // VIEWS // 5}", f"view-{row % VIEWS}", vector)
        for row, vector in enumerate(vectors)
    ]


if __name__ == "__main__":
    main()
