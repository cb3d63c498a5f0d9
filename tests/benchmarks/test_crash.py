"""The comparison of lives, and that no failpoint is left out; the kills themselves are `python -m benchmarks.crash`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks.crash import compare
from benchmarks.crash_lives import LIVES
from serve import failpoints


class Easy:
    """A world in which everything succeeds at once; `armed` is what was to be killed at."""

    def __init__(self) -> None:
        self.armed: set[str] = set()
        self.receiver = type("Receiver", (), {"url": "http://127.0.0.1:9"})
        self.database = self

    def arm(self, *steps: str) -> None:
        self.armed.update(steps)

    def send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        document = {"id": "x", "rights_holder_id": "x", "case": {"id": "x"}, "complaint_id": "x"}
        return httpx2.Response(200, json=document, request=httpx2.Request(method, f"http://127.0.0.1:9{path}"))

    def command(self, *arguments: str) -> bool:
        return True

    def candidate(self, name: str) -> Path:
        return Path(name)

    def change(self, statement: str, *values: object) -> None:
        """Time passes by itself."""

    def ask(self, query: str, *values: object) -> list[tuple[int]]:
        return [(1,)]


def test_the_lives_pass_every_step() -> None:
    world = Easy()
    for kind in LIVES.values():
        kind.lead(kind.prepare(world))  # type: ignore[arg-type]
    assert world.armed == set(failpoints.STEPS)


@pytest.mark.parametrize(
    ("traces", "lost", "doubled"),
    [
        ({"case": 1, "notice": 2}, {}, {}),
        ({"case": 1, "notice": 1}, {"notice": 1}, {}),
        ({"case": 2, "notice": 2, "label": 1}, {}, {"case": 1, "label": 1}),
    ],
)
def test_what_is_missing_was_lost_and_what_is_more_was_doubled(
    traces: dict[str, int], lost: dict[str, int], doubled: dict[str, int]
) -> None:
    undisturbed = {"a life": Counter({"case": 1, "notice": 2})}
    assert compare(undisturbed, [("a life", Counter(traces))]) == (Counter(lost), Counter(doubled))
