"""The tables of the loop with the rights holders: listings, cases, complaints, and the audit log.

States are those of serve/loop/states.py.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from serve.database.tables import Table

ASKED = "state IN ('open', 'not_infringing', 'unsure')"
NO_COMPLAINT = "(state = 'expired' AND verdict = 'infringing') OR (state = 'closed' AND fallback IS NOT NULL)"


class ListingRecord(Table):
    """A listing as it was sent last. `marketplace_id` is the marketplace's own id, `id` ours.

    `revision` counts up when other pictures come; `fingerprint` is the SHA-256 over the pictures' own. `scanned` is
    what the last scan decided, at `index_version`, `decision` what holds with what rights holders and trust & safety
    said since. What is stored `arrived` then; what arrived before it and was stored later would be older. One that was
    `withdrawn` is offered no more: it is not of the stock, and is forgotten after a while (serve/loop/withdrawal.py).
    """

    __tablename__ = "listings"

    id: Mapped[str] = mapped_column(primary_key=True)
    marketplace_id: Mapped[str] = mapped_column(unique=True)
    seller: Mapped[str]
    content: Mapped[dict[str, Any]]
    revision: Mapped[int]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    scanned: Mapped[str]
    decision: Mapped[str]
    reasons: Mapped[list[str]]
    findings: Mapped[list[Any]]
    index_version: Mapped[int | None] = mapped_column(BigInteger)
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    arrived: Mapped[datetime | None]
    updated: Mapped[datetime] = mapped_column(server_default=func.now())
    withdrawn: Mapped[datetime | None]

    __table_args__ = (
        Index("listings_seller", "seller", "id"),
        Index("listings_held", "decision", "id", postgresql_where=text("decision <> 'allow'")),
        Index("listings_withdrawn", "id", postgresql_where=text("withdrawn IS NOT NULL")),
        CheckConstraint("decision IN ('allow', 'review', 'block')", name="listings_decision"),
    )


class ListingImage(Table):
    """A picture of a listing's revision; the file lies under `object_key` as it was uploaded."""

    __tablename__ = "listing_images"

    id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"))
    revision: Mapped[int]
    position: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    object_key: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("listing_images_place", "listing_id", "revision", "position", unique=True),
        Index("listing_images_sha256", "sha256"),
    )


class StockVectors(Table):
    """What `model` says of a stored picture: `vectors` of its regions, (n, d) little-endian half precision."""

    __tablename__ = "stock_vectors"

    model: Mapped[str] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("listing_images.id", ondelete="CASCADE"), primary_key=True)
    vectors: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("stock_vectors_image", "image_id"),)


class Case(Table):
    """A suspected listing pushed to a brand's rights holder; `listing`, `findings` and their evidence are copies.

    The evidence of each finding lies under the key at its place in `evidence`.
    `announced` is when its end is to be announced, `reminded` when that was done; `tier` is the rights holder's when it
    judged; `known_fake` is the fake trait or the complaint by which the listing was found, if it was.
    """

    __tablename__ = "cases"

    id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id"))
    revision: Mapped[int]
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id"))
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    listing: Mapped[dict[str, Any]]
    state: Mapped[str]
    verdict: Mapped[str | None]
    reason: Mapped[str | None]
    tags: Mapped[list[str]]
    judged: Mapped[datetime | None]
    tier: Mapped[str | None]
    findings: Mapped[list[Any]]
    evidence: Mapped[list[str]]
    known_fake: Mapped[str | None]
    model: Mapped[str]
    due_day: Mapped[date]
    announced: Mapped[datetime]
    reminded: Mapped[datetime | None]
    expires: Mapped[datetime]
    calendar: Mapped[str]
    note: Mapped[str | None]
    fallback: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    ended: Mapped[datetime | None]

    __table_args__ = (
        Index("cases_brand", "brand_id", "id"),
        Index("cases_listing", "listing_id", "id"),
        Index("cases_shown_listing", text("(listing ->> 'id')")),
        Index("cases_shown_seller", text("(listing ->> 'seller')")),
        Index("cases_asked", "listing_id", "brand_id", unique=True, postgresql_where=text(ASKED)),
        Index("cases_no_complaint", "id", postgresql_where=text(NO_COMPLAINT)),
        CheckConstraint(
            "state IN ('open', 'infringing', 'not_infringing', 'unsure', 'complained', 'closed', 'expired', 'dropped', "
            "'released')",
            name="cases_state",
        ),
        CheckConstraint("fallback IN ('allow', 'review')", name="cases_fallback"),
        CheckConstraint("verdict IN ('infringing', 'not_infringing', 'unsure')", name="cases_verdict"),
        CheckConstraint("tier IN ('standard', 'trusted', 'suspended')", name="cases_tier"),
        Index("cases_holder", "holder_id", "id"),
    )


class Complaint(Table):
    """A judgement that the rights holder stands behind, or one that trust & safety doubt (`party` platform).

    `tier` is the rights holder's when it filed it.
    """

    __tablename__ = "complaints"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), unique=True)
    state: Mapped[str]
    party: Mapped[str] = mapped_column(server_default="rights_holder")
    tier: Mapped[str] = mapped_column(server_default="standard")
    statement: Mapped[str | None]
    reason: Mapped[str | None]
    decided: Mapped[datetime | None]
    window_ends: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "state IN ('filed', 'upheld', 'dismissed', 'countered', 'confirmed', 'overturned')", name="complaints_state"
        ),
        CheckConstraint("tier IN ('standard', 'trusted', 'suspended')", name="complaints_tier"),
        CheckConstraint("party IN ('rights_holder', 'platform')", name="complaints_party"),
    )


class CounterNotice(Table):
    """The seller's one answer to an upheld complaint."""

    __tablename__ = "counter_notices"

    complaint_id: Mapped[str] = mapped_column(ForeignKey("complaints.id"), primary_key=True)
    statement: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class Attachment(Table):
    """A file that came with a complaint (`party` rights_holder) or a counter-notice (`party` seller)."""

    __tablename__ = "attachments"

    id: Mapped[str] = mapped_column(primary_key=True)
    complaint_id: Mapped[str] = mapped_column(ForeignKey("complaints.id"))
    party: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]
    object_key: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("attachments_complaint", "complaint_id", "id"),
        CheckConstraint("party IN ('rights_holder', 'seller')", name="attachments_party"),
    )


class Notice(Table):
    """What a seller is told; the marketplace fetches it and passes it on."""

    __tablename__ = "notices"

    id: Mapped[str] = mapped_column(primary_key=True)
    seller: Mapped[str]
    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id"))
    complaint_id: Mapped[str] = mapped_column(ForeignKey("complaints.id"))
    subject: Mapped[str]
    reason: Mapped[str]
    answer_until: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("notices_seller", "seller", "id"),
        Index("notices_complaint", "complaint_id", "id"),
        Index("notices_listing", "listing_id"),
    )


class TextHold(Table):
    """A listing that is held up for what its text says, or was.

    `broken` are the rules that the text of `text_sha256` breaks and the policy holds a listing up for, `decision` what
    it makes of them. `state` is `held`, or how that ended: the seller `corrected` the text, trust & safety `cleared`
    it, another policy or other names of brands `lifted` it, or the listing was `withdrawn`.
    """

    __tablename__ = "text_holds"

    id: Mapped[str] = mapped_column(primary_key=True)
    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id"))
    text_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    broken: Mapped[list[Any]]
    decision: Mapped[str]
    policy_version: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    ended: Mapped[datetime | None]

    __table_args__ = (
        Index("text_holds_listing", "listing_id", "id"),
        Index("text_holds_held", "listing_id", unique=True, postgresql_where=text("state = 'held'")),
        CheckConstraint("state IN ('held', 'corrected', 'cleared', 'lifted', 'withdrawn')", name="text_holds_state"),
        CheckConstraint("decision IN ('review', 'block')", name="text_holds_decision"),
    )


class TextSweep(Table):
    """A search of all stored listings' texts; `rules_sha256` is of the rules in force and the names of all brands."""

    __tablename__ = "text_sweeps"

    id: Mapped[str] = mapped_column(primary_key=True)
    rules_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    policy_version: Mapped[int]
    listings: Mapped[int]
    changed: Mapped[int]
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class Unrecognised(Table):
    """A listing that names a brand which was not recognised well in its pictures."""

    __tablename__ = "unrecognised"

    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    listing_id: Mapped[str] = mapped_column(ForeignKey("listings.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (Index("unrecognised_listing", "listing_id"),)


class MarkSearch(Table):
    """When a brand's unrecognised listings are searched next for marks that they have in common; null: not planned."""

    __tablename__ = "mark_searches"

    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    due: Mapped[datetime | None]


class Suggestion(Table):
    """A mark that no reference of the brand shows: `photos` photos of `sellers` sellers do, whose listings name it.

    `pictures` are where it was seen (serve/loop/stock/mark_search.py); their cut-outs lie under the suggestion's own
    keys. `state` is `open` or what the brand answered, `became` the ids of the references or traits that followed.
    """

    __tablename__ = "suggestions"

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id", ondelete="CASCADE"))
    photos: Mapped[int]
    sellers: Mapped[int]
    pictures: Mapped[list[Any]]
    state: Mapped[str]
    became: Mapped[list[str]]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    answered: Mapped[datetime | None]

    __table_args__ = (
        Index("suggestions_brand", "brand_id", "id"),
        CheckConstraint("state IN ('open', 'genuine', 'fake', 'neither')", name="suggestions_state"),
        CheckConstraint("(state = 'open') = (answered IS NULL)", name="suggestions_answered"),
    )


class AuditEntry(Table):
    """One step, chained to the one before: `digest` is the SHA-256 of its fields and the earlier digest.

    A trigger refuses UPDATE, DELETE and TRUNCATE.
    """

    __tablename__ = "audit_log"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    moment: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    content: Mapped[str]
    digest: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("audit_log_subject", "subject", "number"),
        Index("audit_log_known_fakes", "subject", postgresql_where=text("action = 'known fake found listing'")),
        Index("audit_log_decisions", "number", postgresql_where=text("action = 'listing decided'")),
    )


class AuditHead(Table):
    """One row: the last number and digest. Locking it makes writers take turns, so the chain has no forks."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (CheckConstraint("id = 1", name="audit_head_one_row"),)


class Webhook(Table):
    """Where a rights holder, or the marketplace, is told; `secret` signs what is sent, so it is kept as it is.

    `receiver` is the rights holder's id or `serve.loop.push.deliveries.MARKETPLACE`, of which `told` is the number of
    the last step in the audit log that it was told of.
    """

    __tablename__ = "webhooks"

    receiver: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    secret: Mapped[str]
    told: Mapped[int | None] = mapped_column(BigInteger)
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class Delivery(Table):
    """A message to a `receiver`'s webhook. `body` is what is signed; `round_attempts` counts failed tries since it was
    asked for.
    """

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(primary_key=True)
    receiver: Mapped[str]
    kind: Mapped[str]
    body: Mapped[str]
    state: Mapped[str]
    round_attempts: Mapped[int]
    next_attempt: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("deliveries_receiver", "receiver", "id"),
        Index("deliveries_ended", "created", postgresql_where=text("state <> 'pending'")),
        CheckConstraint("state IN ('pending', 'delivered', 'failed')", name="deliveries_state"),
    )


class DeliveryAttempt(Table):
    """One try to deliver a message."""

    __tablename__ = "delivery_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    moment: Mapped[datetime]
    status: Mapped[int | None]
    error: Mapped[str | None]
    milliseconds: Mapped[int]

    __table_args__ = (Index("delivery_attempts_delivery", "delivery_id", "id"),)


class CreditEvent(Table):
    """Evidence of a rights holder's good faith; a subject (a complaint, a blind test) has one at most that counts."""

    __tablename__ = "credit_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    subject: Mapped[str]
    evidence: Mapped[str]
    moment: Mapped[datetime]
    withdrawn: Mapped[datetime | None]

    __table_args__ = (
        Index("credit_events_holder", "holder_id", "id"),
        Index("credit_events_subject", "subject", unique=True, postgresql_where=text("withdrawn IS NULL")),
    )


class BlindTest(Table):
    """A case whose answer is known, or that repeats the case `source_id`; nothing of the case itself says so.

    It repeats what its source showed when the test was made: the pictures of `source_revision`, in which `source_model`
    found what is asked about. The source may show others since.
    """

    __tablename__ = "blind_tests"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"), unique=True)
    source_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    source_revision: Mapped[int | None]
    source_model: Mapped[str | None]
    truth: Mapped[str | None]
    outcome: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("truth IN ('genuine', 'fake')", name="blind_tests_truth"),
        CheckConstraint("truth IS NOT NULL OR source_id IS NOT NULL", name="blind_tests_expectation"),
        CheckConstraint("num_nonnulls(source_id, source_revision, source_model) IN (0, 3)", name="blind_tests_source"),
    )


class Dispute(Table):
    """A rights holder said two things of one matter, of `case_id` and, before, of `source_id`; or `document_id`, with
    which it proved its rights, was found forged."""

    __tablename__ = "disputes"

    id: Mapped[str] = mapped_column(primary_key=True)
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    source_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    document_id: Mapped[str | None] = mapped_column(ForeignKey("rights_documents.id"))
    state: Mapped[str]
    examiner: Mapped[str | None]
    contradiction: Mapped[bool | None]
    reason: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("disputes_holder", "holder_id", "id"),
        CheckConstraint("state IN ('open', 'referred', 'settled')", name="disputes_state"),
        CheckConstraint(
            "num_nonnulls(case_id, document_id) = 1 AND num_nonnulls(case_id, source_id) <> 1", name="disputes_matter"
        ),
    )


class Trait(Table):
    """How a brand's fakes are known; the picture, if there is one, lies under `object_key` as it came."""

    __tablename__ = "traits"

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id"))
    text: Mapped[str | None]
    note: Mapped[str | None]
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    width: Mapped[int | None]
    height: Mapped[int | None]
    object_key: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    removed: Mapped[datetime | None]

    __table_args__ = (
        Index("traits_brand", "brand_id", "id"),
        CheckConstraint("text IS NOT NULL OR object_key IS NOT NULL", name="traits_content"),
    )


class FakePhoto(Table):
    """What `model` says of the picture under `object_key`, the photo of a fake of the brand's: `vector` (n, d)
    little-endian half precision, of the whole first and then of its halves; earlier ones, of the whole alone, are made
    anew after the start.
    """

    __tablename__ = "fake_photos"

    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    model: Mapped[str]
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id"))
    object_key: Mapped[str]
    vector: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (UniqueConstraint("model", "object_key", "brand_id", name="fake_photos_once"),)


class Label(Table):
    """What a decision teaches of one region. It counts from `available` on (null: not before a further decision).

    `subject` is the complaint, case, blind test, jury or trait; `box` is x, y, width, height in pixels. The picture is
    a listing's or a trait's.
    """

    __tablename__ = "labels"

    id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id"))
    image_id: Mapped[str | None] = mapped_column(ForeignKey("listing_images.id"))
    trait_id: Mapped[str | None] = mapped_column(ForeignKey("traits.id"))
    reference_id: Mapped[str]
    kind: Mapped[str]
    box: Mapped[list[float]] = mapped_column(ARRAY(Double))
    target: Mapped[float] = mapped_column(Double)
    weight: Mapped[float] = mapped_column(Double)
    origin: Mapped[str]
    model: Mapped[str]
    decided: Mapped[datetime]
    available: Mapped[datetime | None]
    withdrawn: Mapped[datetime | None]

    __table_args__ = (
        Index("labels_subject", "subject"),
        Index("labels_own_word", "holder_id", "origin", postgresql_where=text("withdrawn IS NULL")),
        Index("labels_brand", "brand_id", "id"),
        Index("labels_trait", "trait_id"),
        Index("labels_image", "image_id"),
        CheckConstraint(
            "origin IN ('complaint', 'counter_notice', 'doubt', 'judgement', 'blind_test', 'jury', 'trait')",
            name="labels_origin",
        ),
        CheckConstraint("num_nonnulls(image_id, trait_id) = 1", name="labels_picture"),
        CheckConstraint("target BETWEEN 0 AND 1 AND weight BETWEEN 0 AND 1", name="labels_range"),
    )


class RightsDocument(Table):
    """What the rights holder of a brand proves; the file lies under `object_key` as it came."""

    __tablename__ = "rights_documents"

    id: Mapped[str] = mapped_column(primary_key=True)
    brand_id: Mapped[str] = mapped_column(ForeignKey("brands.id"))
    holder_id: Mapped[str] = mapped_column(ForeignKey("rights_holders.id"))
    kind: Mapped[str]
    number: Mapped[str]
    classes: Mapped[str | None]
    territory: Mapped[str]
    expires: Mapped[date]
    state: Mapped[str]
    reason: Mapped[str | None]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    object_key: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("rights_documents_brand", "brand_id", "id"),
        CheckConstraint("kind IN ('trademark', 'letter_of_authority')", name="rights_documents_kind"),
        CheckConstraint("state IN ('pending', 'accepted', 'refused', 'forged')", name="rights_documents_state"),
    )


class Jury(Table):
    """A question to the public: does what the case shows at `revision` mislead? `misleads` is the probability, at the
    end."""

    __tablename__ = "juries"

    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    revision: Mapped[int]
    jurors: Mapped[int]
    misleads: Mapped[float | None] = mapped_column(Double)
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    ended: Mapped[datetime | None]


class JuryVote(Table):
    """A juror's vote; `juror` is the marketplace's own id."""

    __tablename__ = "jury_votes"

    jury_id: Mapped[str] = mapped_column(ForeignKey("juries.id"), primary_key=True)
    juror: Mapped[str] = mapped_column(primary_key=True)
    misleads: Mapped[bool]
    created: Mapped[datetime] = mapped_column(server_default=func.now())


class Ballot(Table):
    """What stands for a juror's vote; of the secret the SHA-256 alone is kept. `key_id` is the key that made it."""

    __tablename__ = "ballots"

    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    jury_id: Mapped[str] = mapped_column(ForeignKey("juries.id"))
    juror: Mapped[str]
    key_id: Mapped[str]
    created: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (Index("ballots_juror", "jury_id", "juror", unique=True),)
