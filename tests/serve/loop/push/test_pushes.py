from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from marketplace import Marketplace, smeared
from receiver import Receiver
from service_client import Client
from sqlalchemy import text
from standardwebhooks.webhooks import WebhookVerificationError
from waiting import eventually

from serve.database.loop_tables import DeliveryAttempt
from serve.jobs import OUTSIDE_QUEUE
from serve.loop.cases import ANNOUNCE, EXPIRE
from serve.loop.deadlines import Deadlines
from serve.loop.push import deliveries, egress
from serve.loop.push.deliveries import Deliverer
from serve.loop.push.egress import Egress


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as found:
        yield found


@pytest.fixture
def pushed(client: Client) -> Marketplace:
    """A brand of the test's own."""
    return Marketplace(client)


PASSED = {
    ANNOUNCE: "UPDATE cases SET announced = now() - interval '1 second' WHERE id = :id",
    EXPIRE: "UPDATE cases SET expires = now() - interval '1 second' WHERE id = :id",
}


def come(market: Marketplace, task: str, case: str) -> None:
    """Have the case's announcement or end come now, which no test can wait for."""
    job = (
        "UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now() - interval '1 second' "
        "WHERE task_name = :task AND args->>'case_id' = :id"
    )
    with market.client.service.database.write() as session:
        session.execute(text(PASSED[task]), {"id": case})
        session.execute(text("SET LOCAL search_path TO procrastinate, public"))  # for the triggers of the jobs
        session.execute(text(job), {"task": task, "id": case})


def test_a_case_is_pushed_within_two_seconds_of_its_scan(pushed: Marketplace, receiver: Receiver) -> None:
    secret = pushed.set_webhook(receiver.url)
    pushed.case()
    receiver.wait(1)
    case = pushed.case()
    scanned = time.monotonic()
    message = receiver.wait(2)[1]
    assert message.moment - scanned < 2.0
    said = message.verified(secret)
    assert said["type"] == "case.opened"
    assert said["data"] == pushed.client.get(f"/v1/cases/{case}").json()
    eventually(lambda: pushed.deliveries()[1]["state"] == "delivered")
    (attempt,) = pushed.deliveries()[1]["attempts"]
    assert (attempt["status"], attempt["error"]) == (204, None)


def test_the_same_address_keeps_its_secret_until_a_new_one_is_asked_for(
    pushed: Marketplace, receiver: Receiver
) -> None:
    first = pushed.set_webhook(receiver.url)
    path = f"/v1/rights-holders/{pushed.holder}/webhook"
    assert pushed.client.put(path, json={"url": receiver.url}).json()["secret"] is None
    pushed.case()
    assert receiver.wait(1)[0].verified(first)["type"] == "case.opened"
    second = pushed.client.put(path, json={"url": receiver.url, "new_secret": True}).json()["secret"]
    pushed.case()
    assert receiver.wait(2)[1].verified(second)["type"] == "case.opened"


def test_another_address_is_answered_as_it_is_now(pushed: Marketplace) -> None:
    path = f"/v1/rights-holders/{pushed.holder}/webhook"
    for url in ("http://127.0.0.1:9/old", "http://127.0.0.1:9/new"):
        assert pushed.client.put(path, json={"url": url}).json()["url"] == url


def test_another_secret_does_not_verify(pushed: Marketplace, receiver: Receiver) -> None:
    secret = pushed.set_webhook(receiver.url)
    pushed.case()
    (message,) = receiver.wait(1)
    assert message.verified(secret)["type"] == "case.opened"
    with pytest.raises(WebhookVerificationError):
        message.verified("whsec_" + "A" * 44)


@pytest.mark.parametrize("answer", [500, 302, 410])
def test_what_was_not_taken_is_sent_again_with_the_same_id(
    pushed: Marketplace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setattr(deliveries, "BACKOFF", (timedelta(), timedelta()))
    receiver.answers += [answer, answer]
    pushed.set_webhook(receiver.url)
    pushed.case()
    ids = {message.headers["webhook-id"] for message in receiver.wait(3)}
    eventually(lambda: pushed.deliveries()[0]["state"] == "delivered")
    (delivery,) = pushed.deliveries()
    assert ids == {delivery["id"]}
    assert [attempt["status"] for attempt in delivery["attempts"]] == [answer, answer, 204]


def test_a_webhook_that_never_answers_is_given_up_and_may_be_tried_by_hand(
    pushed: Marketplace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "BACKOFF", (timedelta(),))
    receiver.answers += [503, 503]
    pushed.set_webhook(receiver.url)
    pushed.case()
    eventually(lambda: pushed.deliveries()[0]["state"] == "failed")
    (failed,) = pushed.deliveries()
    assert len(failed["attempts"]) == 2
    path = f"/v1/rights-holders/{pushed.holder}/deliveries"
    for state, listed in (("failed", [failed["id"]]), ("delivered", [])):
        found = pushed.client.get(path, params={"state": state}).json()["items"]
        assert [one["id"] for one in found] == listed
    url = f"{path}/{failed['id']}/redelivery"
    assert pushed.client.post(url, headers=pushed.brand_key).status_code == 202
    eventually(lambda: pushed.deliveries()[0]["state"] == "delivered")
    assert receiver.messages[2].headers["webhook-id"] == failed["id"]


def tried_once(pushed: Marketplace) -> dict[str, Any]:
    """A message to nobody, after its first try."""
    pushed.set_webhook("http://127.0.0.1:9")
    pushed.case()
    eventually(lambda: len(pushed.deliveries()[0]["attempts"]) == 1)
    (delivery,) = pushed.deliveries()
    return delivery


def test_a_message_that_is_sent_by_hand_has_one_next_try(pushed: Marketplace) -> None:
    delivery, deliverer = tried_once(pushed), Deliverer(pushed.client.service.database, egress=Egress(inside=True))
    path = f"/v1/rights-holders/{pushed.holder}/deliveries/{delivery['id']}/redelivery"
    assert pushed.client.post(path, headers=pushed.brand_key).status_code == 202
    eventually(lambda: len(pushed.deliveries()[0]["attempts"]) == 2)
    asyncio.run(deliverer.deliver(delivery["id"], due=delivery["next_attempt"]))
    assert len(pushed.deliveries()[0]["attempts"]) == 2, "what was planned before is planned no more"


def test_what_was_given_up_meanwhile_stays_so(pushed: Marketplace) -> None:
    delivery, deliverer = tried_once(pushed), Deliverer(pushed.client.service.database, egress=Egress(inside=True))
    path = f"/v1/rights-holders/{pushed.holder}/webhook"
    assert pushed.client.delete(path, headers=pushed.brand_key).status_code == 204
    for known in (delivery["id"], "msg_0"):
        attempt = DeliveryAttempt(delivery_id=known, moment=datetime.now(UTC), status=500, error=None, milliseconds=1)
        deliverer._note(known, attempt)
    (after,) = pushed.deliveries()
    assert (after["state"], after["next_attempt"], len(after["attempts"])) == ("failed", None, 2)
    again = pushed.client.post(f"/v1/rights-holders/{pushed.holder}/deliveries/{delivery['id']}/redelivery")
    assert (again.status_code, again.json()["type"]) == (409, "urn:hallmark:problem:no-webhook")


def test_the_next_try_waits_as_published(pushed: Marketplace) -> None:
    pushed.set_webhook("http://127.0.0.1:9")
    pushed.case()
    eventually(lambda: bool(pushed.deliveries()[0]["attempts"]))
    (delivery,) = pushed.deliveries()
    (attempt,) = delivery["attempts"]
    waits = datetime.fromisoformat(delivery["next_attempt"]) - datetime.fromisoformat(attempt["moment"])
    assert (attempt["status"], waits) == (None, timedelta(seconds=5))
    assert "Connect" in attempt["error"]
    with pushed.client.service.database.read() as session:
        scheduled, queue = session.execute(
            text(
                "SELECT scheduled_at, queue_name FROM procrastinate.procrastinate_jobs "
                "WHERE args->>'delivery_id' = :id AND status = 'todo'"
            ),
            {"id": delivery["id"]},
        ).one()
    assert queue == OUTSIDE_QUEUE, "what waits for receivers stands in no deadline's way"
    assert scheduled == datetime.fromisoformat(delivery["next_attempt"])


def test_a_slow_receiver_is_not_waited_for(
    pushed: Marketplace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(egress, "TRY_SECONDS", 0.2)
    receiver.answers.append(0.6)
    pushed.set_webhook(receiver.url)
    pushed.case()
    eventually(lambda: bool(pushed.deliveries()[0]["attempts"]))
    (attempt,) = pushed.deliveries()[0]["attempts"]
    assert (attempt["status"], attempt["error"]) == (None, "no answer in 0.2 seconds")


def test_without_a_webhook_nothing_is_kept(pushed: Marketplace, receiver: Receiver) -> None:
    pushed.set_webhook(receiver.url)
    url = f"/v1/rights-holders/{pushed.holder}/webhook"
    assert set(pushed.client.get(url).json()) == {"url", "created"}, "the secret is shown once"
    assert pushed.client.delete(url).status_code == 204
    pushed.case()
    assert pushed.deliveries() == []
    assert pushed.client.get(url).status_code == 404


@pytest.mark.parametrize("inside", [True, False])
def test_a_host_that_can_be_no_name_is_a_try_that_failed(pushed: Marketplace, receiver: Receiver, inside: bool) -> None:
    """As one that was set before such names were refused."""
    pushed.set_webhook(receiver.url)
    database = pushed.client.service.database
    with database.write() as session:
        session.execute(text("UPDATE webhooks SET url = 'https://a..b/' WHERE receiver = :id"), {"id": pushed.holder})
    pushed.case()
    (delivery,) = pushed.deliveries()
    asyncio.run(Deliverer(database, egress=Egress(inside=inside)).deliver(delivery["id"]))
    (delivery,) = pushed.deliveries()
    assert delivery["next_attempt"] is not None
    assert {attempt["status"] for attempt in delivery["attempts"]} == {None}


@pytest.mark.parametrize(
    "url",
    ["ftp://host/", "http://user:pass@host/", "host", "", "https://a..b/", f"https://{'a' * 64}.com/"],
)
def test_what_is_no_address_is_refused(pushed: Marketplace, url: str) -> None:
    answer: httpx2.Response = pushed.client.put(f"/v1/rights-holders/{pushed.holder}/webhook", json={"url": url})
    assert answer.status_code == 422


def test_a_complaint_is_pushed_at_each_turn(pushed: Marketplace, receiver: Receiver) -> None:
    complaint = pushed.complaint()
    secret = pushed.set_webhook(receiver.url)
    pushed.decide(complaint)
    pushed.counter(complaint)
    pushed.decide(complaint, "dismissed")
    said = [message.verified(secret)["type"] for message in receiver.wait(3)]
    assert sorted(said) == ["complaint.countered", "complaint.overturned", "complaint.upheld"]


def state(market: Marketplace, case: str) -> str:
    return str(market.client.get(f"/v1/cases/{case}").json()["state"])


def test_the_end_of_a_case_is_announced_and_carried_out(pushed: Marketplace, receiver: Receiver) -> None:
    case = pushed.case()
    secret = pushed.set_webhook(receiver.url)
    come(pushed, ANNOUNCE, case)
    assert receiver.wait(1)[0].verified(secret)["type"] == "case.due_soon"
    come(pushed, EXPIRE, case)
    said = receiver.wait(2)[1].verified(secret)
    assert (said["type"], said["data"]["state"]) == ("case.expired", "expired")
    assert "the listing's decision is now allow" in said["data"]["note"]
    assert pushed.decision_on(case) == "allow"
    assert len(receiver.messages) == 2, "the same pictures are not asked about again"


def test_an_answer_that_stands_closes_the_case(pushed: Marketplace) -> None:
    case = pushed.case()
    pushed.judge(case, "not_infringing")
    come(pushed, EXPIRE, case)
    eventually(lambda: state(pushed, case) == "closed")
    assert pushed.client.get(f"/v1/cases/{case}").json()["note"] is None


def test_other_pictures_of_a_case_are_pushed(pushed: Marketplace, receiver: Receiver) -> None:
    secret = pushed.set_webhook(receiver.url)
    first = pushed.listing(id="pushed again", seller="s")["case"]["id"]
    pushed.listing(smeared(pushed.seed, tile=3), id="pushed again", seller="s")
    pushed.judge(first, "not_infringing")
    second = pushed.listing(smeared(pushed.seed, tile=5), id="pushed again", seller="s")["case"]["id"]
    said = [message.verified(secret) for message in receiver.wait(4)]
    assert sorted((one["type"], one["data"]["id"], one["data"]["revision"]) for one in said) == sorted(
        [
            ("case.opened", first, 1),
            ("case.changed", first, 2),
            ("case.closed", first, 2),
            ("case.opened", second, 3),
        ]
    )


def test_an_end_that_comes_before_its_time_waits_for_it(pushed: Marketplace) -> None:
    case = pushed.case()
    before = waiting_jobs(pushed, EXPIRE, case)
    Deadlines(pushed.client.service.database, fallback="allow")._expire(case)
    assert (state(pushed, case), waiting_jobs(pushed, EXPIRE, case)) == ("open", before + 1)


def test_a_case_opened_again_in_its_last_days_is_announced(pushed: Marketplace, receiver: Receiver) -> None:
    case = pushed.case()
    pushed.judge(case, "not_infringing")
    come(pushed, ANNOUNCE, case)
    secret = pushed.set_webhook(receiver.url)
    eventually(lambda: not waiting_jobs(pushed, ANNOUNCE, case))
    pushed.client.delete(f"/v1/cases/{case}/judgement", headers=pushed.brand_key)
    assert receiver.wait(1)[0].verified(secret)["type"] == "case.due_soon"


def waiting_jobs(market: Marketplace, task: str, case: str) -> int:
    """Jobs of the case that have not run."""
    jobs = (
        "SELECT count(*) FROM procrastinate.procrastinate_jobs "
        "WHERE task_name = :task AND args->>'case_id' = :id AND status <> 'succeeded'"
    )
    with market.client.service.database.read() as session:
        return session.scalar(text(jobs), {"task": task, "id": case}) or 0


def test_a_complaint_does_not_expire(pushed: Marketplace) -> None:
    case, marker = pushed.case(), pushed.case()
    pushed.complaint(case)
    come(pushed, EXPIRE, case)
    come(pushed, EXPIRE, marker)
    eventually(lambda: state(pushed, marker) == "expired")
    assert state(pushed, case) == "complained"
