"""How every network runs: on the CPU, in a session that may be called from several threads."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def session(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    """The network in the file `path` (ONNX), with `threads` threads for one call."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Else the runtime's idle threads spin and take the cores of other workers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
