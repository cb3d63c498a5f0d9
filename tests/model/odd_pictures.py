"""Makes the odd pictures of the decoder's tests, byte by byte where no encoder writes them."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def photo(width=160, height=120, *, seed=0):
    """A smooth picture with some noise, (height, width, 3) uint8: compresses like a photo."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return np.clip(smooth + random.integers(-6, 7, smooth.shape), 0, 255).astype(np.uint8)


def encoded(image, kind, **options):
    """`image` (array or Pillow image) as the bytes of a file of `kind`, by Pillow."""
    buffer = io.BytesIO()
    picture = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def exif(orientation, order="<"):
    """An EXIF block (with its `Exif` prefix) that holds the orientation alone."""
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + head + struct.pack(order + "IH", 8, 1) + entry + b"\0\0\0\0"


def chunk(kind, body):
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_rows(samples, depth):
    """Unfiltered PNG rows of `samples`, (height, width, channels) integers below 2**depth."""
    height = samples.shape[0]
    if depth == 16:
        rows = samples.astype(">u2").view(np.uint8).reshape(height, -1)
    else:
        bits = np.unpackbits(samples.astype(np.uint8).reshape(height, -1, 1), axis=2)[:, :, 8 - depth :]
        rows = np.packbits(bits.reshape(height, -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in rows)


def png(samples, *, depth, colour, chunks=(), interlaced=False, after=b""):
    """A PNG of any depth and colour type from (height, width, channels) `samples`; `chunks` go before the pixels."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    if interlaced:
        passes = (samples[y::step_y, x::step_x] for x, y, step_x, step_y in ADAM7)
        raw = b"".join(png_rows(part, depth) for part in passes if part.size)
    else:
        raw = png_rows(samples, depth)
    body = [chunk(b"IHDR", header), *chunks, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")]
    return PNG_SIGNATURE + b"".join(body) + after


def on_white(colour, alpha, top):
    """Slow truth: `colour` (…, 3) and `alpha` (…, 1) with values 0..`top`, on white, as 8 bits, each step rounded."""
    mixed = np.rint((colour.astype(float) * alpha + float(top) * (top - alpha)) / top)
    return np.rint(mixed * 255 / top).astype(np.uint8)


def jpeg_segments(data):
    """The segments of a JPEG header up to its first scan as (marker, body), and all that follows."""
    segments, position = [], 2
    while data[position + 1] != 0xDA:
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        segments.append((data[position + 1], data[position + 4 : position + 2 + length]))
        position += 2 + length
    return segments, data[position:]


def jpeg(segments, scans):
    """A JPEG from what `jpeg_segments` gave."""
    parts = [b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments]
    return b"\xff\xd8" + b"".join(parts) + scans


def with_segment(data, marker, body):
    """The JPEG `data` with one more segment after its first."""
    segments, scans = jpeg_segments(data)
    return jpeg([*segments[:1], (marker, body), *segments[1:]], scans)


def webp(*chunks):
    """A WebP container of (kind, body) `chunks`."""
    parts = [kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) for kind, body in chunks]
    content = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def zip_archive(name="evil.txt", content=b"text"):
    """A ZIP archive of one stored file."""
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, content)
    return buffer.getvalue()
