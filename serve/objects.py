"""Where pictures are kept: a local folder, or the object store that HALLMARK_OBJECT_URL names."""

from __future__ import annotations

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from serve.settings import Settings


class ObjectMissingError(LookupError):
    """No object has this key."""


class Objects:
    """Bytes by key, such as `references/ref_….png`."""

    def __init__(self, settings: Settings) -> None:
        if settings.object_url is not None:
            self._store: ObjectStore = from_url(settings.object_url)
            return
        folder = settings.home / "objects"
        folder.mkdir(parents=True, exist_ok=True)
        self._store = LocalStore(folder)

    def put(self, key: str, data: bytes) -> None:
        """Keep `data` under `key`, replacing what was there, whole or not at all."""
        obstore.put(self._store, key, data)

    def get(self, key: str) -> bytes:
        """The bytes under `key`. Raises `ObjectMissingError`."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (NotFoundError, FileNotFoundError) as error:
            raise ObjectMissingError(key) from error

    def delete(self, key: str) -> None:
        """Remove the object; one that is not there is no error."""
        try:
            obstore.delete(self._store, key)
        except (NotFoundError, FileNotFoundError):
            return

    def keys(self, prefix: str) -> list[str]:
        """The keys that start with `prefix/`."""
        return [item["path"] for page in obstore.list(self._store, prefix) for item in page]

    def delete_folder(self, prefix: str) -> None:
        """Remove every object whose key starts with `prefix/`."""
        for key in self.keys(prefix):
            self.delete(key)
