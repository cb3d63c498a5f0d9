from pathlib import Path

import pytest

from training.in_order import train_in_order
from training.refusals import OtherTrainingError

OF = {"bundle": "var/models/candidate", "seed": 3}


def test_what_was_broken_off_goes_on_with_the_step_that_it_was_in(tmp_path: Path) -> None:
    done: list[str] = []
    broken = True

    def second() -> None:
        done.append("second")
        if broken:
            raise KeyboardInterrupt

    steps = {"first": lambda: done.append("first"), "second": second, "third": lambda: done.append("third")}
    with pytest.raises(KeyboardInterrupt):
        train_in_order(steps, record=tmp_path / "a" / "bundle.json", described=OF, report=lambda _line: None)
    broken = False
    train_in_order(steps, record=tmp_path / "a" / "bundle.json", described=OF, report=lambda _line: None)
    train_in_order(steps, record=tmp_path / "a" / "bundle.json", described=OF, report=lambda _line: None)
    assert done == ["first", "second", "second", "third"]


def test_another_seed_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    steps = {"first": lambda: None}
    train_in_order(steps, record=tmp_path / "bundle.json", described=OF, report=lambda _line: None)
    with pytest.raises(OtherTrainingError, match="folder of its own"):
        train_in_order(steps, record=tmp_path / "bundle.json", described={**OF, "seed": 4}, report=lambda _line: None)
