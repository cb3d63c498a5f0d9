"""The steps by which both of the verifier's networks learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from model.networks.layout import channels_last
from training.checkpoints import digest_of_arrays, digest_of_network, save_checkpoint
from training.refusals import OtherTrainingError
from training.verifier.pairs import Pair
from training.verifier.views import ViewRecipe

_LARGEST_GRADIENT = 2.0
_WARM_UP = 0.15


def material_of(network: nn.Module, pairs: Sequence[Pair]) -> str:
    """What tells a network as it begins, and the pairs that it learns from: regions, what is true of them, references.

    Of a reference its number among the logos counts, which are the same as long as their packages are.
    """
    told = [np.array([pair.label, pair.edit, pair.brand, str(pair.reference), str(pair.strength)]) for pair in pairs]
    arrays = (array for pair in pairs for array in (pair.region, pair.quad, pair.changed))
    return digest_of_network(network) + digest_of_arrays(arrays) + digest_of_arrays(told)


class Steps:
    """AdamW (Loshchilov and Hutter 2019) under a one-cycle schedule (Smith and Topin 2019), gradients clipped.

    `pairs` is how many there are: the schedule ends with the recipe's last epoch over them. `material` tells what the
    network begins from and learns from (`digest_of_arrays`, `digest_of_network`). With a `checkpoint` file,
    every epoch that `finish_epoch` ends is kept there, and what was kept is gone on from; what is of another recipe or
    of other pairs raises `OtherTrainingError`. `rng` is what views are drawn with.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        recipe: ViewRecipe,
        pairs: int,
        material: str,
        rng: np.random.Generator,
        checkpoint: Path | None = None,
    ) -> None:
        channels_last(network)
        self._network, self._rng, self._checkpoint = network, rng, checkpoint
        self._of = {"recipe": asdict(recipe), "pairs": pairs, "material": material}
        self.epochs = 0
        """How many epochs are over."""
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            recipe.learning_rate,
            total_steps=recipe.epochs * (pairs // recipe.batch),
            pct_start=_WARM_UP,
        )
        if checkpoint is not None and checkpoint.exists():
            self._go_on_from(checkpoint)

    def take(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        self._optimiser.step()
        self._schedule.step()

    def finish_epoch(self) -> None:
        """Count the epoch, and keep what was learnt until now."""
        self.epochs += 1
        if self._checkpoint is None:
            return
        state = {
            "of": self._of,
            "epochs": self.epochs,
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "views": self._rng.bit_generator.state,
            "torch": torch.get_rng_state(),
        }
        save_checkpoint(self._checkpoint, state)

    def _go_on_from(self, checkpoint: Path) -> None:
        kept = torch.load(checkpoint, weights_only=True)
        if kept["of"] != self._of:
            raise OtherTrainingError(
                f"{checkpoint} is of another training: give this one a folder of its own, or remove it"
            )
        self._network.load_state_dict(kept["network"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self._schedule.load_state_dict(kept["schedule"])
        self._rng.bit_generator.state = kept["views"]
        torch.set_rng_state(kept["torch"])
        self.epochs = int(kept["epochs"])
