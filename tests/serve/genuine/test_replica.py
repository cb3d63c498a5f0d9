"""Two applications on one database stand for two processes: they share nothing else."""

from __future__ import annotations

import pytest
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy import text
from waiting import eventually

from index.snapshot import latest_snapshot
from serve.genuine import replica as replica_module
from serve.genuine.changes import CHANNEL

PICTURE = png(mosaic(1))


def test_changes_are_seen_by_the_other_process_within_a_second(open_client: Open) -> None:
    one, other = open_client(), open_client()
    brand = one.brand()
    reference = one.reference(brand, PICTURE)
    eventually(lambda: other.brands_in(PICTURE) == [brand], seconds=1.0)
    one.patch(f"/v1/brands/{brand}/references/{reference}", json={"status": "disabled"})
    eventually(lambda: other.brands_in(PICTURE) == [], seconds=1.0)
    other.patch(f"/v1/brands/{brand}/references/{reference}", json={"status": "active"})
    eventually(lambda: one.brands_in(PICTURE) == [brand], seconds=1.0)
    other.delete(f"/v1/brands/{brand}/references/{reference}")
    eventually(lambda: one.brands_in(PICTURE) == [], seconds=1.0)


def test_a_new_name_is_used_by_all_processes(open_client: Open) -> None:
    one, other = open_client(), open_client()
    brand = one.brand("Before")
    one.reference(brand, PICTURE)

    def names(client: Client) -> list[str]:
        return [finding["brand"] for finding in client.scan(PICTURE)["findings"]]

    eventually(lambda: names(other) == ["Before"])
    assert names(one) == ["Before"]
    assert one.patch(f"/v1/brands/{brand}", json={"name": "After"}).json()["name"] == "After"
    assert names(one) == ["After"]
    eventually(lambda: names(other) == ["After"], seconds=1.0)


def test_what_a_scan_takes_is_all_of_one_version(open_client: Open) -> None:
    client = open_client()
    brand = client.brand("Before")
    client.reference(brand, PICTURE)
    before = client.service.replica.standing
    client.patch(f"/v1/brands/{brand}", json={"name": "After", "words": ["afterwards"]})
    after = client.service.replica.standing
    assert [one.words.is_word("afterwards") for one in (before, after)] == [False, True]
    assert [one.words.name_of(brand) for one in (before, after)] == ["Before", "After"]
    assert (before.view.version, after.view.version) == (2, 3), "whoever began before goes on with what there was"


def test_a_lost_notification_is_made_up_for(open_client: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve.genuine.replica.CHANNEL", "nobody_calls_here")
    other = open_client()
    brand = other.brand()
    one = open_client()
    one.reference(brand, PICTURE)
    eventually(lambda: other.brands_in(PICTURE) == [brand], seconds=1.0)


def test_a_listener_that_lost_its_connection_makes_a_new_one(open_client: Open) -> None:
    one, other = open_client(), open_client()
    end = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name = :name AND datname = current_database()"
    )

    def listening() -> int:
        """How many connections of listeners to the index's channel there were; they are cut off."""
        with one.service.database.engine.connect() as connection:
            return connection.scalar(end, {"name": f"{CHANNEL} listener"}) or 0

    eventually(lambda: listening() >= 2)
    eventually(lambda: listening() >= 1, seconds=30.0)
    brand = one.brand()
    one.reference(brand, PICTURE)
    eventually(lambda: other.brands_in(PICTURE) == [brand])


def test_a_restart_finds_the_same_from_the_snapshot_and_from_the_database(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = open_client()
    brand = one.brand()
    for seed in range(4):
        one.reference(brand, png(mosaic(seed)))
    assert one.service.replica.save_snapshot() is not None
    assert one.service.replica.save_snapshot() is None, "this version is saved already"
    late = one.reference(brand, png(mosaic(9)))
    one.delete(f"/v1/brands/{brand}/references/{late}")
    one.reference(brand, png(mosaic(10)))
    expected = one.service.replica.index.view()

    restored = open_client()
    monkeypatch.setattr(replica_module, "latest_snapshot", lambda folder: None)
    rebuilt = open_client()
    for client in (restored, rebuilt):
        index = client.service.replica.index
        assert (index.version, len(index)) == (expected.version, len(expected))
        assert [client.brands_in(png(mosaic(seed))) for seed in (0, 3, 9, 10)] == [[brand], [brand], [], [brand]]


def test_a_damaged_snapshot_is_rejected_and_the_database_read(open_client: Open) -> None:
    one = open_client()
    brand = one.brand()
    one.reference(brand, PICTURE)
    path = one.service.replica.save_snapshot()
    assert path is not None
    file = path / "vectors.faiss"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    assert open_client().brands_in(PICTURE) == [brand]


def test_a_snapshot_of_another_history_is_rejected(open_client: Open) -> None:
    """After a restored backup the versions count on, but mean other changes."""
    one = open_client()
    brand = one.brand()
    gone = one.reference(brand, PICTURE)
    assert one.service.replica.save_snapshot() is not None
    with one.service.database.write() as session:
        session.execute(text("DELETE FROM index_changes"))
        session.execute(text('DELETE FROM "references"'))
        session.execute(text("UPDATE index_counter SET version = 0"))
    other = open_client()
    assert other.brands_in(PICTURE) == []
    kept = other.reference(brand, png(mosaic(2)))
    assert kept != gone
    again = open_client()
    assert latest_snapshot(again.service.settings.home / "index") is not None
    assert again.brands_in(PICTURE) == []
    assert again.brands_in(png(mosaic(2))) == [brand]


def test_many_missed_changes_are_read_at_once(open_client: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica_module, "MOST_SINGLE_CHANGES", 2)
    one = open_client()
    brand = one.brand()
    for seed in range(4):
        one.reference(brand, png(mosaic(seed)))
    other = open_client()
    assert [other.brands_in(png(mosaic(seed))) for seed in range(4)] == [[brand]] * 4
