"""A small client of Hallmark's HTTP API, as a marketplace's engineer would write it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import quote

import httpx2

Json = dict[str, Any]


class Problem(Exception):
    """The service refused a request; carries the status and the problem document."""

    def __init__(self, status: int, document: Json) -> None:
        super().__init__(f"{status} {document.get('title', '')}: {document.get('detail', '')}")
        self.status = status
        self.document = document


class Hallmark:
    """Calls of one key holder; a context manager that closes its connections."""

    def __init__(self, base_url: str, *, key: str, timeout_seconds: float = 60.0) -> None:
        self._http = httpx2.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=timeout_seconds
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def create_brand(self, name: str, *, aliases: list[str] | None = None, words: list[str] | None = None) -> Json:
        """Register a brand; the answer holds its `id`."""
        return self._post("/v1/brands", json={"name": name, "aliases": aliases or [], "words": words or []})

    def add_reference(
        self, brand_id: str, picture: bytes, *, kind: Literal["logo", "product"], sku: str | None = None
    ) -> Json:
        """Upload a genuine picture (PNG, JPEG or WebP bytes); it is searchable when this returns."""
        fields = {"kind": kind} | ({"sku": sku} if sku else {})
        return self._post(f"/v1/brands/{brand_id}/references", data=fields, files={"image": ("image", picture)})

    def remove_reference(self, brand_id: str, reference_id: str) -> None:
        """Take a reference away; no scan finds it when this returns."""
        self._checked(self._http.delete(f"/v1/brands/{brand_id}/references/{reference_id}"))

    def scan(self, picture: bytes, *, listing: Mapping[str, Any] | None = None) -> Json:
        """Scan one picture and return the contract's scan result."""
        fields = {"listing": json.dumps(dict(listing))} if listing is not None else {}
        return self._post("/v1/scan", data=fields, files={"image": ("image", picture)})

    def send_listing(self, listing: Mapping[str, Any], *pictures: bytes) -> Json:
        """Have a listing, with its `id` and `seller`, scanned, decided and stored; a doubtful one opens a case."""
        files = [("image", ("image", picture)) for picture in pictures]
        return self._post("/v1/listings", data={"listing": json.dumps(dict(listing))}, files=files)

    def judge(self, case_id: str, verdict: Literal["infringing", "not_infringing", "unsure"]) -> Json:
        """Answer a case; for a rights holder's key, or an administrator's."""
        return self._post(f"/v1/cases/{case_id}/judgement", json={"verdict": verdict})

    def no_complaint(self) -> list[Json]:
        """The cases without a complaint in time whose listings are offered still; for trust & safety."""
        return list(self._items("/v1/cases/no-complaint"))

    def release(self, case_id: str, *, reason: str) -> Json:
        """Close a case whose time ran out without an answer that counts; for trust & safety."""
        return self._post(f"/v1/cases/{case_id}/release", json={"reason": reason})

    def doubtful(self) -> list[Json]:
        """The cases that suspended rights holders cleared or left unanswered; for trust & safety."""
        return list(self._items("/v1/cases/doubtful"))

    def doubt(self, case_id: str, *, reason: str) -> Json:
        """Doubt that nothing infringes in a case: a complaint of the platform's own; for trust & safety."""
        return self._post(f"/v1/cases/{case_id}/doubt", json={"reason": reason})

    def complain(self, case_id: str) -> Json:
        """Stand behind a judgement `infringing`; the answer holds the complaint's `id`."""
        return self._post(f"/v1/cases/{case_id}/complaint")

    def decide(self, complaint_id: str, outcome: Literal["upheld", "dismissed"], *, reason: str) -> Json:
        """Decide a complaint; for trust & safety."""
        return self._post(f"/v1/complaints/{complaint_id}/decision", json={"outcome": outcome, "reason": reason})

    def answer_complaint(self, complaint_id: str, *, statement: str, files: Mapping[str, bytes] | None = None) -> Json:
        """Send the seller's one counter-notice to an upheld complaint, with its files by their names."""
        attached = [("file", (name, content)) for name, content in (files or {}).items()]
        # Without a file the form is sent in parts all the same.
        fields = [("statement", (None, statement)), *attached]
        return self._post(f"/v1/complaints/{complaint_id}/counter-notice", files=fields)

    def notices(self, *, seller: str | None = None) -> list[Json]:
        """What sellers, or one of them, are to be told, oldest first."""
        return list(self._items("/v1/notices", **({} if seller is None else {"seller": seller})))

    def add_trait(self, brand_id: str, *, text: str) -> Json:
        """Say by which words fakes of the brand go; the answer holds the trait's `id`."""
        return self._post(f"/v1/brands/{brand_id}/traits", data={"text": text})

    def remove_trait(self, brand_id: str, trait_id: str) -> None:
        """Take a fake trait back."""
        self._checked(self._http.delete(f"/v1/brands/{brand_id}/traits/{trait_id}"))

    def authorise_seller(
        self, brand_id: str, seller: str, *, note: str | None = None, until: str | None = None
    ) -> Json:
        """Let a seller use the brand's photos, up to the day `until` (YYYY-MM-DD); replaces what was said before."""
        path = f"/v1/brands/{brand_id}/authorised-sellers/{_part(seller)}"
        answer: Json = self._checked(self._http.put(path, json={"note": note, "until": until})).json()
        return answer

    def authorised_sellers(self, brand_id: str) -> list[Json]:
        """The sellers that the brand authorised, oldest first."""
        return list(self._items(f"/v1/brands/{brand_id}/authorised-sellers"))

    def remove_authorised_seller(self, brand_id: str, seller: str) -> None:
        """Take a seller's authorisation back."""
        self._checked(self._http.delete(f"/v1/brands/{brand_id}/authorised-sellers/{_part(seller)}"))

    def suggestions(self, brand_id: str) -> list[Json]:
        """The marks that listings of the brand show and no reference does, and that nobody answered yet."""
        return list(self._items(f"/v1/brands/{brand_id}/suggestions", state="open"))

    def answer_suggestion(
        self,
        brand_id: str,
        suggestion_id: str,
        answer: Literal["genuine", "fake", "neither"],
        *,
        pictures: list[int] | None = None,
    ) -> Json:
        """Say what a suggested mark is: of a genuine one the `pictures`, by number, or all, become references."""
        body: Json = {"answer": answer} | ({} if pictures is None else {"pictures": pictures})
        return self._post(f"/v1/brands/{brand_id}/suggestions/{suggestion_id}/answer", json=body)

    def seller(self, name: str) -> Json:
        """What was found against a seller, by the name that its listings have."""
        return self._get(f"/v1/sellers/{_part(name)}")

    def fetch(self, path: str) -> bytes:
        """The bytes behind a path that the service gave, such as a finding's evidence."""
        return self._checked(self._http.get(path)).content

    def _items(self, path: str, **query: str) -> Iterator[Json]:
        """Every item of a list that comes in pages."""
        cursor: str | None = None
        while True:
            params = query if cursor is None else {**query, "cursor": cursor}
            page = self._checked(self._http.get(path, params=params)).json()
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _get(self, path: str) -> Json:
        answer: Json = self._checked(self._http.get(path)).json()
        return answer

    def _post(self, path: str, **content: Any) -> Json:
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer: Json = self._checked(self._http.post(path, headers=headers, **content)).json()
        return answer

    @staticmethod
    def _checked(response: httpx2.Response) -> httpx2.Response:
        if response.is_error:
            is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
            raise Problem(response.status_code, response.json() if is_problem else {"detail": response.text[:500]})
        return response


def _part(name: str) -> str:
    """A name as a part of a path: a `/` in it parts nothing, and `..` leads nowhere."""
    return quote(name, safe="") if name.strip(".") else name.replace(".", "%2E")
