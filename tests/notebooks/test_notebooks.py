"""Every notebook runs from top to bottom, on small data, and is saved without what it printed."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
LOG = "a detector's log"
"""Stands for the file that the test writes."""

SMALL: dict[str, dict[str, int | str]] = {
    "data": {"MARKS": 2, "SEED": 0},
    "learning_curves": {"BRANDS": 24, "PHOTOS_PER_BRAND": 2, "STEPS": 2, "EVALUATE_EVERY": 1, "DETECTOR_LOG": LOG},
    "errors": {"PAIRS": 16, "SHOWN": 1, "SEED": 1},
    "thresholds": {"PAIRS": 16, "SEED": 2},
}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def with_parameters(notebook: nbformat.NotebookNode, values: dict[str, int | str]) -> nbformat.NotebookNode:
    """The notebook with its cell of parameters replaced."""
    (cell,) = (one for one in notebook.cells if "parameters" in one.metadata.get("tags", []))
    missing = [name for name in values if name not in cell.source]
    assert not missing, f"the notebook has no parameter {missing}"
    cell.source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    return notebook


def test_every_notebook_has_small_parameters() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(SMALL)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_saved_without_outputs(path: Path) -> None:
    assert not any(cell.outputs or cell.execution_count for cell in read(path).cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setenv("HALLMARK_HOME", str(tmp_path))  # the logos of PyPI's package alone
    monkeypatch.setenv("HALLMARK_DATA", str(tmp_path / "none"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    (tmp_path / "log.jsonl").write_text('{"step": 150, "seconds": 9, "scenes": {"recall": 0.5}}\n')
    values = {name: str(tmp_path / "log.jsonl") if value == LOG else value for name, value in SMALL[path.stem].items()}
    notebook = with_parameters(read(path), values)
    NotebookClient(notebook, timeout=300, kernel_name="python3").execute(cwd=str(path.parent))
    assert any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
