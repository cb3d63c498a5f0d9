"""The weights of a network in a small file, for a later round of training to begin from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from model.whole_files import written_whole


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the weights as float16 to an `.npz` file that needs no torch to be read."""
    arrays = {name: value.detach().cpu().numpy().astype(np.float16) for name, value in network.state_dict().items()}
    with written_whole(path) as beside:
        np.savez_compressed(beside, **arrays)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load what `save_weights` wrote; raises `RuntimeError` when the names or shapes are another network's."""
    with np.load(path) as arrays:
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    network.load_state_dict(state)


def go_part_way(network: nn.Module, start: Path, *, share: float) -> None:
    """Move the weights of `network` onto the line from those in the file `start` (`share` 0) to what they are (1).

    Half-way a network that learnt on knows pictures unlike those of training better than at either end, as a rule
    (WiSE-FT, Wortsman et al. 2022, https://arxiv.org/abs/2109.01903).
    """
    learnt = {name: value.clone() for name, value in network.state_dict().items()}
    load_weights(network, start)
    before = network.state_dict()
    network.load_state_dict(
        {name: before[name].lerp(one, share) if one.is_floating_point() else one for name, one in learnt.items()}
    )
