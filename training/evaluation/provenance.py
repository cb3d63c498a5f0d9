"""What a figure was measured on: date, commit, model and a fingerprint of the data."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]


def fingerprint(paths: Iterable[Path]) -> str:
    """Twelve hexadecimal digits over the names and contents of `paths`, whatever their order."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        digest.update(path.name.encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]


def commit() -> str:
    """The checkout's commit, with `+` when it was changed since; `unknown` outside a checkout."""
    head = _git("rev-parse", "--short=12", "HEAD")
    if head is None:
        return "unknown"
    return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")


def provenance(paths: Iterable[Path], *, model: str, commit: str) -> dict[str, str]:
    """The record that every report begins with; `commit` is the one that was checked out when it began to measure."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit,
        "model": model,
        "data": fingerprint(paths),
    }


def _git(*arguments: str) -> str | None:
    done = subprocess.run(  # noqa: S603 -- fixed arguments
        ["git", *arguments],  # noqa: S607 -- whichever git the user has
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else None
