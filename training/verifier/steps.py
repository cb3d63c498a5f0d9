"""The steps by which both of the verifier's networks learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.networks.layout import channels_last
from training.verifier.views import ViewRecipe

_LARGEST_GRADIENT = 2.0
_WARM_UP = 0.15


class Steps:
    """AdamW (Loshchilov and Hutter 2019) under a one-cycle schedule (Smith and Topin 2019), gradients clipped.

    `pairs` is how many there are: the schedule ends with the recipe's last epoch over them.
    """

    def __init__(self, network: nn.Module, *, recipe: ViewRecipe, pairs: int) -> None:
        channels_last(network)
        self._network = network
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser,
            recipe.learning_rate,
            total_steps=recipe.epochs * (pairs // recipe.batch),
            pct_start=_WARM_UP,
        )

    def take(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        self._optimiser.step()
        self._schedule.step()
