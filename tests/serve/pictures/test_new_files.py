from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from serve.pictures.new_files import NewFiles
from serve.pictures.objects import Objects, ObjectsAwayError
from serve.settings import Settings


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(Settings(home=tmp_path))


def left_after(objects: Objects, error: BaseException | None) -> list[str]:
    """The keys of two new files that are there after `error` ended their block."""
    expected: AbstractContextManager[object] = nullcontext() if error is None else pytest.raises(type(error))
    with expected, NewFiles(objects) as kept:
        kept.put("new/a", b"1")
        kept.put("new/b", b"2")
        if error is not None:
            raise error
    return sorted(objects.keys("new"))


def lost_connection(*, invalidated: bool) -> OperationalError:
    return OperationalError("COMMIT", None, OSError("gone"), connection_invalidated=invalidated)


def test_what_committed_is_kept(objects: Objects) -> None:
    assert left_after(objects, None) == ["new/a", "new/b"]


@pytest.mark.parametrize("error", [ValueError(), KeyboardInterrupt(), lost_connection(invalidated=False)])
def test_what_was_rolled_back_is_removed(objects: Objects, error: BaseException) -> None:
    assert left_after(objects, error) == []


def test_what_nobody_knows_of_is_kept(objects: Objects) -> None:
    assert left_after(objects, lost_connection(invalidated=True)) == ["new/a", "new/b"]


def test_a_store_that_is_away_does_not_hide_what_went_wrong(tmp_path: Path, objects: Objects) -> None:
    with pytest.raises(ValueError, match="first"), NewFiles(objects) as kept:
        kept.put("new/a", b"1")
        (tmp_path / "objects").rename(tmp_path / "away")
        (tmp_path / "objects").touch()
        with pytest.raises(ObjectsAwayError):
            kept.put("new/b", b"2")
        raise ValueError("first")
