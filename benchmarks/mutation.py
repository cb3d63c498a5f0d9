"""Damages files of pictures: at random, and by their structure so that decoders see deep damage."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable

Parts = list[bytes]


def mutate(data: bytes, *, mutation: str, other: bytes, chance: random.Random) -> bytes:
    """`data` damaged by one of `MUTATIONS`; `other` is a second file for the mutations that join two."""
    return MUTATIONS[mutation](data, other, chance)


def parts_of(data: bytes) -> Parts:
    """The file's signature, its segments or chunks, and the rest; joined they are `data` again."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg_parts(data)
    if data.startswith(b"\x89PNG"):
        return _sized_parts(data, 8, lambda position: 12 + int.from_bytes(data[position : position + 4], "big"))
    if data.startswith(b"RIFF"):
        return _sized_parts(data, 12, lambda at: 8 + (1 + int.from_bytes(data[at + 4 : at + 8], "little")) // 2 * 2)
    return [data[:6], data[6:13], data[13 : 13 + 768], *(data[at : at + 255] for at in range(781, len(data), 255))]


def _jpeg_parts(data: bytes) -> Parts:
    parts, position = [data[:2]], 2
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xD9:
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] == 0xDA:  # a scan reaches to the next marker that is not part of it
            while end < len(data) - 1 and (data[end] != 0xFF or data[end + 1] in (0, *range(0xD0, 0xD8))):
                end += 1
        parts.append(data[position:end])
        position = end
    return [*parts, data[position:]]


def _sized_parts(data: bytes, position: int, size: Callable[[int], int]) -> Parts:
    parts = [data[:position]]
    while position < len(data):
        end = position + size(position)
        parts.append(data[position:end])
        position = end
    return parts


def repaired(data: bytes) -> bytes:
    """`data` with the sums that a reader tests first made right: checksums of PNG, the size of WebP."""
    if data.startswith(b"\x89PNG"):
        chunks = parts_of(data)[1:]
        sums = (struct.pack(">I", zlib.crc32(chunk[4:-4])) if len(chunk) >= 12 else b"" for chunk in chunks)
        return data[:8] + b"".join(chunk[:-4] + new if new else chunk for chunk, new in zip(chunks, sums, strict=True))
    if data.startswith(b"RIFF"):
        return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    return data


def _position(data: bytes, chance: random.Random) -> int:
    """A place in `data`; the first 2 % (headers) as often as all the rest."""
    reach = len(data) if chance.random() < 0.5 else max(40, len(data) // 50)
    return min(chance.randrange(reach), len(data) - 1)


def _flip_bits(data: bytes, other: bytes, chance: random.Random) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        damaged[_position(data, chance)] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _flip_bits_and_repair(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return repaired(_flip_bits(data, other, chance))


def _truncate(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _truncate_and_close(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The compressed pixels cut short inside an intact container."""
    parts = parts_of(data)
    longest = max(range(len(parts)), key=lambda number: len(parts[number]))
    kept = chance.randrange(12, max(13, len(parts[longest])))
    part = parts[longest][:kept]
    if data.startswith(b"\x89PNG"):
        part = struct.pack(">I", max(0, kept - 12)) + part[4:]
    elif data.startswith(b"RIFF"):
        part = part[:4] + struct.pack("<I", kept - 8) + part[8:] + b"\0" * (kept % 2)
    return repaired(b"".join([*parts[:longest], part, *parts[longest + 1 :]]))


def _shuffle_parts(data: bytes, other: bytes, chance: random.Random) -> bytes:
    head, *parts = parts_of(data)
    chance.shuffle(parts)
    return head + b"".join(parts)


def _drop_or_double_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    parts = parts_of(data)
    number = chance.randrange(1, len(parts))
    parts[number : number + 1] = [parts[number]] * chance.choice((0, 2, 3, 50))
    return repaired(b"".join(parts))


def _resize_header(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """Another width or height in the header, from 0 to far more pixels than there are."""
    damaged = bytearray(data)
    value = chance.choice((0, 1, 2, 255, 256, 5000, 16_383, 32_768, 65_535, chance.randrange(65_536)))
    which = chance.randrange(2)
    if data.startswith(b"\xff\xd8"):
        frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        struct.pack_into(">H", damaged, frame + 5 + 2 * which, value)
    elif data.startswith(b"\x89PNG"):
        struct.pack_into(">I", damaged, 16 + 4 * which, value if chance.random() < 0.8 else value << 16)
    elif data.startswith(b"RIFF"):
        struct.pack_into("<H", damaged, chance.choice((21, 24, 26, 27)), value)
    else:
        struct.pack_into("<H", damaged, 6 + 2 * which, value)
    return repaired(bytes(damaged))


def _edit_length(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A segment or chunk that lies about its length."""
    parts = parts_of(data)
    number = chance.randrange(1, len(parts))
    part = bytearray(parts[number])
    field, form = (2, ">H") if data.startswith(b"\xff\xd8") else (0, ">I") if data.startswith(b"\x89") else (4, "<I")
    if len(part) >= field + struct.calcsize(form):
        struct.pack_into(form, part, field, chance.choice((0, 1, 2, 0x7FFF, 0xFFFF, chance.randrange(65_536))))
    return b"".join([*parts[:number], bytes(part), *parts[number + 1 :]])


def _splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def _graft_part(data: bytes, other: bytes, chance: random.Random) -> bytes:
    parts = parts_of(data)
    parts.insert(chance.randrange(1, len(parts)), chance.choice(parts_of(other)))
    return repaired(b"".join(parts))


def _insert(data: bytes, other: bytes, chance: random.Random) -> bytes:
    position = _position(data, chance)
    return data[:position] + chance.randbytes(chance.choice((1, 2, 7, 300, 70_000))) + data[position:]


def _overwrite(data: bytes, other: bytes, chance: random.Random) -> bytes:
    position, length = _position(data, chance), chance.choice((1, 4, 60, 2000))
    filling = chance.choice((b"\0" * length, b"\xff" * length, chance.randbytes(length)))
    return repaired(data[:position] + filling + data[position + length :])


def _append(data: bytes, other: bytes, chance: random.Random) -> bytes:
    tails = (other, b"<script>alert(1)</script>", b"%PDF-1.7\n", b"PK\x05\x06" + bytes(18), chance.randbytes(5000))
    return data + chance.choice(tails)


MUTATIONS: dict[str, Callable[[bytes, bytes, random.Random], bytes]] = {
    "flip_bits": _flip_bits,
    "flip_bits_and_repair": _flip_bits_and_repair,
    "truncate": _truncate,
    "truncate_and_close": _truncate_and_close,
    "shuffle_parts": _shuffle_parts,
    "drop_or_double_part": _drop_or_double_part,
    "resize_header": _resize_header,
    "edit_length": _edit_length,
    "splice": _splice,
    "graft_part": _graft_part,
    "insert": _insert,
    "overwrite": _overwrite,
    "append": _append,
}
"""Name to function of (file, other file, chance)."""
