from __future__ import annotations

import json
import math

from rich.console import Console

from training.evaluation.intervals import Estimate
from training.evaluation.report import Report, Table

NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


def report() -> Report:
    rows = {"hallmark": {"recall_at_1": Estimate(0.9, 0.85, 0.95, 40), "other": NOTHING}, "sift": {}}
    return Report({"date": "today"}, {"crops": Table("Crops", rows, {"brands": 3})})


def test_json_has_every_figure_and_null_for_what_was_not_measured() -> None:
    content = json.loads(json.dumps(report().as_json(), allow_nan=False))
    crops = content["tables"]["crops"]
    assert content["provenance"] == {"date": "today"}
    assert crops["facts"] == {"brands": 3}
    assert crops["rows"]["hallmark"]["recall_at_1"] == {"value": 0.9, "low": 0.85, "high": 0.95, "count": 40}
    assert crops["rows"]["hallmark"]["other"]["value"] is None


def test_a_person_reads_value_interval_and_number() -> None:
    console = Console(width=80, record=True, file=None, quiet=False)
    with console.capture() as printed:
        report().print(console)
    text = printed.get()
    for words in ("Crops", "recall at 1", "0.900", "0.85–0.95", "n 40", "not measured", "brands: 3"):
        assert words in text
