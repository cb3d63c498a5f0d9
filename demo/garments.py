"""Things of cloth: shirts, bags, caps and the labels sewn into them."""

from __future__ import annotations

import numpy as np

from demo.products import Draw, Product, cloth, darker, rectangle
from demo.surfaces import SIDE, cover, draw, inflated


def t_shirt(colour: str, rng: np.random.Generator) -> Product:
    """A T-shirt laid flat."""
    torso = (
        "M372 118 C425 176 575 176 628 118 L712 150 C745 168 752 300 748 420 C742 580 748 760 762 902 "
        "C650 926 350 926 238 902 C252 760 258 580 252 420 C248 300 255 168 288 150 Z"
    )
    left = "M290 149 C215 180 182 215 160 262 L62 440 C100 478 150 500 198 512 L258 398 Z"
    right = "M710 149 C785 180 818 215 840 262 L938 440 C900 478 850 500 802 512 L742 398 Z"
    seam = darker(colour, 0.25)
    paint = draw(
        f'<path d="M368 116 C430 70 570 70 632 116 C575 182 425 182 368 116Z" fill="{darker(colour, 0.45)}"/>'
        f'<path d="M404 104 C450 86 550 86 596 104 L592 112 C550 96 450 96 408 112Z" fill="{darker(colour, 0.15)}"/>'
        f'<path d="{left}" fill="{colour}"/><path d="{right}" fill="{colour}"/><path d="{torso}" fill="{colour}"/>'
        f'<g fill="none" stroke="{seam}" stroke-width="3"><path d="M372 118 C425 176 575 176 628 118"/>'
        f'<path d="M352 124 C415 202 585 202 648 124"/><path d="M290 149 C250 240 250 330 254 412"/>'
        f'<path d="M710 149 C750 240 750 330 746 412"/></g>'
        f'<g fill="none" stroke="{seam}" stroke-width="2" stroke-dasharray="7 4">'
        f'<path d="M240 880 C350 904 650 904 760 880"/><path d="M73 422 C112 460 160 482 206 494"/>'
        f'<path d="M927 422 C888 460 840 482 794 494"/></g>'
    )
    height = np.maximum.reduce([inflated(cover(part), radius=60, depth=26) for part in (torso, left, right)])
    place = rectangle(345, 265, 310, 260)
    return cloth(paint, height=height, wrinkles=15, size=170, place=place, rng=rng, pose="lies")


def hoodie(colour: str, rng: np.random.Generator) -> Product:
    """A hooded sweatshirt laid flat."""
    torso = (
        "M360 200 C420 250 580 250 640 200 L735 235 C768 320 764 600 770 850 L766 930 C640 945 360 945 234 930 "
        "L230 850 C236 600 232 320 265 235 Z"
    )
    left = "M266 234 C190 270 160 340 146 430 L92 800 L100 868 L196 880 L208 810 L250 520 Z"
    right = "M734 234 C810 270 840 340 854 430 L908 800 L900 868 L804 880 L792 810 L750 520 Z"
    hood = "M350 212 C318 110 400 46 500 46 C600 46 682 110 650 212 C610 262 390 262 350 212 Z"
    seam, rib, inner = darker(colour, 0.25), darker(colour, 0.12), darker(colour, 0.5)
    paint = draw(
        f'<path d="{left}" fill="{colour}"/><path d="{right}" fill="{colour}"/><path d="{torso}" fill="{colour}"/>'
        f'<path d="M94 794 L88 868 L196 884 L206 812Z" fill="{rib}"/>'
        f'<path d="M906 794 L912 868 L804 884 L794 812Z" fill="{rib}"/>'
        f'<path d="M230 872 C360 892 640 892 770 872 L766 934 C640 950 360 950 234 934Z" fill="{rib}"/>'
        f'<path d="{hood}" fill="{darker(colour, 0.06)}"/>'
        f'<path d="M392 206 C380 128 430 92 500 92 C570 92 620 128 608 206 C580 240 420 240 392 206Z" fill="{inner}"/>'
        f'<path d="M338 640 L662 640 L724 780 L724 872 L276 872 L276 780Z" fill="{darker(colour, 0.05)}" '
        f'stroke="{seam}" stroke-width="4"/>'
        f'<g fill="none" stroke="#e8e6e0" stroke-width="9" stroke-linecap="round"><path d="M440 232 C434 300 444 350 '
        f'436 420"/><path d="M560 232 C568 300 554 340 566 400"/></g>'
        f'<g fill="none" stroke="{seam}" stroke-width="3"><path d="M266 236 C240 340 246 440 250 520"/>'
        f'<path d="M734 236 C760 340 754 440 750 520"/></g>'
        f'<g stroke="{seam}" stroke-width="2">'
        + "".join(f'<path d="M{x} 884 L{x} 936"/>' for x in range(250, 760, 14))
        + "</g>"
    )
    parts = [(torso, 34), (left, 30), (right, 30), (hood, 48)]
    height = np.maximum.reduce([inflated(cover(part), radius=70, depth=depth) for part, depth in parts])
    place = rectangle(355, 420, 290, 195)
    return cloth(paint, height=height, wrinkles=22, size=200, place=place, rng=rng, pose="lies")


def tote_bag(colour: str, rng: np.random.Generator) -> Product:
    """A canvas bag with two handles, laid flat."""
    bag = "M222 372 L778 372 C784 560 796 760 806 930 C640 948 360 948 194 930 C204 760 216 560 222 372 Z"
    seam = darker(colour, 0.22)
    paint = draw(
        f'<g fill="none" stroke-width="38"><path d="M352 420 C350 120 410 50 500 50 C590 50 650 120 648 420" '
        f'stroke="{darker(colour, 0.28)}"/><path d="M332 440 C324 170 392 84 500 84 C608 84 676 170 668 440" '
        f'stroke="{darker(colour, 0.05)}"/></g><path d="{bag}" fill="{colour}"/>'
        f'<g fill="none" stroke="{seam}" stroke-width="2.5" stroke-dasharray="9 5"><path d="M222 410 L778 410"/>'
        f'<path d="M316 376 L316 452 L350 452 L350 376"/><path d="M650 376 L650 452 L684 452 L684 376"/></g>'
        f'<path d="M222 374 L778 374" stroke="{seam}" stroke-width="4"/>'
    )
    height = inflated(cover(bag), radius=90, depth=30)
    place = rectangle(330, 490, 340, 330)
    return cloth(paint, height=height, wrinkles=20, size=210, place=place, rng=rng, pose="lies")


def cap(colour: str, rng: np.random.Generator) -> Product:
    """A baseball cap from the front."""
    crown = "M190 590 C180 300 320 170 500 170 C680 170 820 300 810 590 C700 540 300 540 190 590 Z"
    visor = (
        "M188 588 C300 530 700 530 812 588 C872 630 880 690 836 726 C720 806 280 806 164 726 C120 690 128 630 188 588 Z"
    )
    seam = darker(colour, 0.3)
    paint = draw(
        f'<path d="{crown}" fill="{colour}"/><path d="{visor}" fill="{darker(colour, 0.1)}"/>'
        f'<ellipse cx="500" cy="170" rx="24" ry="12" fill="{darker(colour, 0.15)}"/>'
        f'<g fill="none" stroke="{seam}" stroke-width="3"><path d="M478 174 C340 230 300 400 296 556"/>'
        f'<path d="M522 174 C660 230 700 400 704 556"/><path d="M188 588 C300 530 700 530 812 588"/></g>'
        f'<g fill="none" stroke="{seam}" stroke-width="2" stroke-dasharray="8 5">'
        f'<path d="M172 622 C300 566 700 566 828 622"/><path d="M152 656 C290 602 710 602 848 656"/>'
        f'<path d="M136 692 C280 640 720 640 864 692"/></g><g fill="{darker(colour, 0.6)}">'
        f'<circle cx="352" cy="300" r="7"/><circle cx="648" cy="300" r="7"/></g>'
    )
    dome = inflated(cover(crown), radius=260, depth=150)
    height = np.maximum(dome, inflated(cover(visor), radius=60, depth=40))
    place = rectangle(352, 330, 296, 185)
    return cloth(paint, height=height, wrinkles=5, size=150, place=place, rng=rng, pose="stands")


def backpack(colour: str, rng: np.random.Generator) -> Product:
    """A backpack from the front, with a pocket and zips."""
    body = (
        "M250 250 C260 130 360 96 500 96 C640 96 740 130 750 250 L786 820 "
        "C780 910 720 930 500 930 C280 930 220 910 214 820 Z"
    )
    pocket = "M282 560 C380 540 620 540 718 560 L736 820 C730 870 690 884 500 884 C310 884 270 870 264 820 Z"
    zip_line = 'fill="none" stroke="#c9c9c4" stroke-width="5" stroke-dasharray="4 3"'
    paint = draw(
        f'<path d="M420 112 C420 36 580 36 580 112" fill="none" stroke="{darker(colour, 0.35)}" stroke-width="26"/>'
        f'<path d="M222 420 C150 520 150 700 222 800" fill="none" stroke="{darker(colour, 0.4)}" stroke-width="34"/>'
        f'<path d="M778 420 C850 520 850 700 778 800" fill="none" stroke="{darker(colour, 0.4)}" stroke-width="34"/>'
        f'<path d="{body}" fill="{colour}"/><path d="{pocket}" fill="{darker(colour, 0.1)}" '
        f'stroke="{darker(colour, 0.4)}" stroke-width="4"/>'
        f'<path d="M262 500 C272 190 360 140 500 140 C640 140 728 190 738 500" {zip_line}/>'
        f'<path d="M290 604 C390 586 610 586 710 604" {zip_line}/>'
        f'<rect x="690" y="598" width="14" height="52" rx="6" fill="#b8b8b2"/>'
        f'<rect x="730" y="488" width="14" height="58" rx="6" fill="#b8b8b2"/>'
        f'<rect x="300" y="700" width="54" height="20" rx="3" fill="{darker(colour, 0.55)}"/>'
    )
    height = inflated(cover(body), radius=150, depth=95) + inflated(cover(pocket), radius=70, depth=34)
    place = rectangle(352, 238, 296, 240)
    return cloth(paint, height=height, wrinkles=9, size=150, place=place, rng=rng, pose="stands")


def woven_label(colour: str, rng: np.random.Generator) -> Product:
    """A woven label sewn into a garment, seen from close: cloth fills the picture."""
    ground = darker(colour, 0.3) if colour.lower() != "#1d1d1f" else "#4b5563"
    label = "M190 330 L810 330 L810 690 L190 690 Z"
    paint = draw(
        f'<rect width="{SIDE}" height="{SIDE}" fill="{ground}"/><path d="M0 262 L1000 262" '
        f'stroke="{darker(ground, 0.3)}" stroke-width="5"/><path d="{label}" fill="{colour}"/>'
        f'<g stroke="{darker(colour, 0.3)}" stroke-width="4" stroke-dasharray="13 8">'
        f'<path d="M206 340 L206 680"/><path d="M794 340 L794 680"/></g>'
        f'<g stroke="{darker(ground, 0.25)}" stroke-width="4" stroke-dasharray="16 9"><path d="M0 244 L1000 244"/>'
        f'<path d="M0 282 L1000 282"/></g>'
    )
    height = inflated(cover(label), radius=14, depth=9)
    ribs = np.sin(np.mgrid[0:SIDE, 0:SIDE][0] * (2 * np.pi / 5)).astype(np.float32)
    product = cloth(
        paint, height=height, wrinkles=26, size=300, place=rectangle(250, 372, 500, 276), rng=rng, pose="fills"
    )
    return Product(paint, product.light * (1 + 0.05 * ribs), product.shine, product.shift, product.place, "fills")


GARMENTS: dict[str, Draw] = {
    "T-shirt": t_shirt,
    "hoodie": hoodie,
    "tote bag": tote_bag,
    "cap": cap,
    "backpack": backpack,
    "label": woven_label,
}
"""Every drawing of this module by name."""
