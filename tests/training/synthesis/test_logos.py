import json
from pathlib import Path

import numpy as np
import pytest

from training.synthesis import logos
from training.synthesis.logos import Logo, brand_key, is_held_out, load_logos, one_colour, rasterise, split_of

TWO_COLOURS = Logo(
    "acme",
    "acme",
    "drawn",
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">'
    '<rect x="10" y="15" width="20" height="10" fill="#f00"/>'
    '<rect x="14" y="18" width="4" height="4" fill="#00f"/></svg>',
    False,
)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "iconify-json-logos-1" / "package"
    folder.mkdir(parents=True)
    icons = {
        "acme": {"body": '<path fill="#f00" d="M0 0h20v10H0z"/>'},
        "acme-icon": {"body": '<path fill="#0f0" d="M0 0h10v10H0z"/>', "width": 10},
        "acme-copy": {"body": '<path fill="#0f0" d="M1 1h10v10H0z"/>', "hidden": True},
        "acme-2014": {"body": '<path fill="#f00" d="M0 0h20v10H0z"/>'},
    }
    (folder / "icons.json").write_text(json.dumps({"prefix": "logos", "icons": icons, "width": 20, "height": 10}))
    return tmp_path


def test_versions_of_a_mark_are_one_brand() -> None:
    for name in ("google", "google-icon", "google-2014", "Google-Wordmark", "google-plain-wordmark"):
        assert brand_key(name) == "google"
    assert brand_key("google-maps") == "googlemaps"
    assert brand_key("nodedotjs") == brand_key("nodejs-icon") == "nodejs"
    assert brand_key("500px") == "500px"
    assert brand_key("42") == "42"


def test_sub_brands_are_held_out_and_short_names_only_exactly() -> None:
    assert all(map(is_held_out, ("adidas", "googleads", "applemusic", "x", "hp", "pepsico", "xdotcom", "samsungpay")))
    assert not any(map(is_held_out, ("xbox", "minimax", "intellijidea", "hpanel", "github")))


def test_split_is_fixed_and_keeps_held_out_brands_apart() -> None:
    assert split_of("nike") == "held_out"
    keys = [f"brand{number}" for number in range(800)]
    splits = [split_of(key) for key in keys]
    assert 60 < splits.count("dev") < 140
    assert [split_of("github"), split_of("slack")] == ["train", "train"]


def test_packages_are_read_whole_without_copies(packages: Path) -> None:
    drawn = [logo for logo in load_logos(packages) if logo.package == "logos"]
    assert [(logo.brand, logo.name) for logo in drawn] == [("acme", "acme"), ("acme", "acme-icon")]


def test_simpleicons_alone_gives_thousands_of_one_colour_brands() -> None:
    drawn = load_logos(None)
    assert len({logo.brand for logo in drawn}) > 2000
    assert all(logo.monochrome for logo in drawn)


def test_a_folder_without_packages_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="hallmark train logos"):
        load_logos(tmp_path)


def test_missing_npm_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logos.shutil, "which", lambda _: None)
    with pytest.raises(RuntimeError, match=r"install Node\.js"):
        logos.fetch_packages(tmp_path)


def test_raster_is_trimmed_to_the_drawing() -> None:
    rgba = rasterise(TWO_COLOURS, width=80)
    assert abs(rgba.shape[1] - 80) <= 2
    assert abs(rgba.shape[0] - 40) <= 2
    assert tuple(rgba[rgba.shape[0] // 2, -4]) == (255, 0, 0, 255)
    assert rgba[..., 3].min() > 0


def test_raster_in_one_colour_on_a_ground() -> None:
    icon = next(logo for logo in load_logos(None) if logo.brand == "github")
    rgba = rasterise(icon, width=64, colour="#00ff00", background=(0, 0, 255))
    assert (rgba[..., 3] == 255).all()
    assert (rgba[..., 0] == 0).all()
    assert {tuple(pixel) for pixel in rgba[..., :3].reshape(-1, 3)} >= {(0, 255, 0), (0, 0, 255)}


def test_a_plate_in_one_colour_keeps_its_ink() -> None:
    painted = one_colour(rasterise(TWO_COLOURS, width=80), (0, 0, 0))
    assert painted[20, 25, 3] == 255
    assert painted[2, 60, 3] == 0


def test_rasters_are_the_callers_own() -> None:
    rasterise(TWO_COLOURS, width=80)[:] = 7
    assert not np.all(rasterise(TWO_COLOURS, width=80) == 7)


def test_an_empty_drawing_is_refused() -> None:
    empty = Logo("a", "a", "drawn", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"></svg>', False)
    with pytest.raises(ValueError, match="empty"):
        rasterise(empty, width=16)
