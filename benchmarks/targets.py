"""What the mutants are sent to: the decoder's worker processes, or a whole service over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from model.rejection import DECODER_CRASHED, DECODER_TIMEOUT, ImageRejected
from serve.decoding import DecoderPool

START_SECONDS = 120.0


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
        self._home = Path(tempfile.mkdtemp(prefix="hallmark-mutants-"))
        self._command = str(Path(sys.executable).with_name("hallmark"))
        self._environment = os.environ | {"HALLMARK_HOME": str(self._home)}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._log = (self._home / "service.log").open("ab")
        self._process = self._started()
        self._key = self._created_key()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [self._command, "serve", "--host", "127.0.0.1", "--port", str(self._port)]
        process = subprocess.Popen(command, env=self._environment, stdout=self._log, stderr=self._log)
        deadline = time.monotonic() + START_SECONDS
        while not self._ready():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                tail = (self._home / "service.log").read_text(errors="replace")[-2000:]
                sys.exit(f"the service did not become ready:\n{tail}")
            time.sleep(0.2)
        return process

    def _created_key(self) -> str:
        command = [self._command, "key", "create", "--role", "platform"]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            self._process.terminate()
            sys.exit(f"no key could be made:\n{done.stderr[-2000:]}")
        return done.stdout.strip().splitlines()[-1]

    def _ready(self) -> bool:
        try:
            status, _, _ = self._request("GET", "/readyz", None, 10)
        except OSError:
            return False
        return status == 200

    def _request(self, method: str, path: str, body: bytes | None, timeout: float) -> tuple[int, str, bytes]:
        """Status, content type and body; raises `OSError` or `HTTPException`."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            headers = {} if body is None else {"Authorization": f"Bearer {self._key}", "Content-Type": kind_of(body)}
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type", ""), response.read()
        finally:
            connection.close()

    def send(self, data: bytes, *, timeout_seconds: float) -> Answer:
        """See `Target`."""
        started = time.perf_counter()
        try:
            status, kind, body = self._request("POST", "/v1/scan", data, timeout_seconds)
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

    def alive(self) -> bool:
        """See `Target`."""
        return self._process.poll() is None and self._ready()

    def revive(self) -> None:
        """See `Target`."""
        self._process.kill()
        self._process.wait()
        self._process = self._started()

    def resident_bytes(self) -> int:
        """See `Target`."""
        return tree_resident_bytes(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)


def kind_of(data: bytes) -> str:
    """The content type to send `data` as, by its first bytes."""
    heads = {b"\x89PNG": "image/png", b"RIFF": "image/webp", b"GIF8": "image/gif"}
    return heads.get(data[:4], "image/jpeg")


def _reason(kind: str, body: bytes) -> str:
    """The problem's code or title, or a complaint where it has no `detail`."""
    if not kind.startswith("application/problem+json"):
        return f"({kind}) without detail"
    problem = json.loads(body)
    if not problem.get("detail"):
        return "without detail"
    return str(problem.get("code") or problem.get("title") or "")


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
