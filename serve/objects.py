"""Where pictures are kept: a local folder, or the object store that HALLMARK_OBJECT_URL names."""

from __future__ import annotations

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from model.decode import KEPT_LIMITS, decode
from model.regions import RgbImage
from model.rejection import ImageRejected
from serve.settings import Settings


class ObjectMissingError(LookupError):
    """No object has this key."""


class ObjectDamagedError(ObjectMissingError):
    """What lies under the key is no picture any more; for whoever wants to see it, it is as good as gone."""


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


def decode_stored(data: bytes) -> RgbImage:
    """The picture in a file from the store, upright and on white: (height, width, 3) uint8 RGB.

    It was accepted when it was stored, so no limit of now is asked for. Raises `ObjectDamagedError`, and never
    `ImageRejected`: whoever sends another picture is not to blame.
    """
    try:
        return decode(data, limits=KEPT_LIMITS)
    except ImageRejected as rejected:
        raise ObjectDamagedError(str(rejected)) from rejected
