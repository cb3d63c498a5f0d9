"""Whose is it: what a brand's key may see of the objects that a path can name.

Every parameter of a path stands in one of the two tables. `Permit` (serve/access/auth.py) looks here before a route
runs, so that a new route cannot forget to; one whose parameter stands in neither table fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy import Select, select

from serve.access.keys import Caller
from serve.database.engine import Database
from serve.database.loop_tables import Case, Complaint
from serve.database.tables import Brand

BRAND_BEHIND: Final[Mapping[str, Callable[[str], Select[str]]]] = {
    "brand_id": lambda value: select(Brand.id).where(Brand.id == value),
    "holder_id": lambda value: select(Brand.id).where(Brand.holder_id == value),
    "case_id": lambda value: select(Case.brand_id).where(Case.id == value),
    "complaint_id": lambda value: select(Case.brand_id).join(Complaint).where(Complaint.id == value),
}
"""The brands that an object belongs to, by the name of the path's parameter; one must see all of them.

A rights holder of several brands is therefore closed to the keys of each, since its webhook and credit tell of the
others, and open to its own key, which is for all of them.
"""

INSIDE: Final = frozenset(
    {
        "reference_id",
        "file_id",
        "delivery_id",
        "document_id",
        "trait_id",
        "suggestion_id",
        "authorised_seller",
        "number",
    }
)
"""Parts of an object that stands before them in the path; the route finds them within it."""

CLOSED_TO_BRANDS: Final = frozenset(
    {"scan_id", "dispute_id", "label_id", "jury_id", "policy_version", "seller", "hold_id", "message_id"}
)
"""What no permission of a brand reaches."""


NAMED_BY_THE_MARKETPLACE: Final = frozenset({"seller", "authorised_seller"})
"""What has the marketplace's own name, which may be any text, and not an id of ours."""


def sees(database: Database, caller: Caller, parameter: str, value: str) -> bool:
    """Whether `caller` may know of the object that the path's `parameter` names.

    True for whoever is no brand; whether the object exists is then the route's to say.
    Raises `LookupError` for a parameter that stands in no table.
    """
    if parameter in INSIDE or (parameter in CLOSED_TO_BRANDS and caller.brand_ids is None):
        return True
    if parameter not in BRAND_BEHIND:
        raise LookupError(f"serve/access/ownership.py does not say whose {parameter!r} is")
    if caller.brand_ids is None:
        return True
    with database.read() as session:
        brand_ids = session.scalars(BRAND_BEHIND[parameter](value)).all()
    return bool(brand_ids) and all(caller.sees(brand_id) for brand_id in brand_ids)
