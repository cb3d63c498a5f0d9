from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from marketplace import Marketplace, smeared
from service_client import Client, Open
from sqlalchemy import text

from serve.database.engine import Database
from serve.loop.teaching.dawid_skene import PRIOR_RIGHT, PRIOR_WRONG, dawid_skene


def slow_dawid_skene(votes: list[tuple[int, int, bool]], *, rounds: int) -> list[float]:
    """The same, written out: probabilities multiplied one by one."""
    questions, jurors = {q for q, _, _ in votes}, {j for _, j, _ in votes}
    yes = {q: float(np.mean([v for one, _, v in votes if one == q])) for q in questions}
    for _ in range(rounds):
        right = {}
        for juror in jurors:
            for truth in (False, True):
                said = [(yes[q] if truth else 1 - yes[q], v == truth) for q, j, v in votes if j == juror]
                agreed = sum(share for share, same in said if same) + PRIOR_RIGHT
                right[juror, truth] = agreed / (sum(share for share, _ in said) + PRIOR_RIGHT + PRIOR_WRONG)
        prior = (sum(yes.values()) + 1) / (len(yes) + 2)
        for question in questions:
            odds = {False: 1 - prior, True: prior}
            for truth in odds:
                for q, j, v in votes:
                    if q == question:
                        odds[truth] *= right[j, truth] if v == truth else 1 - right[j, truth]
            yes[question] = odds[True] / (odds[True] + odds[False])
    return [yes[q] for q in sorted(questions)]


def drawn(seed: int, *, reliabilities: list[float], questions: int) -> tuple[np.ndarray, list[tuple[int, int, bool]]]:
    """The truth, and the votes of jurors who are right so often."""
    random = np.random.default_rng(seed)
    truth = random.random(questions) < 0.5
    votes = [
        (q, j, bool(truth[q] == (random.random() < reliability)))
        for q in range(questions)
        for j, reliability in enumerate(reliabilities)
    ]
    return truth, votes


def fast(votes: list[tuple[int, int, bool]]):
    questions, jurors, said = (np.array(column) for column in zip(*votes, strict=True))
    return dawid_skene(questions, jurors, said)


def test_it_is_what_the_formulas_say() -> None:
    _, votes = drawn(1, reliabilities=[0.9, 0.8, 0.6, 0.6], questions=12)
    assert fast(votes).yes == pytest.approx(slow_dawid_skene(votes, rounds=200), abs=1e-6)


def test_it_agrees_with_crowd_kit_where_nothing_is_supposed_of_jurors(monkeypatch: pytest.MonkeyPatch) -> None:
    """crowd-kit needs some 400 MB beside it, so that its answer is kept here; it supposes nothing of a new juror."""
    expected = json.loads(Path(__file__).with_name("crowd_kit.json").read_text())
    for prior in ("PRIOR_RIGHT", "PRIOR_WRONG"):
        monkeypatch.setattr(f"serve.loop.teaching.dawid_skene.{prior}", 1e-9)
    _, votes = drawn(3, reliabilities=[0.95, 0.9, 0.85, 0.7, 0.6, 0.55, 0.5], questions=60)
    opinion = fast(votes)
    assert opinion.yes == pytest.approx(np.array(expected["yes"]), abs=0.005)
    assert opinion.right == pytest.approx(np.array(expected["right"]), abs=0.005)


def test_it_finds_the_good_jurors_and_beats_the_majority() -> None:
    reliabilities = [0.95, 0.95, 0.52, 0.52, 0.52, 0.52, 0.52]
    truth, votes = drawn(2, reliabilities=reliabilities, questions=400)
    opinion = fast(votes)
    shares = np.array([np.mean([v for q, _, v in votes if q == question]) for question in range(len(truth))])
    right, majority = np.mean((opinion.yes > 0.5) == truth), np.mean((shares > 0.5) == truth)
    assert right > majority + 0.1
    assert opinion.right.mean(axis=1) == pytest.approx(reliabilities, abs=0.06)


def test_unanimous_votes_of_unknown_jurors_are_believed_but_not_blindly() -> None:
    votes = [(0, juror, True) for juror in range(5)]
    assert 0.95 < fast(votes).yes[0] < 1.0


def test_without_votes_there_is_no_opinion() -> None:
    with pytest.raises(ValueError, match="votes"):
        dawid_skene(np.array([], int), np.array([], int), np.array([], bool))


@pytest.fixture
def brand(client: Client) -> Marketplace:
    return Marketplace(client)


def vote(brand: Marketplace, jury: str, juror: str, misleads: bool = True) -> Any:
    return brand.client.post(f"/v1/juries/{jury}/votes", json={"juror": juror, "misleads": misleads})


def test_the_last_vote_gives_the_result_and_a_label(brand: Marketplace) -> None:
    jury = brand.jury(brand.case())
    first = vote(brand, jury, "ann").json()
    assert (first["votes"], first["misleads"], first["ended"]) == (1, None, None), "nobody is told before the end"
    vote(brand, jury, "bob")
    last = vote(brand, jury, "eve").json()
    assert last["misleads"] > 0.8
    assert brand.client.get(f"/v1/juries/{jury}").json() == last
    lines = [json.loads(line) for line in brand.client.get("/v1/labels").text.splitlines()]
    (label,) = (line for line in lines if line["brand_id"] == brand.brand)
    assert (label["origin"], label["target"]) == ("jury", pytest.approx(last["misleads"], abs=1e-4))
    assert vote(brand, jury, "kim").status_code == 409


def test_a_juror_votes_once(brand: Marketplace) -> None:
    jury = brand.jury(brand.case())
    assert vote(brand, jury, "ann").status_code == 201
    again = vote(brand, jury, "ann", misleads=False)
    assert (again.status_code, again.json()["type"]) == (409, "urn:hallmark:problem:voted-already")


def test_juries_are_found_by_their_case(brand: Marketplace) -> None:
    case = brand.case()
    jury, _ = brand.jury(case), brand.jury()
    found = brand.client.get("/v1/juries", params={"case": case}).json()["items"]
    assert [one["id"] for one in found] == [jury]


def test_no_party_to_the_case_votes_on_it(brand: Marketplace) -> None:
    jury = brand.jury(brand.listing(seller="Seller 9")["case"]["id"])
    for party in ("Seller 9", brand.brand, brand.holder):
        refused = vote(brand, jury, party)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:hallmark:problem:interested-party"), party
        made = brand.client.post(f"/v1/juries/{jury}/ballots", json={"jurors": ["ann", party]})
        assert (made.status_code, made.json()["type"]) == (409, "urn:hallmark:problem:interested-party"), party
    assert brand.client.get(f"/v1/juries/{jury}").json()["votes"] == 0
    assert vote(brand, jury, "Seller 8").status_code == 201, "another seller is no party"


def test_votes_at_once_end_it_once(brand: Marketplace) -> None:
    jury = brand.jury(brand.case(), jurors=4)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda juror: vote(brand, jury, str(juror)), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 4
    assert sum(answer.status_code == 201 and answer.json()["ended"] is not None for answer in answers) == 1


def test_votes_about_pictures_that_the_case_shows_no_more_teach_nothing(brand: Marketplace) -> None:
    listing = {"id": f"{brand.brand} moves", "seller": "s"}
    case = brand.listing(**listing)["case"]["id"]
    jury = brand.jury(case)
    for juror in ("ann", "bob"):
        assert vote(brand, jury, juror).json()["revision"] == 1
    assert brand.listing(smeared(brand.seed, tile=5), **listing)["case"]["id"] == case
    late = vote(brand, jury, "eve")
    assert (late.status_code, late.json()["type"], late.json()["revision"]) == (
        409, "urn:hallmark:problem:other-pictures", 2,
    )  # fmt: skip
    shown = brand.client.get(f"/v1/juries/{jury}").json()
    assert (shown["revision"], shown["evidence"], shown["votes"], shown["misleads"]) == (1, [], 2, None)
    another = brand.jury(case)
    assert vote(brand, another, "eve").json()["revision"] == 2


def test_a_migrated_jury_or_repeat_is_about_what_its_case_showed_then_and_a_case_keeps_its_evidence(
    open_client: Open,
) -> None:
    brand = Marketplace(open_client())
    case = brand.listing(id="moves", seller="s")["case"]["id"]
    for tile in (4, 5, 6):
        brand.listing(smeared(brand.seed, tile=tile), id="moves", seller="s")
        brand.jury(case)
        repeat = {"case_id": case, "truth": "fake", "cover": {"id": f"cover {tile}", "seller": "s"}}
        assert brand.client.post("/v1/blind-tests", json=repeat).status_code == 201
    before = (
        "ALTER TABLE blind_tests DROP COLUMN source_revision, DROP COLUMN source_model",
        "ALTER TABLE juries DROP COLUMN revision",
        "ALTER TABLE cases DROP COLUMN evidence, DROP COLUMN known_fake",
        "DROP TABLE text_holds, text_sweeps, console_sessions, suggestions, mark_searches, unrecognised, ballots, "
        "object_store, authorised_sellers",
        "DROP INDEX cases_listing, cases_shown_listing, cases_shown_seller, cases_no_complaint, notices_complaint, "
        "audit_log_known_fakes, audit_log_decisions, listings_held, labels_own_word, labels_image, notices_listing, "
        "procrastinate.hallmark_jobs_todo",
        "ALTER TABLE listings DROP COLUMN arrived, DROP COLUMN withdrawn",
        "ALTER TABLE webhooks DROP COLUMN told",
        *(f"ALTER TABLE {table} RENAME receiver TO holder_id" for table in ("webhooks", "deliveries")),
        *(
            f"ALTER TABLE {table} ADD CONSTRAINT {table}_holder_id_fkey "
            "FOREIGN KEY (holder_id) REFERENCES rights_holders (id)"
            for table in ("webhooks", "deliveries")
        ),
        "DROP INDEX deliveries_ended",
        "ALTER INDEX deliveries_receiver RENAME TO deliveries_holder",
        "ALTER TABLE disputes DROP COLUMN contradiction",
        "UPDATE alembic_version SET version_num = '0017'",
    )
    with brand.client.service.database.write() as session:
        for statement in before:
            session.execute(text(statement))
    migrated = Database(brand.client.service.settings)
    with migrated.read() as session:
        for query in ("SELECT revision FROM juries ORDER BY id", "SELECT source_revision FROM blind_tests ORDER BY id"):
            assert session.scalars(text(query)).all() == [2, 3, 4]
        evidence = session.scalars(text("SELECT evidence FROM cases WHERE id = :id"), {"id": case}).one()
        assert evidence == [f"cases/{case}/0.png"]
    migrated.close()


def test_what_is_no_jury_is_refused(brand: Marketplace) -> None:
    post = brand.client.post
    assert post("/v1/juries", json={"case_id": "case_0"}).status_code == 404
    assert post("/v1/juries", json={"case_id": brand.case(), "jurors": 2}).status_code == 422
    assert vote(brand, "jury_0", "ann").status_code == 404


def test_a_jury_is_called_off(brand: Marketplace) -> None:
    jury = brand.jury()
    vote(brand, jury, "ann")
    assert brand.client.delete(f"/v1/juries/{jury}", headers=brand.brand_key).status_code == 403
    ended = brand.client.delete(f"/v1/juries/{jury}").json()
    assert (ended["misleads"], ended["ended"] is None, ended["votes"]) == (None, False, 1)
    for late in (vote(brand, jury, "bob"), brand.client.delete(f"/v1/juries/{jury}")):
        assert (late.status_code, late.json()["detail"]) == (409, "The jury was called off; call another one.")
    assert brand.client.post(f"/v1/juries/{jury}/ballots", json={"jurors": ["bob"]}).status_code == 409
    assert brand.client.delete("/v1/juries/jury_0").status_code == 404


def test_other_pictures_call_the_jury_off(brand: Marketplace) -> None:
    sent = {"id": f"changed {brand.seed}", "seller": "s"}
    jury = brand.jury(brand.listing(**sent)["case"]["id"])
    brand.listing(smeared(brand.seed, tile=9), **sent)
    assert brand.client.get(f"/v1/juries/{jury}").json()["ended"] is not None
    assert vote(brand, jury, "ann").json()["type"] == "urn:hallmark:problem:other-pictures"


def test_a_case_that_another_supersedes_calls_its_jury_off_and_one_whose_time_is_over_does_not(
    brand: Marketplace,
) -> None:
    sent = {"id": f"superseded {brand.seed}", "seller": "s"}
    cases = [brand.listing(**sent)["case"]["id"], brand.case()]
    juries = [brand.jury(case) for case in cases]
    for case in cases:
        brand.judge(case, "not_infringing")
    brand.listing(smeared(brand.seed, tile=9), **sent)
    brand.end(cases[1])
    assert [brand.client.get(f"/v1/cases/{case}").json()["state"] for case in cases] == ["closed", "closed"]
    late = vote(brand, juries[0], "ann")
    assert (late.status_code, late.json()["detail"]) == (409, "The jury was called off; call another one.")
    assert vote(brand, juries[1], "ann").status_code == 201
