"""Things with a hard surface: mugs, cans, phone cases, shoes and their boxes."""

from __future__ import annotations

import numpy as np

from demo.products import SHAPE, Corners, Draw, Pose, Product, cylinder, darker, rectangle
from demo.surfaces import SIDE, Field, Paint, cover, draw, gleam, grain, inflated, lit


def mug(colour: str, rng: np.random.Generator) -> Product:
    """A glazed mug with its handle to the right."""
    middle, radius, top, bottom = 450.0, 250.0, 230.0, 800.0
    glaze = darker(colour, 0.05)
    paint = draw(
        f'<path d="M680 330 C860 300 890 420 870 520 C850 630 770 680 668 690" fill="none" stroke="{glaze}" '
        f'stroke-width="52"/><path d="M200 230 L200 740 C205 800 330 842 450 842 C570 842 695 800 700 740 L700 230Z" '
        f'fill="{colour}"/><ellipse cx="450" cy="230" rx="250" ry="62" fill="{darker(colour, -0.35)}"/>'
        f'<ellipse cx="450" cy="236" rx="232" ry="52" fill="{darker(colour, 0.45)}"/>'
        f'<ellipse cx="450" cy="262" rx="206" ry="34" fill="#3a2113"/>'
    )
    light, shine, shift = cylinder(middle, radius=radius, sag=50)
    y = np.mgrid[0:SIDE, 0:SIDE][0]
    inside = (
        (y < top + 55) & (paint[..., 3] > 0) & (np.hypot((np.mgrid[0:SIDE, 0:SIDE][1] - 450) / 250, (y - 230) / 62) < 1)
    )
    light = np.where(inside, 0.95, light).astype(np.float32)
    shine = np.where(inside, 0.02, shine).astype(np.float32)
    handle = np.mgrid[0:SIDE, 0:SIDE][1] > 702
    ring = lit(inflated((paint[..., 3] * handle).astype(np.float32), radius=27, depth=27), ambient=0.55)
    light = np.where(handle, ring * 0.9, light).astype(np.float32)
    shine = np.where(handle, 0, shine).astype(np.float32)
    place = rectangle(middle - 165, top + 165, 330, bottom - top - 245)
    light *= 1 + 0.006 * grain(SHAPE, size=90, rng=rng)
    return Product(paint, light, shine, shift, place, "stands")


def can(colour: str, rng: np.random.Generator) -> Product:
    """A drinks can."""
    body = "M310 190 L690 190 L712 236 L712 800 L690 846 C640 870 360 870 310 846 L288 800 L288 236 Z"
    paint = draw(
        f'<path d="{body}" fill="#b9bdc2"/><path d="M288 240 L712 240 L712 796 L288 796Z" fill="{colour}"/>'
        f'<path d="M288 290 L712 290 M288 752 L712 752" stroke="{darker(colour, 0.3)}" stroke-width="9"/>'
        f'<ellipse cx="500" cy="190" rx="190" ry="34" fill="#d4d7da"/>'
        f'<ellipse cx="500" cy="193" rx="166" ry="25" fill="#9da1a6"/>'
        f'<ellipse cx="500" cy="186" rx="44" ry="9" fill="#c9ccd0" stroke="#7d8186" stroke-width="3"/>'
    )
    light, shine, shift = cylinder(500.0, radius=212.0, sag=26)
    drops = grain(SHAPE, size=5, rng=rng) > 2.6
    shine = np.clip(shine * 1.3 + 0.25 * drops, 0, 1).astype(np.float32)
    return Product(paint, light, shine, shift, rectangle(370, 360, 260, 330), "stands")


def phone_case(colour: str, rng: np.random.Generator) -> Product:
    """The back of a phone in a case, with its cameras."""
    case = (
        "M330 60 L670 60 C716 60 740 84 740 130 L740 870 C740 916 716 940 670 940 "
        "L330 940 C284 940 260 916 260 870 L260 130 C260 84 284 60 330 60 Z"
    )
    island = (
        "M320 96 L466 96 C490 96 500 106 500 130 L500 292 C500 316 490 326 466 326 "
        "L320 326 C296 326 286 316 286 292 L286 130 C286 106 296 96 320 96 Z"
    )
    lenses = "".join(
        f'<circle cx="{x}" cy="{y}" r="42" fill="#0d0f12" stroke="{darker(colour, 0.45)}" stroke-width="9"/>'
        f'<circle cx="{x}" cy="{y}" r="22" fill="#1b2530"/><circle cx="{x - 12}" cy="{y - 13}" r="7" fill="#8fa6c4"/>'
        for x, y in ((342, 158), (342, 264), (444, 210))
    )
    paint = draw(
        f'<rect x="252" y="250" width="10" height="70" rx="4" fill="{darker(colour, 0.5)}"/>'
        f'<rect x="738" y="280" width="10" height="110" rx="4" fill="{darker(colour, 0.5)}"/>'
        f'<path d="{case}" fill="{colour}" stroke="{darker(colour, 0.3)}" stroke-width="6"/>'
        f'<path d="{island}" fill="{darker(colour, 0.18)}"/>{lenses}'
        f'<circle cx="446" cy="130" r="13" fill="#f4edd2"/>'
    )
    height = inflated(cover(case), radius=30, depth=22) + inflated(cover(island), radius=12, depth=12)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    band = np.exp(-((((x * 0.8 + y * 0.45) - rng.uniform(560, 860)) / 120) ** 2))
    shine = 0.16 * band + 0.25 * gleam(height, sharpness=26) * (height < 20)
    light = lit(height, ambient=0.6) * (1 + 0.008 * grain(SHAPE, size=2, rng=rng))
    return _flat_print(paint, light=light, shine=shine, place=rectangle(345, 470, 310, 310), pose="lies")


def shoe_box(colour: str, rng: np.random.Generator) -> Product:
    """A closed shoe box, its front and right side in view; the mark is on the front."""
    lid, side = darker(colour, 0.1), darker(colour, 0.3)
    paint = draw(
        f'<path d="M90 470 L640 520 L640 850 L96 770 Z" fill="{colour}"/>'
        f'<path d="M640 520 L920 430 L914 720 L640 850 Z" fill="{side}"/>'
        f'<path d="M78 380 L352 318 L936 356 L652 426 Z" fill="{darker(colour, -0.2)}"/>'
        f'<path d="M78 380 L652 426 L652 536 L80 484 Z" fill="{lid}"/>'
        f'<path d="M652 426 L936 356 L934 456 L652 536 Z" fill="{darker(side, 0.12)}"/>'
        f'<path d="M80 486 L652 538 L640 552 L90 500 Z" fill="#000" opacity="0.25"/>'
        f'<path d="M652 538 L934 458 L920 470 L640 552 Z" fill="#000" opacity="0.25"/>'
        f'<path d="M708 602 L862 546 L860 640 L708 708 Z" fill="#f4f2ec"/>'
        f'<path d="M722 622 L800 594 M722 644 L780 622" stroke="#333" stroke-width="7"/>'
        + "".join(
            f'<path d="M{x} {690 - (x - 708) * 0.44:.0f} l0 -38" stroke="#222" stroke-width="{2 + x % 4}"/>'
            for x in range(724, 848, 9)
        )
    )
    board = 1 + 0.03 * grain(SHAPE, size=60, rng=rng) + 0.012 * grain(SHAPE, size=2, rng=rng)
    y = np.mgrid[0:SIDE, 0:SIDE][0].astype(np.float32)
    light = board * (1.05 - 0.15 * (y - 320) / 530)
    place = np.array([[176, 552], [560, 588], [560, 790], [180, 738]], np.float32)
    return _flat_print(
        paint, light=light.astype(np.float32), shine=np.zeros(SHAPE, np.float32), place=place, pose="stands"
    )


def shoe(colour: str, rng: np.random.Generator) -> Product:
    """A running shoe from the side, toe to the right."""
    upper = (
        "M112 430 C108 372 150 330 196 352 C236 384 300 396 356 372 C392 350 420 330 446 330 C520 400 600 470 690 506 "
        "C780 530 870 548 902 604 C914 636 910 668 900 684 L128 684 C108 600 116 510 112 430 Z"
    )
    sole = (
        "M116 668 C300 650 420 690 560 684 C700 680 820 664 912 656 C932 690 920 734 880 752 C700 776 300 776 146 762 "
        "C104 750 100 700 116 668 Z"
    )
    toe = "M742 520 C830 538 890 560 904 612 C912 640 910 660 902 676 L790 680 C800 620 780 560 742 520 Z"
    heel = "M112 430 C110 400 118 372 140 352 C176 420 214 560 226 684 L128 684 C108 600 116 510 112 430 Z"
    dark, pale = darker(colour, 0.28), darker(colour, -0.55)
    laces = "".join(
        f'<path d="M{440 + i * 46} {376 + i * 33} L{388 + i * 50} {424 + i * 32}" stroke="#f3f1ec" stroke-width="15" '
        f'stroke-linecap="round"/><circle cx="{386 + i * 50}" cy="{428 + i * 32}" r="6" fill="{darker(colour, 0.6)}"/>'
        for i in range(5)
    )
    paint = draw(
        f'<path d="M140 360 L160 326 C230 316 330 326 404 292 C430 290 452 306 460 344 L440 400 L300 430 Z" '
        f'fill="{darker(colour, 0.55)}"/><path d="{upper}" fill="{colour}"/><path d="{toe}" fill="{dark}"/>'
        f'<path d="{heel}" fill="{dark}"/>'
        f'<path d="M420 336 C520 420 610 480 716 516 L690 540 C580 510 470 452 372 384Z" '
        f'fill="{darker(colour, 0.16)}"/>'
        f'{laces}<path d="{sole}" fill="#f1efe9"/>'
        f'<path d="M122 706 C300 690 420 726 560 720 C700 716 820 704 918 692" fill="none" stroke="{pale}" '
        f'stroke-width="12"/>'
        f'<path d="M140 752 C320 770 700 772 884 744" fill="none" stroke="#5c5a55" stroke-width="15"/>'
        f'<g fill="none" stroke="{darker(colour, 0.45)}" stroke-width="2.5" stroke-dasharray="7 4">'
        f'<path d="M738 530 C776 570 792 620 784 678"/><path d="M150 366 C184 440 216 570 234 682"/>'
        f'<path d="M384 440 C460 496 580 556 680 568"/></g>'
    )
    height = np.maximum(inflated(cover(upper), radius=110, depth=70), inflated(cover(sole), radius=34, depth=86))
    mesh = 1 + 0.04 * grain(SHAPE, size=4, rng=rng) * (cover(upper) - cover(toe) - cover(heel)).clip(0, 1)
    place = np.array([[262, 470], [505, 492], [512, 652], [266, 642]], np.float32)
    shine = 0.12 * gleam(height, sharpness=14) * cover(sole)
    return _flat_print(paint, light=lit(height) * mesh, shine=shine, place=place, pose="stands")


def _flat_print(paint: Paint, *, light: Field, shine: Field, place: Corners, pose: Pose) -> Product:
    """A product whose print lies where it is seen."""
    return Product(
        paint, light.astype(np.float32), shine.astype(np.float32), np.zeros((*SHAPE, 2), np.float32), place, pose
    )


GOODS: dict[str, Draw] = {
    "mug": mug,
    "can": can,
    "phone case": phone_case,
    "shoe box": shoe_box,
    "shoe": shoe,
}
"""Every drawing of this module by name."""
