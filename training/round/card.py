"""What is written of a candidate: `round.json` for programs, `round.card.md` for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.round.labels import Label

RECORD = "round.json"
CARD = "round.card.md"


def new_labels(champion: Path, labels: Sequence[Label]) -> int:
    """How many of `labels` the round that made `champion` had not seen; all of them for one that no round made."""
    path = champion / RECORD
    seen = set(json.loads(path.read_text(encoding="utf-8"))["data"]["seen"]) if path.is_file() else set()
    return sum(label.id not in seen for label in labels)


def write_card(path: Path, record: dict[str, Any]) -> None:
    """Write the card of the round that `record` tells of."""
    data, settings = record["data"], record["settings"]
    examining = ", ".join(f"{count} {name}" for name, count in data["examining"].items())
    lines = [
        f"# {record['name']}",
        "",
        f"A round from {record['parent']['name']} (manifest {record['parent']['manifest'][:12]}).",
        "",
        "## Data",
        f"- {data['teaching']} labels taught, worth {data['worth']} that are wholly believed "
        + ("(weights and soft targets)." if settings["believe"] else "(whoever complained was taken at its word)."),
        f"- {examining} were kept apart to examine it; {data['without_reference']} labels had lost their reference.",
        f"- Fingerprint of the labels and their pictures: {data['labels']}.",
        f"- Standing data: drawn marks of train brands, seed {settings['seed']}: {settings['standing_pairs']} pairs, "
        f"views of {settings['rehearsed_brands']} brands and {settings['rehearsed_products']} products; fingerprint of "
        f"what they are drawn from: {data['standing']}.",
        "",
        "## Recipe",
        f"Embedder {settings['embedder_steps']} steps, verifier {settings['verifier_steps']} steps, head taught "
        f"by the labels beside {settings['head_pairs']} drawn pairs of dev brands; thresholds "
        + ("the parent's." if settings["thresholds"] is None else "chosen anew on development photos.")
        + f" Commit {record['commit']}.",
        "",
        "## Measured in training",
        *(
            f"- {stage}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
            for stage, figures in record["metrics"].items()
        ),
        "",
        "How it compares with the champion stands in `evaluation.json`, once `hallmark evaluate candidate` has run.",
        "Detector and aligner are the parent's. The other cards in this folder tell of the networks that this round "
        "went on from; their limits hold on.",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
