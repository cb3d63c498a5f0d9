from __future__ import annotations

import random
import time
from functools import cache
from itertools import product

import pytest
from pypinyin import Style, pinyin

from serve.text.brand_words import BrandNames, BrandWords
from serve.text.listing import Listing
from serve.text.listing_rules import broken_rules
from serve.text.naming import How
from serve.text.sounds import SoundsOfNames

NAMES = [
    "香奈儿", "爱马仕", "劳力士", "普拉达", "欧米茄", "卡地亚", "新百伦", "巴宝莉", "范思哲", "纪梵希",
    "葆蝶家", "圣罗兰", "蒂芙尼", "潘多拉", "安德玛", "阿迪达斯", "路易威登", "巴黎世家", "施华洛世奇",
    "加拿大鹅", "康师傅", "飞利浦", "西门子", "苏泊尔", "周大福", "老凤祥", "蓝月亮", "比亚迪", "耐克", "小米",
    "华为", "美的", "格力", "古驰", "迪奥", "戴森", "蔻驰", "乐高", "匡威", "李宁", "安踏", "特步", "海尔",
    "九阳", "方太", "联想", "立白", "雅迪", "绿源", "云南白药", "完美日记", "三只松鼠", "农夫山泉", "可口可乐",
    "江南布衣", "鸿星尔克", "七匹狼", "太平鸟", "优衣库", "好孩子", "大白兔", "欧普", "千百度", "心相印",
    "老干妈", "王老吉", "良品铺子", "南极人", "波司登", "百雀羚", "欧莱雅", "无印良品",
]  # fmt: skip
BRANDS = BrandWords({name: BrandNames(name, ()) for name in NAMES})


def named(title: str) -> dict[str, How]:
    return BRANDS.how_named(Listing(title=title))


def shown(title: str) -> list[str]:
    return [one.text for one in broken_rules(Listing(title=title), BRANDS) if one.rule == "hidden_name"]


@pytest.mark.parametrize(
    ("title", "hidden", "brand"),
    [
        ("秋冬新款香奶儿真皮包包", "香奶儿", "香奈儿"),
        ("秋冬新款香奶兒真皮包包", "香奶兒", "香奈儿"),
        ("专柜阿迪达丝运动裤", "阿迪达丝", "阿迪达斯"),
        ("阿笛达斯跑步鞋", "阿笛达斯", "阿迪达斯"),
        ("爱马士丝巾礼盒", "爱马士", "爱马仕"),
        ("劳利士机械表", "劳利士", "劳力士"),
        ("纪凡希口红", "纪凡希", "纪梵希"),
        ("康师父方便面", "康师父", "康师傅"),
        ("七批狼男士皮带", "七批狼", "七匹狼"),
        ("香奈er包", "香奈er", "香奈儿"),
        ("香nai儿包", "香nai儿", "香奈儿"),
        ("香nai尔包", "香nai尔", "香奈儿"),
        ("香 nài 儿包", "香 nài 儿", "香奈儿"),
        ("xiang奈儿包", "xiang奈儿", "香奈儿"),
        ("xiangnai儿包", "xiangnai儿", "香奈儿"),
        ("阿迪da斯350", "阿迪da斯", "阿迪达斯"),
        ("A迪达斯卫衣", "A迪达斯", "阿迪达斯"),
        ("<b>施华</b>洛shi奇项链", "施华洛shi奇", "施华洛世奇"),
        ("耐ke 鞋", "耐ke", "耐克"),
        ("新款耐KE42码", "耐KE", "耐克"),
        ("小mi手机14", "小mi", "小米"),
        ("HUA为平板", "HUA为", "华为"),
        ("lü源电动车", "lü源", "绿源"),
        ("LV源电动车", "LV源", "绿源"),
        ("不是香奶儿", "香奶儿", "香奈儿"),
    ],
)
def test_a_name_is_heard_in_what_sounds_alike(title: str, hidden: str, brand: str) -> None:
    assert named(title) == {brand: How.DISGUISED}
    assert shown(title) == [hidden]


@pytest.mark.parametrize(
    ("title", "brand"),
    [
        ("xiangnaier 包", "香奈儿"),
        ("XiangNaiEr包", "香奈儿"),
        ("#xiangnaier", "香奈儿"),
        ("xiang nai er 包", "香奈儿"),
        ("Xiāngnài'ér", "香奈儿"),
        ("adidasi 鞋", "阿迪达斯"),
        ("shi hua luo shi qi 项链", "施华洛世奇"),
    ],
)
def test_the_whole_name_in_pinyin_is_a_name(title: str, brand: str) -> None:
    assert named(title) == {brand: How.PLAINLY}
    assert shown(title) == []


@pytest.mark.parametrize(
    "title",
    [
        "lining of silk, anta, meide, aima",
        "xiangnaierr",
        "喜欢这个颜色,美de 很",
        "美de像画一样的桌布",
        "转化为现金",
        "隔离霜 保湿",
        "小mini风扇",
        "小 mi 手机",
        "北欧PU皮沙发",
        "耐看可爱",
        "小区西门自提",
        "向奶儿",
        "香奶而",
        "爱ma",
        "香×奈×而",
        "",
    ],
)
def test_what_sounds_too_little_like_a_name_is_none(title: str) -> None:
    assert named(title) == {}
    assert shown(title) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_as_it_is_hides_nothing(name: str) -> None:
    assert named(f"新款{name}正品")[name] > How.DISGUISED
    assert shown(f"新款{name}正品") == []


def test_a_name_that_sounds_like_another_hides_none() -> None:
    brands = BrandWords({name: BrandNames(name, ()) for name in ("香奈儿", "香奈尔", "香奶儿专柜")})
    assert brands.how_named(Listing(title="香奈尔 包")) == {"香奈尔": How.PLAINLY}
    assert brands.how_named(Listing(title="香奶儿专柜")) == {"香奶儿专柜": How.PLAINLY}
    assert brands.how_named(Listing(title="香奶儿 包")) == {"香奈儿": How.DISGUISED}


def test_names_that_are_hidden_so_are_stacked_and_compared_too() -> None:
    stacked, hidden = broken_rules(Listing(title="秋冬香奶儿阿迪达丝爱ma仕包"), BRANDS)
    assert (stacked.rule, stacked.text) == ("stacked_names", "香奶儿阿迪达丝爱ma仕")
    assert (hidden.rule, hidden.text, len(hidden.brand_ids)) == ("hidden_name", "香奶儿", 3)
    assert [one.rule for one in broken_rules(Listing(title="香奶儿同款"), BRANDS)] == ["comparison", "hidden_name"]


def test_a_denial_of_a_name_that_is_hidden_so_denies_no_other() -> None:
    assert named("不是香奶儿的包包耐克鞋") == {"香奈儿": How.DISGUISED, "耐克": How.PLAINLY}
    assert named("不是 xiangnaier 包") == {"香奈儿": How.DENIED}


ORDINARY = """
秋冬新款真皮女包单肩斜挎包简约百搭小方包
儿童奶嘴硅胶安抚奶嘴新生儿用品套装
香薰蜡烛 奶油儿童房装饰摆件
爱心马克杯 仕女图陶瓷杯
爱骂人鹦鹉摆件 毛绒玩具
力士香皂 沐浴露 持久留香家庭装
老实人办公椅 人体工学 久坐不累
阿姨家政围裙 加厚防水
达人推荐 思维训练益智玩具 3-6岁
拉面碗 普通家用日式大碗 4.5寸
家用米饭欧式蒸锅 加厚三层
亚麻地毯 卡通地垫 客厅卧室
新款百搭轮滑鞋 儿童全套装
百轮滑板车 新手入门
宝宝爬爬垫 巴掌大小礼品盒 莉莉同学
哲理故事书 范文大全 思维导图
记录本 凡人修仙 希望文具 A5笔记本
报价单打印 蝶形螺丝 家装五金
圣诞树 罗汉松盆栽 兰花种子
多肉盆栽 潘家园同城 拉杆箱
安全德行教育挂图 玛瑙手串
路灯 太阳能 易安装 威力大 登山扣
巴西黎巴嫩世界国旗挂旗 家庭装饰
花洒 施工洛阳铲 世纪奇观拼图
加大码拿铁杯 鹅绒被 冬被
健康老师推荐护腰带 腰椎支撑
健康食府菜谱 家常菜大全
菲律宾芒果干 利润低 铺货
小区西门自提 二手书桌
西门口自取 婴儿推车 九成新
酥饼而已 苏式月饼 波浪礼盒
周末大幅优惠 福袋 盲盒
周打扶手楼梯配件 304不锈钢
老房翻新 凤凰祥云 床上四件套
蓝色月饼盒 亮面包装 中秋礼盒
比赛用笛子 亚克力 C调F调
耐刻画橡皮章 雕刻工具
大小迷你风扇 学生宿舍静音
中华围棋 云子 双面凸
转化为文字录音笔 会议专用
隔离栏 力学实验器材
立体声美得很音响 家用
估计迟到 手账贴纸
低奥数教材 小学三年级
带森系头饰 新娘发夹 超仙
扣吃的零食小盒子 分装
勒高枕头 护颈椎 记忆棉
框威士忌酒杯 水晶 礼盒
理宁心安神香囊 端午
按它说明书安装 宜搭书架
特别不一样的礼物 生日送女友
江南不一样的丝绸扇面 手绘
海耳机收纳 硅胶套
酒养生药材 泡酒料 三斤
放太久不坏的真空收纳袋
云南百合 药食同源 干货
王牌老鸡汤料包 滋补
两品普洱茶 子母杯 茶具
男机械风人字拖 夏季
悟空印章 良缘品 定制
北欧PU皮沙发 客厅小户型 科技布
U型枕 AI语音翻译机 Type-C快充
5du枕头 men鞋 he包 da码
LED灯 DIY材料包 men款 T恤 纯棉
可口的可乐味软糖 散装
好害羞子母床 上下铺 实木
太平鞋垫 鸟语花香 除臭
七皮带打孔器 狼毫毛笔
优质衣架库存清仓 防滑
前半百度过生日帽子 派对
心想硬币存钱罐 存钱桶
老干部 妈妈围巾 羊绒
mini小风扇 大li士 jiu款 hen美 de裙子
""".strip().splitlines()


@pytest.mark.parametrize("title", ORDINARY)
def test_ordinary_goods_are_named_after_nobody(title: str) -> None:
    assert named(title) == {}
    assert broken_rules(Listing(title=title), BRANDS) == []


def test_names_are_those_that_a_look_at_every_name_finds() -> None:
    rng, letters = random.Random(5), "阿俄达打大迪地得德斯丝似是儿而"
    names = {"".join(rng.choices(letters, k=rng.randint(2, 4))) for _ in range(60)}
    sounds = SoundsOfNames(names)

    @cache
    def syllables(letter: str) -> set[str]:
        return set(pinyin(letter, style=Style.NORMAL, heteronym=True)[0])

    def hides(piece: str, name: str) -> bool:
        same = sum(one == other for one, other in zip(piece, name, strict=True))
        alike = all(syllables(one) & syllables(other) for one, other in zip(piece, name, strict=True))
        particle = any(one != other and one == "是" for one, other in zip(piece, name, strict=True))
        return len(name) >= 3 and alike and len(name) / 2 <= same < len(name) and not particle

    for _ in range(200):
        text = "".join(rng.choices(letters, k=12))
        pieces = [(start, start + length) for start, length in product(range(12), range(2, 5)) if start + length <= 12]
        standing = [(start, end) for start, end in pieces if text[start:end] in names and end - start >= 3]
        wanted = {
            (name, start, end)
            for name in names
            for start, end in pieces
            if end - start == len(name)
            and hides(text[start:end], name)
            and not any(first <= start and end <= last for first, last in standing)
        }
        assert set(sounds.hidden_in(text)) == wanted, text


@pytest.mark.parametrize(
    "piece",
    [
        "阿",
        "达",
        "阿迪达",
        "阿迪达丝",
        "阿迪达斯阿迪达丝",
        "阿a",
        "阿 a ",
        "adi",
        "a di da ",
        "xian",
        "阿" + "x" * 9_000,
        "的",
    ],
)
def test_a_long_text_costs_no_more_than_its_length(piece: str) -> None:
    brands = BrandWords({name: BrandNames(name, ()) for name in (*NAMES, "阿达阿达", "阿的阿地")})
    text = (piece * 10_000)[:10_000]
    list(brands.named("阿", near=False))
    start = time.process_time()
    list(brands.named(text, near=False))
    assert time.process_time() - start < 2.0


def test_the_time_does_not_grow_with_the_number_of_names() -> None:
    rng = random.Random(3)
    letters = [chr(code) for code in range(0x4E00, 0x5E00)]
    text = "".join(rng.choices(letters, k=4_000))

    def least(count: int) -> float:
        sounds = SoundsOfNames({"".join(rng.choices(letters, k=3)) for _ in range(count)})
        sounds.hidden_in(text)
        taken = []
        for _ in range(5):
            start = time.process_time()
            sounds.hidden_in(text)
            taken.append(time.process_time() - start)
        return min(taken)

    assert least(3_000) < 6 * least(100)
