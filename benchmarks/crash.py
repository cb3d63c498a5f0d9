"""The service is killed (SIGKILL) at every step of a case's life and of a promotion: nothing is lost or done twice.

A marketplace, a brand and trust & safety lead cases through all that can happen to them, over HTTP, while models are
promoted and rolled back on the command line. Whoever gets no answer asks the same again, with the same Idempotency-Key,
of one of the processes that still live. Each kind of life is led once undisturbed; every other one must leave the same
traces in the database and at the webhook: what is missing was lost, what is more was doubled. Two minutes after a
process died, its claim on a request runs out, and after half a minute its jobs are another's; the first is not waited
for but brought about in the database, as are due dates.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.command_line import parser_of
from benchmarks.crash_lives import LIVES
from benchmarks.crash_world import Receiver, World
from client.service import running_service
from serve import failpoints
from serve.database.embedded import EmbeddedPostgres

PROCESSES = 3
KILLS = 200
QUICK_STEPS = tuple(step("case opened") for step in (failpoints.recorded, failpoints.committed))

console = Console()


@dataclass(frozen=True)
class Outcome:
    """What a run showed; `lost` and `doubled` name each trace with how often."""

    kills: Counter[str]
    lives: int
    lost: Counter[str]
    doubled: Counter[str]


def compare(
    undisturbed: Mapping[str, Counter[str]], led: Sequence[tuple[str, Counter[str]]]
) -> tuple[Counter[str], Counter[str]]:
    """Of all lives (kind and traces), what is missing beside the undisturbed one of the kind, and what is too much."""
    lost, doubled = Counter[str](), Counter[str]()
    for kind, traces in led:
        lost += undisturbed[kind] - traces
        doubled += traces - undisturbed[kind]
    return lost, doubled


def main() -> None:
    """Kill and print."""
    quick = parser_of(__doc__, quick="under a minute, one life: only a smoke test").parse_args().quick
    with tempfile.TemporaryDirectory(prefix="hallmark-crash-") as folder, Receiver() as receiver:
        home, armed = Path(folder) / "home", Path(folder) / "failpoints"
        armed.mkdir(parents=True)
        with EmbeddedPostgres(home / "postgres") as postgres:
            settings = {
                "HALLMARK_DATABASE_URL": postgres.url,
                "HALLMARK_DECODER_WORKERS": "1",
                "HALLMARK_FAILPOINTS": str(armed),
                "HALLMARK_WEBHOOKS_INSIDE": "true",
            }
            with running_service(home, processes=PROCESSES, settings=settings) as service:
                world = World(service, postgres.url, settings=settings, receiver=receiver, armed=armed)
                done = _quick(world) if quick else _full(world)
    _print(done)


def _full(world: World) -> Outcome:
    undisturbed = dict(zip(LIVES, _lead(world, list(LIVES), steps=()), strict=True))
    led: list[tuple[str, Counter[str]]] = []
    while sum(world.kills().values()) < KILLS:
        led += zip(LIVES, _lead(world, list(LIVES), steps=failpoints.STEPS), strict=True)
        lost, doubled = (sum(found.values()) for found in compare(undisturbed, led))
        console.print(f"{sum(world.kills().values())} kills in {len(led)} lives: {lost} lost, {doubled} doubled")
    return _outcome(world, undisturbed, led)


def _quick(world: World) -> Outcome:
    kind = next(iter(LIVES))
    undisturbed = {kind: _lead(world, [kind], steps=())[0]}
    return _outcome(world, undisturbed, [(kind, _lead(world, [kind], steps=QUICK_STEPS)[0])])


def _lead(world: World, kinds: Sequence[str], *, steps: Sequence[str]) -> list[Counter[str]]:
    """The traces of a life of each of `kinds`, led side by side, with the process killed at each of `steps`."""
    lives = [LIVES[kind].prepare(world) for kind in kinds]
    world.arms = frozenset(steps)
    with ThreadPoolExecutor(len(lives)) as threads:
        list(threads.map(lambda kind, life: LIVES[kind].lead(life), kinds, lives))
    world.disarm()
    world.database.settle()
    return [life.traces() for life in lives]


def _outcome(world: World, undisturbed: Mapping[str, Counter[str]], led: Sequence[tuple[str, Counter[str]]]) -> Outcome:
    lost, doubled = compare(undisturbed, led)
    world.verify_audit()
    return Outcome(kills=world.kills(), lives=len(led), lost=lost, doubled=doubled)


def _print(done: Outcome) -> None:
    table = Table("step", "kills")
    for step in failpoints.STEPS:
        table.add_row(step, str(done.kills[step]))
    console.print(table)
    for name, found in (("lost", done.lost), ("doubled", done.doubled)):
        for trace, times in found.items():
            console.print(f"{name}: {trace} ({times})")
    print(
        json.dumps(
            {
                "kills": sum(done.kills.values()), "steps": len(done.kills), "lives": done.lives,
                "lost": sum(done.lost.values()), "doubled": sum(done.doubled.values()),
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main()
