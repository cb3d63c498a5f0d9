from __future__ import annotations

from pathlib import Path

import pytest

from model.regions import Box
from training.evaluation.clean_photos import accused
from training.evaluation.datasets import ALTERED_PHOTOS, Mark, Photo
from training.evaluation.verdicts import KINDS
from training.evaluation.whole_photos import WAYS, Answers, Way, figures, scores_and_truth

PLACE = Box(0, 0, 9, 9)


def photo(brand: str | None, name: str = "x.jpg") -> Photo:
    return Photo(Path(name), () if brand is None else (Mark(brand, PLACE),))


def answer(*found: tuple[str, float], decision: str = "allow", kind: str = "genuine", box: Box = PLACE) -> dict:
    findings = [
        {"brand": brand, "scores": {"unrelated": unrelated}, "similarity": 0.5, "kind": kind, "box": box}
        for brand, unrelated in found
    ]
    return {"findings": findings, "decision": decision}


def test_whole_photos_are_counted_by_photo_and_by_finding() -> None:
    marked = [photo("a"), photo("a"), photo("b"), photo("unknown")]
    said = [answer(("a", 0.1), ("z", 0.3)), answer(("b", 0.2)), answer(), answer(("a", 0.4))]
    clean = [photo(None, "1.jpg"), photo(None, "2.jpg")]
    quiet = [answer(), answer(("a", 0.2), decision="review")]
    answers = Answers(5, Way(), said, quiet)
    found = {name: one.value for name, one in figures(marked, clean, answers, registered={"a", "b"}).items()}
    assert found["top_brand_right"] == pytest.approx(1 / 3)
    assert found["top_brand_wrong"] == pytest.approx(1 / 3)
    assert found["precision"] == pytest.approx(1 / 3)
    assert found["recall"] == pytest.approx(1 / 3)
    assert found["finding_without_reference"] == 1.0
    assert found["finding_on_clean"] == 0.5
    assert found["clean_held"] == 0.5
    assert found["marked_held"] == 0.0


def test_genuine_marks_called_something_else_are_counted() -> None:
    marked = [photo("a"), photo("a"), photo("b")]
    said = [answer(("a", 0.1)), answer(("a", 0.1), kind="imitation", decision="review"), answer(("z", 0.1))]
    found = figures(marked, [], Answers(5, Way(named=True), said, []), registered={"a", "b"})
    assert found["right_called_imitation"].value == 0.5
    assert found["right_called_smear"].value == 0.0
    assert found["marked_held"].value == pytest.approx(1 / 3)
    assert "finding_on_clean" not in found


def test_scores_are_compared_with_what_photos_show_as_they_were_sent() -> None:
    def scored(brand: str, kind: str = "genuine") -> dict:
        scores = {"genuine": 0.6, "smear": 0.2, "imitation": 0.1, "unrelated": 0.1}
        return {"findings": [{"brand": brand, "scores": scores, "kind": kind}]}

    marked = [photo("a"), photo("a"), photo("b")]
    said = [scored("a"), scored("z"), scored("b", kind="copied_photo")]
    plain = list(scores_and_truth(marked, [photo(None, "plain.jpg")], Answers(5, Way(), said, [scored("a")])))
    assert [KINDS[truth] for _, truth, _ in plain] == ["genuine", "unrelated", "unrelated"]
    assert plain[0][0] == [0.6, 0.2, 0.1, 0.1]
    assert plain[-1][2] == "plain.jpg"
    smeared = list(scores_and_truth(marked, [], Answers(5, Way(smeared=True), said, [])))
    assert [KINDS[truth] for _, truth, _ in smeared] == ["smear", "unrelated"]


def test_photos_whose_mark_is_altered_are_counted_apart() -> None:
    marked = [photo("a"), photo("a"), photo("a", min(ALTERED_PHOTOS))]
    accused = answer(("a", 0.1), kind="imitation", decision="review")
    said = [answer(("a", 0.1)), answer(("a", 0.1)), accused]
    found = figures(marked, [], Answers(5, Way(), said, []), registered={"a"})
    assert found["right_called_imitation"].value == pytest.approx(1 / 3)
    assert found["right_called_imitation_unaltered"].value == 0.0
    assert found["marked_held"].value == pytest.approx(1 / 3)
    assert found["marked_held_unaltered"].value == 0.0


def test_photos_that_nothing_was_chosen_by_are_counted_apart() -> None:
    marked = [photo("a", "1.jpg"), photo("a", "2.jpg"), photo("a", "3.jpg")]
    said = [answer(("a", 0.1)), answer(("a", 0.1)), answer(("b", 0.1))]
    found = figures(marked, [], Answers(5, Way(), said, []), registered={"a"}, aside={"2.jpg", "3.jpg", "4.jpg"})
    assert found["top_brand_right"].value == pytest.approx(2 / 3)
    assert found["top_brand_right_set_aside"].value == 0.5
    assert found["top_brand_right_set_aside"].count == 2


def test_a_box_that_lies_half_beside_the_mark_is_not_on_it() -> None:
    said = [answer(("a", 0.1)), answer(("a", 0.1), box=Box(0, 0, 9, 5)), answer(("a", 0.1), box=Box(4, 4, 9, 9))]
    found = figures([photo("a")] * 3, [], Answers(5, Way(), said, []), registered={"a"})
    assert found["right_box_on_mark"].value == pytest.approx(2 / 3)


def test_the_ways_are_told_apart_by_name() -> None:
    assert [way.name for way in WAYS] == ["", "_named_by_listing", "_smeared", "_named_by_listing_smeared"]


def test_an_accusation_is_a_finding_of_an_accusing_kind() -> None:
    shares = accused([answer(("a", 0.1)), answer(("a", 0.1), kind="smear", decision="review"), answer(), answer()])
    assert {name: one.value for name, one in shares.items()} == {
        "any": 0.25, "smear": 0.25, "imitation": 0.0, "copied_photo": 0.0, "held": 0.25
    }  # fmt: skip
