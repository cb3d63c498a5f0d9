"""The stock scanned again from the command line: by the model, references and policy that serve now."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import ColumnElement, func, select

from serve.database.engine import Database
from serve.database.loop_tables import ListingRecord
from serve.loop.stock.stock_vectors import in_stock
from serve.pictures.objects import ObjectMissingError
from serve.service import Service

PAGE = 500
"""Listings that are looked up at a time."""


@dataclass(frozen=True, slots=True)
class Rescanned:
    """What was decided on a listing before and `after`; None where it was sent again meanwhile, or lacks a picture."""

    marketplace_id: str
    before: str
    after: str | None


def rescan_stock(service: Service, *, seller: str | None, before: datetime) -> None:
    """Scan the listings that are offered, of one `seller` or of all, and were scanned last before a moment; print what
    changes.

    A run that was broken off is gone on with by the same moment: what it did was scanned since.
    """
    wanted = [in_stock(), ListingRecord.updated < before]
    if seller is not None:
        wanted.append(ListingRecord.seller == seller)
    with service.database.read() as session:
        total = session.scalar(select(func.count()).select_from(ListingRecord).where(*wanted)) or 0
    scanned = changed = 0
    with (
        Progress(console=Console(stderr=True), disable=total < 2, transient=True) as progress,
        ThreadPoolExecutor(service.settings.scans_at_once) as threads,
    ):
        bar = progress.add_task("Scanning the stock", total=total)
        for page in _pages(service.database, wanted):
            for done in threads.map(lambda listing: _again(service, listing), page):
                progress.advance(bar)
                scanned += done.after is not None
                if done.after != done.before:
                    changed += done.after is not None
                    typer.echo(f"{done.marketplace_id}: {done.before} → {done.after or 'not scanned again'}")
    typer.echo(f"{scanned} of {total} listings scanned again, {changed} decisions changed")


def _pages(database: Database, wanted: list[ColumnElement[bool]]) -> Iterator[list[ListingRecord]]:
    """The listings in the order of their ids, some at a time."""
    last = ""
    while True:
        query = select(ListingRecord).where(*wanted, ListingRecord.id > last).order_by(ListingRecord.id).limit(PAGE)
        with database.read() as session:
            page = list(session.scalars(query))
        if not page:
            return
        yield page
        last = page[-1].id


def _again(service: Service, listing: ListingRecord) -> Rescanned:
    after = None
    try:
        if service.listings.rescan(listing.id):
            with service.database.read() as session:
                after = session.get_one(ListingRecord, listing.id).decision
    except ObjectMissingError as error:
        typer.echo(f"{listing.marketplace_id}: the picture {error} is gone from the object store", err=True)
    return Rescanned(listing.marketplace_id, listing.decision, after)
