"""Fake traits: how a brand's fakes are known, in words, in a picture, or both. A picture of a fake is a label too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from model.bundle import ModelBundle
from model.encoding import png
from model.known_fakes import parts_of_photo
from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Trait
from serve.database.tables import Brand
from serve.jobs import defer
from serve.loop.follow_ups import SEARCH, look_again
from serve.loop.good_faith.reputation import lock_holder
from serve.loop.good_faith.rights_documents import require_rights
from serve.loop.stock.fake_photos import forget_photo, keep_photo
from serve.loop.stock.fake_words import NotSought, why_not_sought
from serve.loop.teaching.labels import teach_trait, withdraw
from serve.loop.turns import id_in_turn
from serve.pictures.decoding import DecoderPool
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import ObjectMissingError, Objects, decode_stored
from serve.protocol.answers import Answer
from serve.protocol.problems import not_found, unprocessable
from serve.scanning.results import Finding
from serve.scanning.scans import ScanDesk
from serve.text.listing import Listing
from serve.text.wording import Note


class NewTrait(BaseModel):
    """What comes with, or in the place of, a picture of the fake."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Note | None, Field(description="How the fake is known")] = None
    note: Annotated[Note | None, Field(description="For the brand's own use")] = None


class TraitView(Answer):
    """A fake trait as it is sent."""

    id: str
    brand_id: str
    text: str | None
    note: str | None
    text_sought: Annotated[bool, Field(description="Whether listings are looked through for the text")]
    text_not_sought: Annotated[
        NotSought | None,
        Field(description="Why not: an everyday word alone, or too short; null too where there is no text"),
    ]
    picture: Annotated[str | None, Field(description="Path of the picture")]
    created: datetime


class TraitLibrary:
    """The fake traits of all brands; safe to use from several threads."""

    def __init__(
        self, database: Database, objects: Objects, *, scans: ScanDesk, decoder: DecoderPool,
        bundle: Callable[[], ModelBundle], prove_ownership: bool,
    ) -> None:  # fmt: skip
        self._database = database
        self._prove_ownership = prove_ownership
        self._objects = objects
        self._scans = scans
        self._decoder = decoder
        self._bundle = bundle

    def add(self, brand_id: str, new: NewTrait, picture: bytes | None, *, caller: Caller) -> TraitView:
        """Keep a trait. Its picture is scanned as a listing's that names the brand, and each region that is found to be
        the brand's becomes a label; where none is, the whole picture does. The stock is searched for it at once.

        Raises `ImageRejected`, and `Problem`: 404, 403 without proof of rights, 422 (`trait-empty`) for neither words
        nor a picture.
        """
        if not new.text and picture is None:
            raise unprocessable("trait-empty", "Say how the fake is known (`text`), or send its picture (`image`).")
        name = self._name_of(brand_id, caller=caller)
        digest = None if picture is None else hashlib.sha256(picture).digest()
        with self._database.read() as session:
            made = audit.made_before(session, "trait added")
            if made is not None and session.get_one(Trait, made).sha256 == digest:  # an answer may make several
                return _view(_find(session, brand_id, made))
        trait = Trait(brand_id=brand_id, text=new.text, note=new.note, sha256=digest)
        findings: list[Finding] = []
        model = ""
        if picture is not None:
            image = self._decoder.decode(picture)
            examined = self._scans.examine(picture, moment=self._scans.now(Listing(brand_claimed=name)))
            findings = [one for one in examined.result.findings if one.brand_id == brand_id]
            model, bundle = examined.result.model, self._bundle()
            vectors = bundle.embedder.embed(parts_of_photo(image))
            trait.height, trait.width = image.shape[:2]
        with NewFiles(self._objects) as kept, self._database.write() as session:
            brand = session.get(Brand, brand_id)
            if brand is None:
                raise not_found("brand", brand_id)
            trait.id = id_in_turn(session, "trait", Trait.id)  # a scan that began with the newest one knew all
            if picture is not None:
                trait.object_key = f"traits/{trait.id}"
                kept.put(trait.object_key, picture)
            session.add(trait)
            session.flush()
            session.refresh(trait)
            if picture is not None:
                teach_trait(session, trait, holder_id=brand.holder_id, findings=findings, model=model)
                keep_photo(
                    session, brand_id=brand_id, object_key=trait.object_key or "", vectors=vectors, model=bundle.name
                )  # fmt: skip
            audit.record(
                session, actor=caller.key_id, action="trait added", subject=trait.id,
                content={"brand": brand_id, "text": new.text, "labels": len(findings)},
            )  # fmt: skip
            defer(session, SEARCH, trait_id=trait.id)
            return _view(trait)

    def _name_of(self, brand_id: str, *, caller: Caller) -> str:
        """The brand's name. Raises `Problem`: 404, 403 where `caller` has not proved that it may act for the brand."""
        with self._database.read() as session:
            brand = session.get(Brand, brand_id)
            if brand is None:
                raise not_found("brand", brand_id)
            require_rights(session, brand_id, caller=caller, of_owners=self._prove_ownership)
            return brand.name

    def list(self, brand_id: str) -> list[TraitView]:
        """The brand's traits, oldest first. Raises `Problem` (404)."""
        query = select(Trait).where(Trait.brand_id == brand_id, Trait.removed.is_(None)).order_by(Trait.id)
        with self._database.read() as session:
            if session.get(Brand, brand_id) is None:
                raise not_found("brand", brand_id)
            return [_view(row) for row in session.scalars(query)]

    def picture(self, brand_id: str, trait_id: str) -> bytes:
        """The trait's picture as PNG, decoded anew. Raises `Problem` (404)."""
        with self._database.read() as session:
            key = _find(session, brand_id, trait_id).object_key
        if key is None:
            raise not_found("picture of the trait", trait_id)
        try:
            return png(decode_stored(self._objects.get(key)))
        except ObjectMissingError as error:
            raise not_found("picture of the trait", trait_id) from error

    def remove(self, brand_id: str, trait_id: str, *, caller: Caller) -> None:
        """Take a trait back: its labels count no more, and what only it held up is asked about no more.

        Raises `Problem`: 404, 403 without proof of rights.
        """
        with self._database.write() as session:
            trait = _find(session, brand_id, trait_id, for_update=True)
            require_rights(session, brand_id, caller=caller, of_owners=self._prove_ownership)
            trait.removed = datetime.now(UTC)
            lock_holder(session, session.get_one(Brand, brand_id).holder_id)
            withdraw(session, trait.id)
            forget_photo(session, trait.object_key or "")
            look_again(session, session.get_one(Brand, brand_id).holder_id)
            audit.record(
                session, actor=caller.key_id, action="trait removed", subject=trait.id, content={"brand": brand_id}
            )


def _find(session: Session, brand_id: str, trait_id: str, *, for_update: bool = False) -> Trait:
    found = session.get(Trait, trait_id, with_for_update=for_update)
    if found is None or found.brand_id != brand_id or found.removed is not None:
        raise not_found("trait", trait_id)
    return found


def _view(row: Trait) -> TraitView:
    picture = None if row.object_key is None else f"/v1/brands/{row.brand_id}/traits/{row.id}/picture"
    not_sought = why_not_sought(row.text)
    return TraitView(
        id=row.id, brand_id=row.brand_id, text=row.text, note=row.note,
        text_sought=bool(row.text) and not_sought is None, text_not_sought=not_sought, picture=picture,
        created=row.created,
    )  # fmt: skip
