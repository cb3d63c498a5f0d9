"""The lives of cases, and of a model, that benchmarks/crash.py interrupts, and the traces that each leaves."""

from __future__ import annotations

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import httpx2
import numpy as np

from benchmarks.crash_world import World
from benchmarks.passing_time import PATIENCE_SECONDS
from model.encoding import png
from model.regions import RgbImage
from serve import failpoints
from serve.failpoints import committed, recorded
from serve.loop.cases import ANNOUNCE, EXPIRE

NUMBERS = itertools.count(1)
MESSAGE = (failpoints.MESSAGE_FOUND, failpoints.MESSAGE_SENT, failpoints.MESSAGE_NOTED)
ANSWER = (failpoints.ANSWER_MADE, failpoints.ANSWER_KEPT)


class Life:
    """A brand of its own with an official product photo, and a listing that reuses it; each call is an act."""

    def __init__(self, world: World) -> None:
        number = next(NUMBERS)
        self._world = world
        self._listing = {"id": f"L-{number}", "seller": f"S-{number}"}
        self._photo = _photo(number)
        brand = self._done("POST", "/v1/brands", json={"name": f"Brand {number}"})
        files = {"image": ("photo.png", png(self._photo))}
        self._done("POST", f"/v1/brands/{brand['id']}/references", data={"kind": "product"}, files=files)
        self._done("PUT", f"/v1/rights-holders/{brand['rights_holder_id']}/webhook", json={"url": world.receiver.url})
        self._case = ""
        self._complaint = ""

    def send(self, *, brighter: int = 0, noted: Sequence[str] = ("case opened",)) -> None:
        """The listing is sent, with the photo made brighter by so many levels; `noted` are the audit log's actions."""
        steps = (step(action) for action in noted for step in (recorded, committed))
        self._world.arm(failpoints.SCANNED, failpoints.PICTURES_KEPT, *steps, *ANSWER, *MESSAGE)
        picture = np.clip(self._photo.astype(np.int16) + brighter, 0, 255).astype(np.uint8)
        files = {"image": ("photo.png", png(picture))}
        answer = self._done("POST", "/v1/listings", data={"listing": json.dumps(self._listing)}, files=files)
        self._case = answer["case"]["id"]

    def judge(self, verdict: str) -> None:
        """The brand judges."""
        self._act("case judged", f"/v1/cases/{self._case}/judgement", state=verdict, json={"verdict": verdict})

    def retract(self) -> None:
        """The brand takes its judgement back."""
        self._act("judgement retracted", f"/v1/cases/{self._case}/judgement", state="open", method="DELETE")

    def complain(self) -> None:
        """The brand files a complaint, with a file."""
        path = f"/v1/cases/{self._case}/complaint"
        files = {"file": ("proof.png", png(self._photo))}
        self._act("complaint filed", path, state="complained", data={"statement": "ours"}, files=files)
        self._complaint = self._done("GET", f"/v1/cases/{self._case}")["complaint_id"]

    def doubt(self) -> None:
        """Trust & safety doubt the judgement."""
        self._act("case doubted", f"/v1/cases/{self._case}/doubt", state="complained", json={"reason": "we see more"})
        self._complaint = self._done("GET", f"/v1/cases/{self._case}")["complaint_id"]

    def decide(self, outcome: str, *, becomes: str) -> None:
        """Trust & safety decide."""
        path = f"/v1/complaints/{self._complaint}/decision"
        self._world.arm(*MESSAGE)
        self._act(f"complaint {becomes}", path, state=becomes, json={"outcome": outcome, "reason": "as we see it"})

    def counter(self) -> None:
        """The seller answers."""
        path = f"/v1/complaints/{self._complaint}/counter-notice"
        self._act("counter-notice sent", path, state="countered", json={"statement": "it is genuine"})

    def reverse(self, *, becomes: str) -> None:
        """Trust & safety turn their decision round."""
        path = f"/v1/complaints/{self._complaint}/reversal"
        self._act(f"complaint {becomes}", path, state=becomes, json={"reason": "an invoice was shown"})

    def announce(self) -> None:
        """A working day is left."""
        self._come(ANNOUNCE, "announced", "end of case announced")
        self._await("SELECT 1 FROM cases WHERE id = %s AND reminded IS NOT NULL")

    def expire(self, *, becomes: str) -> None:
        """The last day is over."""
        self._come(EXPIRE, "expires", f"case {becomes}")
        self._await("SELECT 1 FROM cases WHERE id = %s AND ended IS NOT NULL")

    def release(self) -> None:
        """Trust & safety let it be."""
        path = f"/v1/cases/{self._case}/release"
        self._act("case released", path, state="released", json={"reason": "a souvenir"})

    def traces(self) -> Counter[str]:
        """Everything that the life has left, by what it is."""
        found: Counter[str] = Counter()
        for query in TRACES:
            found.update(str(row[0]) for row in self._world.database.ask(query, self._listing["id"]))
        messages = self._world.database.ask(MESSAGES, self._listing["id"])
        came = self._world.receiver.ids
        found.update(f"message {kind}{'' if name in came else ' that never came'}" for name, kind in messages)
        return found

    def _act(self, action: str, path: str, *, state: str, method: str = "POST", **content: Any) -> None:
        """Do it until it is acknowledged: by a success, or by a refusal that shows that an earlier try succeeded."""
        self._world.arm(recorded(action), committed(action), *(ANSWER if method == "POST" else ()))
        answer = self._world.send(method, path, **content)
        if answer.status_code == httpx2.codes.CONFLICT and answer.json().get("state") == state:
            return
        _require_success(answer)

    def _done(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        answer = self._world.send(method, path, **content)
        _require_success(answer)
        found: dict[str, Any] = answer.json()
        return found

    def _come(self, task: str, column: str, action: str) -> None:
        """Have what is due in days be due now."""
        self._world.arm(recorded(action), committed(action))
        change = self._world.database.change
        change(f"UPDATE cases SET {column} = now() - interval '1 second' WHERE id = %s", self._case)  # noqa: S608 -- one of two names
        change(
            "UPDATE procrastinate.procrastinate_jobs SET scheduled_at = now() - interval '1 second' "
            "WHERE task_name = %s AND args->>'case_id' = %s AND status = 'todo'",
            task,
            self._case,
        )

    def _await(self, query: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._world.database.ask(query, self._case):
            if time.monotonic() > until:
                raise TimeoutError(f"the case {self._case} was left alone")
            time.sleep(0.2)


class Promotion:
    """A model of its own, with the files of the released one; each call is an act."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._model = f"candidate-{next(NUMBERS)}"
        self._folder = world.candidate(self._model)

    def promote(self) -> None:
        """The model is put in place of the one that serves."""
        self._act("promote", str(self._folder), "--override", "a copy needs no comparison")

    def roll_back(self) -> None:
        """The one before is put back."""
        self._act("rollback")

    def traces(self) -> Counter[str]:
        """Everything that the promotion has left, by what it is."""
        found: Counter[str] = Counter()
        for query in TRACES_OF_MODELS:
            found.update(str(row[0]) for row in self._world.database.ask(query, self._model))
        return found

    def _act(self, action: str, *arguments: str) -> None:
        """Ask for it until it is done; what was killed is asked for again, unless it is done."""
        moments = (f"model {action} asked", f"model {action} done")
        steps = (step(moment) for moment in moments for step in (recorded, committed))
        self._world.arm(failpoints.REFERENCE_EMBEDDED, *steps)
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._world.database.ask(SWITCHED, action, self._model):
            if time.monotonic() > until:
                raise TimeoutError(f"{action} of {self._model} does not come to an end")
            self._world.command("model", action, *arguments)


def upheld(life: Life) -> None:
    """Upheld, answered, confirmed, and overturned after all."""
    life.send()
    life.judge("infringing")
    life.complain()
    life.decide("upheld", becomes="upheld")
    life.counter()
    life.decide("upheld", becomes="confirmed")
    life.reverse(becomes="overturned")


def dismissed(life: Life) -> None:
    """Judged twice, dismissed, and upheld after all."""
    life.send()
    life.judge("unsure")
    life.retract()
    life.judge("infringing")
    life.complain()
    life.decide("dismissed", becomes="dismissed")
    life.reverse(becomes="upheld")


def unanswered(life: Life) -> None:
    """Nobody answers in time."""
    life.send()
    life.announce()
    life.expire(becomes="expired")


def released(life: Life) -> None:
    """Nobody complains in time, and trust & safety let it be sold."""
    life.send()
    life.judge("infringing")
    life.expire(becomes="expired")
    life.release()


def not_infringing(life: Life) -> None:
    """Nothing is held against it."""
    life.send()
    life.judge("not_infringing")
    life.expire(becomes="closed")


def doubted(life: Life) -> None:
    """Nothing was to be held against it, and trust & safety see it otherwise."""
    life.send()
    life.judge("not_infringing")
    life.doubt()
    life.decide("upheld", becomes="upheld")


def other_pictures(life: Life) -> None:
    """The seller changes the pictures under an open case."""
    life.send()
    life.send(brighter=8, noted=("case shows other pictures",))
    life.judge("infringing")
    life.complain()
    life.decide("upheld", becomes="upheld")
    life.counter()
    life.decide("dismissed", becomes="overturned")


def superseded(life: Life) -> None:
    """The seller changes the pictures that were found to be in order."""
    life.send()
    life.judge("not_infringing")
    life.send(brighter=8, noted=("case closed", "case opened"))
    life.judge("not_infringing")
    life.expire(becomes="closed")


def swapped(life: Life) -> None:
    """The seller changes the pictures that were complained of; nobody answers about the new ones."""
    life.send()
    life.judge("infringing")
    life.complain()
    life.send(brighter=8)
    life.decide("upheld", becomes="upheld")
    life.expire(becomes="expired")


def promoted(promotion: Promotion) -> None:
    """A model is put in place of the one that serves, and taken back."""
    promotion.promote()
    promotion.roll_back()


@dataclass(frozen=True)
class Kind:
    """How a life is prepared, undisturbed, and how it is led."""

    prepare: Callable[[World], Any]
    lead: Callable[[Any], None]


LIVES: Mapping[str, Kind] = {
    **{
        lead.__name__: Kind(Life, lead)
        for lead in (
            upheld,
            dismissed,
            unanswered,
            released,
            not_infringing,
            doubted,
            other_pictures,
            superseded,
            swapped,
        )
    },
    promoted.__name__: Kind(Promotion, promoted),
}

OF_LISTING = "FROM listings AS l JOIN cases AS c ON c.listing_id = l.id LEFT JOIN complaints AS p ON p.case_id = c.id"
TRACES = tuple(
    f"{query} WHERE l.marketplace_id = %s"
    for query in (
        "SELECT 'listing ' || l.decision || ' ' || l.revision FROM listings AS l",
        "SELECT 'picture' FROM listings AS l JOIN listing_images AS i ON i.listing_id = l.id",
        f"SELECT 'case ' || c.state || coalesce(' complaint ' || p.state, '') {OF_LISTING}",
        f"SELECT 'audit ' || a.action {OF_LISTING} JOIN audit_log AS a ON a.subject IN (c.id, p.id)",
        f"SELECT 'notice ' || n.subject {OF_LISTING} JOIN notices AS n ON n.complaint_id = p.id",
        f"SELECT 'file ' || f.party {OF_LISTING} JOIN attachments AS f ON f.complaint_id = p.id",
        f"SELECT 'counter-notice' {OF_LISTING} JOIN counter_notices AS n ON n.complaint_id = p.id",
        f"SELECT 'label ' || b.origin || ' ' || (b.withdrawn IS NULL) {OF_LISTING} "
        "JOIN labels AS b ON b.subject IN (c.id, p.id)",
        f"SELECT 'credit ' || e.evidence || ' ' || (e.withdrawn IS NULL) {OF_LISTING} "
        "JOIN credit_events AS e ON e.subject = p.id",
    )
)
SWITCHED = "SELECT 1 FROM model_switches WHERE action = %s AND %s IN (model, replaces) AND index_version IS NOT NULL"
TRACES_OF_MODELS = (
    "SELECT 'switch ' || action || ' ' || (index_version IS NOT NULL) FROM model_switches "
    "WHERE %s IN (model, replaces)",
    "SELECT 'change' FROM model_switches AS s JOIN index_changes AS c ON c.version = s.index_version "
    "WHERE c.action = 'switch' AND %s IN (s.model, s.replaces)",
    "SELECT 'audit ' || action FROM audit_log "
    "WHERE action LIKE 'model %%' AND %s IN (subject, content::json->>'replaces')",
    "SELECT 'reference without a vector' FROM \"references\" AS r WHERE r.status <> 'removed' AND NOT EXISTS "
    "(SELECT FROM reference_vectors AS v WHERE v.reference_id = r.id AND v.model = %s)",
)
MESSAGES = (
    f"SELECT d.id, d.kind {OF_LISTING} JOIN deliveries AS d ON d.body::json->'data'->>'id' IN (c.id, p.id) "
    "WHERE l.marketplace_id = %s"
)


def _photo(seed: int) -> RgbImage:
    """A picture that no other seed gives, full of corners to recognise it by, 240 × 240 pixels."""
    rng = np.random.default_rng(seed)
    photo = np.full((240, 240, 3), rng.integers(120, 255, 3), np.uint8)
    for _ in range(60):
        colour = tuple(int(value) for value in rng.integers(0, 255, 3))
        place, corner = (tuple(int(value) for value in rng.integers(0, 240, 2)) for _ in range(2))
        if rng.random() < 0.5:
            cv2.circle(photo, place, int(rng.integers(4, 26)), colour, -1)
        else:
            cv2.rectangle(photo, place, corner, colour, 2)
    return photo


def _require_success(answer: httpx2.Response) -> None:
    if answer.is_error:
        raise RuntimeError(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text}")
