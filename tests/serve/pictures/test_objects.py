from __future__ import annotations

import numpy as np
import pytest
from mosaics import large_photo, mosaic, png

from model.decode import DecodeLimits
from serve.pictures.objects import ObjectDamagedError, decode_stored


def test_a_stored_picture_is_read_whatever_its_size() -> None:
    photo = large_photo()
    file = png(photo)
    assert len(file) > DecodeLimits().max_bytes
    np.testing.assert_array_equal(decode_stored(file), photo)


@pytest.mark.parametrize("file", [b"", b"no picture", png(mosaic(1))[:-20]])
def test_a_damaged_file_is_nobodys_upload(file: bytes) -> None:
    with pytest.raises(ObjectDamagedError):
        decode_stored(file)
