from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serve import failpoints
from serve.loop.states import CaseState, ComplaintState

SERVE = Path(failpoints.__file__).parent
NO_STEPS = {
    "blind",
    "brand",
    "dispute",
    "jury",
    "key",
    "listing",
    "policy",
    "reference",
    "repeat",
    "rights",
    "seller",
    "stock",
    "suggestion",
    "text",
    "texts",
    "tier",
    "trait",
    "webhook",
}
"""First words of the audit log's actions that are no step of a case's life or of a promotion, or go with one."""

ANY_OF = {
    "case ": {f"case {state}" for state in (CaseState.EXPIRED, CaseState.CLOSED)},
    "complaint ": {
        f"complaint {state}"
        for state in ComplaintState
        if state not in (ComplaintState.FILED, ComplaintState.COUNTERED)
    },
    "model  asked": {f"model {action} asked" for action in ("promote", "rollback")},
    "model  done": {f"model {action} done" for action in ("promote", "rollback")},
    "model  failed": set[str](),
    "model  called off": set[str](),
    "model pruned": set[str](),
}
"""What stands for a text that is put together; the last three lose nothing that the next try does not bring."""

PROGRAM = "from serve.failpoints import reached; reached('pictures kept'); reached('answer made'); print('alive')"


def actions() -> set[str]:
    """What the code writes into the audit log; of a text that is put together, what is fixed."""
    found = set()
    for path in (*SERVE.glob("loop/**/*.py"), *SERVE.glob("models/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "action":
                if isinstance(node.value, ast.Constant):
                    found.add(str(node.value.value))
                elif isinstance(node.value, ast.JoinedStr):
                    found.add("".join(part.value for part in node.value.values if isinstance(part, ast.Constant)))
    return found


def test_no_step_escapes() -> None:
    written = {action for action in actions() if action.split()[0] not in NO_STEPS}
    assert ANY_OF.keys() < written
    assert {step for action in written for step in ANY_OF.get(action, {action})} == set(failpoints.AUDITED)


@pytest.mark.parametrize("folder", [True, False])
def test_only_a_file_of_its_name_kills_and_it_kills_once(tmp_path: Path, folder: bool) -> None:
    (tmp_path / failpoints.ANSWER_MADE).touch()
    environment = {"HALLMARK_FAILPOINTS": str(tmp_path)} if folder else {}

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False,
            cwd=SERVE.parent,
        )  # fmt: skip

    assert run().returncode == (-signal.SIGKILL if folder else 0)
    assert run().stdout == "alive\n"
