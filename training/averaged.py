"""A network that learns from ImageNet's trunk on, and the running mean of its weights, which is what is released.

The mean (Polyak and Juditsky 1992, exponential as in `torch.optim.swa_utils`) is better than any one step and stands
still while the rate falls. A checkpoint holds both, so that an interrupted training goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from model.networks.layout import channels_last
from training.checkpoints import rate_share, save_checkpoint
from training.refusals import OtherTrainingError

Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class Descent:
    """AdamW (Loshchilov and Hutter 2019), by the schedule of `rate_share`, gradients clipped to `largest_gradient`.

    `trunk_rate` is the peak rate of the trunk, which knows much already, `rate` that of all else; `averaging` is the
    share of the mean that a step leaves.
    """

    steps: int
    rate: float
    trunk_rate: float
    weight_decay: float
    warm_up_steps: int
    averaging: float
    largest_gradient: float


class AveragedTraining(Generic[Network]):
    """The `network`, after `step` steps of the `descent`; its `trunk` is a part of it."""

    def __init__(self, network: Network, *, trunk: nn.Module, descent: Descent) -> None:
        channels_last(network)
        self.network = network
        self.step = 0
        self._descent = descent
        self._average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(descent.averaging))  # type: ignore[no-untyped-call]
        of_trunk = [weight for weight in trunk.parameters() if weight.requires_grad]
        known = {id(weight) for weight in trunk.parameters()}
        rest = [weight for weight in network.parameters() if id(weight) not in known]
        self._optimiser = torch.optim.AdamW(
            [{"params": rest, "top": descent.rate}, {"params": of_trunk, "top": descent.trunk_rate}],
            weight_decay=descent.weight_decay,
        )

    def take(self, loss: Tensor) -> None:
        """One step down the gradient of `loss`."""
        share = rate_share(self.step, steps=self._descent.steps, warm_up_steps=self._descent.warm_up_steps)
        for group in self._optimiser.param_groups:
            group["lr"] = group["top"] * share
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self._descent.largest_gradient)
        self._optimiser.step()
        self._average.update_parameters(self.network)
        self.step += 1

    def averaged(self) -> Network:
        """The network with the mean weights."""
        return cast(Network, self._average.module)

    def save(self, checkpoint: Path, *, settings: Mapping[str, Any], figures: Mapping[str, Any]) -> None:
        """Keep what was learnt until now, what it was learnt by, and the development `figures`."""
        state = {
            "settings": dict(settings),
            "step": self.step,
            "figures": dict(figures),
            "network": self.network.state_dict(),
            "average": self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }
        save_checkpoint(checkpoint, state)

    def go_on_from(self, checkpoint: Path, *, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Take up what `checkpoint` keeps; its development figures, none where there is no such file.

        Raises `OtherTrainingError` when it was made with other `settings`.
        """
        if not checkpoint.exists():
            return {}
        kept = torch.load(checkpoint, weights_only=True)
        if kept["settings"] != settings:
            raise OtherTrainingError(
                f"{checkpoint} was made with other settings: {kept['settings']}; give these, or another file or folder"
            )
        self.network.load_state_dict(kept["network"])
        self._average.load_state_dict(kept["average"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self.step = kept["step"]
        figures: dict[str, Any] = kept["figures"]
        return figures


@dataclass(frozen=True, slots=True)
class Averaged:
    """What a checkpoint keeps: the `settings` that the training was told, and the mean `weights`."""

    settings: dict[str, Any]
    weights: dict[str, Any]

    @classmethod
    def kept_in(cls, checkpoint: Path) -> Averaged:
        """What the file `checkpoint` keeps."""
        kept = torch.load(checkpoint, weights_only=True)
        return cls(kept["settings"], kept["average"])

    def load_into(self, network: nn.Module) -> None:
        """Give `network` the mean weights."""
        average = AveragedModel(network)
        average.load_state_dict(self.weights)
        network.load_state_dict(average.module.state_dict())
