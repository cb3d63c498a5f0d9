"""A simulated marketplace on a running service: sellers, rights holders and trust & safety, each with a key of its own.

Every step is a call of the HTTP API. What is true of a listing, and how often whom is right, only the simulation knows.
"""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
import numpy as np

from client.service import Service
from model.encoding import png
from training.edits.redrawn import ImpossibleEditError
from training.round.frozen import TAMPERED
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo
from training.verifier.pairs import Pair, clean_reference, draw_pair

EXAMINER = 0.95
"""How often trust & safety are right, and a little more often once the seller was heard."""

EXAMINER_OF_BOTH = 0.98

BLIND_TESTS = 0.2
"""Share of the cases whose truth the platform knows and that it makes a blind test of."""

FAKES = 0.5

FOUND_BY_THEMSELVES = 0.5
"""Share of the fakes that the scan let pass which the rights holder finds, and shows as a fake trait."""

NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class RightsHolder:
    """A brand: its mark, how often it judges rightly (`honesty`), and whether it accuses everybody."""

    logo: int
    brand_id: str
    holder_id: str
    key: str
    honesty: float
    malicious: bool


@dataclass
class Figures:
    """What happened in a round."""

    listings: int = 0
    pushed: int = 0
    pushed_fakes: int = 0
    missed_fakes: int = 0
    labels_wanted: int = 0
    false_accusations: int = 0

    @property
    def precision(self) -> float:
        """Share of the pushed listings that are fakes."""
        return self.pushed_fakes / self.pushed if self.pushed else float("nan")

    @property
    def proactive_to_reactive(self) -> float:
        """Fakes that were pushed for each that the rights holder must find by itself."""
        return self.pushed_fakes / max(self.missed_fakes, 1)


@dataclass
class Marketplace:
    """Rights holders on a service; `malicious` of them accuse everybody, the others are careful or careless."""

    service: Service
    logos: Sequence[Logo]
    brands: int
    malicious: int
    seed: int
    holders: list[RightsHolder] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._http = httpx2.Client(base_url=self.service.url, timeout=60.0)
        self._platform, self._trust = (self.service.create_key(role) for role in ("platform", "trust"))
        for number in range(self.brands):
            malicious = number >= self.brands - self.malicious
            honesty = 0.1 + 0.1 * (number % 3) if malicious else (0.98 - 0.38 * number / max(self.brands - 1, 1))
            self.holders.append(self._register(number, honesty=honesty, malicious=malicious))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def trade(self, *, listings_each: int, new_attacks: bool) -> Figures:
        """A round's listings of every brand: some genuine, some fakes, of new kinds among them once there are any."""
        figures = Figures()
        for holder in self.holders:
            for _ in range(listings_each):
                fake = bool(self._rng.random() < FAKES)
                label = str(self._rng.choice(TAMPERED)) if fake else "genuine"
                pair = self.draw(holder.logo, label, unseen=fake and new_attacks and bool(self._rng.random() < 0.7))
                self._sell(holder, pair, fake=fake, figures=figures)
        return figures

    def draw(self, logo: int, label: str, *, unseen: bool, rng: np.random.Generator | None = None) -> Pair:
        """A photo of the brand's mark."""
        rng = rng or self._rng
        while True:
            try:
                return draw_pair(self.logos, logo, label=label, rng=rng, backgrounds=Backgrounds(), unseen=unseen)
            except ImpossibleEditError:  # the mark does not offer it: the counterfeiter smears it instead
                label = "smear"

    def credits(self) -> list[tuple[float, float]]:
        """Credit and true honesty of each rights holder."""
        found = []
        for holder in self.holders:
            credit = self._call("GET", f"/v1/rights-holders/{holder.holder_id}/credit", key=self._trust)
            found.append((credit["credit"]["mean"], holder.honesty))
        return found

    def _register(self, number: int, *, honesty: float, malicious: bool) -> RightsHolder:
        brand = self._call("POST", "/v1/brands", key=self._platform, json={"name": f"Brand {number}"})
        reference = png(clean_reference(self.logos[number]))
        self._call(
            "POST", f"/v1/brands/{brand['id']}/references", key=self._platform, data={"kind": "logo"},
            files={"image": ("logo.png", reference)},
        )  # fmt: skip
        key = self.service.create_key("brand", brand=brand["id"])
        return RightsHolder(number, brand["id"], brand["rights_holder_id"], key, honesty, malicious)

    def _sell(self, holder: RightsHolder, pair: Pair, *, fake: bool, figures: Figures) -> None:
        listing = {"id": f"L-{next(NUMBERS)}", "seller": f"seller {int(self._rng.integers(1_000))}"}
        answer = self._call(
            "POST", "/v1/listings", key=self._platform, data={"listing": json.dumps(listing)},
            files={"image": ("a.png", png(pair.region))},
        )  # fmt: skip
        figures.listings += 1
        case = answer["case"]
        if case is None or case["brand_id"] != holder.brand_id:
            figures.missed_fakes += fake
            if self._rng.random() < FOUND_BY_THEMSELVES:
                self._show_trait(holder, pair, fake=fake, figures=figures)
            return
        figures.pushed += 1
        figures.pushed_fakes += fake
        if self._rng.random() < BLIND_TESTS:
            truth = "fake" if fake else "genuine"
            self._call("POST", "/v1/blind-tests", key=self._trust, json={"case_id": case["id"], "truth": truth})
        self._judge(holder, case["id"], fake=fake, figures=figures)

    def _show_trait(self, holder: RightsHolder, pair: Pair, *, fake: bool, figures: Figures) -> None:
        """The rights holder shows what it takes, or wants to be taken, for a fake."""
        says_fake = holder.malicious or (fake if self._rng.random() < holder.honesty else not fake)
        if says_fake:
            figures.labels_wanted += 1
            figures.false_accusations += not fake
            self._call(
                "POST", f"/v1/brands/{holder.brand_id}/traits", key=holder.key, data={"text": "found in the shop"},
                files={"image": ("fake.png", png(pair.region))},
            )  # fmt: skip

    def _judge(self, holder: RightsHolder, case: str, *, fake: bool, figures: Figures) -> None:
        says_fake = fake if self._rng.random() < holder.honesty else not fake
        says_fake = says_fake or holder.malicious
        verdict = "infringing" if says_fake else "not_infringing"
        self._call("POST", f"/v1/cases/{case}/judgement", key=holder.key, json={"verdict": verdict})
        if not says_fake:
            return
        figures.labels_wanted += 1
        figures.false_accusations += not fake
        complaint = self._call("POST", f"/v1/cases/{case}/complaint", key=holder.key)["id"]
        if not self._decide(complaint, fake=fake, right=EXAMINER):
            return
        # The seller answers always: a label counts once nobody can answer any more.
        self._call(
            "POST",
            f"/v1/complaints/{complaint}/counter-notice",
            key=self._platform,
            json={"statement": "It is genuine."},
        )
        self._decide(complaint, fake=fake, right=EXAMINER_OF_BOTH)

    def _decide(self, complaint: str, *, fake: bool, right: float) -> bool:
        """Trust & safety decide; whether they uphold."""
        upheld = fake if self._rng.random() < right else not fake
        body = {"outcome": "upheld" if upheld else "dismissed", "reason": "compared with the genuine mark"}
        self._call("POST", f"/v1/complaints/{complaint}/decision", key=self._trust, json=body)
        return upheld

    def _call(self, method: str, path: str, *, key: str, **content: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {key}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer = self._http.request(method, path, headers=headers, **content)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found
