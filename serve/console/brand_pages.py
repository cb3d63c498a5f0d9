"""/console/brands: a brand's genuine imagery, how its fakes are known, and who may use its photos"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import START, PageRoute, page, to
from serve.console.sessions import SAYS, Visit, Visitor, sent_by
from serve.genuine import brands
from serve.genuine.references import NewReference, ReferenceChange
from serve.loop.good_faith import reputation, rights_documents, rights_holders
from serve.loop.sellers import authorised_sellers
from serve.loop.sellers.authorised_sellers import NamedSeller, NewAuthorisation
from serve.loop.stock.suggestions import MOST_PICTURES, NewAnswer
from serve.loop.stock.traits import NewTrait
from serve.protocol.paging import Cursor
from serve.protocol.problems import KNOWN, Problem, of_error, unprocessable
from serve.routes import references as reference_routes
from serve.routes import suggestions as suggestion_routes
from serve.routes import traits as trait_routes
from serve.routes.dependencies import BoundedWork, OpenService
from serve.routes.forms import validated, validated_json

router = APIRouter(prefix=f"{START}/brands", route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Visit, Depends(Visitor("references.read"))]
Editor = Annotated[Visit, Depends(Visitor("references.change"))]
Creator = Annotated[Visit, Depends(Visitor("references.create"))]

PAGE = 60
"""Brands, references, or authorised sellers, on a page."""

MOST_UPLOADED = 20
"""Pictures that a form may send at once."""

MOST_SUGGESTED = 20
"""Suggested marks on a page; a search finds a few at a time."""

TICKED = tuple(f"picture{number}" for number in range(MOST_PICTURES))
"""The boxes of a suggestion's pictures."""


@router.get("")
def list_brands(request: Request, visit: Reader, service: OpenService, cursor: Cursor = None) -> Response:
    """The brands that the visitor sees."""
    found = brands.list_brands(service.database, caller=visit.caller, limit=PAGE, cursor=cursor)
    return page(request, "brands.html", visit=visit, found=found)


@router.get("/{brand_id}")
def show_brand(
    *, brand_id: str, request: Request, visit: Reader, service: OpenService, cursor: Cursor = None,
    sellers: Cursor = None,
) -> Response:  # fmt: skip
    """References, traits, suggestions and authorised sellers of a brand, `cursor` the page of the references, `sellers`
    that of the sellers; to who may know it, its proof of rights and its credit.
    """
    brand = brands.get_brand(service.database, brand_id)
    credit = None
    if visit.may("credit.read") and visit.reaches(service.database, "holder_id", brand.rights_holder_id):
        credit = reputation.get_credit(service.database, brand.rights_holder_id, caller=visit.caller)
    documents = holder = None
    if visit.may("rights_holders.read"):
        holder = rights_holders.get_rights_holder(service.database, brand.rights_holder_id)
        documents = rights_documents.list_documents(service.database, brand_id)
    return page(
        request, "brand.html", visit=visit, brand=brand, credit=credit, documents=documents, holder=holder,
        most=MOST_UPLOADED, today=datetime.now(UTC).date(),
        traits=service.traits.list(brand_id),
        suggested=service.suggestions.list(brand_id, state="open", limit=MOST_SUGGESTED, cursor=None).items,
        found=service.references.list(brand_id, limit=PAGE, cursor=cursor),
        authorised=authorised_sellers.list_authorised(service.database, brand_id, limit=PAGE, cursor=sellers),
    )  # fmt: skip


@router.post("/{brand_id}/references")
async def add_reference(
    brand_id: str, request: Request, visit: Creator, service: OpenService, workload: BoundedWork
) -> Response:
    """Upload genuine pictures; each that cannot be taken is named, and the others are."""
    texts, files = await sent_by(visit, request, "kind", "sku", "note", file="image", most=MOST_UPLOADED)
    if not files:
        raise unprocessable("image-missing", f"No picture was chosen. {SAYS}")
    new, refused = validated(NewReference, texts), list[tuple[str, Problem]]()
    for file in files:
        try:
            await workload.run(service.references.add, brand_id, file.data, new=new, actor=visit.caller.key_id)
        except KNOWN as error:
            refused.append((file.name, of_error(error)))
    if not refused:
        return to(f"{START}/brands/{brand_id}#references")
    alone = refused[0][1].status_code if len(files) == 1 else 207
    return page(
        request, "uploaded.html", visit=visit, status=alone, once=True, brand_id=brand_id, refused=refused,
        added=len(files) - len(refused),
    )  # fmt: skip


@router.post("/{brand_id}/references/{reference_id}/status")
async def change_status(
    brand_id: str, reference_id: str, request: Request, visit: Editor, service: OpenService
) -> Response:
    """Disable a reference, or make it active again."""
    texts, _ = await sent_by(visit, request, "status")
    change = validated(ReferenceChange, texts)
    await run_in_threadpool(service.references.change, brand_id, reference_id, change, actor=visit.caller.key_id)
    return to(f"{START}/brands/{brand_id}#references")


@router.post("/{brand_id}/references/{reference_id}/removal")
async def remove_reference(
    brand_id: str, reference_id: str, request: Request, visit: Editor, service: OpenService
) -> Response:
    """Remove a reference."""
    await sent_by(visit, request)
    await run_in_threadpool(service.references.remove, brand_id, reference_id, actor=visit.caller.key_id)
    return to(f"{START}/brands/{brand_id}#references")


@router.post("/{brand_id}/traits")
async def add_trait(
    brand_id: str, request: Request, visit: Creator, service: OpenService, workload: BoundedWork
) -> Response:
    """Say how a fake is known."""
    texts, files = await sent_by(visit, request, "text", "note", file="image", most=1)
    picture = files[0].data if files else None
    await workload.run(service.traits.add, brand_id, validated(NewTrait, texts), picture, caller=visit.caller)
    return to(f"{START}/brands/{brand_id}#traits")


@router.post("/{brand_id}/traits/{trait_id}/removal")
async def remove_trait(
    brand_id: str, trait_id: str, request: Request, visit: Editor, service: OpenService
) -> Response:  # fmt: skip
    """Take a trait back."""
    await sent_by(visit, request)
    await run_in_threadpool(service.traits.remove, brand_id, trait_id, caller=visit.caller)
    return to(f"{START}/brands/{brand_id}#traits")


@router.post("/{brand_id}/authorised-sellers")
async def authorise_seller(brand_id: str, request: Request, visit: Editor, service: OpenService) -> Response:
    """Let a seller use the brand's photos."""
    texts, _ = await sent_by(visit, request, "seller", "note", "until")
    named = validated(NamedSeller, {"seller": texts.pop("seller", "")})
    await run_in_threadpool(
        authorised_sellers.authorise, service.database, brand_id, named.seller, validated(NewAuthorisation, texts),
        caller=visit.caller, prove_ownership=service.settings.prove_ownership,
    )  # fmt: skip
    return to(f"{START}/brands/{brand_id}#sellers")


@router.post("/{brand_id}/authorised-sellers/removal")
async def take_seller_back(brand_id: str, request: Request, visit: Editor, service: OpenService) -> Response:
    """Let a seller use them no more."""
    texts, _ = await sent_by(visit, request, "seller")
    named = validated(NamedSeller, texts)
    await run_in_threadpool(
        authorised_sellers.take_back, service.database, brand_id, named.seller, caller=visit.caller,
        prove_ownership=service.settings.prove_ownership,
    )  # fmt: skip
    return to(f"{START}/brands/{brand_id}#sellers")


@router.post("/{brand_id}/suggestions/{suggestion_id}/answer")
async def answer_suggestion(
    *, brand_id: str, suggestion_id: str, request: Request, visit: Creator, service: OpenService, workload: BoundedWork
) -> Response:
    """Say what a suggested mark is."""
    texts, _ = await sent_by(visit, request, "answer", *TICKED)
    ticked = [texts.pop(name) for name in TICKED if name in texts]
    shown = {} if texts.get("answer") == "neither" else {"pictures": ticked}
    said = validated_json(NewAnswer, json.dumps({**texts, **shown}))
    await workload.run(service.suggestions.answer, brand_id, suggestion_id, said, caller=visit.caller)
    return to(f"{START}/brands/{brand_id}#suggestions")


@router.get("/{brand_id}/suggestions/{suggestion_id}/pictures/{number}.png")
def show_suggestion(
    brand_id: str, suggestion_id: str, number: suggestion_routes.Number, visit: Reader, service: OpenService
) -> Response:
    """A place where a suggested mark was seen."""
    return suggestion_routes.get_picture(brand_id, suggestion_id, number, visit.caller, service)


@router.get("/{brand_id}/references/{reference_id}/picture")
def show_reference(brand_id: str, reference_id: str, visit: Reader, service: OpenService) -> Response:
    """A reference's picture."""
    return reference_routes.get_picture(brand_id, reference_id, visit.caller, service)


@router.get("/{brand_id}/traits/{trait_id}/picture")
async def show_trait(
    brand_id: str, trait_id: str, visit: Reader, service: OpenService, workload: BoundedWork
) -> Response:
    """The picture of a fake."""
    return await trait_routes.get_picture(brand_id, trait_id, visit.caller, service, workload)
