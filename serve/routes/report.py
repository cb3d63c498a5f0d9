"""/v1/report"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from serve.loop import report as figures
from serve.loop.report import Report
from serve.protocol.problems import documented
from serve.routes.dependencies import OpenService, ReportReader

router = APIRouter(prefix="/v1/report", tags=["report"])


@router.get("", responses=documented())
def get_report(
    *,
    caller: ReportReader,
    service: OpenService,
    since: Annotated[
        AwareDatetime | None, Query(description="From then on, with a time zone; else from the start")
    ] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before then, with a time zone; else until now")] = None,
) -> Report:
    """What was sent, asked, answered and decided, and how many fakes were found for each that a brand reported."""
    return figures.report(service.database, since=since, until=until)
