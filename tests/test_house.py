"""The rules of the house: which way imports run, and that the written set-up agrees with the real one."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PARTS = ("model", "index", "serve", "training", "client", "demo")
MAY_IMPORT = {
    "model": set(),
    "index": {"model"},
    "serve": {"index", "model"},
    "training": {"model", "index", "client"},
    "client": set(),
    "demo": {"training", "model", "client"},
}
TORCH_LIVES_IN = ("model/networks/", "model/export.py", "training/")
DRAWING = (
    "training.synthesis.logos",
    "training.synthesis.rendering",
    "training.synthesis.scenes",
    "training.edits.smears",
    "training.edits.imitations",
)


def modules(part: str) -> list[Path]:
    return sorted((ROOT / part).rglob("*.py"))


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("part", PARTS)
def test_imports_run_one_way(part: str) -> None:
    for path in modules(part):
        parts = {name.split(".")[0] for name in imported(path)} & set(PARTS)
        strangers = parts - MAY_IMPORT[part] - {part}
        assert not strangers, f"{path.relative_to(ROOT)} imports {sorted(strangers)}"


def test_torch_stays_where_networks_are_defined_and_trained() -> None:
    for part in PARTS:
        for path in modules(part):
            name = path.relative_to(ROOT).as_posix()
            if "torch" in {module.split(".")[0] for module in imported(path)}:
                assert name.startswith(TORCH_LIVES_IN), f"{name} imports torch"


def test_there_is_no_room_without_a_name() -> None:
    for part in PARTS:
        for path in (ROOT / part).rglob("*"):
            assert path.stem not in {"utils", "util", "helpers", "common", "misc"}, path


@pytest.mark.parametrize("module", ["serve.app", "serve.commands", "serve.scanning.scan", "demo.__main__", *DRAWING])
def test_serving_and_drawing_run_without_torch(module: str) -> None:
    """Imports the module in a Python where torch and the training packages cannot be imported."""
    program = (
        "import sys\n"
        "for name in ('torch', 'torchvision', 'onnx', 'sklearn', 'pytorch_metric_learning'):\n"
        "    sys.modules[name] = None\n"
        f"import {module}\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_conda_environment_installs_what_pyproject_says() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    python, _, pip = environment["dependencies"]
    assert python == f"python {project['requires-python']}"
    assert pip["pip"] == ["-c requirements.lock", "-e .[train]"]
    assert "train" in project["optional-dependencies"]


def test_the_lock_pins_every_direct_requirement_but_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    pinned = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()}
    for requirement in wanted:
        name = requirement.split(";")[0].split("[")[0].split(">")[0].strip().lower()
        assert name in pinned | {"torch", "torchvision"}, f"{requirement} is not in requirements.lock; run `make lock`"


def test_every_package_is_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed = set(project["tool"]["setuptools"]["packages"])
    found = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for part in (*PARTS, "benchmarks")
        for path in (ROOT / part).rglob("__init__.py")
    }
    assert found == listed
