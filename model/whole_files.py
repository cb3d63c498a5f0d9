"""Files that are whole or not there: whatever interrupts the writing leaves what was there before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A path beside `path`, of the same suffix, to write to: what lies there when the block ends replaces `path`.

    An error in the block removes it; a process that dies leaves it, to be written over the next time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_whole(path: Path, text: str) -> None:
    """Write `text` in UTF-8."""
    with written_whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
