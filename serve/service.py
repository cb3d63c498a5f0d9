"""Hallmark without a door: all parts put together. The HTTP application and the command line both stand on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import structlog

from index.live import LiveIndex
from model.alignment import prepare_reference
from model.bundle import ModelBundle, load_bundle
from model.decode import decode
from model.rejection import DecodeLimits
from serve.backfill import embed_missing
from serve.catalogue import Catalogue
from serve.database.engine import Database
from serve.decoding import DecoderPool
from serve.jobs import JobRunner
from serve.loop.listings import ListingDesk
from serve.loop.tasks import loop_tasks
from serve.loop.traits import TraitLibrary
from serve.metrics import Metrics
from serve.objects import Objects
from serve.policies import PolicyFollower
from serve.references import ReferenceLibrary
from serve.replica import IndexReplica
from serve.scan import Scanner
from serve.scans import ScanDesk
from serve.settings import Settings
from serve.upkeep import Upkeep

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that answer requests; all are safe to use from several threads."""

    settings: Settings
    database: Database
    bundle: ModelBundle
    replica: IndexReplica
    references: ReferenceLibrary
    scans: ScanDesk
    listings: ListingDesk
    policies: PolicyFollower
    traits: TraitLibrary
    objects: Objects
    metrics: Metrics


@contextmanager
def open_service(settings: Settings, *, metrics: Metrics | None = None, jobs: bool = False) -> Iterator[Service]:
    """Everything started and ready; stopped in reverse order when the block ends. With `jobs` it also runs jobs.

    Raises `BundleRejected`, `EmbeddedPostgresError`, or `sqlalchemy.exc.OperationalError`.
    """
    metrics = metrics or Metrics()
    bundle = load_bundle(settings.bundle_folder, threads=settings.model_threads)
    with ExitStack() as stack:
        database = Database(settings)
        stack.callback(database.close)
        objects = Objects(settings)
        limits = DecodeLimits(max_bytes=settings.max_upload_bytes, max_pixels=settings.max_pixels)
        decoder = stack.enter_context(DecoderPool(settings.decoder_workers, limits=limits))
        embed_missing(database, objects, bundle=bundle)
        catalogue = Catalogue(
            database, objects, decode=decode, prepare=prepare_reference, most=settings.prepared_references
        )
        replica = IndexReplica(
            database,
            index=LiveIndex(),
            catalogue=catalogue,
            model=bundle.name,
            snapshots=settings.home / "index",
            metrics=metrics,
        )
        stack.callback(replica.close)
        replica.start()
        upkeep = Upkeep(database, objects, replica=replica, settings=settings)
        upkeep.start()
        stack.callback(upkeep.close)
        if jobs:
            runner = JobRunner(database, loop_tasks(database, settings))
            runner.start()
            stack.callback(runner.close)
        policies = PolicyFollower(database)
        policies.start()
        stack.callback(policies.close)
        scanner = Scanner(bundle, index=replica.index, references=catalogue)
        scans = ScanDesk(database, objects, decoder=decoder, scanner=scanner, policies=policies, metrics=metrics)
        yield Service(
            settings=settings,
            database=database,
            bundle=bundle,
            replica=replica,
            references=ReferenceLibrary(database, objects, bundle=bundle, decoder=decoder, replica=replica),
            scans=scans,
            listings=ListingDesk(database, objects, scans=scans, decoder=decoder, policies=policies),
            policies=policies,
            traits=TraitLibrary(database, objects, scans=scans, decoder=decoder),
            objects=objects,
            metrics=metrics,
        )
