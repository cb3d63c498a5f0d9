import shutil
from pathlib import Path

import pytest

from training.disk_space import ask_for_room
from training.refusals import NoRoom


def test_more_than_the_disk_has_left_is_refused_before_it_is_drawn(tmp_path: Path) -> None:
    ask_for_room(tmp_path, 1)
    with pytest.raises(NoRoom, match=r"has to hold 1000000\.0 GB and its disk has room for .*: free some"):
        ask_for_room(tmp_path, 10**15)
    assert shutil.disk_usage(tmp_path).free < 10**15
