"""The versions of the policy, made by hand or fitted to what is settled.

Each change is a new version, with who made it and why, and what is known of the share of genuine listings that it would
block. One that would block more than may be is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from serve import audit
from serve.database.engine import Database
from serve.database.tables import Brand, PolicyRecord
from serve.loop.policy.outcomes import settled_outcomes
from serve.loop.policy.policy_fit import ALL_BRANDS, MOST_BLOCKED, Basis, basis_of, fit_policy
from serve.loop.texts.text_sweep import sweep_later
from serve.protocol.answers import Answer
from serve.protocol.paging import Page, cursor_after, last_number
from serve.protocol.problems import Problem, not_found, unprocessable
from serve.scanning.policies import CHANNEL
from serve.scanning.policy import ListingRules, Policy, Thresholds
from serve.text.wording import Reason

LOCK: Final = 0x504F4C49  # "POLI": versions are written one at a time
FITTED: Final = "fitted to settled outcomes"
VERSION_DIGITS: Final = 9
"""What a version has at most; PostgreSQL's integers have no room for all of ten."""

BrandId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]


class NewPolicy(Thresholds):
    """Thresholds set by hand: for all brands, and others for some. What is left out stays as it is; `block_at` null
    blocks nothing, and `brands` are all that have thresholds of their own.
    """

    reason: Reason
    brands: Mapping[BrandId, Thresholds] = {}
    listing_rules: Annotated[
        ListingRules | None,
        Field(description="What follows where a text breaks a rule, for each that has one; left out, as before"),
    ] = None


class Restoration(BaseModel):
    """Why an earlier version is put back into force."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class BrandPolicyView(Answer):
    """What holds for a brand (`brand_id` null: for all brands that are not listed), and what that rests on."""

    brand_id: str | None
    review_at: float
    block_at: Annotated[float | None, Field(description="Null: nothing of the brand is blocked by a scan")]
    genuine: Annotated[int, Field(description="Settled outcomes that were genuine")]
    infringing: Annotated[int, Field(description="Settled outcomes that infringed")]
    blocked: Annotated[
        int, Field(description="Of the genuine ones, those that `block_at` would block, or 0.99 if null")
    ]
    bound: Annotated[
        float | None, Field(description="Upper bound, 95 %, of the share of genuine listings blocked; null: not asked")
    ]


class PolicyView(Answer):
    """A version of the policy."""

    version: int
    in_force: bool
    model: Annotated[str | None, Field(description="Whose outcomes it rests on; with another model nothing is blocked")]
    reason: str
    author: str
    created: datetime
    thresholds: Annotated[list[BrandPolicyView], Field(description="That of all brands first")]
    listing_rules: Annotated[
        ListingRules, Field(description="Rules for listings' texts; one left out holds nothing up")
    ]


def list_policies(database: Database, *, limit: int, cursor: str | None) -> Page[PolicyView]:
    """All versions, oldest first."""
    after = last_number(cursor, most=10**VERSION_DIGITS - 1)
    query = select(PolicyRecord).where(PolicyRecord.version > after).order_by(PolicyRecord.version)
    with database.read() as session:
        rows = session.scalars(query.limit(limit + 1)).all()
        newest = _newest(session)
    return Page(
        items=[_view(row, newest=newest) for row in rows[:limit]],
        next_cursor=cursor_after([str(row.version) for row in rows], limit=limit),
    )


def get_policy(database: Database, version: str) -> PolicyView:
    """One version. Raises `Problem` (404)."""
    with database.read() as session:
        return _view(_find(session, version), newest=_newest(session))


def set_policy(database: Database, new: NewPolicy, *, model: str, author: str) -> PolicyView:
    """Put thresholds set by hand into force.

    `model` is the one that serves. Raises `Problem`: 404 for an unknown brand, 422 (`bound-not-shown`) when the
    settled outcomes do not show that at most 0.1 % of a brand's genuine listings would be blocked.
    """
    with database.write() as session:
        version = _next_version(session)
        _require_brands(session, new.brands)
        before = _stored(session, version - 1)
        rules = before.listing_rules if new.listing_rules is None else new.listing_rules
        policy = _changed(before.under(model), new).model_copy(
            update={"version": version, "model": model, "listing_rules": rules}
        )
        basis = basis_of(settled_outcomes(session, model=model), policy)
        _require_bounds(policy, basis)
        if rules != before.listing_rules:
            sweep_later(session)
        return _store(session, policy, basis, reason=new.reason, author=author)


def _changed(policy: Policy, new: NewPolicy) -> Policy:
    """`policy` with the thresholds that `new` sends. Raises `Problem` (422) where these do not go with what stays."""
    sent: Any = {
        name: getattr(new, name) for name in ("review_at", "block_at", "brands") if name in new.model_fields_set
    }
    changed = policy.model_copy(update=sent)
    if changed.block_at is not None and changed.block_at < changed.review_at:
        raise unprocessable(
            "invalid-request",
            f"block_at, which stays at {changed.block_at:g}, must not be below review_at; send another one, or null.",
        )
    return changed


def restore_policy(
    database: Database, version: str, restoration: Restoration, *, model: str, author: str
) -> PolicyView:  # fmt: skip
    """Put the thresholds and rules of an earlier version into force, as a new one; what changes nothing makes none.

    `model` is the one that serves. Raises `Problem`: 404, 409 (`other-model`) where the version's thresholds rest on
    another model's strengths, 422 (`bound-not-shown`) as `set_policy`.
    """
    with database.write() as session:
        number = _next_version(session)
        _find(session, version)
        before, earlier = _stored(session, number - 1), _stored(session, int(version))
        if earlier.model not in (None, model):
            raise Problem(
                409, "other-model",
                f"Version {version} rests on outcomes of the model {earlier.model}, whose strengths are not those of "
                f"{model}, which serves; set thresholds anew (POST /v1/policies), or have them fitted.",
            )  # fmt: skip
        restored = earlier.model_copy(update={"version": number})
        if before == restored.model_copy(update={"version": before.version}):
            return _view(session.get_one(PolicyRecord, before.version), newest=before.version)
        basis = basis_of(settled_outcomes(session, model=model), restored)
        _require_bounds(restored, basis)
        if restored.listing_rules != before.listing_rules:
            sweep_later(session)
        return _store(session, restored, basis, reason=restoration.reason, author=author, restores=earlier.version)


def refit_policy(database: Database, *, model: str, precision: float, author: str) -> PolicyView:
    """Fit thresholds to what is settled, and put them into force; what changes nothing makes no new version.

    `model` is the one that serves, `precision` as in `fit_policy`.
    """
    with database.write() as session:
        version = _next_version(session)
        fit = fit_policy(settled_outcomes(session, model=model), model=model, version=version, precision=precision)
        before = _stored(session, version - 1)
        fitted = fit.policy.model_copy(update={"listing_rules": before.listing_rules})
        if before == fitted.model_copy(update={"version": before.version}):
            return _view(session.get_one(PolicyRecord, before.version), newest=before.version)
        return _store(session, fitted, fit.basis, reason=FITTED, author=author)


def _next_version(session: Session) -> int:
    """The version after the newest; writers take turns from here to their commit."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    return _newest(session) + 1


def _newest(session: Session) -> int:
    return session.scalars(select(PolicyRecord.version).order_by(PolicyRecord.version.desc()).limit(1)).one()


def _stored(session: Session, version: int) -> Policy:
    return Policy.model_validate(session.get_one(PolicyRecord, version).content)


def _store(
    session: Session, policy: Policy, basis: Mapping[str, Basis], *, reason: str, author: str,
    restores: int | None = None,
) -> PolicyView:  # fmt: skip
    """Keep `policy` as the version in force; `restores` is the earlier one that it brings back, if it does."""
    record = PolicyRecord(
        version=policy.version, content=policy.model_dump(mode="json"), reason=reason, author=author,
        basis={brand: asdict(one) for brand, one in basis.items()},
    )  # fmt: skip
    session.add(record)
    session.flush()
    session.refresh(record)
    session.execute(text(f"NOTIFY {CHANNEL}"))
    content: audit.Content = {"reason": reason} if restores is None else {"reason": reason, "restores": restores}
    audit.record(session, actor=author, action="policy changed", subject=f"policy {policy.version}", content=content)
    return _view(record, newest=policy.version)


def _require_brands(session: Session, brands: Iterable[str]) -> None:
    wanted = set(brands)
    unknown = wanted - set(session.scalars(select(Brand.id).where(Brand.id.in_(wanted))))
    if unknown:
        raise not_found("brand", min(unknown))


def _require_bounds(policy: Policy, basis: Mapping[str, Basis]) -> None:
    for brand, known in basis.items():
        if policy.thresholds(brand).block_at is not None and known.bound > MOST_BLOCKED:
            raise _not_shown(brand, known)


def _not_shown(brand: str, known: Basis) -> Problem:
    whose = f"of {brand}" if brand else "of brands that are not listed"
    return unprocessable(
        "bound-not-shown",
        f"From {known.genuine} settled genuine listings {whose}, of which {known.blocked} would be blocked, it "
        f"cannot be shown that at most {MOST_BLOCKED:.1%} are (bound {known.bound:.2%}); raise block_at or omit it.",
    )


def _find(session: Session, version: str) -> PolicyRecord:
    """The version of that number, as it is written in a path. Raises `Problem` (404)."""
    is_number = version.isdecimal() and len(version) <= VERSION_DIGITS
    record = session.get(PolicyRecord, int(version)) if is_number else None
    if record is None:
        raise not_found("policy", version)
    return record


def _view(record: PolicyRecord, *, newest: int) -> PolicyView:
    policy = Policy.model_validate(record.content)
    others = sorted({*policy.brands, *record.basis} - {ALL_BRANDS})
    return PolicyView(
        version=policy.version,
        in_force=policy.version == newest,
        model=policy.model,
        reason=record.reason,
        author=record.author,
        created=record.created,
        thresholds=[_brand_view(policy, brand, record.basis.get(brand)) for brand in (ALL_BRANDS, *others)],
        listing_rules=policy.listing_rules,
    )


def _brand_view(policy: Policy, brand: str, known: dict[str, Any] | None) -> BrandPolicyView:
    own = policy.thresholds(brand)
    counts = known or {"genuine": 0, "infringing": 0, "blocked": 0, "bound": None}
    return BrandPolicyView(brand_id=brand or None, review_at=own.review_at, block_at=own.block_at, **counts)
