from __future__ import annotations

from pathlib import Path

from exports import Decided, write_export
from typer.testing import CliRunner

from serve.command_line import build


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(build(), [*arguments])
    return done.exit_code, done.output


def test_a_round_that_is_not_due_ends_at_once(tmp_path: Path) -> None:
    labels = write_export(tmp_path / "labels", [Decided(n, "smear", 0.9) for n in range(3)])
    told = run("train", "round", "--labels", str(labels), "--when-new", "4", "--models", str(tmp_path / "models"))
    assert told == (0, "not due: 3 new labels, 4 make a round\n")
    assert not (tmp_path / "models").exists()


def test_what_is_missing_is_told_in_a_line(tmp_path: Path) -> None:
    code, told = run("train", "round", "--labels", str(tmp_path))
    assert code == 1
    assert told.startswith("hallmark: ")
    assert "hallmark labels export" in told
