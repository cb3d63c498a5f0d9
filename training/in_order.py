"""A whole bundle, from the seed to its files: every step in its order, none twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from model.whole_files import write_whole
from training.refusals import OtherTrainingError

Work = Callable[[], None]


def train_in_order(
    steps: Mapping[str, Work],
    *,
    made: Path,
    record: Path,
    described: Mapping[str, str | int],
    report: Callable[[str], None],
) -> None:
    """Do the `steps` that the file `record` does not name yet; each is written into it once it is done.

    A step that was broken off is called again, and goes on by its own checkpoint; so is every step where the folder
    `made`, which they write into, is gone. `described` says what is trained, such as the seed: a record of anything
    else raises `OtherTrainingError`.
    """
    finished = _finished(record, described)
    if not made.is_dir():
        finished = []
    for name, work in steps.items():
        if name in finished:
            report(f"{name}: finished before")
            continue
        report(f"{name}: begins")
        work()
        finished.append(name)
        write_whole(record, json.dumps({"of": dict(described), "finished": finished}, indent=1) + "\n")


def _finished(record: Path, described: Mapping[str, str | int]) -> list[str]:
    if not record.exists():
        return []
    written = json.loads(record.read_text(encoding="utf-8"))
    if written["of"] != dict(described):
        raise OtherTrainingError(
            f"{record} is of a training with {written['of']}, not {dict(described)}: "
            "go on with the same options, or give this one a folder of its own"
        )
    return list(written["finished"])
