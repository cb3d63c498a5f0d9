"""How every network runs: on the CPU, in a session that may be called from several threads."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

_CANNOT_RUN = (
    refusals.Fail, refusals.InvalidArgument, refusals.InvalidGraph, refusals.InvalidProtobuf, refusals.NoSuchFile,
    refusals.NotImplemented,
)  # fmt: skip

_IDENTITY = (
    b'\x08\x08\x12\x00:7\n\x10\n\x01x\x12\x01y"\x08Identity\x12\x01gZ\x0f\n\x01x\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01'
    b"b\x0f\n\x01y\x12\n\n\x08\x08\x01\x12\x04\n\x02\x08\x01B\x04\n\x00\x10\x11"
)
"""The smallest network: an ONNX file whose output `y` is its input `x`, one float."""


def session(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    """The network in the file `path` (ONNX), with `threads` threads for one call.

    Raises `ValueError` where the file holds no network that can run.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Else the runtime's idle threads spin and take the cores of other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _CANNOT_RUN as error:
        raise ValueError(f"{path.name} cannot be run: {error}") from error


def flush_denormals() -> None:
    """Have this thread, and all that it starts from now on, take denormal numbers for 0; before any session is made.

    A product with one takes an Intel processor a hundred times as long, and of the weights of the network that finds
    lines of words a tenth are ones: it takes 110 ms with them and 26 without, for the same lines. onnxruntime sets the
    processor so in the thread that makes a process' first session, and new threads inherit that. It holds for all that
    these threads compute, so it is for a process that serves to decide, and not for whoever loads a network.
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    onnxruntime.InferenceSession(_IDENTITY, options, providers=["CPUExecutionProvider"])
