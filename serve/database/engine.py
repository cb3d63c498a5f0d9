"""The connection to PostgreSQL, embedded or outside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import structlog
from sqlalchemy import URL, Engine, create_engine, event, func, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError, IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, NullPool, PoolProxiedConnection

from serve.database.embedded import EmbeddedPostgres
from serve.database.keeper import Keeper
from serve.database.migration import migrate
from serve.settings import Settings

CONNECT_SECONDS = 5
CONNECT_ARGUMENTS: Final = {
    "connect_timeout": CONNECT_SECONDS, "application_name": "hallmark", "target_session_attrs": "read-write",
}  # fmt: skip
"""Of several hosts in the URL the one is taken that can be written, after a failover too."""

POOL_WAIT_SECONDS = 10
RESTED_SECONDS = 1.0
"""A connection that was not used for so long is checked before it is used again."""

NEED_NOT_WAIT = func.set_config("synchronous_commit", "off", True)
"""What a statement returns whose transaction need not wait for the disk."""

log = structlog.get_logger(__name__)


class Database:
    """A pool of connections to a database whose tables are up to date.

    A lock is held, and waited for, on a connection of its own: it may last for hours, in which who works under it, and
    all others, need those of the pool.
    """

    def __init__(self, settings: Settings) -> None:
        """Start or join the embedded server where no outside one is named, and bring the tables up to date.

        Raises `EmbeddedPostgresError`, or `sqlalchemy.exc.OperationalError` when the database does not answer.
        """
        self._embedded = None if settings.database_url else EmbeddedPostgres(settings.home / "postgres")
        if self._embedded is not None:
            self._embedded.start()
        try:
            self.url = _url(settings, self._embedded)
            self.engine = _engine(self.url, connections=settings.database_connections)
            self._outside = create_engine(self.url, poolclass=NullPool, connect_args=CONNECT_ARGUMENTS)
            migrate(self.engine)
        except BaseException:
            self.close()
            raise
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)

    @property
    def libpq_url(self) -> str:
        """The address in the form that psycopg takes, with its password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session whose statements all see one state of the database; nothing is committed."""
        with self._sessions() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits at the end of the block, or rolls back when it raises."""
        with self._sessions.begin() as session:
            yield session

    @contextmanager
    def once(self) -> Iterator[Session]:
        """A session for a single statement, which is a transaction of its own: one question to the server, not three.

        On the path of every request this is what the database costs. Each further statement would commit by itself.
        """
        with self._sessions() as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            yield session

    @contextmanager
    def try_lock(self, name: str) -> Iterator[bool]:
        """True for the one process that holds the lock `name` during the block, False for the others."""
        with self._outside.connect() as connection:
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:name))"), {"name": name}))
            connection.commit()  # the lock is the connection's; a transaction left open would hold up vacuuming
            try:
                yield held
            finally:
                if held:
                    connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
                    connection.commit()

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """One process at a time runs the block; others wait."""
        with self._outside.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(hashtext(:name))"), {"name": name})
            connection.commit()
            try:
                yield
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), {"name": name})
                connection.commit()

    @contextmanager
    def kept_running(self) -> Iterator[None]:
        """While the block lasts, an embedded server that dies is started again; an outside one is its own affair."""
        if self._embedded is None:
            yield
            return
        with Keeper(self._embedded):
            yield

    def ping(self) -> None:
        """Ask the database whether it can be written. Raises `sqlalchemy.exc.SQLAlchemyError` when it cannot."""
        with self.engine.connect() as connection:
            if connection.scalar(text("SHOW transaction_read_only")) == "on":
                connection.invalidate()
                raise OperationalError("SHOW transaction_read_only", None, Exception("the database is read-only"))

    def close(self) -> None:
        """Close the connections and let go of the embedded server."""
        if hasattr(self, "engine"):
            self.engine.dispose()
        if self._embedded is not None:
            self._embedded.close()


def violates(error: IntegrityError, constraint: str) -> bool:
    """Whether it is that index or constraint, by its name, that refused a row."""
    return isinstance(error.orig, psycopg.Error) and error.orig.diag.constraint_name == constraint


def _url(settings: Settings, embedded: EmbeddedPostgres | None) -> URL:
    given = embedded.url if embedded is not None else ""
    if settings.database_url is not None:
        given = settings.database_url.get_secret_value()
    return make_url(given).set(drivername="postgresql+psycopg")


def _engine(url: URL, *, connections: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        connect_args=CONNECT_ARGUMENTS,
    )
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _check_after_rest)
    event.listen(engine, "handle_error", _give_up_read_only)
    return engine


def _give_up_read_only(context: ExceptionContext) -> None:
    """A server that cannot be written (a standby, or one under maintenance) is as good as away, and its connections are
    given up: another server, or the same one later, takes their place.
    """
    if isinstance(context.original_exception, psycopg.errors.ReadOnlySqlTransaction):
        context.is_disconnect = True
        raise OperationalError(context.statement, None, context.original_exception) from context.original_exception


def _note_use(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _check_after_rest(connection: Any, record: ConnectionPoolEntry, proxy: PoolProxiedConnection) -> None:
    """A restarted database costs a check, not a failed request: the pool opens a new connection on DisconnectionError.

    A connection that was used a moment ago is taken to be alive, since asking costs as much as many a request's own
    question.
    """
    if time.monotonic() - record.info.get("used", time.monotonic()) < RESTED_SECONDS:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.OperationalError as error:
        raise DisconnectionError("the connection was lost while it rested") from error
