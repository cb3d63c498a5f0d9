"""Room for what a training draws: a file that is mapped into memory ends the process where its disk becomes full."""

from __future__ import annotations

import shutil
from pathlib import Path

from training.refusals import NoRoom


def ask_for_room(folder: Path, size: int) -> None:
    """Raise `NoRoom` where the disk of `folder`, which exists, has not `size` bytes left."""
    left = shutil.disk_usage(folder).free
    if left < size:
        raise NoRoom(
            f"{folder} has to hold {size / 1e9:.1f} GB and its disk has room for {left / 1e9:.1f}: free some, or give "
            "another folder"
        )
