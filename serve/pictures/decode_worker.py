"""The child process of `serve/pictures/decoding.py`: decodes one picture after the other until its parent is gone.

Started as `python -m serve.pictures.decode_worker SOCKET ARENA DECODER TIMEOUT MEMORY BYTES PIXELS SIDE FRAMES`. The
file travels in and the pixels out through the arena, a piece of memory shared with the parent; the socket carries only
short messages.
"""

from __future__ import annotations

import importlib
import json
import mmap
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from model.decode import Reading
from model.regions import RgbImage
from model.rejection import DecodeLimits, ImageRejected

REQUEST = struct.Struct("<QB")
"""How many bytes of a file lie at the start of the arena, and the `Reading` that says what of it is to be seen."""
REPLY = struct.Struct("<III")
"""Height and width of the picture that lies behind the file's place, or 0, 0 and the bytes of the refusal to come."""
READY = b"R"
"""Sent once, when the worker has imported its libraries."""
TAKEN = b"T"
"""Sent before each decoding: from here on a death is the picture's doing."""

_ALARM_SLACK_SECONDS = 1.0  # the parent's own time-out comes first


def file_room(limits: DecodeLimits) -> int:
    """Bytes of the arena before the pixels: the largest file, in whole pages."""
    return -(-limits.max_bytes // mmap.PAGESIZE) * mmap.PAGESIZE


def arena_bytes(limits: DecodeLimits) -> int:
    """Bytes of an arena for the largest file and the largest picture; untouched pages cost nothing."""
    return file_room(limits) + 3 * limits.max_pixels


def _confine(memory_bytes: int) -> None:
    """Bound what hostile bytes may use: `memory_bytes` above what is in use now, no files, no core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # macOS does not enforce a limit of the address space
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * mmap.PAGESIZE + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _serve(
    connection: socket.socket, arena: mmap.mmap, answer: Callable[[bytes, Reading], RgbImage], timeout: float
) -> None:
    connection.sendall(READY)
    while True:
        request = connection.recv(REQUEST.size)
        if len(request) < REQUEST.size:
            return  # the parent closed the pool, or is dead
        connection.sendall(TAKEN)
        signal.setitimer(signal.ITIMER_REAL, timeout + _ALARM_SLACK_SECONDS)
        try:
            size, reading = REQUEST.unpack(request)
            image = answer(arena[:size], Reading(reading))
        except ImageRejected as refusal:
            text = json.dumps([refusal.code, refusal.detail]).encode()
            connection.sendall(REPLY.pack(0, 0, len(text)) + text)
        else:
            connection.sendall(REPLY.pack(image.shape[0], image.shape[1], 0))
            del image
        signal.setitimer(signal.ITIMER_REAL, 0)


def main(arguments: list[str]) -> None:
    """Run until the socket closes. An alarm ends a decoder that hangs, also when the parent is no longer there."""
    socket_number, arena_number, decoder, timeout, memory_bytes, *sizes = arguments
    limits = DecodeLimits(*(int(size) for size in sizes))
    module, _, name = decoder.partition(":")
    decode = getattr(importlib.import_module(module), name)
    cv2.setNumThreads(1)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with (
        socket.socket(fileno=int(socket_number)) as connection,
        mmap.mmap(int(arena_number), arena_bytes(limits)) as arena,
    ):
        os.close(int(arena_number))
        pixels = np.frombuffer(arena, dtype=np.uint8, offset=file_room(limits))

        def answer(data: bytes, reading: Reading) -> RgbImage:
            image: RgbImage = decode(data, limits=limits, reading=reading)
            pixels[: image.size] = image.reshape(-1)
            return image

        _confine(int(memory_bytes))
        _serve(connection, arena, answer, float(timeout))


if __name__ == "__main__":
    main(sys.argv[1:])
