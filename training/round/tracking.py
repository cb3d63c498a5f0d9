"""Each round is a run of MLflow, in a folder of files; `mlflow ui --backend-store-uri FOLDER` shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "rounds"


class Run:
    """One run; a round that goes on after an interruption goes on with its run, whose id is kept in the file `kept`."""

    def __init__(self, store: Path, *, name: str, kept: Path) -> None:
        self._client = _client(store)
        if kept.is_file():
            self.id = kept.read_text()
            self._client.set_terminated(self.id, "RUNNING")
            return
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        number = self._client.create_experiment(EXPERIMENT) if experiment is None else experiment.experiment_id
        self.id = str(self._client.create_run(number, run_name=name).info.run_id)
        kept.write_text(self.id)

    def note_params(self, params: Mapping[str, Any]) -> None:
        """What the round was asked to do; told again, it must be the same."""
        for key, value in params.items():
            self._client.log_param(self.id, key, value)

    def note_metrics(self, stage: str, metrics: Mapping[str, float]) -> None:
        """What a stage measured."""
        for key, value in metrics.items():
            self._client.log_metric(self.id, f"{stage}/{key}", float(value))

    def end(self, *, bundle: Path | None) -> None:
        """The round is over: its bundle by its path, or None where it failed."""
        if bundle is not None:
            self._client.set_tag(self.id, "bundle", str(bundle))
        self._client.set_terminated(self.id, "FAILED" if bundle is None else "FINISHED")


def _client(store: Path) -> MlflowClient:
    """A client of the files in `store`: nothing is sent anywhere, and no server is asked."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    from mlflow import MlflowClient  # noqa: PLC0415 - it reads its environment when it is imported

    store.mkdir(parents=True, exist_ok=True)
    return MlflowClient(tracking_uri=store.resolve().as_uri())
