"""Forms: what was sent is taken whole, or refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx2
import pytest
from marketplace import Marketplace, smeared

from serve.protocol import problems

Part = tuple[str, str | None, bytes]
"""Name, file name where it is a file, content."""

LISTING = json.dumps({"id": "F", "seller": "S"}).encode()
GBK = "商标被涂抹".encode("gbk")


def body(parts: Sequence[Part], *, ended: bool = True) -> bytes:
    """A multipart body with the boundary `b`."""
    pieces = []
    for name, file, content in parts:
        label = "" if file is None else f'; filename="{file}"'
        pieces.append(f'--b\r\nContent-Disposition: form-data; name="{name}"{label}\r\n\r\n'.encode() + content)
    return b"\r\n".join([*pieces, b"--b--\r\n" if ended else b""])


class Forms:
    """Sends forms to every route that takes one."""

    def __init__(self, market: Marketplace) -> None:
        self.market = market
        picture = smeared(market.seed)
        case = market.case()
        market.judge(case)
        brand = f"/v1/brands/{market.brand}"
        self.good: dict[str, list[Part]] = {
            "/v1/scan": [("image", "a.png", picture), ("listing", None, b'{"title": "Cap"}')],
            "/v1/listings": [("listing", None, LISTING), ("image", "a.png", picture), ("image", "b.png", picture)],
            f"{brand}/references": [("kind", None, b"product"), ("note", None, b"n"), ("image", "a.png", picture)],
            f"{brand}/traits": [("text", None, b"painted"), ("note", None, b"n"), ("image", "a.png", picture)],
            f"{brand}/rights-documents": [
                ("kind", None, b"trademark"), ("number", None, b"1"), ("expires", None, b"2099-12-31"),
                ("file", "a.pdf", b"%PDF"),
            ],
            f"/v1/cases/{case}/complaint": [("statement", None, b"ours"), ("file", "a.pdf", b"%PDF")],
        }  # fmt: skip

    def send(self, path: str, content: bytes) -> httpx2.Response:
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.market.client.post(path, content=content, headers=headers)

    def refused(self, path: str, content: bytes) -> tuple[int, str, str]:
        """Status, code and detail; that nothing came of it is seen by `test_what_is_whole_is_taken`, which is last."""
        answer = self.send(path, content)
        assert answer.headers["content-type"] == problems.MEDIA_TYPE, (path, answer.text)
        document = answer.json()
        return answer.status_code, document["type"].rpartition(":")[2], document["detail"]


@pytest.fixture(scope="module")
def forms(market: Marketplace) -> Forms:
    return Forms(market)


def test_a_body_that_was_cut_off_is_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        status, code, detail = forms.refused(path, body(parts, ended=False))
        assert (status, code) == (400, "bad-request"), path
        assert "closing boundary" in detail


@pytest.mark.parametrize("name", ["images", "picture", "listing.json"])
def test_a_file_of_another_name_is_refused(forms: Forms, name: str) -> None:
    for path, parts in forms.good.items():
        status, code, detail = forms.refused(path, body([*parts, (name, "x.png", b"x")]))
        assert (status, code) == (422, "invalid-form"), path
        assert repr(name) in detail


def test_a_text_of_another_name_is_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        assert forms.refused(path, body([*parts, ("notes", None, b"x")]))[:2] == (422, "invalid-form"), path


def test_a_text_that_comes_twice_is_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        text = next(part for part in parts if part[1] is None)
        status, code, detail = forms.refused(path, body([text, *parts]))
        assert (status, code) == (422, "invalid-form"), path
        assert "twice" in detail


def test_more_files_than_may_come_are_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        file = next(part for part in parts if part[1] is not None)
        more = 12 if path.endswith(("/listings", "/complaint")) else 1
        assert forms.refused(path, body([*parts, *[file] * more]))[:2] == (400, "bad-request"), path


def test_a_text_as_a_file_and_a_file_as_a_text_are_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        turned = [(name, "x" if file is None else None, content) for name, file, content in parts]
        status, code, _ = forms.refused(path, body(turned))
        assert (status, code) in ((422, "invalid-form"), (422, "image-missing"), (422, "file-missing")), path


def test_text_in_another_encoding_is_refused(forms: Forms) -> None:
    for path, parts in forms.good.items():
        number = next(number for number, part in enumerate(parts) if part[1] is None)
        foreign = [*parts[:number], (parts[number][0], None, GBK), *parts[number + 1 :]]
        status, code, detail = forms.refused(path, body(foreign))
        assert (status, code) == (400, "bad-request"), path
        assert "UTF-8" in detail
        assert parts[number][0] in detail


def test_what_the_sender_says_of_the_encoding_makes_no_garbage(forms: Forms) -> None:
    path, parts = next(reversed(forms.good.items()))
    headers = {"Content-Type": "multipart/form-data; boundary=b; charset=gbk"}
    content = body([("statement", None, GBK), *parts[1:]])
    assert forms.market.client.post(path, content=content, headers=headers).status_code == 400


def test_statements_as_json_and_url_encoded_texts_are_held_to_it_too(forms: Forms) -> None:
    *_, complaint = forms.good
    content = b'{"statement": "' + GBK + b'"}'
    for path in (complaint, "/v1/complaints/complaint_0/counter-notice"):
        answer = forms.market.client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert "UTF-8" in answer.json()["detail"]
    traits = f"/v1/brands/{forms.market.brand}/traits"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"text=" + GBK, b"text=%C9%CC", b"text=a&text=b", b"text=a&words=b", b"&".join([b"text=a"] * 99)):
        assert forms.market.client.post(traits, content=content, headers=headers).status_code in (400, 422), content
    for content in (b"text=%E5%95%86", "text=商".encode()):
        assert forms.market.client.post(traits, content=content, headers=headers).json()["text"] == "商"


def test_what_is_wrong_in_a_field_is_told_where(forms: Forms) -> None:
    path = f"/v1/brands/{forms.market.brand}/references"
    answer = forms.send(path, body([("kind", None, b"photo"), ("image", "a.png", smeared(1))]))
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body.kind")
    assert forms.send(path, body([("image", "a.png", smeared(1))])).json()["errors"][0]["where"] == "body.kind"
    assert forms.send(path, body([("kind", None, b"logo")])).json()["type"].endswith(":image-missing")


def test_what_is_whole_is_taken(forms: Forms) -> None:
    """The last test: nothing of what was refused above is in its way."""
    for path, parts in forms.good.items():
        answer = forms.send(path, body(parts))
        assert answer.status_code in (200, 201), (path, answer.text)
    listed = forms.market.client.post("/v1/listings", data={"listing": LISTING.decode()}, files=FILES)
    assert (listed.json()["listing"]["images"], listed.json()["listing"]["revision"]) == (1, 2)


FILES = {"image": ("é.png", smeared(5))}
