"""Where the released model bundles lie; light to import, as the command line and the settings need it."""

from pathlib import Path

from model import CHAMPION

RELEASED = Path(__file__).parent / "weights"
"""The folder with a folder for each released bundle."""


def bundle_folder(name: str = CHAMPION) -> Path:
    """The folder of the released bundle `name`, or of the bundle whose path it is."""
    released = RELEASED / name
    return released if released.is_dir() or "/" not in name else Path(name)
