from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mosaics import large_photo, mosaic, png

from model.decode import DecodeLimits
from serve.pictures.objects import OWNER, ObjectDamagedError, Objects, ObjectsAwayError, decode_stored
from serve.settings import Settings


def test_a_stored_picture_is_read_whatever_its_size() -> None:
    photo = large_photo()
    file = png(photo)
    assert len(file) > DecodeLimits().max_bytes
    np.testing.assert_array_equal(decode_stored(file), photo)


@pytest.mark.parametrize("file", [b"", b"no picture", png(mosaic(1))[:-20]])
def test_a_damaged_file_is_nobodys_upload(file: bytes) -> None:
    with pytest.raises(ObjectDamagedError):
        decode_stored(file)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(Settings(home=tmp_path))


def test_a_store_that_is_another_database_s_is_away(objects: Objects) -> None:
    objects.belong_to("store_1")
    with pytest.raises(ObjectsAwayError, match="hallmark objects adopt"):
        objects.ping()
    objects.put(OWNER, b"store_2")
    with pytest.raises(ObjectsAwayError, match="another database"):
        objects.ping()
    objects.put(OWNER, b"store_1")
    objects.ping()


def test_a_folder_that_is_gone_is_not_made_anew(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "objects").rmdir()
    with pytest.raises(ObjectsAwayError, match="no folder any more"):
        objects.put("a/b", b"1")
    assert not (tmp_path / "objects").exists()


def test_a_store_that_took_no_file_is_away_until_it_takes_one(objects: Objects, tmp_path: Path) -> None:
    blocked = tmp_path / "objects" / "ready"
    objects.put("a/b", b"1")
    blocked.write_bytes(b"a file where a folder has to be")
    with pytest.raises(ObjectsAwayError):
        objects.put("ready/x", b"1")
    with pytest.raises(ObjectsAwayError):
        objects.ping()
    blocked.unlink()
    objects.ping()
    objects.ping()
