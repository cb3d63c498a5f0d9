from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from exports import Decided, write_export

from model.regions import Box
from training.round.labels import Label, LabelsMissing, divided, read_labels


def label(number: int, *, brand: str = "brand_0", picture: str | None = None, origin: str = "complaint") -> Label:
    return Label(
        id=f"label_{number:03}", picture=picture or f"picture {number}", box=Box(0, 0, 1, 1), brand=brand,
        reference="ref", kind="smear", target=0.9, weight=0.8, origin=origin,
        decided=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
    )  # fmt: skip


def test_no_picture_that_examines_teaches() -> None:
    labels = [label(n, brand=f"brand_{n % 40}") for n in range(400)]
    labels += [label(1_000 + n, origin="blind_test", picture=f"picture {n}") for n in range(30)]
    labels.append(label(2_000, brand="brand_1", origin="complaint", picture="picture 0"))
    division = divided(labels)
    examining = {one.picture for group in division.examining.values() for one in group}
    assert examining & {one.picture for one in division.teaching} == set()
    assert {one.origin for one in division.examining["blind tests"]} == {"blind_test"}
    assert 5 < len(division.examining["blind tests"]) < 25
    apart, taught = ({one.brand for one in group} for group in (division.examining["other brands"], division.teaching))
    assert apart
    assert apart & taught == set()
    assert len(apart) < 15
    later = division.examining["later cases"]
    assert min(one.decided for one in later) > max(one.decided for one in division.teaching)
    assert 0.1 < len(later) / 400 < 0.2


def test_labels_are_divided_alike_in_any_order() -> None:
    labels = [label(n, brand=f"brand_{n % 7}") for n in range(60)]
    one, other = divided(labels), divided(labels[::-1])
    assert set(one.teaching) == set(other.teaching)
    assert one.examining.keys() == other.examining.keys()
    assert {name: set(group) for name, group in one.examining.items()} == {
        name: set(group) for name, group in other.examining.items()
    }


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "labels", [Decided(0, "genuine", 0.1), Decided(1, "smear", 0.9)])


def test_the_region_is_cut_as_the_scan_cuts_it(export: Path) -> None:
    found = read_labels(export)
    one = found.labels[1]
    assert (one.brand, one.target, one.decided.tzinfo) == (f"brand_{one.reference[4:]}", 0.9, UTC)
    inner, outer = found.region(one, margin=0.0), found.region(one)
    assert outer.shape[0] > inner.shape[0]
    assert found.reference(one).ndim == 3


def test_the_fingerprint_covers_labels_pictures_and_references(export: Path, tmp_path: Path) -> None:
    first = read_labels(export).fingerprint
    assert read_labels(export).fingerprint == first
    other = write_export(tmp_path / "other", [Decided(0, "genuine", 0.1), Decided(1, "smear", 0.8)])
    assert read_labels(other).fingerprint != first
    one, two = sorted((export / "references").iterdir())
    one.write_bytes(two.read_bytes())
    assert read_labels(export).fingerprint != first


def test_a_label_whose_reference_was_removed_is_counted_and_left_out(export: Path) -> None:
    next((export / "references").iterdir()).unlink()
    found = read_labels(export)
    assert (len(found.labels), found.without_reference) == (1, 1)


def test_an_exchanged_picture_is_refused(export: Path) -> None:
    one, two = sorted((export / "pictures").iterdir())
    one.write_bytes(two.read_bytes())
    with pytest.raises(ValueError, match="export the labels anew"):
        read_labels(export)


def test_a_folder_without_labels_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabelsMissing, match="hallmark labels export"):
        read_labels(tmp_path)


def test_two_labels_are_equal_when_all_of_them_is() -> None:
    assert label(1) == label(1) != replace(label(1), target=0.1)
