from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from model.alignment import prepare_reference
from model.comparison import CELLS, PairMeasurements
from model.reading import Reading
from model.reasons import reasons_for
from serve.console.reasons import in_words
from serve.console.rendering import translations
from serve.loop.endings import NOTES
from serve.scanning.results import Decision
from serve.scanning.sought import Speaks

CHINESE = translations("zh_Hans").gettext


def everything_that_is_said(seed: int) -> list[str]:
    """The reasons of an imitation and of a smear, measured at random."""
    rng = np.random.default_rng(seed)
    cells = [(rng.random((CELLS, CELLS)) < rng.uniform(0, 0.4)).astype(np.float32) for _ in range(3)]
    numbers = [float(value) for value in rng.uniform(-0.6, 0.6, 8)]
    evidence = replace(PairMeasurements(*numbers, *cells[:2]), hue_gap=float(rng.uniform(0, 0.5)))
    picture = np.full((96, 96, 3), rng.integers(0, 256, 3), np.uint8)
    reference = prepare_reference(np.full((96, 96, 3), rng.integers(0, 256, 3), np.uint8))
    kinds = ("imitation", "smear")
    return [
        one
        for kind in kinds
        for one in reasons_for(kind, evidence, changed=cells[2], region=picture, reference=reference)
    ]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_said_of_a_mark_is_said_in_chinese_alone(seed: int) -> None:
    for reason in everything_that_is_said(seed):
        told = in_words(reason, translate=CHINESE)
        assert not any(letter.isascii() and letter.isalpha() for letter in told), (reason, told)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("mosaic over 70 % of the mark", "标志的 70% 被打上马赛克"),
        ("letter 2 differs: b for d", "第 2 个字母不同：应为 d，实为 b"),
        (
            "letter 2 differs: b for d, and the listing names Acme",
            "第 2 个字母不同：应为 d，实为 b，且商品文字提到 Acme",
        ),
        ("reads UMBRO for UMBRELLA", "应为 UMBRELLA，读作 UMBRO"),
        ("cropped", "被裁剪"),
        (
            "the brand's own photo: 88 % of it is here, edges agree to 0.91",
            "使用了品牌的官方照片：其中 88% 出现在此，边缘吻合度 0.91",
        ),
        ("what no version of Hallmark says", "what no version of Hallmark says"),
    ],
)
def test_a_reason_is_told_in_the_language_of_the_page(reason: str, told: str) -> None:
    assert in_words(reason, translate=CHINESE) == told


@pytest.mark.parametrize("speaks", list(Speaks))
def test_what_speaks_for_a_brand_is_told_too(speaks: Speaks) -> None:
    told = in_words(f"a place that takes 12 % of the photo was made unreadable, and {speaks} 100%", translate=CHINESE)
    assert told.startswith("照片中占 12% 的一处被弄得无法辨认")
    assert told.endswith("100%")
    assert speaks not in told


def test_a_reading_is_recognised() -> None:
    for seen in ("ACNE", "ACME SPORT"):
        reason = Reading("ACME", seen, 1.0).difference()
        assert in_words(reason, translate=CHINESE) != reason


def test_english_stays_as_it_was_given() -> None:
    for reason in everything_that_is_said(0):
        assert in_words(reason, translate=str) == reason


@pytest.mark.parametrize("decision", get_args(Decision))
@pytest.mark.parametrize("note", NOTES)
def test_what_is_noted_at_the_end_of_a_case_is_told_in_chinese_alone(note: str, decision: str) -> None:
    told = in_words(note.format(day="2026-12-09", decision=decision, reason="纪念品"), translate=CHINESE)
    assert not any(letter.isascii() and letter.isalpha() for letter in told), told


def test_a_note_of_an_earlier_version_is_told_too() -> None:
    told = in_words("The seller sent other pictures; another case asks about them.", translate=CHINESE)
    assert told == "卖家更换了图片；另有案件处理新图片。"
