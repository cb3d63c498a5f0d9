from pathlib import Path

import numpy as np
import pytest

from model.encoding import jpeg
from training.photo_files import read_photo
from training.refusals import DataDamaged


def test_a_photo_that_ends_half_way_is_not_learnt_from(tmp_path: Path) -> None:
    path, whole = tmp_path / "shirt.jpg", jpeg(np.full((64, 48, 3), 200, np.uint8), quality=90)
    path.write_bytes(whole)
    assert read_photo(path).shape == (64, 48, 3)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataDamaged, match=r"shirt\.jpg is no whole picture \(truncated\): replace or remove it"):
        read_photo(path)
