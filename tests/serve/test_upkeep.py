from __future__ import annotations

from mosaics import mosaic, png
from service_client import Open
from sqlalchemy import text

from index.snapshot import latest_snapshot
from serve.pictures.objects import Objects
from serve.upkeep import LOCK, Upkeep


def test_old_scans_go_with_their_evidence(open_client: Open) -> None:
    client = open_client()
    service, picture = client.service, png(mosaic(1))
    client.reference(client.brand(), picture)
    old, new = client.scan(picture), client.scan(picture)
    with service.database.write() as session:
        move = text("UPDATE scans SET created = now() - interval '31 days' WHERE id = :id")
        session.execute(move, {"id": old["scan_id"]})
    upkeep = Upkeep(service.database, Objects(service.settings), replica=service.replica, settings=service.settings)
    upkeep.run_once()
    for scan, status in ((old, 404), (new, 200)):
        assert client.get(f"/v1/scans/{scan['scan_id']}").status_code == status
        assert client.get(scan["findings"][0]["evidence"]).status_code == status


def test_old_idempotency_keys_go(open_client: Open) -> None:
    client = open_client()
    service = client.service
    made = [client.post("/v1/brands", json={"name": "A"}, headers={"Idempotency-Key": "k"}).status_code]
    with service.database.write() as session:
        session.execute(text("UPDATE idempotency_keys SET created = now() - interval '25 hours'"))
    Upkeep(service.database, Objects(service.settings), replica=service.replica, settings=service.settings).run_once()
    made.append(client.post("/v1/brands", json={"name": "A"}, headers={"Idempotency-Key": "k"}).status_code)
    assert made == [201, 409]


def test_one_process_at_a_time_tidies_up(open_client: Open) -> None:
    client = open_client()
    service = client.service
    client.reference(client.brand(), png(mosaic(1)))
    upkeep = Upkeep(service.database, Objects(service.settings), replica=service.replica, settings=service.settings)
    with service.database.try_lock(LOCK) as held:
        assert held
        upkeep.run_once()
        assert latest_snapshot(service.settings.home / "index") is None
    upkeep.run_once()
    assert latest_snapshot(service.settings.home / "index") is not None


def test_the_end_leaves_a_snapshot(open_client: Open) -> None:
    client = open_client()
    client.reference(client.brand(), png(mosaic(1)))
    home = client.service.settings.home
    client.__exit__()
    found = latest_snapshot(home / "index")
    assert found is not None
    assert found.name == "snapshot-2"
