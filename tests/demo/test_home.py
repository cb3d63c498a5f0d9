import pytest

from demo.home import MARKER, FolderRefused, held_home


def test_a_new_folder_is_made_and_an_own_one_emptied(tmp_path):
    with held_home(tmp_path / "deep" / "demo") as folder:
        (folder / "old").write_text("x")
        (folder / "older").mkdir()
    with held_home(folder) as again:
        assert again == folder
        assert [path.name for path in again.iterdir()] == [MARKER]


def test_an_own_folder_is_kept_when_told(tmp_path):
    with held_home(tmp_path / "demo") as folder:
        (folder / "old").write_text("x")
    with held_home(folder, keep=True):
        assert (folder / "old").read_text() == "x"


def test_a_folder_of_somebody_else_is_refused_and_kept(tmp_path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(FolderRefused, match="--home"), held_home(tmp_path):
        pass
    assert (tmp_path / "precious").read_text() == "x"


def test_a_folder_where_a_demo_runs_is_refused_and_kept(tmp_path):
    with held_home(tmp_path / "demo") as folder:
        (folder / "busy").write_text("x")
        with pytest.raises(FolderRefused, match="another demo runs"), held_home(folder):
            pass
        assert (folder / "busy").read_text() == "x"
