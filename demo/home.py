"""The folder of the demo's state: for one demo at a time, and never a folder that is not the demo's."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from client.service import command, environment

MARKER = ".hallmark-demo"
"""A file of this name says that the folder was made by the demo and may be emptied; a running demo holds its lock."""


class FolderRefused(RuntimeError):
    """The folder is in use, or holds something that the demo did not make; the message says what to do."""


@contextmanager
def held_home(folder: Path, *, keep: bool = False) -> Iterator[Path]:
    """`folder`, absolute, for this demo alone while the block runs; empty unless `keep`.

    Raises `FolderRefused` when another demo runs in it, or when it holds anything and no marker, so that nobody's
    state is deleted.
    """
    folder = folder.expanduser().absolute()
    marker = folder / MARKER
    if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
        raise FolderRefused(f"{folder} is not a folder of the demo; name an empty one with --home")
    folder.mkdir(parents=True, exist_ok=True)
    with marker.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FolderRefused(f"another demo runs in {folder}; end it, or name another folder with --home") from error
        if not keep:
            _stop_database(folder)
            _empty(folder)
        yield folder


def _stop_database(folder: Path) -> None:
    """Stop the database of a demo that was killed: the last `hallmark` command to use a database stops it."""
    if not (folder / "postgres" / "postmaster.pid").exists():
        return
    done = subprocess.run(  # noqa: S603 -- our own command
        [command(), "key", "list"], env=environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise FolderRefused(
            f"the database of an earlier demo in {folder} could not be stopped; stop it and remove the folder, or name "
            f"another with --home: {done.stderr.strip()[-500:]}"
        )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != MARKER:
            path.unlink()
