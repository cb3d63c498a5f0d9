"""What the lives of benchmarks/crash.py happen in: a service that dies, its database, a rights holder's web server."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.passing_time import PATIENCE_SECONDS, OutsideDatabase
from client.service import Service, command, environment
from model.released import bundle_folder
from serve.access import keys
from serve.access.roles import Role
from serve.audit import verify
from serve.database.engine import Database
from serve.settings import Settings


class Receiver:
    """Takes every message; `ids` are the `webhook-id`s that came."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                receiver.ids.add(str(self.headers["webhook-id"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/hallmark"


class World:
    """Arms failpoints and sends requests until they are answered; for several threads. `database` is the service's."""

    def __init__(
        self, service: Service, database_url: str, *, settings: Mapping[str, str], receiver: Receiver, armed: Path
    ) -> None:
        self.receiver = receiver
        self._settings = settings
        self.arms: frozenset[str] = frozenset()
        self._service = service
        self.database = OutsideDatabase(database_url)
        self._armed = armed
        self._arming = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._key = self._create_key()

    def arm(self, *steps: str) -> None:
        """Have the next process that reaches each of `steps` die there."""
        with self._arming:
            for step in self.arms.intersection(steps):
                file = self._armed / step
                self._counts[step] += not file.exists()
                file.touch()

    def disarm(self) -> None:
        """Take back what nobody has reached."""
        self.arms = frozenset()
        with self._arming:
            for file in self._armed.iterdir():
                file.unlink(missing_ok=True)
                self._counts[file.name] -= 1

    def kills(self) -> Counter[str]:
        """Processes that died, by step."""
        with self._arming:
            return +(self._counts - Counter(file.name for file in self._armed.iterdir()))

    def send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        """Send a request until it is answered. Raises `TimeoutError`."""
        key = str(uuid.uuid4())
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                answer = httpx2.request(method, self._service.url + path, headers=headers, timeout=60.0, **content)
            except httpx2.TransportError:
                self.database.change("UPDATE idempotency_keys SET lock_expires = now() WHERE key = %s", key)
                time.sleep(0.05)
                continue
            if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE or "request-running" in answer.text:
                self.database.change("UPDATE idempotency_keys SET lock_expires = now() WHERE key = %s", key)
                time.sleep(0.2)
                continue
            return answer
        raise TimeoutError(f"{method} {path} was not answered")

    def command(self, *arguments: str) -> bool:
        """Run a `hallmark` command; False when it was killed or refused."""
        done = subprocess.run(
            [command(), *arguments], env=environment(self._service.home, self._settings), capture_output=True,
            check=False,
        )  # fmt: skip
        return done.returncode == 0

    def candidate(self, name: str) -> Path:
        """A folder with the released model under another name."""
        folder = self._service.home / "candidates" / name
        shutil.copytree(bundle_folder(), folder)
        return folder

    def verify_audit(self) -> None:
        """Recompute the audit log's chain. Raises `AuditBrokenError`."""
        settings = Settings.model_validate({"home": self._service.home, "database_url": self.database.url})
        database = Database(settings)
        try:
            verify(database)
        finally:
            database.close()

    def _create_key(self) -> str:
        """An admin's key."""
        settings = Settings.model_validate({"home": self._service.home, "database_url": self.database.url})
        database = Database(settings)
        try:
            return keys.create_key(database, role=Role.ADMIN)
        finally:
            database.close()
