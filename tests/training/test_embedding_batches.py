import numpy as np
import pytest

from training.embedding_batches import BatchSampler, same_family


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
