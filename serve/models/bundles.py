"""The files of models: kept in the object store, so that every process can load what serves.

A process copies a model's files under `$HALLMARK_HOME/models/<name>/` and checks them against the manifest, whose
SHA-256 stands in the database. The bundle that the setting `model` names is loaded from where it is installed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from model.bundle import BundleRejected, ModelBundle, verify_manifest
from serve.database.engine import Database
from serve.database.model_tables import ModelRecord
from serve.pictures.objects import Objects

MOST_LOADED: Final = 2
"""The bundle that serves, and one that is about to or that vectors are kept for."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Load = Callable[[Path], ModelBundle]


class Bundles:
    """Model bundles by name; safe to use from several threads.

    `installed` is the folder that the setting names; `released` says where another released bundle would lie.
    """

    def __init__(
        self,
        database: Database,
        objects: Objects,
        *,
        home: Path,
        installed: Path,
        released: Callable[[str], Path],
        load: Load,
    ) -> None:
        self.installed = installed
        self._released = released
        self.database = database
        self._objects = objects
        self._copies = home / "models"
        self._load = load
        self._loading = threading.Lock()
        self._loaded: OrderedDict[str | None, ModelBundle] = OrderedDict()

    def load(self, name: str | None) -> ModelBundle:
        """The bundle `name`, None for the installed one; of the ones loaded last, the same object again.

        Raises `BundleRejected`.
        """
        with self._loading:
            if name not in self._loaded:
                self._loaded[name] = self._load(self.installed if name is None else self.folder(name))
            self._loaded.move_to_end(name)
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
            return self._loaded[name]

    def find(self, name: str) -> ModelBundle:
        """The model `name`, promoted here or only installed, for a scan that is made again. Raises `BundleRejected`."""
        with self.database.read() as session:
            known = session.get(ModelRecord, name) is not None
        return self.load(name) if known else self._load(self._released(name))

    def folder(self, name: str) -> Path:
        """The folder with the files of a known model, copied from the object store where it is not there yet.

        Raises `BundleRejected`: unknown, or its files are gone or not those that were stored.
        """
        with self.database.read() as session:
            record = session.get(ModelRecord, name)
        if record is None:
            raise BundleRejected(f"no model {name!r} was ever promoted here; `hallmark model list` shows which were")
        kept = self._copies / name
        if not _is(kept, record.sha256):
            self._copy(name, kept, sha256=record.sha256)
        if not _is(kept, record.sha256):
            raise BundleRejected(f"the stored files of the model {name} are not those that were promoted")
        return kept

    def check(self, folder: Path) -> None:
        """Load the bundle in `folder` and drop it. Raises `BundleRejected` when it cannot be loaded."""
        self._load(folder)

    def store(self, folder: Path) -> None:
        """Put the files of the bundle in `folder` into the object store, the manifest last."""
        files = sorted(file for file in folder.iterdir() if file.is_file())
        for file in sorted(files, key=lambda file: file.name == "manifest.json"):
            self._objects.put(f"models/{folder.name}/{file.name}", file.read_bytes())

    def _copy(self, name: str, kept: Path, *, sha256: bytes) -> None:
        """Copy the files beside and rename, so that no process sees half of them."""
        new = kept.with_name(f".{name}.{secrets.token_hex(4)}")
        new.mkdir(parents=True)
        try:
            for key in self._objects.keys(f"models/{name}"):
                (new / key.rpartition("/")[2]).write_bytes(self._objects.get(key))
            if _is(kept, sha256):  # another process was quicker, and may be reading it
                return
            shutil.rmtree(kept, ignore_errors=True)  # damaged
            try:
                new.rename(kept)
            except OSError:
                if not kept.is_dir():
                    raise
        finally:
            shutil.rmtree(new, ignore_errors=True)


def digest_of(folder: Path) -> bytes:
    """The SHA-256 of a bundle's manifest, after every file was compared with it. Raises `BundleRejected`."""
    if NAME.fullmatch(folder.name) is None:
        raise BundleRejected(f"{folder.name!r} cannot be a model's name: rename the folder to letters, digits, . _ -")
    verify_manifest(folder)
    return hashlib.sha256((folder / "manifest.json").read_bytes()).digest()


def _is(folder: Path, digest: bytes) -> bool:
    try:
        return digest_of(folder) == digest
    except BundleRejected:
        return False
