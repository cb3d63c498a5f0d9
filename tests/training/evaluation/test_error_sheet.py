import cv2
import numpy as np
import pytest

from model.bundle import load_bundle
from model.released import bundle_folder
from training.evaluation.error_sheet import draw_errors
from training.evaluation.verdict_cases import Case, CaseSet


def plainly(iterable, _total, _title):
    return iterable


def mark() -> np.ndarray:
    picture = np.full((120, 160, 3), 255, np.uint8)
    cv2.circle(picture, (60, 60), 45, (200, 30, 30), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (110, 20), (140, 100), (30, 60, 180), -1)
    return picture


def case(kind: str) -> Case:
    return Case(mark(), mark()[15:105, 20:140], "a", "photo", kind, "mosaic" if kind == "smear" else "")


def test_a_verdict_that_errs_is_drawn(tmp_path):
    """The same pixels are once genuine and once said to be smeared: one of the two verdicts is wrong."""
    cases = CaseSet("both", [case("genuine"), case("smear")], {"a": [mark()]})
    bundle = load_bundle(bundle_folder())
    shown = draw_errors(tmp_path / "errors.png", cases, bundle=bundle, each=4, columns=2, progress=plainly)
    assert shown == 1
    assert cv2.imread(str(tmp_path / "errors.png")).std() > 10


def test_nothing_wrong_is_nothing_to_draw(tmp_path):
    cases = CaseSet("unrelated", [case("unrelated")], {"a": [mark()]})
    with pytest.raises(ValueError, match="no verdict was wrong"):
        draw_errors(
            tmp_path / "none.png", cases, bundle=load_bundle(bundle_folder()), each=4, columns=2, progress=plainly
        )
