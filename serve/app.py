"""The HTTP application."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import cv2
from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from model.runtime import flush_denormals
from serve.access.auth import Authentication
from serve.console import (
    brand_pages,
    case_pages,
    complaint_pages,
    good_faith_pages,
    jury_pages,
    market_pages,
    policy_pages,
    signing_in,
)
from serve.database.engine import Database
from serve.logs import configure_logs
from serve.metrics import Metrics, forget_dead_processes
from serve.parent import end_with_parent
from serve.protocol import openapi, problems
from serve.protocol.body_limit import BodyLimit
from serve.protocol.head import HeadRequests
from serve.protocol.idempotency import Idempotency
from serve.protocol.parameters import refuse_unknown_parameters
from serve.protocol.requests import RequestContext
from serve.routes import (
    authorised_sellers,
    brands,
    cases,
    complaints,
    credit,
    health,
    juries,
    labels,
    listing_rules,
    listings,
    marketplace_webhook,
    networks,
    policies,
    references,
    report,
    rights_documents,
    rights_holders,
    scans,
    sellers,
    suggestions,
    text_holds,
    traits,
    webhooks,
)
from serve.settings import Settings
from serve.startup import Startup
from serve.workload import Workload

START_SECONDS = 15.0
"""How long the port stays closed while the service opens. A start that lasts longer goes on behind /readyz's 503."""

SEVERAL_FILES = tuple(
    re.compile(path)
    for path in (
        "/v1/listings",
        "/v1/cases/[^/]+/complaint",
        "/v1/complaints/[^/]+/counter-notice",
        "/console/brands/[^/]+/references",
        "/console/cases/[^/]+/complaint",
        "/console/complaints/[^/]+/counter-notice",
    )
)
"""Paths whose bodies may hold several pictures, or other files."""

DESCRIPTION = (
    "Whose mark is in a photo, and is it genuine, smeared or imitated? Errors are RFC 9457 problem documents; lists "
    "page by cursor; every POST takes an Idempotency-Key."
)


def create_app(settings: Settings) -> FastAPI:
    """The application; its lifespan opens the service and closes it."""
    metrics = Metrics()
    startup = Startup(settings, metrics=metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        workload = Workload(
            at_once=settings.scans_at_once,
            waiting=settings.scan_queue,
            timeout_seconds=settings.scan_timeout_seconds,
            gauge=metrics.pending,
        )
        app.state.workload = workload
        try:
            await run_in_threadpool(startup.begin, wait_seconds=START_SECONDS)
            yield
        finally:
            await run_in_threadpool(workload.close)
            await run_in_threadpool(startup.end)
            metrics.leave()

    app = FastAPI(
        title="Hallmark",
        version=version("hallmark"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # the pages that FastAPI brings load their scripts from the internet
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.startup = startup
    app.state.metrics = metrics
    for routes in (
        brands,
        references,
        traits,
        authorised_sellers,
        suggestions,
        scans,
        listings,
        marketplace_webhook,
        listing_rules,
        text_holds,
        cases,
        complaints,
        rights_holders,
        rights_documents,
        webhooks,
        credit,
        labels,
        juries,
        policies,
        sellers,
        networks,
        report,
        health,
        case_pages,
        jury_pages,
        good_faith_pages,
        policy_pages,
        complaint_pages,
        brand_pages,
        market_pages,
        signing_in,  # with the page of what is nowhere: after all others
    ):
        of_api = routes.router.include_in_schema and routes is not health
        app.include_router(routes.router, dependencies=[Depends(refuse_unknown_parameters)] if of_api else None)
    problems.install(app)
    openapi.describe(app)

    def database() -> Database:
        return startup.service.database

    # The last one added is the first that a request meets.
    app.add_middleware(Idempotency, database=database)
    app.add_middleware(Authentication, database=database)
    app.add_middleware(
        BodyLimit,
        most_bytes=settings.max_upload_bytes,
        most_bytes_at=dict.fromkeys(SEVERAL_FILES, settings.max_listing_bytes),
    )
    app.add_middleware(HeadRequests)
    app.add_middleware(RequestContext, metrics=metrics)
    return app


def create_app_from_environment() -> FastAPI:
    """The application for a process that `hallmark serve` starts; settings come from the environment."""
    settings = Settings()
    configure_logs(settings)
    end_with_parent()
    forget_dead_processes()
    flush_denormals()
    cv2.setNumThreads(1)  # scans run side by side: for each, threads of its own cost a third more and gain nothing
    return create_app(settings)
