"""What was listed before a brand came: does the search of the stock find it, and how much is scanned again for that?

Photos of the tuning brands and garments are listed among other brands, then the tuning brands register their
references, and the same photos are listed once more. A listing that has a finding of a tuning brand when it comes after
the references should have it when it came before, once the stock was searched. Without the search none would.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import httpx2
import psycopg
from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.pictures import garment_photos
from client.api import Hallmark
from client.service import running_service
from serve.database.embedded import EmbeddedPostgres
from training.evaluation.datasets import Photo, real_photos
from training.evaluation.references import other_brands, register_brands
from training.evaluation.report import quietly
from training.evaluation.versions import drawings_in_use
from training.synthesis.logos import fetch_packages, load_logos

PATIENCE_SECONDS = 600.0

QUICK = 10, 8, 30
"""Photos, garments and other brands of a run that only shows that it works."""

FINDINGS = "SELECT marketplace_id, findings FROM listings"
WAITING = (
    'SELECT count(*) FROM "references" AS r JOIN brands AS b ON b.id = r.brand_id '
    "WHERE r.searched IS NULL AND b.name = ANY(%s)"
)
BRANDS = "SELECT id FROM brands WHERE name = ANY(%s)"
SEARCHES = "SELECT content::json FROM audit_log WHERE action = 'stock searched'"


def main() -> None:
    """List, register, list again, and compare."""
    parser = parser_of(__doc__)
    parser.add_argument("--photos", type=int, default=60, help="photos of the tuning brands, at most")
    parser.add_argument("--garments", type=int, default=90, help="garments, hardly any with a mark")
    parser.add_argument("--others", type=int, default=500, help="other brands")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.photos, chosen.garments, chosen.others = QUICK
    logos = load_logos(fetch_packages())
    marked = real_photos(tuning=True)
    marked = marked[:: max(1, -(-len(marked) // chosen.photos))]
    garments = garment_photos(tuning=True)[: chosen.garments]
    own = drawings_in_use(sorted({mark.brand for photo in marked for mark in photo.marks}), logos)
    with tempfile.TemporaryDirectory(prefix="hallmark-stock-") as folder, running_service(Path(folder)) as service:
        key = service.create_key("admin")
        with (
            Hallmark(service.url, key=key) as api,
            httpx2.Client(base_url=service.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as http,
            EmbeddedPostgres(Path(folder) / "postgres") as postgres,
            psycopg.connect(postgres.url, autocommit=True) as database,
        ):
            register_brands(api, other_brands(logos, count=chosen.others), progress=quietly)
            send(http, [*marked, *garments], prefix="before")
            searched_before = len(database.execute(SEARCHES).fetchall())
            began = time.monotonic()
            register_brands(api, own, progress=quietly)
            await_search(database, list(own))
            seconds = time.monotonic() - began
            send(http, [*marked, *garments], prefix="after")
            found: dict[str, list[dict[str, str]]] = dict(database.execute(FINDINGS).fetchall())
            searches = [row[0] for row in database.execute(SEARCHES).fetchall()][searched_before:]
            brand_ids = {row[0] for row in database.execute(BRANDS, [list(own)]).fetchall()}
    show(compared(found, brand_ids), searches=searches, listings=len(marked) + len(garments), seconds=seconds)


def send(http: httpx2.Client, photos: Sequence[Photo], *, prefix: str) -> None:
    """List each photo, under the prefix and its number."""
    for number, photo in enumerate(photos):
        listing = json.dumps({"id": f"{prefix} {number}", "seller": "S"})
        files = {"image": (photo.path.name, photo.path.read_bytes())}
        http.post("/v1/listings", data={"listing": listing}, files=files).raise_for_status()


def await_search(database: psycopg.Connection, names: list[str]) -> None:
    """Wait until the stock was searched for every reference of the brands. Raises `TimeoutError`."""
    until = time.monotonic() + PATIENCE_SECONDS
    while database.execute(WAITING, [names]).fetchone() != (0,):
        if time.monotonic() > until:
            raise TimeoutError("the stock was not searched for every reference")
        time.sleep(1.0)


def compared(findings: Mapping[str, list[dict[str, str]]], brand_ids: Set[str]) -> dict[str, int]:
    """Listings by whether they have a finding of the brands when they come after the references, and when before."""
    figures = {"with_a_finding_when_listed_after": 0, "found_by_the_search": 0, "found_by_the_search_alone": 0}
    for name, after in findings.items():
        if not name.startswith("after "):
            continue
        before = findings[f"before {name.removeprefix('after ')}"]
        wanted, seen = ({one["brand_id"] for one in found} & brand_ids for found in (after, before))
        figures["with_a_finding_when_listed_after"] += bool(wanted)
        figures["found_by_the_search"] += bool(wanted) and wanted <= seen
        figures["found_by_the_search_alone"] += not wanted and bool(seen)
    return figures


def show(figures: Mapping[str, int], *, searches: Sequence[Mapping[str, int]], listings: int, seconds: float) -> None:
    """Print a table, and the figures as a line of JSON."""
    again = sum(search["scanned_again"] for search in searches)
    every = {
        **figures,
        "listings": listings,
        "brands_searched_for": len(searches),
        "scanned_again_share": round(again / max(listings * len(searches), 1), 4),
        "seconds": round(seconds, 1),
    }
    table = Table(title="What was listed before a brand came", title_justify="left")
    for name in ("figure", "value"):
        table.add_column(name)
    for name, value in every.items():
        table.add_row(name.replace("_", " "), str(value))
    Console(width=120).print(table)
    print(json.dumps(every))


if __name__ == "__main__":
    main()
