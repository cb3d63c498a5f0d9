"""Runs what a document tells people to type."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from service_client import Served

DOCS = Path(__file__).parent.parent.parent / "docs"


def run_commands(document: str, served: Served, *, folder: Path) -> None:
    """Run the shell blocks of the document in `folder` against `served`; those of `hallmark` itself are left out."""
    blocks = re.findall(r"```sh\n(.*?)```", (DOCS / document).read_text(), re.DOTALL)
    blocks = [block for block in blocks if not block.startswith("hallmark ")]
    assert len(blocks) >= 5
    environment = {"HALLMARK_URL": served.url, "HALLMARK_KEY": served.key, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-c", "set -eux\n" + "\n".join(blocks)], cwd=folder, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
