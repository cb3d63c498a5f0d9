"""Where pictures are kept: a local folder, or the object store that HALLMARK_OBJECT_URL names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from model.decode import KEPT_LIMITS, decode
from model.regions import RgbImage
from model.rejection import ImageRejected
from serve.settings import Settings

RETRIED: Final = timedelta(seconds=10)
"""How long an outside store is tried again before the caller is told; by itself it would be three minutes."""


OWNER: Final = "owner"
"""The key of the object that says whose store it is."""

TRIED: Final = "ready/tried"
"""The key of an empty object that is written to see whether the store can be written again."""

NOT_THE_OWN: Final = (
    "put the files of this database there (mount the disk, name the right bucket), "
    "or, where they are lost for good, run `hallmark objects adopt`"
)


class ObjectMissingError(LookupError):
    """No object has this key."""


class ObjectDamagedError(ObjectMissingError):
    """What lies under the key is no picture any more; for whoever wants to see it, it is as good as gone."""


class ObjectsAwayError(RuntimeError):
    """The object store does not answer, or cannot do what it was asked: an outage, not a fault of the request."""


class NotOwnError(ObjectsAwayError):
    """What answers is not the database's own store."""


class ObjectStoreError(ValueError):
    """The object store cannot be addressed as it is configured; the message says what to do."""


class Objects:
    """Bytes by key, such as `references/ref_….png`. Every method may raise `ObjectsAwayError`."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is asked of the store yet. Raises `ObjectStoreError`, and `OSError` where a folder cannot be made."""
        self.lasts = not (settings.object_url or "").startswith("memory:")
        self._owner: str | None = None
        self._cannot_write = False
        self._folder = None if settings.object_url is not None else settings.home / "objects"
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._folder.stat().st_uid == os.geteuid():
                self._folder.chmod(0o700)  # sellers' pictures and papers are nobody else's on this machine
            self._store: ObjectStore = LocalStore(self._folder, automatic_cleanup=True)
        else:
            # client_options stay unset: they would take the place of those in the environment, such as AWS_ALLOW_HTTP.
            try:
                self._store = from_url(settings.object_url or "", retry_config={"retry_timeout": RETRIED})
            except (BaseError, ValueError) as error:
                raise ObjectStoreError(
                    f"HALLMARK_OBJECT_URL, or the variables of its kind of store: {_first_line(error)}"
                ) from error

    def belong_to(self, owner: str) -> None:
        """From now on be the store of the database `owner` (an id of its own) alone, and away where it is another's."""
        self._owner = owner

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, replacing what was there, whole or not at all."""
        self._require_folder()
        try:
            with _answering():
                obstore.put(self._store, key, data)
        except ObjectsAwayError:
            self._cannot_write = True
            raise
        self._cannot_write = False

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises `ObjectMissingError`."""
        with _answering():
            try:
                return bytes(obstore.get(self._store, key).bytes())
            except (NotFoundError, FileNotFoundError) as error:
                raise ObjectMissingError(key) from error

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        with _answering():
            try:
                obstore.delete(self._store, key)
            except (NotFoundError, FileNotFoundError):
                return

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with `prefix/`."""
        with _answering():
            return [item["path"] for page in obstore.list(self._store, prefix) for item in page]

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders in `prefix/`."""
        with _answering():
            inside = obstore.list_with_delimiter(self._store, f"{prefix}/")["common_prefixes"]
        return [folder.rstrip("/").rpartition("/")[2] for folder in inside]

    def delete_folder(self, prefix: str) -> None:
        """Remove every object whose key starts with `prefix/`."""
        for key in self.keys(prefix):
            self.delete(key)

    def ping(self) -> None:
        """Ask the store whether it is the database's, and, after a failure, whether it can be written again."""
        self._require_folder()
        self.require_own()
        if self._cannot_write:
            self.put(TRIED, b"")

    def require_own(self) -> None:
        """Raises `NotOwnError` when this is not the database's own store: an unmounted disk, a lost folder, another
        bucket. Until `belong_to` was called, only checks that the store answers.
        """
        if self._owner is None:
            self.keys("ready")
            return
        try:
            found = self.get(OWNER).decode(errors="replace")
        except ObjectMissingError as error:
            raise NotOwnError(f"{self} lacks the file {OWNER!r}: {NOT_THE_OWN}") from error
        if found != self._owner:
            raise NotOwnError(f"{self} belongs to another database: {NOT_THE_OWN}")

    def _require_folder(self) -> None:
        """Raises `ObjectsAwayError` when the folder is gone: listing it would look empty, writing would recreate it."""
        if self._folder is not None and not self._folder.is_dir():
            raise ObjectsAwayError(f"{self._folder} is no folder any more")

    def __str__(self) -> str:
        return str(self._folder or "the object store")


def decode_stored(data: bytes) -> RgbImage:
    """The picture in a file from the store, upright and on white: (height, width, 3) uint8 RGB.

    It was accepted when it was stored, so no limit of now is asked for. Raises `ObjectDamagedError`, and never
    `ImageRejected`: whoever sends another picture is not to blame.
    """
    try:
        return decode(data, limits=KEPT_LIMITS)
    except ImageRejected as rejected:
        raise ObjectDamagedError(str(rejected)) from rejected


@contextmanager
def _answering() -> Iterator[None]:
    """What the store fails with as `ObjectsAwayError`; of its messages the first line, which says what failed."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise ObjectsAwayError(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
