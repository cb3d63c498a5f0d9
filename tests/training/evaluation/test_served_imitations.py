from __future__ import annotations

from pathlib import Path

import pytest

from training.evaluation.served_imitations import Picture, figures


def picture(kind: str) -> Picture:
    return Picture(Path("a.jpg"), "fuma", kind)


def answer(kind: str | None, *, tampered: float = 0.0, brand: str = "fuma", decision: str = "allow") -> dict:
    scores = {"genuine": 0.9 - tampered, "smear": 0.0, "imitation": tampered, "unrelated": 0.1}
    return {"findings": [{"brand": brand, "kind": kind, "scores": scores}] if kind else [], "decision": decision}


def test_what_scans_say_of_imitations_is_counted_beside_genuine_pictures() -> None:
    asked = [*(picture("imitation") for _ in range(4)), picture("genuine"), picture("genuine")]
    answers = [
        answer("imitation", tampered=0.8, decision="review"),
        answer("genuine", tampered=0.3),
        answer(None),
        answer("imitation", tampered=0.8, brand="hike", decision="review"),
        answer("genuine", tampered=0.1),
        answer("smear", tampered=0.5),
    ]
    found = {name: one.value for name, one in figures(asked, answers).items()}
    assert found["imitations_called_tampered"] == pytest.approx(0.25)
    assert found["imitations_called_genuine"] == pytest.approx(0.25)
    assert found["imitations_of_which_the_brand_is_not_found"] == pytest.approx(0.5)
    assert found["imitations_held"] == pytest.approx(0.5)
    assert (found["genuine_called_tampered"], found["genuine_held"]) == (0.5, 0.0)
    assert found["roc_auc"] == pytest.approx(3 / 8)
