"""Every command that a document shows exists; `docs/api.md` is run whole in tests/serve/test_api_page.py."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serve.command_line import build

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_commands() -> list[str]:
    blocks = (re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL) for document in DOCUMENTS)
    lines = [line.strip() for found in blocks for block in found for line in block.splitlines()]
    return sorted({line for line in lines if re.match(r"(make|(\.venv/bin/)?hallmark) ", line)})


def test_the_documents_show_commands() -> None:
    assert any(command.startswith("make demo") for command in shown_commands())
    assert any("hallmark serve" in command for command in shown_commands())


@pytest.mark.parametrize("command", [one for one in shown_commands() if one.startswith("make")])
def test_make_has_the_target(command: str) -> None:
    words = shlex.split(command, comments=True)
    done = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", [one for one in shown_commands() if "hallmark" in one.split()[0]])
def test_hallmark_has_the_command(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    names = [word for word in words if re.fullmatch(r"[a-z]+", word)]
    options = [word for word in words if word.startswith("--")]
    shown = CliRunner().invoke(build(), [*names[:2], "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    if shown.exit_code != 0:
        shown = CliRunner().invoke(build(), [*names[:1], "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 0, shown.output
    for option in options:
        assert option in shown.output


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} points to {target}"
