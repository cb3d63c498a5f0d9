"""One of several API processes ends with the one that started them: alone it would hold the port, and nobody would keep
the embedded database running.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Final

import structlog

PARENT: Final = "HALLMARK_PARENT_PROCESS"
"""The environment variable with the id of the process that started this one as one of several."""

LOOK_SECONDS: Final = 1.0

log = structlog.get_logger(__name__)


def end_with_parent() -> None:
    """Have this process shut down, as if it were told to, once the process that `PARENT` names is gone."""
    parent = os.environ.get(PARENT)
    if parent is not None:
        threading.Thread(target=_watch, args=(int(parent),), name="parent watch", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    log.error("the process that started this one is gone; shutting down")
    os.kill(os.getpid(), signal.SIGTERM)
