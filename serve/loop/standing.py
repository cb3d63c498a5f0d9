"""What a listing's decision is once rights holders and trust & safety had their say.

The scan decides first; then the cases speak that are about the listing's pictures, or have not ended, or whose
complaint was upheld, and the strongest voice wins. A block by the scan holds until every brand that is asked has
cleared the listing, which a suspended rights holder cannot. What its text says of brands speaks beside the cases
(`text_holds.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from serve import audit
from serve.database.loop_tables import Case, Complaint, ListingRecord, TextHold, Trait
from serve.loop.follow_ups import counts_no_more
from serve.loop.push.marketplace import tell_later
from serve.loop.states import AGAINST_THE_SELLER, FOR_THE_SELLER, UNDER_WAY, CaseState
from serve.loop.stock.fake_words import said_in, telling_words
from serve.loop.stock.meanwhile import scan_again_if_more_came
from serve.scanning.policy import AUTHORISED, strongest, text_reason
from serve.scanning.results import Decision
from serve.text.listing import BrokenRule
from serve.text.phrases import says

FILED: Final[dict[str, Decision]] = {"trusted": "block", "standard": "review", "suspended": "review"}
"""What a complaint does before it is decided: a trusted rights holder's acts at once, others leave the listing held up,
as their cases do: a suspended one's must not free what it was asked about.
"""

BEFORE: Final = "decisions before"
"""Where a session keeps what held for the listings that it settles, before it did."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What one case says of its listing."""

    decision: Decision
    reason: str


def voice(case: Case, complaint: Complaint | None, *, shows_fake: bool = False) -> Voice:
    """What `case`, with its complaint if there is one, says of the listing's pictures; `shows_fake` is whether the
    known fake by which it was found is to be seen in the listing as it is.
    """
    return _voice_of_case(case, shows_fake=shows_fake) if complaint is None else _voice_of_complaint(complaint)


def _voice_of_complaint(complaint: Complaint) -> Voice:
    if complaint.state in AGAINST_THE_SELLER:
        return Voice("block", f"a complaint was upheld ({complaint.id})")
    if complaint.state in FOR_THE_SELLER:
        return Voice("allow", f"a complaint was {complaint.state} ({complaint.id})")
    if complaint.party == "platform":
        return Voice("review", f"trust & safety doubt the rights holder's judgement ({complaint.id})")
    return Voice(FILED[complaint.tier], f"a complaint was filed ({complaint.id})")


def _voice_of_case(case: Case, *, shows_fake: bool) -> Voice:
    fallback: Decision = "review" if case.fallback == "review" else "allow"
    match CaseState(case.state):
        case CaseState.NOT_INFRINGING | CaseState.CLOSED if acquits(case):
            return Voice("allow", f"the rights holder judged it not infringing ({case.id})")
        case CaseState.NOT_INFRINGING:
            return Voice("review", f"a suspended rights holder judged it not infringing ({case.id})")
        case CaseState.CLOSED:
            return Voice(fallback, f"only a suspended rights holder answered by {case.due_day} ({case.id})")
        case CaseState.EXPIRED:
            said = {"infringing": "filed no complaint", "unsure": "was unsure, and said no more"}
            what = said.get(case.verdict or "", "did not answer")
            return Voice(fallback, f"the rights holder {what} by {case.due_day} ({case.id})")
        case CaseState.RELEASED:
            return Voice("allow", f"trust & safety released it ({case.id})")
        case _:
            known = f"it shows a known fake ({case.known_fake}): " if shows_fake else ""
            return Voice("review", f"{known}the rights holder is asked ({case.id})")


def acquits(case: Case) -> bool:
    """Whether the rights holder found nothing wrong and its word counts: a suspended one's is as good as silence."""
    return case.verdict == "not_infringing" and case.tier != "suspended"


def cleared(case: Case, complaint: Complaint | None) -> bool:
    """Whether somebody looked and found nothing wrong: the scan's block then holds no more. Silence does not clear."""
    if complaint is not None:
        return complaint.state in FOR_THE_SELLER
    if case.state == CaseState.RELEASED:
        return True
    return case.state in (CaseState.NOT_INFRINGING, CaseState.CLOSED) and acquits(case)


def speaks(case: Case, complaint: Complaint | None, *, revision: int) -> bool:
    """Whether the case says something about the listing at `revision`: it is of these pictures, or has not ended.

    An upheld complaint holds whatever pictures the seller sends after it. A case that was dropped says nothing.
    """
    if case.state == CaseState.DROPPED and complaint is None:
        return False
    if case.revision == revision or case.state in UNDER_WAY:
        return True
    return complaint is not None and complaint.state in AGAINST_THE_SELLER


def settle(session: Session, listing: ListingRecord) -> None:
    """Set the listing's decision and reasons anew; the caller holds the listing's lock."""
    session.flush()
    before, spoken = listing.decision, _spoken(session, listing)
    fakes = _shown_fakes(session, listing, [case for case, _ in spoken])
    voices = [voice(case, complaint, shows_fake=case.known_fake in fakes) for case, complaint in spoken]
    if listing.scanned == "block" and not (spoken and all(cleared(*pair) for pair in spoken)):
        voices.append(Voice("block", "the scan blocks it"))
    voices += _voices_of_permission(listing)
    voices += _voices_of_text(session, listing)
    listing.decision = strongest(one.decision for one in voices)
    listing.reasons = [one.reason for one in voices if one.decision == listing.decision]
    _note_change(session, listing, before=before)


def _shown_fakes(session: Session, listing: ListingRecord, cases: Sequence[Case]) -> set[str | None]:
    """The known fakes of `cases` that count still and are in the pictures or words of the listing as it is."""
    of_these = [case.id for case in cases if case.known_fake is not None and case.revision == listing.revision]
    if not of_these:
        return set()
    counting = session.scalars(select(Case.known_fake).where(Case.id.in_(of_these), ~counts_no_more()))
    return {fake for fake in counting.all() if _is_seen(session.get(Trait, fake), listing)}


def _is_seen(trait: Trait | None, listing: ListingRecord) -> bool:
    """Whether what a listing of these pictures was found by is there still: words can have been taken out."""
    if trait is None or trait.object_key is not None:
        return True
    return says(said_in(listing.content), telling_words(trait.text))


def holding_cases(session: Session, listing: ListingRecord) -> list[str]:
    """The cases that say what holds for the listing, once it is settled; none where it is allowed."""
    if listing.decision == "allow":
        return []
    spoken = _spoken(session, listing)
    return [case.id for case, complaint in spoken if voice(case, complaint).decision == listing.decision]


def _spoken(session: Session, listing: ListingRecord) -> list[tuple[Case, Complaint | None]]:
    """The listing's cases that say something about it as it is, with their complaints."""
    cases = (
        select(Case, Complaint)
        .outerjoin(Complaint, Complaint.case_id == Case.id)
        .where(Case.listing_id == listing.id)
        .order_by(Case.brand_id, Case.id.desc())
    )
    found: list[tuple[Case, Complaint | None]] = [(case, complaint) for case, complaint in session.execute(cases)]
    spoken = [pair for pair in found if speaks(*pair, revision=listing.revision)]
    of_these = [case for case, _ in spoken if case.revision == listing.revision]
    return [(case, complaint) for case, complaint in spoken if complaint or not _was_asked_again(case, of_these)]


def came_to_nothing(case: Case) -> bool:
    """Whether the case came to its end without an answer that stands."""
    return case.state == CaseState.EXPIRED


def ran_out(case: Case) -> bool:
    """Whether the case's time is over and no answer counts: there was none, or no complaint followed, or only a
    suspended rights holder cleared it.
    """
    return came_to_nothing(case) or (case.state == CaseState.CLOSED and case.fallback is not None)


def _was_asked_again(case: Case, others: Sequence[Case]) -> bool:
    """Whether the case came to nothing, or ended and cleared nothing, and one of `others` asked the same later."""
    later = (other for other in others if other.brand_id == case.brand_id and other.id > case.id)
    says_nothing = came_to_nothing(case) or (case.state == CaseState.CLOSED and not acquits(case))
    return says_nothing and any(later)


def _note_change(session: Session, listing: ListingRecord, *, before: str) -> None:
    """Have the audit log, which the marketplace's feed of decisions reads, say once what the transaction changed."""
    known: dict[str, str] = session.info.setdefault(BEFORE, {})
    first = known.setdefault(listing.id, before)
    audit.drop(session, action=audit.DECIDED, subject=listing.id)
    if listing.decision != first:
        tell_later(session)
        if listing.decision == "allow":
            scan_again_if_more_came(session, listing)
        audit.record(
            session, actor=audit.SYSTEM, action=audit.DECIDED, subject=listing.id,
            content={
                "before": first, "decision": listing.decision, "reasons": listing.reasons, "revision": listing.revision,
            },
        )  # fmt: skip


def held_text(listing_id: str) -> Select[TextHold]:
    """What holds a listing up for its text now, if anything does."""
    return select(TextHold).where(TextHold.listing_id == listing_id, TextHold.state == "held")


def _voices_of_permission(listing: ListingRecord) -> list[Voice]:
    """Which brands let the seller use the photos that the listing shows: that frees it of nothing else."""
    brands = dict.fromkeys(one["brand"] for one in listing.findings if one.get("authorised"))
    return [Voice("allow", AUTHORISED.format(brand=brand)) for brand in brands]


def _voices_of_text(session: Session, listing: ListingRecord) -> list[Voice]:
    """What the text of the listing says against it."""
    held = session.scalars(held_text(listing.id)).one_or_none()
    if held is None:
        return []
    decision: Decision = "block" if held.decision == "block" else "review"
    return [Voice(decision, text_reason(BrokenRule.model_validate(one))) for one in held.broken]


def lock_listing(session: Session, listing_id: str) -> ListingRecord:
    """The listing, locked until the transaction ends.

    Whoever changes a listing, its cases or complaints takes this lock first: so two who act at once take turns.
    """
    return session.get_one(ListingRecord, listing_id, with_for_update=True, populate_existing=True)
