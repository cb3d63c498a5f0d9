"""Runs every command of docs/api.md against a server."""

from __future__ import annotations

from pathlib import Path

from document_commands import run_commands
from mosaics import mosaic, png
from service_client import Served


def test_every_command_of_the_page_runs(served: Served, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(mosaic(1)))
    run_commands("api.md", served, folder=tmp_path)
    for name in ("stored.png", "evidence.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
