"""Pages: templates in the visitor's language, and what surrounds each route of the console.

A route of the console answers with a page whatever happens: a refusal is a page that says what to do, and whoever is
not signed in is asked to. No page may be framed, loads anything from elsewhere, or is kept by a cache.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from babel.support import NullTranslations, Translations
from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from serve.console.reasons import in_words
from serve.console.sessions import SignInNeeded, Visit
from serve.protocol.problems import KNOWN, Problem, of_error

LANGUAGES: Final = {"en": "English", "zh_Hans": "简体中文"}
"""What pages can be read in; the first where a browser asks for none of them."""

SIMPLIFIED: Final = dict.fromkeys(("zh", "zh_cn", "zh_sg", "zh_hans_cn", "zh_hans_sg"), "zh_Hans")
"""What browsers call the written Chinese of the mainland."""

WRITTEN: Final = ("statement", "reason", "text", "jurors")
"""The fields of forms that take more than a moment to fill in."""

LANGUAGE_COOKIE: Final = "hallmark_language"
FOLDER: Final = Path(__file__).parent
START: Final = "/console"
SIGN_IN: Final = f"{START}/sign-in"

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class PageRoute(APIRoute):
    """A route of the console."""

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        """What answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                response = await handle(request)
            except SignInNeeded:
                lost = "" if request.method == "GET" else "&lost=true"
                response = RedirectResponse(f"{SIGN_IN}?next={quote(looked_at(request))}{lost}", status_code=303)
            except KNOWN as error:
                response = refused(request, of_error(error))
            response.headers.update({name: value for name, value in HEADERS.items() if name not in response.headers})
            return response

        return answer


def page(
    request: Request, template: str, *, visit: Visit | None, status: int = 200, once: bool = False, **values: Any
) -> HTMLResponse:
    """The page that `template` makes of `values`; one that is shown `once` leads to no other language of it."""
    language = language_of(request)
    others = [] if once else [code for code in LANGUAGES if code != language]
    made = _environment(language).get_template(template).render(
        visit=visit, path=request.url.path, here=looked_at(request), language=language,
        languages={code: LANGUAGES[code] for code in others}, **values,
    )  # fmt: skip
    return HTMLResponse(made, status_code=status)


def refused(request: Request, problem: Problem) -> HTMLResponse:
    """The page of a refusal, with what the visitor had written: the form that it goes back to is empty."""
    here, sent = looked_at(request), getattr(request.state, "sent", {})
    return page(
        request, "refused.html", visit=getattr(request.state, "visit", None), status=problem.status_code,
        problem=problem, came_from=None if request.method == "GET" or here == START else here,
        written=[sent[name] for name in WRITTEN if sent.get(name, "").strip()],
    )  # fmt: skip


def looked_at(request: Request) -> str:
    """The page that the visitor looks at: the one asked for, or the one whose form was sent."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    try:
        sent_from = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return START
    return inside(sent_from.path + (f"?{sent_from.query}" if sent_from.query else ""))


def inside(path: str) -> str:
    """`path`, if it is one of the console: nobody is sent elsewhere."""
    try:
        parts = urlsplit(path)
    except ValueError:  # of brackets that hold no address
        return START
    is_ours = not parts.scheme and not parts.netloc and (parts.path == START or parts.path.startswith(f"{START}/"))
    return path if is_ours and "\\" not in path else START


def to(path: str) -> RedirectResponse:
    """Have the browser look at another page, once a form has done what it says."""
    return RedirectResponse(path, status_code=303)


def language_of(request: Request) -> str:
    """The language that the visitor chose, or that the browser asks for."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    asked = (
        part.partition(";")[0].strip().replace("-", "_")
        for part in request.headers.get("accept-language", "").split(",")
    )
    return negotiate_locale([SIMPLIFIED.get(one.lower(), one) for one in asked], list(LANGUAGES)) or next(
        iter(LANGUAGES)
    )


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("serve.console"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    words = translations(language)
    environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    locale = Locale.parse(language)
    environment.filters |= {
        "day": lambda value: _day(value, locale),
        "deadline": lambda end, time_zone: _deadline(end, time_zone, locale),
        "moment": lambda value: _moment(value, locale),
        "share": lambda value: "–" if value is None else format_percent(value, "0.#%", locale=locale),
        "in_words": lambda reason: in_words(reason, translate=words.gettext),
        "number": lambda value: "–" if value is None else format_decimal(value, locale=locale),
    }
    return environment


def translations(language: str) -> NullTranslations:
    """The words of a language; those of the first stand in the templates."""
    file = FOLDER / "locale" / f"{language}.po"
    if not file.exists():
        return NullTranslations()
    with file.open("rb") as words:
        catalogue = read_po(words, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def _day(value: date | None, locale: Locale) -> str:
    return "–" if value is None else format_date(value, "medium", locale=locale)


def _moment(value: datetime | None, locale: Locale) -> str:
    return "–" if value is None else format_datetime(value, "medium", locale=locale) + " UTC"


def _deadline(end: datetime, time_zone: str, locale: Locale) -> str:
    """The last minute before `end` in a time zone, and its name: a day that ends at midnight is that day, not the
    next.
    """
    last = (end - timedelta(minutes=1)).astimezone(ZoneInfo(time_zone))
    at = format_time(last, "short", tzinfo=last.tzinfo, locale=locale)
    return f"{format_date(last, 'medium', locale=locale)} {at} ({time_zone})"
