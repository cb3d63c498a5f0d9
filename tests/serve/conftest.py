"""One database server for all tests of the service, a database for each module or test that needs one."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
import uvicorn
from plain_bundle import plain_bundle
from service_client import Client, NewSettings, Open, Served
from sqlalchemy import create_engine, text

from serve import service
from serve.access import keys
from serve.access.roles import Role
from serve.app import create_app
from serve.database.embedded import EmbeddedPostgres
from serve.database.migration import migrate
from serve.logs import configure_logs
from serve.settings import Settings


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """The embedded server."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("home") / "postgres") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here outlives the tests
            connection.execute("SELECT pg_reload_conf()")
        yield server


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """Only what is wrong, without the drawn traces that take seconds; what a test has sent elsewhere, to a stream that
    ends with it, comes here again.
    """
    plain = Settings(log_format="text", log_level="error")
    configure_logs(plain)
    yield
    configure_logs(plain)


@pytest.fixture(scope="session")
def new_settings(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewSettings]:
    """Databases are copied from one that was migrated once, which takes a tenth of the time, and dropped."""
    url = postgres.url.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    numbers = itertools.count()

    def run(statement: str) -> None:
        with engine.connect() as connection:
            connection.execute(text(statement))

    @contextmanager
    def make(*, migrated: bool = True) -> Iterator[Settings]:
        name = f"test_{next(numbers)}"
        run(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template1'}")
        try:
            yield Settings.model_validate(
                {
                    "home": tmp_path_factory.mktemp("var"),
                    "database_url": postgres.url.replace("/postgres?", f"/{name}?"),
                    "decoder_workers": 1,
                    "scan_concurrency": 2,
                    "model": "plain",
                    "webhooks_inside": True,  # the tests' receivers are on loopback
                }
            )
        finally:
            run(f"DROP DATABASE {name} WITH (FORCE)")

    run("CREATE DATABASE migrated")
    template = create_engine(url.replace("/postgres?", "/migrated?"))
    migrate(template)
    template.dispose()
    yield make
    engine.dispose()


@pytest.fixture(scope="module", autouse=True)
def without_weights() -> Iterator[None]:
    """The service runs with the plain bundle, which needs no weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "load_bundle", lambda folder, threads: plain_bundle(folder.name))
        yield


@pytest.fixture(scope="module")
def client(new_settings: NewSettings, without_weights: None) -> Iterator[Client]:
    """An application that the module's tests share, with an admin's key."""
    with new_settings() as own, Client.of(create_app(own)) as shared:
        yield shared


@pytest.fixture
def settings(new_settings: NewSettings) -> Iterator[Settings]:
    """Settings with a database of the test's own, in which nothing is."""
    with new_settings() as own:
        yield own


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    """A server in a thread, on the test's own database."""
    app = create_app(settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}", keys.create_key(app.state.startup.service.database, role=Role.ADMIN))
    server.should_exit = True
    thread.join()


@pytest.fixture
def open_client(settings: Settings) -> Iterator[Open]:
    """Opens applications on the test's own database; each more is another process's view of it."""
    with ExitStack() as stack:

        def open_one(**changes: object) -> Client:
            return stack.enter_context(Client.of(create_app(settings.model_copy(update=changes))))

        yield open_one
