"""Opens the service beside the event loop, so that /livez answers while a large index or a new model is loaded."""

from __future__ import annotations

import threading

import structlog
from sqlalchemy.exc import OperationalError

from serve.metrics import Metrics
from serve.pictures.objects import ObjectsAwayError
from serve.protocol.problems import unavailable
from serve.service import Service, open_service
from serve.settings import Settings

RETRY_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Startup:
    """A thread that opens the service, keeps it open, and closes it. An absent database or store is tried again."""

    def __init__(self, settings: Settings, *, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._service: Service | None = None
        self._failure: Exception | None = None
        self._settled = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._hold_open, name="service", daemon=True)

    def begin(self, *, wait_seconds: float) -> None:
        """Start opening, and wait so long for it. Raises what made it fail; goes on in the background when it lasts."""
        self._thread.start()
        self._settled.wait(wait_seconds)
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Close the service."""
        self._ending.set()
        self._thread.join()

    @property
    def service(self) -> Service:
        """The open service. Raises `Problem` (503) until there is one."""
        service = self._service
        if service is not None:
            return service
        if self._failure is not None:
            raise unavailable("start-failed", f"Hallmark could not start: {self._failure}", retry_seconds=60)
        raise unavailable("starting", "Hallmark is starting: it loads its models, database or index.")

    def _hold_open(self) -> None:
        while not self._ending.is_set():
            try:
                self._serve()
            except OperationalError as error:
                self._service = None
                log.error("no database; trying again", error=str(error.orig), seconds=RETRY_SECONDS)
                self._ending.wait(RETRY_SECONDS)
            except ObjectsAwayError as error:
                self._service = None
                log.error("no object store; trying again", error=str(error), seconds=RETRY_SECONDS)
                self._ending.wait(RETRY_SECONDS)
            except Exception as error:
                self._service = None
                self._failure = error
                self._settled.set()
                log.exception("the service could not start")
                return

    def _serve(self) -> None:
        with open_service(self._settings, metrics=self._metrics, jobs=True) as service:
            service.bundle.reader.load()
            service.bundle.load_cohort(brands=service.replica.index.view().brands)
            self._service = service
            self._settled.set()
            log.info("ready", model=service.bundle.name, index_version=service.replica.index.version)
            self._ending.wait()
            self._service = None
