"""A scan as a whole: decode, scan, keep evidence and answer. The listing's picture itself is not kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray
from sqlalchemy import insert

from model.regions import Box
from model.rejection import ImageRejected
from serve.database.engine import NEED_NOT_WAIT, Database
from serve.database.tables import ScanRecord
from serve.identifiers import new_id
from serve.metrics import Metrics
from serve.pictures.decoding import Decode, DecoderPool
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.problems import not_found
from serve.scanning.authorised import brands_authorising
from serve.scanning.evidence import draw_evidence
from serve.scanning.policies import PolicyFollower
from serve.scanning.policy import Policy
from serve.scanning.results import ScanResult, Timings
from serve.scanning.scan import Broken, Scan, Scanner
from serve.scanning.sought import Sought
from serve.text.listing import Listing

STEPS = ("propose", "embed", "search", "read", "verify")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """What a scan is made with: the model, its index and references, all of one state, the policy that decides, the ids
    of the brands that the listing names, the rules that its text breaks, and the ids of the brands that let the seller
    use their photos (`authorised`)."""

    scanner: Scanner
    policy: Policy
    sought: Sought
    broken: Broken
    authorised: frozenset[str]


@dataclass(frozen=True, slots=True)
class ScanWithVectors:
    """The answer of a scan, the vectors (n, d) of the regions that it looked at, and which of them are pictures."""

    result: ScanResult
    vectors: NDArray[np.float32]
    pictures: Mapping[int, Box]


class ScanDesk:
    """Takes pictures in, gives answers out, and finds earlier answers again; safe to use from several threads."""

    def __init__(
        self, database: Database, objects: Objects, *, decoder: DecoderPool, scanner: Callable[[], Scanner],
        policies: PolicyFollower, metrics: Metrics,
    ) -> None:  # fmt: skip
        """`scanner` gives what serves now: the model, its index and its thresholds, all of one state."""
        self._database = database
        self._objects = objects
        self._decoder = decoder
        self._scanner = scanner
        self._policies = policies
        self._metrics = metrics

    def now(self, listing: Listing | None = None) -> Moment:
        """What scans that begin now are made with: one picture, or several of a `listing` alike, to their end.

        `listing` is what the seller says: the brands that it names are looked for, and those that authorised the
        seller let it use their photos.
        """
        scanner = self._scanner()
        sought = scanner.sought_by(listing)
        broken, authorised = scanner.rules_broken_by(listing), self._authorising(listing)
        return Moment(scanner, self._policies.current, sought, broken, authorised)

    def _authorising(self, listing: Listing | None) -> frozenset[str]:
        if listing is None or not listing.seller:
            return frozenset()
        with self._database.read() as session:
            return brands_authorising(session, listing.seller)

    def scan(self, data: bytes, *, listing: Listing | None = None) -> ScanResult:
        """Scan the picture in the file `data`, of which the seller says `listing`. Raises `ImageRejected`."""
        return self.examine(data, moment=self.now(listing)).result

    def examine(
        self, data: bytes, *, moment: Moment, sought: Sought | None = None, decode: Decode | None = None
    ) -> ScanWithVectors:
        """The same, with the vectors of what was looked at, the whole picture first.

        `sought` are the brands that are looked for, where they are others than the listing names. `decode` is for files
        that are stored; without it the file is new, and a worker process reads it.
        """
        start = time.perf_counter()
        scan_id = new_id("scan")
        try:
            image = (decode or self._decoder.decode)(data)
        except ImageRejected as rejected:
            self._metrics.rejections.labels(code=rejected.code).inc()
            raise
        decode_ms = (time.perf_counter() - start) * 1000.0
        scan = moment.scanner.scan(
            image, scan_id=scan_id, policy=moment.policy, sought=sought or moment.sought, broken=moment.broken,
            authorised=moment.authorised,
        )  # fmt: skip
        for number, verified in enumerate(scan.verified):
            self._objects.put(evidence_key(scan_id, number), draw_evidence(image, verified))
        total_ms = (time.perf_counter() - start) * 1000.0
        result = result_of(scan, decode_ms=decode_ms, total_ms=total_ms)
        self._record(result, data)
        self._metrics.scanned(result)
        log.info(
            "scanned", scan_id=scan_id, decision=result.decision, findings=[one.kind for one in result.findings],
            index_version=result.index_version, total_ms=result.timings_ms.total, brands_claimed=result.brands_claimed,
        )  # fmt: skip
        return ScanWithVectors(result, scan.vectors, scan.pictures)

    def find(self, scan_id: str) -> dict[str, Any]:
        """An earlier answer, as it was sent. Raises `Problem` (404)."""
        with self._database.read() as session:
            record = session.get(ScanRecord, scan_id)
        if record is None:
            raise not_found("scan", scan_id)
        return record.result

    def evidence(self, scan_id: str, number: int) -> bytes:
        """The evidence of a finding, PNG. Raises `Problem` (404)."""
        try:
            return self._objects.get(evidence_key(scan_id, number))
        except ObjectMissingError as error:
            raise not_found("evidence", f"{scan_id}/{number}") from error

    def _record(self, result: ScanResult, data: bytes) -> None:
        record = insert(ScanRecord).values(
            id=result.scan_id,
            result=result.model_dump(mode="json"),
            sha256=hashlib.sha256(data).digest(),
            model=result.model,
            index_version=result.index_version,
            policy_version=result.policy_version,
        )
        with self._database.once() as session:
            # The answer need not wait for the disk: a crash may lose the records of the last half second, and a
            # scan can be made again.
            session.execute(record.returning(NEED_NOT_WAIT))


def evidence_key(scan_id: str, number: int) -> str:
    """Where the evidence of finding `number` is kept."""
    return f"scans/{scan_id}/{number}.png"


def result_of(scan: Scan, *, decode_ms: float, total_ms: float) -> ScanResult:
    """The answer that a scan is sent as; `total_ms` also counts what lies between the steps."""
    steps = {step: round(scan.milliseconds[step], 2) for step in STEPS}
    return ScanResult(
        scan_id=scan.scan_id,
        decision=scan.decision,
        reasons=scan.reasons,
        findings=scan.findings,
        brands_claimed=list(scan.sought.claimed),
        brands_denied=list(scan.sought.denied),
        known_fakes_of=list(scan.sought.known_fakes_of),
        shown_beside=list(scan.sought.shown_beside),
        infringed_before=list(scan.sought.infringed_before),
        broken_rules=scan.broken_rules,
        model=scan.model,
        index_version=scan.index_version,
        policy_version=scan.policy_version,
        timings_ms=Timings(decode=round(decode_ms, 2), total=round(total_ms, 2), **steps),
    )
