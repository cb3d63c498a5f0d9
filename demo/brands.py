"""The brands that the demo registers, and their clean references."""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np

from model.encoding import png
from model.regions import RgbImage
from training.synthesis.logos import Logo, rasterise

REFERENCE_SIDE = 512
"""Width and height of a reference picture, in pixels."""

MARK_SHARE = 0.78
"""Longer side of the mark, as a share of the reference picture."""

WHITE, BLACK = (255, 255, 255), (17, 17, 17)

BRANDS: dict[str, str] = {
    "acer": "Acer",
    "adidas": "Adidas",
    "apple": "Apple",
    "asus": "ASUS",
    "audi": "Audi",
    "beats": "Beats",
    "bmw": "BMW",
    "bosch": "Bosch",
    "bose": "Bose",
    "corsair": "Corsair",
    "dell": "Dell",
    "dior": "Dior",
    "ducati": "Ducati",
    "ferrari": "Ferrari",
    "fifa": "FIFA",
    "fila": "Fila",
    "fitbit": "Fitbit",
    "garmin": "Garmin",
    "hp": "HP",
    "huawei": "Huawei",
    "ikea": "IKEA",
    "intel": "Intel",
    "jbl": "JBL",
    "jeep": "Jeep",
    "jordan": "Jordan",
    "kfc": "KFC",
    "lamborghini": "Lamborghini",
    "lenovo": "Lenovo",
    "lg": "LG",
    "logitech": "Logitech",
    "mcdonalds": "McDonald's",
    "mercedes": "Mercedes",
    "mini": "MINI",
    "msi": "MSI",
    "nba": "NBA",
    "newbalance": "New Balance",
    "nike": "Nike",
    "nintendoswitch": "Nintendo Switch",
    "nvidia": "NVIDIA",
    "oneplus": "OnePlus",
    "pepsi": "Pepsi",
    "playstation": "PlayStation",
    "porsche": "Porsche",
    "puma": "Puma",
    "razer": "Razer",
    "reebok": "Reebok",
    "samsung": "Samsung",
    "sandisk": "SanDisk",
    "seagate": "Seagate",
    "starbucks": "Starbucks",
    "thenorthface": "The North Face",
    "underarmour": "Under Armour",
    "xbox": "Xbox",
    "xiaomi": "Xiaomi",
}
"""Brands that counterfeiters copy: the drawing's name in `simpleicons`, and the brand's own name."""

NOBODYS_BRANDS: dict[str, str] = {"steam": "Steam", "volvo": "Volvo"}
"""Brands that appear in listings and that nobody registers."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A clean picture of a brand's mark: what it shows, and a PNG."""

    note: str
    png: bytes


def colour_of(logo: Logo) -> str:
    """The brand's colour, `#rrggbb`, of a one-colour logo. Raises `ValueError` when its SVG names none."""
    found = re.search(r'\bcolor="(#[0-9a-fA-F]{6})"', logo.svg)
    if found is None:
        raise ValueError(f"{logo.name} names no colour; a one-colour logo of simpleicons was expected")
    return found[1].lower()


def rgb(colour: str) -> tuple[int, int, int]:
    """`#rrggbb` as red, green and blue, 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def references(logo: Logo) -> list[Reference]:
    """The clean versions of a mark that a brand uploads: its colour on white, black on white, white on its colour."""
    colour = colour_of(logo)
    versions = (
        ("brand colour on white", colour, WHITE),
        ("black on white", "#111111", WHITE),
        ("white on brand colour", "#ffffff", rgb(colour)),
    )
    return [Reference(note, png(_centred(logo, ink=ink, ground=ground))) for note, ink, ground in versions]


def _centred(logo: Logo, *, ink: str, ground: tuple[int, int, int]) -> RgbImage:
    side = round(REFERENCE_SIDE * MARK_SHARE)
    mark = rasterise(logo, width=side, colour=ink, background=ground)[..., :3]
    scale = side / max(mark.shape[:2])
    size = (max(round(mark.shape[1] * scale), 1), max(round(mark.shape[0] * scale), 1))
    mark = cv2.resize(mark, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    picture: RgbImage = np.full((REFERENCE_SIDE, REFERENCE_SIDE, 3), ground, np.uint8)
    top, left = (REFERENCE_SIDE - size[1]) // 2, (REFERENCE_SIDE - size[0]) // 2
    picture[top : top + size[1], left : left + size[0]] = mark
    return picture
