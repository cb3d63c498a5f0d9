"""`python -m demo`: the service started, brands registered, listings scanned, a table, a contact sheet, and a URL."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import httpx2
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from client.api import Hallmark, Problem
from client.service import Service, ServiceFailed, running_service
from demo import tables
from demo.brands import BRANDS, NOBODYS_BRANDS, references
from demo.home import FolderRefused, held_home
from demo.listings import PLANS, Listing, make
from demo.outcomes import Outcome
from demo.sheet import contact_sheet
from training.synthesis.logos import Logo, is_held_out, load_logos

SHEET = "contact-sheet.png"
Item = TypeVar("Item")
console = Console() if sys.stdout.isatty() else Console(width=150)


def main(
    leave: Annotated[bool, typer.Option("--exit", help="End after the sheet instead of serving on.")] = False,
    home: Annotated[Path, typer.Option(help="Folder of the demo's state; emptied at the start.")] = Path("var/demo"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Go on with the brands that an earlier demo registered.")
    ] = False,
    port: Annotated[int, typer.Option(help="TCP port on loopback; 0: any that is free.", min=0, max=65535)] = 0,
) -> None:
    """Run the main job on pictures drawn here: register brands, scan listings, show what the service says."""
    signal.signal(signal.SIGTERM, _end)
    try:
        with ExitStack() as until_the_end:
            with console.status("Starting the service; its first start creates a database…"):
                folder = until_the_end.enter_context(held_home(home, keep=keep))
                service = until_the_end.enter_context(running_service(folder, port=free(port)))
            failed = show(service)
            if not leave:
                serve_on(service)
    except (ServiceFailed, FolderRefused, Problem, httpx2.TransportError) as error:
        console.print(f"[red]The demo cannot go on:[/] {escape(str(error))}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from error
    if failed:
        console.print(f"[red]{failed} of {len(PLANS)} scans failed[/]; the service's log is {service.log}")
        raise typer.Exit(1)


def free(port: int) -> int:
    """`port`, or any free one for 0. Raises `ServiceFailed` when something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ServiceFailed(f"port {port} is taken; name another with --port, or leave it out") from error
        return int(probe.getsockname()[1])


def show(service: Service) -> int:
    """The main job on a running service, with keys made for it; returns how many scans failed."""
    keys = {role: service.create_key(role) for role in ("admin", "platform")}
    logos = {logo.name: logo for logo in load_logos() if logo.name in BRANDS | NOBODYS_BRANDS}
    with Hallmark(service.url, key=keys["admin"]) as brands_team:
        register(brands_team, logos=logos)
    listings = [make(number, logos=logos) for number in steps(range(len(PLANS)), "Drawing listings")]
    with Hallmark(service.url, key=keys["platform"]) as marketplace:
        outcomes = [scan(marketplace, listing) for listing in steps(listings, "Scanning listings")]
        cases = sum(send(marketplace, outcome, number=number) for number, outcome in enumerate(outcomes))
    report(service, outcomes, keys=keys, cases=cases)
    return sum(outcome.answer is None for outcome in outcomes)


def register(brands_team: Hallmark, *, logos: dict[str, Logo]) -> None:
    """Every brand that is not there yet, with its clean references; each is searchable when its upload returns."""
    there = registered_names(brands_team)
    missing = [(slug, name) for slug, name in BRANDS.items() if name not in there]
    for slug, name in steps(missing, "Registering brands"):
        brand = brands_team.create_brand(name)
        for reference in references(logos[slug]):
            brands_team.add_reference(brand["id"], reference.png, kind="logo")


def registered_names(brands_team: Hallmark) -> set[str]:
    """The names of all brands that the service knows."""
    names: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = json.loads(brands_team.fetch("/v1/brands" + (f"?cursor={cursor}" if cursor else "")))
        names |= {brand["name"] for brand in page["items"]}
        cursor = page["next_cursor"]
    return names


def scan(marketplace: Hallmark, listing: Listing) -> Outcome:
    """One upload through POST /v1/scan, and the evidence of its findings; a refusal is kept, not raised."""
    try:
        answer = marketplace.scan(listing.photo, listing=listing.plan.claims or None)
        evidence = [marketplace.fetch(finding["evidence"]) for finding in answer["findings"][:1]]
    except (Problem, httpx2.TransportError) as error:
        return Outcome(listing, None, failure=str(error) or type(error).__name__)
    return Outcome(listing, answer, evidence=evidence)


def send(marketplace: Hallmark, outcome: Outcome, *, number: int) -> bool:
    """Send what a scan held up as a listing; says whether a case was opened for the brand."""
    if outcome.answer is None or outcome.answer["decision"] == "allow":
        return False
    plan = outcome.listing.plan
    listing = {"id": f"demo-{number + 1}", "seller": "demo", "title": plan.subject, **plan.claims}
    return bool(marketplace.send_listing(listing, outcome.listing.photo)["case_ids"])


def report(service: Service, outcomes: Sequence[Outcome], *, keys: dict[str, str], cases: int) -> None:
    """Both tables, the contact sheet, and how to go on by hand."""
    console.print(tables.pictures(outcomes), tables.summary(outcomes))
    unseen = sum(is_held_out(slug) for slug in BRANDS)
    console.print(
        f"{len(BRANDS)} brands registered with {3 * len(BRANDS)} references rendered from vector logos; "
        f"training never saw {unseen} of them. "
        "Listings marked “drawn” are synthetic; real photos come from the scikit-image package.",
        highlight=False,
    )
    models = {outcome.answer["model"] for outcome in outcomes if outcome.answer}
    subtitle = f"{len(outcomes)} listings against {len(BRANDS)} registered brands · model {', '.join(sorted(models))}"
    path = service.home / SHEET
    with console.status("Drawing the contact sheet…"):
        contact_sheet(outcomes, subtitle=subtitle).save(path)
        example = service.home / "listing.jpg"
        example.write_bytes(outcomes[0].listing.photo)
    console.print(f"Contact sheet: [bold]{path}[/]", soft_wrap=True, highlight=False)
    console.print(f"Service:       [bold]{service.url}[/] (what it offers: {service.url}/openapi.json)", soft_wrap=True)
    console.print(
        f"Console:       [bold]{service.url}/console[/] (sign in with the admin's key; {cases} cases wait for brands)",
        soft_wrap=True, highlight=False,
    )  # fmt: skip
    for role, key in keys.items():
        console.print(f"Key, {role + ':':<10}{key}", soft_wrap=True, highlight=False)
    console.print("\nScan a picture yourself:", highlight=False)
    console.print(
        f"  curl -H 'Authorization: Bearer {keys['platform']}' -F image=@{example} {service.url}/v1/scan\n",
        soft_wrap=True,
        highlight=False,
        markup=False,
    )


def serve_on(service: Service) -> None:
    """Wait until the reader ends the demo. Raises `ServiceFailed` when the service ends before."""
    console.print("The service goes on until Ctrl-C.")
    try:
        status = service.process.wait()
    except KeyboardInterrupt:
        console.print("\nStopping the service…")
        return
    raise ServiceFailed(f"the service ended with status {status}; its log is {service.log}")


def steps(items: Sequence[Item], words: str) -> Iterator[Item]:
    """The items one after another under a progress bar."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        yield from progress.track(items, description=f"{words:<20}")


def _end(number: int, frame: object) -> NoReturn:
    """End as after Ctrl-C, so that the service is stopped too."""
    sys.exit(128 + number)


if __name__ == "__main__":
    typer.run(main)
