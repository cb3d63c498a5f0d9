"""What Prometheus sees. With several processes their numbers are summed through files (PROMETHEUS_MULTIPROC_DIR)."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from serve.scanning.results import ScanResult

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
STEP_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.12, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The metrics of one service in a registry of its own, so that two can live in one process (tests)."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "hallmark_http_requests", "Requests answered", ["method", "route", "status"], registry=self._registry
        )
        self.request_seconds = Histogram(
            "hallmark_http_request_seconds", "Time to answer a request", ["method", "route"], registry=self._registry,
            buckets=STEP_BUCKETS,
        )  # fmt: skip
        self.scan_seconds = Histogram(
            "hallmark_scan_seconds", "Time of a scan by step; `total` is all of it", ["step"], registry=self._registry,
            buckets=STEP_BUCKETS,
        )  # fmt: skip
        self.decisions = Counter("hallmark_decisions", "Scans by decision", ["decision"], registry=self._registry)
        self.findings = Counter("hallmark_findings", "Findings by kind", ["kind"], registry=self._registry)
        self.rejections = Counter(
            "hallmark_rejected_images", "Pictures that were not read, by reason", ["code"], registry=self._registry
        )
        self.pending = Gauge(
            "hallmark_pending_work", "Pictures being worked on or waiting", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self.index_version = Gauge(
            "hallmark_index_version", "Version of the index; the lowest of all processes", registry=self._registry,
            multiprocess_mode="livemin",
        )  # fmt: skip
        self.index_vectors = Gauge(
            "hallmark_index_vectors", "Vectors in the index of a process", registry=self._registry,
            multiprocess_mode="livemax",
        )  # fmt: skip

    def scanned(self, result: ScanResult) -> None:
        """Count a scan."""
        for step, milliseconds in result.timings_ms.model_dump().items():
            self.scan_seconds.labels(step=step).observe(milliseconds / 1000.0)
        self.decisions.labels(decision=result.decision).inc()
        for finding in result.findings:
            self.findings.labels(kind=finding.kind).inc()

    def leave(self) -> None:
        """Take this process's gauges out of the sums, at its end."""
        if FOLDER_VARIABLE in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]

    def text(self) -> bytes:
        """Everything in Prometheus' text format; all processes' numbers where there are several."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def forget_dead_processes() -> None:
    """Take the gauges of processes that were killed out of the sums."""
    if FOLDER_VARIABLE not in os.environ:
        return
    for path in Path(os.environ[FOLDER_VARIABLE]).glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
