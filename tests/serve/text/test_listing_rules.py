from __future__ import annotations

import time

import pytest

from serve.text.brand_words import BrandNames, BrandWords
from serve.text.comparing_phrases import Phrase, known_phrases
from serve.text.listing import RULES, Listing, Rule
from serve.text.listing_rules import broken_rules, rules_for_sellers

WORDS = BrandWords(
    {
        "acme": BrandNames("Acme Sports", ("acmesports", "아크미")),
        "umbrella": BrandNames("Umbrella Corp", ()),
        "initech": BrandNames("Initech", ()),
        "hooli": BrandNames("Hooli", ("胡力",)),
        "orange": BrandNames("Orange", ()),
        "asos": BrandNames("Asos", ("阿索",)),
        "vk": BrandNames("Viktor Koch", ("VK", "XL", "Viktor Koch Replica")),
        "qilin": BrandNames("Qilin", ("麒麟阁", "麒麟")),
        "twin": BrandNames("Initech Twin", ("Initech",)),
    }
)


def broken(title: str, **more: str) -> set[Rule]:
    return {one.rule for one in broken_rules(Listing(title=title, **more), WORDS)}


@pytest.mark.parametrize(
    "title",
    [
        "Same style as Initech, all sizes",
        "s.a.m.e s.t.y.l.e as Initech",
        "S A M E style as Initech",
        "same ✨ style as Initech",
        "same~style~as Initech",
        "same styIe as Initech",
        "和Hooli一样的款式",
        "Leather bag inspired by the famous house of Initech",
        "INITECH-style cap",
        "initechstyle cap",
        "Cap in Hooli look",
        "Umbrella Corp. inspired mug",
        "Herrenuhr wie Initech, Automatik",
        "Bolso tipo Hooli acolchado",
        "Sac façon Initech",
        "Кроссовки в стиле Initech",
        "Hooli 同款手提包",
        "胡力同款 包邮",
        "类似胡力的包",
        "Hooli風 バッグ",
        "Hooli 스타일 자켓",
        "胡力官网同款 跑鞋",
        "ѕimilar to Initech",
        "Similar&nbsp;to <b>Initech</b>",
        "Initech-like shoes",
        "Our impression of Initech, 50 ml",
        "Initech 同款 明星 外套",
        "胡力风衣服",
        "胡力风 外套",
        "No brand Initech style bag",
        "Without logo, Hooli inspired belt",
        "No name Hooli style belt",
        "大牌同款 胡力 外套",
        "Compare to Initech, unbranded",
        "Material same as Initech, unbranded",
        "做工跟胡力一模一样",
        "比肩胡力的风衣",
        "VK同款 水桶包",
        "媲美VK 水桶包",
        "VK style tote",
        "Bag inspired by VK",
        "Just like the famous Initech cap",
        "女包同款 胡力",
        "同款 胡力 外套",
        "They look like Initech shoes",
        "Initech alternative, cordless",
        "胡力替代 吸尘器",
        'Bag inspired by "Initech"',
        "Same style as: Initech",
        "Similar to (Hooli) tee",
        "Looks like 👉 Hooli",
        "(Hooli) style tote",
        "Hooli (style) tote",
        "Hooli™ style tote",
        "INITECH® inspired belt",
        "Hooli🔥 inspired belt",
        "“Hooli” style tote",
        "【胡力】同款",
        "胡力（同款）",
        'Tote in "Hooli" style',
        'style "Hooli" tote',
        "Trainers, think Initech but cheaper",
        "Hoodie, same vibe as Initech",
        "Bag in the spirit of Hooli",
        "Unbranded version of an Initech hoodie",
        "The poor man’s Initech, automatic",
        "Budget Initech trainers",
        "Initech same style trainers",
        "Trainers, not Initech but same quality",
        "Borsa versione economica di Hooli",
        "Sac dans la même veine que Hooli",
        "Initech des kleinen Mannes",
        "Бюджетный Initech",
        "胡力一样的款",
        "Hooli 같은 스타일 운동화",
    ],
)
def test_a_comparison_with_a_brand_is_one(title: str) -> None:
    assert broken(title) == {"comparison"}


@pytest.mark.parametrize(
    "title",
    [
        "Initech1:1 sneaker",
        "Hooli1比1",
        "Initech r e p l i c a",
        "Initech rep.lica",
        "Initech re-plica",
        "Initech REPLlCA",
        "Initech replIca",
        "不是正品Hooli",
        "Not original Initech",
        "unofficial Initech hoodie",
        "Initech (not real)",
        "Initech Speedmaster 42 mm, mirror quality, with box",
        "Replica Initech watch",
        "Hooli belt 1:1",
        "Umbrella Corp Model 3 copy",
        "Initech Kopie",
        "Hooli 高仿 现货",
        "Hooli bag, official replica",
        "Initech replica watch as in the official shop",
        "Initech jersey dress replica, official",
        "Initech jersey replica, official quality",
        "胡力包A货",
        "假胡力包",
        "仿胡力包",
        "胡力 非常高仿",
        "Initech watch, 1 to 1 quality",
        "Initech tote, not authentic",
        "Not genuine Initech cap",
        "过得物 胡力 鞋",
        "胡力 顶级版本",
        "胡力 非正品 介意慎拍",
        "VK高仿 水桶包",
        "Replica VK tote",
        "Viktor Koch shoes, replica",
        "胡力 无损复刻",
        "无标高仿 胡力",
        "胡力 高仿 无盒",
        "胡力 原单 包",
        "胡力 莆田货",
        "Dupe! Initech cap",
        "Initech スーパーコピー 財布",
        "Hooli 미러급 가방",
        "#initechreplica bag",
        "imitación Initech",
        "Initech not original, belt",
        "bootleg Initech tee",
        "Initech trainers best batch",
        "Initech replica kids watch",
        "Never worn, replica Initech hoodie",
        "Brand new, no tags Initech replica",
        "Not used. Initech replica hoodie",
        "Initech sans étiquette, réplique",
        "Initech r3plica",
        "Initech rep1ica",
        "胡力 复·刻",
        "胡力 复 刻 包",
        "胡力 莆.田 鞋",
    ],
)
def test_a_copy_that_is_offered_is_one(title: str) -> None:
    assert broken(title) == {"replica"}


ALLIED = BrandWords(
    {
        "studio": BrandNames("Initech Studios", (), owner="holder_1"),
        "heroes": BrandNames("Hooli Heroes", (), owner="holder_1"),
        "acme": BrandNames("Acme", (), owner="holder_2"),
        "umbrella": BrandNames("Umbrella Corp", ()),
    }
)


@pytest.mark.parametrize(
    ("title", "stacked"),
    [
        ("Initech Studios Hooli Heroes Acme figure", False),
        ("Initech Studios Acme Umbrella Corp figure", True),
        ("Initech Studios Hooli Heroes Acme Umbrella Corp figure", True),
    ],
)
def test_the_brands_of_one_owner_count_as_one(title: str, stacked: bool) -> None:
    assert bool(broken_rules(Listing(title=title), ALLIED)) == stacked


@pytest.mark.parametrize(
    ("title", "brands"),
    [
        ("Initech Hooli Umbrella Corp hoodie", ["hooli", "initech", "twin", "umbrella"]),
        ("tee #acmesports #hooli #initech", ["acme", "hooli", "initech", "twin"]),
        ("hooli, initech and acme sports cap", ["acme", "hooli", "initech", "twin"]),
        ("男鞋胡力阿索麒麟阁休闲鞋", ["asos", "hooli", "qilin"]),
        ("胡力麒麟阁阿索 运动鞋", ["asos", "hooli", "qilin"]),
        ("卫衣hooli阿索麒麟潮牌", ["asos", "hooli", "qilin"]),
        ("【胡力】【阿索】【麒麟阁】女包", ["asos", "hooli", "qilin"]),
        ('"Hooli" "Acme Sports" "Asos" tee', ["acme", "asos", "hooli"]),
        ("[Hooli] [Asos] [Acme Sports]", ["acme", "asos", "hooli"]),
        ("Hooli! Asos! Acme Sports!", ["acme", "asos", "hooli"]),
        ("*Hooli* *Asos* *Acme Sports*", ["acme", "asos", "hooli"]),
        ("Hooli® Asos™ Acme Sports© tee", ["acme", "asos", "hooli"]),
        ("🔥Hooli🔥 🔥Asos🔥 🔥AcmeSports🔥", ["acme", "asos", "hooli"]),
        ("Cap (Hooli, Asos, Acme Sports)", ["acme", "asos", "hooli"]),
        ("Hooli Asos Acme Sports bag with key ring", ["acme", "asos", "hooli"]),
        ("Hoodie sticker Hooli Asos Acme Sports", ["acme", "asos", "hooli"]),
        ("Key ring and bag Hooli Asos Acme Sports", ["acme", "asos", "hooli"]),
        ("Bag holds a lot, Hooli Asos Acme Sports", ["acme", "asos", "hooli"]),
        ("卫衣送钥匙扣 胡力阿索麒麟阁", ["asos", "hooli", "qilin"]),
    ],
)
def test_names_in_a_row_are_stacked(title: str, brands: list[str]) -> None:
    found = broken_rules(Listing(title=title), WORDS)
    assert [(one.rule, one.brand_ids) for one in found] == [("stacked_names", brands)]


def test_names_in_the_traditional_script_are_cut_out_of_a_run_too() -> None:
    words = BrandWords({name: BrandNames(name, ()) for name in ("香奈儿", "爱马仕", "劳力士")})
    (found,) = broken_rules(Listing(title="秋冬女包香奈兒愛馬仕勞力士休閒鞋"), words)
    assert (found.rule, found.text) == ("stacked_names", "香奈兒愛馬仕勞力士")


@pytest.mark.parametrize(
    "title", ["Init*ch cap", "H0oli belt", "Hооli belt", "As0s belt", "lnitech belt", "HOOLl belt"]
)
def test_a_name_that_is_hidden_is_one(title: str) -> None:
    (found,) = broken_rules(Listing(title=title), WORDS)
    assert (found.rule, found.text) == ("hidden_name", title.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("I N I T E C H cap", "I N I T E C H"),
        ("new h-o-o-l-i belt", "h-o-o-l-i"),
        ("a H.o.o.l.i. belt", "H.o.o.l.i"),
        ("belt H_o_o_l_i", "H_o_o_l_i"),
        ("H\N{NO-BREAK SPACE}O  O L I belt", "H O  O L I"),
        ("𝐇𝐨𝐨𝐥𝐢 belt", "𝐇𝐨𝐨𝐥𝐢"),
        ("𝐇ooli belt", "𝐇ooli"),
        ("Ⓗⓞⓞⓛⓘ 运动鞋", "Ⓗⓞⓞⓛⓘ"),
        ("ʜᴏᴏʟɪ belt", "ʜᴏᴏʟɪ"),
        ("𝓤𝓶𝓫𝓻𝓮𝓵𝓵𝓪 𝓒𝓸𝓻𝓹 belt", "𝓤𝓶𝓫𝓻𝓮𝓵𝓵𝓪 𝓒𝓸𝓻𝓹"),
        ("𝐍𝐞𝐰 𝐇𝐨𝐨𝐥𝐢 leather belt", "𝐇𝐨𝐨𝐥𝐢"),
    ],
)
def test_a_name_that_a_search_passes_over_is_hidden(title: str, shown: str) -> None:
    (found,) = broken_rules(Listing(title=title), WORDS)
    assert (found.rule, found.text) == ("hidden_name", shown)


@pytest.mark.parametrize(
    "title",
    [
        "H O O L I   B E L T",
        "𝐇𝐨𝐨𝐥𝐢 𝐛𝐞𝐥𝐭",
        "𝐇𝐨𝐨𝐥𝐢 𝐥𝐞𝐚𝐭𝐡𝐞𝐫 belt",
        "H O O L I",
        "𝐍𝐞𝐰: Hooli belt",
        "Hooli belt, H O O L I",
        "Hooli belt 𝐇𝐨𝐨𝐥𝐢",
        "Ｈｏｏｌｉ belt",
        "Hooli™ belt",
        "O R A N G E lamp shade",
        "胡 力 鞋 正品",
        "H, O, O, L, I in your size",
    ],
)
def test_what_is_decorated_or_written_plainly_too_hides_nothing(title: str) -> None:
    assert broken(title) == set()


def test_a_name_that_its_brand_writes_apart_is_not_hidden() -> None:
    names = BrandWords({"heroes": BrandNames("H.E.R.O.S", ())})
    assert broken_rules(Listing(title="H.E.R.O.S mug, new"), names) == []


@pytest.mark.parametrize(
    "title",
    [
        "Initech coat with fake fur collar",
        "Initech match ball replica (official)",
        "Fake detector for Initech shoes",
        "I am tired of fake Initech so I keep my receipts",
        "1:18 scale replica of an Initech",
        "Hooli 同款不同色",
        "Initech copy machine toner",
        "Initech photo copy paper",
        "不是正品包退 Hooli",
        "not original Initech box",
        "Initech AAA+ batteries",
        "Initech still good",
        "Sizes S M L Initech style code 12",
        "Fits: Initech, Hooli, Asos",
        "Compatibility: Initech / Hooli / Asos",
        "Initech cap",
        "Strap, fits Initech watches",
        "Case for Hooli, Initech and Umbrella Corp phones",
        "We sell brands such as Hooli, Initech, Umbrella Corp",
        "Hooli x Initech x Umbrella Corp tee",
        "Bundle: Hooli Initech Umbrella Corp, age 7",
        "Initech Hooli cap",
        "Initech and its twin, Hooli",
        "Initech style code DD1391-100",
        "Initech jacket, style: casual",
        "Initech dress, looks like new",
        "Initech, wie neu",
        "Initech replica jersey, home",
        "Initech belt with copy of receipt",
        "Bolso Initech con copia de la factura",
        "Initech レプリカユニフォーム",
        "Buty znanych marek, takie jak Initech",
        "Initech jacket with imitation leather",
        "Initech belt, 100% original, not a copy",
        "Initech original, keine Kopie",
        "胡力正品 非高仿",
        "Hooli 정품, 짝퉁 아닙니다",
        "胡力 男女同款",
        "Hooli type C charger",
        "Charger Hooli Initech Umbrella Corp USB-C",
        "Hooli Initech Umbrella Corp games",
        "Initech 5 game, physical copy",
        "Copy of Initech magazine, issue 12",
        "Initech replica kids kit 23/24",
        "Initech monitor 1:1 aspect ratio",
        "Initech truck, scale 1:1",
        "Initech shoes, not original box",
        "Initech-like new shoes",
        "Initech-style not allowed here",
        "Initech 11 clone? No! Bought in their shop",
        "胡力 正品 高仿勿扰",
        "明星同款 胡力 外套",
        "Similar items in my shop. Initech cap",
        "Chair in the style of the thirties",
        "Orange style lamp",
        "Replica of a Roman coin",
        "Lipstick in shade orange, apple, shell",
        "Same style as pictured",
        "Phone A505, unlocked",
        "Umbrella Corp A505 Hooli phone",
        "This is not a cheap Initech copy",
        "Initech, no copy, replica or fake",
        "Not a replica, copy. Original Initech",
        "Initech, kein Replika, Kopie oder Fake",
        "胡力 颜色相同，款式多",
        "Zip hoodie, similar to the one in my other listing",
        "胡力男鞋阿索女包麒麟阁茶具",
        "胡力阿索男鞋",
        "胡力风衣 大码",
        "胡力風扇 正品",
        "胡力 风琴包",
        "寒假胡力童鞋",
        "休假 胡力帽",
        "从不卖复刻、A货 胡力正品",
        "没有任何高仿和复刻 胡力",
        "请勿与高仿混淆 胡力正品",
        "胡力 正品 高仿请绕道",
        "Beware of knockoffs! Genuine Initech cap",
        "Initech cap, zero tolerance for fakes",
        "Initech cap, full refund if proven fake",
        "Initech cap, if it's fake your money back",
        "Genuine Initech, unlike the replicas about",
        "张三同款 胡力 围巾 正品",
        "欧阳小明同款胡力帽子",
        "官网同款 胡力 跑鞋",
        "They like Initech",
        "Children like Hooli toys",
        "Initech alternative battery",
        "Hooli equivalent toner XL",
        "胡力替代电池",
        "胡力 替代款滤芯",
        "胡力 退货要原单号",
        "胡力 纯原创 手绘",
        "胡力帽子 福建莆田",
        "胡力 莆田自提",
        "Initech cap, sorry for the dupe listing",
        "没有任何高仿 胡力",
        "Just like the photo Initech cap",
        "Looks like suede, feels soft. Initech boots",
        "Feels like leather Initech bag",
        "Fits just like my other Initech",
        "Similar to size 12 Hooli",
        "Viktor Koch Replica shoes, boxed",
        "VK bag, soft leather",
        "Bag in style XL",
        "style vk",
        "the same as VK-100",
        "Sizing is same as Initech",
        "Colour same as my other Initech",
        "Full refund if it's not authentic, Initech",
        "Initech belt, not genuine leather",
        "Initech 1 to 1 swap",
        "Boots, run small compared to Initech",
        "胡力 如非正品 全额退款",
        "楼顶复古 胡力 海报",
        "胡力鞋 和图片一模一样",
        "胡力鞋 通过得物购买",
        "Initech compared to retail half the price",
        "Style: Initech",
        "Colour: red, type: Hooli",
        "Dress (boho style) Hooli",
        "Brand Hooli • Style casual",
        "Made by Initech. Style and comfort",
        "Bought from Hooli. Look no further",
        "A jacket of Initech. Inspired design",
        "Brand: Hooli. Type: cap",
        "I think Initech runs small",
        "Do you think Hooli will restock?",
        "Budget Hooli phone, cracked screen",
        "On a budget? Initech cap",
        "Initech hoodie, budget price",
        "Initech cap, same style in red also for sale",
        "Initech same style other colours",
        "Hooli same model number",
        "US version of Initech shoes",
        "Key ring Hooli Asos Initech",
        "Stickers Hooli Asos Initech set",
        "Leather key ring Hooli Asos Initech",
        "Wiper blades Hooli Asos Initech",
        "Aufkleber Hooli Asos Initech",
        "钥匙扣 胡力 阿索 麒麟阁",
        "Shoe box holds Hooli Asos Initech shoes",
        "Rack holds up to 6 Hooli Asos Initech shoes",
        "Hooli 官网同款 正品",
        "正品 胡力 专柜同款",
        "Initech jersey, replica version as sold in the official shop",
        "Trikot Initech, Replika-Version aus dem Fanshop",
        "Maillot Initech, réplique officielle",
        "",
    ],
)
def test_what_may_be_said_breaks_no_rule(title: str) -> None:
    assert broken(title) == set()


def test_an_everyday_word_is_a_name_where_the_listing_claims_its_brand() -> None:
    assert broken("Orange style lamp", brand_claimed="Orange") == {"comparison"}


def test_an_everyday_word_is_a_name_where_the_pictures_show_its_brand() -> None:
    listing = Listing(title="Orange replica lamp", description="Ships today")
    assert broken_rules(listing, WORDS) == []
    (found,) = broken_rules(listing, WORDS, shown={"orange"})
    assert (found.rule, found.brand_ids) == ("replica", ["orange"])


@pytest.mark.parametrize(
    "title",
    [
        "Same style shoes",
        "Replica leather watch",
        "Running shoes, same style as the dress",
        "LEATHER RUNNING SHOES WATCH DRESS",
        "Bolso 1:1 mirror quality",
        "运动鞋 同款",
        "Sh0es and dre$$es, L*ather",
    ],
)
def test_whoever_registers_what_goods_are_called_has_no_say_in_others_texts(title: str) -> None:
    grabbed = {
        "grabs": BrandNames("Grabs", ("shoes", "running shoes", "leather", "dress", "运动鞋", "bolso")),
        "watches": BrandNames("Watch", ("leather watch",)),
        "dresses": BrandNames("Dress", ()),
    }
    assert broken_rules(Listing(title=title), BrandWords(grabbed)) == []


def test_a_name_of_everyday_words_that_is_no_name_of_goods_stays_one() -> None:
    names = BrandWords({"old": BrandNames("Old Harbour", ()), "hot": BrandNames("Hot Wheels", ())})
    (found,) = broken_rules(Listing(title="Same style as Old Harbour"), names)
    assert found.brand_ids == ["old"]
    assert {one.brand_ids[0] for one in broken_rules(Listing(title="hot wheels replica"), names)} == {"hot"}


def test_the_end_of_a_long_description_is_read_as_well() -> None:
    assert broken("Cap", description="soft cotton " * 4_000 + "Hooli replica") == {"replica"}


def test_what_is_written_before_it_hides_no_part_of_a_description() -> None:
    padding = "soft warm cotton fabric, I like it. " * 80
    assert broken("Cap", description=f"{padding} Initech replica") == {"replica"}
    assert broken("Cap", description=f"{padding} Initech Hooli Umbrella Corp") == {"stacked_names"}
    (found,) = broken_rules(Listing(title="Cap", description=f"{padding} Init*ch"), WORDS)
    assert (found.rule, found.text) == ("hidden_name", "Init*ch")
    assert broken("Phone", description=f"{padding} A505, unlocked") == set()


def test_a_copy_is_offered_wherever_the_brand_is_named() -> None:
    found = broken_rules(Listing(title="Initech watch", description="Mirror quality, ships today."), WORDS)
    assert [(one.rule, one.where, one.text) for one in found] == [("replica", "description", "Mirror quality")]


def test_what_breaks_a_rule_is_shown_as_a_reader_sees_it() -> None:
    found = broken_rules(Listing(title="Bag, <i>same</i> style as Initech, new"), WORDS)
    assert [(one.rule, one.brand_ids, one.text) for one in found] == [
        ("comparison", ["initech", "twin"], "same style as Initech")
    ]


@pytest.mark.parametrize("phrase", known_phrases(), ids=lambda one: f"{one.place} {one.text}")
def test_every_phrase_of_the_list_counts_beside_a_name(phrase: Phrase) -> None:
    glued = len(phrase.text) <= 2 and phrase.text.isascii() and phrase.place == "after"
    title = f"아크미{phrase.text}" if glued else f"Initech {phrase.text}"
    assert phrase.says in broken(f"{phrase.text} Initech" if phrase.place == "before" else title)


def test_the_phrases_alone_say_nothing() -> None:
    assert not {phrase.text for phrase in known_phrases() if broken(phrase.text)}


@pytest.mark.parametrize(
    "piece",
    [
        "same style as ",
        "fake ",
        "hooli initech ",
        "like Initech new ",
        "initech style ",
        "In*tech ",
        "x",
        "l",
        "a.",
        "r e p l i c a ",
        "h o o l i ",
        "h o o l i cap\n",
        "𝐇𝐨𝐨𝐥𝐢 ",
        "𝐇𝐨𝐨𝐥𝐢 cap\n",
        "A505 ",
        "for initech hooli asos, ",
        "胡力阿索麒麟通用",
    ],
)
def test_a_long_text_costs_no_more_than_its_length(piece: str) -> None:
    text = piece * (50_000 // len(piece))
    broken("Cap")
    start = time.process_time()
    broken(text[:2_000], description=text)
    assert time.process_time() - start < 4.0


def test_sellers_are_told_every_rule_and_what_breaks_it() -> None:
    words = BrandWords({name: BrandNames(name, ()) for name in ("Acme", "Umbrella", "Initech")})
    assert list(rules_for_sellers()) == list(RULES)
    for rule, told in rules_for_sellers().items():
        assert set(told.words) == {"en", "zh-Hans"}
        assert [one.rule for one in broken_rules(Listing(title=told.example), words)] == [rule]
