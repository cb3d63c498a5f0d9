"""Ways to say how alike two pictures are: the released embedder and the baselines that it must beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from model.alignment import prepare_reference
from model.embedder import Embedder
from model.networks.embedder import INPUT_SIZE, EmbedderNetwork, imagenet_network
from model.preprocessing import batch
from model.regions import RgbImage
from model.shown_product import KnownProduct, ShopPhoto, shown
from training.evaluation.retrieval import Similarities
from training.evaluation.sift import SiftGallery

SIFT_QUERIES = 150
"""Queries that SIFT matching gets at most, drawn at random: it costs a thousand times as much as a vector."""

SHORTLIST = 15
"""Products a shop photo that are compared by keypoints."""


Embed = Callable[[Sequence[RgbImage]], NDArray[np.float32]]
"""Pictures of any sizes to vectors (n, d) of length 1."""


class Matcher(Protocol):
    """Compares queries with a gallery; `most_queries` says how many queries it can bear (None: any number)."""

    name: str
    most_queries: int | None

    def similarities(self, queries: Sequence[RgbImage], gallery: Sequence[RgbImage]) -> Similarities:
        """(n, m) float32, larger for more alike."""
        ...


class Cosine:
    """Compares vectors of length 1 that `embed` makes of pictures."""

    def __init__(self, name: str, embed: Embed) -> None:
        self.name = name
        self.most_queries: int | None = None
        self._embed = embed

    def similarities(self, queries: Sequence[RgbImage], gallery: Sequence[RgbImage]) -> Similarities:
        """Cosines."""
        known = self._embed(gallery)
        seen = known if queries is gallery else self._embed(queries)
        return np.asarray(seen @ known.T, np.float32)


class ShownProducts:
    """Compares shop photos with product pictures by `embed`, and ranks the first `SHORTLIST` anew by keypoints."""

    name = "hallmark"
    most_queries: int | None = None

    def __init__(self, embed: Embed) -> None:
        self._alike = Cosine("embedding_alone", embed)

    def similarities(self, queries: Sequence[RgbImage], gallery: Sequence[RgbImage]) -> Similarities:
        """Cosines, with the worth of what is shown (`model.shown_product`) on top."""
        found = self._alike.similarities(queries, gallery)
        known: dict[int, KnownProduct] = {}
        for row, query in zip(found, queries, strict=True):
            photo = ShopPhoto(query)
            for place in np.argsort(-row, kind="stable")[:SHORTLIST].tolist():
                if place not in known:
                    known[place] = KnownProduct(prepare_reference(gallery[place]))
                row[place] += shown(photo, known[place]).worth
        return found


class Sift:
    """Counts of SIFT matches, see `training.evaluation.sift`."""

    name = "sift"
    most_queries: int | None = SIFT_QUERIES

    def similarities(self, queries: Sequence[RgbImage], gallery: Sequence[RgbImage]) -> Similarities:
        """Inliers of the shortlist, else the share of matching descriptors."""
        known = SiftGallery(gallery)
        return np.stack([known.similarities(query) for query in queries])


def all_matchers(embedder: Embedder) -> list[Matcher]:
    """The embedder, then its baselines: ImageNet features, a tiny picture, SIFT, and weights that learned nothing."""
    torch.manual_seed(0)
    return [
        Cosine("hallmark", embedder.embed),
        Cosine("imagenet_lite0", PooledFeatures(imagenet_network())),
        Cosine("lab_thumbnail", lab_thumbnails),
        Sift(),
        Cosine("random_weights", PooledFeatures(EmbedderNetwork())),
    ]


class PooledFeatures:
    """The trunk's features of a network, pooled as the embedder pools them, without its head."""

    def __init__(self, network: EmbedderNetwork) -> None:
        self._network = network.channels_last().eval()

    def __call__(self, crops: Sequence[RgbImage]) -> NDArray[np.float32]:
        """(n, 1280) float32 of length 1, of pictures letterboxed as for the embedder."""
        rows = []
        with torch.inference_mode():
            for start in range(0, len(crops), 32):
                pictures = torch.from_numpy(batch(crops[start : start + 32], size=INPUT_SIZE))
                rows.append(self._network.features(pictures).numpy())
        return unit(np.concatenate(rows))


def lab_thumbnails(crops: Sequence[RgbImage]) -> NDArray[np.float32]:
    """(n, 192) float32 of length 1: 8×8 pixels in CIELAB around middle grey; a plain grey picture gives zeros."""
    small = [cv2.resize(crop, (8, 8), interpolation=cv2.INTER_AREA).astype(np.float32) / 255 for crop in crops]
    lab = np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2LAB) for one in small]) - np.array([50, 0, 0], np.float32)
    return unit(lab.reshape(len(crops), -1).astype(np.float32))


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows scaled to length 1; zeros stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-9), np.float32)
