"""The standing data: drawn marks that every round sees again, so that what labels teach displaces nothing.

They are drawn and laid on their references once for all rounds of one seed and size: no round changes the aligner.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.alignment import PreparedReference
from model.networks.verifier import CLASSES
from model.verifier import VerifierRuntime
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, split_of
from training.synthesis.products import Product
from training.verifier.drawing import draw_pairs
from training.verifier.head import Embed, examined_pairs
from training.verifier.pairs import Pair
from training.verifier.rivals import with_hard_references

Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class StandingFrames:
    """Drawn pairs as the network sees them: `frames` (n, 2, h, w, 3) uint8 and `labels` (n,) by `CLASSES`."""

    frames: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeadFrames(StandingFrames):
    """Drawn pairs for the head, with the cosine of their embeddings, `similarity` (n,), and the brand of each."""

    similarity: NDArray[np.float32]
    brands: list[str]


def standing_frames(
    logos: Sequence[Logo], *, count: int, seed: int, backgrounds: Backgrounds, runtime: VerifierRuntime, kept: Path
) -> StandingFrames:
    """`count` pairs of `train` brands, laid on their references as the scan lays them; `kept` (.npz) holds them."""

    def make() -> Arrays:
        training = [logo for logo in logos if split_of(logo.brand) == "train"]
        drawn = draw_pairs(training, count=count, seed=seed, backgrounds=backgrounds)
        references = drawn.prepared()
        settled = with_hard_references(drawn, np.stack([reference.frame for reference in references]), seed=seed)
        return _laid(settled, references, runtime)

    found = kept_arrays(kept, make)
    return StandingFrames(found["frames"].astype(np.uint8), found["labels"].astype(np.int64))


def head_frames(
    logos: Sequence[Logo], *, count: int, seed: int, backgrounds: Backgrounds, runtime: VerifierRuntime, embed: Embed,
    kept: Path,
) -> HeadFrames:  # fmt: skip
    """`count` pairs of `dev` brands as the scan would propose them; `kept` (.npz) holds them."""

    def make() -> Arrays:
        dev = [logo for logo in logos if split_of(logo.brand) == "dev"]
        drawn = draw_pairs(dev, count=count, seed=seed, backgrounds=backgrounds)
        references = drawn.prepared()
        examined = examined_pairs(drawn.pairs, references, drawn.pictures, drawn.brands, runtime=runtime, embed=embed)
        brands = np.array([pair.brand for pair in examined.pairs])
        return {
            **_laid(examined.pairs, references, runtime),
            "similarity": examined.numbers[:, 0],
            "brands": brands,
        }

    found = kept_arrays(kept, make)
    return HeadFrames(
        found["frames"].astype(np.uint8), found["labels"].astype(np.int64), found["similarity"].astype(np.float32),
        [str(brand) for brand in found["brands"]],
    )  # fmt: skip


def _laid(pairs: Sequence[Pair], references: Sequence[PreparedReference], runtime: VerifierRuntime) -> Arrays:
    frames = []
    for pair in pairs:
        reference = references[pair.reference]
        frames.append(np.stack([runtime.examine(pair.region, reference, similarity=0.0).frame, reference.frame]))
    return {"frames": np.stack(frames), "labels": np.array([CLASSES.index(pair.label) for pair in pairs], np.int64)}


def kept_arrays(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """What was left in `path` (.npz) before, else what `make` gives, which is left there whole."""
    if not path.is_file():
        beside = path.with_suffix(f".{uuid.uuid4().hex}.part.npz")
        np.savez(beside, allow_pickle=False, **make())
        beside.replace(path)
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def fingerprint_of(logos: Sequence[Logo], backgrounds: Backgrounds) -> str:
    """SHA-256 over the drawings, and the names of the photos that they are laid on: with a seed, all that is drawn."""
    digest = hashlib.sha256()
    for logo in logos:
        digest.update(f"{logo.brand} {logo.name} {logo.svg}\n".encode())
    for file in backgrounds.files:
        digest.update(f"{file.name}\n".encode())
    return digest.hexdigest()


def sampled_logos(logos: Sequence[Logo], *, brands: int, seed: int) -> list[Logo]:
    """The drawings of `brands` brands, chosen by a hash, so that a few more brands are the same and a few more."""
    order = sorted({logo.brand for logo in logos}, key=lambda brand: _place(seed, brand))
    chosen = set(order[:brands])
    return [logo for logo in logos if logo.brand in chosen]


def sampled_products(products: Sequence[Product], *, count: int, seed: int) -> list[Product]:
    """`count` products, chosen alike."""
    return sorted(products, key=lambda product: _place(seed, product.name))[:count]


def _place(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
