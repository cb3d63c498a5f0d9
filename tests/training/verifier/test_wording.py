from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import matplotlib as mpl
import pytest

from model.embedder import Embedder
from model.released import bundle_folder
from training.synthesis.grounds import Backgrounds
from training.verifier import wording
from training.verifier.release import CALIBRATION
from training.verifier.wording import drawn_wordings, fit_wording

FACE = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def test_a_pair_is_compared_with_the_genuine_word() -> None:
    drawn = drawn_wordings(6, fonts=[FACE], seed=0, backgrounds=Backgrounds())
    assert len(drawn.references) == 6
    labels = Counter((pair.label, pair.edit == "letters") for pair in drawn.pairs)
    assert labels["genuine", False] == 12
    assert labels["imitation", True] == 6
    assert labels["imitation", False] > 0, "edited as any logo is"
    assert all(pair.brand == drawn.references[pair.reference].name for pair in drawn.pairs)


def test_reading_the_word_speaks_against_an_imitation_and_a_near_miss_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wording, "fetch_fonts", lambda: [FACE])
    folder = Path(shutil.copytree(bundle_folder(), tmp_path / "bundle"))
    before = json.loads((folder / CALIBRATION).read_text())
    fit_wording(folder, embed=Embedder(folder / "embedder.onnx").embed, seed=0, report=lambda line: None, words=12)
    after = json.loads((folder / CALIBRATION).read_text())
    assert after["reading"]["as_known"] < 0 < after["reading"]["surely_near_miss"]
    assert {**after, "reading": None} == {**before, "reading": None}
