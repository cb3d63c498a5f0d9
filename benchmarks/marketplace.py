"""A simulated marketplace on a running service: sellers, rights holders and trust & safety, each with a key of its own.

Every step is a call of the HTTP API, but for the days that pass. What is true of a listing, and how often whom is
right, only the simulation knows.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

from benchmarks.goods import KNOWN_KINDS, NEW_KINDS, draw_goods
from benchmarks.passing_time import OutsideDatabase
from client.service import Service
from model.encoding import jpeg, png
from serve.database.embedded import EmbeddedPostgres
from training.round.labels import kept_apart
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo
from training.verifier.pairs import clean_reference

EXAMINER = 0.95
"""How often trust & safety are right, and a little more often once the seller was heard."""

EXAMINER_OF_BOTH = 0.98

BLIND_TESTS = 8
"""Blind tests of a rights holder in a round: repeats of its cases, newest first, whose goods the platform bought."""

FAKES = 0.5

NEW_AMONG_FAKES = 0.7
"""Share of the new kinds among the fakes, once they are there."""

NAMED = 0.6
"""Share of the listings whose title names the brand, as those do who want to be found."""

FOUND_BY_THEMSELVES = 0.5
"""Share of the listings that were not pushed which the rights holder looks at by itself."""

CLOSE_UP = 0.1
"""What a rights holder leaves around the mark, as a share of its sides, when it shows a fake."""

REVIEW_AT = 0.2
"""Strength of a finding that is pushed: a young marketplace rather asks too often, and so learns whom to believe."""

HONEST = (0.98, 0.60)
"""How often careful and careless rights holders judge rightly: from the first to the last of them, evenly."""

MALICIOUS = (0.20, 0.10)
"""Of malicious ones, who accuse the goods of honest sellers and shield the fakes of their friends."""

LYING = 0.5
"""Who judges rightly less often than this is malicious."""

EXAMINING = (2, 7)
"""Places of the brands whose labels examine the models: one in six as elsewhere, the same in every marketplace."""


COVER_TELLS = "urn:hallmark:problem:cover-tells"
"""The type of the problem by which the service refuses a blind test that would give itself away."""


class Refused(RuntimeError):
    """The service did not do what it was asked to; `problem` is the type that its answer names, if any."""

    def __init__(self, method: str, path: str, answer: httpx2.Response) -> None:
        super().__init__(f"{method} {path}: {answer.status_code} {answer.text}")
        described = answer.headers.get("Content-Type", "").startswith("application/problem+json")
        self.problem: str | None = answer.json()["type"] if described else None


@dataclass(frozen=True)
class Offer:
    """What a seller offers: a listing's id, the brand's place among the logos, a JPEG, its part with the mark, and the
    truth.
    """

    listing: str
    brand: int
    title: str
    photo: bytes
    mark: bytes
    fake: bool


@dataclass(frozen=True)
class RightsHolder:
    """A brand, and how often it judges rightly (`honesty`)."""

    brand_id: str
    holder_id: str
    key: str
    honesty: float


def offers(
    logos: Sequence[Logo], *, each: int, new_kinds: bool, seed: int, grounds: Backgrounds
) -> list[Offer]:  # fmt: skip
    """`each` listings of every brand; the same ones for every marketplace, whoever judges there."""
    rng = np.random.default_rng(seed)
    found = []
    for brand in range(len(logos)):
        for number in range(each):
            fake = bool(rng.random() < FAKES)
            new = new_kinds and bool(rng.random() < NEW_AMONG_FAKES)
            kinds = () if not fake else NEW_KINDS if new else KNOWN_KINDS
            goods = draw_goods(logos, brand, kinds=kinds, rng=rng, grounds=grounds)
            mark = goods.box.grown(CLOSE_UP).crop(goods.photo)
            title = f"{logos[brand].brand} cap" if rng.random() < NAMED else "Cap"
            listing = f"L-{seed}-{brand}-{number}"
            found.append(Offer(listing, brand, title, jpeg(goods.photo), jpeg(mark), goods.fake))
    return [found[int(place)] for place in rng.permutation(len(found))]


def honesties(rights_holders: int, *, malicious: int) -> list[float]:
    """How often each rights holder judges rightly; every third or so is malicious, as many as there are to be.

    The others judge as they do where nobody is.
    """
    found = np.linspace(*HONEST, rights_holders)
    liars = np.linspace(0, rights_holders, malicious, endpoint=False).astype(int) + 1
    found[liars] = np.linspace(*MALICIOUS, malicious)
    return [float(one) for one in found]


@dataclass
class Figures:
    """What happened in a round."""

    listings: int = 0
    pushed: int = 0
    pushed_fakes: int = 0
    missed_fakes: int = 0
    accusations: int = 0
    malicious_accusations: int = 0
    """False ones, of those who lie more often than not."""

    @property
    def precision(self) -> float | None:
        """Share of the pushed listings that are fakes; None where nothing was pushed."""
        return self.pushed_fakes / self.pushed if self.pushed else None

    @property
    def proactive_to_reactive(self) -> float:
        """Fakes that were pushed for each that the rights holder must find by itself."""
        return self.pushed_fakes / max(self.missed_fakes, 1)


@dataclass
class Marketplace:
    """Rights holders on a service, one for each logo, right as often as `honesty` says.

    Luck hangs on the listing: in every marketplace where it is offered, the same people see and say the same of it.
    """

    service: Service
    logos: Sequence[Logo]
    honesty: Sequence[float]
    seed: int
    holders: list[RightsHolder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._fakes: dict[str, bool] = {}
        self._tests: set[str] = set()
        self._pushed: dict[str, list[tuple[str, str]]] = {}
        self._database = OutsideDatabase(EmbeddedPostgres(self.service.home / "postgres").url)
        self._http = httpx2.Client(base_url=self.service.url, timeout=60.0)
        self._platform, self._trust = (self.service.create_key(role) for role in ("platform", "trust"))
        self.ask_often()
        for logo, honesty in zip(self.logos, self.honesty, strict=True):
            self.holders.append(self._register(logo, honesty=honesty, examines=len(self.holders) in EXAMINING))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask_often(self) -> None:
        """Set the policy; what was set for one model does not hold for the next."""
        policy = {"review_at": REVIEW_AT, "reason": "a young marketplace asks often"}
        self._call("POST", "/v1/policies", key=self._trust, json=policy)

    def trade(self, offered: Sequence[Offer]) -> Figures:
        """A round: all is offered, rights holders look around by themselves and work their queues off, days pass."""
        figures = Figures()
        for offer in offered:
            holder = self.holders[offer.brand]
            case = self._sell(holder, offer, figures=figures)
            if case is not None:
                self._pushed[holder.brand_id].insert(0, (case, offer.listing))
            elif self._luck(offer.listing, "found").random() < FOUND_BY_THEMSELVES:
                self._show_trait(holder, offer, figures=figures)
        self._database.settle()
        for holder in self.holders:
            self._slip_tests(self._pushed[holder.brand_id])
            self._work_off_queue(holder, figures=figures)
        self._look_again()
        self._database.end_cases()
        return figures

    @property
    def malicious(self) -> set[str]:
        """The ids of the rights holders who lie."""
        return {holder.holder_id for holder in self.holders if holder.honesty < LYING}

    def credits(self) -> list[tuple[float, float]]:
        """Credit and true honesty of each rights holder."""
        found = []
        for holder in self.holders:
            credit = self._call("GET", f"/v1/rights-holders/{holder.holder_id}/credit", key=self._trust)
            found.append((credit["credit"]["mean"], holder.honesty))
        return found

    def _register(self, logo: Logo, *, honesty: float, examines: bool) -> RightsHolder:
        """Register the brand under an id whose labels examine, or under one whose labels teach."""
        drawn = ({"name": f"not used {uuid.uuid4()}"} for _ in itertools.count())
        made = (self._call("POST", "/v1/brands", key=self._platform, json=body) for body in drawn)
        brand = next(one for one in made if kept_apart(one["id"]) == examines)
        self._call("PATCH", f"/v1/brands/{brand['id']}", key=self._platform, json={"name": logo.brand})
        self._call(
            "POST", f"/v1/brands/{brand['id']}/references", key=self._platform, data={"kind": "logo"},
            files={"image": ("logo.png", png(clean_reference(logo)))},
        )  # fmt: skip
        self._pushed[brand["id"]] = []
        key = self.service.create_key("brand", brand=brand["id"])
        return RightsHolder(brand["id"], brand["rights_holder_id"], key, honesty)

    def _sell(self, holder: RightsHolder, offer: Offer, *, figures: Figures) -> str | None:
        """Offer the goods; the case that the scan opened for their brand, if any."""
        self._fakes[offer.listing] = offer.fake
        listing = {"id": offer.listing, "seller": self._seller(offer.listing), "title": offer.title}
        answer = self._call(
            "POST", "/v1/listings", key=self._platform, data={"listing": json.dumps(listing)},
            files={"image": ("a.jpg", offer.photo)},
        )  # fmt: skip
        figures.listings += 1
        case = answer["case"]
        if case is None or case["brand_id"] != holder.brand_id:
            figures.missed_fakes += offer.fake
            return None
        figures.pushed += 1
        figures.pushed_fakes += offer.fake
        return str(case["id"])

    def _slip_tests(self, cases: Sequence[tuple[str, str]]) -> None:
        """Repeat the first of `cases`, with their listings, under other listings: fakes and genuine goods by turns.

        The seller stays: a case that rests on what its seller did before can be repeated under no other's name. Where
        that was taken back meanwhile it can be repeated under none, and the next one is.
        """
        known = [[one for one in cases if self._fakes[one[1]] is fake] for fake in (True, False)]
        by_turns = [one for pair in itertools.zip_longest(*known) for one in pair if one is not None]
        slipped = 0
        for case, listing in by_turns:
            slipped += self._slips(case, listing)
            if slipped == BLIND_TESTS:
                break

    def _slips(self, case: str, listing: str) -> bool:
        """Repeat the case under another listing of its seller; whether the service takes it for no give-away."""
        fake, before = self._fakes[listing], sum(one.startswith(f"{listing}-again-") for one in self._tests)
        cover = {"id": f"{listing}-again-{before}", "seller": self._seller(listing)}
        body = {"case_id": case, "truth": "fake" if fake else "genuine", "cover": cover}
        try:
            self._call("POST", "/v1/blind-tests", key=self._trust, json=body)
        except Refused as refused:
            if refused.problem != COVER_TELLS:
                raise
            return False
        self._fakes[cover["id"]] = fake
        self._tests.add(cover["id"])
        return True

    def _work_off_queue(self, holder: RightsHolder, *, figures: Figures) -> None:
        """Judge every open case: those that the scan opened, those that a fake trait found, and the blind tests."""
        for case in self._all("/v1/cases", key=holder.key, state="open"):
            listing = case["listing"]["id"]
            self._judge(holder, case["id"], listing=listing, figures=figures)

    def _look_again(self) -> None:
        """Trust & safety decide what rights holders who are suspended by now have cleared in this round."""
        for case in self._all("/v1/cases/doubtful", key=self._trust):
            if case["ended"] is None:
                body = {"reason": "the rights holder is suspended"}
                doubt = self._call("POST", f"/v1/cases/{case['id']}/doubt", key=self._trust, json=body)["id"]
                self._adjudicate(doubt, listing=case["listing"]["id"])

    def _show_trait(self, holder: RightsHolder, offer: Offer, *, figures: Figures) -> None:
        """The rights holder shows what it takes, or wants to be taken, for a fake."""
        if self._accuses(holder, listing=offer.listing, figures=figures):
            self._call(
                "POST", f"/v1/brands/{holder.brand_id}/traits", key=holder.key, data={"text": "found in the shop"},
                files={"image": ("fake.jpg", offer.mark)},
            )  # fmt: skip

    def _accuses(self, holder: RightsHolder, *, listing: str, figures: Figures) -> bool:
        fake = self._fakes[listing]
        accuses = fake if self._luck(listing, "judged").random() < holder.honesty else not fake
        figures.accusations += accuses
        figures.malicious_accusations += accuses and not fake and holder.honesty < LYING
        return accuses

    def _judge(self, holder: RightsHolder, case: str, *, listing: str, figures: Figures) -> None:
        accuses = self._accuses(holder, listing=listing, figures=figures)
        verdict = "infringing" if accuses else "not_infringing"
        self._call("POST", f"/v1/cases/{case}/judgement", key=holder.key, json={"verdict": verdict})
        if not accuses:
            return
        complaint = self._call("POST", f"/v1/cases/{case}/complaint", key=holder.key)["id"]
        self._adjudicate(complaint, listing=listing)

    def _adjudicate(self, complaint: str, *, listing: str) -> None:
        """Trust & safety decide, and once more when the seller has answered."""
        upheld = self._decide(complaint, listing=listing, right=EXAMINER)
        if not upheld or listing in self._tests:  # a blind test has no seller
            return
        # The seller answers always: a label counts once nobody can answer any more.
        self._call(
            "POST", f"/v1/complaints/{complaint}/counter-notice", key=self._platform,
            json={"statement": "It is genuine."},
        )  # fmt: skip
        self._decide(complaint, listing=listing, right=EXAMINER_OF_BOTH)

    def _decide(self, complaint: str, *, listing: str, right: float) -> bool:
        """Trust & safety decide; whether they uphold."""
        fake = self._fakes[listing]
        upheld = fake if self._luck(listing, f"decided {right}").random() < right else not fake
        body = {"outcome": "upheld" if upheld else "dismissed", "reason": "compared with the genuine mark"}
        self._call("POST", f"/v1/complaints/{complaint}/decision", key=self._trust, json=body)
        return upheld

    def _seller(self, listing: str) -> str:
        return f"seller {int(self._luck(listing, 'seller').integers(1_000))}"

    def _luck(self, listing: str, about: str) -> np.random.Generator:
        """Random numbers of what is `about` a listing: equal wherever it is offered."""
        digest = hashlib.sha256(f"{self.seed} {listing} {about}".encode()).digest()
        return np.random.default_rng(list(digest))

    def _all(self, path: str, *, key: str, **query: str) -> list[dict[str, Any]]:
        """Every item of a list that comes in pages."""
        found: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", path, key=key, params={"limit": "100", **query})
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    def _call(self, method: str, path: str, *, key: str, **content: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer = self._http.request(method, path, headers=headers, **content)
        if answer.is_error:
            raise Refused(method, path, answer)
        found: dict[str, Any] = answer.json()
        return found
