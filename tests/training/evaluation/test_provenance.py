from __future__ import annotations

from pathlib import Path

from training.evaluation.provenance import fingerprint, provenance


def write(folder: Path, **contents: bytes) -> list[Path]:
    paths = []
    for name, content in contents.items():
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def test_the_fingerprint_knows_contents_and_names_but_no_order(tmp_path: Path) -> None:
    paths = write(tmp_path, a=b"1", b=b"2")
    before = fingerprint(paths)
    assert fingerprint(reversed(paths)) == before
    write(tmp_path, a=b"3")
    assert fingerprint(paths) != before


def test_a_report_begins_with_date_commit_model_and_data(tmp_path: Path) -> None:
    record = provenance(write(tmp_path, a=b"1"), model="hallmark-3", commit="abc")
    assert set(record) == {"date", "commit", "model", "data"}
    assert (record["model"], record["commit"]) == ("hallmark-3", "abc")
