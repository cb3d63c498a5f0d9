"""What the commands of training write to: results to standard output, progress to standard error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.progress import track

out = Console()
progress_console = Console(stderr=True)


def bar(items: Iterable[Any], total: int, description: str) -> Iterable[Any]:
    """A progress bar on standard error, so that standard output stays clean for JSON."""
    return track(items, total=total, description=description, console=progress_console)
