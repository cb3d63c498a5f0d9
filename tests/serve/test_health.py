from __future__ import annotations

import threading

import pytest
from mosaics import mosaic, png
from service_client import Client, Open
from sqlalchemy.exc import OperationalError

from serve import service
from serve.app import create_app
from serve.metrics import Metrics
from serve.settings import Settings
from serve.startup import Startup


def test_alive_and_ready(client: Client) -> None:
    assert client.get("/livez", headers={"Authorization": ""}).json() == {"status": "alive"}
    ready = client.get("/readyz", headers={"Authorization": ""})
    assert ready.status_code == 200
    assert ready.json().items() >= {"status": "ready", "model": "plain"}.items()


def test_not_ready_while_the_database_is_away(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    database = client.service.database
    monkeypatch.setattr(database, "ping", away)
    monkeypatch.setattr(database, "read", away)
    assert client.get("/livez").status_code == 200
    for path, code in (("/readyz", "database-away"), ("/v1/brands", "database-away")):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (503, f"urn:hallmark:problem:{code}")
        assert int(answer.headers["retry-after"]) >= 1


def test_not_ready_while_the_object_store_is_away(open_client: Open) -> None:
    client = open_client()
    brand, picture = client.brand(), png(mosaic(1))
    reference = client.reference(brand, picture)
    path = f"/v1/brands/{brand}/references"
    objects = client.service.settings.home / "objects"
    objects.rename(objects.with_name("away"))
    assert client.get("/readyz").json()["type"] == "urn:hallmark:problem:objects-away", "the folder is gone"
    objects.touch()
    files, listing = {"image": ("a.png", picture)}, {"listing": '{"id": "1", "seller": "s"}'}
    for answer in (
        client.get("/readyz"),
        client.post("/v1/scan", files=files),
        client.post("/v1/listings", data=listing, files=files),
        client.post(path, data={"kind": "logo"}, files={"image": ("a.png", png(mosaic(2)))}),
        client.post(f"/v1/brands/{brand}/traits", files=files),
        client.get(f"{path}/{reference}/picture"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:hallmark:problem:objects-away"), answer.url
        assert int(answer.headers["retry-after"]) >= 1
    assert client.get("/livez").status_code == 200
    objects.unlink()
    objects.with_name("away").rename(objects)
    assert client.get("/readyz").status_code == 200
    assert client.post("/v1/scan", files=files).status_code == 200


def test_not_ready_while_the_index_does_not_hear_of_the_database(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.genuine.replica.STALE_SECONDS", -1.0)
    assert client.get("/readyz").json()["type"] == "urn:hallmark:problem:index-behind"


def test_starting_answers_503_and_goes_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that lasts longer than the port may stay closed goes on behind a 503."""
    go_on, load = threading.Event(), service.load_bundle

    def slow(*arguments: object, **named: object) -> object:
        assert go_on.wait(10)
        return load(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(service, "load_bundle", slow)
    monkeypatch.setattr("serve.app.START_SECONDS", 0.05)
    from fastapi.testclient import TestClient

    with TestClient(create_app(settings)) as client:
        assert client.get("/livez").status_code == 200
        for path in ("/readyz", "/v1/brands"):
            answer = client.get(path, headers={"Authorization": "Bearer x"})
            assert (answer.status_code, answer.json()["type"]) == (503, "urn:hallmark:problem:starting")
        go_on.set()
        app_startup: Startup = client.app.state.startup  # type: ignore[attr-defined]
        assert app_startup._settled.wait(10)
        assert client.get("/readyz").status_code == 200


def test_a_start_that_cannot_succeed_fails(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no such bundle")

    monkeypatch.setattr(service, "load_bundle", broken)
    with pytest.raises(RuntimeError, match="no such bundle"):
        Startup(settings, metrics=Metrics()).begin(wait_seconds=10)


def test_metrics_tell_of_scans_and_refusals(open_client: Open) -> None:
    client = open_client()
    picture = png(mosaic(5))
    client.reference(client.brand(), picture)
    client.scan(picture)
    client.post("/v1/scan", content=b"GIF89a", headers={"Content-Type": "image/gif"})
    client.request("INVENTED", "/invented")
    client.get("/v1/sellers/nobody%2Fat-all")
    text = client.get("/metrics").text
    for line in (
        'hallmark_findings_total{kind="genuine"} 1.0',
        'hallmark_decisions_total{decision="allow"} 1.0',
        'hallmark_rejected_images_total{code="truncated"} 1.0',
        'hallmark_scan_seconds_count{step="verify"} 1.0',
        'hallmark_http_requests_total{method="POST",route="/v1/scan",status="200"} 1.0',
        'hallmark_http_requests_total{method="GET",route="/v1/sellers/{seller}",status="404"} 1.0',
        'hallmark_http_requests_total{method="OTHER",route="unmatched",status="404"} 1.0',
        "hallmark_pending_work 0.0",
        "hallmark_index_version 2.0",
    ):
        assert line in text.splitlines(), line
