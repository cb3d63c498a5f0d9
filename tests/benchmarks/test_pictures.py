from __future__ import annotations

import pytest

from benchmarks.pictures import spread


@pytest.mark.parametrize(
    ("count", "taken"), [(1, [0]), (3, [0, 3, 6]), (4, [0, 2, 4, 6]), (10, list(range(10))), (11, list(range(10)))]
)
def test_so_many_are_taken_evenly_of_all(count: int, taken: list[int]) -> None:
    assert spread(range(10), count) == taken
