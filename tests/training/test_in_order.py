from pathlib import Path

import pytest

from training.in_order import train_in_order
from training.refusals import OtherTrainingError

OF = {"bundle": "var/models/candidate", "seed": 3}


def quietly(_line: str) -> None:
    """Tell nobody."""


def test_what_was_broken_off_goes_on_with_the_step_that_it_was_in(tmp_path: Path) -> None:
    done: list[str] = []
    broken = True

    def second() -> None:
        done.append("second")
        if broken:
            raise KeyboardInterrupt

    steps = {"first": lambda: done.append("first"), "second": second, "third": lambda: done.append("third")}
    with pytest.raises(KeyboardInterrupt):
        train_in_order(steps, made=tmp_path, record=tmp_path / "a" / "bundle.json", described=OF, report=quietly)
    broken = False
    train_in_order(steps, made=tmp_path, record=tmp_path / "a" / "bundle.json", described=OF, report=quietly)
    train_in_order(steps, made=tmp_path, record=tmp_path / "a" / "bundle.json", described=OF, report=quietly)
    assert done == ["first", "second", "second", "third"]


def test_a_record_of_what_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    done: list[str] = []
    made = tmp_path / "candidate"

    def only() -> None:
        made.mkdir()
        done.append("only")

    for _ in range(2):
        train_in_order({"only": only}, made=made, record=tmp_path / "b.json", described=OF, report=quietly)
    made.rmdir()
    train_in_order({"only": only}, made=made, record=tmp_path / "b.json", described=OF, report=quietly)
    assert done == ["only", "only"]


def test_another_seed_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    steps = {"first": lambda: None}
    train_in_order(steps, made=tmp_path, record=tmp_path / "bundle.json", described=OF, report=quietly)
    with pytest.raises(OtherTrainingError, match="folder of its own"):
        train_in_order(
            steps,
            made=tmp_path,
            record=tmp_path / "bundle.json",
            described={**OF, "seed": 4},
            report=quietly,
        )
