from __future__ import annotations

import pytest

from serve.text.phrases import normalised, says


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("MIRROR  grade, no box", "Mirror grade"),
        ("mirror gr\u200bade", "Mirror grade"),
        ("mirror gr\N{CYRILLIC SMALL LETTER A}de", "Mirror grade"),
        ("mirror\N{NO-BREAK SPACE}gr<b>ade</b>", "Mirror grade"),
        ("Ｍｉｒｒｏｒ grade", "Mirror grade"),
        ("ｽｰﾊﾟｰｺﾋﾟｰ品", "スーパーコピー"),
        ("顶级高仿包", "高仿"),
        ("一比一復刻包", "复刻"),
        ("짝퉁 가방", "짝퉁"),
        ("копия люкс", "Копия"),
        ("Nike正品mirror grade包", "Mirror grade"),
        ("(mirror grade)", "Mirror grade"),
        ("mirror_grade", "mirror_grade"),
    ],
)
def test_a_phrase_is_found_however_it_is_written(text: str, phrase: str) -> None:
    assert says(normalised(text), normalised(phrase))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("a cap", "cap"),
        ("包", "包"),
        ("копия", "konия"),
        ("mirror", "mirror grade"),
        ("text", ""),
        ("nothing wrong with it", "thin"),
        ("mirror grades", "mirror grade"),
        ("1mirror grade", "mirror grade"),
    ],
)
def test_other_phrases_and_short_ones_are_not(text: str, phrase: str) -> None:
    assert not says(normalised(text), normalised(phrase))
