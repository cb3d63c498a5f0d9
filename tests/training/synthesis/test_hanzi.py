from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

from training.synthesis.hanzi import HAN_FONTS, common_characters, fetch_han_fonts, look_alikes

FACE = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def test_the_common_characters_are_those_of_level_1_that_every_typeface_has() -> None:
    every = common_characters(())
    assert (len(every), every[0], every[-1]) == (3755, "啊", "座")
    assert common_characters((FACE,)) == ()


def test_letters_that_look_alike_are_found_by_their_drawings() -> None:
    alike = look_alikes(FACE, tuple("OQIlWX"), most=1)
    assert alike["O"] == ("Q",)
    assert alike["Q"] == ("O",)
    assert alike["I"] == ("l",)


def test_fonts_that_are_there_are_not_taken_again(tmp_path: Path) -> None:
    for name in HAN_FONTS:
        (tmp_path / f"{name}.woff").touch()
    assert fetch_han_fonts(tmp_path) == [tmp_path / f"{name}.woff" for name in HAN_FONTS]
