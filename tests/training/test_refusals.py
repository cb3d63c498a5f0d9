from pathlib import Path

import pytest
from typer.testing import CliRunner

from serve.command_line import build


def said(*words: str) -> str:
    ended = CliRunner().invoke(build(), words)
    assert ended.exit_code == 1
    assert ended.stdout == ""
    return ended.stderr


def test_a_bundle_that_is_not_there_is_named_without_a_traceback(tmp_path: Path) -> None:
    said_so = said("evaluate", "verdicts", "--part", "latency", "--model", str(tmp_path))
    assert said_so.startswith("hallmark: no model bundle in ")


def test_missing_photos_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path))
    assert "set HALLMARK_DATA to the folder that has it" in said("evaluate", "verdicts", "--part", "clean")


def test_a_folder_with_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text('{"of": {"bundle": "another", "seed": 0}, "finished": []}')
    assert "give this one a folder of its own" in said("train", "bundle", "--folder", str(tmp_path), "--seed", "3")
