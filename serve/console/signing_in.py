"""/ and /console: the first page, signing in and out, the language, how pages look"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool

from serve.console.rendering import FOLDER, LANGUAGE_COOKIE, LANGUAGES, SIGN_IN, START, PageRoute, inside, page, to
from serve.console.sessions import COOKIE, LASTS, SAYS, SignInNeeded, sent_by, sign_in, sign_out, visit_of
from serve.loop.waiting import What, waiting
from serve.protocol.problems import Problem, not_found
from serve.routes.dependencies import OpenService
from serve.routes.forms import Form

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Next = Annotated[str, Query(max_length=2_000)]
YEAR_SECONDS = 365 * 24 * 3600
MAY_BE_KEPT = {"Cache-Control": "max-age=3600"}


@router.get("/")
@router.get(f"{START}/")
def other_ways_in() -> Response:
    """Whoever opens the service's address in a browser comes for the console."""
    return to(START)


@router.get(START)
def first_page(request: Request, service: OpenService) -> Response:
    """What waits for the visitor; to whoever decides nothing, what they mostly come for."""
    visit = visit_of(request)
    if not any(visit.may(action) for action in ("cases.judge", "complaints.decide")):
        return to(next(path for action, path in FIRST if visit.may(action)))
    found = waiting(
        service.database, caller=visit.caller, may=visit.may, prove_ownership=service.settings.prove_ownership
    )
    return page(request, "first_page.html", visit=visit, waiting=found, places=PLACES)


FIRST = (("cases.read", f"{START}/cases"), ("report.read", f"{START}/report"))
"""The first page of whoever may read what."""

PLACES: Mapping[What, str] = {
    "cases": f"{START}/cases",
    "complaints_to_file": f"{START}/cases?state=infringing",
    "references": f"{START}/brands/{{brand_id}}#references",
    "proofs": f"{START}/brands/{{brand_id}}#documents",
    "suggestions": f"{START}/brands/{{brand_id}}#suggestions",
    "complaints": f"{START}/complaints?state=filed",
    "counter_notices": f"{START}/complaints?state=countered",
    "no_complaint": f"{START}/cases/no-complaint",
    "texts": f"{START}/texts?state=held",
    "documents": f"{START}/brands/{{brand_id}}#documents",
    "disputes": f"{START}/disputes",
}
"""Where what waits is done."""


@router.get(f"{START}/sign-in")
def show_sign_in(request: Request, next: Next = START, lost: bool = False) -> Response:  # noqa: A002 (the query's own)
    """Ask for the key; `lost` is what was sent without one."""
    return page(request, "sign_in.html", visit=None, next=inside(next), wrong=False, lost=lost)


@router.post(f"{START}/sign-in")
async def take_key(request: Request, service: OpenService) -> Response:
    """Begin a session."""
    if not _sent_from_here(request):
        raise Problem(403, "forbidden", f"The form was not sent from a page of this service. {SAYS}")
    sent = await Form(["key", "next"], file="file", most=0, says=SAYS).read(request)
    following = inside(sent.texts.get("next", START))
    try:
        token = await run_in_threadpool(sign_in, service.database, sent.texts.get("key", "").strip())
    except Problem as problem:
        if problem.status_code != 401:
            raise
        return page(request, "sign_in.html", visit=None, status=401, next=following, wrong=True, lost=False)
    response = to(following)
    # Not `strict`: a link in a mail finds the visitor signed in. Every form that does something carries a proof.
    response.set_cookie(
        COOKIE, token, max_age=int(LASTS.total_seconds()), path=START, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


def _sent_from_here(request: Request) -> bool:
    """Whether a form was sent from a page of this service, going by what browsers say of it; other clients may say
    nothing. A proxy that does not pass `Host` on is in the way of browsers that say no `Sec-Fetch-Site`.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in ("same-origin", "none")
    try:
        return origin is None or urlsplit(origin).netloc == request.headers.get("host")
    except ValueError:  # of brackets that hold no address
        return False


@router.post(f"{START}/sign-out")
async def leave(request: Request, service: OpenService) -> Response:
    """End the session."""
    try:
        await sent_by(visit_of(request), request)
    except SignInNeeded:
        return to(SIGN_IN)
    await run_in_threadpool(sign_out, service.database, request.cookies[COOKIE])
    response = to(SIGN_IN)
    response.delete_cookie(COOKIE, path=START)
    return response


@router.get(f"{START}/language/{{language}}")
def choose_language(language: str, next: Next = START) -> Response:  # noqa: A002
    """Have the pages in another language from now on."""
    response = to(inside(next))
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, path=START, httponly=True, samesite="lax"
        )  # fmt: skip
    return response


@router.get(f"{START}/console.css")
def style() -> Response:
    """How the pages look."""
    return FileResponse(FOLDER / "console.css", media_type="text/css", headers=MAY_BE_KEPT)


@router.get(f"{START}/icon.svg")
def icon() -> Response:
    """How their tab looks."""
    return FileResponse(FOLDER / "icon.svg", media_type="image/svg+xml", headers=MAY_BE_KEPT)


@router.get(f"{START}/{{elsewhere:path}}")
def nowhere(elsewhere: str) -> Response:
    """Where no page is, be it that a form is sent there."""
    raise not_found("page", elsewhere)
