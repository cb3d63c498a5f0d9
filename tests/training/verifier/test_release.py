from __future__ import annotations

import json
import shutil
from pathlib import Path

from model.detector import Detector
from model.embedder import Embedder
from model.released import bundle_folder
from model.verifier import VerdictHead
from training.verifier.material import Counts, Search
from training.verifier.release import CALIBRATION, refit_smears


def test_what_tells_smears_is_fitted_anew_and_nothing_else(tmp_path: Path) -> None:
    bundle = tmp_path / "candidate"
    shutil.copytree(bundle_folder(), bundle)
    before = json.loads((bundle / CALIBRATION).read_text())
    said: list[str] = []
    search = Search(Embedder(bundle / "embedder.onnx").embed, Detector(bundle / "detector.onnx").likeliest)
    refit_smears(
        bundle, logos=None, search=search, seed=3, report=said.append, marks=[], counts=Counts(drawn=40, found=8)
    )
    after = json.loads((bundle / CALIBRATION).read_text())
    assert after["head"].pop("smear") != before["head"].pop("smear")
    assert after == before
    assert VerdictHead(json.loads((bundle / CALIBRATION).read_text())["head"]).inputs == 1525
    assert said == ["second step fitted on 40 pairs"]
