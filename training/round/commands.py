"""`hallmark train round` and `hallmark evaluate candidate`. They import what they need when they run."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.table import Table

from training.terminal import bar, out

Labels = Annotated[Path, typer.Option(help="Folder that `hallmark labels export` wrote")]
Champion = Annotated[
    Path | None, typer.Option(help="Folder that `hallmark model export` wrote; by default the released bundle")
]
Start = Annotated[
    Path | None, typer.Option(help="Bundle whose networks learn, such as the released one; the champion unless given")
]
Work = Annotated[Path, typer.Option(help="Where an interrupted round goes on from, and rendered views are kept")]
Models = Annotated[Path, typer.Option(help="The candidate becomes a folder in this one")]
Runs = Annotated[Path, typer.Option(help="MLflow's folder of runs")]


def train_round(
    *,
    labels: Labels,
    champion: Champion = None,
    start: Start = None,
    models: Models = Path("var/models"),
    work: Work = Path("var/training/rounds"),
    runs: Runs = Path("var/mlflow"),
    when_new: Annotated[
        int, typer.Option(help="Do nothing unless there are so many labels that the champion's round had not seen")
    ] = 0,
    seed: int = 0,
    embedder_steps: Annotated[int, typer.Option(min=0, help="0 leaves the embedder as it is")] = 200,
    rehearsed_brands: Annotated[
        int, typer.Option(min=1, help="Brands whose drawn views the embedder sees again")
    ] = 400,
    verifier_steps: Annotated[int, typer.Option(min=0, help="Of the network; its head learns always")] = 0,
    standing_pairs: Annotated[int, typer.Option(min=1, help="Drawn pairs that the verifier sees again")] = 3000,
    head_pairs: Annotated[int, typer.Option(min=1, help="Drawn pairs that verdicts are calibrated on")] = 4800,
    thresholds: Annotated[bool, typer.Option(help="Choose the thresholds anew, on development photos")] = True,
    believe: Annotated[
        bool, typer.Option(help="Count labels by weight and soft target; else take complaints at their word")
    ] = True,
) -> None:
    """Fine-tune the champion, or `--start`, on labels and drawn marks; the last line is the candidate's folder.

    The same command goes on where it was interrupted.
    """
    from model.bundle import BundleRejected
    from model.released import bundle_folder
    from training.calibration.scans import ThresholdSettings
    from training.refusals import DataMissing
    from training.round.card import new_labels
    from training.round.labels import LabelsMissing, read_labels
    from training.round.run import run_round
    from training.round.settings import Places, RoundSettings
    from training.synthesis.logos import fetch_packages

    from_bundle = champion or bundle_folder()
    try:
        found = new_labels(from_bundle, read_labels(labels).labels)
        if found < when_new:
            typer.echo(f"not due: {found} new labels, {when_new} make a round")
            return
        settings = RoundSettings(
            seed=seed,
            believe=believe,
            embedder_steps=embedder_steps,
            rehearsed_brands=rehearsed_brands,
            verifier_steps=verifier_steps,
            standing_pairs=standing_pairs,
            head_pairs=head_pairs,
            thresholds=ThresholdSettings() if thresholds else None,
        )
        places = Places(
            champion=from_bundle,
            labels=labels,
            logos=fetch_packages(),
            models=models,
            work=work,
            runs=runs,
            start=start,
        )
        candidate = run_round(places, settings=settings, progress=bar, report=out.print)
    except (BundleRejected, DataMissing, FileNotFoundError, LabelsMissing) as error:
        _fail(str(error))
    typer.echo(str(candidate))


def evaluate_candidate(
    candidate: Annotated[Path, typer.Argument(help="Folder of the candidate")],
    *,
    champion: Champion = None,
    labels: Annotated[
        Path | None, typer.Option(help="Folder that `hallmark labels export` wrote: hold-out and blind tests")
    ] = None,
    scans: Annotated[int, typer.Option(help="Whole photos through the service; 0 leaves them out")] = 240,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report itself")] = False,
) -> None:
    """Compare a candidate with the champion on the same pictures; the report lies in the candidate's folder."""
    from client.service import ServiceFailed
    from model.bundle import BundleRejected
    from model.released import bundle_folder
    from training.refusals import DataMissing
    from training.round.comparison import Pictures, compare
    from training.round.frozen import FrozenSizes, frozen_sets
    from training.round.labels import LabelsMissing
    from training.round.scans import scan_set
    from training.synthesis.logos import fetch_packages, load_logos

    logos = load_logos(fetch_packages())
    try:
        frozen = frozen_sets(logos, sizes=FrozenSizes())
        pictures = Pictures(frozen, labels=labels, scans=scan_set(logos, photos=scans) if scans else None)
        report = compare(candidate, champion or bundle_folder(), pictures=pictures, progress=bar)
    except (BundleRejected, DataMissing, LabelsMissing, ServiceFailed) as error:
        _fail(str(error))
    if as_json:
        typer.echo(json.dumps(report))
    else:
        out.print(_drawn(report))


def _drawn(report: dict[str, Any]) -> Table:
    table = Table("", "candidate", "champion", "difference", "units", title=f"{report['candidate']['name']}, 95 %")
    for name, found in {**report["frozen"], **report["labels"]}.items():
        scores = (_with_interval(found[figure]) for figure in ("candidate", "champion"))
        table.add_row(name, *scores, _with_interval(found["difference"], sign="+"), str(found["units"]))
    return table


def _with_interval(figure: dict[str, float], *, sign: Literal["", "+"] = "") -> str:
    value, low, high = (f"{figure[name]:{sign}.4f}" for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def _fail(message: str) -> NoReturn:
    typer.echo(f"hallmark: {message}", err=True)
    raise typer.Exit(1)
