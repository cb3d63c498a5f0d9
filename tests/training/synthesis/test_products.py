from pathlib import Path

import cv2
import numpy as np

from training.synthesis.products import augmented, load_products, split_of_product


def test_products_have_their_studio_picture_first(tmp_path: Path) -> None:
    (tmp_path / "grocery").mkdir()
    rows = ["file,product,kind", "natural/Milk_001.jpg,Milk,natural", "iconic/Milk.jpg,Milk,iconic"]
    (tmp_path / "grocery" / "labels.csv").write_text("\n".join(rows))
    (product,) = load_products(tmp_path)
    assert [photo.name for photo in product.photos] == ["Milk.jpg", "Milk_001.jpg"]
    assert product.split == split_of_product("Milk")
    assert load_products(tmp_path / "nowhere") == []


def test_a_garment_is_alike_to_its_own_photo_only(tmp_path: Path) -> None:
    folder = tmp_path / "clothing" / "images"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "a.jpg"), np.zeros((9, 9, 3), np.uint8))
    (garment,) = load_products(tmp_path)
    assert (garment.kind, len(garment.photos)) == ("garment", 1)


def test_copies_differ_and_repeat_by_seed() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    first = augmented(photo, rng=np.random.default_rng(1), first=True)
    assert first.shape == (269, 448, 3)
    for seed in range(30):
        copy, again = (augmented(photo, rng=np.random.default_rng(seed), first=False) for _ in range(2))
        np.testing.assert_array_equal(copy, again)
        assert copy.dtype == np.uint8
        assert max(copy.shape[:2]) <= 448
