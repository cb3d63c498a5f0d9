from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from service_client import Client
from sqlalchemy import text

from model.decode import decode
from serve.database.loop_tables import Case
from serve.loop.policy.outcomes import settled_outcomes
from serve.scanning.sought import Speaks
from serve.text.listing import SentListing


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def credit(brand: Marketplace) -> dict[str, Any]:
    found: dict[str, Any] = brand.client.get(f"/v1/rights-holders/{brand.holder}/credit").json()
    return found


def rim_is_plain(evidence: bytes) -> bool:
    """Whether what surrounds the tiles of the evidence is of one colour, as it is drawn."""
    return len(np.unique(decode(evidence)[:, :8].reshape(-1, 3), axis=0)) == 1


def outcomes(brand: Marketplace, *cases: str) -> list[str | None]:
    found = brand.client.get("/v1/blind-tests", params={"limit": 500}).json()["items"]
    by_case = {one["case_id"]: one["outcome"] for one in found}
    return [by_case[case] for case in cases]


def test_the_rights_holder_cannot_tell_a_test_from_a_case(brand: Marketplace) -> None:
    source = brand.case()
    test, real = brand.slip(source, truth="fake"), brand.case()
    seen = [brand.client.get(f"/v1/cases/{case}", headers=brand.brand_key).json() for case in (test, real)]
    own = {"id", "listing", "opened", "pictures", "findings"}
    first, second = ({name: value for name, value in one.items() if name not in own} for one in seen)
    assert first == second
    assert seen[0]["listing"].keys() == seen[1]["listing"].keys()
    (tested,), (scanned,) = (one["findings"] for one in seen)
    assert (tested.keys(), tested["kind"]) == (scanned.keys(), scanned["kind"])
    measured = [(one["similarity"], one["agreeing"]) for one in (tested, scanned)]
    assert measured[0] != measured[1], "it was looked at anew"
    for case in (test, real):
        shown = brand.client.get(f"/v1/cases/{case}/evidence/0.png", headers=brand.brand_key)
        assert rim_is_plain(shown.content)
    for view in seen:
        for path in (*view["pictures"], f"/v1/cases/{view['id']}/evidence/0.png"):
            assert brand.client.get(path, headers=brand.brand_key).status_code == 200
    assert source not in str(seen[0])


def test_a_case_whose_pictures_are_gone_is_not_repeated(brand: Marketplace) -> None:
    source = brand.case()
    with brand.client.service.database.read() as session:
        listing_id = session.get_one(Case, source).listing_id
    brand.client.service.objects.delete_folder(f"listings/{listing_id}")
    body = {"case_id": source, "cover": {"id": f"{source} again", "seller": "s"}}
    assert brand.client.post("/v1/blind-tests", json=body).status_code == 404


def test_what_a_case_says_of_its_seller_is_true_of_the_cover_s(brand: Marketplace) -> None:
    brand.decide(brand.complaint(brand.listing(seller="known by now")["case"]["id"]))
    source = brand.listing(smeared(brand.seed, tile=7), seller="known by now")["case"]["id"]
    with brand.client.service.database.write() as session:
        case = session.get_one(Case, source)
        (finding,) = case.findings
        reason = f"a place that takes 12 % of the photo was made unreadable, and {Speaks.SELLER} it"
        case.findings = [{**finding, "reasons": [reason]}]
    body = {"case_id": source, "truth": "fake", "cover": {"id": f"{source} again", "seller": "never heard of"}}
    told = brand.client.post("/v1/blind-tests", json=body)
    assert (told.status_code, told.json()["type"]) == (422, "urn:hallmark:problem:cover-tells")
    brand.slip(source, truth="fake", cover={**body["cover"], "seller": "known by now"})


def test_a_repeat_asks_what_a_case_would_ask(brand: Marketplace) -> None:
    """Not about what is found beside: that is asked of nobody."""
    cover, pictures = SentListing(title="Cap", seller="s"), [smeared(brand.seed), png(mosaic(brand.seed))]
    seen = brand.client.service.listings.look(cover, pictures)
    assert sorted(one.kind for one in seen.findings) == ["genuine", "smear"]
    assert [one.kind for one in seen.suspected] == ["smear"]


def test_what_speaks_for_the_brand_in_a_case_speaks_for_it_under_the_cover(brand: Marketplace) -> None:
    name = brand.client.get(f"/v1/brands/{brand.brand}").json()["name"]
    source = brand.listing(png(mosaic(brand.seed + 60_000)), brand_claimed=name)["case"]["id"]
    with brand.client.service.database.read() as session:
        assert session.get_one(Case, source).findings[0]["claimed"]
    body = {"case_id": source, "truth": "fake", "cover": {"id": f"{source} again", "seller": "s", "brand_claimed": "?"}}
    told = brand.client.post("/v1/blind-tests", json=body)
    assert (told.status_code, told.json()["type"]) == (422, "urn:hallmark:problem:cover-tells")


def test_a_repeat_has_no_byte_of_what_it_repeats(brand: Marketplace) -> None:
    source = brand.listing(url="https://market.example/1", description="warm", price=9.5)["case"]["id"]
    cover = {"id": f"{source} again", "seller": "s"}
    told = brand.client.post("/v1/blind-tests", json={"case_id": source, "cover": cover})
    assert (told.status_code, told.json()["type"]) == (422, "urn:hallmark:problem:cover-tells")
    test = brand.slip(source, cover={**cover, "url": "https://market.example/2", "title": "Warm cap"})
    views = [brand.client.get(f"/v1/cases/{case}").json() for case in (source, test)]
    shown = [(view["listing"]["title"], view["listing"]["url"], view["listing"]["price"]) for view in views]
    assert shown == [("Cap", "https://market.example/1", 9.5), ("Warm cap", "https://market.example/2", 9.5)]
    for name in ("pictures/0.png", "evidence/0.png"):
        first, second = (decode(brand.client.get(f"/v1/cases/{case}/{name}").content) for case in (source, test))
        assert first.shape == second.shape
        assert 0 < np.abs(first.astype(int) - second).mean() < 8, "the same picture in another file"


@pytest.mark.parametrize(
    ("truth", "verdict", "counts"),
    [
        ("fake", "infringing", (1, 0)), ("fake", "not_infringing", (0, 1)),
        ("genuine", "not_infringing", (1, 0)), ("genuine", "infringing", (0, 1)), ("genuine", "unsure", (0, 0)),
    ],
)  # fmt: skip
def test_an_answer_is_held_against_the_truth_once_the_case_is_over(
    brand: Marketplace, truth: str, verdict: str, counts: tuple[int, int]
) -> None:
    test = brand.slip(brand.case(), truth=truth)
    brand.judge(test, verdict)
    before = credit(brand)
    assert (before["held"], before["failed"]) == (0, 0), "else the credit would give the test away"
    brand.end(test)
    after = credit(brand)
    assert (after["held"], after["failed"]) == counts


def test_a_complaint_about_a_test_counts_once_and_tells_no_seller(brand: Marketplace) -> None:
    test = brand.slip(brand.case(), truth="fake")
    seller = brand.client.get(f"/v1/cases/{test}").json()["listing"]["seller"]
    complaint = brand.complaint(test)
    brand.decide(complaint)
    assert credit(brand)["held"] == 1
    brand.reverse(complaint)
    assert (credit(brand)["held"], credit(brand)["failed"]) == (1, 0)
    assert brand.client.get("/v1/notices", params={"seller": seller}).json()["items"] == []


def test_a_repeat_must_agree_with_the_first_answer(brand: Marketplace) -> None:
    source = brand.case()
    brand.judge(source, "infringing")
    same, other = brand.slip(source), brand.slip(source)
    brand.judge(same, "infringing")
    brand.judge(other, "not_infringing")
    for case in (same, other):
        brand.end(case)
    assert outcomes(brand, same, other) == ["consistent", "contradicts itself"]
    assert (credit(brand)["held"], credit(brand)["failed"]) == (0.5, 1)


def dispute_of(brand: Marketplace) -> str:
    source = brand.case()
    brand.judge(source, "infringing")
    test = brand.slip(source)
    brand.judge(test, "not_infringing")
    brand.end(test)
    (found,) = (
        one for one in brand.client.get("/v1/disputes", params={"limit": 500}).json()["items"] if one["case_id"] == test
    )
    assert (found["source_id"], found["state"]) == (source, "open")
    return str(found["id"])


def test_how_strong_a_finding_is_gives_no_repeat_away(brand: Marketplace) -> None:
    """A repeat shows what an earlier model found, beside the name of the one that serves."""
    case = brand.case()
    with brand.client.service.database.write() as session:
        weighed = text("UPDATE cases SET findings = jsonb_set(findings, '{0,strength}', '0.61') WHERE id = :id")
        session.execute(weighed, {"id": case})
    shown = brand.client.get(f"/v1/cases/{case}", headers=brand.brand_key).json()["findings"][0]
    assert "strength" not in shown
    brand.judge(case, "not_infringing")
    brand.end(case)
    with brand.client.service.database.read() as session:
        outcomes = settled_outcomes(session, model=brand.client.service.bundle.name)
    assert 0.61 in {one.strength for one in outcomes if one.brand_id == brand.brand}


def test_a_contradiction_opens_a_dispute_that_may_be_referred_and_settled(brand: Marketplace) -> None:
    dispute = dispute_of(brand)
    url = f"/v1/disputes/{dispute}"
    referred = brand.client.post(f"{url}/referral", json={"examiner": "Headquarters"}).json()
    assert (referred["state"], referred["examiner"]) == ("referred", "Headquarters")
    settled = brand.client.post(f"{url}/settlement", json={"contradiction": False, "reason": "another batch"})
    assert settled.json()["state"] == "settled"
    assert credit(brand)["failed"] == 0
    for call, body in (("referral", {"examiner": "e"}), ("settlement", {"contradiction": True, "reason": "r"})):
        assert brand.client.post(f"{url}/{call}", json=body).status_code == 409


def test_a_right_answer_counts_though_the_dispute_was_none(brand: Marketplace) -> None:
    source = brand.case()
    brand.judge(source, "infringing")
    test = brand.slip(source, truth="genuine")
    brand.judge(test, "not_infringing")
    brand.end(test)
    found = brand.client.get("/v1/disputes", params={"limit": 500}).json()["items"]
    (dispute,) = (one["id"] for one in found if one["case_id"] == test)
    brand.client.post(f"/v1/disputes/{dispute}/settlement", json={"contradiction": False, "reason": "another batch"})
    assert credit(brand)["held"] == 1


def test_a_contradiction_that_is_one_keeps_counting(brand: Marketplace) -> None:
    url = f"/v1/disputes/{dispute_of(brand)}/settlement"
    brand.client.post(url, json={"contradiction": True, "reason": "the same cap"})
    assert credit(brand)["failed"] == 1


def test_an_open_case_whose_answer_is_known_becomes_a_test(brand: Marketplace) -> None:
    case = brand.case()
    answer = brand.client.post("/v1/blind-tests", json={"case_id": case, "truth": "genuine"})
    assert (answer.status_code, answer.json()["case_id"], answer.json()["source_id"]) == (201, case, None)
    brand.judge(case, "not_infringing")
    brand.end(case)
    assert outcomes(brand, case) == ["agrees with a blind test"]


def test_the_seller_of_a_test_in_place_is_told(brand: Marketplace) -> None:
    case = brand.case()
    brand.client.post("/v1/blind-tests", json={"case_id": case, "truth": "fake"})
    seller = brand.client.get(f"/v1/cases/{case}").json()["listing"]["seller"]
    brand.decide(brand.complaint(case))
    (notice,) = brand.client.get("/v1/notices", params={"seller": seller}).json()["items"]
    assert (notice["subject"], notice["answer_until"] is not None) == ("upheld", True)
    assert (credit(brand)["held"], outcomes(brand, case)) == (1, ["agrees with a blind test"])


def test_a_test_in_place_is_void_when_the_seller_sends_other_pictures(brand: Marketplace) -> None:
    case = brand.listing(id="void", seller="s")["case"]["id"]
    made = brand.client.post("/v1/blind-tests", json={"case_id": case, "truth": "genuine"}).json()
    brand.listing(smeared(brand.seed, tile=9), id="void", seller="s")
    brand.judge(case, "infringing")
    brand.end(case)
    assert (credit(brand)["held"], credit(brand)["failed"]) == (0, 0)
    with brand.client.service.database.read() as session:
        said = session.scalars(text("SELECT action FROM audit_log WHERE subject = :id ORDER BY number"), made)
        assert list(said) == ["blind test made", "blind test void"]


def test_answers_about_different_pictures_contradict_nothing(brand: Marketplace) -> None:
    source = brand.listing(id=f"{brand.brand} moves", seller="s")["case"]["id"]
    repeat, known = brand.slip(source), brand.slip(source, truth="genuine")
    moved = brand.listing(smeared(brand.seed, tile=5), id=f"{brand.brand} moves", seller="s")
    assert moved["case"]["id"] == source, "an open case shows the newest pictures"
    brand.judge(source, "infringing")
    for case in (repeat, known):
        brand.judge(case, "not_infringing")
        brand.end(case)
    assert outcomes(brand, repeat, known) == [None, "agrees with a blind test"]
    assert (credit(brand)["held"], credit(brand)["failed"]) == (1, 0)
    disputes = brand.client.get("/v1/disputes", params={"limit": 500}).json()["items"]
    assert not [one for one in disputes if one["source_id"] == source]


def test_a_repeat_says_which_model_found_what_it_repeats(brand: Marketplace) -> None:
    source = brand.case()
    with brand.client.service.database.write() as session:
        older = "UPDATE cases SET model = 'an older one', findings = jsonb_set(findings, '{0,kind}', '\"imitation\"')"
        session.execute(text(f"{older} WHERE id = :id"), {"id": source})
    test = brand.slip(brand.slip(source), truth="genuine")
    shown = brand.client.get(f"/v1/cases/{test}").json()["findings"]
    assert [one["kind"] for one in shown] == ["imitation"], "what another model saw is shown as it was seen"
    assert rim_is_plain(brand.client.get(shown[0]["evidence"]).content)
    assert brand.client.get(f"/v1/cases/{test}").json()["model"] == brand.client.service.bundle.name
    with brand.client.service.database.write() as session:
        session.execute(text("UPDATE cases SET model = 'a newer one' WHERE id = :id"), {"id": source})
    brand.judge(test, "not_infringing")
    brand.end(test)
    with brand.client.service.database.read() as session:
        labels = text("SELECT DISTINCT model FROM labels WHERE brand_id = :id")
        assert list(session.scalars(labels, {"id": brand.brand})) == ["an older one"]
        settled = settled_outcomes(session, model=brand.client.service.bundle.name)
        assert brand.brand not in {one.brand_id for one in settled}


def test_a_listing_whose_id_a_test_took_before_is_taken(brand: Marketplace) -> None:
    source = brand.case()
    cover = {"id": f"later {brand.seed}", "seller": "cover"}
    made = brand.client.post("/v1/blind-tests", json={"case_id": source, "truth": "fake", "cover": cover}).json()
    sent = brand.listing(png(mosaic(brand.seed)), id=cover["id"], seller="somebody")
    assert (sent["listing"]["revision"], sent["decision"], sent["case_ids"]) == (1, "allow", [])
    stored = brand.client.get("/v1/listings", params={"id": cover["id"]}).json()["items"]
    assert [one["seller"] for one in stored] == ["somebody"]
    asked = brand.client.get(f"/v1/cases/{made['case_id']}").json()["listing"]
    assert (asked["id"], asked["seller"]) == (cover["id"], "cover"), "the rights holder sees no difference"
    found = brand.client.get("/v1/cases", params={"listing": cover["id"]}, headers=brand.brand_key).json()["items"]
    assert [one["id"] for one in found] == [made["case_id"]]


def test_what_cannot_be_a_test_is_refused(brand: Marketplace) -> None:
    case = brand.case()
    post = brand.client.post
    assert post("/v1/blind-tests", json={"case_id": case}).status_code == 422
    assert post("/v1/blind-tests", json={"case_id": "case_0", "truth": "fake"}).status_code == 404
    listing = brand.client.get(f"/v1/cases/{case}").json()["listing"]
    taken = {"case_id": case, "truth": "fake", "cover": {"id": listing["id"], "seller": "s"}}
    assert post("/v1/blind-tests", json=taken).status_code == 409
    again = [
        post("/v1/blind-tests", json={"case_id": case, "truth": truth}).status_code for truth in ("fake", "genuine")
    ]
    assert again == [201, 409]
    brand.judge(case)
    assert post("/v1/blind-tests", json={"case_id": case, "truth": "fake"}).status_code == 409
