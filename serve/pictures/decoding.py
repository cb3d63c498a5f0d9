"""Decoding in worker processes: hostile bytes may kill a worker, never the service.

Workers live long, since starting one costs a quarter of a second. Each has an arena, memory shared with it (a memfd on
Linux, an unlinked file elsewhere), so that pixels are copied once and not pushed through a pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import mmap
import os
import queue
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import numpy as np

from model.decode import Reading
from model.regions import RgbImage
from model.rejection import DECODER_CRASHED, DECODER_TIMEOUT, DecodeLimits, ImageRejected
from serve.pictures.decode_worker import READY, REPLY, REQUEST, TAKEN, arena_bytes, file_room

_START_SECONDS = 30.0
_STOP_SECONDS = 5.0
_HAND_OVER_TRIES = 3
_KEPT_PIXEL_BYTES = 16 << 20  # of an arena, after a picture; the pages of larger pictures go back to the system
_HEAP_PIXEL_BYTES = 6 << 20  # 1448 × 1448 pixels
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SAVE_ANEW = "Open it in an image editor, save it anew as JPEG or PNG, and send that."


Decode = Callable[[bytes], RgbImage]
"""Gives the picture in a file, upright: (height, width, 3) uint8 RGB."""


class DecoderUnavailable(RuntimeError):
    """No worker could be started, or the pool is closed: an outage of Hallmark, not a fault of the picture."""


class DecoderPool:
    """Decodes pictures in `size` child processes; safe to call from many threads at once.

    `timeout_seconds` bounds one picture's time in a worker and `memory_bytes` what a worker may use above its start
    (enforced on Linux). `decoder` names the function that a worker calls, `module:function`; only tests change it.
    """

    def __init__(
        self,
        size: int,
        *,
        limits: DecodeLimits = DecodeLimits(),  # noqa: B008 (frozen)
        timeout_seconds: float = 2.0,
        memory_bytes: int = 1 << 30,
        decoder: str = "model.decode:decode",
    ) -> None:
        if size < 1:
            raise ValueError(f"size: expected at least 1 worker, got {size}")
        self._limits = limits
        self._closed = False
        self._idle: queue.LifoQueue[_Worker] = queue.LifoQueue()
        with ExitStack() as until_all_run:
            self._workers = []
            for _ in range(size):
                worker = _Worker(
                    limits=limits, timeout_seconds=timeout_seconds, memory_bytes=memory_bytes, decoder=decoder
                )
                until_all_run.callback(worker.close)
                worker.start()
                self._workers.append(worker)
                self._idle.put(worker)
            until_all_run.pop_all()

    def decode(self, data: bytes, *, reading: Reading = Reading.PHOTO) -> RgbImage:
        """The picture in `data` as `model.decode.decode` gives it; waits for a free worker.

        Raises `ImageRejected`: the codes of `model.decode.decode`, and `decoder_timeout` or `decoder_crashed` when
        the picture took too long or killed its worker. Raises `DecoderUnavailable` when no worker can run.
        """
        self._limits.check_bytes(len(data))
        if self._closed:
            raise DecoderUnavailable("the decoder pool is closed")
        worker = self._idle.get()
        try:
            return worker.decode(data, reading=reading)
        finally:
            try:
                worker.renew_if_lost()
            finally:
                self._idle.put(worker)

    def close(self) -> None:
        """End all workers; a picture that is being decoded ends as `decoder_crashed`."""
        if self._closed:
            return
        self._closed = True
        for worker in self._workers:
            worker.retire()
        idle = [self._idle.get() for _ in self._workers]  # each comes back at once: its process is gone
        for worker in idle:
            worker.close()
            self._idle.put(worker)  # for threads that still wait; it tells them that the pool is closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    """One child process and its arena. Used by one thread at a time."""

    def __init__(self, *, limits: DecodeLimits, timeout_seconds: float, memory_bytes: int, decoder: str) -> None:
        self._limits = limits
        self._timeout_seconds = timeout_seconds
        sizes = (memory_bytes, limits.max_bytes, limits.max_pixels, limits.max_side, limits.max_frames)
        self._arguments = [decoder, str(timeout_seconds), *map(str, sizes)]
        self._arena_file = _open_arena(arena_bytes(limits))
        self._arena = mmap.mmap(self._arena_file, arena_bytes(limits))
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: socket.socket | None = None
        self._ready = False
        self._lost = False
        self._retired = False

    def start(self) -> None:
        """Start the process; it imports its libraries while others work. Raises `DecoderUnavailable`."""
        if self._retired:
            raise DecoderUnavailable("the decoder pool is closed")
        try:
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise DecoderUnavailable(f"a decoder process cannot be reached: {error}") from error
        numbers = [str(theirs.fileno()), str(self._arena_file)]
        command = [sys.executable, "-P", "-m", "serve.pictures.decode_worker", *numbers, *self._arguments]
        try:
            self._process = subprocess.Popen(  # noqa: S603 (no part of the command comes from outside)
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # the C libraries print a line for each damaged picture
                pass_fds=(theirs.fileno(), self._arena_file),
                env={name: os.environ[name] for name in _INHERITED if name in os.environ} | {"OMP_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C in a terminal is for the service, which then ends its workers
            )
        except OSError as error:
            ours.close()
            raise DecoderUnavailable(f"a decoder process cannot be started: {error}") from error
        finally:
            theirs.close()
        self._connection, self._ready = ours, False

    def decode(self, data: bytes, *, reading: Reading) -> RgbImage:
        self._hand_over(data, reading=reading)
        deadline = time.monotonic() + self._timeout_seconds
        try:
            height, width, text_bytes = REPLY.unpack(self._receive(REPLY.size, deadline))
            refusal = self._receive(text_bytes, deadline)
        except TimeoutError as error:
            raise ImageRejected(
                DECODER_TIMEOUT, f"Reading this picture took over {self._timeout_seconds:g} seconds. {_SAVE_ANEW}"
            ) from error
        except (ConnectionError, EOFError) as error:
            raise ImageRejected(DECODER_CRASHED, f"This picture stopped its reader. {_SAVE_ANEW}") from error
        if text_bytes:
            self._lost = False
            code, detail = json.loads(refusal)
            raise ImageRejected(code, detail)
        image = self._copied(height, width)
        self._lost = False
        return image

    def _hand_over(self, data: bytes, *, reading: Reading) -> None:
        """Give `data` to the process and see it taken; a process that died while idle is replaced first."""
        self._lost = True  # until the whole reply is here
        for _ in range(_HAND_OVER_TRIES):
            try:
                if self._process is None:
                    self.start()
                self._await_ready()
                self._arena[: len(data)] = data
                self._live_connection.sendall(REQUEST.pack(len(data), reading))
                self._receive(len(TAKEN), time.monotonic() + _START_SECONDS)
                return
            except (OSError, EOFError):
                self.stop()
        raise DecoderUnavailable("decoder processes end before they take a picture")

    def _copied(self, height: int, width: int) -> RgbImage:
        """The picture out of the arena; the worker's word is not trusted further than the arena reaches."""
        self._limits.check_pixels(width=width, height=height)
        start, size = file_room(self._limits), 3 * height * width
        image = _fresh_image(height, width)
        image.reshape(-1)[:] = np.frombuffer(self._arena, dtype=np.uint8, count=size, offset=start)
        if size > _KEPT_PIXEL_BYTES and sys.platform == "linux":
            self._arena.madvise(mmap.MADV_REMOVE, start, size)
        return image

    def renew_if_lost(self) -> None:
        """Replace a process that died or hangs; where that fails, the next picture tries again."""
        if not self._lost or self._retired:
            return
        with contextlib.suppress(DecoderUnavailable, subprocess.TimeoutExpired):
            self.stop()
            self.start()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def retire(self) -> None:
        """End the process for good, from any thread: whoever waits for its reply sees the connection end."""
        self._retired = True
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Let go of everything; only after `retire`, and when no thread uses the worker."""
        self.stop()
        self._arena.close()
        os.close(self._arena_file)

    @property
    def _live_connection(self) -> socket.socket:
        if self._connection is None:
            raise DecoderUnavailable("the decoder pool is closed")
        return self._connection

    def _await_ready(self) -> None:
        if not self._ready:
            self._receive(len(READY), time.monotonic() + _START_SECONDS)
            self._ready = True

    def _receive(self, size: int, deadline: float) -> bytes:
        """Exactly `size` bytes from the worker; raises `TimeoutError`, `EOFError` or `ConnectionError`."""
        received = b""
        while len(received) < size:
            self._live_connection.settimeout(max(deadline - time.monotonic(), 1e-3))
            part = self._live_connection.recv(size - len(received))
            if not part:
                raise EOFError("the decoder process is gone")
            received += part
        return received


def _fresh_image(height: int, width: int) -> RgbImage:
    """Memory for a picture. A large one gets pages of its own, which return to the system when it is let go.

    malloc would keep them: each thread of the service has its own heap, and large pictures leave holes in every one.
    """
    size = 3 * height * width
    if size <= _HEAP_PIXEL_BYTES:
        return np.empty((height, width, 3), dtype=np.uint8)
    return np.frombuffer(mmap.mmap(-1, size), dtype=np.uint8).reshape(height, width, 3)


def _open_arena(size: int) -> int:
    """A file descriptor of `size` bytes of memory that its holders cannot resize (on Linux).

    A worker that shrank it would kill the service, which reads from it. A memfd does not count against /dev/shm.
    """
    if sys.platform == "linux":
        number = os.memfd_create("hallmark-arena", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(number, size)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    else:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
        os.ftruncate(number, size)
    return number
