"""Exports of labels as `hallmark labels export` writes them, of drawn marks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from model.encoding import png
from training.synthesis.grounds import Backgrounds
from training.synthesis.logos import Logo, load_logos, split_of
from training.verifier.pairs import clean_reference, draw_pair

FIRST_DAY = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Decided:
    """A drawn region and what was decided of it."""

    logo: int
    drawn: str
    target: float
    weight: float = 0.9
    origin: str = "complaint"


def dev_logos() -> list[Logo]:
    return [logo for logo in load_logos(None) if split_of(logo.brand) == "dev"]


def write_export(folder: Path, decided: Sequence[Decided], *, seed: int = 0, **changes: Any) -> Path:
    """Write an export; each label is a day younger than the one before. `changes` overwrite fields of all labels."""
    logos, rng = dev_logos(), np.random.default_rng(seed)
    for part in ("pictures", "references"):
        (folder / part).mkdir(parents=True)
    lines = []
    for number, one in enumerate(decided):
        logo = logos[one.logo]
        pair = draw_pair(logos, one.logo, label=one.drawn, rng=rng, backgrounds=Backgrounds(), unseen=False)
        data = png(pair.region)
        digest = hashlib.sha256(data).hexdigest()
        (folder / "pictures" / digest).write_bytes(data)
        (folder / "references" / f"ref_{logo.brand}.png").write_bytes(png(clean_reference(logo)))
        height, width = pair.region.shape[:2]
        label = {
            "id": f"label_{number:03}",
            "image": digest,
            "box": [width * 0.1, height * 0.1, width * 0.8, height * 0.8],
            "brand_id": f"brand_{logo.brand}",
            "reference_id": f"ref_{logo.brand}",
            "kind": "smear",
            "target": one.target,
            "weight": one.weight,
            "origin": one.origin,
            "decided": (FIRST_DAY + timedelta(days=number)).isoformat(),
            **changes,
        }
        lines.append(json.dumps(label))
    (folder / "labels.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return folder
