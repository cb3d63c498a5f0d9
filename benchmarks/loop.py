"""A marketplace that learns: rounds of sales, judgements, complaints and training, through the API and the round.

Sellers offer genuine goods and fakes; from the second round on most fakes are of kinds that no model was taught. Rights
holders judge what is pushed to them, complain, and show what they find by themselves as fake traits. They are careful
or careless, or malicious: those accuse honest sellers and shield fakes. After each round the labels are exported,
`training.round` makes a candidate, and it is promoted unless it loses on a frozen set.

The same listings of the same brands go through two marketplaces: in one all rights holders are honest, in the other
some are malicious, who bring about a fifth of the accusations. Labels also train models that serve nowhere. The clean
run has the same labels without those of the malicious ones: what they say costs what it is better by. The unweighted
run takes everybody who accuses at its word. The silent run has the labels of the honest marketplace without those of
the same rights holders, as if they were not there: what it is worse by than the honest marketplace is what they would
have taught, which is lost with them whatever they say. Trust & safety decide what those clear who are suspended.

The recall is that of the new kinds at 1 % of genuine marks accused, on listings that nobody sold, by the verdict, fake
against genuine. `recall_first` is of the model that serves when the new kinds appear, `recall_last` of the one
after the last round. The models are thrown away, so nothing that is reported elsewhere is learnt from.

Another `--seed` is another marketplace: other brands, other goods, other luck.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from scipy.stats import spearmanr

from benchmarks.command_line import parser_of
from benchmarks.examined import Examined, examined_listings
from benchmarks.marketplace import LYING, Figures, Marketplace, Offer, honesties, offers
from client.service import Service, command, environment, running_service
from model.released import bundle_folder
from training.evaluation.report import quietly
from training.round.comparison import Pictures, compare
from training.round.frozen import FrozenSets, FrozenSizes, frozen_sets
from training.round.run import run_round
from training.round.settings import Places, RoundSettings
from training.synthesis.grounds import Backgrounds, data_folder
from training.synthesis.logos import Logo, load_logos, split_of

console = Console(width=120)


@dataclass(frozen=True)
class Size:
    """How much is simulated and trained; `malicious` of the `brands` are of rights holders who lie, where any do."""

    rounds: int
    brands: int
    malicious: int
    listings_each: int
    genuine_examined: int
    fakes_examined: int
    training: RoundSettings
    frozen: FrozenSizes


FULL = Size(
    rounds=5, brands=14, malicious=4, listings_each=90, genuine_examined=8_000, fakes_examined=3_000,
    training=RoundSettings(embedder_steps=0, thresholds=None),
    frozen=FrozenSizes(),
)  # fmt: skip
QUICK = Size(
    rounds=2, brands=3, malicious=0, listings_each=3, genuine_examined=12, fakes_examined=12,
    training=RoundSettings(embedder_steps=0, head_pairs=60, thresholds=None),
    frozen=FrozenSizes(brands=4, photos_per_brand=1, pairs=12),
)  # fmt: skip


@dataclass
class Arm:
    """A marketplace and its model. `without_them` is the model that the labels of those train who are malicious neither
    here nor elsewhere (`others_lie`: places of rights holders), and `at_their_word`, where some are malicious here, the
    one that all labels train when everybody is believed.
    """

    name: str
    market: Marketplace
    folder: Path
    work: Path
    others_lie: Sequence[int] = ()
    champion: Path = field(default_factory=bundle_folder)
    without_them: Path | None = None
    at_their_word: Path | None = None
    recalls: list[float] = field(default_factory=list)
    figures: list[Figures] = field(default_factory=list)
    promoted: list[bool] = field(default_factory=list)
    seconds: list[tuple[float, float]] = field(default_factory=list)

    def round(
        self, offered: Sequence[Offer], *, number: int, training: RoundSettings, frozen: FrozenSets, examined: Examined
    ) -> None:
        """Sell what is offered, learn, and promote."""
        began = time.monotonic()
        figures = self.market.trade(offered)
        self.figures.append(figures)
        sold = time.monotonic()
        labels = self.folder / f"labels-{number}"
        hallmark(self.market.service, "labels", "export", str(labels))
        candidate = self._trained(self.champion, labels, settings=training)
        compare(candidate, self.champion, pictures=Pictures(frozen, labels=None, scans=None), progress=quietly)
        promoted = hallmark(self.market.service, "model", "promote", str(candidate), may_be_refused=True)
        if promoted:
            self.champion = candidate
            self.market.ask_often()
        self.recalls.append(examined.recall(self.champion))
        left_out = self.market.malicious or {self.market.holders[place].holder_id for place in self.others_lie}
        if left_out:
            others = labels_without(left_out, labels, self.folder / f"labels-{number}-without-them")
            self.without_them = self._trained(self.without_them or bundle_folder(), others, settings=training)
        if self.market.malicious:
            naive = replace(training, believe=False)
            self.at_their_word = self._trained(self.at_their_word or bundle_folder(), labels, settings=naive)
        self.promoted.append(promoted)
        self.seconds.append((sold - began, time.monotonic() - sold))

    @property
    def credit_correlation(self) -> float:
        """Spearman's rank correlation of credit and true honesty."""
        return rank_correlation(self.market.credits())

    @property
    def malicious_share(self) -> float:
        """Share of the accusations so far that were false ones of malicious rights holders."""
        every = sum(one.accusations for one in self.figures)
        return sum(one.malicious_accusations for one in self.figures) / max(every, 1)

    def _trained(self, champion: Path, labels: Path, *, settings: RoundSettings) -> Path:
        """The candidate of a round."""
        places = Places(
            champion=champion, labels=labels, logos=None, models=self.folder / "models",
            work=self.work, runs=self.folder / "runs", start=bundle_folder(),
        )  # fmt: skip
        return run_round(places, settings=settings, progress=quietly, report=lambda line: None)

    def show(self, number: int, *, examined: Examined) -> None:
        """Print what came of the last round."""
        figures, seconds = self.figures[-1], self.seconds[-1]
        table = Table(title=f"{self.name}, round {number}", title_justify="left")
        row = {
            "listings": str(figures.listings),
            "pushed": str(figures.pushed),
            "precision": "" if figures.precision is None else f"{figures.precision:.2f}",
            "proactive : reactive": f"{figures.proactive_to_reactive:.2f}",
            "recall of new kinds": f"{self.recalls[-1]:.3f}" + ("" if self.promoted[-1] else " (refused)"),
            "credit ~ honesty": f"{self.credit_correlation:.2f}",
            "malicious labels": f"{self.malicious_share:.2f}",
        }
        if self.without_them is not None:
            row["without them"] = f"{examined.recall(self.without_them):.3f}"
        if self.at_their_word is not None:
            row["at their word"] = f"{examined.recall(self.at_their_word):.3f}"
        row["seconds"] = f"{seconds[0]:.0f} + {seconds[1]:.0f}"
        for name in row:
            table.add_column(name)
        table.add_row(*row.values())
        console.print(table)


def main() -> None:
    """Run the marketplaces and print what came of them."""
    parser = parser_of(__doc__, quick="two small rounds of honest rights holders")
    parser.add_argument(
        "--work", type=Path, help="folder that keeps what is drawn for the next run; a new one unless given"
    )
    parser.add_argument("--seed", type=int, choices=range(1, 8), default=1, help="which marketplace")
    parser.add_argument("--honest-only", action="store_true", help="leave the marketplace with malicious ones out")
    chosen = parser.parse_args()
    size = QUICK if chosen.quick else FULL
    size = replace(size, malicious=0) if chosen.honest_only else size
    known = load_logos(None)
    logos = _brands_of(chosen.seed, known)[: size.brands]
    grounds = Backgrounds.found_in(data_folder())
    frozen = frozen_sets(known, sizes=size.frozen)
    with tempfile.TemporaryDirectory(prefix="hallmark-loop-") as folder, ExitStack() as stack:
        work = chosen.work or Path(folder) / "work"
        work.mkdir(parents=True, exist_ok=True)
        examined = examined_listings(
            logos, genuine=size.genuine_examined, fakes=size.fakes_examined, grounds=grounds, model=bundle_folder(),
            work=work,
        )  # fmt: skip
        untaught = examined.recall(bundle_folder())
        console.print(f"recall of new kinds by {bundle_folder().name}: {untaught:.3f}")
        place = Place(Path(folder), work, chosen.seed, stack)
        honesty = honesties(size.brands, malicious=size.malicious)
        liars = [number for number, one in enumerate(honesty) if one < LYING]
        arms = [_arm("honest", place, logos, honesties(size.brands, malicious=0), others_lie=liars)]
        if liars:
            arms.append(_arm("malicious", place, logos, honesty))
        for number in range(1, size.rounds + 1):
            seed = chosen.seed * 100 + number
            offered = offers(logos, each=size.listings_each, new_kinds=number > 1, seed=seed, grounds=grounds)
            # Each marketplace waits for its own service most of the time.
            with ThreadPoolExecutor(len(arms)) as pool:
                running = [
                    pool.submit(
                        arm.round, offered, number=number, training=size.training, frozen=frozen, examined=examined
                    )
                    for arm in arms
                ]
            for arm, done in zip(arms, running, strict=True):
                done.result()
                arm.show(number, examined=examined)
            print(json.dumps(summary(arms, untaught=untaught, examined=examined)), flush=True)


def summary(arms: Sequence[Arm], *, untaught: float, examined: Examined) -> dict[str, Any]:
    """The figures so far; gaps are in points of recall.

    The model that serves where some are malicious falls short by the `malicious_gap` of the clean run, by the
    `silent_gap` of the silent run, and by the `untaught_gap` of the model that serves where all are honest; the
    unweighted run falls short of the clean one by the `unweighted_gap`. A gap's interval tells how far it would move on
    other marks of the same brands, not what other labels would teach.
    """
    honest, last = arms[0], arms[-1]
    gaps: dict[str, Any] = {}
    for name, better, worse in (
        ("malicious", last.without_them, last.champion),
        ("unweighted", last.without_them, last.at_their_word),
        ("silent", honest.without_them if last is not honest else None, last.champion),
        ("untaught", honest.champion if last is not honest else None, last.champion),
    ):
        gap = examined.gap(better, worse) if better is not None and worse is not None else None
        gaps[f"{name}_gap_points"] = gap and gap.value
        gaps[f"{name}_gap_interval"] = gap and [round(gap.low, 2), round(gap.high, 2)]
    figures = {
        "recall_untaught": untaught,
        "recall_first": honest.recalls[0],
        "recall_last": honest.recalls[-1],
        "credit_rank_correlation": last.credit_correlation,
        **gaps,
        "malicious_share": last.malicious_share,
        "precision": honest.figures[-1].precision,
        "proactive_to_reactive": honest.figures[-1].proactive_to_reactive,
        "rounds": len(honest.figures),
    }
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()}


@dataclass(frozen=True)
class Place:
    """Where marketplaces are run: their folder, the one that is kept, their luck, and what ends them."""

    folder: Path
    work: Path
    seed: int
    stack: ExitStack


def _arm(
    name: str, place: Place, logos: Sequence[Logo], honesty: Sequence[float], *, others_lie: Sequence[int] = ()
) -> Arm:
    """A marketplace on a service of its own, which ends with the `place`."""
    folder = place.folder / name
    service = place.stack.enter_context(running_service(folder / "home"))
    market = Marketplace(service, logos, honesty, seed=place.seed)
    place.stack.callback(market.close)
    return Arm(name, market, folder, place.work, others_lie)


def labels_without(holders: Collection[str], labels: Path, folder: Path) -> Path:
    """The export in the folder `labels` without what is of `holders`, in a new `folder`."""
    folder.mkdir()
    lines = (labels / "labels.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["rights_holder_id"] not in holders]
    (folder / "labels.jsonl").write_text("".join(kept), encoding="utf-8")
    for shared in ("pictures", "references"):
        (folder / shared).symlink_to(labels / shared)
    return folder


def _brands_of(seed: int, logos: Sequence[Logo]) -> list[Logo]:
    """Drawings of development brands, no two seeds' the same among the first of each."""
    every = [logo for logo in logos if split_of(logo.brand) == "dev"][::3]
    return every[(seed - 1) * _BRANDS_OF_A_SEED :]


_BRANDS_OF_A_SEED = 14


def rank_correlation(credits_and_honesty: list[tuple[float, float]]) -> float:
    """Spearman's, of credit and true honesty."""
    return float(spearmanr(*zip(*credits_and_honesty, strict=True)).statistic)


def hallmark(service: Service, *arguments: str, may_be_refused: bool = False) -> bool:
    """Run a command beside the service; whether it was done."""
    done = subprocess.run(
        [command(), *arguments], env=environment(service.home), capture_output=True, text=True, check=False
    )
    if may_be_refused and "refused:" in done.stderr:
        console.print(done.stderr.strip())
    if done.returncode != 0 and not (may_be_refused and "refused:" in done.stderr):
        raise RuntimeError(f"hallmark {' '.join(arguments)}: {done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    main()
