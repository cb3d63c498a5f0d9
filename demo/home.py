"""The folder of the demo's state: emptied at the start, and never a folder that is not the demo's."""

from __future__ import annotations

import shutil
from pathlib import Path

MARKER = ".hallmark-demo"
"""A file of this name says that the folder was made by the demo and may be emptied."""


class NotADemosFolder(RuntimeError):
    """The folder holds something that the demo did not make."""


def prepared_home(folder: Path) -> Path:
    """`folder`, absolute and empty but for the marker.

    Raises `NotADemosFolder` when it holds anything and no marker, so that nobody's state is deleted.
    """
    folder = folder.expanduser().absolute()
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / MARKER).is_file():
            raise NotADemosFolder(f"{folder} is not a folder of the demo; name an empty one with --home")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
    return folder
