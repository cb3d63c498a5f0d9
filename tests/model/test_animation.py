"""What is seen of an animation: every frame that differs, known again as a frame."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_pictures import encoded, exif, photo
from PIL import Image

from model.animation import BAND, MOST_FRAMES, frames_in
from model.decode import DecodeLimits, ImageRejected, Reading, decode
from model.panels import panels

FORMS = [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})]


def animated(frames, kind, *, duration=100, **options):
    """`frames` (arrays or Pillow images) as one file."""
    first, *others = [Image.fromarray(one) if isinstance(one, np.ndarray) else one for one in frames]
    return encoded(first, kind, save_all=True, append_images=others, duration=duration, **options)


def frames_of(data, **options):
    """The frames that are seen of a file, as pictures."""
    strip = decode(data, **options)
    return [box.crop(strip) for box in frames_in(strip)]


def drawn_by_pillow(data):
    with Image.open(io.BytesIO(data)) as opened:
        for number in range(opened.n_frames):
            opened.seek(number)
            yield np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_the_frames_that_differ_lie_below_each_other(kind, options):
    shown = [photo(seed=seed) for seed in (0, 1, 0, 2)]
    data = animated(shown, kind, **options)
    first, second, fourth = frames_of(data)
    assert (first == decode(data, reading=Reading.STILL)).all()
    for frame, expected in zip((second, fourth), list(drawn_by_pillow(data))[1::2], strict=True):
        assert np.abs(frame.astype(int) - expected).max() <= 1  # the grey of the band is in none of them


@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_a_mark_in_a_corner_of_a_later_frame_is_seen(kind, options):
    plain, marked = photo(600, 400), photo(600, 400)
    marked[300:318, 500:518] = (200, 0, 0)
    frames = frames_of(animated([plain, plain, marked], kind, **options))
    assert len(frames) == 2
    red, *others = frames[1][302:316, 502:516].reshape(-1, 3).mean(axis=0)  # a GIF has few colours
    assert red > 150
    assert max(others) < 80


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"quality": 60})])
def test_frames_that_buyers_cannot_tell_apart_are_one_picture(kind, options):
    shown = photo(600, 400)
    data = animated([shown, np.clip(shown.astype(int) + 3, 0, 255).astype(np.uint8)], kind, **options)
    assert decode(data).shape == (400, 600, 3)


def test_a_later_frame_that_covers_a_part_lies_over_the_frames_before():
    whole, patch = Image.new("RGBA", (40, 30), "blue"), Image.new("RGBA", (40, 30))
    patch.paste((255, 0, 0, 255), (10, 6, 20, 16))
    _, second = frames_of(animated([whole, patch], "PNG", blend=1))
    expected = np.full((30, 40, 3), (0, 0, 255), np.uint8)
    expected[6:16, 10:20] = (255, 0, 0)
    assert (second == expected).all()


def test_what_is_transparent_in_a_later_frame_is_white():
    patch = Image.new("RGBA", (40, 30))
    patch.paste((255, 0, 0, 255), (10, 6, 20, 16))
    _, second = frames_of(animated([Image.new("RGBA", (40, 30), "blue"), patch], "PNG", blend=0))
    assert tuple(second[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_every_frame_is_turned_upright(orientation):
    shown = [photo(60, 40, seed=seed) for seed in (0, 1)]
    found = frames_of(animated(shown, "PNG", exif=exif(orientation)))
    for frame, one in zip(found, shown, strict=True):
        upright = np.rot90(one, {1: 0, 3: 2, 6: -1}[orientation])
        assert np.abs(frame.astype(int) - upright).max() <= 1


def test_of_many_frames_those_that_stay_are_seen():
    flashes = [photo(seed=seed) for seed in range(1, 31)]
    fake = np.full((120, 160, 3), (200, 0, 0), np.uint8)
    data = animated([photo(), *flashes, fake], "PNG", duration=[20] * 31 + [2_000])
    found = frames_of(data)
    assert len(found) == MOST_FRAMES
    assert any((frame == fake).all() for frame in found)


def test_a_picture_that_no_animation_shows_is_not_seen():
    still = Image.new("RGB", (40, 30), "green")
    data = animated([still, *(photo(40, 30, seed=seed) for seed in (0, 1))], "PNG", default_image=True)
    first, second = frames_of(data)
    assert np.abs(first.astype(int) - photo(40, 30, seed=0)).max() <= 1
    assert np.abs(second.astype(int) - photo(40, 30, seed=1)).max() <= 1


def test_frames_are_panels_and_so_are_the_pictures_in_them():
    side_by_side = np.concatenate([photo(200, 300, seed=1), photo(200, 300, seed=2)], axis=1)
    strip = decode(animated([photo(400, 300), side_by_side], "WEBP", lossless=True))
    first, second, *within = panels(strip)
    assert first == (0, 0, 400, 300)
    assert second == (0, 300 + BAND, 400, 300)
    assert sorted(box.x for box in within) == pytest.approx([0, 200], abs=4)
    assert all(box.y >= 300 for box in within)


@pytest.mark.parametrize("height", [1, 7, 8, 9, 250, 308])
def test_other_pictures_are_no_strip(height):
    assert frames_in(np.full((height, 90, 3), 24, np.uint8)) == ()
    assert frames_in(np.random.default_rng(1).integers(24, 26, (height, 90, 3), dtype=np.uint8)) == ()


def test_a_frame_that_holds_a_band_itself_is_one_frame():
    strip = decode(animated([photo(seed=1), photo(seed=2)], "PNG"))
    middle = strip[120 - 60 : 120 + BAND + 60]
    other = photo(160, len(middle), seed=3)
    assert len(frames_of(animated([other, middle, other], "PNG"))) == 2


def refusal(data, **limits):
    with pytest.raises(ImageRejected) as caught:
        decode(data, limits=DecodeLimits(**limits))
    return caught.value.code


def test_all_frames_together_are_bounded_before_one_is_decoded():
    data = animated([photo(seed=seed) for seed in range(5)], "PNG")
    assert refusal(data, max_pixels=5 * 160 * 120 - 1) == "too_many_pixels"
    assert refusal(data, max_frames=4) == "too_many_pixels"
    assert decode(data, limits=DecodeLimits(max_pixels=160 * 120), reading=Reading.STILL).shape == (120, 160, 3)
    many = animated([Image.new("RGB", (400, 300), (255 * (number % 2), 0, 0)) for number in range(400)], "PNG")
    started = time.process_time()
    assert refusal(many) == "too_many_pixels"
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_a_file_cut_anywhere_is_refused(kind, options):
    data = animated([photo(30, 20, seed=seed) for seed in (0, 1)], kind, **options)
    for length in range(len(data)):
        assert refusal(data[:length]) in ("truncated", "empty", "unsupported_type"), length


ANIMATIONS = st.sampled_from(
    [animated([photo(40, 30, seed=seed) for seed in range(3)], kind, **options) for kind, options in FORMS]
)
EDITS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), min_size=1, max_size=6)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=ANIMATIONS, edits=EDITS)
def test_damaged_animations_give_a_picture_or_a_refusal(data, edits):
    damaged = bytearray(data)
    for place, replacement in edits:
        position = int(place * len(damaged))
        damaged[position : position + len(replacement)] = replacement
    try:
        strip = decode(bytes(damaged), limits=DecodeLimits(max_pixels=4_000_000))
    except ImageRejected as refused:
        assert refused.detail
    else:
        assert strip.dtype == np.uint8
        assert strip.flags.c_contiguous
