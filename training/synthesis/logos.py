# ruff: noqa: SIM905 - a long list of words reads better as text
"""Genuine vector logos from registry packages: which brand each belongs to, and how it looks as pixels.

The packages are PyPI `simpleicons` (one colour, CC0) and npm `@iconify-json/logos`, `simple-icons` (CC0), `devicon` and
`skill-icons` (MIT). Brands that Hallmark reports figures on are in `HELD_OUT_BRANDS` and are never trained on; the
others are split by a hash of their name into `train` and `dev`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import resvg_py
from numpy.typing import NDArray

RgbaImage = NDArray[np.uint8]
"""An image of shape (height, width, 4), dtype uint8, RGB and straight (not premultiplied) alpha, values 0..255."""

NPM_PACKAGES = {
    "@iconify-json/logos": "1.2.19",
    "@iconify-json/simple-icons": "1.2.102",
    "@iconify-json/devicon": "1.2.68",
    "@iconify-json/skill-icons": "1.2.4",
}

# Words that name a version of a mark (its symbol, wordmark, ground or year), not another brand.
_VERSION_WORDS = frozenset(
    "icon wordmark original plain line dark light alt mono monochrome monochromatic vertical horizontal symbol logo "
    "classic color colour badge lockup full small".split()
)
_ONE_COLOUR_PREFIXES = frozenset({"simple-icons"})
_SAME_BRAND = {
    "vuejs": "vue", "nuxtjs": "nuxt", "d3js": "d3", "angularjs": "angular", "amazonwebservices": "aws",
    "amazonaws": "aws", "golang": "go", "googlecast": "chromecast", "threedsmax": "3dsmax", "emberjs": "ember",
    "springio": "spring", "facebookf": "facebook", "githuboctocat": "github", "mailchimpfreddie": "mailchimp",
    "slackhash": "slack", "linuxtux": "linux", "expressjs": "express", "backbonejs": "backbone", "apachehttp": "apache",
}  # fmt: skip

HELD_OUT_BRANDS = frozenset(
    # FlickrLogos-27
    "adidas apple bmw citroen cocacola dhl fedex ferrari ford google hp heineken intel mcdonalds mini nbc nike pepsi "
    "porsche puma redbull sprite starbucks texaco unicef vodafone yahoo "
    # real imitations and their genuine counterparts
    "samsung twitter x burgerking bisleri "
    # the brands of the product photo catalogue
    "lotto disney decathlon quechua fifa inkfruit probase catwalk domyos tantra carlton dusg mrmen ediots kalenji "
    "kipsta newfeel tribord solognac artengo nabaiji geonaute inesis".split()
)
"""Keys of the brands that no network is ever trained on: figures are reported on them.

Nothing is tuned on them either, but for those of `training.evaluation.datasets.TUNING_BRANDS`.
"""

# For these a longer key that starts alike is another brand altogether (hp … hpe is not, xbox is not x).
_EXACT_ONLY = frozenset({"hp", "x", "mini", "tantra", "carlton"})
_ALSO_HELD_OUT = frozenset({"hpe", "hpinc", "hewlettpackard", "minicooper", "xdotcom", "xtwitter", "xcom"})


@dataclass(frozen=True)
class Logo:
    """One drawing of a brand's mark.

    `brand` is the canonical key, lower case letters and digits, shared by every drawing of the brand in every package;
    `name` is the package's own name of the drawing; `svg` a whole SVG document; `monochrome` says that it has one
    colour (which is then the `color` of the document's root).
    """

    brand: str
    name: str
    package: str
    svg: str
    monochrome: bool


def brand_key(name: str) -> str:
    """The canonical brand of a package's `name`: `google-2014`, `google-icon` and `google` are all `google`."""
    tokens = [token for token in re.split(r"[^a-z0-9]+", name.lower()) if token]
    while len(tokens) > 1 and (tokens[-1] in _VERSION_WORDS or re.fullmatch(r"\d{1,4}", tokens[-1])):
        tokens.pop()
    key = "".join(tokens)
    key = re.sub(r"(?<=.)dot(js|io|net|com|org|dev|so|app|ai|me|ch)$", r"\1", key)
    return _SAME_BRAND.get(key, key)


def may_be_one_brand(one: str, other: str) -> bool:
    """Whether two names, of logos or of what is written in a mark, share a word or lie within each other.

    An empty name is nobody's.
    """
    ours, theirs = _words_of(one), _words_of(other)
    return bool(ours & theirs) or any(
        len(word) >= _TELLING and len(word_) >= _TELLING and (word in word_ or word_ in word)
        for word in ours for word_ in theirs
    )  # fmt: skip


_TELLING = 4  # letters of a word that says whose another is, which holds it


def _words_of(name: str) -> set[str]:
    """Words of at least three letters, and all of them as one."""
    words = re.findall(r"[a-z0-9]+", name.lower())
    return {word for word in (*words, "".join(words)) if len(word) >= 3 or word == "".join(words)} - {""}


def is_held_out(brand: str) -> bool:
    """Whether `brand` is, or is a sub-brand of, one that figures are reported on (`googleads`, `applemusic`)."""
    if brand in HELD_OUT_BRANDS or brand in _ALSO_HELD_OUT:
        return True
    if brand.startswith("intelli"):  # IntelliJ and the like share letters with Intel and nothing else
        return False
    return any(brand.startswith(held) for held in HELD_OUT_BRANDS - _EXACT_ONLY)


def split_of(brand: str) -> Literal["train", "dev", "held_out"]:
    """Where `brand` belongs, for good: one in eight of the brands that are not held out is `dev`."""
    if is_held_out(brand):
        return "held_out"
    return "dev" if hashlib.sha256(brand.encode()).digest()[0] < 32 else "train"


def default_folder() -> Path:
    """Where `fetch_packages` puts the npm packages: `$HALLMARK_HOME/logos`, `./var/logos` when that is unset."""
    return Path(os.environ.get("HALLMARK_HOME", "var")) / "logos"


def fetch_packages(folder: Path | None = None) -> Path:
    """Take the npm packages of vector logos into `folder` (default: `default_folder()`); what is there stays.

    Raises `RuntimeError`, saying what to do, when npm is missing or cannot reach its registry.
    """
    folder = default_folder() if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    for package, version in NPM_PACKAGES.items():
        stem = f"{package.removeprefix('@').replace('/', '-')}-{version}"
        if (folder / stem / "package" / "icons.json").exists():
            continue
        archive = npm_pack(f"{package}@{version}", folder)
        with tarfile.open(archive) as opened:
            members = [member for member in opened.getmembers() if member.name == "package/icons.json"]
            opened.extractall(folder / stem, members=members, filter="data")
        archive.unlink()
    return folder


def npm_pack(package: str, folder: Path) -> Path:
    """The archive that `npm pack` leaves in `folder`."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            f"npm is needed to take {package}: install Node.js, or unpack `npm pack {package}` made on another "
            f"machine under {folder}; without it, simpleicons from PyPI still gives 2,400 one-colour logos"
        )
    done = subprocess.run(  # noqa: S603 - the arguments are constants of this module
        [npm, "pack", package, "--silent", "--pack-destination", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"npm pack {package} failed (is the registry reachable?): {done.stderr.strip()[-500:]}")
    return folder / done.stdout.strip().splitlines()[-1]


def load_logos(folder: Path | None = None) -> list[Logo]:
    """Every vector logo of PyPI `simpleicons` and of the npm packages unpacked in `folder`, by brand and name.

    `folder` None reads `simpleicons` alone. Drawings that an earlier package already has are left out. Raises
    `FileNotFoundError` when `folder` is given and holds no package.
    """
    colours: dict[str, str] = {}
    logos = list(_simpleicons(colours))
    if folder is not None:
        files = sorted(folder.glob("iconify-json-*/package/icons.json"))
        if not files:
            raise FileNotFoundError(f"no logo packages in {folder}: `hallmark train logos` takes them there")
        for file in files:
            logos.extend(_iconify(json.loads(file.read_text(encoding="utf-8")), colours))
    first: dict[tuple[str, str], Logo] = {}
    for logo in logos:
        drawing = max(re.findall(r'\bd="([^"]+)"', logo.svg), key=len, default=logo.svg)
        first.setdefault((logo.brand, drawing), logo)
    return sorted(first.values(), key=lambda logo: (logo.brand, logo.package, logo.name))


def _simpleicons(colours: dict[str, str]) -> list[Logo]:
    """The logos of PyPI `simpleicons`; fills `colours` with the brand colour of each slug."""
    from simpleicons.all import icons  # noqa: PLC0415 - 5 MB of source that only training and the demo want

    logos = []
    for slug, icon in icons.items():
        colours[slug] = f"#{icon.hex}"
        svg = icon.svg.replace("<svg ", f'<svg fill="currentColor" color="#{icon.hex}" ', 1)
        svg = re.sub(r"<title>.*?</title>", "", svg)
        logos.append(Logo(brand_key(slug), slug, "simpleicons", svg, True))
    return logos


def _iconify(package: dict[str, Any], colours: dict[str, str]) -> list[Logo]:
    """The logos of one Iconify package (its parsed `icons.json`)."""
    logos = []
    prefix = package["prefix"]
    for name, icon in package["icons"].items():
        if icon.get("hidden"):
            continue
        left, top = icon.get("left", 0), icon.get("top", 0)
        width, height = (icon.get(side, package.get(side, 16)) for side in ("width", "height"))
        colour = colours.get(name, "#111111")
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" color="{colour}" '
            f'viewBox="{left} {top} {width} {height}" width="{width}" height="{height}">{icon["body"]}</svg>'
        )
        monochrome = prefix in _ONE_COLOUR_PREFIXES or set(re.findall(r'fill="([^"]+)"', svg)) <= {"currentColor"}
        logos.append(Logo(brand_key(name), name, prefix, svg, monochrome))
    return logos


def rasterise(
    logo: Logo, *, width: int, colour: str | None = None, background: tuple[int, int, int] | None = None
) -> RgbaImage:
    """The logo as pixels, trimmed to its content, `width` pixels wide (less when it would be over 2 × as tall as that).

    `colour` (`#rrggbb`) paints the mark in one colour; `background` (RGB, 0..255) lays it on a plain ground, and alpha
    is then 255 everywhere. Raises `ValueError` for a drawing without content.
    """
    rgba = _rasterised(logo.svg, width).copy()
    if colour is not None:
        rgba = one_colour(rgba, tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
    if background is not None:
        alpha = rgba[..., 3:].astype(np.float32) / 255
        ground = np.asarray(background, np.float32)
        rgba[..., :3] = np.rint(rgba[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
        rgba[..., 3] = 255
    return rgba


def content_of(logo: Logo) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is drawn, in units of the drawing's width. Raises `ValueError` as above."""
    return _content(logo.svg)


def one_colour(rgba: RgbaImage, colour: tuple[int, ...]) -> RgbaImage:
    """The mark painted in one RGB `colour`.

    A mark that fills its whole rectangle (a badge on a plate) would become a blank patch, so there the ink is what
    differs from the plate's colour at the rim.
    """
    alpha = rgba[..., 3]
    if float((alpha > 127).mean()) > 0.8:
        pixels = rgba[..., :3].astype(np.int16)
        solid = alpha > 127
        rim = np.concatenate([pixels[0][solid[0]], pixels[-1][solid[-1]], pixels[:, 0][solid[:, 0]]])
        plate = np.median(rim if rim.size else pixels[solid], axis=0)
        distance = np.abs(pixels - plate).max(axis=-1).astype(np.float32)
        if (distance[solid] > 64).mean() > 0.03:
            alpha = (np.clip(distance / 96, 0, 1) * alpha).astype(np.uint8)
    painted = np.empty_like(rgba)
    painted[..., :3] = np.asarray(colour, np.uint8)
    painted[..., 3] = alpha
    return painted


@lru_cache(maxsize=1024)
def _rasterised(svg: str, width: int) -> RgbaImage:
    """The trimmed pixels of `svg`; the callers copy."""
    left, top, right, bottom = _content(svg)
    whole = width / (right - left)
    tallest = 2 * width / (bottom - top)
    rendered = _render(svg, round(min(whole, tallest)))
    rows, columns = (np.flatnonzero(rendered[..., 3].max(axis=axis) > 8) for axis in (1, 0))
    return np.ascontiguousarray(rendered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


@lru_cache(maxsize=16384)
def _content(svg: str) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the drawn part, in units of the drawing's width."""
    probe = _render(svg, 96)
    rows, columns = (np.flatnonzero(probe[..., 3].max(axis=axis) > 8) for axis in (1, 0))
    if rows.size == 0:
        raise ValueError(f"the drawing is empty: {svg[:120]}")
    return columns[0] / 96, rows[0] / 96, (columns[-1] + 1) / 96, (rows[-1] + 1) / 96


def _render(svg: str, width: int) -> RgbaImage:
    """The drawing `width` pixels wide, untrimmed."""
    png = resvg_py.svg_to_bytes(svg_string=svg, width=max(width, 1), skip_system_fonts=True)
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise ValueError(f"cannot be drawn: {svg[:120]}")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), np.uint8)
