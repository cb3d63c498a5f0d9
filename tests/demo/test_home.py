import pytest

from demo.home import MARKER, NotADemosFolder, prepared_home


def test_a_new_folder_is_made_and_an_own_one_emptied(tmp_path):
    folder = prepared_home(tmp_path / "deep" / "demo")
    (folder / "old").write_text("x")
    again = prepared_home(folder)
    assert again == folder
    assert [path.name for path in again.iterdir()] == [MARKER]


def test_a_folder_of_somebody_else_is_refused_and_kept(tmp_path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(NotADemosFolder, match="--home"):
        prepared_home(tmp_path)
    assert (tmp_path / "precious").read_text() == "x"
