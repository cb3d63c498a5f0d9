"""How large a round is, and where it works."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training.calibration.scans import ThresholdSettings


@dataclass(frozen=True, slots=True)
class RoundSettings:
    """The size of a round; equal settings on equal data give an equal candidate.

    `believe`: labels count by their weights and soft targets; without, whoever complained is taken at its word.
    `embedder_steps` 0 leaves the embedder as it is. `rehearsed_brands` and `rehearsed_products` are those whose drawn
    views the embedder sees again; `head_pairs` are drawn for the verifier's head, which learns in every round, and
    `standing_pairs` for its network, which goes on learning where `verifier_steps` says so: of few labels the head
    alone learns more, and costs other photos less. `thresholds` None leaves the champion's.
    """

    seed: int = 0
    believe: bool = True
    embedder_steps: int = 200
    rehearsed_brands: int = 400
    rehearsed_products: int = 80
    verifier_steps: int = 0
    standing_pairs: int = 3000
    head_pairs: int = 4_800
    thresholds: ThresholdSettings | None = field(default_factory=ThresholdSettings)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a round reads and writes.

    `champion` is the folder of the bundle that serves, with its `.fp16.npz`; `labels` that of an export; `logos` the
    packages of vector logos, None for PyPI's alone; `models` receives the candidate's folder; `work` keeps what an
    interrupted round goes on from, and the rendered views that the next round needs again; `runs` is MLflow's. `start`
    names another bundle whose networks learn: begun from the same one with all labels, rounds do not add up each
    other's errors, and a label that was withdrawn leaves nothing behind.
    """

    champion: Path
    labels: Path
    logos: Path | None
    models: Path
    work: Path
    runs: Path
    start: Path | None = None

    @property
    def begun_from(self) -> Path:
        """The bundle whose networks learn."""
        return self.start or self.champion


def round_name(champion: str, identity: dict[str, Any]) -> str:
    """The candidate's name: its ancestor's, and a digest of all that the round depends on."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return f"{champion.partition('-round-')[0]}-round-{digest[:12]}"


def plain(settings: RoundSettings) -> dict[str, Any]:
    """The settings as JSON values."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(settings)))
    return found
