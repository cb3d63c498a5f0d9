"""Text holds: listings that are held up for what their text says of brands (`serve/text/listing_rules.py`).

That is the marketplace's rule and no question for a rights holder, so no case is opened. The seller corrects the text
and sends the listing again; trust & safety clear a text that breaks nothing after all. What is stored already is found
by the sweep (`text_sweep.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from serve import audit
from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import ListingRecord, TextHold
from serve.loop.standing import held_text, lock_listing, settle
from serve.loop.turns import id_in_turn
from serve.protocol.answers import Answer
from serve.protocol.paging import ResumablePage, cursor_after, cursor_of, last_id
from serve.protocol.problems import Problem, not_found
from serve.scanning.policy import Policy
from serve.text.listing import BrokenRule, Listing
from serve.text.wording import Reason

_SPACES = re.compile(r"[^\S\n]+")

State = Literal["held", "corrected", "cleared", "lifted", "withdrawn"]


class Clearance(BaseModel):
    """Why the text breaks nothing after all."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class TextHoldView(Answer):
    """A text hold as it is sent."""

    id: str
    listing_id: Annotated[str, Field(description="The marketplace's own id")]
    seller: str
    title: Annotated[str | None, Field(description="The listing's, as it was sent last")]
    description: Annotated[str | None, Field(description="The listing's, as it was sent last")]
    broken_rules: Annotated[list[BrokenRule], Field(description="What the listing is held up for")]
    decision: Literal["review", "block"]
    policy_version: int
    state: Annotated[
        State,
        Field(
            description="`held`, or how it ended: the seller `corrected` the text, trust & safety `cleared` it, "
            "another policy or other names of brands `lifted` it, or the listing was `withdrawn`"
        ),
    ]
    reason: Annotated[str | None, Field(description="Why it was cleared")]
    created: datetime
    ended: datetime | None


class TextHoldPage(ResumablePage[TextHoldView]):
    """A page of text holds."""


def follow_text(
    session: Session, listing: ListingRecord, broken: Sequence[BrokenRule], *, policy: Policy, actor: str
) -> bool:
    """Hold the listing up for the rules that its text breaks, or no longer; says whether anything changed.

    The caller holds the listing's lock, and settles it afterwards. What trust & safety cleared stays cleared as long as
    the text is the same and breaks no other rule.
    """
    held = session.scalars(held_text(listing.id)).one_or_none()
    digest = text_digest(listing.content)
    decision, _ = policy.decide_text(broken)
    content = [one.model_dump(mode="json") for one in policy.held_rules(broken)]
    if decision == "allow" or _is_cleared(session, listing, digest, broken=content):
        if held is not None:
            _end(session, held, "corrected" if held.text_sha256 != digest else "lifted", actor=actor)
        return held is not None
    if held is None:
        _hold(session, listing, content, decision=decision, policy=policy, digest=digest, actor=actor)
        return True
    if (held.broken, held.decision, held.text_sha256) == (content, decision, digest):
        return False
    held.broken, held.decision, held.text_sha256, held.policy_version = content, decision, digest, policy.version
    _record(session, held, "changed", actor=actor, content={"rules": _rules(content)})
    return True


def end_with_listing(session: Session, listing: ListingRecord, *, actor: str) -> None:
    """End what holds the listing up for its text, if anything does: it was withdrawn. The caller settles it."""
    held = session.scalars(held_text(listing.id)).one_or_none()
    if held is not None:
        _end(session, held, "withdrawn", actor=actor)


def list_text_holds(
    database: Database, *, seller: str | None, state: State | None, limit: int, cursor: str | None
) -> TextHoldPage:
    """Text holds, oldest first: of one seller or of all, in one state or in any."""
    query = (
        select(TextHold, ListingRecord)
        .options(defer(ListingRecord.findings))
        .join(ListingRecord, ListingRecord.id == TextHold.listing_id)
        .where(TextHold.id > last_id(cursor, "hold"))
        .order_by(TextHold.id)
        .limit(limit + 1)
    )
    if seller is not None:
        query = query.where(ListingRecord.seller == seller)
    if state is not None:
        query = query.where(TextHold.state == state)
    with database.read() as session:
        rows = session.execute(query).all()
    items = [_view(hold, listing) for hold, listing in rows[:limit]]
    return TextHoldPage(
        items=items,
        next_cursor=cursor_after([row[0].id for row in rows], limit=limit),
        resume_cursor=cursor_of(items[-1].id) if items else cursor,
    )


def clear_text(database: Database, hold_id: str, clearance: Clearance, *, caller: Caller) -> TextHoldView:
    """Have trust & safety say that the text breaks nothing. Raises `Problem`: 404, or 409 once the hold has ended."""
    with database.write() as session:
        listing_id = session.scalar(select(TextHold.listing_id).where(TextHold.id == hold_id))
        if listing_id is None:
            raise not_found("text hold", hold_id)
        listing = lock_listing(session, listing_id)
        hold = session.get_one(TextHold, hold_id, populate_existing=True)
        if not audit.carried_out(session, hold_id):
            if hold.state != "held":
                raise Problem(409, "not-allowed-now", f"The text hold is {hold.state}.", extra={"state": hold.state})
            hold.reason = clearance.reason
            _end(session, hold, "cleared", actor=caller.key_id)
            settle(session, listing)
        return _view(hold, listing)


def view_held(session: Session, listing: ListingRecord) -> TextHoldView | None:
    """What holds the listing up for its text now, if anything does."""
    held = session.scalars(held_text(listing.id)).one_or_none()
    return None if held is None else _view(held, listing)


def text_of(content: Mapping[str, Any]) -> Listing:
    """The text of a stored listing."""
    return Listing.model_construct(**{name: content.get(name) for name in ("title", "description", "brand_claimed")})


def text_digest(content: Mapping[str, Any]) -> bytes:
    """SHA-256 of the text of a stored listing; more or fewer spaces between its words make no other text."""
    text = text_of(content)
    spaced = [
        None if said is None else _SPACES.sub(" ", said).strip()
        for said in (text.title, text.description, text.brand_claimed)
    ]
    return hashlib.sha256(json.dumps(spaced).encode()).digest()


def _hold(
    session: Session, listing: ListingRecord, content: list[dict[str, Any]], *, decision: str, policy: Policy,
    digest: bytes, actor: str,
) -> None:  # fmt: skip
    hold = TextHold(
        id=id_in_turn(session, "hold", TextHold.id), listing_id=listing.id,
        text_sha256=digest, broken=content, decision=decision, policy_version=policy.version, state="held",
    )  # fmt: skip
    session.add(hold)
    session.flush()
    session.refresh(hold)
    _record(
        session, hold, "held up", actor=actor,
        content={"listing": listing.marketplace_id, "rules": _rules(content), "policy": policy.version},
    )  # fmt: skip


def _end(session: Session, hold: TextHold, state: State, *, actor: str) -> None:
    hold.state, hold.ended = state, datetime.now(UTC)
    _record(session, hold, state, actor=actor, content={} if hold.reason is None else {"reason": hold.reason})


def _record(session: Session, hold: TextHold, what: str, *, actor: str, content: dict[str, Any]) -> None:
    session.flush()
    audit.record(session, actor=actor, action=f"text {what}", subject=hold.id, content=content)


def _is_cleared(
    session: Session, listing: ListingRecord, digest: bytes, *, broken: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether trust & safety cleared this text of these rules, each with the brands that it is broken with."""
    cleared = select(TextHold.broken).where(
        TextHold.listing_id == listing.id, TextHold.state == "cleared", TextHold.text_sha256 == digest
    )
    return _broken_with(broken) <= {pair for one in session.scalars(cleared) for pair in _broken_with(one)}


def _broken_with(broken: Sequence[Mapping[str, Any]]) -> set[tuple[str, str | None]]:
    """The rules that are broken, each with each of its brands."""
    return {(one["rule"], brand) for one in broken for brand in one["brand_ids"] or [None]}


def _rules(content: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({one["rule"] for one in content})


def _view(hold: TextHold, listing: ListingRecord) -> TextHoldView:
    return TextHoldView(
        id=hold.id, listing_id=listing.marketplace_id, seller=listing.seller, title=listing.content.get("title"),
        description=listing.content.get("description"),
        broken_rules=[BrokenRule.model_validate(one) for one in hold.broken],
        decision=hold.decision,  # type: ignore[arg-type] # checked by the table
        policy_version=hold.policy_version,
        state=hold.state,  # type: ignore[arg-type] # checked by the table
        reason=hold.reason, created=hold.created, ended=hold.ended,
    )  # fmt: skip
