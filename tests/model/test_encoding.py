from __future__ import annotations

import numpy as np
import pytest

from model.decode import decode
from model.encoding import jpeg, png


def picture(channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 13, channels), dtype=np.uint8)


def test_a_png_holds_the_very_pixels() -> None:
    np.testing.assert_array_equal(decode(png(picture(3))), picture(3))


def test_a_png_keeps_alpha() -> None:
    image = picture(4)
    image[..., 3] = 0
    assert (decode(png(image)) == 255).all()


def test_a_jpeg_comes_close() -> None:
    smooth = np.repeat(np.linspace(0, 255, 32, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(32, axis=0)
    assert np.abs(decode(jpeg(smooth, quality=95)).astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 2), (0, 4, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected a picture"):
        png(np.zeros(shape, np.uint8))
