"""The standing data: drawn marks that every round sees again, so that what labels teach displaces nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.networks.verifier import CLASSES
from model.verifier import VerifierRuntime
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, split_of
from training.synthesis.products import Product
from training.verifier.release import draw_pairs, with_hard_references


@dataclass(frozen=True, slots=True)
class StandingFrames:
    """Drawn pairs as the network sees them: `frames` (n, 2, h, w, 3) uint8 and `labels` (n,) by `CLASSES`."""

    frames: NDArray[np.uint8]
    labels: NDArray[np.int64]


def standing_frames(
    logos: Sequence[Logo], *, count: int, seed: int, backgrounds: Backgrounds, runtime: VerifierRuntime
) -> StandingFrames:
    """`count` pairs of `train` brands, laid on their references as the scan lays them."""
    training = [logo for logo in logos if split_of(logo.brand) == "train"]
    drawn = draw_pairs(training, count=count, seed=seed, backgrounds=backgrounds)
    references = drawn.prepared()
    settled = with_hard_references(drawn, np.stack([reference.frame for reference in references]), seed=seed)
    frames = []
    for pair in settled:
        reference = references[pair.reference]
        frames.append(np.stack([runtime.examine(pair.region, reference, similarity=0.0).frame, reference.frame]))
    return StandingFrames(np.stack(frames), np.array([CLASSES.index(pair.label) for pair in settled], np.int64))


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
