"""What the mutants are sent to: the decoder's worker processes, or a whole service over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from client.service import running_service
from model.rejection import DECODER_CRASHED, DECODER_TIMEOUT, ImageRejected
from serve.pictures.decoding import DecoderPool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one file: `verdict` is accepted, rejected or failed; `outcome` says it in the target's words."""

    verdict: str
    outcome: str
    seconds: float

    @property
    def notable(self) -> bool:
        """Whether the file killed or stalled a worker, though the answer was proper."""
        return DECODER_CRASHED in self.outcome or DECODER_TIMEOUT in self.outcome


class Target(Protocol):
    """Something that takes files of pictures; a context manager."""

    def send(self, data: bytes, *, timeout_seconds: float) -> Answer:
        """Send one file; called from several threads."""

    def alive(self) -> bool:
        """Whether the process that was started first still runs and is ready."""

    def revive(self) -> None:
        """Start it again after a death."""

    def resident_bytes(self) -> int:
        """Memory of the target's own processes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class PoolTarget:
    """A `DecoderPool` in this process."""

    def __init__(self) -> None:
        self._pool = DecoderPool(2)

    def send(self, data: bytes, *, timeout_seconds: float) -> Answer:
        """See `Target`."""
        started = time.perf_counter()
        try:
            self._pool.decode(data)
        except ImageRejected as refused:
            verdict, outcome = "rejected", refused.code
        except Exception as error:  # noqa: BLE001 (whatever it is, it is what this run looks for)
            verdict, outcome = "failed", type(error).__name__
        else:
            verdict, outcome = "accepted", "picture"
        seconds = time.perf_counter() - started
        if seconds > timeout_seconds:
            return Answer("failed", "hang", seconds)
        return Answer(verdict, outcome, seconds)

    def alive(self) -> bool:
        """See `Target`."""
        return True

    def revive(self) -> None:
        """Nothing to do: the pool lives in this process."""

    def resident_bytes(self) -> int:
        """See `Target`."""
        return tree_resident_bytes(os.getpid())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()


class ServiceTarget:
    """`hallmark serve` in a temporary home, asked over loopback."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="hallmark-mutants-")))
        self._service = self._stack.enter_context(running_service(self._home))
        self._address = self._service.url.removeprefix("http://")
        self._key = self._service.create_key("platform")

    def send(self, data: bytes, *, timeout_seconds: float) -> Answer:
        """See `Target`."""
        started = time.perf_counter()
        try:
            status, kind, body = self._scan(data, timeout_seconds)
        except TimeoutError:
            return Answer("failed", "hang", time.perf_counter() - started)
        except (OSError, http.client.HTTPException) as error:
            return Answer("failed", f"connection lost ({type(error).__name__})", time.perf_counter() - started)
        seconds = time.perf_counter() - started
        if status == 200:
            return Answer("accepted", "200", seconds)
        if not 400 <= status < 500 or status in (401, 403, 404, 429):  # the last are no answer to the picture
            return Answer("failed", f"{status} {body[:80]!r}", seconds)
        return Answer("rejected", f"{status} {_reason(kind, body)}", seconds)

    def _scan(self, data: bytes, timeout_seconds: float) -> tuple[int, str, bytes]:
        """Status, content type and body of the answer; raises `OSError` or `HTTPException`."""
        connection = http.client.HTTPConnection(self._address, timeout=timeout_seconds)
        try:
            headers = {"Authorization": f"Bearer {self._key}", "Content-Type": kind_of(data)}
            connection.request("POST", "/v1/scan", body=data, headers=headers)
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type", ""), response.read()
        finally:
            connection.close()

    def alive(self) -> bool:
        """See `Target`."""
        return self._service.process.poll() is None and self._service.is_ready()

    def revive(self) -> None:
        """See `Target`."""
        self._service.process.kill()
        self._service.process.wait()
        self._service = self._stack.enter_context(running_service(self._home))
        self._address = self._service.url.removeprefix("http://")

    def resident_bytes(self) -> int:
        """See `Target`."""
        return tree_resident_bytes(self._service.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def kind_of(data: bytes) -> str:
    """The content type to send `data` as, by its first bytes."""
    heads = {b"\x89PNG": "image/png", b"RIFF": "image/webp", b"GIF8": "image/gif"}
    return heads.get(data[:4], "image/jpeg")


def _reason(kind: str, body: bytes) -> str:
    """The problem's code (the last part of its type), or a complaint where it has no `detail`."""
    if not kind.startswith("application/problem+json"):
        return f"({kind}) without detail"
    problem = json.loads(body)
    if not problem.get("detail"):
        return "without detail"
    return str(problem["type"]).rsplit(":", 1)[-1].replace("-", "_")


def tree_resident_bytes(root: int) -> int:
    """Resident memory of process `root` and its descendants, without the database's (its cache fills by design)."""
    command = ["ps", "-A", "-o", "pid=,ppid=,rss=,comm="]
    listing = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split(None, 3) for line in listing.stdout.splitlines()]
    family, total = {root}, 0
    for pid, parent, kilobytes, name in sorted(rows, key=lambda row: int(row[0])):
        if int(pid) == root or (int(parent) in family and "postgres" not in name):
            family.add(int(pid))
            total += 1024 * int(kilobytes)
    return total
