import re
import zlib

import numpy as np
import pytest
from odd_pictures import chunk, encoded, photo, png, webp, with_segment, zip_archive
from PIL import Image

from model.decode import ImageRejected, decode

JPEG = encoded(photo(), "JPEG")
PNG = encoded(photo(20, 20), "PNG")
GIF = encoded(photo(20, 20), "GIF")
WEBP = encoded(photo(20, 20), "WEBP")
GREY = np.zeros((2, 2, 1), dtype=int)
SCRIPTS = [
    b"<script>alert(1)</script>",
    b"<HTML><body>",
    b"<!DOCTYPE html>",
    b"<svg onload=alert(1)>",
    b"<?php system($_GET[0]); ?>",
    b"<?php __HALT_COMPILER(); ?>",
    b"%PDF-1.4\n1 0 obj",
]
PICTURES = {"jpeg": JPEG, "png": PNG, "gif": GIF, "webp": WEBP}


def refused_as(data):
    with pytest.raises(ImageRejected) as caught:
        decode(data)
    assert caught.value.code == "polyglot"
    return caught.value.detail


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("kind", PICTURES)
def test_a_program_after_the_picture(kind, script):
    assert "also" in refused_as(PICTURES[kind] + script)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_program_in_the_metadata(script):
    refused_as(with_segment(JPEG, 0xFE, script))
    refused_as(with_segment(JPEG, 0xE1, b"Exif\0\0" + script))
    refused_as(png(GREY, depth=8, colour=0, chunks=[chunk(b"tEXt", b"Comment\0" + script)]))
    refused_as(encoded(photo(20, 20), "GIF", comment=script))
    refused_as(webp((b"VP8 ", WEBP[20:]), (b"XMP ", script)))


@pytest.mark.parametrize("kind", PICTURES)
def test_an_archive_after_the_picture(kind):
    picture = PICTURES[kind]
    assert "ZIP" in refused_as(picture + zip_archive())
    assert "ZIP" in refused_as(picture + zip_archive() + b"bytes after its end")
    assert "ZIP" in refused_as(picture + b"PK\x05\x06" + bytes(18))
    assert "RAR" in refused_as(picture + b"Rar!\x1a\x07\x01\0" + bytes(30))
    assert "7z" in refused_as(picture + b"7z\xbc\xaf\x27\x1c\0\x04" + bytes(30))


def test_an_archive_inside_the_metadata():
    assert "ZIP" in refused_as(with_segment(JPEG, 0xFE, zip_archive()))


def test_chance_bytes_of_an_archives_end_are_no_archive():
    decode(JPEG + b"PK\x05\x06" + bytes(range(1, 40)))


def test_a_program_among_the_pixels():
    row = b"\0" + b"<script src=//a.example></script>"
    stored = zlib.compressobj(level=0)
    body = stored.compress(row) + stored.flush()
    data = re.sub(rb"(?s)\0\0..IDAT.*", b"", png(np.zeros((1, len(row) - 1, 1), dtype=int), depth=8, colour=0))
    refused_as(data + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def test_a_jpeg_that_is_javascript():
    scripted = with_segment(b"\xff\xd8\xff\xe0\x2f\x2a" + bytes(0x2F2A - 2) + JPEG[20:], 0xFE, b"*/=alert(1)/*")
    assert "JavaScript" in refused_as(scripted)


def test_a_gif_that_is_javascript():
    scripted = bytearray(encoded(Image.new("P", (0x2A2F, 1), 0), "GIF"))
    decode(bytes(scripted))
    assert scripted[6:8] == b"/*"
    assert "JavaScript" in refused_as(bytes(scripted) + b"*/=1;alert(1)")


def test_a_tar_archive_that_begins_as_a_picture():
    body = bytearray(with_segment(JPEG, 0xFE, bytes(600)))
    body[257:262] = b"ustar"
    assert "TAR" in refused_as(bytes(body))


def test_escaped_and_ordinary_texts_pass():
    for text in (
        b"&lt;html&gt; <x:xmpmeta>",
        b"shot for a page about <3",
        b"svg export, html colours, PHP 8",
        b"*/ /*",
    ):
        decode(with_segment(JPEG, 0xFE, text))
