from __future__ import annotations

import numpy as np
import pytest

from model.regions import Box, RgbImage
from model.screens import could_be_a_screen

SCREEN = Box(60, 40, 280, 180)


def shown(inside: RgbImage | int) -> RgbImage:
    """A light photo with `inside` where the screen is."""
    photo = np.full((300, 400, 3), 235, np.uint8)
    photo[40:220, 60:340] = inside
    return photo


def test_a_dark_screen_may_be_one_with_a_reflection_too() -> None:
    assert could_be_a_screen(shown(12), SCREEN)
    across = 60 * np.exp(-(((np.arange(280) - 140) / 50) ** 2))
    reflecting = np.broadcast_to((12 + across)[None, :, None], (180, 280, 3)).astype(np.uint8)
    assert could_be_a_screen(shown(reflecting), SCREEN)


@pytest.mark.parametrize("what", ["light", "small", "uneven"])
def test_what_is_light_small_or_uneven_is_none(what: str) -> None:
    noise = np.random.default_rng(0).integers(0, 90, (9, 14, 3), np.uint8).repeat(20, 0).repeat(20, 1)
    photo = shown({"light": 200, "small": 12, "uneven": noise}[what])  # type: ignore[arg-type]
    box = Box(60, 40, 100, 60) if what == "small" else SCREEN
    assert not could_be_a_screen(photo, box)
