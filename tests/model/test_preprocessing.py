import numpy as np
import pytest

from model.preprocessing import FILL, at_most, batch, letterbox


def test_letterbox_keeps_the_shape_and_centres() -> None:
    square = letterbox(np.full((20, 80, 3), 200, np.uint8), size=40)
    assert square.shape == (40, 40, 3)
    assert (square[15:25] == 200).all()
    assert (square[:15] == FILL).all()
    assert (square[25:] == FILL).all()


def test_a_picture_of_the_right_size_is_left_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(letterbox(picture, size=32), picture)


def test_shrinking_averages_and_growing_interpolates() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(letterbox(stripes, size=16).astype(int) - 128).max() <= 1
    edge = np.zeros((2, 2, 3), np.uint8)
    edge[:, 1] = 255
    grown = letterbox(edge, size=16)
    assert len(np.unique(grown)) > 2


def test_the_thinnest_pictures_are_taken() -> None:
    assert letterbox(np.zeros((1, 5000, 3), np.uint8), size=16).shape == (16, 16, 3)
    assert letterbox(np.zeros((1, 1, 3), np.uint8), size=16).max() == 0


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="uint8 picture"):
        letterbox(np.zeros(shape, np.uint8), size=16)


def test_a_batch_is_its_letterboxes() -> None:
    pictures = [np.full((4, 9, 3), 9, np.uint8), np.full((30, 3, 3), 200, np.uint8)]
    together = batch(pictures, size=24)
    for square, picture in zip(together, pictures, strict=True):
        np.testing.assert_array_equal(square, letterbox(picture, size=24))
    assert batch([], size=24).shape == (0, 24, 24, 3)


def test_at_most_shrinks_what_is_larger_and_leaves_the_rest() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (30, 90, 3), dtype=np.uint8)
    assert at_most(picture, side=45).shape == (15, 45, 3)
    assert at_most(picture, side=90) is picture
    assert at_most(picture[:1], side=9).shape == (1, 9, 3)
