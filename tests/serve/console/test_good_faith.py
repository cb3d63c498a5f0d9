from __future__ import annotations

import pytest
from browser import Browser
from marketplace import Marketplace
from service_client import Client

from serve.access.roles import Role


@pytest.fixture
def own(client: Client) -> Marketplace:
    """A brand of the test's own."""
    return Marketplace(client)


def test_a_brand_proves_its_right_and_trust_and_safety_look_at_it(own: Marketplace, trust: Browser) -> None:
    brand, address = Browser.signed_in(own.client, Role.BRAND, brand_id=own.brand), f"/console/brands/{own.brand}"
    lodged = {"kind": "trademark", "number": "77-1", "expires": "2099-12-31"}
    assert brand.submit(brand.look(address), "/documents", **lodged).status == 422, "no file was chosen"
    page = brand.submit(brand.look(address), "/documents", **lodged, files={"file": b"%PDF a"})
    assert "not looked at" in page.text
    seen = trust.look(address)
    (file,) = (link for link in seen.links if link.endswith("/file"))
    assert trust.http.get(file).content == b"%PDF a"
    seen = trust.submit(seen, "/review", state="accepted", reason="in the register")
    assert "accepted: in the register" in seen.text
    seen = trust.submit(seen, "/review", state="forged", reason="the seal is another one")
    assert "suspended" in seen.text


def test_a_forged_document_is_a_dispute_that_ends(own: Marketplace, trust: Browser) -> None:
    own.document(state="forged")
    page = trust.look("/console/disputes")
    action = [form.action for form in page.forms if form.action.endswith("/referral")][-1]
    page = trust.submit(page, action, examiner="Headquarters")
    assert "Headquarters" in page.text
    settled = action.replace("/referral", "/settlement")
    page = trust.submit(page, settled, contradiction="false", reason="the seal is right")
    assert "settled: it does not stand" in page.text
    assert "the seal is right" in page.text
    assert settled not in [form.action for form in page.forms]
    for state, shown in (("settled", True), ("open", False)):
        assert ("the seal is right" in trust.look(f"/console/disputes?state={state}").text) is shown


def test_a_rights_holder_is_suspended_and_the_suspension_lifted(own: Marketplace, trust: Browser) -> None:
    address = f"/console/brands/{own.brand}"
    page = trust.submit(trust.look(address), "/tier", tier="suspended", reason="it accuses whom it likes")
    assert "suspended" in page.text
    page = trust.submit(page, "/tier", tier="standard", reason="it explained itself")
    assert "suspended" not in page.text


def test_a_case_becomes_a_test_and_another_one_is_asked_again(own: Marketplace, trust: Browser) -> None:
    case, judged = own.case(), own.case()
    page = trust.submit(trust.look(f"/console/cases/{case}"), "/blind-test", truth="fake")
    assert page.url == "/console/blind-tests"
    assert case in page.text
    own.judge(judged)
    page = trust.submit(
        trust.look(f"/console/cases/{judged}"), "/blind-test", truth="", cover=f"cover {own.seed}", seller="S"
    )
    assert f"/console/cases/{judged}" in page.links
    (repeat,) = own.client.get("/v1/cases", params={"brand": own.brand, "state": "open"}).json()["items"][-1:]
    assert repeat["listing"]["id"] == f"cover {own.seed}"
    refused = trust.submit(trust.look(f"/console/cases/{judged}"), "/blind-test", truth="", cover="", seller="")
    assert refused.status == 422


def test_a_repeat_of_a_listing_with_an_address_has_one_of_its_own(own: Marketplace, trust: Browser) -> None:
    case = own.listing(url="https://shop.example/1")["case"]["id"]
    own.judge(case)
    page = trust.look(f"/console/cases/{case}")
    cover = {"cover": "cover with address", "seller": "cover", "url": "https://shop.example/2"}
    made = trust.submit(page, "/blind-test", truth="fake", **cover)
    assert (made.status, made.url) == (200, "/console/blind-tests")


def test_the_policy_is_changed_and_what_holds_for_single_brands_stays(own: Marketplace, trust: Browser) -> None:
    own.let_smears_pass()
    page = trust.look("/console/policies")
    assert f"/console/brands/{own.brand}" in page.links
    page = trust.submit(page, "/policies", review_at="0.7", replica="review", stacked_names="", reason="fewer cases")
    assert "fewer cases" in page.text
    found = own.client.get("/v1/policies", params={"limit": 500}).json()["items"][-1]
    (everywhere,) = (one for one in found["thresholds"] if one["brand_id"] is None)
    (brand,) = (one for one in found["thresholds"] if one["brand_id"] == own.brand)
    assert (everywhere["review_at"], everywhere["block_at"], brand["review_at"]) == (0.7, None, 0.99)
    assert (found["listing_rules"]["replica"], found["listing_rules"].get("stacked_names")) == ("review", None)
    assert own.client.service.policies.current.version == found["version"]
    refused = trust.submit(page, "/policies", review_at="0.7", block_at="0.8", reason="block them")
    assert refused.status == 422, "nothing shows whom that would spare"
    assert trust.submit(page, "/fit").status == 200
    page = trust.submit(trust.look("/console/policies"), f"/{found['version']}/restoration", reason="as it was")
    assert (page.status, "as it was" in page.text) == (200, True)
    restored = own.client.get("/v1/policies", params={"limit": 500}).json()["items"][-1]
    assert [one["review_at"] for one in restored["thresholds"]] == [one["review_at"] for one in found["thresholds"]]
