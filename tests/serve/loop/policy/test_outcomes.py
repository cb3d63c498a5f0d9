from __future__ import annotations

from marketplace import Marketplace
from mosaics import mosaic, png

from serve.loop.policy.outcomes import Outcome, settled_outcomes


def outcomes(market: Marketplace) -> list[Outcome]:
    with market.client.service.database.read() as session:
        found = settled_outcomes(session, model=market.client.service.bundle.name)
    return [one for one in found if one.brand_id == market.brand]


def test_what_a_brand_closed_as_not_infringing_is_an_outcome(market: Marketplace) -> None:
    own = Marketplace(market.client)
    case = own.case()
    own.judge(case, "not_infringing")
    assert outcomes(own) == [], "it may still be judged otherwise"
    own.end(case)
    (outcome,) = outcomes(own)
    assert not outcome.infringes
    assert outcome.strength > 0.5


def test_a_genuine_mark_that_only_a_known_fake_s_words_held_up_says_nothing_of_thresholds(market: Marketplace) -> None:
    own = Marketplace(market.client)
    own.trait(text="batch 417")
    sent = own.listing(png(mosaic(own.seed)), title="Cap of batch 417")
    assert [one["kind"] for one in sent["findings"]] == ["genuine"]
    own.judge(sent["case"]["id"], "not_infringing")
    own.end(sent["case"]["id"])
    assert outcomes(own) == []
