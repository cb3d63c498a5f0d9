from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serve import failpoints
from serve.loop.states import CaseState, ComplaintState

LOOP = Path(failpoints.__file__).parent / "loop"
NO_STEP_OF_A_CASE = {"blind", "dispute", "jury", "policy", "rights", "tier", "trait"}
"""First words of the audit log's other actions."""

PROGRAM = "from serve.failpoints import reached; reached('pictures kept'); reached('answer made'); print('alive')"


def actions() -> set[str]:
    """What the code writes into the audit log; the end of a formatted text is any state."""
    found = set()
    for path in LOOP.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "action":
                if isinstance(node.value, ast.Constant):
                    found.add(str(node.value.value))
                elif isinstance(node.value, ast.JoinedStr):
                    found.add("".join(part.value for part in node.value.values if isinstance(part, ast.Constant)))
    return found


def test_no_step_of_a_case_escapes() -> None:
    states = {f"case {state}" for state in (CaseState.EXPIRED, CaseState.CLOSED)}
    states |= {f"complaint {state}" for state in ComplaintState if state not in ("filed", "countered")}
    written = {action for action in actions() if action.split()[0] not in NO_STEP_OF_A_CASE}
    assert "case opened" in written
    assert written - {"case ", "complaint "} | states == set(failpoints.AUDITED)


@pytest.mark.parametrize("folder", [True, False])
def test_only_a_file_of_its_name_kills_and_it_kills_once(tmp_path: Path, folder: bool) -> None:
    (tmp_path / failpoints.ANSWER_MADE).touch()
    environment = {"HALLMARK_FAILPOINTS": str(tmp_path)} if folder else {}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False,
            cwd=LOOP.parent.parent,
        )  # fmt: skip

    assert run().returncode == (-signal.SIGKILL if folder else 0)
    assert run().stdout == "alive\n"
