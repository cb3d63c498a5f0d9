"""What training adds to the `hallmark` command: `hallmark train …` and `hallmark evaluate …`."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

if TYPE_CHECKING:
    from training.evaluation.recognition import Recognition

evaluate = typer.Typer(no_args_is_help=True, help="Measure the models on real pictures, beside their baselines.")
train = typer.Typer(no_args_is_help=True, help="Draw data, train the networks and write a model bundle.")

out = Console()
progress_console = Console(stderr=True)


def register(app: typer.Typer) -> None:
    """Add the commands, where the training extra is installed."""
    if importlib.util.find_spec("torch") is None:
        return
    app.add_typer(train, name="train")
    app.add_typer(evaluate, name="evaluate")


def bar(items: Iterable[Any], total: int, description: str) -> Iterable[Any]:
    """A progress bar on standard error, so that standard output stays clean for JSON."""
    return track(items, total=total, description=description, console=progress_console)


@evaluate.command()
def recognition(
    *,
    distractors: Annotated[int, typer.Option(help="Other brands among the references")] = 2000,
    photos: Annotated[int | None, typer.Option(help="Use a sample of the photos with marks")] = None,
    clean_photos: Annotated[int | None, typer.Option(help="Use a sample of the photos without marks")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False,
) -> None:
    """Whole FlickrLogos-27 photos through the API: brand, detection, false findings on clothing."""
    from training.evaluation.recognition import RecognitionSettings, evaluate_recognition

    settings = RecognitionSettings(distractor_brands=distractors, photos=photos, clean_photos=clean_photos)
    result = evaluate_recognition(settings, progress=bar)
    if as_json:
        typer.echo(json.dumps(result.as_json()))
    else:
        _print(result)


def _print(result: Recognition) -> None:
    out.print(", ".join(f"{key} {value}" for key, value in result.provenance.items()))
    out.print(f"{result.reference_brands} reported brands among {result.distractor_brands} others")
    table = Table("figure", "value (95 % interval)")
    for name, estimate in result.rows():
        table.add_row(name, str(estimate))
    out.print(table)
    out.print("findings of the right brand by kind: " + json.dumps(result.verdicts))
