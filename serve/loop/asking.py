"""Which case stands for a listing and a brand, however often the listing is sent.

One listing and one brand have at most one case that is asked about: while it is not answered, it is about the newest
pictures. A case that was found to infringe stays about its own, which a complaint is or will be about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from serve import audit
from serve.database.loop_tables import Case, Complaint, Jury, ListingImage, ListingRecord, Trait
from serve.loop.cases import ListingFinding, allow_time, open_case, show_findings, show_listing, view_case
from serve.loop.endings import end_case
from serve.loop.good_faith.blind_tests import void_blind_test
from serve.loop.push.deliveries import push
from serve.loop.standing import came_to_nothing
from serve.loop.states import AGAINST_THE_SELLER, ASKED, CaseAction, CaseState
from serve.loop.stock.fake_words import said_in, telling_words
from serve.loop.teaching.juries import call_off_juries
from serve.loop.texts.text_holds import text_digest
from serve.pictures.new_files import NewFiles
from serve.pictures.objects import Objects
from serve.text.phrases import says

CLEARED: Final = (CaseState.NOT_INFRINGING, CaseState.UNSURE, CaseState.CLOSED, CaseState.RELEASED)
"""The states of a case in which its rights holder, or trust & safety, saw nothing against the listing."""

MOST_EARLIER: Final = 20
"""Earlier cases of a listing that are looked at for the same pictures."""


def ask(
    session: Session, listing: ListingRecord, *, findings: Sequence[ListingFinding], objects: Objects | NewFiles,
    model: str, actor: str, known_fake: str | None = None,
) -> Case:  # fmt: skip
    """The case that stands for the listing and the brand of `findings` (all of one brand), a new one where none does.

    The caller holds the listing's lock. What was asked about the same pictures stands, but for what came to nothing
    where they turn out to show a `known_fake` (a trait or a complaint), and for what was cleared before the seller
    wrote that it is one. It stands in another order, too, and beside pictures in which nothing is suspected. Other
    pictures under an open case replace those that it asked about, and there is as much time to answer as for a new one;
    other words are shown; after any answer other pictures make a new case. Their evidence is copied; where `objects`
    are `NewFiles`, the copies go if the transaction does not commit.
    """
    standing = _standing(session, listing, brand_id=findings[0].brand_id)
    if standing is None or standing.revision != listing.revision:
        of_these = _of_these_pictures(session, listing, findings=findings, actor=actor)
        if of_these is not None and of_these.revision != listing.revision:
            return of_these
        standing = of_these or standing
    is_news = standing is not None and known_fake is not None and _is_news(session, standing, listing, fake=known_fake)
    if standing is not None and standing.revision == listing.revision and not is_news:
        _show_words(session, standing, listing, actor=actor)
        return standing
    if standing is not None and standing.state in (CaseState.NOT_INFRINGING, CaseState.UNSURE):
        end_case(session, standing, listing, CaseAction.SUPERSEDE)
        session.flush()
        standing = None
    if standing is None or is_news:
        return open_case(
            session, listing, findings=findings, objects=objects, model=model, actor=actor, known_fake=known_fake
        )
    void_blind_test(session, standing)
    call_off_juries(session, standing)
    show_findings(standing, listing, findings=findings, objects=objects, model=model)
    standing.known_fake = known_fake
    allow_time(session, standing)
    session.flush()
    push(session, standing.holder_id, "case.changed", view_case(session, standing.id))
    audit.record(
        session, actor=actor, action="case shows other pictures", subject=standing.id,
        content={"revision": listing.revision},
    )  # fmt: skip
    return standing


def _is_news(session: Session, case: Case, listing: ListingRecord, *, fake: str) -> bool:
    """Whether the case came to nothing, or was cleared before the seller wrote the words of this `fake`, nobody
    complained of it, and it was not asked of the listing for the `fake`.
    """
    cleared = case.state in CLEARED and _is_newly_said(session, case, listing, fake=fake)
    complained = select(Complaint.id).where(Complaint.case_id == case.id)
    if not (came_to_nothing(case) or cleared) or session.scalar(complained) is not None:
        return False
    of_these = select(Case.id).where(
        Case.listing_id == case.listing_id, Case.brand_id == case.brand_id, Case.revision == case.revision
    )
    return fake not in audit.fakes_found(session, session.scalars(of_these).all())


def _is_newly_said(session: Session, case: Case, listing: ListingRecord, *, fake: str) -> bool:
    """Whether the listing says the words of a fake trait, and did not when the case showed it."""
    trait = session.get(Trait, fake)
    words = telling_words(None if trait is None else trait.text)
    return says(said_in(listing.content), words) and not says(said_in(case.listing), words)


def _of_these_pictures(
    session: Session, listing: ListingRecord, *, findings: Sequence[ListingFinding], actor: str
) -> Case | None:
    """The newest case about an earlier revision that asked about all pictures in which something is suspected now.

    It becomes one about the listing as it is where all that it asked about is there still. An upheld complaint stays
    about what was sent when the seller was told, and holds whatever comes; so does, for as long as it goes on, a case
    found to infringe of which a picture is gone.
    """
    query = (
        select(Case, Complaint)
        .outerjoin(Complaint, Complaint.case_id == Case.id)
        .where(Case.listing_id == listing.id, Case.brand_id == findings[0].brand_id)
        .where(Case.revision < listing.revision, Case.state != CaseState.DROPPED)
        .order_by(Case.id.desc())
        .limit(MOST_EARLIER)
        .with_for_update(of=Case)
    )
    earlier = session.execute(query).all()
    now = _pictures(session, listing, revision=listing.revision) if earlier else {}
    for case, complaint in earlier:
        shown = _pictures(session, listing, revision=case.revision)
        asked = {shown[finding["image"]] for finding in case.findings}
        if not {now[one.image] for one in findings} <= asked:
            continue
        is_upheld = complaint is not None and complaint.state in AGAINST_THE_SELLER
        if asked <= set(now.values()) and not is_upheld:
            _rearrange(session, case, listing, shown=shown, now=now, actor=actor)
            return case
        if is_upheld or case.state in (CaseState.INFRINGING, CaseState.COMPLAINED):
            return case
    return None


def _rearrange(
    session: Session, case: Case, listing: ListingRecord, *, shown: Mapping[int, bytes], now: Mapping[int, bytes],
    actor: str,
) -> None:  # fmt: skip
    """Have the case, and its juries, ask the same of the listing's pictures as they are `now`."""
    place = {digest: position for position, digest in now.items()}
    case.findings = [{**one, "image": place[shown[one["image"]]]} for one in case.findings]
    session.execute(
        update(Jury).where(Jury.case_id == case.id, Jury.revision == case.revision).values(revision=listing.revision)
    )
    case.revision = listing.revision
    session.flush()
    audit.record(
        session, actor=actor, action="listing rearranged", subject=case.id, content={"revision": case.revision}
    )


def _pictures(session: Session, listing: ListingRecord, *, revision: int) -> dict[int, bytes]:
    """The SHA-256 of a revision's pictures, by their position."""
    query = select(ListingImage.position, ListingImage.sha256).where(
        ListingImage.listing_id == listing.id, ListingImage.revision == revision
    )
    return dict(session.execute(query).all())


def _show_words(session: Session, case: Case, listing: ListingRecord, *, actor: str) -> None:
    """Have an open case show what the seller says now, and its rights holder told where that is something else."""
    if case.state != CaseState.OPEN or text_digest(case.listing) == text_digest(listing.content):
        return
    show_listing(case, listing)
    session.flush()
    push(session, case.holder_id, "case.changed", view_case(session, case.id))
    audit.record(session, actor=actor, action="listing reworded", subject=case.id, content={"revision": case.revision})


def _standing(session: Session, listing: ListingRecord, *, brand_id: str) -> Case | None:
    """The case about the listing's pictures as they are now, or else the one in `ASKED`, if there is either.

    It need not be the newest: an older one is asked again when its answer `infringing` is taken back. What nobody
    answered comes last, and what was dropped stands for nothing.
    """
    of_these = Case.revision == listing.revision
    answerable = Case.state != CaseState.EXPIRED
    query = (
        select(Case)
        .where(Case.listing_id == listing.id, Case.brand_id == brand_id, of_these | Case.state.in_(ASKED))
        .where(Case.state != CaseState.DROPPED)
        .order_by(answerable.desc(), of_these.desc(), Case.id.desc())
        .limit(1)
    )
    return session.scalars(query.with_for_update()).first()
