import cv2

from training.edits.sheet import draw_sheet
from training.synthesis.logos import load_logos


def test_a_sheet_shows_every_edit(tmp_path):
    draw_sheet(tmp_path / "sheet.png", seed=3, logos=load_logos()[:8])
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape[0] > 2000
    assert sheet.std() > 30
