"""Which brands let a seller use their official photos: their own dealers do so by right.

It is a permission to use photos and not to fake: a copied photo of such a brand holds nothing up, a smear or an
imitation does. What it said when a scan began stands in the findings, so that a replay says it again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Date, Select, cast, func, or_, select
from sqlalchemy.orm import Session

from serve.database.tables import AuthorisedSeller, Brand, RightsHolder
from serve.scanning.results import Finding


def authorisations() -> Select[AuthorisedSeller, bool]:
    """Every authorisation, and whether it counts now (`in_force`)."""
    return (
        select(AuthorisedSeller, in_force())
        .join(Brand, Brand.id == AuthorisedSeller.brand_id)
        .join(RightsHolder, RightsHolder.id == Brand.holder_id)
    )


def in_force() -> ColumnElement[bool]:
    """Of joined authorisations and rights holders: whether it has not ended, by the day where the rights holder is.

    The word of one who is suspended permits nothing.
    """
    today = cast(func.timezone(RightsHolder.time_zone, func.now()), Date)
    lasts = or_(AuthorisedSeller.until.is_(None), AuthorisedSeller.until >= today)
    return lasts & (RightsHolder.tier != "suspended")


def brands_authorising(session: Session, seller: str) -> frozenset[str]:
    """The ids of the brands that let the seller use their photos now."""
    of_seller = authorisations().where(AuthorisedSeller.seller == seller, in_force())
    return frozenset(row.brand_id for row in session.scalars(of_seller))


def under(findings: Sequence[Finding], authorised: Collection[str]) -> list[Finding]:
    """The findings, of which copied photos say so where their brand is one of the `authorised`, by id."""
    return [
        one.model_copy(update={"authorised": True})
        if one.kind == "copied_photo" and one.brand_id in authorised
        else one
        for one in findings
    ]


def authorised_in(findings: Sequence[Finding]) -> frozenset[str]:
    """The ids of the brands that let the seller use the photos that were found, by what the findings say."""
    return frozenset(one.brand_id for one in findings if one.authorised)
