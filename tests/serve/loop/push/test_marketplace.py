from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from marketplace import Marketplace
from receiver import Receiver
from service_client import Client, Open
from sqlalchemy import select, text
from waiting import eventually

from serve.access.roles import Role
from serve.database.loop_tables import ListingRecord
from serve.loop.push.deliveries import MARKETPLACE, forget_deliveries
from serve.loop.push.marketplace import TELL
from serve.loop.standing import lock_listing, settle


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def market(open_client: Open) -> Marketplace:
    """A marketplace on a database of the test's own."""
    return Marketplace(open_client())


def listen(client: Client, url: str) -> str:
    """Have the marketplace told at `url`; the secret of the signatures."""
    answer = client.put("/v1/webhook", json={"url": url}, headers=client.key(Role.PLATFORM))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["secret"])


def deliveries(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/webhook/deliveries").json()["items"]
    return found


def test_each_change_is_told_in_order_and_so_is_the_notice(market: Marketplace, receiver: Receiver) -> None:
    market.case()
    secret = listen(market.client, receiver.url)
    complaint = market.complaint()
    market.decide(complaint)
    said = [message.verified(secret) for message in receiver.wait(3)]
    decided = sorted((one["data"] for one in said if one["type"] == "listing.decided"), key=lambda one: one["number"])
    feed = market.client.get("/v1/listings/decisions").json()["items"]
    assert decided == feed[1:], "what came before the webhook was set, the feed alone has"
    assert [one["decision"] for one in decided] == ["review", "block"]
    (notice,) = (one["data"] for one in said if one["type"] == "notice.written")
    assert notice == market.client.get("/v1/notices").json()["items"][0]
    assert (notice["complaint_id"], notice["subject"]) == (complaint, "upheld")


def test_a_change_that_began_before_the_webhook_was_set_is_told_with_the_next(
    market: Marketplace, receiver: Receiver
) -> None:
    secret = listen(market.client, receiver.url)
    with market.client.service.database.write() as session:
        session.execute(text("DELETE FROM webhooks"))
    unseen = market.listing()
    with market.client.service.database.write() as session:
        session.execute(
            text("INSERT INTO webhooks (receiver, url, secret, told) VALUES (:receiver, :url, :secret, 0)"),
            {"receiver": MARKETPLACE, "url": receiver.url, "secret": secret},
        )
    seen = market.listing()
    told = [message.verified(secret)["data"] for message in receiver.wait(2)]
    assert {one["listing_id"] for one in told} == {unseen["listing"]["id"], seen["listing"]["id"]}


def test_changes_of_a_second_are_told_by_one_job_and_none_is_missed(market: Marketplace, receiver: Receiver) -> None:
    secret = listen(market.client, receiver.url)
    receiver.wait(0)
    service = market.client.service
    jobs = text("SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE task_name = :task AND status = 'todo'")
    with service.database.write() as session:
        before = session.execute(jobs, {"task": TELL}).scalar_one()
    first = market.listing()
    with service.database.write() as session:
        found = select(ListingRecord.id).where(ListingRecord.marketplace_id == first["listing"]["id"])
        listing = lock_listing(session, session.scalars(found).one())
        listing.scanned = "block"
        settle(session, listing)
        assert session.execute(jobs, {"task": TELL}).scalar_one() <= before + 1
        time.sleep(1.5)  # longer than changes are gathered for: the job waits for this transaction
    told = [message.verified(secret)["data"] for message in receiver.wait(2)]
    assert sorted(one["decision"] for one in told) == ["block", "review"]


def test_nothing_of_a_blind_test_s_cover_is_told(market: Marketplace, receiver: Receiver) -> None:
    secret = listen(market.client, receiver.url)
    source = market.case()
    repeated = market.slip(source, truth="fake")
    market.decide(market.complaint(repeated))
    last = market.listing()["listing"]["id"]
    told = {message.verified(secret)["data"]["listing_id"] for message in receiver.wait(2)}
    assert told == {market.client.get(f"/v1/cases/{source}").json()["listing"]["id"], last}


def test_a_message_is_sent_again_by_hand_and_a_removed_webhook_gets_none(
    market: Marketplace, receiver: Receiver
) -> None:
    client = market.client
    assert client.get("/v1/webhook").status_code == 404
    listen(client, receiver.url)
    assert client.get("/v1/webhook").json()["url"] == receiver.url
    market.case()
    receiver.wait(1)
    eventually(lambda: deliveries(client)[0]["state"] == "delivered")
    (delivery,) = deliveries(client)
    again = f"/v1/webhook/deliveries/{delivery['id']}/redelivery"
    assert client.post(again).status_code == 202
    assert receiver.wait(2)[1].headers["webhook-id"] == delivery["id"]
    of_a_holder = f"/v1/rights-holders/{market.holder}/deliveries/{delivery['id']}/redelivery"
    assert client.post(of_a_holder).status_code == 404, "it is no message of the rights holder's"
    assert client.get("/v1/rights-holders/the%20marketplace/webhook").status_code == 404
    assert client.delete("/v1/webhook").status_code == 204
    market.case()
    assert [one["state"] for one in deliveries(client)] == ["delivered"]


def test_what_waits_when_a_webhook_is_removed_is_given_up(market: Marketplace) -> None:
    client = market.client
    listen(client, "http://127.0.0.1:9")
    market.case()
    eventually(lambda: bool(deliveries(client) and deliveries(client)[0]["attempts"]))
    client.delete("/v1/webhook")
    assert [(one["state"], one["next_attempt"]) for one in deliveries(client)] == [("failed", None)]


def test_messages_that_are_done_with_are_forgotten(market: Marketplace, receiver: Receiver) -> None:
    client = market.client
    listen(client, receiver.url)
    market.case()
    eventually(lambda: [one["state"] for one in deliveries(client)] == ["delivered"])
    client.put("/v1/webhook", json={"url": "http://127.0.0.1:9"})
    market.case()
    eventually(lambda: len(deliveries(client)) == 2)
    forget_deliveries(client.service.database, days=1)
    assert len(deliveries(client)) == 2
    forget_deliveries(client.service.database, days=0)
    assert [one["state"] for one in deliveries(client)] == ["pending"]
