"""Labels: what ended complaints, counter-notices, blind tests and juries teach, and how far each can be believed.

A label is written when its decision is made, and counts from when the seller's time to answer is over. A later decision
withdraws the labels of the one before and writes its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from serve.database.engine import Database
from serve.database.loop_tables import Case, Label, ListingImage
from serve.identifiers import new_id
from serve.loop.belief import EXAMINER, EXAMINER_OF_BOTH, KNOWN, Witness, believe
from serve.loop.label_share import capped
from serve.loop.reputation import reliability_of
from serve.loop.states import AGAINST_THE_SELLER, ComplaintState
from serve.problems import not_found
from serve.results import Answer, Kind

Origin = Literal["complaint", "counter_notice", "blind_test", "jury"]

HEARD_BOTH: Final = (ComplaintState.CONFIRMED, ComplaintState.OVERTURNED)


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


def teach_complaint(
    session: Session, case: Case, complaint_id: str, *, state: ComplaintState, counter_notice: bool,
    available: datetime | None,
) -> None:  # fmt: skip
    """Write the labels of a decided complaint in place of earlier ones.

    `counter_notice`: the seller's answer was decided on. `available`: from when on they count; None is at once.
    """
    infringes = state in AGAINST_THE_SELLER
    examiner = EXAMINER_OF_BOTH if state in HEARD_BOTH else EXAMINER
    witnesses = [
        Witness(infringes=True, reliability=reliability_of(session, case.holder_id)),
        Witness(infringes=infringes, reliability=examiner),
    ]
    origin: Origin = "counter_notice" if counter_notice else "complaint"
    _teach(session, case, subject=complaint_id, witnesses=witnesses, origin=origin, available=available)


def teach_blind_test(session: Session, case: Case, test_id: str, *, infringes: bool) -> None:
    """Write the labels of a blind test whose truth is known."""
    witnesses = [Witness(infringes=infringes, reliability=KNOWN)]
    _teach(session, case, subject=test_id, witnesses=witnesses, origin="blind_test", available=None)


def teach_jury(session: Session, case: Case, jury_id: str, *, misleads: float) -> None:
    """Write the labels of a jury's result; `misleads` is the probability that it found."""
    witnesses = [Witness(infringes=misleads > 0.5, reliability=max(misleads, 1.0 - misleads))]
    _teach(session, case, subject=jury_id, witnesses=witnesses, origin="jury", available=None)


def hold_back(session: Session, complaint_id: str) -> None:
    """Have the complaint's labels not count until it is decided anew: the seller has answered."""
    session.execute(
        update(Label).where(Label.subject == complaint_id, Label.withdrawn.is_(None)).values(available=None)
    )


def list_labels(database: Database, *, share: float) -> list[LabelView]:
    """The labels that count now: the surest first, and of each rights holder at most `share` of all."""
    with database.read() as session:
        labels = _counting(session)
        kept = set(capped([(label.id, label.holder_id) for label, _ in labels], share=share))
        return [_view(label, image) for label, image in labels if label.id in kept]


def picture_key(database: Database, label_id: str) -> str:
    """Where the file of a label's picture lies in the object store. Raises `Problem` (404)."""
    query = select(ListingImage.object_key).join(Label, Label.image_id == ListingImage.id).where(Label.id == label_id)
    with database.read() as session:
        key = session.scalar(query)
    if key is None:
        raise not_found("label", label_id)
    return key


def json_lines(labels: Sequence[LabelView]) -> str:
    """The labels, one JSON object a line, with sorted keys: the same labels give the same text."""
    lines = (json.dumps(label.model_dump(mode="json"), sort_keys=True, ensure_ascii=False) for label in labels)
    return "".join(f"{line}\n" for line in lines)


def _counting(session: Session) -> list[tuple[Label, ListingImage]]:
    query = (
        select(Label, ListingImage)
        .join(ListingImage, ListingImage.id == Label.image_id)
        .where(Label.withdrawn.is_(None), Label.available <= datetime.now(UTC))
        .order_by(Label.weight.desc(), Label.id)
    )
    return [(label, image) for label, image in session.execute(query)]


def _teach(
    session: Session, case: Case, *, subject: str, witnesses: Sequence[Witness], origin: Origin,
    available: datetime | None,
) -> None:  # fmt: skip
    now = datetime.now(UTC)
    session.execute(update(Label).where(Label.subject == subject, Label.withdrawn.is_(None)).values(withdrawn=now))
    pictures = select(ListingImage.position, ListingImage.id).where(
        ListingImage.listing_id == case.listing_id, ListingImage.revision == case.revision
    )
    images = {row.position: row.id for row in session.execute(pictures)}
    belief = believe(witnesses)
    for finding in case.findings:
        session.add(
            Label(
                id=new_id("label"), subject=subject, holder_id=case.holder_id, image_id=images[finding["image"]],
                brand_id=case.brand_id, reference_id=finding["reference_id"], kind=finding["kind"], box=finding["box"],
                target=belief.target, weight=belief.weight, origin=origin, model=case.model, decided=now,
                available=available or now,
            )
        )  # fmt: skip
    session.flush()


def _view(label: Label, image: ListingImage) -> LabelView:
    x, y, width, height = label.box
    return LabelView(
        id=label.id,
        image=image.sha256.hex(),
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
