"""`hallmark evaluate …`. The commands import what they need when they run."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model import CHAMPION
from training.refusals import RefusingCommands
from training.round.commands import evaluate_candidate
from training.terminal import bar, out

if TYPE_CHECKING:
    from training.evaluation.report import Report

evaluate = typer.Typer(
    cls=RefusingCommands, no_args_is_help=True, help="Measure the models on real pictures, beside their baselines."
)
evaluate.command("candidate")(evaluate_candidate)

Bundles = Annotated[
    str, typer.Option("--model", help="Name of the model bundle that is measured, or the path of its folder")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object")]


class RecognitionPart(StrEnum):
    """What `hallmark evaluate recognition` can measure alone."""

    whole_photos = "whole-photos"
    crops = "crops"
    references = "references"
    groceries = "groceries"
    copies = "copies"
    detector = "detector"
    latency = "latency"


@evaluate.command()
def recognition(
    *,
    part: Annotated[list[RecognitionPart] | None, typer.Option(help="Measure only this; may be repeated")] = None,
    distractors: Annotated[int, typer.Option(min=0, help="Other brands among the references, at most")] = 2000,
    photos: Annotated[int | None, typer.Option(min=1, help="Use a sample of the photos with marks")] = None,
    clean_photos: Annotated[int | None, typer.Option(min=1, help="Use a sample of the photos without marks")] = None,
    catalogue_photos: Annotated[int | None, typer.Option(min=1, help="Use a sample of the studio photos")] = None,
    model: Bundles = CHAMPION,
    as_json: Json = False,
) -> None:
    """Whole photos through the API, crops, clean references, product photos and the detector, beside baselines."""
    from training.evaluation.recognition import PARTS, RecognitionSettings, evaluate_recognition

    chosen = {one.name for one in part or RecognitionPart}
    settings = RecognitionSettings(
        parts=[one for one in PARTS if one in chosen],
        distractors=distractors,
        photos=photos,
        clean_photos=clean_photos,
        catalogue_photos=catalogue_photos,
        bundle=model,
    )
    _print(evaluate_recognition(settings, progress=bar), as_json=as_json)


class VerdictsPart(StrEnum):
    """What `hallmark evaluate verdicts` can measure alone."""

    smears = "smears"
    known_fakes = "known-fakes"
    imitations = "imitations"
    drawn = "drawn"
    differences = "differences"
    copies = "copies"
    wiped = "wiped"
    shop_photos = "shop-photos"
    clean = "clean"
    latency = "latency"


@evaluate.command()
def verdicts(
    *,
    part: Annotated[list[VerdictsPart] | None, typer.Option(help="Measure only this; may be repeated")] = None,
    photos: Annotated[int | None, typer.Option(min=1, help="Use a sample of the photos with marks")] = None,
    clean_photos: Annotated[int | None, typer.Option(help="Use a sample of each set of clean photos")] = None,
    catalogue_photos: Annotated[int | None, typer.Option(help="Use a sample of the photos that are copied")] = None,
    drawn: Annotated[int, typer.Option(help="Drawn pairs of brands that were not trained on")] = 800,
    model: Bundles = CHAMPION,
    as_json: Json = False,
) -> None:
    """Smears, imitations and copied photos told from genuine ones, and clean photos accused, beside baselines."""
    from training.evaluation.verdict_report import VERDICT_PARTS, VerdictSettings, evaluate_verdicts

    chosen = {one.name for one in part or VerdictsPart}
    settings = VerdictSettings(
        parts=[one for one in VERDICT_PARTS if one in chosen],
        photos=photos,
        clean_photos=clean_photos,
        catalogue_photos=catalogue_photos,
        drawn=drawn,
        bundle=model,
    )
    _print(evaluate_verdicts(settings, progress=bar), as_json=as_json)


@evaluate.command()
def errors(
    out_file: Annotated[Path, typer.Argument(help="The PNG or JPEG to write")],
    *,
    drawn: Annotated[int, typer.Option(help="Drawn pairs of brands that were not trained on")] = 800,
    each: Annotated[int, typer.Option(help="The worst of each kind that are shown")] = 16,
    model: Bundles = CHAMPION,
) -> None:
    """Draw the worst verdicts on drawn marks, to see what goes wrong."""
    from model.bundle import load_bundle
    from model.released import bundle_folder
    from training.evaluation.error_sheet import draw_errors
    from training.evaluation.verdict_cases import drawn_cases
    from training.synthesis.logos import fetch_packages, load_logos

    cases = drawn_cases(load_logos(fetch_packages()), split="held_out", count=drawn)
    shown = draw_errors(out_file, cases, bundle=load_bundle(bundle_folder(model)), each=each, columns=4, progress=bar)
    out.print(f"the {shown} worst of {len(cases.cases)} verdicts: {out_file}")


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report.as_json()))
    else:
        report.print(out)
