import numpy as np
import pytest

from training.embedder import batches as embedding_batches
from training.embedder.batches import BatchSampler, same_family


class _DrawnViews:
    """Views of eight brands with two drawings and of three products, as `Views.members` gives them."""

    def members(self, split: str, styles: tuple[str, ...]) -> dict[str, dict[str, dict[str, list[int]]]]:
        assert split == "train"
        if styles == ("product",):
            return {f"milk{n}": {"a": {"product": [900 + 2 * n, 901 + 2 * n]}} for n in range(3)}
        if styles == ("garment",):
            return {}
        return {
            f"brand{n}": {
                drawing: {
                    "clean": [n * 20 + k],
                    "reversed": [n * 20 + k + 1],
                    "photo": [n * 20 + k + 2, n * 20 + k + 3],
                }
                for drawing, k in (("symbol", 0), ("wordmark", 10))
            }
            for n in range(8)
        }


def test_batches_hold_two_views_of_each_thing() -> None:
    sampler = BatchSampler(_DrawnViews(), brands=6, products=2, garments=2)
    for seed in range(20):
        drawn = sampler.draw(np.random.default_rng(seed))
        assert len(drawn.rows) == 2 * (6 + 2)
        assert len(set(drawn.rows.tolist())) == len(drawn.rows)
        brands = [row // 20 if row < 900 else 900 + (row - 900) // 2 for row in drawn.rows]
        np.testing.assert_array_equal(drawn.alike, np.equal.outer(brands, brands))
        assert not drawn.ignored.any()


def test_one_seed_one_batch() -> None:
    sampler = BatchSampler(_DrawnViews(), brands=6, products=2, garments=2)
    first, again = (sampler.draw(np.random.default_rng(3)).rows for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_too_few_brands_are_refused() -> None:
    with pytest.raises(ValueError, match="render more"):
        BatchSampler(_DrawnViews(), brands=9, products=0, garments=0)


def test_families_share_a_beginning() -> None:
    assert same_family("firefoxbrowser", "firefox")
    assert not same_family("go", "google")
    assert not same_family("slack", "github")


def test_half_of_a_batch_are_brands_beside_their_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding_batches, "_RIVALS_FROM", 1)
    sampler = BatchSampler(_DrawnViews(), brands=6, products=0, garments=0)
    names = list(sampler.references())
    assert names == [f"brand{n}" for n in range(8)]
    # brand0 and brand1 look alike, so do brand2 and brand3, and so on; brand6 and brand7 are one mark.
    angle = np.array([0.0, 0.5, 1.6, 2.1, 3.2, 3.7, 4.8, 4.8])
    vectors = np.zeros((8, 256), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angle), np.sin(angle)
    sampler.set_rivals(names, vectors)
    beside = {0: 1, 1: 0, 2: 3, 3: 2, 4: 5, 5: 4}
    seeds = 0
    for seed in range(30):
        rows = sampler.draw(np.random.default_rng(seed)).rows
        brands = (rows[::2] // 20).tolist()
        assert len(set(brands)) == 6
        if brands[0] in beside:
            seeds += 1
            assert brands[1] == beside[brands[0]], "a seed is followed by its rival"
    assert seeds > 15
    assert "brand7" not in sampler.rivals["brand6"]
