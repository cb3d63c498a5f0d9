"""Who may do what: the only place where that is decided."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What the holder of a key is."""

    PLATFORM = "platform"
    """The marketplace's own systems: register brands, upload for any, scan, send listings and sellers' answers."""

    BRAND = "brand"
    """A rights holder: references, fake traits, cases and complaints of its own brands, and its own webhook."""

    TRUST = "trust"
    """Trust & safety."""

    ML = "ml"
    """Who retrains and measures the models: reads, scans."""

    ADMIN = "admin"
    """Everything."""


_ALL: Final = frozenset(Role)
_WRITERS: Final = frozenset({Role.PLATFORM, Role.TRUST, Role.ADMIN})
_OWNERS: Final = _WRITERS | {Role.BRAND}
_SCANNERS: Final = _ALL - {Role.BRAND}
_READERS: Final = _OWNERS
_JUDGES: Final = frozenset({Role.BRAND, Role.ADMIN})
_EXAMINERS: Final = frozenset({Role.TRUST, Role.ADMIN})
_TEACHERS: Final = _EXAMINERS | {Role.ML}

PERMISSIONS: Final[dict[str, frozenset[Role]]] = {
    "brands.create": _WRITERS,
    "brands.read": _ALL,
    "brands.change": _OWNERS,
    "references.create": _OWNERS,
    "references.read": _ALL,
    "references.change": _OWNERS,
    "scans.create": _SCANNERS,
    "scans.read": _SCANNERS,
    "rights_holders.create": _WRITERS,
    "rights_holders.read": _READERS,
    "rights_holders.change": _OWNERS,
    "webhooks.read": _READERS,
    "webhooks.change": _OWNERS,
    "marketplace_webhook.read": _WRITERS,
    "marketplace_webhook.change": _WRITERS,
    "listings.create": _WRITERS,
    "cases.read": _READERS,
    "cases.judge": _JUDGES,
    "complaints.create": _JUDGES,
    "complaints.read": _READERS,
    "complaints.decide": _EXAMINERS,
    "counter_notices.create": _WRITERS,
    "notices.read": _WRITERS,
    "listings.read": _WRITERS,
    "listing_rules.read": _ALL,
    "listing_rules.clear": _EXAMINERS,
    "sellers.read": _WRITERS,
    "networks.read": _EXAMINERS,
    "report.read": _SCANNERS,
    "juries.run": _WRITERS,
    "labels.read": _TEACHERS,
    "credit.read": _READERS,
    "rights_holders.oversee": _EXAMINERS,
    "policies.read": _SCANNERS,
    "policies.change": _EXAMINERS,
}
"""The roles that may do each thing. A brand key is held to its own brand besides (see serve/access/auth.py)."""
