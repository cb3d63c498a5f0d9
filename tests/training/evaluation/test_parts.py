"""What the command offers is what the evaluations measure."""

from __future__ import annotations

from training.evaluation.commands import RecognitionPart, VerdictsPart
from training.evaluation.recognition import MEASURED, PARTS, RecognitionSettings
from training.evaluation.verdict_report import MEASURED as MEASURED_VERDICTS
from training.evaluation.verdict_report import VERDICT_PARTS


def test_every_part_can_be_chosen_and_is_measured() -> None:
    assert tuple(one.name for one in RecognitionPart) == PARTS == tuple(MEASURED)
    assert tuple(one.name for one in VerdictsPart) == VERDICT_PARTS == tuple(MEASURED_VERDICTS)


def test_levels_end_at_the_largest_number_of_other_brands() -> None:
    assert RecognitionSettings(distractors=2000).levels((0, 500, 2000)) == [0, 500, 2000]
    assert RecognitionSettings(distractors=60).levels((0, 500, 2000)) == [0, 60]
