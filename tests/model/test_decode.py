import io
import os
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from odd_pictures import (
    CHANNELS,
    chunk,
    encoded,
    exif,
    jpeg,
    jpeg_segments,
    on_white,
    photo,
    png,
    webp,
    with_segment,
)
from PIL import Image, ImageOps

from model.decode import DEFAULT_LIMITS, DecodeLimits, ImageRejected, Reading, decode

DATA = Path(os.environ.get("HALLMARK_DATA", "../shared/data"))
RELAXED = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
IMAGES = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40).map(lambda shape: (*shape, 3)))


def truth(data):
    """What Pillow sees, upright, on white."""
    with Image.open(io.BytesIO(data)) as opened:
        picture = ImageOps.exif_transpose(opened).convert("RGBA")
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, (0, 0), picture)
    return np.array(white)


def refusal(data, limits=DEFAULT_LIMITS):
    with pytest.raises(ImageRejected) as caught:
        decode(data, limits=limits)
    assert len(caught.value.detail) > 20
    return caught.value.code


def assert_same(decoded, expected, tolerance=0):
    assert decoded.dtype == np.uint8
    assert decoded.flags.c_contiguous
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= tolerance


# ---- what is read

LOSSLESS = [("PNG", {}), ("PNG", {"compress_level": 0}), ("WEBP", {"lossless": True, "exact": True})]


@RELAXED
@given(image=IMAGES, form=st.sampled_from(LOSSLESS), orientation=st.integers(1, 8))
def test_lossless_pictures_come_back_exactly(image, form, orientation):
    kind, options = form
    data = encoded(image, kind, exif=exif(orientation), **options)
    assert_same(decode(data), truth(data))
    turned = {1: image, 2: image[:, ::-1], 3: image[::-1, ::-1], 4: image[::-1]}
    turned |= {5: image.transpose(1, 0, 2), 6: np.rot90(image, -1), 8: np.rot90(image)}
    turned[7] = np.rot90(image)[:, ::-1]
    assert_same(decode(data), turned[orientation])


JPEGS = [{"quality": 92}, {"quality": 75, "progressive": True}, {"subsampling": 0}, {"quality": 90, "keep_rgb": True}]


@RELAXED
@given(image=IMAGES, options=st.sampled_from(JPEGS), orientation=st.integers(1, 8), order=st.sampled_from("<>"))
def test_jpegs_equal_pillows(image, options, orientation, order):
    data = encoded(image, "JPEG", exif=exif(orientation, order), **options)
    assert_same(decode(data), truth(data), tolerance=1)


@RELAXED
@given(image=IMAGES, quality=st.integers(5, 95))
def test_lossy_webp_equals_pillows(image, quality):
    data = encoded(image, "WEBP", quality=quality)
    assert_same(decode(data), truth(data), tolerance=1)


@RELAXED
@given(image=arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30), st.just(4))))
def test_alpha_is_composed_on_white(image):
    expected = on_white(image[..., :3], image[..., 3:], 255)
    assert_same(decode(encoded(image, "PNG")), expected)
    assert_same(decode(encoded(image, "WEBP", lossless=True, exact=True)), expected)


def lock_up(words, *, plate=False):
    """A coloured symbol with words beside it in that grey, on a white plate or on nothing."""
    drawing = np.zeros((60, 200, 4), np.uint8)
    if plate:
        drawing[:] = 255
    drawing[10:50, 10:50] = (30, 120, 220, 255)
    drawing[20:40, 70:190] = (words, words, words, 255)
    return drawing


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_a_drawing_with_white_words_lies_on_near_black_where_nothing_is_around_it(kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(lock_up(255), kind, **options)
    near_black = decode(data, reading=Reading.DRAWING)
    assert tuple(near_black[0, 0]) == (24, 24, 24)
    assert tuple(near_black[30, 100]) == (255, 255, 255)
    assert tuple(decode(data)[0, 0]) == (255, 255, 255)


@pytest.mark.parametrize("drawing", [lock_up(20), lock_up(255, plate=True), lock_up(20, plate=True)[..., :3]])
def test_other_drawings_lie_on_white(drawing):
    data = encoded(drawing, "PNG")
    assert_same(decode(data, reading=Reading.DRAWING), decode(data))


def test_white_letters_on_a_badge_are_seen_on_white():
    badge = np.zeros((100, 100, 4), np.uint8)
    badge[10:90, 10:90] = (200, 30, 30, 255)
    badge[20:80, 20:80] = 255
    data = encoded(badge, "PNG")
    assert_same(decode(data, reading=Reading.DRAWING), decode(data))


def test_lossy_webp_with_alpha_equals_pillows():
    image = np.dstack([photo(), photo(seed=1)[..., 0]])
    data = encoded(image, "WEBP", quality=80)
    assert b"ALPH" in data
    assert_same(decode(data), truth(data), tolerance=1)


DEPTHS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8)]
DEPTHS += [(4, 8), (4, 16), (6, 8), (6, 16)]


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "depth"), DEPTHS)
@pytest.mark.parametrize("transparent", [False, True])
def test_every_kind_of_png_is_read_exactly(colour, depth, transparent, interlaced):
    random = np.random.default_rng(depth * 10 + colour)
    top = (1 << depth) - 1
    samples = random.integers(0, top + 1, (13, 11, CHANNELS[colour]))
    samples[3, 4] = top
    chunks = []
    alpha = np.full((13, 11, 1), 255 if colour == 3 else top)
    pixels = samples[..., :3] if colour in (2, 6) else np.repeat(samples[..., :1], 3, axis=2)
    if colour == 3:
        palette = random.integers(0, 256, (top + 1, 3), dtype=np.uint8)
        opacity = random.integers(0, 256, (top + 1) // 2, dtype=np.uint8)
        chunks.append(chunk(b"PLTE", palette.tobytes()))
        pixels = palette[samples[..., 0]]
        if transparent:
            chunks.append(chunk(b"tRNS", opacity.tobytes()))
            alpha = np.append(opacity, np.full(top + 1 - len(opacity), 255))[samples]
        top = 255
    elif colour in (4, 6):
        alpha = samples[..., -1:]
    elif transparent:
        key = samples[3, 4]
        chunks.append(chunk(b"tRNS", struct.pack(f">{len(key)}H", *key)))
        alpha = np.where((samples == key).all(axis=2, keepdims=True), 0, top)
    data = png(samples, depth=depth, colour=colour, chunks=chunks, interlaced=interlaced)
    assert_same(decode(data), on_white(pixels, alpha, top))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_of_png_and_webp_turns_the_picture(orientation):
    image = photo(30, 20)
    for kind in ("PNG", "WEBP"):
        data = encoded(image, kind, exif=exif(orientation), lossless=True)
        assert_same(decode(data), truth(data))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(value):
    data = encoded(photo(), "JPEG", exif=exif(value))
    assert decode(data).shape == (120, 160, 3)


def test_grey_jpeg():
    data = encoded(Image.fromarray(photo()).convert("L"), "JPEG")
    assert_same(decode(data), truth(data))


@pytest.mark.parametrize("transform", [0, 2])
@pytest.mark.parametrize("adobe", [True, False])
def test_cmyk_and_ycck_jpeg_equal_pillows(transform, adobe):
    segments, scans = jpeg_segments(encoded(Image.fromarray(photo()).convert("CMYK"), "JPEG", quality=95))
    kept = [(marker, body) for marker, body in segments if marker != 0xEE]
    mark = [(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))] if adobe else []
    data = jpeg([*mark, *kept], scans)
    assert_same(decode(data), truth(data), tolerance=1)


def test_cmyk_colours_are_those_of_the_original():
    image = photo()
    data = encoded(Image.fromarray(image).convert("CMYK"), "JPEG", quality=98, subsampling=0)
    assert np.abs(decode(data).astype(int) - image).mean() < 2


def test_unusual_subsampling_is_read():
    segments, scans = jpeg_segments(encoded(photo(), "JPEG", subsampling=0))
    frame = next(bytearray(body) for marker, body in segments if marker == 0xC0)
    frame[7], frame[10], frame[13] = 0x22, 0x21, 0x11
    data = jpeg([(marker, bytes(frame) if marker == 0xC0 else body) for marker, body in segments], scans)
    assert_same(decode(data), truth(data))


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 1)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF"])
def test_tiny_and_long_pictures(size, kind):
    image = np.full((size[1], size[0], 3), (200, 30, 90), dtype=np.uint8)
    assert_same(decode(encoded(image, kind)), image, tolerance=3 if kind == "JPEG" else 0)


@RELAXED
@given(samples=arrays(np.uint8, st.tuples(st.integers(1, 30), st.integers(1, 30))), transparent=st.booleans())
def test_gif_is_read_exactly(samples, transparent):
    picture = Image.fromarray(samples % 16)
    picture = picture.copy()
    picture.putpalette(list(range(0, 240, 5)))
    options = {"transparency": 3} if transparent else {}
    data = encoded(picture, "GIF", **options)
    assert_same(decode(data), truth(data))


def test_a_gif_frame_off_the_canvas_corner_lies_on_white():
    data = bytearray(encoded(Image.new("P", (4, 3), 0), "GIF"))
    struct.pack_into("<HH", data, 6, 10, 8)
    start = data.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 4, 3))
    struct.pack_into("<HH", data, start + 1, 5, 2)
    expected = np.full((8, 10, 3), 255, dtype=np.uint8)
    expected[2:5, 5:9] = 0
    assert_same(decode(bytes(data)), expected)


@pytest.mark.parametrize("reading", [Reading.STILL, Reading.DRAWING])
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_that_is_to_be_still_the_first_frame_is_read(kind, reading):
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "green")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    assert_same(decode(data, reading=reading), np.full((30, 40, 3), (255, 0, 0), dtype=np.uint8))


def apng_with_still(*, place=(2, 1)):
    """A blue still picture that viewers of animations never show; their first frame is a red patch."""
    blue = np.full((6, 8, 3), (0, 0, 255))
    whole = png(blue, depth=8, colour=2, chunks=[chunk(b"acTL", struct.pack(">II", 1, 0))])
    control = struct.pack(">IIIIIHHBB", 0, 3, 2, *place, 1, 10, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * 3 for _ in range(2)))
    frames = chunk(b"fcTL", control) + chunk(b"fdAT", struct.pack(">I", 1) + rows)
    return whole[:-12] + frames + whole[-12:]


def test_a_still_picture_outside_the_animation_is_not_what_buyers_see():
    expected = np.full((6, 8, 3), 255, dtype=np.uint8)
    expected[1:3, 2:5] = (255, 0, 0)
    assert_same(decode(apng_with_still()), expected)
    assert refusal(apng_with_still(place=(7, 1))) == "corrupt"


def test_a_webp_frame_smaller_than_its_canvas_lies_on_white():
    frames = [Image.new("RGBA", (40, 30)), Image.new("RGBA", (40, 30))]
    frames[0].paste((255, 0, 0, 255), (10, 6, 20, 16))
    data = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    expected = np.full((30, 40, 3), 255, dtype=np.uint8)
    expected[6:16, 10:20] = (255, 0, 0)
    assert_same(decode(data, reading=Reading.STILL), expected)


def test_phone_photos_pass_with_all_that_phones_add():
    plain = encoded(photo(), "JPEG", exif=exif(6), icc_profile=bytes(range(256)) * 8)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<?xpacket begin='' id='W5M0'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    full = with_segment(with_segment(plain, 0xE1, xmp), 0xE2, b"MPF\0MM\0*\0\0\0\x08")
    second = encoded(photo(40, 30), "JPEG")
    samsung = b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_Data1700000000000SEFHk\0\0\0\x01\0\0\0SEFT"
    video = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(range(256)) * 40
    for tail in (b"", second, samsung, video, second + samsung, b"\0" * 100):
        assert_same(decode(full + tail), truth(plain))


@pytest.mark.parametrize("folder", ["catalogue", "clothing", "flickrlogos27", "grocery", "imitations_web"])
def test_real_photos_equal_pillows(folder):
    files = sorted(path for path in (DATA / folder).rglob("*") if path.suffix in (".jpg", ".png"))
    if not files:
        pytest.skip(f"no photos in {DATA / folder}: set HALLMARK_DATA")
    for path in files[:: max(1, len(files) // 12)]:
        data = path.read_bytes()
        assert_same(decode(data), truth(data), tolerance=1)


# ---- what is refused


def test_an_empty_body_and_a_file_too_large():
    assert refusal(b"") == "empty"
    assert refusal(b"\xff\xd8\xff" + bytes(12_000_000)) == "too_large"


OTHERS = {
    "svg": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "bare svg": b"\xef\xbb\xbf \n<svg/>",
    "html": b"<!DOCTYPE html><html><script>alert(1)</script></html>",
    "pdf": b"%PDF-1.7\n",
    "bmp": encoded(photo(), "BMP"),
    "tiff": encoded(photo(), "TIFF"),
    "avif": b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "zip": b"PK\x03\x04" + bytes(40),
    "text": b"not a picture at all",
    "one byte": b"\xff",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_types_are_refused_with_advice(name):
    with pytest.raises(ImageRejected) as caught:
        decode(OTHERS[name])
    assert caught.value.code == "unsupported_type"
    assert "JPEG, PNG, WebP and GIF" in caught.value.detail


@pytest.mark.parametrize(("marker", "precision"), [(0xC3, 8), (0xC9, 8), (0xC1, 12)])
def test_jpeg_codings_that_browsers_do_not_show(marker, precision):
    data = bytearray(encoded(photo(), "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 1], data[start + 4] = marker, precision
    assert refusal(bytes(data)) == "unsupported_type"


FORMS = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("WEBP", {"quality": 80}),
    ("WEBP", {"lossless": True}),
    ("GIF", {}),
]


@pytest.mark.parametrize(("kind", "options"), FORMS)
def test_a_file_cut_anywhere_is_refused(kind, options):
    data = encoded(photo(60, 40), kind, **options)
    decode(data)
    for length in range(len(data)):
        assert refusal(data[:length]) in ("truncated", "empty", "unsupported_type"), length


def test_a_jpeg_whose_scan_is_cut_but_ends_properly_is_refused():
    data = encoded(photo(), "JPEG")
    assert refusal(data[: len(data) // 2] + b"\xff\xd9") == "corrupt"
    assert refusal(data[: len(data) // 2] + data[len(data) // 2 + 40 :]) == "corrupt"


def test_a_progressive_jpeg_with_endless_scans_is_refused_fast():
    segments, scans = jpeg_segments(encoded(photo(), "JPEG", progressive=True))
    segments = [
        (mark, body[:1] + struct.pack(">HH", 6000, 6000) + body[5:] if mark == 0xC2 else body)
        for mark, body in segments
    ]
    last = scans[scans.rindex(b"\xff\xda") : -2]
    started = time.process_time()
    assert refusal(jpeg(segments, scans[:-2] + last * 400 + b"\xff\xd9")) == "corrupt"
    assert time.process_time() - started < 0.1


def test_short_png_rows_and_wrong_checksums_are_corrupt():
    samples = np.zeros((20, 20, 3), dtype=int)
    whole = png(samples, depth=8, colour=2)
    short = png(samples[:10], depth=8, colour=2)
    body = bytearray(short)
    body[8:33] = whole[8:33]  # the header of twenty rows before the pixels of ten
    assert refusal(bytes(body)) == "corrupt"
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    assert refusal(bytes(flipped)) == "corrupt"


@pytest.mark.parametrize(
    "data",
    [
        png(np.zeros((2, 2, 1), dtype=int), depth=8, colour=0)[:16] + struct.pack(">II", 50_000, 50_000) + bytes(40),
        webp((b"VP8X", b"\0\0\0\0" + b"\xff\xff\0" + b"\xff\xff\0")),
        webp((b"VP8L", b"\x2f" + struct.pack("<I", 16_000 | 16_000 << 14))),
        webp((b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_000, 16_000))),
        b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + b"\0\0\0;",
        b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 60_000, 60_000) + b"\x03" + bytes(20),
    ],
    ids=["png", "webp canvas", "webp lossless", "webp lossy", "gif", "jpeg"],
)
def test_bombs_are_refused_by_their_header(data):
    started = time.process_time()
    assert refusal(data) == "too_many_pixels"
    assert time.process_time() - started < 0.1


def test_a_still_webp_with_another_canvas_than_its_picture_is_corrupt():
    still = encoded(photo(20, 20), "WEBP")
    canvas = b"\0\0\0\0" + (99).to_bytes(3, "little") + (19).to_bytes(3, "little")
    pixels = (b"VP8 ", still[20:])
    assert refusal(webp((b"VP8X", canvas), pixels)) == "corrupt"


def test_limits_can_be_set_and_name_the_numbers():
    with pytest.raises(ImageRejected, match="160×120"):
        decode(encoded(photo(), "PNG"), limits=DecodeLimits(max_pixels=19_199))
    decode(encoded(photo(), "PNG"), limits=DecodeLimits(max_pixels=19_200))


ALL_FORMS = st.sampled_from([encoded(photo(40, 30), kind, **options) for kind, options in FORMS])


@settings(RELAXED, max_examples=300)
@given(data=ALL_FORMS, edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4)), max_size=6))
def test_damaged_files_give_a_picture_or_a_refusal(data, edits):
    damaged = bytearray(data)
    for place, replacement in edits:
        position = int(place * len(damaged))
        damaged[position : position + len(replacement)] = replacement
    gives_picture_or_refusal(bytes(damaged))


@settings(RELAXED, max_examples=300)
@given(
    head=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBP", b"GIF89a"]),
    tail=st.binary(max_size=200),
)
def test_any_bytes_give_a_picture_or_a_refusal(head, tail):
    gives_picture_or_refusal(head + tail)


def gives_picture_or_refusal(data):
    try:
        image = decode(data, limits=DecodeLimits(max_pixels=4_000_000))
    except ImageRejected as refused:
        assert refused.detail
    else:
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
