from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest

from serve.database import dumps
from serve.database.dumps import DumpError, dump, load
from serve.database.embedded import EmbeddedPostgres


def names(home: Path) -> list[str]:
    with EmbeddedPostgres(home / "postgres") as server, psycopg.connect(server.url) as connection:
        return [row[0] for row in connection.execute("SELECT name FROM brands ORDER BY name")]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose embedded database holds two names."""
    home = tmp_path / "home"
    with EmbeddedPostgres(home / "postgres") as server, psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE brands (name text)")
        connection.execute("INSERT INTO brands VALUES ('Acme'), ('Żółć')")
    return home


def test_what_was_dumped_is_loaded_into_a_new_home(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "hallmark.dump"
    dump(home, file)
    assert file.stat().st_mode & 0o777 == 0o600
    load(tmp_path / "new", file)
    assert names(tmp_path / "new") == ["Acme", "Żółć"]
    with pytest.raises(DumpError, match="not empty"):
        load(tmp_path / "new", file)


def test_what_cannot_be_dumped_or_loaded_is_told(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DumpError, match="no embedded database"):
        dump(tmp_path / "none", tmp_path / "x")
    (tmp_path / "no dump").write_text("hello")
    with monkeypatch.context() as broken:
        broken.setattr(dumps, "BINARIES", tmp_path)
        with pytest.raises(FileNotFoundError):
            dump(home, tmp_path / "no dump")
    assert [one.name for one in tmp_path.iterdir() if "dump" in one.name] == ["no dump"], "nothing half-written"
    with pytest.raises(DumpError, match="pg_restore failed"):
        load(tmp_path / "other", tmp_path / "no dump")
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "another", tmp_path / "gone")


def test_a_home_that_was_copied_by_another_account_serves(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "copy")  # as `cp -r` does, whoever the files belonged to
    assert names(tmp_path / "copy") == ["Acme", "Żółć"]
