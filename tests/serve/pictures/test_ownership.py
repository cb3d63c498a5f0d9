from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from service_client import NewSettings

from serve.database.engine import Database
from serve.pictures.objects import OWNER, Objects, ObjectsAwayError
from serve.pictures.ownership import adopt, claim
from serve.settings import Settings


@pytest.fixture
def databases(new_settings: NewSettings, tmp_path: Path):
    """Two new databases whose settings name one store."""
    store = {"object_url": f"file://{tmp_path}/store"}
    (tmp_path / "store").mkdir()
    with new_settings() as one, new_settings() as other:
        opened = [Database(settings) for settings in (one, other)]
        yield [
            (database, settings.model_copy(update=store))
            for database, settings in zip(opened, (one, other), strict=True)
        ]
        for database in opened:
            database.close()


def test_a_new_database_does_not_take_another_one_s_store(databases: list[tuple[Database, Settings]]) -> None:
    (first, its), (second, same) = databases
    claim(first, Objects(its))
    owner = Objects(its).get(OWNER)
    with pytest.raises(ObjectsAwayError, match="another database"):
        claim(second, Objects(same))
    assert Objects(its).get(OWNER) == owner
    claim(first, Objects(its))
    adopt(second, Objects(same))
    claim(second, Objects(same))
    with pytest.raises(ObjectsAwayError, match="hallmark objects adopt"):
        claim(first, Objects(its))


def test_of_processes_that_start_at_once_each_finds_the_store_its_own(
    databases: list[tuple[Database, Settings]],
) -> None:
    database, settings = databases[0]
    with ThreadPoolExecutor(6) as threads:
        stores = list(threads.map(lambda _: Objects(settings), range(6)))
        list(threads.map(lambda one: claim(database, one), stores))
    for one in stores:
        one.ping()
