"""The round, from champion and labels to a candidate: embedder, verifier, head, thresholds, card.

A stage that is done is noted in the round's folder and not done again, so that an interrupted round goes on when the
same command is given again. The candidate appears whole, under a name that tells what went into it.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.bundle import verify_manifest, write_manifest
from model.embedder import Embedder
from model.networks.embedder import INPUT_SIZE
from model.verifier import VerdictHead, VerifierRuntime
from model.whole_files import write_whole
from training.calibration.thresholds import tune_thresholds
from training.embedder.release import release
from training.embedder.train import Settings as EmbedderSettings
from training.embedder.train import train as train_embedder
from training.embedder.train import trained_network
from training.embedder.views import Plan, Views, planned_views, render_views
from training.evaluation.provenance import commit
from training.evaluation.report import Progress
from training.round.card import CARD, RECORD, write_card
from training.round.embedder import LabelViews
from training.round.head import Answers, teach_smears
from training.round.judge import Judge
from training.round.labels import LabelSet, divided, read_labels
from training.round.settings import Places, RoundSettings, plain, round_name
from training.round.standing import fingerprint_of, head_frames, sampled_logos, sampled_products, standing_frames
from training.round.teaching import Taught, label_rows, similarities, taught
from training.round.tracking import Run
from training.round.verifier import VerifierRecipe, fine_tune_verifier
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, load_logos, split_of
from training.synthesis.products import goods_for_the_embedder
from training.verifier.head import fit_head
from training.verifier.release import (
    CALIBRATION,
    NETWORK,
    export_judge,
)

WEIGHTS = ("embedder.fp16.npz", "verifier.fp16.npz")
"""What the networks go on from."""

LABEL_PAIRS = 8
"""Pairs of region and reference beside the drawn views of each of the embedder's batches, at most."""

EMBEDDER_REPEATS = 60.0
"""How often a label that is wholly believed is repeated."""

Metrics = dict[str, float]


@dataclass(frozen=True, slots=True)
class Material:
    """What every stage reads."""

    places: Places
    settings: RoundSettings
    draft: Path
    labels: LabelSet
    taught: Taught
    logos: list[Logo]
    backgrounds: Backgrounds
    standing: str
    progress: Progress


def run_round(places: Places, *, settings: RoundSettings, progress: Progress, report: Callable[[str], None]) -> Path:
    """Make a candidate; returns its folder. One that is there already is returned at once.

    Raises `BundleRejected` or `FileNotFoundError` when the champion is not whole, `LabelsMissing`, and what the stages
    raise (`DataMissing` where the thresholds need photos that are not there).
    """
    verify_manifest(places.champion)
    verify_manifest(places.begun_from)
    for name in WEIGHTS:
        if not (places.begun_from / name).is_file():
            raise FileNotFoundError(
                f"{places.begun_from / name} is missing: a round goes on from a bundle with its weights"
            )
    labels = read_labels(places.labels)
    logos, backgrounds = load_logos(places.logos), Backgrounds.found_in(data_folder())
    standing = fingerprint_of(logos, backgrounds)
    identity = {
        "champion": _manifest(places.champion),
        "start": _manifest(places.begun_from),
        "labels": labels.fingerprint,
        "standing": standing,
        "settings": plain(settings),
    }
    name = round_name(places.champion.name, identity)
    if (places.models / name).is_dir():
        return places.models / name
    folder = places.work / name
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(places.runs, name=name, kept=folder / "run")
    run.note_params({"champion": places.champion.name, "labels": labels.fingerprint, **plain(settings)})
    try:
        _begin(places.begun_from, folder / "draft")
        ready = _taught(places.begun_from, labels, believe=settings.believe)
        material = Material(places, settings, folder / "draft", labels, ready, logos, backgrounds, standing, progress)
        stages = _Stages(folder / "stages.json", run=run, report=report)
        report(f"{name}: {len(material.taught)} labels teach, worth {material.taught.worth:.1f}")
        for stage in (_embedder, _verifier, _head, _thresholds):
            stages.once(stage.__name__.lstrip("_"), lambda stage=stage: stage(material))  # type: ignore[misc]
        candidate = _finish(material, name=name, identity=identity, metrics=stages.metrics)
    except BaseException:
        run.end(bundle=None)
        raise
    run.end(bundle=candidate)
    shutil.rmtree(folder)
    return candidate


class _Stages:
    """What is done of a round, with what was measured; the file is replaced whole."""

    def __init__(self, path: Path, *, run: Run, report: Callable[[str], None]) -> None:
        self._path = path
        self._run = run
        self._report = report
        self.metrics: dict[str, Metrics] = json.loads(path.read_text()) if path.is_file() else {}

    def once(self, name: str, work: Callable[[], Metrics]) -> None:
        """Do the stage unless it is done."""
        if name in self.metrics:
            return
        began = time.monotonic()
        found = work()
        self.metrics[name] = {**found, "seconds": round(time.monotonic() - began, 1)}
        write_whole(self._path, json.dumps(self.metrics))
        self._run.note_metrics(name, self.metrics[name])
        self._report(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in self.metrics[name].items()))


def _manifest(bundle: Path) -> str:
    """The SHA-256 of the bundle's manifest, which tells of all its files."""
    return hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()


def _begin(start: Path, draft: Path) -> None:
    """Every file is that of the bundle `start` until a stage replaces it."""
    if not draft.is_dir():
        beside = draft.with_suffix(".part")
        shutil.rmtree(beside, ignore_errors=True)
        shutil.copytree(start, beside, ignore=shutil.ignore_patterns(RECORD, CARD, "evaluation.json"))
        beside.rename(draft)


def _taught(start: Path, labels: LabelSet, *, believe: bool) -> Taught:
    head = VerdictHead(json.loads((start / CALIBRATION).read_text())["head"])
    return taught(
        labels, divided(labels.labels).teaching, runtime=VerifierRuntime(start / NETWORK), head=head,
        embed=Embedder(start / "embedder.onnx").embed, believe=believe,
    )  # fmt: skip


def _embedder(material: Material) -> Metrics:
    """Fine-tune and export the embedder; goes on from its checkpoint."""
    settings = material.settings
    if settings.embedder_steps == 0:
        return {}
    views = _views(material)
    products = {view.group for view in views.views if view.style == "product" and view.split == "train"}
    garments = {view.group for view in views.views if view.style == "garment" and view.split == "train"}
    brands = {view.group for view in views.views if view.style == "photo" and view.split == "train"}
    recipe = EmbedderSettings(
        seed=settings.seed,
        steps=settings.embedder_steps,
        brands=min(36, len(brands)),
        products=min(4, len(products)),
        garments=min(4, len(garments)),
        body_rate=2e-5,
        head_rate=6e-5,
        warm_up_steps=min(20, settings.embedder_steps),
        evaluate_every=max(50, settings.embedder_steps // 4),
        rivals_from=0,
    )
    worth, steps = material.taught.worth, settings.embedder_steps
    pairs = math.ceil(label_rows(steps * LABEL_PAIRS, worth, share=1.0, repeats=EMBEDDER_REPEATS) / steps)
    real = LabelViews(material.labels, material.taught, pairs=pairs, size=INPUT_SIZE) if pairs else None
    checkpoint = material.draft.with_name("embedder.pt")
    told = train_embedder(
        views, checkpoint=checkpoint, settings=recipe, start=material.places.begun_from / WEIGHTS[0], real=real
    )
    figures: Metrics = {}
    for step in material.progress(told, steps, "embedder"):
        figures = {"loss": step.loss, **(step.development or {})}
    made = release(trained_network(checkpoint), views=views, folder=material.draft)
    return {**figures, "int8_cosine": made.int8_cosine, "label_pairs": pairs}


def _views(material: Material) -> Views:
    """Drawn views of a sample of brands and products; rendered once for all rounds of one seed and size."""
    settings, folder = material.settings, material.places.work
    logos = [logo for logo in material.logos if split_of(logo.brand) != "held_out"]
    logos = sampled_logos(logos, brands=settings.rehearsed_brands, seed=settings.seed)
    products = sampled_products(
        goods_for_the_embedder(data_folder()), count=settings.rehearsed_products, seed=settings.seed
    )
    plan = Plan(seed=settings.seed, photos_per_brand=4, views_per_product_photo=2, views_per_garment=2)
    planned = planned_views(plan, logos=logos, products=products)
    digest = hashlib.sha256(repr((plan, planned)).encode()).hexdigest()[:12]
    folder = folder / f"views-{digest}"
    rendered = render_views(folder, plan=plan, logos=logos, products=products, backgrounds=material.backgrounds)
    for _ in material.progress(rendered, len(planned), "rendering"):
        pass
    return Views(folder)


def _verifier(material: Material) -> Metrics:
    """Fine-tune and export the verifier's network."""
    settings = material.settings
    if settings.verifier_steps == 0:
        return {}
    standing = standing_frames(
        material.logos, count=settings.standing_pairs, seed=settings.seed, backgrounds=material.backgrounds,
        runtime=VerifierRuntime(material.places.begun_from / NETWORK),
        kept=_kept(material, "standing", settings.standing_pairs, files=("aligner.onnx",)),
    )  # fmt: skip
    recipe = VerifierRecipe(seed=settings.seed, steps=settings.verifier_steps)
    network, loss = fine_tune_verifier(
        material.places.begun_from / WEIGHTS[1], standing=standing, taught=material.taught, recipe=recipe,
        progress=lambda items: material.progress(items, settings.verifier_steps, "verifier"),
    )  # fmt: skip
    export_judge(material.draft, network)
    return {"loss": loss}


def _head(material: Material) -> Metrics:
    """Teach the head, beside drawn pairs of `dev` brands; where its networks are new, it is fitted to those first.

    It is taught from what the round began from, whatever a try that was interrupted left in the draft.
    """
    settings, draft, learnt = material.settings, material.draft, material.taught
    embed, judge = Embedder(draft / "embedder.onnx").embed, Judge(draft / NETWORK)
    drawn = head_frames(
        material.logos, count=settings.head_pairs, seed=settings.seed + 1, backgrounds=material.backgrounds,
        runtime=VerifierRuntime(draft / NETWORK), embed=embed,
        kept=_kept(material, "head", settings.head_pairs, files=("aligner.onnx", "embedder.onnx")),
    )  # fmt: skip
    numbers = judge.numbers(drawn.frames, drawn.similarity)
    calibration = json.loads((material.places.begun_from / CALIBRATION).read_text(encoding="utf-8"))
    head = calibration["head"]
    if settings.embedder_steps or settings.verifier_steps:
        head = fit_head(numbers, drawn.labels, brands=drawn.brands)
    worth = 0.0
    if len(learnt):
        similar = similarities(material.labels, learnt.labels, learnt.pictures, learnt.reference_of, embed=embed)
        seen = judge.numbers(learnt.frames, np.array(similar, np.float32))
        answers = Answers(seen, learnt.infringes, learnt.evened_weights)
        worth = answers.worth_beside(len(numbers))
        head = teach_smears(head, answers, drawn=numbers)
    content = {**calibration, "seed": settings.seed, "head": head}
    write_whole(draft / CALIBRATION, json.dumps(content) + "\n")
    right = VerdictHead(head).probabilities(numbers).argmax(axis=1) == drawn.labels
    return {"pairs": len(right), "labels_count_for": worth, "right": float(right.mean())}


def _kept(material: Material, name: str, count: int, *, files: Sequence[str]) -> Path:
    """Where drawn pairs lie for the next round; the name tells of all that they depend on, the draft's `files` too."""
    digest = hashlib.sha256(f"{material.standing} {count} {material.settings.seed}".encode())
    for file in files:
        digest.update((material.draft / file).read_bytes())
    return material.places.work / f"{name}-{digest.hexdigest()[:12]}.npz"


def _thresholds(material: Material) -> Metrics:
    """Choose the thresholds anew; they are the champion's where the settings say so."""
    if material.settings.thresholds is None:
        return {}
    figures = tune_thresholds(
        material.draft,
        logos=material.logos,
        settings=material.settings.thresholds,
        kept=material.draft.parent,
        progress=material.progress,
    )
    return dict(_flat(figures))


def _flat(figures: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, float]]:
    """The numbers of nested figures, each under the names on its way, of the letters that MLflow takes."""
    for key, value in ((re.sub(r"[^\w .:-]", "", key), value) for key, value in figures.items()):
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}{key} ")
        elif isinstance(value, (int, float)):
            yield f"{name}{key}", float(value)


def _finish(material: Material, *, name: str, identity: dict[str, Any], metrics: dict[str, Metrics]) -> Path:
    """Write manifest, record and card, and put the candidate in its place."""
    draft, examining = material.draft, divided(material.labels.labels).examining
    write_manifest(draft)
    record = {
        "format": 1,
        "name": name,
        "parent": {"name": material.places.champion.name, "manifest": identity["champion"]},
        "start": {"name": material.places.begun_from.name, "manifest": identity["start"]},
        "data": {
            "labels": identity["labels"],
            "standing": identity["standing"],
            "seen": sorted(label.id for label in material.labels.labels),
            "teaching": len(material.taught),
            "worth": round(material.taught.worth, 2),
            "examining": {group: len(found) for group, found in examining.items()},
            "without_reference": material.labels.without_reference,
        },
        "settings": identity["settings"],
        "commit": commit(),
        "metrics": metrics,
    }
    (draft / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    write_card(draft / CARD, record)
    material.places.models.mkdir(parents=True, exist_ok=True)
    candidate = material.places.models / name
    draft.rename(candidate)
    return candidate
