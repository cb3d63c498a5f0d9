"""Every setting of the service, in one typed class.

Each is read from the environment variable `HALLMARK_` + its name in capitals; docs/operations.md lists them all, and
a test fails when one is missing there.
"""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from model import CHAMPION
from model.released import RELEASED, bundle_folder

DATABASES: Final = frozenset({"postgresql", "postgres"})
STORE_SCHEMES: Final = frozenset({
    "s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss", "http", "https", "file", "memory",
})  # fmt: skip
"""What obstore knows; docs/operations.md names those that Hallmark is meant for."""

OTHER_VARIABLES: Final = frozenset({
    "HALLMARK_KEY", "HALLMARK_URL", "HALLMARK_DATA", "HALLMARK_FAILPOINTS", "HALLMARK_PARENT_PROCESS",
})  # fmt: skip
"""Variables that are no settings of the service: a client's, the real photos', and what tests and processes hand on."""

UNSET: Final = "leave it unset to do without"


class Settings(BaseSettings):
    """What an operator may decide; built once at the start and passed down."""

    model_config = SettingsConfigDict(
        env_prefix="HALLMARK_",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,  # it may hold a password
    )

    home: Annotated[Path, Field(description="Folder of all state that has no place elsewhere")] = Path("var")
    database_url: Annotated[
        SecretStr | None, Field(description="URL of an outside PostgreSQL; unset, the embedded one starts by itself")
    ] = None
    index_url: Annotated[
        SecretStr | None,
        Field(min_length=1, description="Kept for an outside vector engine; none is supported yet: leave it unset"),
    ] = None
    object_url: Annotated[
        str | None, Field(description="URL of an outside object store (s3://…, gs://…, az://…); unset, a local folder")
    ] = None
    model: Annotated[
        str, Field(min_length=1, description="Name, or path, of the model bundle that serves until another is promoted")
    ] = CHAMPION
    model_threads: Annotated[int, Field(ge=1, le=64, description="Threads that one network call may use")] = 1
    host: Annotated[str, Field(min_length=1, description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="TCP port to listen on")] = 8000
    processes: Annotated[int, Field(ge=1, le=256, description="API processes that share the port")] = 1
    decoder_workers: Annotated[
        int, Field(ge=1, le=64, description="Processes that decode uploads, for each API process")
    ] = 2
    scan_concurrency: Annotated[
        int, Field(ge=0, le=256, description="Scans at the same time in a process; 0: one for each CPU of its share")
    ] = 0
    scan_queue: Annotated[
        int, Field(ge=0, le=10_000, description="Scans that may wait in a process before new ones get 503")
    ] = 32
    scan_timeout_seconds: Annotated[
        float, Field(gt=0, le=600, description="A scan that waits longer than this for its turn gets 503")
    ] = 10.0
    prepared_references: Annotated[
        int, Field(ge=1, description="References that a process keeps ready for comparison, about 0.7 MB each")
    ] = 1_536
    max_upload_bytes: Annotated[
        int, Field(ge=1_024, le=1_000_000_000, description="Largest picture file that is read")
    ] = 12_000_000
    max_listing_bytes: Annotated[
        int, Field(ge=1_024, le=10_000_000_000, description="Largest sum of a listing's picture files")
    ] = 60_000_000
    max_pixels: Annotated[
        int, Field(ge=1_000, le=1_000_000_000, description="Largest picture, in pixels by its header")
    ] = 40_000_000
    scan_retention_days: Annotated[
        int, Field(ge=1, le=36_500, description="Days that scan results and their evidence are kept")
    ] = 30
    withdrawn_retention_days: Annotated[
        int,
        Field(
            ge=1,
            le=36_500,
            description="Days that withdrawn listings are kept which no case is about, and pictures that were replaced",
        ),
    ] = 90
    delivery_retention_days: Annotated[
        int,
        Field(ge=1, le=36_500, description="Days that messages to webhooks are kept which arrived or were given up"),
    ] = 90
    counter_notice_days: Annotated[
        int, Field(ge=1, le=365, description="Days in which a seller may answer an upheld complaint")
    ] = 15
    prove_ownership: Annotated[
        bool, Field(description="Whether an owner, and not only an agency, must prove its trademark before it judges")
    ] = False
    unanswered_cases: Annotated[
        Literal["allow", "review"], Field(description="Decision on a listing whose case nobody answered in time")
    ] = "allow"
    watch_repeat_infringers: Annotated[
        bool,
        Field(description="Whether a repeat infringer's listing is held up for any mark that seems other than genuine"),
    ] = True
    webhook_proxy: Annotated[
        str | None, Field(description="HTTP proxy that webhook messages go through, http://host:port")
    ] = None
    webhooks_inside: Annotated[
        bool, Field(description="Whether webhooks may be at addresses that are not public, such as 127.0.0.1")
    ] = False
    label_share: Annotated[
        float, Field(gt=0, le=1, description="Most of all labels that may come from one rights holder")
    ] = 0.2
    push_precision: Annotated[
        float, Field(ge=0, le=1, description="Least share of pushed cases that should prove infringing, by brand")
    ] = 0.2
    snapshot_seconds: Annotated[
        float,
        Field(gt=0, le=86_400, description="Seconds between two looks whether the index snapshot is out of date"),
    ] = 60.0
    database_connections: Annotated[
        int,
        Field(
            ge=2,
            le=500,
            description="Most database connections of one process, beside those of listeners, jobs and locks",
        ),
    ] = 12
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe message that is logged")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], Field(description="One JSON object a line, or text for people")] = (
        "json"
    )

    @field_validator("home", mode="before")
    @classmethod
    def _not_the_working_folder(cls, value: object) -> object:
        """A variable that is set to nothing names no folder."""
        return "var" if value == "" else value

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        """A later change of the working folder must not move the state."""
        return value.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _of_postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and _backend(value.get_secret_value()) not in DATABASES:
            raise ValueError(f"must be postgresql://user:password@host/database; {UNSET}")
        return value

    @field_validator("index_url")
    @classmethod
    def _of_no_engine(cls, value: SecretStr | None) -> SecretStr | None:
        """Whoever names an engine must not believe that it is used."""
        if value is not None:
            raise ValueError("no outside vector engine is supported yet, FAISS runs in each process; leave it unset")
        return value

    @field_validator("object_url")
    @classmethod
    def _of_a_store(cls, value: str | None) -> str | None:
        if value is not None:
            url = _url(value)
            if url.scheme not in STORE_SCHEMES or not (url.netloc or url.path.strip("/") or url.scheme == "memory"):
                raise ValueError(f"must be s3://bucket/prefix, gs://… or az://…; {UNSET}")
        return value

    @field_validator("webhook_proxy")
    @classmethod
    def _of_a_proxy(cls, value: str | None) -> str | None:
        if value is not None:
            url = _url(value)
            if url.scheme not in ("http", "https") or not url.hostname:
                raise ValueError(f"must be http://host:port; {UNSET}")
        return value

    @classmethod
    def unknown(cls) -> dict[str, str]:
        """The variables of the environment that look like settings and are none, each with the likeliest one."""
        known = {f"HALLMARK_{name.upper()}" for name in cls.model_fields}
        strange = {name for name in os.environ if name.startswith("HALLMARK_")} - known - OTHER_VARIABLES
        return {name: next(iter(get_close_matches(name, known, 1)), "") for name in sorted(strange)}

    @property
    def bundle_folder(self) -> Path:
        """The folder of the model bundle that serves."""
        return bundle_folder(self.model)

    def named_bundle(self, name: str) -> Path:
        """The folder of the bundle that scans call `name`: the one that serves, or a released one."""
        return self.bundle_folder if self.bundle_folder.name == name else RELEASED / name

    @property
    def scans_at_once(self) -> int:
        """Scans that one process runs at the same time."""
        return self.scan_concurrency or max(1, available_cpus() // self.processes)


def _url(text: str) -> SplitResult:
    """The parts of a URL. Raises `ValueError`, without the URL, which may hold a password."""
    try:
        url = urlsplit(text)
        _ = url.port
    except ValueError as error:
        raise ValueError("is no URL: its host or port cannot be read") from error
    return url


def _backend(url: str) -> str:
    """The kind of database that a URL is of; empty where it is no URL of one."""
    # Read as it will be used: to others, what passwords may hold is no part of a URL. Imported when it is needed, so
    # that `hallmark --help` is quick.
    from sqlalchemy import make_url  # noqa: PLC0415
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        return make_url(url).get_backend_name()
    except (ArgumentError, ValueError):
        return ""


def available_cpus() -> int:
    """CPUs that this process may use; a container's or taskset's share counts, not the machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
