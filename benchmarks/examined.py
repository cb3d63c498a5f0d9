"""Listings that nobody sold: what the verdicts of a model are worth on genuine marks and on the new kinds of fakes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.goods import NEW_KINDS, draw_goods
from model.alignment import prepare_reference
from model.appearance import FILE as APPEARANCE
from model.embedder import Embedder
from model.verifier import ALIGNER, VerdictHead, VerifierRuntime
from training.evaluation.intervals import Estimate, Numbers, interval
from training.evaluation.verdicts import true_positive_rate
from training.round.judge import Judge
from training.round.standing import Arrays, fingerprint_of, kept_arrays
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo
from training.verifier.pairs import clean_reference, without_margin
from training.verifier.release import CALIBRATION, NETWORK

SEED = 4_711
FALSE_FINDINGS = 0.01


@dataclass(frozen=True, slots=True)
class Examined:
    """Regions laid on their references: `frames` (n, 2, h, w, 3) uint8, `similarity` (n,), `fake` (n,).

    They hold for every model with the embedder and aligner that they were made by.
    """

    frames: NDArray[np.uint8]
    similarity: NDArray[np.float32]
    fake: NDArray[np.bool_]
    _measured: dict[str, NDArray[np.float32]] = field(init=False, default_factory=dict, repr=False)

    def scores(self, bundle: Path) -> NDArray[np.float64]:
        """(n,) the probability of a fake against a genuine mark, before any words are read."""
        numbers = self._numbers(bundle)
        head = VerdictHead(json.loads((bundle / CALIBRATION).read_text(encoding="utf-8"))["head"])
        genuine, smear, imitation, _ = head.probabilities(numbers).T
        return np.asarray((smear + imitation) / (genuine + smear + imitation), np.float64)

    def _numbers(self, bundle: Path) -> NDArray[np.float32]:
        """What the head takes; measured once for all bundles that share their networks."""
        networks = (bundle / NETWORK).read_bytes(), (bundle / APPEARANCE).read_bytes()
        name = hashlib.sha256(b"".join(networks)).hexdigest()
        if name not in self._measured:
            self._measured[name] = Judge(bundle / NETWORK).numbers(self.frames, self.similarity)
        return self._measured[name]

    def recall(self, bundle: Path) -> float:
        """Share of the fakes above all but 1 % of the genuine marks."""
        return _recall(self.scores(bundle), self.fake)

    def gap(self, better: Path, worse: Path) -> Estimate:
        """By how many points the recall of one bundle exceeds another's, both on the same marks, drawn again alike."""

        def points(marks: Numbers) -> float:
            fake = marks[:, 2] == 1
            return 100 * (_recall(marks[:, 0], fake) - _recall(marks[:, 1], fake))

        return interval(np.stack([self.scores(better), self.scores(worse), self.fake], axis=1), points, resamples=500)


def _recall(scores: Numbers, fake: NDArray[np.bool_]) -> float:
    return true_positive_rate(scores[fake], scores[~fake], false_positive_rate=FALSE_FINDINGS)


def examined_listings(
    logos: Sequence[Logo], *, genuine: int, fakes: int, grounds: Backgrounds, model: Path, work: Path
) -> Examined:
    """Genuine marks and fakes of the new kinds, of the marketplace's brands by turns; the folder `work` keeps them."""
    digest = hashlib.sha256(f"{fingerprint_of(logos, grounds)} {NEW_KINDS} {genuine} {fakes} {SEED}".encode())
    for name in (ALIGNER, "embedder.onnx"):
        digest.update((model / name).read_bytes())

    def make() -> Arrays:
        return _drawn(logos, genuine=genuine, fakes=fakes, grounds=grounds, model=model)

    found = kept_arrays(work / f"examined-{digest.hexdigest()[:12]}.npz", make)
    return Examined(
        found["frames"].astype(np.uint8), found["similarity"].astype(np.float32), found["fake"].astype(np.bool_)
    )


def _drawn(logos: Sequence[Logo], *, genuine: int, fakes: int, grounds: Backgrounds, model: Path) -> Arrays:
    rng = np.random.default_rng(SEED)
    runtime, embedder = VerifierRuntime(model / NETWORK), Embedder(model / "embedder.onnx")
    pictures = [clean_reference(logo) for logo in logos]
    references, known = [prepare_reference(picture) for picture in pictures], embedder.embed(pictures)
    fake = np.arange(genuine + fakes) >= genuine
    frames, similarity = [], []
    for number in range(len(fake)):
        place = number % len(logos)
        goods = draw_goods(logos, place, kinds=NEW_KINDS if fake[number] else (), rng=rng, grounds=grounds)
        region = goods.region(rng)
        alike = float(embedder.embed([without_margin(region)])[0] @ known[place])
        examined = runtime.examine(region, references[place], similarity=alike)
        frames.append(np.stack([examined.frame, references[place].frame]))
        similarity.append(alike)
    return {"frames": np.stack(frames), "similarity": np.array(similarity, np.float32), "fake": fake}
