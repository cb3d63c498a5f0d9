"""A Hallmark service for one piece of work: empty when the block begins, gone with all its state when it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client.api import Hallmark
from client.service import running_service


@contextmanager
def temporary_service(*, model: str | None = None) -> Iterator[Hallmark]:
    """An administrator's API of it; `model` is the name or the folder of the bundle that serves, if not the champion.

    Raises:
        ServiceFailed: it ended, or was not ready in time.
    """
    with (
        tempfile.TemporaryDirectory(prefix="hallmark-temporary-") as home,
        running_service(Path(home), settings={} if model is None else {"HALLMARK_MODEL": model}) as service,
        Hallmark(service.url, key=service.create_key("admin")) as api,
    ):
        yield api
