"""A listing that comes in is compared with what its brand knows to be fake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from marketplace import Marketplace, disguised, photographed, smeared, strange_photo
from mosaics import mosaic, png
from numpy.typing import NDArray
from plain_bundle import doubting_bundle
from service_client import Client, Open
from sqlalchemy import select, text
from waiting import eventually

from model.decode import decode
from model.regions import RgbImage
from serve import service
from serve.app import create_app
from serve.database.loop_tables import Label
from serve.loop.stock import known_fakes
from serve.loop.stock.known_fakes import KnownFakes
from serve.loop.stock.stock_search import StockSearch
from serve.settings import Settings


def known_fakes_of(market: Marketplace) -> KnownFakes:
    service = market.client.service
    return KnownFakes(service.database, service.objects, decode=decode, bundle=lambda: service.bundle)


def decision(market: Marketplace, *pictures: bytes, **listing: Any) -> str:
    return str(market.listing(*pictures, **listing)["decision"])


def test_the_fake_of_a_trait_is_asked_about_when_it_is_listed(market: Marketplace) -> None:
    fake = disguised(market.seed)
    assert decision(market, fake) == "allow"
    trait = market.trait(picture=fake)
    held = market.listing(png(mosaic(market.seed)), fake)
    assert (held["decision"], held["case"]["brand_id"]) == ("review", market.brand)
    assert held["reasons"] == [f"it shows a known fake ({trait}): the rights holder is asked ({held['case']['id']})"]
    assert decision(market, png(mosaic(market.seed))) == "allow", "genuine"
    assert decision(market, disguised(market.seed, first=20)) == "allow", "another fake"


def test_the_photo_of_a_fake_is_found_when_it_is_cut_otherwise(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mark alone would not do: nothing is as similar as is asked of a mark here."""
    monkeypatch.setattr(known_fakes, "known_fakes_shown", _no_marks)
    fake = photographed(disguised(market.seed), seed=market.seed)
    market.trait(picture=png(fake))
    assert decision(market, png(np.ascontiguousarray(fake[12:-4, 6:-10]))) == "review"
    other = photographed(disguised(market.seed), seed=market.seed + 1)
    assert decision(market, png(other)) == "allow", "as similar, and another photo"


def cut(photo: RgbImage) -> bytes:
    """The photo with other edges."""
    return png(np.ascontiguousarray(photo[12:-4, 6:-10]))


def test_the_photo_of_a_fake_tells_whose_mark_to_look_for(market: Marketplace) -> None:
    photo = strange_photo(market)
    before = market.listing(cut(photo))
    assert (before["decision"], before["findings"]) == ("allow", [])
    trait = market.trait(picture=png(photo))
    held = market.listing(png(mosaic(1)), cut(photo))
    assert (held["decision"], held["case"]["brand_id"]) == ("review", market.brand)
    assert [(one["image"], one["claimed"]) for one in held["findings"]] == [(1, True)]
    scan = market.client.get(f"/v1/scans/{held['scan_ids'][1]}").json()
    assert (scan["known_fakes_of"], scan["brands_claimed"]) == ([market.brand], [])
    other = market.listing(png(strange_photo(market, seed=1)))
    assert (other["decision"], other["findings"]) == ("allow", []), "as similar, and another photo"
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    assert market.listing(cut(photo))["findings"] == [], "taken back"


def hanging(seed: int) -> RgbImage:
    """Goods in much the same colours from top to bottom, so that a half is somewhat like the whole."""
    rng = np.random.default_rng(seed)
    stripes, spots = rng.integers(0, 256, (1, 8, 3), np.uint8), rng.integers(0, 256, (24, 24, 3), np.uint8)
    layers = (cv2.resize(one, (384, 384), interpolation=cv2.INTER_CUBIC) for one in (stripes, spots))
    return np.asarray(cv2.addWeighted(next(layers), 0.5, next(layers), 0.5, 0), np.uint8)


def collage(*photos: RgbImage, gap: int = 12) -> bytes:
    """Four photos of one size, two and two, with white gaps between them and around."""
    height, width = photos[0].shape[:2]
    page = np.full((2 * height + 3 * gap, 2 * width + 3 * gap, 3), 255, np.uint8)
    for number, photo in enumerate(photos):
        top, left = gap + number // 2 * (height + gap), gap + number % 2 * (width + gap)
        page[top : top + height, left : left + width] = photo
    return png(page)


def test_the_photo_of_a_fake_is_known_in_a_collage_and_by_its_half(market: Marketplace) -> None:
    """Another seller shows no more of it; a collage of other photos, and the half of another one, are no fake's."""
    photo, *others = (hanging(market.seed * 10 + n) for n in range(5))
    trait = market.trait(picture=png(photo))
    in_a_collage = collage(others[0], others[1], photo, others[2])
    halves = [png(np.ascontiguousarray(half)) for half in (photo[:192], photo[192:])]
    for number, picture in enumerate((in_a_collage, *halves)):
        held = market.listing(picture, seller=f"another {number}")
        case = market.client.get(f"/v1/cases/{held['case']['id']}").json()
        assert (held["decision"], case["brand_id"], case["known_fake"]) == ("review", market.brand, trait)
    for picture in (collage(*others), png(np.ascontiguousarray(others[0][:192]))):
        listed = market.listing(picture, seller="honest")
        assert (listed["decision"], listed["findings"]) == ("allow", [])


def test_the_photo_of_a_fake_is_known_of_a_brand_without_a_mark_too(market: Marketplace) -> None:
    """Its regions are no labels, for want of a mark that they could imitate."""
    photo, other = strange_photo(market), Marketplace(market.client)
    for reference in other.client.get(f"/v1/brands/{other.brand}/references").json()["items"]:
        assert other.client.delete(f"/v1/brands/{other.brand}/references/{reference['id']}").status_code == 204
    other.client.reference(other.brand, png(strange_photo(market, seed=9)), kind="product")
    other.trait(picture=png(photo))
    listed = other.listing(cut(photo))
    scan = other.client.get(f"/v1/scans/{listed['scan_ids'][0]}").json()
    assert scan["known_fakes_of"] == [other.brand]


def test_a_suspended_account_s_photo_tells_nothing(market: Marketplace) -> None:
    photo = strange_photo(market)
    market.trait(picture=png(photo))
    market.suspend()
    assert market.listing(cut(photo))["findings"] == []


def test_photos_that_count_no_more_crowd_none_out(market: Marketplace) -> None:
    photo, other = strange_photo(market), Marketplace(market.client)
    for _ in range(3):
        other.trait(picture=png(photo))
    other.suspend()
    market.trait(picture=png(photo))
    assert market.listing(cut(photo))["case"]["brand_id"] == market.brand


def test_the_newest_model_knows_the_photos_once_the_stock_is_described(
    market: Marketplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The search that a new trait starts would make the vector again, some time later.
    monkeypatch.setattr(StockSearch, "_search_for", lambda searcher, fakes, *, known_by: None)
    market.trait(picture=png(strange_photo(market)))
    service = market.client.service
    fakes = known_fakes_of(market)
    query = text("SELECT vector FROM fake_photos WHERE model = :model AND brand_id = :brand")

    def stored(model: str) -> list[bytes]:
        with service.database.read() as session:
            return list(session.scalars(query, {"model": model, "brand": market.brand}))

    of_upload = stored(service.bundle.name)
    assert len(of_upload) == 1
    for _ in range(2):
        fakes.remember_all(bundle=replace(service.bundle, name="later"))
        assert stored("later") == of_upload
    assert stored(service.bundle.name) == [], "of models that are not kept nothing stays"
    fakes.remember_all(bundle=service.bundle)
    assert stored(service.bundle.name) == of_upload


def test_the_photos_are_known_after_the_setting_model_changed(settings: Settings) -> None:
    with Client.of(create_app(settings)) as client:
        market = Marketplace(client)
        photo = strange_photo(market)
        market.trait(picture=png(photo))
        with client.service.database.write() as session:  # as one from before photos were kept
            session.execute(text("DELETE FROM fake_photos"))
    for model in (settings.model, "later"):
        with Client.of(create_app(settings.model_copy(update={"model": model}))) as client:
            market.client = client
            eventually(lambda: market.listing(cut(photo))["findings"] != [], seconds=30.0)


def test_a_photo_that_was_stored_before_it_was_looked_for_by_halves_is_known_by_them_after_a_start(
    settings: Settings,
) -> None:
    photo = hanging(5)
    half = png(np.ascontiguousarray(photo[:, :192]))  # less like the whole than what is compared
    with Client.of(create_app(settings)) as client:
        market = Marketplace(client)
        market.trait(picture=png(photo))
        with client.service.database.write() as session:
            session.execute(text("UPDATE fake_photos SET vector = substring(vector FROM 1 FOR 512)"))
    with Client.of(create_app(settings)) as market.client:
        eventually(lambda: market.listing(half)["findings"] != [], seconds=30.0)
        assert not known_fakes_of(market).lack_photos(bundle=market.client.service.bundle)
        assert market.listing(half)["case"]["brand_id"] == market.brand


def test_a_photo_lacks_what_a_model_makes_of_it_until_it_is_remembered(open_client: Open) -> None:
    market = Marketplace(open_client())
    fakes = known_fakes_of(market)
    serving = market.client.service.bundle
    later = replace(serving, name="later")
    trait = market.trait(picture=png(strange_photo(market)))
    assert not fakes.lack_photos(bundle=serving)
    assert fakes.lack_photos(bundle=later)
    fakes.remember_all(bundle=later)
    assert not fakes.lack_photos(bundle=later)
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    assert not fakes.lack_photos(bundle=replace(serving, name="newest"))


def _no_marks(marks: NDArray[np.float32], *, fakes: NDArray[np.float32], **_: object) -> NDArray[np.bool_]:
    return np.zeros((len(marks), len(fakes)), np.bool_)


def test_what_the_brand_has_cleared_stays_cleared(market: Marketplace) -> None:
    fake = disguised(market.seed)
    market.trait(picture=fake)
    held = market.listing(fake, id=f"cleared {market.seed}", seller="S")
    assert market.judge(held["case"]["id"], "not_infringing").status_code == 200
    assert decision(market, fake, id=f"cleared {market.seed}", seller="S") == "allow"


def test_a_picture_that_looks_like_the_genuine_mark_finds_nothing(market: Marketplace) -> None:
    nearly = smeared(market.seed, tile=7)
    market.trait(picture=nearly)
    assert decision(market, nearly) == "allow"


def test_the_words_of_a_trait_are_looked_for_in_a_listing_that_shows_the_mark(market: Marketplace) -> None:
    genuine = png(mosaic(market.seed))
    market.trait(text="Mirror grade")
    market.trait(text="cap")
    assert decision(market, genuine, title="Cap", description="mirror GRADE, no box") == "review"
    assert decision(market, genuine, title="Cap") == "allow", "short words are parts of others"
    market.trait(text="cotton")
    market.trait(text="thin")
    description = "cotton, nothing wrong with it"
    assert decision(market, genuine, description=description) == "allow", "an everyday word, a part of a word"
    assert decision(market, png(mosaic(market.seed + 1)), title="mirror grade") == "allow", "no mark of the brand"


def test_the_words_of_a_trait_tell_where_the_brand_is_named_and_its_mark_hidden(
    open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "load_bundle", lambda folder, threads: doubting_bundle(folder.name))
    market = Marketplace(open_client())
    hidden, other = png(strange_photo(market)), png(mosaic(market.seed + 1))
    name = market.client.get(f"/v1/brands/{market.brand}").json()["name"]
    trait = market.trait(text="Mirror grade")
    assert market.listing(hidden, other, title="Cap", brand_claimed=name)["findings"] == []
    assert market.listing(hidden, title="mirror grade cap")["findings"] == [], "nothing names the brand"
    held = market.listing(hidden, other, title="mirror grade cap", brand_claimed=name)
    case = market.client.get(f"/v1/cases/{held['case']['id']}").json()
    assert (held["decision"], case["known_fake"]) == ("review", trait)
    assert [(one["image"], one["claimed"]) for one in held["findings"]] == [(0, True)]
    scans = [market.client.get(f"/v1/scans/{scan}").json()["known_fakes_of"] for scan in held["scan_ids"]]
    assert scans == [[market.brand], []]
    shown = market.listing(hidden, png(mosaic(market.seed)), title="mirror grade cap", brand_claimed=name)
    assert [one["image"] for one in shown["findings"]] == [1], "the mark is there to be seen"


def test_the_words_of_a_trait_are_found_however_a_seller_writes_them(market: Marketplace) -> None:
    genuine = png(mosaic(market.seed))
    market.trait(text="高仿")
    market.trait(text="Mirror grade")
    assert decision(market, genuine, title="顶级高仿帽子") == "review"
    assert decision(market, genuine, description="mirr\N{CYRILLIC SMALL LETTER O}r gr\u200bade") == "review"


def test_traits_that_count_for_nothing_hold_nothing_up(market: Marketplace) -> None:
    fake = disguised(market.seed)
    taken_back = market.trait(picture=fake)
    market.client.delete(f"/v1/brands/{market.brand}/traits/{taken_back}")
    assert decision(market, fake) == "allow"
    market.trait(picture=fake)
    market.suspend()
    assert decision(market, fake) == "allow"


def test_a_listing_like_one_whose_complaint_was_upheld_is_asked_about(market: Marketplace) -> None:
    fake = disguised(market.seed)
    trait_id = market.trait(picture=fake)
    case = market.listing(fake)["case"]["id"]
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait_id}")
    complaint = market.complaint(case)
    assert decision(market, fake) == "allow", "not decided"
    assert market.decide(complaint).status_code == 200
    again = market.listing(fake)
    assert (again["decision"], again["case"]["brand_id"]) == ("review", market.brand)
    assert market.counter(complaint).status_code == 201
    assert decision(market, fake) == "allow", "the seller has answered"


def test_what_nobody_answered_is_asked_again_where_it_is_known_to_be_a_fake(market: Marketplace) -> None:
    fake, listing = disguised(market.seed), {"id": f"unanswered {market.seed}", "seller": "s"}
    trait = market.trait(picture=fake)
    first = market.listing(fake, **listing)["case"]["id"]
    market.end(first)
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    assert market.listing(fake, **listing)["decision"] == "allow", "as long as nothing more is known"
    market.trait(picture=fake)
    again = market.listing(fake, **listing)
    assert (again["decision"], again["case"]["id"] == first) == ("review", False)
    market.judge(again["case"]["id"], "not_infringing")
    assert market.listing(fake, **listing)["decision"] == "allow"


def test_what_was_asked_for_a_fake_is_not_asked_for_it_again(market: Marketplace) -> None:
    fake, listing = disguised(market.seed), {"id": f"ignored {market.seed}", "seller": "s"}
    market.trait(picture=fake)
    first = market.listing(fake, **listing)["case"]["id"]
    market.end(first)
    for _ in range(2):
        again = market.listing(fake, **listing)
        assert (again["decision"], again["case_ids"]) == ("allow", [first])


@pytest.mark.parametrize("verdict", ["unsure", "infringing"])
def test_what_came_to_nothing_is_asked_again_for_a_fake_that_is_known_since(market: Marketplace, verdict: str) -> None:
    fake, listing = disguised(market.seed), {"id": f"{verdict} {market.seed}", "seller": "s"}
    trait = market.trait(picture=fake)
    first = market.listing(fake, **listing)["case"]["id"]
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    market.judge(first, verdict)
    market.end(first)
    assert market.listing(fake, **listing)["decision"] == "allow"
    market.trait(picture=fake)
    again = market.listing(fake, **listing)
    assert (again["decision"], again["case_ids"] == [first]) == ("review", False)


def test_an_upheld_doubt_about_what_nobody_answered_blocks_whatever_is_known(market: Marketplace) -> None:
    fake, listing = disguised(market.seed), {"id": f"doubted {market.seed}", "seller": "s"}
    trait = market.trait(picture=fake)
    case = market.listing(fake, **listing)["case"]["id"]
    market.client.delete(f"/v1/brands/{market.brand}/traits/{trait}")
    market.end(case)
    market.decide(market.doubt(case).json()["id"])
    market.trait(picture=fake)
    again = market.listing(fake, **listing)
    assert (again["decision"], again["case_ids"]) == ("block", [case])


def test_the_newest_pictures_of_a_brand_are_compared(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_fakes, "MOST_PICTURES", 1)
    older, newer = disguised(market.seed), disguised(market.seed, first=20)
    market.trait(picture=older, text="Mirror grade")
    market.trait(picture=newer)
    assert decision(market, newer) == "review"
    assert decision(market, older) == "allow"
    assert decision(market, older, title="mirror grade") == "review", "words are looked for all the same"


def test_pictures_are_counted_and_not_the_marks_in_them(market: Marketplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_fakes, "MOST_PICTURES", 2)
    own = Marketplace(market.client)
    complaints = [own.complaint(str(own.listing(smeared(own.seed, tile=tile))["case"]["id"])) for tile in range(3)]
    for complaint in complaints:
        assert own.decide(complaint).status_code == 200
    with own.client.service.database.write() as session:  # each picture shows two marks
        for label in session.scalars(select(Label).where(Label.subject.in_(complaints)).order_by(Label.id)).all():
            columns = {column.name: getattr(label, column.name) for column in Label.__table__.columns}
            session.add(Label(**{**columns, "id": f"{label.id}a", "box": [0.0, 0.0, 8.0, 8.0]}))
    found = known_fakes_of(own).of_brand(own.brand)
    assert [(fake.known_by, len(fake.boxes)) for fake in found] == [(one, 2) for one in reversed(complaints[1:])]


def test_a_picture_that_is_gone_loses_no_listing(market: Marketplace) -> None:
    fake, other = disguised(market.seed), disguised(market.seed, first=20)
    market.trait(picture=other)
    gone = market.trait(picture=fake)
    market.client.service.objects.delete(f"traits/{gone}")
    assert decision(market, fake) == "allow"
    assert decision(market, other) == "review"


def test_what_was_cleared_is_asked_again_once_the_seller_calls_it_a_fake(market: Marketplace) -> None:
    picture, listing = smeared(market.seed), {"id": f"retitled {market.seed}", "seller": "s"}
    first = market.trait(picture=disguised(market.seed), text="superfakezz")
    held = market.listing(picture, **listing, title="superfakezz cap")
    assert market.judge(held["case"]["id"], "not_infringing").status_code == 200
    same = market.listing(picture, **listing, title="superfakezz cap")
    assert (same["decision"], same["case_ids"]) == ("allow", held["case_ids"])
    market.client.delete(f"/v1/brands/{market.brand}/traits/{first}")
    market.trait(text="batch zeta")
    again = market.listing(picture, **listing, title="cap, batch zeta, buy now")
    assert (again["decision"], again["case_ids"] == held["case_ids"]) == ("review", False)
    closed = market.client.get(f"/v1/cases/{held['case']['id']}").json()
    assert (closed["state"], closed["verdict"]) == ("closed", "not_infringing")


def test_an_open_case_shows_what_the_seller_says_now(market: Marketplace) -> None:
    market.set_webhook("http://127.0.0.1:9")
    fake, listing = disguised(market.seed), {"id": f"reworded {market.seed}", "seller": "s"}
    market.trait(picture=fake)
    case = market.listing(fake, **listing, title="Parody sticker")["case"]["id"]
    for _ in range(2):
        market.listing(fake, **listing, title="Original, authentic")
    shown = market.client.get(f"/v1/cases/{case}").json()
    assert (shown["listing"]["title"], shown["state"], shown["revision"]) == ("Original, authentic", "open", 1)
    assert [one["type"] for one in market.deliveries()] == ["case.opened", "case.changed"]


def test_what_was_cleared_is_not_asked_again_for_a_corrected_word(market: Marketplace) -> None:
    fake, listing = disguised(market.seed), {"id": f"corrected {market.seed}", "seller": "s"}
    first = market.trait(picture=fake)
    case = market.listing(fake, **listing, title="Capp")["case"]["id"]
    assert market.judge(case, "not_infringing").status_code == 200
    market.trait(picture=fake)
    market.client.delete(f"/v1/brands/{market.brand}/traits/{first}")
    again = market.listing(fake, **listing, title="Cap")
    assert (again["decision"], again["case_ids"]) == ("allow", [case])
