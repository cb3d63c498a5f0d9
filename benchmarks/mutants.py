"""Sends damaged pictures to Hallmark: nothing may hang, die, answer 5xx or grow.

    python benchmarks/mutants.py [--quick] [--target service|pool] [--count N] [--minutes M] [--keep FOLDER]

Mutants are made of real photos in `$HALLMARK_DATA` (default `../shared/data`), or of drawn ones where that is absent,
as JPEG, PNG, WebP and GIF. By default a service is started in a temporary home and asked over loopback HTTP;
`--target pool` asks the decoder's worker processes directly. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import collections
import io
import itertools
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.mutation import MUTATIONS, mutate
from benchmarks.targets import Answer, PoolTarget, ServiceTarget, Target

HANG_SECONDS = 5.0
FULL_COUNT, QUICK_COUNT = 6_000, 500
SOURCES = 24  # photos that mutants are made of, each in all FORMS
SIDE_PIXELS = 400
FORMS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("JPEG", "RGB", {"quality": 85}),
    ("JPEG", "RGB", {"quality": 85, "progressive": True}),
    ("JPEG", "CMYK", {"quality": 85}),
    ("JPEG", "L", {"quality": 85}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {}),
    ("WEBP", "RGB", {"quality": 80}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("GIF", "P", {}),
)


@dataclass(slots=True)
class Tally:
    """What came of the mutants so far."""

    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    by_mutation: dict[str, collections.Counter[str]] = field(
        default_factory=lambda: collections.defaultdict(collections.Counter)
    )
    seconds: list[float] = field(default_factory=list)
    refusal_seconds: list[float] = field(default_factory=list)

    def add(self, mutation: str, answer: Answer) -> None:
        """Count one answer."""
        self.outcomes[answer.outcome] += 1
        self.by_mutation[mutation][answer.verdict] += 1
        self.seconds.append(answer.seconds)
        if answer.verdict == "rejected":
            self.refusal_seconds.append(answer.seconds)

    def total(self, verdict: str) -> int:
        """How many answers had `verdict`."""
        return sum(counts[verdict] for counts in self.by_mutation.values())


def photos() -> list[Image.Image]:
    """Real photos, scaled to `SIDE_PIXELS`, or drawn ones where there are none."""
    folder = Path(os.environ.get("HALLMARK_DATA", "../shared/data"))
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png")) if folder.is_dir() else []
    if not files:
        return [_drawn(number) for number in range(SOURCES)]
    pictures = []
    for path in files[:: max(1, len(files) // SOURCES)][:SOURCES]:
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        picture.thumbnail((SIDE_PIXELS, SIDE_PIXELS))
        pictures.append(picture)
    return pictures


def _drawn(number: int) -> Image.Image:
    noise = np.random.default_rng(number).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((SIDE_PIXELS, SIDE_PIXELS * 3 // 4), Image.Resampling.BICUBIC)
    ImageDraw.Draw(picture).ellipse((90, 60, 260, 220), fill=(number * 10 % 256, 200, 30), outline="black", width=5)
    return picture


def source_files() -> list[bytes]:
    """Each photo in each of `FORMS`; all are pictures that Hallmark reads."""
    exif = Image.Exif()
    exif[0x0112] = 6
    files = []
    for picture in photos():
        for kind, mode, options in FORMS:
            buffer = io.BytesIO()
            extra = {} if kind == "GIF" else {"exif": exif}
            picture.convert(mode).save(buffer, kind, **options, **extra)
            files.append(buffer.getvalue())
    return files


def mutants(files: list[bytes], *, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` mutants as (mutation, bytes), the same ones for the same `seed`."""
    chance = random.Random(seed)
    for mutation in itertools.islice(itertools.cycle(MUTATIONS), count):
        yield mutation, mutate(chance.choice(files), mutation=mutation, other=chance.choice(files), chance=chance)


def run(target: Target, arguments: argparse.Namespace) -> dict[str, object]:
    """Send all mutants, four at a time, and print what came of them.

    Memory is read ten times. Caches and arenas fill at first, so the growth that tells of a leak is that of the second
    half of the run.
    """
    files = source_files()
    for file in files:
        answer = target.send(file, timeout_seconds=60)
        if answer.verdict != "accepted":
            sys.exit(f"an undamaged picture was not accepted but: {answer.outcome}")
    tally, deaths = Tally(), 0
    resident: list[float] = []
    deadline = time.monotonic() + 60 * arguments.minutes
    numbered = enumerate(mutants(files, count=arguments.count, seed=arguments.seed))
    batches = iter(lambda: list(itertools.islice(numbered, 50)), [])
    with ThreadPoolExecutor(4) as threads:
        for batch in track(
            batches, total=-(-arguments.count // 50), description="Sending mutants", console=Console(stderr=True)
        ):
            answers = threads.map(lambda item: target.send(item[1][1], timeout_seconds=HANG_SECONDS), batch)
            for (number, (mutation, data)), answer in zip(batch, answers, strict=True):
                tally.add(mutation, answer)
                if arguments.keep and (answer.verdict == "failed" or answer.notable):
                    (arguments.keep / f"{number:05}-{mutation}-{answer.outcome.split()[0]}").write_bytes(data)
            if not target.alive():
                deaths += 1
                target.revive()
            if len(tally.seconds) >= (len(resident) + 1) * arguments.count / 10:
                resident.append(round(target.resident_bytes() / 2**20, 1))
            if time.monotonic() > deadline:
                break
    show(tally)
    return {
        "target": arguments.target,
        "mutants": len(tally.seconds),
        "hangs": tally.outcomes["hang"],
        "deaths": deaths,
        "server_errors": tally.total("failed") - tally.outcomes["hang"],
        "unexplained": sum(count for name, count in tally.outcomes.items() if name.endswith("without detail")),
        "decoder_crashes": sum(count for name, count in tally.outcomes.items() if "decoder_" in name),
        "rejected": tally.total("rejected"),
        "accepted": tally.total("accepted"),
        "rss_mb": resident,
        "rss_growth_mb": round(resident[-1] - resident[0], 1) if resident else None,
        "rss_growth_second_half_mb": round(resident[-1] - resident[len(resident) // 2], 1) if resident else None,
        "p50_ms": round(1e3 * float(np.median(tally.seconds)), 2),
        "max_ms": round(1e3 * max(tally.seconds), 1),
        "max_refusal_ms": round(1e3 * max(tally.refusal_seconds, default=0.0), 1),
        "refusals_over_a_second": sum(seconds > 1.0 for seconds in tally.refusal_seconds),
    }


def show(tally: Tally) -> None:
    """Print answers by mutation and by outcome."""
    console = Console()
    verdicts = ("accepted", "rejected", "failed")
    table = Table("mutation", *verdicts)
    for mutation, counts in sorted(tally.by_mutation.items()):
        table.add_row(mutation, *(str(counts[verdict]) for verdict in verdicts))
    console.print(table)
    table = Table("answer", "mutants")
    for outcome, count in tally.outcomes.most_common():
        table.add_row(outcome, str(count))
    console.print(table)


def main() -> None:
    """Parse the command line, run, and end with status 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=("service", "pool"), default="service")
    parser.add_argument("--quick", action="store_true", help="500 mutants")
    parser.add_argument("--count", type=int, help="how many mutants")
    parser.add_argument("--minutes", type=float, default=30, help="stop sending after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for the mutants that failed or killed a worker")
    arguments = parser.parse_args()
    arguments.count = arguments.count or (QUICK_COUNT if arguments.quick else FULL_COUNT)
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
    with PoolTarget() if arguments.target == "pool" else ServiceTarget() as target:
        figures = run(target, arguments)
    print(json.dumps(figures))
    if figures["hangs"] or figures["deaths"] or figures["server_errors"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
