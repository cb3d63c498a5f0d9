"""What every command for a person shares: quiet logs, an open database, and errors told in a line."""
# ruff: noqa: PLC0415 - they are imported when a command runs, so that `hallmark --help` is quick

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from serve.settings import Settings

if TYPE_CHECKING:
    from serve.database.engine import Database
    from serve.service import Service


def quiet_settings(log_format: str) -> Settings:
    """The settings; a command for a person logs as text, and only what should worry them."""
    from serve.logs import configure_logs

    with told_errors():
        settings = Settings()
    if log_format == "text":
        settings = settings.model_copy(update={"log_format": "text", "log_level": "warning"})
    configure_logs(settings)
    return settings


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database during the block; errors that a person can mend are told in a line."""
    from serve.database.engine import Database

    with told_errors():
        database = Database(settings)
        try:
            yield database
        finally:
            database.close()


@contextmanager
def whole_service() -> Iterator[Service]:
    """The service without a door during the block; errors that a person can mend are told in a line."""
    from model.bundle import BundleRejected
    from serve.service import open_service

    try:
        with told_errors(), open_service(quiet_settings("text")) as service:
            yield service
    except BundleRejected as error:
        fail(str(error))


@contextmanager
def told_errors() -> Iterator[None]:
    """Print an error that a person can mend, without a trace, and end with status 1."""
    from pydantic import ValidationError
    from sqlalchemy.exc import OperationalError
    from starlette.exceptions import HTTPException

    from model.rejection import ImageRejected
    from serve.database.dumps import DumpError
    from serve.database.embedded import EmbeddedPostgresError
    from serve.database.migration import NewerDatabaseError
    from serve.pictures.objects import ObjectsAwayError, ObjectStoreError

    try:
        yield
    except HTTPException as error:
        fail(str(error.detail))
    except ImageRejected as error:
        fail(error.detail)
    except OperationalError as error:
        fail(f"the database does not answer: {error.orig}")
    except ObjectsAwayError as error:
        fail(f"the object store does not answer: {error}")
    except ValidationError as error:
        fail("; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()))
    except (DumpError, EmbeddedPostgresError, NewerDatabaseError, ObjectStoreError) as error:
        fail(str(error))
    except BrokenPipeError:
        raise  # whoever read the output has gone; nothing is wrong
    except OSError as error:
        fail(_of_a_file(error))


def _of_a_file(error: OSError) -> str:
    """What is wrong with a file or folder, in a sentence."""
    why = error.strerror or str(error)
    named = error.filename2 or error.filename
    return why if named is None else f"{os.fsdecode(named)} cannot be used: {why}"


def fail(message: str) -> NoReturn:
    """Print why and end with status 1."""
    typer.echo(f"hallmark: {message}", err=True)
    sys.exit(1)
