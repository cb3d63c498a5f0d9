"""Runs every command of docs/api.md against a server."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn
from mosaics import mosaic, png

from serve import keys
from serve.app import create_app
from serve.roles import Role
from serve.settings import Settings

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"


@pytest.fixture
def url(settings: Settings):
    """The address of a server in a thread."""
    config = uvicorn.Config(create_app(settings), port=0, log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", config.app
    server.should_exit = True
    thread.join()


def test_every_command_of_the_page_runs(url, tmp_path: Path) -> None:
    address, app = url
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    (tmp_path / "logo.png").write_bytes(png(mosaic(1)))
    key = keys.create_key(app.state.startup.service.database, role=Role.ADMIN)
    script = "set -eux\n" + "\n".join(blocks)
    environment = {"HALLMARK_URL": address, "HALLMARK_KEY": key, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stored.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "evidence.png").read_bytes().startswith(b"\x89PNG")
