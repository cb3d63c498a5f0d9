"""A Hallmark service of one's own: started in a folder, ready when the block begins, stopped when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2

SETTINGS: Final = "HALLMARK_"
"""How the environment variables of settings begin."""

KEPT: Final = frozenset({"HALLMARK_DATA"})
"""Of those, what tells where things are that are only read."""

LAST_LINES = 20
"""Lines of the service's log that an error shows."""


class ServiceFailed(RuntimeError):
    """The service ended or did not get ready; the message holds the end of its log."""


def command() -> str:
    """The `hallmark` command that is installed beside this Python.

    Raises:
        ServiceFailed: Hallmark is not installed there.
    """
    path = Path(sys.executable).parent / "hallmark"
    if not path.is_file():
        raise ServiceFailed(f"{path} does not exist; install Hallmark into this environment with `make demo`")
    return str(path)


@dataclass(frozen=True)
class Service:
    """A running service and the folder that holds its state."""

    url: str
    home: Path
    process: subprocess.Popen[bytes]
    log: Path

    def create_key(self, role: str, *, brand: str | None = None) -> str:
        """A new API key of `role`, for `brand` where the role is `brand`."""
        arguments = [command(), "key", "create", "--role", role, *(["--brand", brand] if brand else [])]
        done = subprocess.run(  # noqa: S603 -- our own command
            arguments, env=environment(self.home), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServiceFailed(f"{' '.join(arguments[1:])} failed: {done.stderr.strip()}")
        return done.stdout.strip().splitlines()[-1]

    def is_ready(self) -> bool:
        """Whether `/readyz` answers 200."""
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=2.0).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with the service's state under `home` and no setting of another Hallmark's.

    Whoever has the settings of a service in production exported must not measure, nor train, in its database.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS) or name in KEPT}
    return {**own, "HALLMARK_HOME": str(home.resolve()), **(extra or {})}


@contextmanager
def running_service(
    home: Path,
    *,
    port: int | None = None,
    processes: int = 1,
    settings: Mapping[str, str] | None = None,
    ready_within_seconds: float = 120.0,
) -> Iterator[Service]:
    """Run `hallmark serve` on loopback with its state under `home`; `settings` are HALLMARK_… variables.

    It is stopped, too, when this process is asked to end (SIGTERM, SIGHUP) while the block runs in its main thread.

    Raises:
        ServiceFailed: it ended, or was not ready in time.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log = home / "service.log"
    arguments = [command(), "serve", "--host", "127.0.0.1", "--port", str(port), "--processes", str(processes)]
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 -- our own command
            arguments, env=environment(home, settings), stdout=output, stderr=subprocess.STDOUT
        )
    service = Service(url=f"http://127.0.0.1:{port}", home=home, process=process, log=log)
    try:
        with _exit_when_asked():
            _await_ready(service, deadline=time.monotonic() + ready_within_seconds)
            yield service
    finally:
        stop(process)


@contextmanager
def _exit_when_asked() -> Iterator[None]:
    """Let signals that would end this process at once raise `SystemExit` instead, so that what it began is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    unhandled = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for one in unhandled:
        signal.signal(one, lambda number, _frame: sys.exit(128 + number))
    try:
        yield
    finally:
        for one in unhandled:
            signal.signal(one, signal.SIG_DFL)


STOP_SECONDS = 20.0
"""In which a process is to end by itself."""


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process to end, and end it when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A TCP port on loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await_ready(service: Service, *, deadline: float) -> None:
    while not service.is_ready():
        if service.process.poll() is not None:
            raise ServiceFailed(f"the service ended with status {service.process.returncode}:\n{_tail(service.log)}")
        if time.monotonic() > deadline:
            raise ServiceFailed(f"the service did not get ready in time:\n{_tail(service.log)}")
        time.sleep(0.1)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LAST_LINES:])
