from __future__ import annotations

import pytest

from serve.text.allowed_rows import may_stand


def allowed(text: str) -> bool:
    """Whether the row "Acme Hooli Initech" may stand in the place of the @ in `text`."""
    row = "Acme Hooli Initech"
    start = text.index("@")
    return may_stand(text.replace("@", row), start, start + len(row))


@pytest.mark.parametrize(
    "text",
    [
        "Strap for @ watches",
        "Glass suitable for old @ phones",
        "Screen protector @",
        "@ universal dock",
        "钢化膜 @",
        "适配 @ 表链",
        "@ 手柄 通用",
        "Job lot: @ caps",
        "Joblot of boys' clothes, @, age 4",
        "@ socks, 6 pairs",
        "4 x tees, @",
        "Vests, five items, @",
        "Shoe repair @",
        "@ 短袖 五件",
        "旧包回收 @",
        "Spielzeugpaket @",
        "My collection of @ watches",
    ],
)
def test_what_goods_fit_and_the_brands_of_a_lot_may_stand_in_a_row(text: str) -> None:
    assert allowed(text)


@pytest.mark.parametrize(
    "text",
    [
        "@ hoodie",
        "Jumper for women @",
        "Present for him @",
        "Top with a logo @",
        "Slim fit @ shirt",
        "For those who want a warm thick jumper @",
        "Thanks a lot. @",
        "Thanks a lot @",
        "Cap, new collection @",
        "Collection from Bath. @",
        "We have a lot to sell, see the shop. Black cap @",
        "@ hoodie" + " soft" * 9 + " bundle",
        "运动套装 三件套 @",
        "1 x cap @",
        "适合男生 @",
    ],
)
def test_an_ordinary_word_somewhere_allows_no_row(text: str) -> None:
    assert not allowed(text)
