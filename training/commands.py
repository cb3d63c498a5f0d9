"""What training adds to the `hallmark` command: `hallmark train …` and `hallmark evaluate …`."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from training.evaluation.commands import evaluate
from training.refusals import DataMissing, RefusingCommands
from training.round.commands import train_round
from training.terminal import bar, out

train = typer.Typer(
    cls=RefusingCommands, no_args_is_help=True, help="Draw data, train the networks and write a model bundle."
)

train.command("round")(train_round)


def register(app: typer.Typer) -> None:
    """Add the commands, where the training extra is installed."""
    if importlib.util.find_spec("torch") is None:
        return
    app.add_typer(train, name="train")
    app.add_typer(evaluate, name="evaluate")


Folder = Annotated[Path, typer.Option(help="Where data, checkpoints and logs of the training lie")]
Bundle = Annotated[Path, typer.Option(help="Folder of the model bundle that is written")]
Start = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="Weights (.fp16.npz) of an earlier release to begin from, instead of ImageNet's",
    ),
]
WORK = Path("var/training")
NEW_BUNDLE = Path("var/models/candidate")


def _complete(bundle: Path) -> None:
    """Write the manifest of a bundle all of whose files are there: one of them is another now."""
    from model.bundle import FILES, write_manifest

    if all((bundle / name).is_file() for name in FILES):
        write_manifest(bundle)


def _written(bundle: Path, network: str) -> Path:
    """The file of a network that an earlier command wrote. Raises `DataMissing`."""
    path = bundle / f"{network}.onnx"
    if not path.is_file():
        raise DataMissing(
            f"{path} is not there: run `hallmark train {network} --bundle {bundle}` first, or copy it there"
        )
    return path


def _ask_for_all(bundle: Path, *, but: str) -> None:
    """Raise `DataMissing` where a file of the bundle is not there, `but` for the one that is to be written."""
    from model.bundle import FILES

    missing = [name for name in FILES if name != but and not (bundle / name).is_file()]
    if missing:
        raise DataMissing(
            f"{bundle} lacks {', '.join(missing)}: run the commands that write them first (`hallmark train --help`), "
            "or copy them there"
        )


@train.command()
def logos() -> None:
    """Take the packages of genuine vector logos with npm."""
    from training.synthesis.logos import fetch_packages, load_logos

    folder = fetch_packages()
    out.print(f"{len(load_logos(folder))} drawings in {folder}")


@train.command()
def gallery(path: Annotated[Path, typer.Argument(help="PNG file to write")], seed: int = 0) -> None:
    """Draw samples of smears, imitations and innocent variants on one sheet."""
    from training.edits.sheet import draw_sheet

    draw_sheet(path, seed=seed)
    out.print(f"wrote {path}")


@train.command()
def embedder(
    *,
    folder: Folder = WORK / "embedder",
    bundle: Bundle = NEW_BUNDLE,
    start: Start = None,
    steps: Annotated[int | None, typer.Option(min=1, help="1,500 from ImageNet's weights on, 650 with --start")] = None,
    seed: int = 0,
    share: Annotated[float, typer.Option(help="With --start: of the way to what was learnt, what is released")] = 0.5,
) -> None:
    """Render views, train the embedder on them and write it; goes on where it was interrupted."""
    from model.networks.weights import go_part_way
    from training.embedder.release import release
    from training.embedder.train import Settings, trained_network
    from training.embedder.train import train as train_network
    from training.embedder.views import Plan, Views, planned_views, render_views
    from training.synthesis.grounds import Backgrounds, data_folder
    from training.synthesis.logos import fetch_packages, load_logos
    from training.synthesis.products import goods_for_the_embedder

    drawings, products, plan = load_logos(fetch_packages()), goods_for_the_embedder(data_folder()), Plan(seed=seed)
    if not products:
        out.print(f"no goods in {data_folder().resolve()}: it learns from logos alone; HALLMARK_DATA names the folder")
    total = len(planned_views(plan, logos=drawings, products=products))
    backgrounds = Backgrounds.found_in(data_folder())
    rendered = render_views(folder / "views", plan=plan, logos=drawings, products=products, backgrounds=backgrounds)
    for _ in bar(rendered, total, "rendering"):
        pass
    views, checkpoint = Views(folder / "views"), folder / "checkpoint.pt"
    settings = Settings.learning_on(seed=seed) if start else Settings(seed=seed)
    settings = replace(settings, steps=steps or settings.steps)
    for progress in train_network(views, checkpoint=checkpoint, settings=settings, start=start):
        if progress.step % 10 == 0 or progress.development:
            out.print(
                f"step {progress.step}/{settings.steps} loss {progress.loss:.3f} positives {progress.positive:.3f} "
                f"nearest negative {progress.nearest_negative:.3f} {progress.development or ''}"
            )
    learnt = trained_network(checkpoint)
    if start:
        go_part_way(learnt, start, share=share)
    out.print(release(learnt, views=views, folder=bundle))


@train.command()
def detector(
    *, folder: Folder = WORK / "detector", bundle: Bundle = NEW_BUNDLE, start: Start = None, seed: int = 1
) -> None:
    """Draw scenes, train the detector on them and write it; goes on where it was interrupted."""
    from training.detector.release import export_detector
    from training.detector.train import DetectorTraining, train_detector
    from training.synthesis.grounds import data_folder
    from training.synthesis.logos import fetch_packages
    from training.synthesis.wordmarks import fetch_fonts

    logos, fonts = fetch_packages(), tuple(fetch_fonts())
    settings = DetectorTraining(folder=folder, data=data_folder(), logos=logos, fonts=fonts, start=start, seed=seed)
    train_detector(settings, progress=bar, report=out.print)
    out.print(export_detector(folder, bundle / "detector.onnx", report=out.print))


@train.command()
def tampering(
    *,
    folder: Folder = WORK / "tampering",
    scenes: Annotated[Path, typer.Option(help="Where `hallmark train detector` left its scenes")] = WORK / "detector",
    bundle: Bundle = NEW_BUNDLE,
    start: Start = None,
    steps: Annotated[int, typer.Option(min=1)] = 4000,
    seed: int = 0,
    share: Annotated[float, typer.Option(help="With --start: of the way to what was learnt, what is released")] = 0.5,
) -> None:
    """Train the network that sees tampered places, from the bundle's detector and on its scenes, and write it."""
    from model.detector import Detector
    from training.detector.data import SceneStore
    from training.synthesis.graphics import Graphics
    from training.synthesis.logos import fetch_packages, load_logos, split_of
    from training.synthesis.scenes import Sources
    from training.tampering.photos import photos_to_tamper
    from training.tampering.train import TamperingTraining, export_tampering, train_tampering

    detector, checkpoint = Detector(_written(bundle, "detector")), folder / "checkpoint.pt"
    drawings = load_logos(fetch_packages())

    def sources(split: Literal["train", "dev"]) -> Sources:
        own = [logo for logo in drawings if split_of(logo.brand) == split]
        real, drawn = photos_to_tamper(detector.detect, split=split, progress=bar), SceneStore.opened(scenes / split)
        return [(real, 0.4), (drawn, 0.35), (Graphics(own, count=2000, seed=seed), 0.25)]

    train_sources, dev_sources = sources("train"), sources("dev")
    figures = train_tampering(
        train_sources,
        dev_sources,
        checkpoint=checkpoint,
        detector=bundle / "detector.fp16.npz",
        settings=TamperingTraining(steps=steps, seed=seed),
        report=out.print,
        start=start,
    )
    off = export_tampering(checkpoint, bundle / "tampering.onnx", sources=train_sources, start=start, share=share)
    out.print(f"{figures}, off torch by {off:.2g}")


@train.command()
def verifier(
    *,
    folder: Folder = WORK / "verifier",
    bundle: Bundle = NEW_BUNDLE,
    start: Start = None,
    seed: int = 1,
    refit: Annotated[bool, typer.Option("--refit", help="Only fit the head to the bundle's networks anew")] = False,
    smears: Annotated[
        bool, typer.Option("--smears", help="Only fit anew what tells smears, in a whole bundle")
    ] = False,
) -> None:
    """Draw pairs, train the verifier and fit it to the bundle's embedder and to its network of tampered places.

    It goes on where it was interrupted.
    """
    from model.bundle import write_manifest
    from model.detector import Detector
    from model.embedder import Embedder
    from training.synthesis.logos import fetch_packages
    from training.verifier.material import Search
    from training.verifier.release import refit_head, refit_smears, release_verifier
    from training.verifier.wording import fit_wording

    embed, logos = Embedder(_written(bundle, "embedder")).embed, fetch_packages()
    search = Search(embed, Detector(_written(bundle, "detector")).likeliest)
    if smears:
        refit_smears(bundle, logos=logos, search=search, seed=seed, report=out.print)
        write_manifest(bundle)
        return
    if refit:
        refit_head(bundle, logos=logos, search=search, seed=seed, report=out.print)
    else:
        release_verifier(bundle, work=folder, logos=logos, search=search, seed=seed, report=out.print, start=start)
    fit_wording(bundle, embed=embed, seed=seed, report=out.print)
    _complete(bundle)


@train.command("close-look")
def close_look(
    *,
    folder: Folder = WORK / "close_look",
    bundle: Bundle = NEW_BUNDLE,
    start: Start = None,
    seed: int = 1,
    pairs: Annotated[int | None, typer.Option(min=400, help="Drawn ones; 17400, or 3600 to fit the word")] = None,
    found_pairs: Annotated[int | None, typer.Option(min=0, help="Real ones; 8400, or 1200 to fit the word")] = None,
    weigh: Annotated[bool, typer.Option("--weigh", help="Only fit what its word is worth in the bundle anew")] = False,
) -> None:
    """Draw pairs, train the network that looks closely at a mark, and fit what its word is worth; after the verifier.

    It goes on where it was interrupted.
    """
    from model.embedder import Embedder
    from training.synthesis.logos import fetch_packages
    from training.verifier.close_look import LEARNT_FROM, WEIGHED_ON, release_close_look, weigh_close_look_anew
    from training.verifier.material import Counts

    embed, logos = Embedder(_written(bundle, "embedder")).embed, fetch_packages()
    usual = WEIGHED_ON if weigh else LEARNT_FROM
    counts = Counts(usual.drawn if pairs is None else pairs, usual.found if found_pairs is None else found_pairs)
    if weigh:
        weigh_close_look_anew(bundle, logos=logos, embed=embed, seed=seed, report=out.print, counts=counts)
    else:
        release_close_look(
            bundle, work=folder, logos=logos, embed=embed, seed=seed, report=out.print, start=start, counts=counts
        )
    _complete(bundle)


class BundleNetwork(StrEnum):
    """What `hallmark train export` can write alone."""

    detector = "detector"
    embedder = "embedder"
    tampering = "tampering"
    verifier = "verifier"
    close_look = "close-look"


@train.command()
def export(
    start: Annotated[Path, typer.Argument(help="Folder of the model bundle whose networks are written anew")],
    *,
    bundle: Bundle = NEW_BUNDLE,
    network: Annotated[
        list[BundleNetwork] | None, typer.Option(help="Only this, all else as it is; may be repeated")
    ] = None,
    seed: int = 0,
) -> None:
    """Write a bundle's networks anew from its weights, after the way in which they are written has changed."""
    from training.export import export_networks
    from training.synthesis.logos import fetch_packages

    try:
        export_networks(start, bundle, logos=fetch_packages(), seed=seed, networks=network or ())
    except (FileExistsError, FileNotFoundError) as error:
        typer.echo(f"hallmark: {error}", err=True)
        raise typer.Exit(1) from error
    out.print(f"wrote {bundle}")


@train.command()
def wording(*, bundle: Bundle = NEW_BUNDLE, seed: int = 1) -> None:
    """Fit what reading the words of a mark says of an imitation, on wordmarks in many typefaces."""
    from model.bundle import write_manifest
    from model.embedder import Embedder
    from training.verifier.wording import fit_wording

    fit_wording(bundle, embed=Embedder(_written(bundle, "embedder")).embed, seed=seed, report=out.print)
    write_manifest(bundle)


@train.command()
def cohort(path: Annotated[Path, typer.Argument(help="Folder to write")] = Path("model/cohort")) -> None:
    """Draw the marks that stand in for other brands' where few are registered."""
    from training.cohort import draw_cohort
    from training.synthesis.logos import fetch_packages, load_logos

    out.print(f"wrote {draw_cohort(path, logos=load_logos(fetch_packages()))} marks into {path}")


@train.command()
def thresholds(
    *,
    folder: Folder = WORK / "thresholds",
    bundle: Bundle = NEW_BUNDLE,
    most_false: Annotated[float, typer.Option(help="Share of photos without a mark that may get a finding")] = 0.02,
    keep_kinds: Annotated[
        bool, typer.Option("--keep-kinds", help="Leave what divides the kinds, where only the embedder is another")
    ] = False,
) -> None:
    """Choose the bundle's thresholds on development photos and complete the bundle."""
    from training.calibration.scans import ThresholdSettings
    from training.calibration.thresholds import tune_thresholds
    from training.synthesis.logos import fetch_packages, load_logos

    _ask_for_all(bundle, but="" if keep_kinds else "calibration.json")
    settings = ThresholdSettings(most_false=most_false, keeps_kinds=keep_kinds)
    logos = load_logos(fetch_packages())
    figures = tune_thresholds(bundle, logos=logos, settings=settings, kept=folder, progress=bar)
    typer.echo(json.dumps(figures))


@train.command()
def copies(
    *,
    references: Annotated[int, typer.Option(min=20, help="Product photos that are drawn")] = 1100,
    seed: int = 0,
    bundle: Bundle = NEW_BUNDLE,
) -> None:
    """Fit how a copied product photo is told from another shot of a like product."""
    from training.copied_photos import CopySettings, fit_copies

    settings = CopySettings(references=references, seed=seed)
    figures = fit_copies(bundle / "photo_copy.json", settings=settings, progress=bar)
    _complete(bundle)
    typer.echo(json.dumps(figures))


@train.command()
def places(
    *,
    products: Annotated[int, typer.Option(help="Product photos that are drawn")] = 2000,
    seed: int = 0,
    bundle: Bundle = NEW_BUNDLE,
) -> None:
    """Fit how a logo's place in a copied product photo is told to be wiped; after `hallmark train copies`."""
    from model.detector import Detector
    from model.embedder import Embedder
    from model.photo_copy import load_copy_weights
    from training.logo_places import PlaceSettings, fit_places
    from training.synthesis.logos import fetch_packages, load_logos

    detector = Detector(_written(bundle, "detector"))
    settings = PlaceSettings(products=products, seed=seed)
    logos = load_logos(fetch_packages())
    figures = fit_places(
        bundle / "wiped_places.json",
        detector=detector,
        embedder=Embedder(_written(bundle, "embedder")),
        photo_copy=load_copy_weights(bundle / "photo_copy.json"),
        logos=logos,
        settings=settings,
        progress=bar,
    )
    _complete(bundle)
    typer.echo(json.dumps(figures))


@train.command("bundle")
def whole_bundle(*, folder: Folder = WORK, bundle: Bundle = NEW_BUNDLE, seed: int = 0) -> None:
    """Every step of a new bundle in its order, from the seed to the files; goes on where it was interrupted."""
    from training.in_order import train_in_order

    scenes = folder / "detector"
    steps = {
        "detector": lambda: detector(folder=scenes, bundle=bundle, seed=seed),
        "embedder": lambda: embedder(folder=folder / "embedder", bundle=bundle, seed=seed),
        "tampering": lambda: tampering(folder=folder / "tampering", scenes=scenes, bundle=bundle, seed=seed),
        "verifier": lambda: verifier(folder=folder / "verifier", bundle=bundle, seed=seed),
        "close look": lambda: close_look(folder=folder / "close_look", bundle=bundle, seed=seed),
        "copies": lambda: copies(bundle=bundle, seed=seed),
        "places": lambda: places(bundle=bundle, seed=seed),
        "thresholds": lambda: thresholds(folder=folder / "thresholds", bundle=bundle),
    }
    described: dict[str, str | int] = {"bundle": str(bundle), "seed": seed}
    train_in_order(steps, made=bundle, record=folder / "bundle.json", described=described, report=out.print)
    out.print(f"wrote {bundle}")
