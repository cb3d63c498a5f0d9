"""The embedded database as one file, and back: PostgreSQL's own programs, of the very version that runs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO

import psycopg

from serve.database.embedded import BINARIES, EmbeddedPostgres

OURS = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
"""Tables that are not PostgreSQL's own."""


class DumpError(RuntimeError):
    """It cannot be dumped or loaded; the message says what to do."""


def dump(home: Path, file: Path) -> None:
    """Write the database of `home` to `file` (pg_dump's custom format), beside a service that runs or not.

    Raises `DumpError`, `EmbeddedPostgresError`, and `OSError` for a file that cannot be written.
    """
    if not (home / "postgres" / "PG_VERSION").exists():
        raise DumpError(f"{home} holds no embedded database: set HALLMARK_HOME to the folder of one")
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # its owner's alone: it holds secrets
    try:
        with EmbeddedPostgres(home / "postgres") as server, os.fdopen(handle, "wb") as output:
            _run(["pg_dump", "--format=custom", "--no-owner", server.url], output=output)
        Path(name).replace(file)  # what was there stays until the new one is whole
    except BaseException:
        Path(name).unlink()
        raise


def load(home: Path, file: Path) -> None:
    """Load a dump into the database of `home`, which must be new.

    Raises `DumpError`, `EmbeddedPostgresError`, and `OSError` for a file that cannot be read.
    """
    with file.open("rb"), EmbeddedPostgres(home / "postgres") as server:
        with psycopg.connect(server.url) as connection:
            found = connection.execute(OURS).fetchone()
        if found is None or found[0]:
            raise DumpError(f"the database in {home} is not empty: name a new HALLMARK_HOME to load into")
        _run(
            ["pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", f"--dbname={server.url}", str(file)]
        )


def _run(arguments: list[str], *, output: IO[bytes] | int = subprocess.DEVNULL) -> None:
    program, *others = arguments
    done = subprocess.run(  # noqa: S603 (PostgreSQL's programs, arguments as a list)
        [str(BINARIES / program), *others], check=False, stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.PIPE, env={"PATH": os.defpath, "LC_ALL": "C"},
    )  # fmt: skip
    if done.returncode != 0:
        raise DumpError(f"{program} failed: {done.stderr.decode(errors='replace').strip()}")
