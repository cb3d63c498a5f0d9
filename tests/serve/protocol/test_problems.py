from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from mosaics import mosaic, png
from route_table import routes
from service_client import Client, Served
from waiting import eventually

from serve.database.tables import Brand
from serve.genuine import brands
from serve.protocol import problems
from serve.protocol.body_limit import ENVELOPE_BYTES
from serve.protocol.paging import cursor_of

PNG = {"Content-Type": "image/png"}


def assert_problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, problems.MEDIA_TYPE), answer.text
    document: dict[str, Any] = answer.json()
    assert document["type"] == f"urn:hallmark:problem:{code}"
    assert document["status"] == status
    assert document["title"]
    assert len(document["detail"]) > 20
    assert document["request_id"] == answer.headers["x-request-id"]
    assert document["instance"] == answer.request.url.path
    return document


def test_unknown_paths_and_methods(client: Client) -> None:
    assert_problem(client.get("/nowhere"), 404, "not-found")
    assert_problem(client.get("/v1/nowhere"), 404, "not-found")
    assert_problem(client.delete("/v1/brands"), 405, "method-not-allowed")


def test_allow_names_every_method_that_a_path_takes(client: Client) -> None:
    """Each stands in a route of its own, and one route's parameter may take another's word."""
    known = routes(client)
    for path in {route.path for route in known}:
        methods = {method for route in known if route.path_regex.match(path) for method in route.methods}
        answer = client.request("PROPFIND", path)
        assert_problem(answer, 405, "method-not-allowed")
        assert set(answer.headers["allow"].split(", ")) == methods | ({"HEAD"} if "GET" in methods else set()), path
    assert set(client.delete("/v1/brands").headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_head_is_get_without_the_body(client: Client) -> None:
    brand = client.brand()
    reference = client.reference(brand, png(mosaic(3)))
    paths = ("/livez", "/readyz", "/openapi.json", "/v1/brands", f"/v1/brands/{brand}/references/{reference}/picture")
    for path in paths:
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        for name in ("content-type", "content-length"):
            assert head.headers[name] == got.headers[name], path
    assert client.head("/metrics").status_code == 200
    assert client.head("/v1/brands/brand_0").status_code == 404
    assert client.head("/v1/brands", headers={"Authorization": ""}).status_code == 401
    refused = client.head("/v1/scan")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert 'hallmark_http_requests_total{method="HEAD",route="/livez",status="200"}' in client.get("/metrics").text


def test_head_over_a_connection_that_stays(served: Served) -> None:
    """No byte of a body gets between two answers."""
    with httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {served.key}"}) as http:
        for path, status in (("/readyz", 200), ("/v1/brands", 200), ("/v1/brands/brand_0", 404), ("/v1/scan", 405)):
            assert http.head(path).status_code == status
            assert http.get("/livez").json() == {"status": "alive"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"{}", b'{"name": 3}', b'{"name": "  "}', b'{"name": "a\\u0000b"}', b'{"name": "\\ud800"}',
        b'{"name": "x", "colour": "red"}', b'{"name": "x", "\\ud800": 1}', b'{"name": "x", "a\\u0000": 1}',
        b'{"name": "' + b"x" * 201 + b'"}', b'{"name": "x", "words": "y"}', b"\xff",
    ],
)  # fmt: skip
def test_what_is_no_brand_is_told_where(client: Client, body: bytes) -> None:
    answer = client.post("/v1/brands", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 400:
        assert_problem(answer, 400, "bad-request")
    else:
        assert assert_problem(answer, 422, "invalid-request")["errors"]


def test_a_parameter_that_a_path_does_not_take_is_refused(client: Client) -> None:
    """A filter by another name would give the cases of everybody."""
    told = assert_problem(client.get("/v1/cases?listing_id=L-1&limit=5"), 422, "invalid-request")
    assert [one["where"] for one in told["errors"]] == ["query.listing_id"]
    assert "this path takes brand, cursor, limit, listing, state" in told["detail"]
    assert_problem(client.post("/v1/brands?name=x", json={"name": "By a parameter"}), 422, "invalid-request")
    assert client.get("/v1/cases?listing=L-1&limit=5").status_code == 200
    assert client.get("/livez?probe=1").status_code == 200, "whoever probes may say so"


def test_a_name_that_is_taken(client: Client) -> None:
    client.brand("Taken 5")
    other = client.brand("Another 5")
    for same in ("TAKEN 5", "Ｔａｋｅｎ 5", "taken ⑤"):
        assert_problem(client.post("/v1/brands", json={"name": same}), 409, "brand-exists")
        assert_problem(client.patch(f"/v1/brands/{other}", json={"name": same}), 409, "brand-exists")
    assert client.patch(f"/v1/brands/{other}", json={"name": "ＡＮＯＴＨＥＲ 5"}).status_code == 200, "its own"


def test_a_brand_that_was_stored_under_a_name_that_is_taken_by_now_stays(client: Client) -> None:
    first, second = client.brand("Stored"), client.brand("Stored too")
    with client.service.database.write() as session:
        session.get_one(Brand, second).name = "Ｓtored"
    for brand, name in ((first, "Stored"), (second, "Ｓtored")):
        changed = client.patch(f"/v1/brands/{brand}", json={"name": name, "words": ["stored"]})
        assert (changed.status_code, changed.json()["name"]) == (200, name)


def test_two_who_take_a_name_at_once_do_not_both_have_it(client: Client) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda name: client.post("/v1/brands", json={"name": name}), ("At once", "Ａt once")))
    assert sorted(answer.status_code for answer in made) == [201, 409]


def test_ids_and_cursors_that_never_were(client: Client) -> None:
    assert_problem(client.get("/v1/brands/brand_0"), 404, "not-found")
    assert_problem(client.get("/v1/brands/%00"), 404, "not-found")
    assert_problem(client.get("/v1/brands/a'b"), 404, "not-found")
    assert_problem(client.get("/v1/scans/scan_0"), 404, "not-found")
    assert_problem(client.get("/v1/brands", params={"cursor": "not one"}), 422, "invalid-cursor")
    assert_problem(client.get("/v1/brands", params={"cursor": "AP8="}), 422, "invalid-cursor")
    assert_problem(client.get("/v1/policies", params={"cursor": "OTk5OTk5OTk5OTk5"}), 422, "invalid-cursor")
    given = cursor_of(client.brand())
    assert client.get("/v1/brands", params={"cursor": given}).status_code == 200
    for changed in (f"{given}A", f"{given}=", f"{given}!", f"!{given}", f" {given}", f"{given}\n"):
        assert_problem(client.get("/v1/brands", params={"cursor": changed}), 422, "invalid-cursor")
    assert_problem(client.get("/v1/brands", params={"limit": 0}), 422, "invalid-request")


@pytest.mark.parametrize("price", ["true", "false"])
def test_a_price_is_no_yes_or_no(client: Client, price: str) -> None:
    listing = f'{{"id": "priced", "seller": "s", "price": {price}}}'
    answer = client.post("/v1/listings", files={"image": ("a.png", png(mosaic(1)))}, data={"listing": listing})
    (error,) = assert_problem(answer, 422, "invalid-request")["errors"]
    assert (error["where"], f"expected a number, got {price}" in error["message"]) == ("body.price", True), error


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported-type"),
        (b"GIF89a", 422, "truncated"),
        (png(mosaic(1))[:-200], 422, "truncated"),
    ],
)
def test_pictures_that_are_none(client: Client, body: bytes, status: int, code: str) -> None:
    assert_problem(client.post("/v1/scan", content=body, headers=PNG), status, code)
    answer = client.post("/v1/scan", files={"image": ("a.png", body)})
    assert_problem(answer, status, code)


def test_scan_bodies_of_another_form(client: Client) -> None:
    assert_problem(client.post("/v1/scan", json={"image": "a.png"}), 415, "unsupported-type")
    assert_problem(client.post("/v1/scan"), 415, "unsupported-type")
    assert_problem(client.post("/v1/scan", files={"picture": ("a.png", b"x")}), 422, "image-missing")
    broken = {"Content-Type": "multipart/form-data"}
    assert_problem(client.post("/v1/scan", content=b"x", headers=broken), 400, "bad-request")


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "{",
        "[]",
        '{"price": "cheap"}',
        '{"price": -1}',
        '{"price": 1e999}',
        '{"price": true}',
        '{"title": 5}',
        '{"title": "a\\u0000b"}',
    ],
)
def test_listings_that_are_none(client: Client, listing: str) -> None:
    answer = client.post("/v1/scan", files={"image": ("a.png", png(mosaic(1)))}, data={"listing": listing})
    assert "listing" in assert_problem(answer, 422, "invalid-listing")["detail"]


def test_a_body_that_says_it_is_too_large(client: Client) -> None:
    size = client.service.settings.max_upload_bytes + ENVELOPE_BYTES + 1
    answer = client.post("/v1/scan", content=b"x", headers={**PNG, "Content-Length": str(size)})
    assert_problem(answer, 413, "too-large")


def test_a_body_that_turns_out_too_large_is_not_read_to_its_end(client: Client) -> None:
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield bytes(64 * 1024)

    assert_problem(client.post("/v1/scan", content=endless(), headers=PNG), 413, "too-large")
    upload = client.post(
        f"/v1/brands/{client.brand()}/references", content=endless(),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert upload.status_code in (400, 413)


def test_a_picture_over_the_limit_inside_a_body_within_it(client: Client) -> None:
    data = bytes(client.service.settings.max_upload_bytes + 1)
    assert_problem(client.post("/v1/scan", files={"image": ("a.png", data)}), 413, "too-large")


def test_a_fault_of_hallmark_says_nothing_about_its_inside(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(brands, "list_brands", fail)
    answer = client.get("/v1/brands")
    assert_problem(answer, 500, "internal")
    assert "secret" not in answer.text


def test_a_request_id_is_taken_over_when_it_is_one(client: Client) -> None:
    assert client.get("/livez", headers={"X-Request-ID": "caller-1234"}).headers["x-request-id"] == "caller-1234"
    assert client.get("/livez", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"].startswith("req_")


def test_openapi_describes_problems_keys_and_idempotency(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/v1/"):
                continue
            assert operation["security"] == [{"key": []}], path
            sent = ("400", "413") if "requestBody" in operation else ()
            once = ("409",) if method == "post" else ()
            for status in ("401", "403", "422", "500", "503", *sent, *once):
                assert problems.MEDIA_TYPE in operation["responses"][status]["content"], (path, status)
            names = [one["name"] for one in operation.get("parameters", [])]
            assert ("Idempotency-Key" in names) == (method == "post"), path
    references = set(json.dumps(schema).split('"#/components/schemas/')[1:])
    for reference in references:
        assert reference.partition('"')[0] in schema["components"]["schemas"]


def test_a_client_that_hangs_up_in_mid_body_is_no_fault_of_hallmark(served: Served) -> None:
    address = httpx2.URL(served.url)
    form, picture = "multipart/form-data; boundary=b", "image/png"
    sent = (("/v1/scan", picture), ("/v1/scan", form), ("/v1/listings", form), ("/v1/brands", "application/json"))
    for path, content_type in sent:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.key}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: 1000\r\n\r\n--b\r\n"
        )
        with socket.create_connection((address.host, address.port)) as connection:
            connection.sendall(head.encode())
            time.sleep(0.2)  # it waits for the rest of the body

    def lines(status: int) -> list[str]:
        text = httpx2.get(f"{served.url}/metrics").text.splitlines()
        return [line for line in text if line.startswith("hallmark_http_requests_total") and f'="{status}"' in line]

    eventually(lambda: len(lines(400)) == 3)
    assert lines(500) == []
