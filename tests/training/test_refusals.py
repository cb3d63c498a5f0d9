from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from client.service import ServiceFailed
from model.bundle import BundleRejected
from serve.command_line import build
from training.refusals import DataDamaged, DataMissing, NoRoom, OtherTrainingError, RefusingCommands


def said(*words: str) -> str:
    ended = CliRunner().invoke(build(), words)
    assert ended.exit_code == 1
    assert ended.stdout == ""
    return ended.stderr


@pytest.mark.parametrize("error", [BundleRejected, DataDamaged, DataMissing, NoRoom, OtherTrainingError, ServiceFailed])
def test_what_its_user_can_put_right_ends_a_command_with_the_message(error: type[Exception]) -> None:
    app = typer.Typer(cls=RefusingCommands)
    app.callback()(lambda: None)

    @app.command()
    def refuse() -> None:
        raise error("do this")

    ended = CliRunner().invoke(app, ["refuse"])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", "hallmark: do this\n")


def test_missing_photos_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path))
    assert "set HALLMARK_DATA to the folder that has it" in said("evaluate", "verdicts", "--part", "clean")


@pytest.mark.parametrize(("command", "before"), [("tampering", "detector"), ("verifier", "embedder")])
def test_a_network_that_another_rests_on_is_asked_for_before_anything_is_drawn(
    tmp_path: Path, command: str, before: str
) -> None:
    told = said("train", command, "--bundle", str(tmp_path), "--folder", str(tmp_path / "work"))
    assert f"run `hallmark train {before} --bundle {tmp_path}` first" in told
    assert not (tmp_path / "work").exists()


def test_thresholds_are_not_chosen_for_a_bundle_that_is_not_whole(tmp_path: Path) -> None:
    told = said("train", "thresholds", "--bundle", str(tmp_path), "--folder", str(tmp_path / "work"))
    assert f"{tmp_path} lacks embedder.onnx, detector.onnx" in told
    assert " calibration.json" not in told
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("train", "embedder", "--steps", "0"),
        ("train", "tampering", "--steps", "0"),
        ("train", "copies", "--references", "0"),
        ("train", "close-look", "--pairs", "8"),
        ("train", "detector", "--start", "nowhere.npz"),
        ("evaluate", "recognition", "--photos", "0"),
        ("evaluate", "recognition", "--distractors", "-5"),
    ],
)
def test_numbers_and_files_that_cannot_be_are_refused_before_anything_is_done(words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(build(), words)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert words[2] in ended.stderr


def test_a_folder_with_another_training_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text('{"of": {"bundle": "another", "seed": 0}, "finished": []}')
    assert "give this one a folder of its own" in said("train", "bundle", "--folder", str(tmp_path), "--seed", "3")
