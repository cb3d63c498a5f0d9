from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from types import SimpleNamespace
from typing import Any

import pytest
from marketplace import Marketplace
from service_client import Client

from serve import identifiers
from serve.loop.complaints import lock_complaint
from serve.loop.notices import tell_seller
from serve.loop.states import ComplaintState


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def told(brand: Marketplace, cursor: str | None) -> tuple[list[str], str | None]:
    """The complaints of the notices after `cursor`, and the cursor to go on from."""
    params: dict[str, Any] = {"limit": 500, **({"cursor": cursor} if cursor else {})}
    page = brand.client.get("/v1/notices", params=params).json()
    assert page["next_cursor"] is None
    return [one["complaint_id"] for one in page["items"]], page["resume_cursor"]


def test_the_cursor_that_was_kept_fetches_what_is_new(brand: Marketplace) -> None:
    _, cursor = told(brand, None)
    assert told(brand, cursor) == ([], cursor)
    complaints = [brand.complaint() for _ in range(3)]
    for complaint in complaints:
        brand.decide(complaint)
    page = brand.client.get("/v1/notices", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
    assert [one["complaint_id"] for one in page["items"]] == complaints[:2]
    assert page["resume_cursor"] == page["next_cursor"]
    assert told(brand, page["resume_cursor"])[0] == complaints[2:]


def test_a_notice_that_is_written_slowly_lies_behind_no_cursor(brand: Marketplace) -> None:
    slow, quick = brand.complaint(), brand.complaint()
    database = brand.client.service.database
    _, cursor = told(brand, None)
    with ThreadPoolExecutor(1) as threads:
        with database.write() as session:
            complaint, case, _ = lock_complaint(session, slow)
            tell_seller(session, complaint, case, subject=ComplaintState.FILED, reason="slowly")
            decided = threads.submit(brand.decide, quick)
            wait([decided], timeout=0.5)
            meanwhile, cursor = told(brand, cursor)
        assert decided.result().status_code == 200
    later, _ = told(brand, cursor)
    assert meanwhile + later == [slow, quick]


def test_a_clock_that_runs_ahead_hides_no_later_notice(brand: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, behind = brand.complaint(), brand.complaint()
    _, cursor = told(brand, None)
    with monkeypatch.context() as patch:
        patch.setattr(identifiers, "time", SimpleNamespace(time_ns=lambda: time.time_ns() + 3_600 * 10**9))
        brand.decide(ahead)
    meanwhile, cursor = told(brand, cursor)
    brand.decide(behind)
    assert (meanwhile, told(brand, cursor)[0]) == ([ahead], [behind])
