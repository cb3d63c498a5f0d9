"""Photos on disk, as all that learns from them reads them."""

from __future__ import annotations

from pathlib import Path

from model.decode import KEPT_LIMITS, decode
from model.regions import RgbImage
from model.rejection import ImageRejected
from training.refusals import DataDamaged


def read_photo(path: Path) -> RgbImage:
    """The picture in `path`, upright, (height, width, 3) uint8 RGB. Raises `DataDamaged` where it is not whole."""
    try:
        return decode(path.read_bytes(), limits=KEPT_LIMITS)
    except ImageRejected as error:
        raise DataDamaged(f"{path} is no whole picture ({error.code}): replace or remove it") from error
