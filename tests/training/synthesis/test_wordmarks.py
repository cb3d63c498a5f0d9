from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from model.reading import Reader
from training.synthesis.logos import rasterise
from training.synthesis.wordmarks import FONTS, LOOK_ALIKES, cased, fetch_fonts, near_miss, wordmark

FACE = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def test_a_wordmark_can_be_read() -> None:
    logo = wordmark("Fuma", FACE, colour="#2040c0")
    drawn = rasterise(logo, width=300, background=(255, 255, 255))[..., :3]
    assert logo.brand == "fuma"
    assert drawn[drawn.sum(axis=-1) < 700].mean(axis=0).argmax() == 2, "blue"
    picture = np.pad(drawn, ((20, 20), (20, 20), (0, 0)), constant_values=255)
    assert Reader().line(picture) == "Fuma"


def test_the_lines_of_a_name_stand_below_each_other() -> None:
    drawn = rasterise(wordmark("Fuma\nSport", FACE), width=400, background=(255, 255, 255))[..., :3]
    picture = np.pad(drawn, ((20, 20), (20, 20), (0, 0)), constant_values=255)
    lines = sorted(Reader().lines(picture), key=lambda line: line.box.y)
    assert [line.text for line in lines] == ["Fuma", "Sport"]


def test_a_letter_that_a_typeface_lacks_is_told() -> None:
    with pytest.raises(ValueError, match="DejaVuSans has no '好'"):
        wordmark("好", FACE)


def test_a_near_miss_is_one_letter_or_two_away() -> None:
    rng = np.random.default_rng(0)
    missed = [near_miss("hallmark", rng=rng) for _ in range(300)]
    away = [Levenshtein.distance("hallmark", one) for one in missed]
    assert set(away) == {1, 2}
    assert 0.3 < np.mean(np.array(away) == 2) < 0.55
    assert {len(one) for one in missed} >= {7, 8, 9}, "letters are exchanged, left out and added"


def test_short_words_lose_no_letter() -> None:
    rng = np.random.default_rng(0)
    assert min(len(near_miss("fuma", rng=rng)) for _ in range(200)) == 4


def test_every_letter_has_look_alikes() -> None:
    assert set(LOOK_ALIKES) == set("abcdefghijklmnopqrstuvwxyz")
    assert all(letter not in others for letter, others in LOOK_ALIKES.items())


def test_words_are_cased_alike() -> None:
    rng = np.random.default_rng(0)
    found = {tuple(cased(["fuma", "puma"], rng=rng)) for _ in range(50)}
    assert found == {("fuma", "puma"), ("FUMA", "PUMA"), ("Fuma", "Puma")}


def test_fonts_that_are_there_are_not_taken_again(tmp_path: Path) -> None:
    for name in FONTS:
        (tmp_path / f"{name}.woff").touch()
    assert fetch_fonts(tmp_path) == [tmp_path / f"{name}.woff" for name in FONTS]
