from pathlib import Path

import pytest

from model.whole_files import write_whole, written_whole


def test_a_file_is_replaced_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "made" / "weights.npz"
    write_whole(path, "old")
    with written_whole(path) as beside:
        beside.write_text("new")
        assert path.read_text() == "old"
        assert beside.suffix == path.suffix
    assert [file.read_text() for file in path.parent.iterdir()] == ["new"]


def test_what_was_there_stays_where_the_writing_fails(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    write_whole(path, "old")
    with pytest.raises(OSError, match="no space left"), written_whole(path) as beside:
        beside.write_text("ha")
        raise OSError("no space left")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]
