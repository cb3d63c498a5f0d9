import numpy as np
import pytest

from training.synthesis.gallery import sheet


def test_a_sheet_shows_pictures_in_rows() -> None:
    pictures = [np.full((40, 30, 3), 50 * number, np.uint8) for number in range(5)]
    drawn = sheet(pictures, columns=3, tile=20)
    assert drawn.shape == (40, 60, 3)
    assert [int(drawn[10 + 20 * (n // 3), 9 + 20 * (n % 3)].max()) for n in range(5)] == [0, 50, 100, 150, 200]


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sheet([], columns=2)
