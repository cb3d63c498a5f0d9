"""Seller networks: sellers who offer the same fakes, and what says so.

Two listings are *tied* when one of them infringes, both are blocked or under review, they are two sellers', and the
other shows the same picture, byte by byte, or what the first was complained about (`serve.loop.stock.known_fakes`).
Sellers who are tied, directly or through others, are a network. What is allowed ties nobody: an official photo that
honest sellers use too is none of their doing. With a decision that is overturned its ties are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sqlalchemy import CTE, Select, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from serve.audit import KNOWN_FAKE
from serve.database.engine import Database
from serve.database.loop_tables import AuditEntry, Case, ListingImage, ListingRecord
from serve.loop.good_faith.covers import covers
from serve.loop.sellers.sellers import SellerView, infringements, views_of
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_id

MOST_TIES: Final = 200
"""Of a network, those that are sent."""

Witness = Literal["same_picture", "known_fake"]

Ends = Select[str, str, str, str, str]
"""The complaint, seller and listing that it is about, the other seller and listing."""


class Tie(Answer):
    """Two listings that show the same fake: that of the complaint, and another seller's."""

    kind: Witness
    complaint_id: str
    sellers: tuple[str, str]
    listing_ids: Annotated[tuple[str, str], Field(description="The marketplace's own ids")]


class NetworkView(Answer):
    """A network as it is sent."""

    sellers: Annotated[list[SellerView], Field(description="Those with most infringements first")]
    infringements: int
    ties: Annotated[list[Tie], Field(description=f"By complaint, at most {MOST_TIES}")]


def list_networks(database: Database, *, limit: int, cursor: str | None) -> Page[NetworkView]:
    """All networks, in the order of the first complaint that ties two of their sellers."""
    after = last_id(cursor, "complaint")
    with database.read() as session:
        ties = sorted(_ties(session), key=lambda tie: (tie.complaint_id, tie.listing_ids, tie.kind))
        networks = [one for one in _networks(ties) if one[0].complaint_id > after]
        items = [_view(session, one) for one in networks[:limit]]
    return Page(items=items, next_cursor=cursor_after([one[0].complaint_id for one in networks], limit=limit))


def _view(session: Session, ties: Sequence[Tie]) -> NetworkView:
    sellers = views_of(session, sorted({seller for tie in ties for seller in tie.sellers}))
    sellers.sort(key=lambda one: -one.infringements)
    return NetworkView(
        sellers=sellers, infringements=sum(one.infringements for one in sellers), ties=list(ties[:MOST_TIES])
    )


def _networks(ties: Sequence[Tie]) -> list[list[Tie]]:
    """The ties of each network, in their order; the networks in the order of their first."""
    numbers = {name: number for number, name in enumerate({seller for tie in ties for seller in tie.sellers})}
    ends = np.array([[numbers[seller] for seller in tie.sellers] for tie in ties], np.intp).reshape(-1, 2)
    graph = coo_array((np.ones(len(ties)), (ends[:, 0], ends[:, 1])), shape=(len(numbers), len(numbers)))
    _, member_of = connected_components(graph, directed=False)
    found: dict[int, list[Tie]] = {}
    for tie in ties:
        found.setdefault(int(member_of[numbers[tie.sellers[0]]]), []).append(tie)
    return list(found.values())


def _ties(session: Session) -> Collection[Tie]:
    """Every tie once, be it that both listings infringe."""
    queries: dict[Witness, Ends] = {"same_picture": _same_pictures(), "known_fake": _known_fakes()}
    found: dict[tuple[Witness, frozenset[str]], Tie] = {}
    for kind, query in queries.items():
        for complaint_id, seller, listing_id, other_seller, other_id in session.execute(query):
            known = found.get((kind, frozenset((listing_id, other_id))))
            if known is None or complaint_id < known.complaint_id:
                found[kind, frozenset((listing_id, other_id))] = Tie(
                    kind=kind, complaint_id=complaint_id, sellers=(seller, other_seller),
                    listing_ids=(listing_id, other_id),
                )  # fmt: skip
    return found.values()


def _same_pictures() -> Ends:
    """Other sellers' listings that show a picture, byte by byte, of one that infringes."""
    against, own, other = infringements(), aliased(ListingRecord), aliased(ListingRecord)
    fake, again = aliased(ListingImage), aliased(ListingImage)
    return (
        _ends(against, own, other)
        .join(fake, (fake.listing_id == own.id) & (fake.revision == against.c.revision))
        .join(again, again.sha256 == fake.sha256)
        .join(other, (other.id == again.listing_id) & (other.revision == again.revision))
    )


def _known_fakes() -> Ends:
    """Other sellers' listings that were found to show what an infringing one was complained about."""
    against, own, other = infringements(), aliased(ListingRecord), aliased(ListingRecord)
    known_by = AuditEntry.content.cast(JSONB)["fake"].astext
    return (
        _ends(against, own, other)
        .join(AuditEntry, (AuditEntry.action == KNOWN_FAKE) & (known_by == against.c.complaint_id))
        .join(Case, Case.id == AuditEntry.subject)
        .join(other, other.id == Case.listing_id)
    )


def _ends(against: CTE, own: type[ListingRecord], other: type[ListingRecord]) -> Ends:
    """The infringing listing, joined, and the `other`, which is still to be."""
    return (
        select(against.c.complaint_id, own.seller, own.marketplace_id, other.seller, other.marketplace_id)
        .select_from(against)
        .join(own, own.id == against.c.listing_id)
        .where(other.seller != own.seller, own.decision != "allow", other.decision != "allow")
        .where(other.id.not_in(covers()))
        .distinct()
    )
