"""What orchestrators and Prometheus ask: /livez, /readyz, /metrics. No key is needed; keep them inside."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from serve.metrics import Metrics
from serve.pictures.objects import NOT_THE_OWN, NotOwnError, ObjectsAwayError
from serve.protocol.problems import documented, unavailable
from serve.routes.dependencies import BoundedWork
from serve.service import Service

router = APIRouter(tags=["health"])

PING_SECONDS = 3.0


@router.get("/livez")
async def livez() -> dict[str, str]:
    """200 as long as the process answers."""
    return {"status": "alive"}


@router.get("/readyz", responses={503: documented()[503]})
async def readyz(request: Request) -> dict[str, str | int]:
    """200 once models, database and index are ready, and while database and object store answer; otherwise 503 with
    the reason.
    """
    service: Service = request.app.state.startup.service
    try:
        async with asyncio.timeout(PING_SECONDS):
            await run_in_threadpool(service.database.ping)
    except (SQLAlchemyError, TimeoutError) as error:
        raise unavailable("database-away", "The database does not answer, or cannot be written.") from error
    try:
        async with asyncio.timeout(PING_SECONDS):
            await run_in_threadpool(service.objects.ping)
    except NotOwnError as error:
        raise unavailable("objects-away", f"The object store is not this database's: {NOT_THE_OWN}.") from error
    except (ObjectsAwayError, TimeoutError) as error:
        raise unavailable("objects-away", "The object store does not answer, or cannot be written.") from error
    if not service.replica.current:
        raise unavailable("index-behind", "The index has not heard of the database lately.")
    index = service.replica.index
    return {"status": "ready", "model": service.bundle.name, "index_version": index.version, "vectors": len(index)}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def read_metrics(request: Request, workload: BoundedWork) -> Response:
    """Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)
