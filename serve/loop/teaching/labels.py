"""Labels: what ended complaints and cases, blind tests, juries and fake traits teach, and how far to believe it.

A label is written when its decision is made, and counts from when the seller's time to answer is over. A later decision
withdraws the labels of the one before and writes its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import BlindTest, Case, Complaint, CounterNotice, Label, ListingImage, Trait
from serve.database.tables import Reference
from serve.identifiers import new_id
from serve.loop.good_faith.reputation import lock_holder, reliability_of
from serve.loop.states import AGAINST_THE_SELLER
from serve.loop.teaching.belief import EXAMINER, EXAMINER_OF_BOTH, KNOWN, Witness, believe
from serve.loop.teaching.label_share import most_each
from serve.protocol.answers import Answer
from serve.protocol.problems import not_found
from serve.scanning.results import Finding, Kind

Origin = Literal["complaint", "counter_notice", "doubt", "judgement", "blind_test", "jury", "trait"]

BATCH: Final = 500
PICTURE: Final = (
    func.coalesce(ListingImage.sha256, Trait.sha256),
    func.coalesce(ListingImage.object_key, Trait.object_key),
)


class LabelView(Answer):
    """A label as it is sent: what is in one region of one picture, and how sure that is."""

    id: str
    image: Annotated[str, Field(description="SHA-256 of the picture's file")]
    picture: Annotated[str, Field(description="Path of the picture")]
    box: Annotated[tuple[float, float, float, float], Field(description="x, y, width, height in pixels, upright image")]
    brand_id: str
    reference_id: Annotated[str, Field(description="The genuine reference that the region was compared with")]
    kind: Annotated[Kind, Field(description="What the model took the region for")]
    target: Annotated[float, Field(ge=0, le=1, description="Probability that it infringes")]
    weight: Annotated[float, Field(ge=0, le=1, description="0: nothing is known, 1: all is")]
    origin: Origin
    model: Annotated[str, Field(description="The model that proposed the region")]
    rights_holder_id: str
    decided: datetime


def teach_complaint(session: Session, case: Case, complaint: Complaint, *, counter_notice: bool) -> None:
    """Write the labels of a decided complaint in place of earlier ones; they count once nobody can answer it any more.

    `counter_notice`: the seller's answer was decided on.
    """
    heard_both = session.get(CounterNotice, complaint.id) is not None
    examiner = EXAMINER_OF_BOTH if heard_both else EXAMINER
    witnesses = [Witness(infringes=complaint.state in AGAINST_THE_SELLER, reliability=examiner)]
    if case.verdict in ("infringing", "not_infringing"):
        own = reliability_of(session, case.holder_id)
        witnesses.append(Witness(infringes=case.verdict == "infringing", reliability=own))
    origin: Origin = "counter_notice" if counter_notice else "complaint"
    if complaint.party == "platform":
        origin = "doubt"
    _teach(
        session, case, subject=complaint.id, witnesses=witnesses, origin=origin, available=complaint.window_ends
    )  # fmt: skip


def teach_judgement(session: Session, case: Case) -> None:
    """Write the labels of a case that ended as the rights holder's own judgement has it: not infringing."""
    lock_holder(session, case.holder_id)
    witnesses = [Witness(infringes=False, reliability=reliability_of(session, case.holder_id))]
    _teach(session, case, subject=case.id, witnesses=witnesses, origin="judgement", available=None)


def teach_blind_test(session: Session, case: Case, test_id: str, *, infringes: bool, model: str) -> None:
    """Write the labels of a blind test whose truth is known; `model` found what it asks about."""
    witnesses = [Witness(infringes=infringes, reliability=KNOWN)]
    _teach(session, case, subject=test_id, witnesses=witnesses, origin="blind_test", available=None, model=model)


def teach_jury(session: Session, case: Case, jury_id: str, *, misleads: float) -> None:
    """Write the labels of a jury's result; `misleads` is the probability that it found."""
    witnesses = [Witness(infringes=misleads > 0.5, reliability=max(misleads, 1.0 - misleads))]
    _teach(session, case, subject=jury_id, witnesses=witnesses, origin="jury", available=None)


def teach_trait(
    session: Session, trait: Trait, *, holder_id: str, findings: Sequence[Finding], model: str
) -> None:  # fmt: skip
    """Write the labels of a picture that the rights holder says shows a fake; `model` found `findings` in it.

    Without findings the whole picture is the region, an imitation of the brand's newest mark; a brand that has none
    teaches nothing by it.
    """
    lock_holder(session, holder_id)
    believed = believe([Witness(infringes=True, reliability=reliability_of(session, holder_id))])
    regions = [(one.reference_id, one.kind, list(one.box)) for one in findings]
    if not regions:
        mark = _newest_mark(session, trait.brand_id)
        whole = [0.0, 0.0, float(trait.width or 0), float(trait.height or 0)]
        regions = [] if mark is None else [(mark, "imitation", whole)]
    now = datetime.now(UTC)
    for reference_id, kind, box in regions:
        session.add(
            Label(
                id=new_id("label"), subject=trait.id, holder_id=holder_id, trait_id=trait.id, brand_id=trait.brand_id,
                reference_id=reference_id, kind=kind, box=box, target=believed.target, weight=believed.weight,
                origin="trait", model=model, decided=now, available=now,
            )
        )  # fmt: skip
    session.flush()


def withdraw(session: Session, subject: str) -> None:
    """Have the labels of `subject` count no more."""
    now = datetime.now(UTC)
    session.execute(update(Label).where(Label.subject == subject, Label.withdrawn.is_(None)).values(withdrawn=now))


def hold_back(session: Session, complaint_id: str) -> None:
    """Have the complaint's labels not count until it is decided anew: the seller has answered."""
    session.execute(
        update(Label).where(Label.subject == complaint_id, Label.withdrawn.is_(None)).values(available=None)
    )


def counting_labels(database: Database, *, share: float) -> Iterator[tuple[LabelView, str]]:
    """The labels that count now, and where each one's picture lies: the surest first, and of each rights holder at most
    `share` of all that weigh anything. Those of weight 0 teach nothing, and let nobody give more.

    They are read as they are asked for, some at a time, all from one state of the database.
    """
    with database.read() as session:
        counted = (
            select(Label.holder_id, func.count()).where(*_counts_now(), Label.weight > 0).group_by(Label.holder_id)
        )
        most = most_each(dict(session.execute(counted).all()), share=share)
        order = (Label.weight.desc(), Label.id)
        place = func.row_number().over(partition_by=Label.holder_id, order_by=order).label("place")
        ranked = select(Label.id, place).where(*_counts_now()).subquery()
        query = (
            select(Label, *PICTURE)
            .join(ranked, ranked.c.id == Label.id)
            .outerjoin(ListingImage, ListingImage.id == Label.image_id)
            .outerjoin(Trait, Trait.id == Label.trait_id)
            .where((ranked.c.place <= most) | (Label.weight == 0))
            .order_by(*order)
            .execution_options(yield_per=BATCH)
        )
        for label, sha256, object_key in session.execute(query):
            yield _view(label, sha256), object_key


def picture_key(database: Database, label_id: str) -> str:
    """Where the file of a label's picture lies in the object store. Raises `Problem` (404)."""
    query = (
        select(PICTURE[1])
        .select_from(Label)
        .outerjoin(ListingImage, ListingImage.id == Label.image_id)
        .outerjoin(Trait, Trait.id == Label.trait_id)
        .where(Label.id == label_id)
    )
    with database.read() as session:
        key: str | None = session.scalar(query)
    if key is None:
        raise not_found("label", label_id)
    return key


def json_line(label: LabelView) -> str:
    """A label as a line of JSON with sorted keys: the same labels give the same text."""
    return json.dumps(label.model_dump(mode="json"), sort_keys=True, ensure_ascii=False) + "\n"


def _counts_now() -> tuple[ColumnElement[bool], ...]:
    return Label.withdrawn.is_(None), Label.available <= func.now()


def _newest_mark(session: Session, brand_id: str) -> str | None:
    query = select(Reference.id).where(
        Reference.brand_id == brand_id, Reference.status == "active", Reference.kind == "logo"
    )
    return session.scalar(query.order_by(Reference.id.desc()).limit(1))


def _teach(
    session: Session, case: Case, *, subject: str, witnesses: Sequence[Witness], origin: Origin,
    available: datetime | None, model: str | None = None,
) -> None:  # fmt: skip
    now = datetime.now(UTC)
    withdraw(session, subject)
    listing_id, revision = _first_asked(session, case, revision=case.revision)
    pictures = select(ListingImage.position, ListingImage.id).where(
        ListingImage.listing_id == listing_id, ListingImage.revision == revision
    )
    images = {row.position: row.id for row in session.execute(pictures)}
    belief = believe(witnesses)
    for finding in case.findings:
        session.add(
            Label(
                id=new_id("label"), subject=subject, holder_id=case.holder_id, image_id=images[finding["image"]],
                brand_id=case.brand_id, reference_id=finding["reference_id"], kind=finding["kind"], box=finding["box"],
                target=belief.target, weight=belief.weight, origin=origin, model=model or case.model, decided=now,
                available=available or now,
            )
        )  # fmt: skip
    session.flush()


def _first_asked(session: Session, case: Case, *, revision: int) -> tuple[str, int]:
    """The listing, and its revision, whose pictures were asked about first in what `case` showed at `revision`.

    A repeat's own pictures are near copies: of one picture, no label may teach while another examines.
    """
    repeats = select(BlindTest.source_id, BlindTest.source_revision).where(
        BlindTest.case_id == case.id, BlindTest.source_id.is_not(None)
    )
    source = session.execute(repeats).one_or_none()
    if source is None:
        return case.listing_id, revision
    return _first_asked(session, session.get_one(Case, source.source_id), revision=source.source_revision)


def _view(label: Label, sha256: bytes) -> LabelView:
    x, y, width, height = label.box
    return LabelView(
        id=label.id,
        image=sha256.hex(),
        picture=f"/v1/labels/{label.id}/picture.png",
        box=(x, y, width, height),
        brand_id=label.brand_id,
        reference_id=label.reference_id,
        kind=label.kind,  # type: ignore[arg-type] # a finding's
        target=label.target,
        weight=label.weight,
        origin=label.origin,  # type: ignore[arg-type] # checked by the table
        model=label.model,
        rights_holder_id=label.holder_id,
        decided=label.decided,
    )
