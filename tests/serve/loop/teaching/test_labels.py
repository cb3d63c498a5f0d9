from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marketplace import Marketplace, smeared
from mosaics import mosaic, png
from service_client import Client
from sqlalchemy import select, text
from typer.testing import CliRunner
from waiting import eventually

from model.decode import decode
from serve import command_line
from serve.database.loop_tables import Label, ListingImage
from serve.loop.good_faith.own_word import follow_credit
from serve.loop.good_faith.reputation import lock_holder
from serve.loop.teaching.belief import Witness, believe
from serve.loop.teaching.label_share import most_each

witnesses = st.builds(Witness, infringes=st.booleans(), reliability=st.floats(0.0, 1.0))


def test_two_witnesses_that_agree_are_believed_more_than_each() -> None:
    one = Witness(infringes=True, reliability=0.8)
    assert believe([one]).target == pytest.approx(0.8)
    assert believe([one, one]).target == pytest.approx(16 / 17, abs=1e-4)


def test_bayes_rule_by_hand() -> None:
    said = [Witness(infringes=True, reliability=0.9), Witness(infringes=False, reliability=0.6)]
    assert believe(said).target == pytest.approx(0.9 * 0.4 / (0.9 * 0.4 + 0.1 * 0.6), abs=1e-4)


@given(st.lists(witnesses, max_size=5), st.booleans(), st.floats(0.0, 0.5))
def test_whoever_is_not_relied_on_changes_nothing(others: list[Witness], infringes: bool, reliability: float) -> None:
    assert believe([*others, Witness(infringes=infringes, reliability=reliability)]) == believe(others)


@given(st.lists(witnesses, max_size=5))
def test_what_is_believed_is_a_probability_and_its_weight(others: list[Witness]) -> None:
    belief = believe(others)
    assert 0.0 <= belief.target <= 1.0
    assert belief.weight == pytest.approx(abs(2 * belief.target - 1), abs=2e-4)


@given(st.dictionaries(st.text("abcdefghij", min_size=1, max_size=1), st.integers(0, 60)), st.floats(0.05, 1.0))
def test_nobody_gives_more_than_its_share_and_none_are_left_out_without_need(
    counts: dict[str, int], share: float
) -> None:
    most = most_each(counts, share=share)
    givers = sum(count > 0 for count in counts.values())
    fair = max(share, 1 / givers) if givers else 1.0

    def allowed(each: int) -> bool:
        kept = [min(count, each) for count in counts.values()]
        return max(kept, default=0) <= fair * sum(kept) + 1e-9

    assert allowed(most)
    assert not any(allowed(more) for more in range(most + 1, max(counts.values(), default=0) + 1))


@pytest.mark.parametrize("share", [0.0, 1.1])
def test_a_share_that_is_none_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        most_each({"a": 1}, share=share)


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def labels(brand: Marketplace) -> list[dict[str, Any]]:
    """The labels of the brand that count."""
    lines = brand.client.get("/v1/labels").text.splitlines()
    return [label for label in map(json.loads, lines) if label["brand_id"] == brand.brand]


def own_word(brand: Marketplace) -> dict[str, list[tuple[float, float]]]:
    """Target and weight of the labels that rest on the rights holder's word alone, by origin, as they came."""
    query = text(
        "SELECT origin, target, weight FROM labels WHERE brand_id = :id AND withdrawn IS NULL "
        "AND origin IN ('judgement', 'trait') ORDER BY id"
    )
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with brand.client.service.database.read() as session:
        for origin, target, weight in session.execute(query, {"id": brand.brand}):
            found[origin].append((target, weight))
    return dict(found)


def close_window(brand: Marketplace, complaint: str) -> None:
    """Let the seller's time to answer pass."""
    with brand.client.service.database.write() as session:
        session.execute(text("UPDATE complaints SET window_ends = now() WHERE id = :id"), {"id": complaint})
        session.execute(text("UPDATE labels SET available = now() WHERE subject = :id"), {"id": complaint})


def test_an_upheld_complaint_teaches_when_the_seller_can_answer_no_more(brand: Marketplace) -> None:
    case = brand.case()
    complaint = brand.complaint(case)
    brand.decide(complaint)
    assert labels(brand) == []
    close_window(brand, complaint)
    (label,) = labels(brand)
    finding = brand.client.get(f"/v1/cases/{case}").json()["findings"][0]
    assert {name: label[name] for name in ("box", "kind", "brand_id", "reference_id")} == {
        name: finding[name] for name in ("box", "kind", "brand_id", "reference_id")
    }
    assert label["image"] == hashlib.sha256(smeared(brand.seed)).hexdigest()
    assert (label["origin"], label["model"], label["target"], label["weight"]) == ("complaint", "plain", 0.95, 0.9)
    assert decode(brand.client.get(label["picture"]).content).shape == (96, 96, 3)


def test_a_dismissed_complaint_teaches_at_once(brand: Marketplace) -> None:
    brand.decide(brand.complaint(), "dismissed")
    (label,) = labels(brand)
    assert label["target"] == 0.05


def test_a_counter_notice_holds_the_label_back_and_its_decision_replaces_it(brand: Marketplace) -> None:
    complaint = brand.complaint()
    brand.decide(complaint)
    brand.counter(complaint)
    with brand.client.service.database.read() as session:
        query = text("SELECT available FROM labels WHERE subject = :id")
        assert session.scalars(query, {"id": complaint}).all() == [None]
    brand.decide(complaint, "dismissed")
    (label,) = labels(brand)
    assert (label["origin"], label["target"]) == ("counter_notice", 0.02)


def test_a_reversal_withdraws_the_label(brand: Marketplace) -> None:
    complaint = brand.complaint()
    brand.decide(complaint)
    close_window(brand, complaint)
    before = labels(brand)
    brand.reverse(complaint)
    after = labels(brand)
    assert [label["target"] for label in (*before, *after)] == [0.95, 0.05], "the seller was not heard"
    brand.reverse(complaint)
    assert labels(brand) == [], "the seller may answer anew"
    close_window(brand, complaint)
    assert [label["target"] for label in labels(brand)] == [0.95]


def test_a_decision_is_surer_once_the_seller_was_heard(brand: Marketplace) -> None:
    complaint = brand.complaint()
    brand.decide(complaint)
    brand.counter(complaint)
    brand.decide(complaint)
    assert [label["target"] for label in labels(brand)] == [0.98]
    brand.reverse(complaint)
    assert [label["target"] for label in labels(brand)] == [0.02]


def test_who_proved_honest_is_believed_more(brand: Marketplace) -> None:
    for _ in range(12):
        brand.decide(brand.complaint())
    with brand.client.service.database.read() as session:
        query = text("SELECT target FROM labels WHERE brand_id = :id ORDER BY id")
        targets = list(session.scalars(query, {"id": brand.brand}))
    assert targets[0] == 0.95
    assert targets == sorted(targets)
    assert targets[-1] > 0.98


def test_a_blind_test_teaches_its_truth_whatever_was_answered(brand: Marketplace) -> None:
    case = brand.case()
    cover = {"case_id": case, "truth": "genuine", "cover": {"id": f"{case} again", "seller": "s"}}
    test = brand.client.post("/v1/blind-tests", json=cover).json()["case_id"]
    brand.decide(brand.complaint(test))
    (label,) = labels(brand)
    assert (label["origin"], label["target"], label["weight"]) == ("blind_test", 0.01, 0.98)


def test_a_repeat_teaches_of_the_picture_that_was_asked_about_first(brand: Marketplace) -> None:
    first = case = brand.case()
    for number in range(2):
        cover = {"case_id": case, "truth": "genuine", "cover": {"id": f"{first} again {number}", "seller": "s"}}
        case = brand.client.post("/v1/blind-tests", json=cover).json()["case_id"]
    brand.decide(brand.complaint(case))
    (label,) = labels(brand)
    shown = brand.client.get(label["picture"]).content
    assert shown == brand.client.get(f"/v1/cases/{first}/pictures/0.png").content


def test_a_repeat_teaches_of_what_it_repeats_though_its_source_shows_other_pictures(brand: Marketplace) -> None:
    listing = {"id": f"{brand.brand} fewer", "seller": "s"}
    case = brand.listing(png(mosaic(brand.seed)), smeared(brand.seed), **listing)["case"]["id"]
    cover = {"case_id": case, "truth": "fake", "cover": {"id": f"{case} again", "seller": "s"}}
    repeat = brand.client.post("/v1/blind-tests", json=cover).json()["case_id"]
    assert brand.listing(smeared(brand.seed, tile=5), **listing)["case"]["id"] == case
    brand.judge(repeat)
    brand.end(repeat)
    asked_first = {hashlib.sha256(picture).digest() for picture in (png(mosaic(brand.seed)), smeared(brand.seed))}
    query = select(ListingImage.sha256).join(Label).where(Label.brand_id == brand.brand, Label.origin == "blind_test")
    with brand.client.service.database.read() as session:
        taught = set(session.scalars(query))
    assert hashlib.sha256(smeared(brand.seed)).digest() in taught <= asked_first


def test_a_case_that_ends_as_not_infringing_teaches_when_it_has_ended(brand: Marketplace) -> None:
    case = brand.case()
    brand.judge(case, "not_infringing")
    assert own_word(brand) == {}
    brand.end(case)
    assert own_word(brand) == {"judgement": [(0.5, 0.0)]}


def test_a_case_that_other_pictures_supersede_teaches_of_its_own(brand: Marketplace) -> None:
    case = brand.listing(id=f"{brand.brand} again", seller="s")["case"]["id"]
    brand.judge(case, "not_infringing")
    brand.listing(smeared(brand.seed, tile=9), id=f"{brand.brand} again", seller="s")
    assert own_word(brand) == {"judgement": [(0.5, 0.0)]}
    (label,) = labels(brand)
    shown = brand.client.get(label["picture"]).content
    assert shown == brand.client.get(f"/v1/cases/{case}/pictures/0.png").content


def test_labels_on_a_rights_holders_word_alone_follow_its_credit(brand: Marketplace) -> None:
    def acquit() -> None:
        case = brand.case()
        brand.judge(case, "not_infringing")
        brand.end(case)

    def accuse() -> None:
        picture = {"image": ("fake.png", smeared(brand.seed))}
        added = brand.client.post(f"/v1/brands/{brand.brand}/traits", files=picture, headers=brand.brand_key)
        assert added.status_code == 201

    acquit()
    accuse()
    assert own_word(brand) == {"judgement": [(0.5, 0.0)], "trait": [(0.5, 0.0)]}
    for _ in range(12):
        brand.decide(brand.complaint())
    acquit()
    accuse()
    proved = own_word(brand)
    (accused, weight), later = proved["trait"]
    assert (accused, weight) == later
    assert accused > 0.75
    assert weight == pytest.approx(2 * accused - 1, abs=2e-4)
    assert proved["judgement"] == [(pytest.approx(1 - accused, abs=2e-4), weight)] * 2
    brand.decide(brand.complaint(), "dismissed")
    assert own_word(brand)["trait"][0] < proved["trait"][0]
    assert own_word(brand)["judgement"][0][0] > proved["judgement"][0][0]


def test_whoever_withdraws_a_label_on_a_rights_holders_word_waits_for_its_credit_first(brand: Marketplace) -> None:
    case = brand.case()
    brand.judge(case, "not_infringing")
    brand.end(case)
    doubt = brand.doubt(case).json()["id"]
    trait = brand.trait(picture=smeared(brand.seed))
    database = brand.client.service.database
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )

    def waits(acts: int) -> bool:
        with database.read() as session:
            return session.scalar(waiting) == acts

    with ThreadPoolExecutor(2) as threads:
        with database.write() as session:
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            lock_holder(session, brand.holder)
            decided = threads.submit(brand.decide, doubt)
            eventually(lambda: waits(1))
            path = f"/v1/brands/{brand.brand}/traits/{trait}"
            removed = threads.submit(brand.client.delete, path, headers=brand.brand_key)
            eventually(lambda: waits(2))
            follow_credit(session, brand.holder, reliability=0.9)
        assert (decided.result().status_code, removed.result().status_code) == (200, 204)
    assert own_word(brand) == {}


def test_a_blind_test_that_ends_as_not_infringing_teaches_its_truth_alone(brand: Marketplace) -> None:
    case = brand.case()
    cover = {"case_id": case, "truth": "fake", "cover": {"id": f"{case} again", "seller": "s"}}
    test = brand.client.post("/v1/blind-tests", json=cover).json()["case_id"]
    brand.judge(test, "not_infringing")
    brand.end(test)
    assert [(label["origin"], label["target"]) for label in labels(brand)] == [("blind_test", 0.99)]


def test_the_share_is_kept(brand: Marketplace) -> None:
    others = [Marketplace(brand.client) for _ in range(6)]
    for market in (*others, *[brand] * 12):
        market.decide(market.complaint(), "dismissed")
    lines = [json.loads(line) for line in brand.client.get("/v1/labels").text.splitlines()]
    given = Counter(line["rights_holder_id"] for line in lines)
    assert max(given.values()) <= 0.2 * len(lines)
    assert [(-line["weight"], line["id"]) for line in lines] == sorted((-line["weight"], line["id"]) for line in lines)
    with brand.client.service.database.read() as session:
        query = text("SELECT id FROM labels WHERE brand_id = :id AND withdrawn IS NULL ORDER BY weight DESC, id")
        surest = session.scalars(query, {"id": brand.brand}).all()
    kept = [line["id"] for line in lines if line["brand_id"] == brand.brand]
    assert 0 < len(kept) < len(surest)
    assert kept == surest[: len(kept)]


def test_labels_that_weigh_nothing_let_nobody_give_more(brand: Marketplace) -> None:
    def given() -> int:
        lines = [json.loads(line) for line in brand.client.get("/v1/labels").text.splitlines()]
        return sum(line["rights_holder_id"] == brand.holder and line["weight"] > 0 for line in lines)

    for market in (*(Marketplace(brand.client) for _ in range(5)), *[brand] * 3):
        market.decide(market.complaint(), "dismissed")
    before = given()
    for _ in range(5):
        unknown = Marketplace(brand.client)
        for tile in range(4):
            unknown.trait(picture=smeared(unknown.seed, tile=tile))
    assert given() == before


def test_the_command_writes_labels_pictures_and_a_fingerprint(
    brand: Marketplace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brand.decide(brand.complaint(), "dismissed")
    settings = brand.client.service.settings
    assert settings.database_url is not None
    monkeypatch.setenv("HALLMARK_HOME", str(settings.home))
    monkeypatch.setenv("HALLMARK_DATABASE_URL", settings.database_url.get_secret_value())
    folder = tmp_path / "labels"
    done = CliRunner().invoke(command_line.build(), ["labels", "export", str(folder)])
    assert done.exit_code == 0, done.output
    written = (folder / "labels.jsonl").read_bytes()
    assert written == brand.client.get("/v1/labels").content
    assert done.stdout.splitlines()[-1] == hashlib.sha256(written).hexdigest()
    named = {json.loads(line)["image"] for line in written.splitlines()}
    pictures = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "pictures").iterdir()}
    assert pictures == {name: name for name in named}
    for line in map(json.loads, written.splitlines()):
        url = f"/v1/brands/{line['brand_id']}/references/{line['reference_id']}/picture"
        assert (folder / "references" / f"{line['reference_id']}.png").read_bytes() == brand.client.get(url).content
    again = CliRunner().invoke(command_line.build(), ["labels", "export", str(folder)])
    assert (again.exit_code, "not empty" in again.stderr) == (1, True)
