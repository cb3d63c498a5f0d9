"""A marketplace that learns: rounds of sales, judgements, complaints and training, through the API and the round.

Sellers offer genuine goods and fakes; from the second round on most fakes are of kinds that no model was fitted to.
Rights holders complain of what is pushed to them, and show what they find by themselves as fake traits. They are
careful or careless, or malicious: those accuse everybody. After each round the labels are exported, `training.round`
makes a candidate, and it is promoted unless it loses on a frozen set. The marketplace is run once with honest rights
holders only, and once with malicious ones, whose model is also trained a second way: everybody who accuses is taken
at its word.

The recall is that of the new kinds, at 1 % of genuine marks accused, on pictures that nobody sold. Marks, grounds and
edits are drawn; the models are thrown away, so nothing that is reported elsewhere is learnt from.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from benchmarks.marketplace import Figures, Marketplace
from client.service import Service, command, environment, running_service
from model.alignment import prepare_reference
from model.bundle import bundle_folder, load_bundle
from training.evaluation.verdict_cases import without_margin
from training.evaluation.verdicts import true_positive_rate
from training.round.comparison import Pictures, compare
from training.round.frozen import TAMPERED, FrozenSizes, VerdictSet
from training.round.run import run_round
from training.round.settings import Places, RoundSettings
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, load_logos, split_of
from training.verifier.pairs import clean_reference, draw_pair

EXAMINED_SEED = 4_711
FALSE_FINDINGS = 0.01
console = Console()


@dataclass(frozen=True)
class Size:
    """How much is simulated and trained."""

    rounds: int
    brands: int
    malicious: int
    listings_each: int
    examined_each: int
    training: RoundSettings
    frozen: FrozenSizes


FULL = Size(
    rounds=5, brands=12, malicious=3, listings_each=40, examined_each=24,
    training=RoundSettings(
        embedder_steps=0, verifier_steps=200, standing_pairs=800, head_pairs=1000, thresholds=None
    ),
    frozen=FrozenSizes(brands=60, photos_per_brand=1, pairs=200),
)  # fmt: skip
QUICK = Size(
    rounds=2, brands=3, malicious=0, listings_each=3, examined_each=4,
    training=RoundSettings(embedder_steps=0, verifier_steps=3, standing_pairs=24, head_pairs=60, thresholds=None),
    frozen=FrozenSizes(brands=4, photos_per_brand=1, pairs=12),
)  # fmt: skip


@dataclass
class Course:
    """What a marketplace went through: recalls begin with the first model's, before any round."""

    recalls: list[float]
    figures: list[Figures]
    credit_correlation: float
    at_their_word: float | None


def main() -> None:
    """Run the marketplaces and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two small rounds of honest rights holders")
    size = QUICK if parser.parse_args().quick else FULL
    logos = [logo for logo in load_logos(None) if split_of(logo.brand) == "dev"][::3][: size.brands]
    with tempfile.TemporaryDirectory(prefix="hallmark-loop-") as folder:
        clean = run_marketplace(Path(folder) / "clean", logos, size=replace(size, malicious=0))
        dirty = run_marketplace(Path(folder) / "malicious", logos, size=size) if size.malicious else None
    figures: dict[str, Any] = {
        "recall_first": clean.recalls[0],
        "recall_last": clean.recalls[-1],
        "credit_rank_correlation": (dirty or clean).credit_correlation,
        "malicious_gap_points": None,
        "unweighted_gap_points": None,
        "proactive_to_reactive": clean.figures[-1].proactive_to_reactive,
        "rounds": size.rounds,
    }
    if dirty is not None and dirty.at_their_word is not None:
        figures["malicious_gap_points"] = 100 * (clean.recalls[-1] - dirty.recalls[-1])
        figures["unweighted_gap_points"] = 100 * (clean.recalls[-1] - dirty.at_their_word)
        accused = sum(one.false_accusations for one in dirty.figures)
        figures["malicious_share"] = accused / max(sum(one.labels_wanted for one in dirty.figures), 1)
    print(json.dumps({key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}))


def run_marketplace(folder: Path, logos: list[Logo], *, size: Size) -> Course:
    """Rounds of sales and training on a service of their own."""
    examined = new_attacks(logos, each=size.examined_each)
    champion = at_their_word = bundle_folder()
    recalls, figures = [recall(champion, examined)], []
    with running_service(folder / "home") as service:
        market = Marketplace(service, logos, brands=size.brands, malicious=size.malicious, seed=1)
        for number in range(1, size.rounds + 1):
            figures.append(market.trade(listings_each=size.listings_each, new_attacks=number > 1))
            labels = folder / f"labels-{number}"
            hallmark(service, "labels", "export", str(labels))
            candidate = trained(champion, labels, folder=folder / "models", settings=size.training)
            compare(
                candidate, champion, pictures=Pictures(logos=None, labels=labels, sizes=size.frozen, scans=0),
                progress=quietly,
            )  # fmt: skip
            promoted = hallmark(service, "model", "promote", str(candidate), may_be_refused=True)
            champion = candidate if promoted else champion
            if size.malicious:
                naive = replace(size.training, believe=False)
                at_their_word = trained(at_their_word, labels, folder=folder / "at-their-word", settings=naive)
            recalls.append(recall(champion, examined))
            credit = rank_correlation(market.credits())
            show(folder.name, number, figures[-1], recalls[-1], promoted=promoted, credit=credit)
        market.close()
    word = recall(at_their_word, examined) if size.malicious else None
    return Course(recalls, figures, credit, word)


def trained(champion: Path, labels: Path, *, folder: Path, settings: RoundSettings) -> Path:
    """The candidate of a round."""
    places = Places(
        champion=champion, labels=labels, logos=None, models=folder, work=folder / "work", runs=folder / "runs"
    )
    return run_round(places, settings=settings, progress=quietly, report=lambda line: None)


def new_attacks(logos: list[Logo], *, each: int) -> VerdictSet:
    """Genuine marks and fakes of the new kinds, of the marketplace's brands; nobody sells these."""
    rng = np.random.default_rng(EXAMINED_SEED)
    pairs = []
    for place in range(len(logos)):
        for label in (*TAMPERED, "genuine", "genuine"):
            for _ in range(each // 2):
                try:
                    drawn = draw_pair(logos, place, label=label, rng=rng, backgrounds=Backgrounds(), unseen=True)
                except ValueError:  # the mark does not offer the imitation
                    continue
                pairs.append(drawn)
    pictures = [clean_reference(logo) for logo in logos]
    return VerdictSet(
        [pair.region for pair in pairs],
        [without_margin(pair.region) for pair in pairs],
        pictures,
        [prepare_reference(picture) for picture in pictures],
        np.array([pair.reference for pair in pairs], np.intp),
        np.array([pair.label in TAMPERED for pair in pairs], np.float64),
    )


def recall(bundle: Path, examined: VerdictSet) -> float:
    """Share of the fakes above all but 1 % of the genuine marks."""
    tampered = examined.tampered(load_bundle(bundle))
    fakes, genuine = tampered[examined.truth > 0.5], tampered[examined.truth <= 0.5]
    return true_positive_rate(fakes, genuine, false_positive_rate=FALSE_FINDINGS)


def rank_correlation(credits_and_honesty: list[tuple[float, float]]) -> float:
    """Spearman's, of credit and true honesty."""
    return float(spearmanr(*zip(*credits_and_honesty, strict=True)).statistic)


def hallmark(service: Service, *arguments: str, may_be_refused: bool = False) -> bool:
    """Run a command beside the service; whether it was done."""
    done = subprocess.run(
        [command(), *arguments], env=environment(service.home), capture_output=True, text=True, check=False
    )
    if done.returncode != 0 and not (may_be_refused and "refused:" in done.stderr):
        raise RuntimeError(f"hallmark {' '.join(arguments)}: {done.stderr}")
    return done.returncode == 0


def show(market: str, number: int, figures: Figures, found: float, *, promoted: bool, credit: float) -> None:
    """Print a round."""
    table = Table(title=f"{market}, round {number}", title_justify="left")
    for name in ("listings", "pushed", "precision", "proactive : reactive", "recall of new kinds", "credit ~ honesty"):
        table.add_column(name)
    table.add_row(
        str(figures.listings), str(figures.pushed), f"{figures.precision:.2f}", f"{figures.proactive_to_reactive:.2f}",
        f"{found:.3f}" + ("" if promoted else " (refused)"), f"{credit:.2f}",
    )  # fmt: skip
    console.print(table)


def quietly(items: Iterable[Any], total: int, description: str) -> Iterable[Any]:
    """No bars."""
    return items


if __name__ == "__main__":
    main()
