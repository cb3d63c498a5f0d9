"""Scans and uploads of files on this machine, for the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from model.rejection import ImageRejected
from serve.audit import OPERATOR
from serve.database.tables import ReferenceKind
from serve.genuine.references import NewReference
from serve.protocol.problems import TYPE_PREFIX, Problem, of_picture
from serve.scanning.policy import strength, text_reason
from serve.scanning.results import ScanResult
from serve.scanning.sought import sought_in
from serve.service import Service
from serve.text.listing import Listing

Answer = TypeVar("Answer")


def scan_files(service: Service, paths: Sequence[Path], *, listing: Listing | None, as_json: bool) -> int:
    """Scan the files and print an answer for each, in their order; returns how many could not be read.

    `listing` is what the seller says of all of them.
    """
    failures = 0
    for path, answer in _each(service, paths, partial(_scan_file, service, listing=listing), title="Scanning"):
        failures += isinstance(answer, Problem)
        if as_json:
            typer.echo(_json_line(path, answer))
        elif isinstance(answer, Problem):
            typer.echo(f"{path}: {answer.detail}", err=True)
        else:
            typer.echo("\n".join(lines(path, answer)))
    return failures


def add_files(service: Service, paths: Sequence[Path], *, brand_id: str, kind: ReferenceKind) -> int:
    """Add the files as references of a brand and print their ids; returns how many could not be added."""
    failures = 0
    work = partial(_add_file, service, brand_id=brand_id, kind=kind)
    for path, answer in _each(service, paths, work, title="Adding references"):
        failures += isinstance(answer, Problem)
        if isinstance(answer, Problem):
            typer.echo(f"{path}: {answer.detail}", err=True)
        else:
            typer.echo(f"{answer}  {path}")
    return failures


def _each(
    service: Service, paths: Sequence[Path], work: Callable[[Path], Answer], *, title: str
) -> Iterator[tuple[Path, Answer]]:
    """Each path with its answer, in order, several at work at once; a bar shows how far it is when there are many."""
    with (
        Progress(console=Console(stderr=True), disable=len(paths) < 2, transient=True) as progress,
        ThreadPoolExecutor(service.settings.scans_at_once) as threads,
    ):
        answers = progress.track(threads.map(work, paths), len(paths), description=title)
        yield from zip(paths, answers, strict=True)


def _scan_file(service: Service, path: Path, *, listing: Listing | None) -> ScanResult | Problem:
    try:
        return service.scans.scan(content(path), listing=listing)
    except ImageRejected as rejected:
        return of_picture(rejected)
    except Problem as problem:
        return problem


def _add_file(service: Service, path: Path, *, brand_id: str, kind: ReferenceKind) -> str | Problem:
    try:
        return service.references.add(brand_id, content(path), new=NewReference(kind=kind), actor=OPERATOR).id
    except ImageRejected as rejected:
        return of_picture(rejected)
    except Problem as problem:
        return problem


def content(path: Path) -> bytes:
    """The bytes of a file. Raises `Problem` when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Problem(400, "unreadable-file", f"cannot be opened: {error.strerror}") from error


def _json_line(path: Path, answer: ScanResult | Problem) -> str:
    if isinstance(answer, ScanResult):
        return answer.model_dump_json()
    document = {
        "type": TYPE_PREFIX + answer.code, "status": answer.status_code, "detail": answer.detail, "instance": str(path)
    }  # fmt: skip
    return json.dumps(document, ensure_ascii=False)


def lines(name: Path | str, result: ScanResult) -> Iterator[str]:
    """A scan for a person to read."""
    yield f"{name}: {result.decision}" + ("" if result.findings else ", no brand's mark")
    yield from (f"  {text_reason(one)}" for one in result.broken_rules)
    speaks = sought_in(result).speaking()
    for finding in result.findings:
        x, y, width, height = finding.box
        yield f"  {finding.kind} {strength(finding):.2f}  {finding.brand}  at {x:.0f},{y:.0f} {width:.0f}×{height:.0f}"
        if finding.read is not None:
            yield f"    {finding.read.seen!r} was read there"
        if speaking := speaks.get(finding.brand_id):
            yield f"    {speaking} the brand"
        yield from (f"    {reason}" for reason in finding.reasons)
