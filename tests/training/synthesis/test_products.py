from pathlib import Path

import cv2
import numpy as np

from training.synthesis.grounds import is_for_thresholds, is_training_photo
from training.synthesis.products import (
    augmented,
    goods_for_the_embedder,
    goods_for_the_verifier,
    load_products,
    split_of_product,
)


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


def test_the_verifier_learns_from_no_photo_that_is_reported_on_or_kept_for_thresholds(tmp_path: Path) -> None:
    (tmp_path / "grocery").mkdir()
    (tmp_path / "clothing" / "images").mkdir(parents=True)
    shops = [f"natural/Milk_{number}.jpg" for number in range(60)]
    rows = ["file,product,kind", "iconic/Milk.jpg,Milk,iconic", *(f"{name},Milk,natural" for name in shops)]
    (tmp_path / "grocery" / "labels.csv").write_text("\n".join(rows))
    garments = [f"{number}.jpg" for number in range(60)]
    for name in garments:
        (tmp_path / "clothing" / "images" / name).touch()
    milk, *clothes = goods_for_the_verifier(tmp_path)
    studio, *kept = [f"{path.parent.name}/{path.name}" for path in milk.photos]
    assert studio == "iconic/Milk.jpg"
    assert kept == sorted(name for name in shops if is_training_photo(name))
    usable = {name for name in garments if is_training_photo(name) and not is_for_thresholds(name)}
    assert {path.name for garment in clothes for path in garment.photos} == usable
    milk_seen, *clothes_seen = goods_for_the_embedder(tmp_path)
    assert milk_seen.photos == milk.photos
    assert {path.name for garment in clothes_seen for path in garment.photos} == set(
        filter(is_training_photo, garments)
    )
    assert len(kept) < len(shops)
    assert len(usable) < len(garments)


def test_copies_differ_and_repeat_by_seed() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    first = augmented(photo, rng=np.random.default_rng(1), first=True)
    assert first.shape == (269, 448, 3)
    for seed in range(30):
        copy, again = (augmented(photo, rng=np.random.default_rng(seed), first=False) for _ in range(2))
        np.testing.assert_array_equal(copy, again)
        assert copy.dtype == np.uint8
        assert max(copy.shape[:2]) <= 448
