"""A scan made again as it was: its picture, under the model, the index and the policy that its answer names.

The index of a version is put together from the log of its changes, the references (removed ones are kept as long as
scans are) and their vectors; the policy is stored by version. A scan keeps no picture: a listing's lies with the
listing, any other must be given again, and the SHA-256 tells whether it is the same file. What cannot be had any more
is said; nothing is replaced by what is there now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from index.interface import Entry
from index.live import LiveIndex
from model.alignment import prepare_reference
from model.bundle import BundleRejected, ModelBundle
from model.logo_places import Detect
from model.regions import RgbImage
from serve.database.engine import Database
from serve.database.loop_tables import ListingImage
from serve.database.tables import IndexChange, Reference, ReferenceKind, ReferenceVector, ScanRecord
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.protocol.problems import Problem, not_found
from serve.scanning.authorised import authorised_in
from serve.scanning.candidates import StoredReference
from serve.scanning.copied_photo import found_places
from serve.scanning.policies import stored_policy
from serve.scanning.ready_reference import ready_reference
from serve.scanning.results import ScanResult
from serve.scanning.scan import Scanner
from serve.scanning.scans import result_of
from serve.scanning.sought import sought_in
from serve.text.brand_words import BrandNames, BrandWords, stored_names

LoadBundle = Callable[[str], ModelBundle]


@dataclass(frozen=True, slots=True)
class Replay:
    """A scan's answer as it was sent, and as it is now made again."""

    recorded: ScanResult
    again: ScanResult

    @property
    def differences(self) -> list[str]:
        """The fields whose values are not the same; how long the steps took is none of them."""
        before, now = (one.model_dump(mode="json", exclude={"timings_ms"}) for one in (self.recorded, self.again))
        return [f"{name}: {before[name]} was answered, {now[name]} now" for name in before if before[name] != now[name]]


def replay(
    database: Database, objects: Objects, scan_id: str, *, load: LoadBundle, picture: bytes | None = None
) -> Replay:
    """Make the scan again.

    `load` gives the model of a name; `picture` is the file that was scanned, where no listing has it. Raises `Problem`:
    404 for a scan that is not known (any more), 409 (`not-replayable`) when something that it took is gone.
    """
    with database.read() as session:
        record = session.get(ScanRecord, scan_id)
        if record is None:
            raise not_found("scan", f"{scan_id} (scans are kept for a time only)")
        image = _picture(session, objects, record, given=picture)
        bundle = _bundle(record.model, load)
        index = LiveIndex()
        index.rebuild(_entries(session, record), version=record.index_version)
        names = names_at(session, record.index_version)
    recorded = ScanResult.model_validate(record.result)
    policy = stored_policy(database, record.policy_version)
    references = PastReferences(database, objects, names=names, detect=bundle.detector.detect)
    scanner = Scanner(bundle, state=index.view(), references=references, words=BrandWords(names))
    scan = scanner.scan(
        image, scan_id=scan_id, policy=policy, sought=sought_in(recorded), broken=lambda _: recorded.broken_rules,
        authorised=authorised_in(recorded.findings),
    )  # fmt: skip
    index.close()
    total = sum(scan.milliseconds.values())
    return Replay(recorded, result_of(scan, decode_ms=0.0, total_ms=total))


class PastReferences:
    """The references as an earlier scan saw them, removed ones too, under the brands' names of then."""

    def __init__(
        self, database: Database, objects: Objects, *, names: Mapping[str, BrandNames], detect: Detect
    ) -> None:
        self._database = database
        self._objects = objects
        self._names = names
        self._detect = detect

    def get(self, reference_id: str) -> StoredReference:
        """The reference. Raises `Problem` (409) when its picture is gone."""
        with self._database.read() as session:
            row = session.get_one(Reference, reference_id)
        try:
            picture = decode_stored(self._objects.get(row.object_key))
        except ObjectMissingError as error:
            raise _gone(f"the picture of the reference {reference_id}") from error
        kind: ReferenceKind = row.kind  # type: ignore[assignment] # checked by the table
        places = row.logo_places
        if places is None:
            places = found_places(picture, kind=kind, detect=self._detect)
        return ready_reference(
            reference_id, brand_id=row.brand_id, brand=self._names[row.brand_id].name, kind=kind, picture=picture,
            places=places, prepare=prepare_reference,
        )  # fmt: skip


def _picture(session: Session, objects: Objects, record: ScanRecord, *, given: bytes | None) -> RgbImage:
    """What was scanned; by its SHA-256 the file is one that was accepted. Raises `Problem` (409) when it is gone."""
    if given is not None:
        if hashlib.sha256(given).digest() != record.sha256:
            raise Problem(409, "not-replayable", f"{record.id} was made of another file: the SHA-256 differs.")
        return decode_stored(given)
    kept = select(ListingImage.object_key).where(ListingImage.sha256 == record.sha256).limit(1)
    key = session.scalar(kept)
    if key is None:
        raise _gone("the picture (a scan keeps none, and no listing has it; give the file)")
    try:
        return decode_stored(objects.get(key))
    except ObjectMissingError as error:
        raise _gone(f"the picture {key}") from error


def _bundle(name: str, load: LoadBundle) -> ModelBundle:
    try:
        return load(name)
    except BundleRejected as error:
        raise _gone(f"the model {name} ({error})") from error


def _entries(session: Session, record: ScanRecord) -> list[Entry]:
    """The index at the scan's version. Raises `Problem` (409) when a reference of then is gone."""
    last = (
        select(IndexChange.reference_id, IndexChange.action)
        .where(IndexChange.version <= record.index_version, IndexChange.reference_id.is_not(None))
        .ext(distinct_on(IndexChange.reference_id))
        .order_by(IndexChange.reference_id, IndexChange.version.desc())
    )
    active = {row.reference_id for row in session.execute(last) if row.action == "add"}
    kept = set(session.scalars(select(Reference.id).where(Reference.id.in_(active))))
    if active - kept:
        raise _gone(f"{len(active - kept)} of the {len(active)} references of then, such as {min(active - kept)}")
    query = (
        select(ReferenceVector, Reference.brand_id)
        .join(Reference, Reference.id == ReferenceVector.reference_id)
        .where(Reference.id.in_(active), ReferenceVector.model == record.model)
        .order_by(ReferenceVector.vector_id)
    )
    return [
        Entry(row.vector_id, row.reference_id, brand_id, row.view, np.frombuffer(row.vector, dtype="<f4"))
        for row, brand_id in session.execute(query)
    ]


def names_at(session: Session, version: int) -> dict[str, BrandNames]:
    """What the brands went by at an index version. Raises `Problem` (409) when a name of then was not kept."""
    names = stored_names(session)
    since = (
        select(IndexChange.action, IndexChange.brand_id, IndexChange.former_name, IndexChange.former_words)
        .where(IndexChange.version > version, IndexChange.action.in_(("create", "rename")))
        .order_by(IndexChange.version.desc())
    )
    for action, brand_id, former_name, former_words in session.execute(since):
        if brand_id is None or (action == "rename" and former_name is None):
            raise _gone(f"the name that the brand {brand_id} had")
        after = names.pop(brand_id)
        if former_name is not None:
            words = after.words if former_words is None else tuple(former_words)
            names[brand_id] = BrandNames(former_name, words)
    return names


def _gone(what: str) -> Problem:
    return Problem(409, "not-replayable", f"The scan cannot be made again: {what} is gone.")
