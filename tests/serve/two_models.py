"""Two models that share nothing: what one has embedded, the other does not find."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plain_bundle import ColourEmbedder, plain_bundle

from model.bundle import FILES, ModelBundle, write_manifest
from model.regions import RgbImage
from serve.models.bundles import digest_of
from serve.models.comparison import REQUIRED

NEW = "turned"


class TurnedEmbedder(ColourEmbedder):
    """The numbers of each vector in another order."""

    def embed(self, crops: list[RgbImage]) -> NDArray[np.float32]:
        return np.roll(super().embed(crops)[:, ::-1], 101, axis=1)


def load(folder: Path, threads: int = 1) -> ModelBundle:
    """In place of `load_bundle`: the name tells what a model is."""
    bundle = plain_bundle(folder.name)
    return replace(bundle, embedder=TurnedEmbedder()) if folder.name.startswith(NEW) else bundle


def write_bundle(folder: Path, *, content: str = "as it was") -> Path:
    """A bundle's files, which nothing reads."""
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_text(f"{name} {content}")
    write_manifest(folder)
    return folder


def write_report(
    candidate: Path, champion: Path, *, high: float = 0.02, reach: float = 0.01, of_champion: float = 0.06
) -> None:
    """What `hallmark evaluate candidate` would have found.

    The difference's interval ends at `high` and is twice `reach` wide; the champion has 0.8, its interval is twice
    `of_champion` wide.
    """
    difference = _around(high - reach, reach)
    figures = {
        "candidate": _around(0.8 + difference["value"], of_champion),
        "champion": _around(0.8, of_champion),
        "difference": difference,
    }
    report: dict[str, Any] = {
        "candidate": {"name": candidate.name, "manifest": digest_of(candidate).hex()},
        "champion": {"name": champion.name, "manifest": digest_of(champion).hex()},
        "frozen": {name: {"fingerprint": "ab", "units": 9, **figures} for name in REQUIRED},
    }
    (candidate / "evaluation.json").write_text(json.dumps(report))


def _around(value: float, reach: float) -> dict[str, float]:
    return {"value": value, "low": value - reach, "high": value + reach}
