from pathlib import Path

import cv2
import numpy as np
import pytest

from training.synthesis.gallery import draw_gallery, sheet
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import load_logos


def test_a_gallery_shows_rows_of_marks(tmp_path: Path) -> None:
    draw_gallery(tmp_path / "g.png", logos=load_logos(None), backgrounds=Backgrounds(), rows=2, columns=3)
    drawn = cv2.imread(str(tmp_path / "g.png"))
    assert drawn.shape == (240, 360, 3)
    assert len(np.unique(drawn)) > 50


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sheet([], columns=2)
