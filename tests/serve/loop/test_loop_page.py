"""Runs every command of docs/loop.md against a server."""

from __future__ import annotations

from pathlib import Path

from document_commands import run_commands
from marketplace import smeared
from mosaics import mosaic, png
from service_client import Served


def test_every_command_of_the_page_runs(served: Served, tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(mosaic(1)))
    (tmp_path / "fake.png").write_bytes(smeared(1))
    run_commands("loop.md", served, folder=tmp_path)
    for name in ("picture.png", "evidence.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
