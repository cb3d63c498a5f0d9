from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from mosaics import mosaic, png
from service_client import Client, Served
from sqlalchemy import update
from sqlalchemy.exc import OperationalError
from waiting import eventually

from serve.access.roles import Role
from serve.database.tables import IdempotencyKey
from serve.genuine import brands
from serve.protocol import idempotency


def post(client: Client, key: str, name: str, **headers: str):
    return client.post("/v1/brands", json={"name": name}, headers={"Idempotency-Key": key, **headers})


def test_the_same_request_gets_the_first_answer_again(client: Client) -> None:
    first, again = post(client, "same", "Once"), post(client, "same", "Once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["location"] == again.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(client: Client) -> None:
    assert post(client, "reused", "Reused one").status_code == 201
    answer = post(client, "reused", "Reused two")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:idempotency-key-reused")


def test_keys_of_two_callers_do_not_meet(client: Client) -> None:
    assert post(client, "shared", "Mine").status_code == 201
    answer = post(client, "shared", "Theirs", **client.key(Role.PLATFORM))
    assert answer.status_code == 201
    assert answer.json()["name"] == "Theirs"


def test_a_refused_request_leaves_its_key_free(client: Client) -> None:
    assert post(client, "refused", "").status_code == 422
    assert post(client, "refused", "Not refused").status_code == 201


def test_a_multipart_retry_with_another_boundary_is_the_same_request(client: Client) -> None:
    url = f"/v1/brands/{client.brand()}/references"
    made = []
    for seed in (1, 1, 2):
        files = {"image": ("a.png", png(mosaic(seed)))}
        made.append(client.post(url, data={"kind": "logo"}, files=files, headers={"Idempotency-Key": "upload"}))
    assert [answer.status_code for answer in made] == [201, 201, 422]
    assert made[0].request.headers["content-type"] != made[1].request.headers["content-type"]
    assert made[0].json() == made[1].json()
    assert len(client.get(url).json()["items"]) == 1


def test_a_scan_is_made_once(client: Client) -> None:
    headers = {"Idempotency-Key": "scan", "Content-Type": "image/png"}
    answers = [client.post("/v1/scan", content=png(mosaic(3)), headers=headers).json() for _ in range(2)]
    assert answers[0]["scan_id"] == answers[1]["scan_id"]


def test_two_equal_requests_at_once_run_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    original = brands.create_brand

    def slow(*arguments: object, **named: object) -> object:
        inside.set()
        assert go_on.wait(10)
        return original(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(brands, "create_brand", slow)
    answers = []
    first = threading.Thread(target=lambda: answers.append(post(client, "twice", "Twice")))
    first.start()
    assert inside.wait(10)
    second = post(client, "twice", "Twice")
    go_on.set()
    first.join()
    assert (second.status_code, second.headers["retry-after"]) == (409, "1")
    assert answers[0].status_code == 201
    assert post(client, "twice", "Twice").json() == answers[0].json()


def test_the_lock_of_a_process_that_died_runs_out(client: Client) -> None:
    """The lock is taken as by a process that then dies, and its time is moved into the past."""
    database = client.service.database
    body = b'{"name":"Survivor"}'
    headers = {"Idempotency-Key": "stale", "Content-Type": "application/json"}
    scope = {
        "path": "/v1/brands", "query_string": b"", "headers": [(b"content-type", b"application/json")]
    }  # fmt: skip
    caller = client.service.database
    from serve.access.keys import find_caller

    found = find_caller(caller, client.headers["Authorization"].removeprefix("Bearer "))
    assert found is not None
    lost = idempotency.claim(
        database, api_key_id=found.key_id, key="stale", fingerprint=idempotency.fingerprint(scope, body)
    )
    assert isinstance(lost, idempotency.Claim)
    assert client.post("/v1/brands", content=body, headers=headers).status_code == 409
    with database.write() as session:
        session.execute(
            update(IdempotencyKey)
            .where(IdempotencyKey.key == "stale")
            .values(lock_expires=datetime.now(UTC) - timedelta(seconds=1))
        )
    other = client.post("/v1/brands", content=b'{"name":"Another"}', headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:hallmark:problem:idempotency-key-reused")
    assert client.post("/v1/brands", content=body, headers=headers).status_code == 201
    # The dead process's answer, should it come after all, does not replace the living one's.
    idempotency.store(database, lost, idempotency.StoredAnswer(201, {}, b"late"))
    assert client.post("/v1/brands", content=body, headers=headers).json()["name"] == "Survivor"


def test_a_lock_that_an_outage_left_is_let_go_of_when_it_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OperationalError("UPDATE", {}, Exception("the database is away"))
    hand_over, create_brand, failed = idempotency.hand_over, brands.create_brand, list[object]()

    def at_first_away(*arguments: Any) -> None:
        if not failed:
            failed.append(arguments)
            raise away
        hand_over(*arguments)

    def broken(*arguments: object, **named: object) -> object:
        raise away

    monkeypatch.setattr(brands, "create_brand", broken)
    monkeypatch.setattr(idempotency, "hand_over", at_first_away)
    monkeypatch.setattr(idempotency, "HAND_OVER_SECONDS", 0.05)
    headers = {"Authorization": f"Bearer {served.key}", "Idempotency-Key": "outage"}
    with httpx2.Client(base_url=served.url, headers=headers) as client:
        assert client.post("/v1/brands", json={"name": "Outlast"}).status_code == 503
        assert len(failed) == 1
        monkeypatch.setattr(brands, "create_brand", create_brand)
        eventually(lambda: client.post("/v1/brands", json={"name": "Outlast"}).status_code == 201)


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_malformed_key_is_refused(client: Client, key: str) -> None:
    answer = post(client, key, "Malformed")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:hallmark:problem:invalid-idempotency-key")


def test_a_boundary_counts_for_nothing_and_takes_nothing_of_the_content_with_it() -> None:
    def fingerprint(price: int, *, boundary: str) -> bytes:
        part = f'Content-Disposition: form-data; name="listing"\r\n\r\n{{"price":{price}}}'
        kind = f"multipart/form-data; boundary={boundary}"
        scope = {"path": "/", "query_string": b"", "headers": [(b"content-type", kind.encode())]}
        return idempotency.fingerprint(scope, f"--{boundary}\r\n{part}\r\n--{boundary}--\r\n".encode())

    assert fingerprint(9, boundary="1") == fingerprint(9, boundary="another")
    assert len({fingerprint(price, boundary="1") for price in (9, 91, 1191)}) == 3
