"""Rights documents: what a rights holder proves before it may act for a brand.

An owner proves its trademark; an agency a letter of authority as well. Trust & safety look at each document; one that
is accepted counts until it expires; one that was forged suspends the rights holder, counts against its credit, and
opens a dispute.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve import audit
from serve.access.keys import Caller
from serve.access.roles import Role
from serve.database.engine import Database
from serve.database.loop_tables import RightsDocument
from serve.database.tables import Brand, RightsHolder
from serve.identifiers import new_id
from serve.loop.attachments import SentFile
from serve.loop.good_faith.credit import Evidence
from serve.loop.good_faith.disputes import dispute_forgery
from serve.loop.good_faith.reputation import note_evidence, suspend
from serve.loop.working_days import Country
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects
from serve.protocol.answers import Answer
from serve.protocol.problems import Problem, not_found, unprocessable
from serve.text.wording import Name, Reason

DocumentKind = Literal["trademark", "letter_of_authority"]
DocumentState = Literal["pending", "accepted", "refused", "forged"]

NEEDED: Final[dict[str, frozenset[DocumentKind]]] = {
    "owner": frozenset({"trademark"}),
    "agency": frozenset({"trademark", "letter_of_authority"}),
}


def _written_as_a_day(value: object) -> object:
    """Pydantic takes a number for seconds since 1970."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) is None:
        raise ValueError("must be a day such as 2099-12-31")
    return value


Day = Annotated[date, BeforeValidator(_written_as_a_day)]


class NewRightsDocument(BaseModel):
    """What a document says; the document itself comes as a file."""

    model_config = ConfigDict(extra="forbid")

    kind: DocumentKind
    number: Annotated[Name, Field(description="Of the registration, or of the letter")]
    classes: Annotated[Name | None, Field(description="Of the Nice classification, such as 18, 25")] = None
    territory: Annotated[Country, Field(description="ISO 3166")] = "CN"
    expires: Annotated[Day, Field(description="The last day on which it counts")]


class DocumentReview(BaseModel):
    """What trust & safety found."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["accepted", "refused", "forged"]
    reason: Reason


class RightsDocumentView(Answer):
    """A document as it is sent."""

    id: str
    brand_id: str
    rights_holder_id: str
    kind: DocumentKind
    number: str
    classes: str | None
    territory: str
    expires: date
    state: DocumentState
    reason: str | None
    sha256: str
    created: datetime


def lodge(
    database: Database, objects: Objects, brand_id: str, new: NewRightsDocument, file: SentFile, *, caller: Caller
) -> RightsDocumentView:
    """Keep a document for trust & safety to look at.

    Raises `Problem`: 404, 400 for an empty file, 422 for a document that counts no more.
    """
    if not file.data:
        raise Problem(400, "empty", "The document has no content; send the file again.")
    with database.read() as session:
        made = audit.made_before(session, "rights document lodged")
        if made is not None:
            return _view(_find(session, brand_id, made))
    with database.read() as session:
        brand = session.get(Brand, brand_id)
        if brand is None:
            raise not_found("brand", brand_id)
        today = _today(session.get_one(RightsHolder, brand.holder_id))
    if new.expires < today:
        raise unprocessable("expired", f"The document counts until {new.expires}, which is over; lodge one in force.")
    document_id = new_id("document")
    key = f"documents/{document_id}"
    with NewFiles(objects) as kept, database.write() as session:
        kept.put(key, file.data)
        brand = session.get(Brand, brand_id)
        if brand is None:
            raise not_found("brand", brand_id)
        document = RightsDocument(
            id=document_id, brand_id=brand_id, holder_id=brand.holder_id, state="pending", object_key=key,
            sha256=hashlib.sha256(file.data).digest(), **new.model_dump(),
        )  # fmt: skip
        session.add(document)
        session.flush()
        session.refresh(document)
        audit.record(
            session, actor=caller.key_id, action="rights document lodged", subject=document_id,
            content={"brand": brand_id, "kind": new.kind, "number": new.number, "sha256": document.sha256.hex()},
        )  # fmt: skip
        return _view(document)


def list_documents(database: Database, brand_id: str) -> list[RightsDocumentView]:
    """A brand's documents, oldest first. Raises `Problem` (404)."""
    query = select(RightsDocument).where(RightsDocument.brand_id == brand_id).order_by(RightsDocument.id)
    with database.read() as session:
        if session.get(Brand, brand_id) is None:
            raise not_found("brand", brand_id)
        return [_view(row) for row in session.scalars(query)]


def review(
    database: Database, brand_id: str, document_id: str, found: DocumentReview, *, caller: Caller
) -> RightsDocumentView:
    """Accept or refuse a document, or find it forged. Raises `Problem` (404)."""
    with database.write() as session:
        document = _find(session, brand_id, document_id, for_update=True)
        if audit.carried_out(session, document_id):
            return _view(document)
        before = document.state
        document.state, document.reason = found.state, found.reason
        session.flush()
        if found.state == "forged":
            note_evidence(session, document.holder_id, Evidence.FORGED, subject=document_id)
            suspend(session, document.holder_id, reason=found.reason, actor=caller.key_id)
            dispute_forgery(session, document)
        elif before == "forged":
            note_evidence(session, document.holder_id, None, subject=document_id)
        audit.record(
            session, actor=caller.key_id, action=f"rights document {found.state}", subject=document_id,
            content={"rights_holder": document.holder_id, "reason": found.reason},
        )  # fmt: skip
        return _view(document)


def read_file(database: Database, objects: Objects, brand_id: str, document_id: str) -> bytes:
    """The document's file. Raises `Problem` (404)."""
    with database.read() as session:
        key = _find(session, brand_id, document_id).object_key
    try:
        return objects.get(key)
    except ObjectMissingError as error:
        raise not_found("file of the document", document_id) from error


def require_rights(session: Session, brand_id: str, *, caller: Caller, of_owners: bool) -> None:
    """Let a brand's key act only when its rights holder has proved what it must.

    An agency always must, an owner where the marketplace asks for it (`of_owners`). Raises `Problem` (403).
    """
    if caller.role is not Role.BRAND:
        return
    missing = _unproven(session, session.get_one(Brand, brand_id), of_owners=of_owners)
    if missing:
        holder = session.get_one(RightsHolder, session.get_one(Brand, brand_id).holder_id)
        raise Problem(
            403, "rights-unproven",
            f"{holder.name} has no accepted document in force of kind {', '.join(sorted(missing))} for this brand; "
            f"lodge it at /v1/brands/{brand_id}/rights-documents, and have trust & safety look at it.",
        )  # fmt: skip


def unproven_brands(
    database: Database, brand_ids: Collection[str], *, caller: Caller, of_owners: bool
) -> dict[str, frozenset[DocumentKind]]:
    """Those of the brands that `caller` may not act for yet, each with what `require_rights` asks for and misses."""
    if caller.role is not Role.BRAND:
        return {}
    with database.read() as session:
        brands = session.scalars(select(Brand).where(Brand.id.in_(brand_ids)))
        found = {brand.id: _unproven(session, brand, of_owners=of_owners) for brand in brands}
    return {brand_id: missing for brand_id, missing in found.items() if missing}


def _unproven(session: Session, brand: Brand, *, of_owners: bool) -> frozenset[DocumentKind]:
    """The kinds of documents that the brand's rights holder has yet to prove its right with."""
    holder = session.get_one(RightsHolder, brand.holder_id)
    if holder.kind == "owner" and not of_owners:
        return frozenset()
    proved = select(RightsDocument.kind).where(
        RightsDocument.brand_id == brand.id, RightsDocument.holder_id == holder.id,
        RightsDocument.state == "accepted", RightsDocument.expires >= _today(holder),
    )  # fmt: skip
    return NEEDED[holder.kind] - frozenset(session.scalars(proved))


def _today(holder: RightsHolder) -> date:
    """The day where the rights holder is."""
    return datetime.now(ZoneInfo(holder.time_zone)).date()


def _find(session: Session, brand_id: str, document_id: str, *, for_update: bool = False) -> RightsDocument:
    found = session.get(RightsDocument, document_id, with_for_update=for_update)
    if found is None or found.brand_id != brand_id:
        raise not_found("document", document_id)
    return found


def _view(row: RightsDocument) -> RightsDocumentView:
    return RightsDocumentView(
        id=row.id, brand_id=row.brand_id, rights_holder_id=row.holder_id,
        kind=row.kind,  # type: ignore[arg-type] # checked by the table
        number=row.number, classes=row.classes, territory=row.territory, expires=row.expires,
        state=row.state,  # type: ignore[arg-type] # checked by the table
        reason=row.reason, sha256=row.sha256.hex(), created=row.created,
    )  # fmt: skip
